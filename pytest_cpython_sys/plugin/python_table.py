"""What fails on which of several Pythons: the table at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Comparison"]

# In lower case: who looks for lines that begin with FAILED looks for whole ids.
_WORDS: Final = {
    "passed": "ok",
    "failed": "failed",
    "not evaluated": "error",
    "skipped": "skipped",
    "xfailed": "xfailed",
    "xpassed": "xpassed",
}
_BAD: Final = ("failed", "not evaluated")
_ROWS: Final = 20
_SHORTEST: Final = 20


class Comparison:
    """Outcomes of tests by their ids without the level of a Python."""

    def __init__(self, labels: Sequence[str] = ()) -> None:
        self._labels = labels
        self._outcomes: dict[str, dict[str, str]] = {}

    def label_of(self, nodeid: str) -> str:
        """Return the label of an id's Python; nothing for an id that has none."""
        label = nodeid.partition("::")[2].partition("::")[0].removeprefix("@")
        return label if label in self._labels else ""

    def count(self, nodeid: str, outcome: str) -> None:
        """Take note of an outcome; a later one of the same id replaces it."""
        label = self.label_of(nodeid)
        if label:
            test = nodeid.replace(f"::@{label}::", "::", 1)
            self._outcomes.setdefault(test, {})[label] = outcome

    @property
    def ran(self) -> list[str]:
        """The labels of the Pythons of which there is an outcome."""
        seen = {label for outcomes in self._outcomes.values() for label in outcomes}
        return [label for label in self._labels if label in seen]

    def rows(self) -> dict[str, list[str]]:
        """Return the outcomes of each test that fails somewhere."""
        ran = self.ran
        return {
            test: [outcomes.get(label, "") for label in ran]
            for test, outcomes in self._outcomes.items()
            if any(outcome in _BAD for outcome in outcomes.values())
        }

    def agreement(self) -> str:
        """Return one line if several Pythons ran, and all agree on what fails; else nothing."""
        rows, names = self.rows(), ", ".join(self.ran)
        if len(self.ran) < 2 or any(len(set(row)) > 1 for row in rows.values()):
            return ""
        return f"the same tests fail on {names}" if rows else f"no test fails on {names}"

    def table(self, width: int, *, whole: bool, incomplete: bool = False) -> Iterator[str]:
        """Yield a table of what fails where, if the Pythons that ran do not agree.

        Lines are ``width`` characters long at most, unless they are to be ``whole``; then no
        row is left out either. In an ``incomplete`` run, what has no outcome did not run.
        """
        if len(self.ran) > 1 and not self.agreement():
            absent = "did not run" if incomplete else "-"
            yield from _table(self.ran, self.rows(), None if whole else width, absent)


def _table(
    labels: Sequence[str], rows: dict[str, list[str]], width: int | None, absent: str
) -> Iterator[str]:
    """Yield the rows on which the Pythons differ, then the others."""
    words = [*_WORDS.values(), *([absent] if any("" in row for row in rows.values()) else ())]
    columns = [max(len(label), *map(len, words)) for label in labels]

    def line(cells: Sequence[str], rest: str) -> str:
        padded = (f"{cell:<{size}}  " for cell, size in zip(cells, columns, strict=True))
        return "".join(padded) + rest

    room = None if width is None else max(width - sum(columns) - 2 * len(columns), _SHORTEST)
    shown = sorted(rows.items(), key=lambda entry: len(set(entry[1])) == 1)
    limit = len(rows) if width is None else _ROWS
    yield line(labels, "").rstrip()
    for test, row in shown[:limit]:
        yield line([_WORDS.get(outcome, absent) for outcome in row], _shortened(test, room))
    if len(rows) > limit:
        yield f"... and {len(rows) - limit} more (-v shows them)"


def _shortened(text: str, room: int | None) -> str:
    """Return a text without its middle, if need be: names differ at their ends."""
    if room is None or len(text) <= room:
        return text
    head = (room - 3) // 3
    return f"{text[:head]}...{text[len(text) - (room - 3 - head) :]}"
