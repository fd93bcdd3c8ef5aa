"""What became of each test, as plain values: reports carry it out of pytest-xdist's workers."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

import pytest

from ...case import Layouts, Member, TypeLayout
from ...failure_text import failure_words, node_id
from ...late import dataclass
from ..pytest_compat.reports import add_field
from ..report import outcome_of, properties

if TYPE_CHECKING:
    from pathlib import Path

    from ...case import Case, Verdict

__all__ = ["WANTED", "PythonTests", "Record", "Records", "add_details"]

WANTED: Final = pytest.StashKey[bool]()
"""Whether reports are to carry what a page shows of them; absent if not."""
_ATTRIBUTE: Final = "cpython_sys_page"
_STDOUT: Final = "Captured "


def add_details(
    config: pytest.Config, report: pytest.TestReport, case: Case, verdict: Verdict
) -> None:
    """Give a report what a page shows of its verdict, if there is going to be one.

    These are plain values, as pytest-xdist hands no others on.
    """
    if not config.stash.get(WANTED, False):
        return
    details: dict[str, Any] = {}
    if verdict.message and verdict.outcome != "skipped":
        details |= _words(case, verdict, config.rootpath)
    if verdict.layouts is not None:
        details["layouts"] = _packed(verdict.layouts)
    if details:
        add_field(report, _ATTRIBUTE, details)


def _words(case: Case, verdict: Verdict, root: Path) -> dict[str, Any]:
    words = failure_words(case, verdict, root)
    return {
        "heading": words.heading,
        "body": "\n".join(words.body),
        "place": f"{words.path}:{words.line}",
    }


def _packed(layouts: Layouts) -> list[Any]:
    sides = (layouts.left, layouts.right)
    packed = [
        [side.name, side.size, side.align, [list(member) for member in side.members]]
        for side in sides
    ]
    return [*packed, list(layouts.marked), list(layouts.titles)]


def _unpacked(packed: list[Any]) -> Layouts:
    left, right = (
        TypeLayout(name, size, align, tuple(Member(*member) for member in members))
        for name, size, align, members in packed[:2]
    )
    first, second = packed[3]
    return Layouts(left, right, tuple(packed[2]), (first, second))


@dataclass
class Record:
    """A Rust test, and what became of it."""

    nodeid: str
    package: str
    target: str
    kind: str
    rust_test: str
    source: str
    """File and line."""
    outcome: str = "passed"
    """As the summary has it: ``passed``, ``failed``, ``not evaluated``, ``skipped``, ..."""
    seconds: float = 0.0
    reason: str = ""
    """Why it was skipped, or was to fail."""
    heading: str = ""
    """What is said of it, in one line; ``body`` are the lines below."""
    body: str = ""
    place: str = ""
    """File and line of what is said."""
    command: str = ""
    """What to type to run it with cargo alone."""
    generated: str = ""
    output: str = ""
    layouts: Layouts | None = None

    @property
    def file(self) -> str:
        """The file it stands under."""
        return self.nodeid.partition("::")[0]

    @property
    def name(self) -> str:
        """The id below the file."""
        return self.nodeid.partition("::")[2]

    @property
    def is_bad(self) -> bool:
        """Whether it keeps a run from being green."""
        return self.outcome in ("failed", "not evaluated")

    @property
    def order(self) -> tuple[str, str, int, str]:
        """What to sort by: workers report in any order."""
        file, _, line = self.source.rpartition(":")
        return self.package, file, int(line) if line.isdigit() else 0, self.nodeid


@dataclass
class PythonTests:
    """How many tests of Python ended how."""

    outcomes: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    """What could not be collected."""


class Records:
    """Takes note of reports as they come."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self.python = PythonTests()

    def __len__(self) -> int:
        return len(self._records) + len(self.python.outcomes)

    def sorted(self) -> list[Record]:
        """Return all records, in the order of packages and sources."""
        return sorted(self._records.values(), key=lambda record: record.order)

    def add_unbuilt(self, case: Case, verdict: Verdict, root: Path) -> None:
        """Add what did not build where no item says so: it was deselected, or nothing ran."""
        nodeid = node_id(case, root)
        if nodeid not in self._records:
            known = {**dict(properties(case, root)), **_words(case, verdict, root)}
            record = _new_record(nodeid, known)
            record.outcome = "not evaluated" if verdict.outcome == "error" else "failed"
            self._records[nodeid] = record

    def note(self, report: pytest.TestReport) -> None:
        """Take note of a report; a later one of the same test replaces what was known."""
        known = dict(report.user_properties[:8])
        outcome = outcome_of(report)
        # Of a worker that has crashed pytest-xdist says neither a phase nor properties.
        ended_badly = report.failed and report.when not in ("setup", "call")
        is_rust = "rust_test" in known and "kind" in known
        if not is_rust and not report.nodeid.partition("::")[0].endswith((".rs", ".toml")):
            if outcome is not None or ended_badly:
                self.python.outcomes[report.nodeid] = outcome or "not evaluated"
            return
        if outcome is None and not ended_badly:
            return
        record = self._records.get(report.nodeid)
        if record is None or not ended_badly:
            record = _new_record(report.nodeid, known)
            if not is_rust:
                beside = (one for one in self._records.values() if one.file == record.file)
                record.package = next((one.package for one in beside), "")
            self._records[report.nodeid] = record
        if outcome is not None or record.outcome == "passed":
            record.outcome = outcome or "not evaluated"
        _fill(record, report)


def _new_record(nodeid: str, known: dict[str, Any]) -> Record:
    names = ("package", "target", "kind", "rust_test", "source", "command", "generated")
    said = ("heading", "body", "place")
    values: dict[str, Any] = {name: str(known.get(name, "")) for name in names + said}
    return Record(nodeid, **values)


def _fill(record: Record, report: pytest.TestReport) -> None:
    """Take over what a report says."""
    details: dict[str, Any] = getattr(report, _ATTRIBUTE, {})
    if report.when == "call":
        record.seconds = report.duration
    if report.skipped:
        record.reason = str(getattr(report, "wasxfail", "")) or _reason(report)
    if "heading" in details:
        record.heading, record.body = details["heading"], details["body"]
        record.place = details["place"]
    elif report.failed:  # not of ours: a fixture or a hook has failed, or a worker has crashed
        record.heading, _, record.body = report.longreprtext.partition("\n")
        record.place = record.source
    if "layouts" in details:
        record.layouts = _unpacked(details["layouts"])
    texts = (text for title, text in report.sections if title.startswith(_STDOUT))
    record.output = "\n".join(texts)


def _reason(report: pytest.TestReport) -> str:
    longrepr = report.longrepr
    text = longrepr[2] if isinstance(longrepr, tuple) else report.longreprtext
    return text.removeprefix("Skipped: ")
