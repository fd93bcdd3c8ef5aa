"""Source text for the second build: same lines, other statements.

What is rewritten keeps its line numbers, so that rustc's words about it hold for the original.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ..late import dataclass, regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .source_scan import LayoutAssertion, LayoutBlock
    from .sources import SourceFile

__all__ = ["Edit", "Rewritten", "emptied", "split"]

_NEXT: Final = b" }; const _: () = {"
_NOT_NEWLINE = regex(rb"[^\r\n]")


@dataclass(frozen=True)
class Edit:
    """Bytes of a file, and what stands there instead."""

    start: int
    end: int
    text: bytes


def emptied(source: bytes, blocks: Iterable[LayoutBlock]) -> Iterator[Edit]:
    """Yield the edits that leave nothing in these blocks."""
    for block in blocks:
        start, end = source.index(b"{", block.start) + 1, block.end - 1
        yield Edit(start, end, _NOT_NEWLINE.sub(b" ", source[start:end]))


def split(source: bytes, blocks: Iterable[LayoutBlock]) -> Iterator[Edit]:
    """Yield the edits that make each statement of these blocks a block of its own."""
    for block in blocks:
        for assertion in block.assertions(source)[:-1]:
            yield Edit(assertion.end, assertion.end, _NEXT)


class Rewritten:
    """A file after edits that do not overlap."""

    def __init__(self, file: SourceFile, edits: Iterable[Edit]) -> None:
        self.file = file
        self._edits = sorted(edits, key=lambda edit: (edit.start, edit.end))
        self._statements: dict[int, list[LayoutAssertion]] = {}
        """Those of a block, by its first byte."""

    @cached_property
    def text(self) -> bytes:
        """The file's new content."""
        parts: list[bytes] = []
        done = 0
        for edit in self._edits:
            parts += (self.file.source[done : edit.start], edit.text)
            done = edit.end
        return b"".join((*parts, self.file.source[done:]))

    @cached_property
    def _shifts(self) -> tuple[list[int], list[int]]:
        """Ends of the edits, and by how much what comes after each has moved."""
        ends, shifts, moved = [], [0], 0
        for edit in self._edits:
            moved += len(edit.text) - (edit.end - edit.start)
            ends.append(edit.end)
            shifts.append(moved)
        return ends, shifts

    def moved(self, position: int) -> int:
        """Return where a byte of the original stands now."""
        ends, shifts = self._shifts
        return position + shifts[bisect_right(ends, position)]

    def statement_at(
        self, position: int, blocks: Sequence[LayoutBlock]
    ) -> tuple[LayoutBlock, LayoutAssertion] | None:
        """Return the statement that a place in the new text lies in."""
        index = bisect_right(blocks, position, key=lambda block: self.moved(block.start)) - 1
        if index < 0:
            return None
        block = blocks[index]
        if block.start not in self._statements:
            self._statements[block.start] = block.assertions(self.file.source)
        for assertion in self._statements[block.start]:
            if self.moved(assertion.start) <= position <= self.moved(assertion.end - 1):
                return block, assertion
        return None
