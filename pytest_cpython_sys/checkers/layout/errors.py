"""From rustc's diagnostics to the layout blocks that they are about.

Format: https://doc.rust-lang.org/rustc/json.html#diagnostics
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .scan import LayoutAssertion, LayoutBlock

__all__ = ["Spot", "actual_value", "find_block", "primary_spots"]

_INDEX = re.compile(r"index out of bounds: the length is \d+ but the index is (\d+)")
_OVERFLOW = re.compile(r"attempt to compute `(\d+)_?usize - \d+_?usize`, which would overflow")


class Spot(NamedTuple):
    """A place that a diagnostic names: file as rustc has it, line and column from 1."""

    file: str
    line: int
    column: int


def primary_spots(diagnostic: Mapping[str, Any]) -> Iterator[Spot]:
    """Yield where a diagnostic is, following macro expansions to where they were called."""
    spans = diagnostic.get("spans")
    for span in spans if isinstance(spans, list) else ():
        if not isinstance(span, dict) or not span.get("is_primary"):
            continue
        seen = 0
        current: object = span
        while isinstance(current, dict) and seen < 50:
            seen += 1
            file, line = current.get("file_name"), current.get("line_start")
            column = current.get("column_start")
            if isinstance(file, str) and isinstance(line, int) and isinstance(column, int):
                yield Spot(file, line, column)
            expansion = current.get("expansion")
            current = expansion.get("span") if isinstance(expansion, dict) else None


def find_block(
    blocks: Sequence[LayoutBlock], spot: Spot, source: bytes
) -> tuple[LayoutBlock, LayoutAssertion | None] | None:
    """Return the block, and the statement in it, that a place lies in.

    By line and column, not by rustc's byte offsets: those leave a byte order mark out.
    """
    position = _offset(source, spot)
    index = bisect_right([block.start for block in blocks], position) - 1
    if index < 0 or position >= blocks[index].end:
        return None
    block = blocks[index]
    for assertion in block.assertions(source):
        if assertion.start <= position < assertion.end:
            return block, assertion
    return block, None


def _offset(source: bytes, spot: Spot) -> int:
    """Return the byte offset of a place; columns count characters."""
    start = 0
    for _ in range(spot.line - 1):
        start = source.find(b"\n", start) + 1
        if start == 0:
            return len(source)
    end = source.find(b"\n", start)
    line = source[start : len(source) if end < 0 else end]
    if start == 0 and line.startswith(b"\xef\xbb\xbf"):
        start, line = 3, line[3:]
    before = line.decode("utf-8", "replace")[: max(0, spot.column - 1)]
    return start + len(before.encode("utf-8", "replace"))


def actual_value(message: str, recorded: int) -> int | None:
    """Return rustc's value in bytes, out of its words about a failed statement.

    The statement indexes an array of one element with ``actual - recorded``.
    """
    match = _INDEX.search(message)
    if match is not None:
        return recorded + int(match[1])
    match = _OVERFLOW.search(message)
    return int(match[1]) if match is not None else None
