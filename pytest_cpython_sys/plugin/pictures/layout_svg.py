"""Two layouts of a type as one SVG: side by side by offset, with holes and what differs.

Format: https://www.w3.org/TR/SVG2/. It has a background of its own, light or dark as the viewer
prefers, so that it can be read on any page.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from ...case import counted
from ...late import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...case import Layouts, Member, TypeLayout

__all__ = [
    "HATCH",
    "draw",
    "draw_inline",
    "first_difference",
    "has_sizes",
    "hole_count",
    "inline_style",
]

_ROW: Final = 24  # pixels, as all that follows
_SIDE: Final = 320
_SIDE_ONCE: Final = 236  # with its offsets as wide as a telephone shows
_LANE: Final = 120
_GUTTER: Final = 76
_MARGIN: Final = 16
_TOP: Final = 62
_TOP_ONCE: Final = 40
_CHARACTER: Final = 7.3
# What XML cannot hold.
_FORBIDDEN = regex("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_LIGHT: Final = """{ --page: #ffffff; --text: #1b1f24; --faint: #6a737d; --line: #8c959f;
  --field: #ddeafc; --hole: #d0d7de; --wrong: #ffd8d3; --edge: #cf222e; }"""
_DARK: Final = """{ --page: #16191e; --text: #e6edf3; --faint: #9aa4af;
  --line: #6e7681; --field: #1f3a5f; --hole: #3d444d; --wrong: #5c2326; --edge: #ff7b72; }"""
_COLORS: Final = f"""
svg {_LIGHT}
@media (prefers-color-scheme: dark) {{ svg {_DARK} }}"""
_RULES: Final = """
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: var(--text); }
.title { font-weight: bold; font-size: 14px; }
.faint { fill: var(--faint); }
.page { fill: var(--page); }
.field { fill: var(--field); stroke: var(--line); }
.hole { fill: url(#hatch); stroke: var(--line); stroke-dasharray: 3 3; }
.open { stroke-dasharray: 6 3; }
.gap { fill: none; stroke: var(--line); stroke-dasharray: 2 4; }
.wrong { fill: var(--wrong); stroke: var(--edge); stroke-width: 1.5; }
.grid { stroke: var(--line); stroke-opacity: 0.45; }
.first { stroke: var(--edge); stroke-width: 2; }
.edge { fill: var(--edge); font-weight: bold; }
"""
HATCH: Final = """<defs>
<pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse"
 patternTransform="rotate(45)">
<rect width="8" height="8" class="page"/><line y2="8" stroke="var(--hole)" stroke-width="6"/>
</pattern></defs>"""
"""What holes are filled with: once in a document."""


class _Box(NamedTuple):
    start: int
    end: int
    text: str
    style: str
    lane: int = 0


def draw(layouts: Layouts) -> str:
    """Return the SVG document."""
    return _Drawing(layouts).document()


def draw_inline(layouts: Layouts) -> list[str]:
    """Return ``svg`` elements for a page that has `inline_style` and `HATCH` once.

    What agrees is drawn once. Else each of the two has an element of its own, with the same heights
    in both, so that a page may put them beside or below each other.
    """
    attribute = 'class="layout"'
    if _are_one(layouts):
        return [_Drawing(layouts, only=0).element(attribute)]
    return [_Drawing(layouts, only=side, titled=True).element(attribute) for side in (0, 1)]


def first_difference(layouts: Layouts) -> str:
    """Return where two layouts first differ; "" if they do not."""
    bit = _first_difference(layouts)
    return "" if bit is None else f"first difference: offset {_place(bit)}"


def _are_one(layouts: Layouts) -> bool:
    """Tell whether two layouts are the same, field by field."""
    left, right = layouts.left.members, layouts.right.members
    places = [(one.start, one.end) for one in left] == [(one.start, one.end) for one in right]
    return layouts.agree and places


def has_sizes(layout: TypeLayout) -> bool:
    """Tell whether it is known where each field ends: only then are there holes to speak of.

    Without, neither is it known whether all fields are there: bindgen asserts no bit-fields.
    """
    return all(member.end is not None for member in layout.members)


def hole_count(layout: TypeLayout) -> int:
    """Return how many holes are known between the fields of a type, and after the last."""
    return sum(box.style == "hole" for box in _boxes(layout, frozenset()))


def inline_style() -> str:
    """Return the style of all drawings on a page, and of nothing else there.

    The page says what the colours are.
    """
    return "\n".join(f".layout {rule}" for rule in _RULES.strip().split("\n"))


class _Drawing:
    def __init__(self, layouts: Layouts, *, only: int | None = None, titled: bool = False) -> None:
        self._layouts = layouts
        self._once = only is not None
        self._titled = titled or only is None
        self._shown = (0, 1) if only is None else (only,)
        marked = frozenset(layouts.marked)
        self._sides = [_boxes(side, marked) for side in (layouts.left, layouts.right)]
        self._widths = [
            max(
                _SIDE_ONCE if self._once else _SIDE,
                _LANE * (1 + max((box.lane for box in boxes), default=0)),
            )
            for boxes in self._sides
        ]
        edges = self._edges(0) | self._edges(1)
        top = _TOP_ONCE if self._once else _TOP
        self._rows = {edge: top + index * _ROW for index, edge in enumerate(sorted(edges))}

    def _edges(self, side: int) -> set[int]:
        layout = (self._layouts.left, self._layouts.right)[side]
        return {0, layout.size * 8} | {edge for box in self._sides[side] for edge in box[:2]}

    def document(self) -> str:
        """Return the element as a file of its own."""
        style = f"<style>{_COLORS}{_RULES}</style>"
        return self.element('xmlns="http://www.w3.org/2000/svg"', style, HATCH) + "\n"

    def element(self, attribute: str, *before: str) -> str:
        """Return the ``svg`` element with an attribute, and with what stands ahead of all."""
        width = (
            sum(self._widths[side] for side in self._shown)
            + _GUTTER
            + (1 if self._once else 2) * _MARGIN
        )
        bottom = max(self._rows.values())
        notes = list(self._notes())
        height = bottom + (26 if self._once else 44) + 18 * len(notes)
        room = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        parts = [
            f'<svg {attribute} {room} role="img">',
            f"<title>{_text(self._layouts.left.name)}</title>",
            *before,
            f'<rect class="page" width="{width}" height="{height}"/>',
            *self._scale(width),
            *self._side(self._shown[0], _MARGIN),
        ]
        if not self._once:
            parts += self._side(1, _MARGIN + self._widths[0] + _GUTTER)
        parts += self._first(width)
        for index, note in enumerate(notes):
            place = f'x="{_MARGIN}" y="{bottom + (36 if self._once else 46) + 18 * index}"'
            parts.append(f'<text class="faint" {place}>{_text(note)}</text>')
        return "\n".join([*parts, "</svg>"])

    def _scale(self, width: int) -> Iterator[str]:
        """Yield a line at each offset, and the offset between the two sides."""
        middle = _MARGIN + self._widths[self._shown[0]] + _GUTTER / 2
        own = self._edges(self._shown[0])
        above = self._rows[0] - 20
        yield f'<text class="faint" x="{middle}" y="{above}" text-anchor="middle">offset</text>'
        for edge, y in self._rows.items():
            if self._once:  # the edges of its boxes are enough
                place = f'x="{middle}" y="{y + 4}" text-anchor="middle"'
                if edge in own:
                    yield f'<text class="faint" {place}>{_place(edge)}</text>'
                continue
            yield f'<line class="grid" x1="{_MARGIN}" x2="{width - _MARGIN}" y1="{y}" y2="{y}"/>'
            yield f'<rect class="page" x="{middle - 26}" y="{y - 8}" width="52" height="16"/>'
            place = f'x="{middle}" y="{y + 4}" text-anchor="middle"'
            yield f'<text class="faint" {place}>{_place(edge)}</text>'

    def _side(self, number: int, x: int) -> Iterator[str]:
        width = self._widths[number]
        layout = (self._layouts.left, self._layouts.right)[number]
        name = f"{self._layouts.titles[number]}: {layout.name}" if self._titled else layout.name
        y = self._rows[0] - (20 if self._once else 36)
        yield f'<text class="title" x="{x}" y="{y}">{_text(_cut(name, width, 8.6))}</text>'
        boxes = self._sides[number]
        lanes = 1 + max((box.lane for box in boxes), default=0)
        each = width / lanes
        for box in boxes:
            top, bottom = self._rows[box.start], self._rows[box.end]
            left = x + box.lane * each
            # A field that shares no byte with another has the whole width.
            alone = not any(
                other is not box and other.start < box.end and box.start < other.end
                for other in boxes
            )
            room = width if alone else each
            shown = _cut(box.text, room - 16)
            whole = "" if self._once and shown == box.text else f"<title>{_text(box.text)}</title>"
            yield (
                f'<g>{whole}<rect class="{box.style}" x="{left:g}" '
                f'y="{top}" width="{room:g}" height="{bottom - top}"/><text x="{left + 8:g}" '
                f'y="{top + 16}">{_text(shown)}</text></g>'
            )
        end = self._rows[layout.size * 8]
        wrong = ' class="edge"' if _ends_differ(self._layouts) else ""
        text = f"size {layout.size}, aligned to {layout.align}"
        yield f'<text{wrong} x="{x}" y="{end + 18}">{_text(text)}</text>'

    def _first(self, width: int) -> Iterator[str]:
        """Yield a mark at the first difference."""
        first = _first_difference(self._layouts)
        if first is None:
            return
        y = self._rows[first]
        middle = _MARGIN + self._widths[self._shown[0]] + _GUTTER // 2
        lines = [(_MARGIN, middle - 26), (middle + 26, width - _MARGIN)]
        for left, right in lines[: len(self._shown)]:
            yield f'<line class="first" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>'
        if not self._once:  # a page says so above the two
            place = f'x="{width - _MARGIN}" y="{_TOP - 12}" text-anchor="end"'
            yield f'<text class="edge" {place}>{first_difference(self._layouts)}</text>'

    def _notes(self) -> Iterator[str]:
        """Yield what takes no room, and so has no box; and what is not known."""
        sides = list(zip(self._layouts.titles, _both(self._layouts), strict=True))
        shown = [sides[side] for side in self._shown] if self._titled else sides
        for title, layout in shown:
            for member in layout.members:
                if member.end == member.start and not member.name.startswith("_"):
                    yield f"{title}: {member.name} at {member.start // 8} has no size"
                elif _is_at_the_end(member, layout):
                    yield f"{title}: {member.name} at {member.start // 8}, the end of the type"
        if not all(has_sizes(layout) for _, layout in shown):
            yield "sizes of fields are not recorded"


def _both(layouts: Layouts) -> tuple[TypeLayout, TypeLayout]:
    return layouts.left, layouts.right


def _ends_differ(layouts: Layouts) -> bool:
    left, right = _both(layouts)
    return (left.size, left.align) != (right.size, right.align)


def _first_difference(layouts: Layouts) -> int | None:
    wrong = [
        member.start
        for side in _both(layouts)
        for member in side.members
        if member.name in layouts.marked
        and member.end != member.start
        and not _is_at_the_end(member, side)
    ]
    if _ends_differ(layouts):
        wrong.append(min(layouts.left.size, layouts.right.size) * 8)
    return min(wrong, default=None)


def _boxes(layout: TypeLayout, marked: frozenset[str]) -> list[_Box]:
    members = sorted(
        (
            member
            for member in layout.members
            if member.end != member.start and not _is_at_the_end(member, layout)
        ),
        key=lambda member: (member.start, -(member.end or 0)),
    )
    between = _hole if has_sizes(layout) else _gap
    boxes: list[_Box] = []
    lanes: list[int] = []
    covered = 0
    for index, member in enumerate(members):
        end = member.end if member.end is not None else _next(members, index, layout)
        if member.start > covered:
            boxes.append(between(covered, member.start))
        lane = next((at for at, busy in enumerate(lanes) if busy <= member.start), len(lanes))
        lanes[lane : lane + 1] = [end]
        style = "wrong" if member.name in marked else "field"
        style += " open" if member.end is None else ""
        boxes.append(_Box(member.start, end, _label(member), style, lane))
        covered = max(covered, end)
    if members and covered < layout.size * 8:
        boxes.append(between(covered, layout.size * 8))
    return boxes


def _is_at_the_end(member: Member, layout: TypeLayout) -> bool:
    """Tell whether a field of unknown size begins where its type ends: it takes no room there."""
    return member.end is None and member.start >= layout.size * 8


def _next(members: Sequence[Member], index: int, layout: TypeLayout) -> int:
    """Return where a field of unknown size ends at the latest."""
    start = members[index].start
    later = [member.start for member in members[index + 1 :] if member.start > start]
    return min([*later, layout.size * 8])


def _gap(start: int, end: int) -> _Box:
    """Return what no field is known of, where not all fields are."""
    return _Box(start, end, f"(not recorded), {_extent(start, end)}", "gap")


def _hole(start: int, end: int) -> _Box:
    return _Box(start, end, f"(hole), {_extent(start, end)}", "hole")


def _label(member: Member) -> str:
    if member.end is None:
        return member.name
    return f"{member.name}, {_extent(member.start, member.end)}"


def _place(bit: int) -> str:
    return f"{bit // 8}:{bit % 8}" if bit % 8 else f"{bit // 8}"


def _extent(start: int, end: int) -> str:
    number, word = (end - start, "bit") if (end - start) % 8 else ((end - start) // 8, "byte")
    return counted(number, word)


def _cut(text: str, room: float, character: float = _CHARACTER) -> str:
    fits = max(4, int(room / character))
    return text if len(text) <= fits else text[: fits - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _text(text: str) -> str:
    return escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text))
