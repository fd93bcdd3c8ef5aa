"""What a page is made of: plain values, put together when a run has ended."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ...late import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ..build_times import Crate
    from ..python_table import Comparison
    from ..report import PackageCounts
    from .records import PythonTests, Record

__all__ = ["Facts", "Section", "counted"]

_GREEN = (0, 5)


class Section(NamedTuple):
    """A part of the page that its navigation names."""

    name: str
    """What links to it say."""
    title: str
    aside: str
    """A few words beside the title."""
    html: str


@dataclass(frozen=True)
class Facts:
    """A run."""

    project: str
    command: str
    started: datetime
    seconds: float
    exit_code: int
    incomplete: str
    """Why it did not come to its end; "" if it did."""
    environment: Sequence[tuple[str, str]]
    records: Sequence[Record]
    python: PythonTests
    counts: PackageCounts
    comparison: Comparison
    crates: Sequence[Crate]
    fresh: int
    """How many crates were up to date."""
    notes: Sequence[str]
    """What is said beside verdicts."""

    @cached_property
    def outcomes(self) -> Counter[str]:
        """How many Rust tests ended how."""
        return Counter(record.outcome for record in self.records)

    @cached_property
    def bad(self) -> list[tuple[str, Record]]:
        """What failed or was not evaluated, each with what links to it name."""
        found = [record for record in self.records if record.is_bad]
        # What others follow from comes first.
        found.sort(key=lambda record: (record.kind != "build", record.outcome != "failed"))
        return [(f"failure-{number}", record) for number, record in enumerate(found, 1)]

    @cached_property
    def drawn(self) -> dict[str, str]:
        """What links to the drawings of layouts that differ name, by the id of the test."""
        found = [one for one in self.records if one.layouts is not None and not one.layouts.agree]
        return {record.nodeid: f"layout-{number}" for number, record in enumerate(found, 1)}

    @property
    def tone(self) -> str:
        """The class that gives the page's head its colour."""
        if self.bad:
            return "bad"
        if self.incomplete or not self.records:
            return "warn"
        return "good" if self.exit_code in _GREEN else "bad"

    @property
    def headline(self) -> str:
        """What became of it, in a few words."""
        total = len(self.records)
        if self.bad:
            failed, unknown = self.outcomes["failed"], self.outcomes["not evaluated"]
            of = f"of {counted(total, 'Rust test')}"
            were = f"{'was' if unknown == 1 else 'were'} not evaluated"
            if not failed:
                return f"{unknown} {of} {were}"
            return f"{failed} {of} failed" + (f", {unknown} {were}" if unknown else "")
        if not total:
            return "No Rust test ran"
        passed = self.outcomes["passed"]
        if self.incomplete:
            return f"{counted(passed, 'Rust test')} passed before the run ended early"
        if self.exit_code not in _GREEN:
            return "The run failed, but no Rust test did"
        if passed == total:
            return f"All {total} Rust tests passed" if total > 1 else "The one Rust test passed"
        return f"{passed} of {total} Rust tests passed, none failed"


def counted(number: int, word: str, words: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {word if number == 1 else words or f'{word}s'}"
