"""The text that shows two layouts side by side, by offset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

__all__ = ["Row", "layout_text"]

_CONTEXT: Final = 4
_WIDEST: Final = 48


class Row(NamedTuple):
    """A field: its name, its first bit and the one after its last."""

    name: str
    span: tuple[int, int]
    bits: bool


class _Cell(NamedTuple):
    at: int
    text: str
    name: str


_Side = tuple[str, int, int, "Sequence[Row]"]


def layout_text(c: _Side, rust: _Side, marked: Collection[str]) -> list[str]:
    """Return the lines of a table; the first row with a marked field says so."""
    left, right = _cells(c), _cells(rust)
    rows = list(_rows(left, right))
    different = [
        index
        for index, (one, other) in enumerate(rows)
        if any(cell is not None and cell.name in marked for cell in (one, other))
    ]
    width = 2 + min(_WIDEST, max([len(cell.text) for cell in left] + [len(c[0]) + 6]))
    title = f"{'offset':>8} {'size':>6}"
    lines = [
        "",
        f"      {'C: ' + c[0]:<{width}}  Rust: {rust[0]}".rstrip(),
        f"    {title:<{width}}{title}",
    ]
    shown = {
        near
        for index in (different[:24] or range(len(rows)))
        for near in range(index - _CONTEXT, index + _CONTEXT + 1)
    }
    skipped = False
    for index, (one, other) in enumerate(rows):
        if index not in shown:
            if not skipped:
                lines.append("         ...")
            skipped = True
            continue
        skipped = False
        first = bool(different) and index == different[0]
        mark = ">" if index in different else " "
        line = f"  {mark} {_padded(one, width)}{_padded(other, width)}".rstrip()
        lines.append(f"{line}   <- first difference" if first else line)
    return lines


def _padded(cell: _Cell | None, width: int) -> str:
    text = cell.text if cell is not None else ""
    if len(text) > width - 2:
        text = text[: width - 5] + "..."
    return f"{text:<{width}}"


def _cells(side: _Side) -> list[_Cell]:
    _, size, align, rows = side
    cells: list[_Cell] = []
    end = 0
    for row in sorted(rows, key=lambda one: (one.span[0], -one.span[1])):
        start, stop = row.span
        if start > end:
            cells.append(_hole(end, start))
        if row.bits:
            place = f"{start // 8}:{start % 8}"
            text = f"{place:>8} {f'{stop - start} bit':>6}  {row.name}"
        else:
            text = f"{start // 8:>8} {(stop - start) // 8:>6}  {row.name}"
        cells.append(_Cell(start, text, row.name))
        end = max(end, stop)
    if end < size * 8:
        cells.append(_hole(end, size * 8))
    cells.append(_Cell(size * 8, f"{size:>8} {'':>6}  end, aligned to {align}", ""))
    return cells


def _hole(start: int, stop: int) -> _Cell:
    if start % 8 or stop % 8:
        place = f"{start // 8}:{start % 8}"
        return _Cell(start, f"{place:>8} {f'{stop - start} bit':>6}  (hole)", "(hole)")
    return _Cell(start, f"{start // 8:>8} {(stop - start) // 8:>6}  (hole)", "(hole)")


def _rows(
    left: Sequence[_Cell], right: Sequence[_Cell]
) -> Iterable[tuple[_Cell | None, _Cell | None]]:
    """Pair the cells of one offset; what is called the same there stands on one line."""
    for at in sorted({cell.at for cell in (*left, *right)}):
        ours = [cell for cell in left if cell.at == at]
        theirs = [cell for cell in right if cell.at == at]
        while ours or theirs:
            one = ours.pop(0) if ours else None
            other = next((cell for cell in theirs if one and cell.name == one.name), None)
            if (
                other is None
                and theirs
                and (one is None or not any(cell.name == theirs[0].name for cell in ours))
            ):
                other = theirs[0]
            if other is not None:
                theirs.remove(other)
            yield one, other
