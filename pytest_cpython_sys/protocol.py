"""Reports a finished Rust test without pytest's setup, call and teardown machinery.

Most of what an item costs is wrappers around phases in which a Rust test runs no Python at all.
Where nobody but pytest itself takes part in them, the reports are made here, the same ones.
Wherever somebody does (another plugin, a conftest, a mark, ``--pdb``), the ordinary way is used.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Literal

import pytest

from .nodes import RustItem
from .report import failure_repr

if TYPE_CHECKING:
    from .case import Verdict

    _When = Literal["setup", "call", "teardown"]
    _Outcome = Literal["passed", "failed", "skipped"]

__all__ = ["FastProtocol"]

# The hooks that are not called, or whose wrappers see nothing.
_SKIPPED_HOOKS = (
    "pytest_runtest_protocol",
    "pytest_runtest_setup",
    "pytest_runtest_call",
    "pytest_runtest_teardown",
    "pytest_runtest_makereport",
    "pytest_exception_interact",
)
_OPTIONS = ("usepdb", "trace", "setupshow", "setuponly", "setupplan")
_MARKS = frozenset({"skip", "skipif", "xfail", "usefixtures"})


# pytest itself, and plugins whose hooks step aside for all but Python functions.
_BYSTANDERS = frozenset({"_pytest", "_hypothesis_pytestplugin"})


def _is_known(plugin: object, ours: object) -> bool:
    module = getattr(plugin, "__module__", None) or getattr(plugin, "__name__", "")
    return plugin is ours or str(module).partition(".")[0] in _BYSTANDERS


class FastProtocol:
    """Decides once a session whether reports can be given directly, and gives them."""

    def __init__(self, config: pytest.Config, ours: object) -> None:
        self._config = config
        self.others = [
            implementation.plugin
            for name in _SKIPPED_HOOKS
            for implementation in getattr(config.hook, name).get_hookimpls()
            if not _is_known(implementation.plugin, ours)
        ]
        wanted = any(config.getoption(name, False) for name in _OPTIONS)
        self.usable = not self.others and not wanted
        self._chains: dict[tuple[int, int], bool] = {}

    def run(self, item: RustItem, nextitem: pytest.Item | None) -> bool:
        """Report on an item; False if it must go the ordinary way."""
        if not self._applies(item, nextitem):
            return False
        ihook = item.ihook
        ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in _reports(item):
            ihook.pytest_runtest_logreport(report=report)
        ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _applies(self, item: RustItem, nextitem: pytest.Item | None) -> bool:
        if not isinstance(nextitem, RustItem):
            return False  # what was set up before is torn down in the ordinary way
        if len(item.own_markers) > 2 and any(mark.name in _MARKS for mark in item.own_markers):
            return False
        key = (id(item.parent), id(nextitem.parent))
        known = self._chains.get(key)
        if known is None:
            chain, following = item.listchain(), nextitem.listchain()
            marked = any(mark.name in _MARKS for node in chain[:-1] for mark in node.own_markers)
            # Collectors that a Python test before us left set up must outlive the next item.
            stack = item.session._setupstate.stack
            kept = all(node in chain and node in following for node in stack)
            known = self._chains[key] = kept and not marked
        return known


def _reports(item: RustItem) -> list[pytest.TestReport]:
    """Return the reports that the ordinary way would give."""
    case = item.case
    verdict = item.evaluator.verdict(case)
    late = item.evaluator.late_verdict(case)
    for told in (verdict, late):
        if told is not None:
            item.show_warnings(told)
    if late is not None and late.outcome != "error":
        late = None
    make = _ReportMaker(item)
    if verdict.outcome == "error" or case.skip is not None:
        make.add_output("setup", verdict.output)
        reports = [make.report("setup", verdict)]
    else:
        reports = [make.report("setup", None)]
        make.add_output("call", verdict.output)
        reports.append(make.report("call", verdict, verdict.duration))
    return [*reports, make.report("teardown", late)]


class _ReportMaker:
    """Makes the reports of one item."""

    def __init__(self, item: RustItem) -> None:
        self._item = item
        self._location = item.location
        self._keywords: dict[str, Literal[1]] = dict.fromkeys(item.keywords, 1)
        self._now = time.time()
        self._sections: list[tuple[str, str]] = []

    def add_output(self, when: str, output: str) -> None:
        """Show output in this report and those after it, as pytest does."""
        if output:
            self._sections.append((f"Captured stdout {when}", output))

    def report(
        self, when: _When, verdict: Verdict | None, seconds: float = 0.0
    ) -> pytest.TestReport:
        """Return the report of a phase."""
        outcome, longrepr = self._words(verdict)
        item = self._item
        return pytest.TestReport(
            nodeid=item.nodeid,
            location=self._location,
            keywords=self._keywords,
            outcome=outcome,
            longrepr=longrepr,
            when=when,
            sections=tuple(self._sections),
            duration=seconds,
            start=self._now - seconds,
            stop=self._now,
            user_properties=item.user_properties,
        )

    def _words(self, verdict: Verdict | None) -> tuple[_Outcome, Any]:
        if verdict is None or verdict.outcome == "passed":
            return "passed", None
        case = self._item.case
        if verdict.outcome == "skipped":
            place = os.fspath(self._item.path)
            return "skipped", (place, case.line, f"Skipped: {verdict.message}")
        return "failed", failure_repr(case, verdict, self._item.config.rootpath)
