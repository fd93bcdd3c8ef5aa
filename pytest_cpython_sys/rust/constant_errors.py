"""From rustc's diagnostics to the layout blocks that they are about.

Format: https://doc.rust-lang.org/rustc/json.html#diagnostics
"""

from __future__ import annotations

import os.path
import re
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..late import dataclass, regex
from .source_scan import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .source_scan import AssertionKind, LayoutAssertion, LayoutBlock
    from .sources import SourceFile

__all__ = [
    "CONSTANT_ERROR",
    "LayoutMismatch",
    "Spot",
    "actual_value",
    "block_of",
    "constant_module",
    "explain",
    "find_block",
    "position_of",
    "primary_spots",
]

CONSTANT_ERROR: Final = "E0080"
"""rustc's code for a constant that it cannot evaluate."""

_INDEX = regex(r"index out of bounds: the length is \d+ but the index is (\d{1,20})\b")
_OVERFLOW = regex(
    r"attempt to compute `(\d{1,20})_?usize - (\d{1,20})_?usize`, which would overflow"
)
_PANIC = regex(
    r"panicked(?: at '|: )(?P<what>Size of|Align(?:ment)? of|Offset of field:)[^',]*?"
    r"(?:::(?P<field>\w+))?(?:'|$)"
)
_CONSTANT = regex(r"evaluation of `((?:(?:r#)?\w+::)*)_`")
_TELLING = (_INDEX, _OVERFLOW, regex(r"\bpanicked\b"))


class Spot(NamedTuple):
    """A place that a diagnostic names: file as rustc has it, line and column from 1."""

    file: str
    line: int
    column: int
    offset: int | None = None
    """Bytes from the file's begin, where rustc says so."""


@dataclass(frozen=True)
class LayoutMismatch:
    """What a diagnostic says of a layout; None for what it leaves open."""

    kind: AssertionKind | None
    field: str | None
    recorded: int | None
    """Bytes, as the bindings have it."""
    actual: int | None
    """Bytes, as rustc has it."""
    text: str
    """rustc's own words."""
    line: int
    """In the file of the statement, from 1; 0 where rustc names no place."""


def primary_spots(diagnostic: Mapping[str, Any]) -> Iterator[Spot]:
    """Yield where a diagnostic is, following macro expansions to where they were called."""
    for span in _objects(diagnostic.get("spans")):
        if not span.get("is_primary"):
            continue
        seen = 0
        current: object = span
        while isinstance(current, dict) and seen < 50:
            seen += 1
            file, line = current.get("file_name"), current.get("line_start")
            column, offset = current.get("column_start"), current.get("byte_start")
            if isinstance(file, str) and isinstance(line, int) and isinstance(column, int):
                yield Spot(file, line, column, offset if isinstance(offset, int) else None)
            expansion = current.get("expansion")
            current = expansion.get("span") if isinstance(expansion, dict) else None


def constant_module(diagnostic: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the path of the module, or function, of a constant that failed; None where not told.

    "evaluation of `ffi::_` failed here", on its span's label since rustc 1.89.
    """
    for span in _objects(diagnostic.get("spans")):
        match = _CONSTANT.search(str(span.get("label") or ""))
        if match is not None:
            return tuple(match[1].replace("r#", "").split("::")[:-1])
    return None


def _objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def block_of(
    diagnostic: Mapping[str, Any], root: str, find: Callable[[str], SourceFile | None]
) -> tuple[SourceFile, LayoutBlock, LayoutAssertion | None] | None:
    """Return the block that a diagnostic is about, with its file, and the statement if one is.

    ``root`` is what rustc's paths start from; ``find`` gives a file by its path.
    """
    for spot in primary_spots(diagnostic):
        file = find(os.path.join(root, spot.file))
        hit = find_block(file.scan.blocks, spot, file.source) if file is not None else None
        if file is not None and hit is not None:
            return file, *hit
    return None


def find_block(
    blocks: Sequence[LayoutBlock], spot: Spot, source: bytes
) -> tuple[LayoutBlock, LayoutAssertion | None] | None:
    """Return the block, and the statement in it, that a place lies in.

    ``blocks`` are those of ``scan_source(source)``, in its order.
    """
    position = position_of(source, spot)
    index = bisect_right(blocks, position, key=lambda block: block.start) - 1
    if index < 0 or position >= blocks[index].end:
        return None
    block = blocks[index]
    for assertion in block.assertions(source):
        if assertion.start <= position < assertion.end:
            return block, assertion
    return block, None


# Every block of a file can fail, each is looked for more than once, and lines are many.
@lru_cache(maxsize=8)
def _line_starts(source: bytes) -> list[int]:
    return [0, *(match.end() for match in re.finditer(rb"\n", source))]


def position_of(source: bytes, spot: Spot) -> int:
    """Return the byte offset of a place.

    rustc's own is that of the file as it is, with its byte order mark and carriage returns (seen
    with 1.77 to 1.95). One that is not in the line named is not believed.
    """
    starts = _line_starts(source)
    if not 1 <= spot.line <= len(starts):
        return len(source)
    start = starts[spot.line - 1]
    end = starts[spot.line] if spot.line < len(starts) else len(source)
    if spot.offset is not None and start <= spot.offset < end:
        return spot.offset
    # Columns count characters, and a byte order mark is none.
    if start == 0 and source.startswith(b"\xef\xbb\xbf"):
        start = 3
    count = max(0, spot.column - 1)
    before = source[start : min(end, start + 4 * count)].decode("utf-8", "surrogateescape")
    return start + len(before[:count].encode("utf-8", "surrogateescape"))


def actual_value(message: str, recorded: int) -> int | None:
    """Return rustc's value in bytes, out of its words about a failed statement.

    The statement indexes an array of one element with ``actual - recorded``.
    """
    match = _INDEX.search(message)
    if match is not None:
        return recorded + int(match[1])
    match = _OVERFLOW.search(message)
    return int(match[1]) if match is not None else None


def explain(diagnostic: Mapping[str, object], assertion: LayoutAssertion | None) -> LayoutMismatch:
    """Return what an ``E0080`` says of a layout; ``assertion`` is the statement it is about.

    The numbers are in the message since rustc 1.89, and in the label of its span before.
    Never raises, whatever the diagnostic.
    """
    texts = list(_words(diagnostic))
    telling = (text for text in texts for what in _TELLING if what.search(text))
    text = next(telling, texts[0] if texts else "")
    kind, field, recorded = _from_words(text)
    if assertion is not None:
        kind, field, recorded = assertion.kind, assertion.field, assertion.recorded
        line = assertion.line
    else:
        # Of the places that a macro was expanded from, the outermost is the user's.
        line = next((spot.line for spot in reversed(list(primary_spots(diagnostic)))), 0)
    actual = actual_value(text, recorded) if recorded is not None else None
    return LayoutMismatch(kind, field, recorded, actual, text, line)


def _from_words(text: str) -> tuple[AssertionKind | None, str | None, int | None]:
    """Return kind, field and recorded value, as far as rustc's words alone tell them."""
    overflow, panic = _OVERFLOW.search(text), _PANIC.search(text)
    kind = KINDS[panic["what"][0]] if panic else None
    field = panic["field"] if panic and kind == "offset" else None
    return kind, field, int(overflow[2]) if overflow else None


def _words(diagnostic: Mapping[str, object]) -> Iterator[str]:
    """Yield a diagnostic's texts: its message, its labels, and those of its notes."""
    for part in (diagnostic, *_objects(diagnostic.get("children"))):
        texts = [part.get("message"), *(span.get("label") for span in _objects(part.get("spans")))]
        yield from (text for text in texts if isinstance(text, str))
