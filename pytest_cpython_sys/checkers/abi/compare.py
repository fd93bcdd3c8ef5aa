"""Compares what C and Rust say of a type, a constant, an initialiser."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...case import Layouts, Member, TypeLayout
from .c_types import field_names, is_padding
from .table import Row, layout_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Layout",
    "Slot",
    "compare_bytes",
    "compare_integers",
    "compare_layouts",
    "shifted",
    "side_by_side",
]


@dataclass(frozen=True, slots=True)
class Slot:
    """A field at its place.

    ``bits`` are the first bit, counted from the begin of the whole, and their number. A size
    that is not known (an array of unknown length) is None.
    """

    name: str
    offset: int
    size: int | None
    bits: tuple[int, int] | None = None
    nature: str = ""
    """What a scalar is, as far as it is known: ``pointer``, ``float``, ``signed``, ``unsigned``."""

    @property
    def span(self) -> tuple[int, int]:
        """First bit, and the one after the last."""
        if self.bits is not None:
            return self.bits[0], sum(self.bits)
        return self.offset * 8, (self.offset + (self.size or 0)) * 8

    def covers(self, other: Slot) -> bool:
        """Tell whether all of another field lies in this one."""
        return self.span[0] <= other.span[0] and other.span[1] <= self.span[1]

    def __str__(self) -> str:
        if self.bits is not None:
            first, count = self.bits
            return f"bit {first}, {_count(count, 'bit')}"
        return f"offset {self.offset}" + (
            "" if self.size is None else f", {_count(self.size, 'byte')}"
        )


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Layout:
    """A type as one of the two languages lays it out."""

    name: str
    size: int
    align: int
    slots: tuple[Slot, ...]
    hidden: bool = False
    """Has fields whose place cannot be asked for: Rust's private ones."""
    open: bool = False
    """Its fields are not known at all: only size and alignment are compared."""


@dataclass(frozen=True, slots=True)
class _Difference:
    at: int
    text: str
    names: tuple[str, ...]
    rename: bool = False


def compare_layouts(name: str, c: Layout, rust: Layout) -> str | None:
    """Return what to tell about a type that the two lay out otherwise; None if they agree."""
    found = list(_differences(c, rust))
    if not found:
        return None
    found.sort(key=lambda one: one.at)
    first = found[0]
    heading = f"{name} is laid out otherwise in C: {first.text}"
    lines = [heading, *(f"    {one.text}" for one in found[1:13])]
    if len(found) > 13:
        lines.append(f"    ... and {len(found) - 13} more differences")
    marked = {spot for one in found for spot in one.names}
    left = [Row(slot.name, slot.span, slot.bits is not None) for slot in c.slots]
    right = [Row(slot.name, slot.span, slot.bits is not None) for slot in rust.slots]
    lines += layout_text(
        (c.name, c.size, c.align, left), (rust.name, rust.size, rust.align, right), marked
    )
    return "\n".join(lines)


def side_by_side(c: Layout, rust: Layout) -> Layouts:
    """Return both layouts as plain data, with what differs marked."""
    marked = dict.fromkeys(name for one in _differences(c, rust) for name in one.names if name)
    return Layouts(_plain(c), _plain(rust), tuple(marked))


def _plain(layout: Layout) -> TypeLayout:
    members = [Member(slot.name, *slot.span, slot.bits is not None) for slot in layout.slots]
    return TypeLayout(layout.name, layout.size, layout.align, tuple(members))


def _differences(c: Layout, rust: Layout) -> list[_Difference]:
    found: list[_Difference] = []
    end = min(c.size, rust.size) * 8
    if c.size != rust.size:
        found.append(_Difference(end, f"size: C {c.size}, Rust {rust.size}", ("",)))
    if c.align != rust.align:
        text = f"alignment: C {c.align}, Rust {rust.align}"
        found.append(_Difference(end, text, ("",)))
    if c.open or rust.open:
        return found
    by_name = {slot.name: slot for slot in c.slots}
    matched: set[str] = set()
    alone: list[Slot] = []
    for slot in rust.slots:
        other = next((by_name[one] for one in field_names(slot.name) if one in by_name), None)
        if other is None:
            alone.append(slot)
            continue
        matched.add(other.name)
        if not _same_place(other, slot):
            at = min(other.span[0], slot.span[0])
            text = f"{other.name}: C {other}; Rust {slot}"
            found.append(_Difference(at, text, (other.name, slot.name)))
        elif other.nature and slot.nature and other.nature != slot.nature:
            text = f"{other.name}: {other.nature} in C, {slot.nature} in Rust"
            found.append(_Difference(slot.span[0], text, (other.name, slot.name)))
    missing = [slot for slot in c.slots if slot.name not in matched]
    found += _unmatched(rust, alone, missing)
    # At the same place, another name alone is no fault; beside others it is part of the picture.
    return [one for one in found if not one.rename] and found


def _same_place(c: Slot, rust: Slot) -> bool:
    if c.bits is not None and rust.bits is None:
        return rust.covers(c)  # a plain integer that holds the bits
    if c.bits is not None or rust.bits is not None:
        return c.span == rust.span
    sizes = c.size is None or rust.size is None or c.size == rust.size
    # An array of unknown length takes no room in either.
    return c.offset == rust.offset and (sizes or (rust.size == 0 and c.size is None))


def _unmatched(rust: Layout, alone: Sequence[Slot], missing: Sequence[Slot]) -> list[_Difference]:
    """Return what one has and the other lacks, or has under another name at the same place."""
    found: list[_Difference] = []
    left = list(missing)
    for slot in alone:
        same = next((one for one in left if one.span == slot.span and slot.size), None)
        if same is not None:
            left.remove(same)
            text = f"offset {slot.offset}: {same.name} in C, {slot.name} in Rust"
            names = (same.name, slot.name)
            found.append(_Difference(slot.span[0], text, names, rename=True))
            continue
        inside = any(slot.covers(one) for one in left)
        quiet = not slot.size or is_padding(slot.name) or slot.name.startswith("_")
        if not inside and not quiet:
            text = f"{slot.name}: Rust {slot}; C has no such field"
            found.append(_Difference(slot.span[0], text, (slot.name,)))
    if rust.hidden:
        return found
    real = [slot for slot in rust.slots if not is_padding(slot.name) or slot not in alone]
    for slot in left:
        if slot.span[0] == slot.span[1] or any(one.covers(slot) for one in real):
            continue
        text = f"{slot.name}: C {slot}; Rust has no such field"
        found.append(_Difference(slot.span[0], text, (slot.name,)))
    return found


def shifted(slots: Sequence[Slot], offset: int) -> list[Slot]:
    """Return fields of a member as fields of the whole."""
    return [
        replace(
            slot,
            offset=slot.offset + offset,
            bits=None if slot.bits is None else (slot.bits[0] + offset * 8, slot.bits[1]),
        )
        for slot in slots
    ]


def compare_integers(name: str, c_name: str, c: int, rust: int) -> str | None:
    """Return what to tell about a constant with two values; None if they are one."""
    if c == rust:
        return None
    other = "" if c_name == name else f" ({c_name})"
    text = f"{name} is {_shown(c)} in C{other}, {_shown(rust)} in Rust"
    if (c < 0) != (rust < 0) and (c - rust) % (1 << 32) == 0:
        text += ": the same bits, another sign"
    return text


def _shown(value: int) -> str:
    return str(value) if -10 < value < 10 else f"{value} ({value:#x})"


def compare_bytes(
    name: str,
    c: tuple[bytes, frozenset[int] | None],
    rust: tuple[bytes, frozenset[int] | None],
    slots: Sequence[Slot] = (),
    word: int = 8,
) -> str | None:
    """Return what to tell about an initialiser whose bytes differ; None if they agree.

    Pointers are compared as null or not; where that cannot be seen, they are left out.
    """
    if len(c[0]) != len(rust[0]):
        return f"{name} has {len(c[0])} bytes in C, {len(rust[0])} in Rust"
    places = (c[1] or frozenset()) | (rust[1] or frozenset())
    skipped = {place + index for place in places for index in range(word)}
    wrong = [
        index
        for index in range(len(c[0]))
        if index not in skipped and c[0][index] != rust[0][index]
    ]
    one_sided = sorted(c[1] ^ rust[1]) if c[1] is not None and rust[1] is not None else []
    if not wrong and not one_sided:
        return None
    first = min([*wrong, *one_sided])
    inside = next((slot for slot in slots if slot.span[0] <= first * 8 < slot.span[1]), None)
    where = f"offset {first}" + (f" ({inside.name})" if inside is not None else "")
    lines = [f"{name} has other bytes in C, first at {where}"]
    for start in range(first - first % 8, len(c[0]), 8):
        if len(lines) > 16:
            lines.append("    ...")
            break
        stop = min(start + 8, len(c[0]))
        differs = any(start <= index < stop for index in (*wrong, *one_sided))
        mark = ">" if differs else " "
        lines.append(
            f"  {mark} {start:>5}  C {_hex(c, start, stop)}   Rust {_hex(rust, start, stop)}"
        )
    return "\n".join(lines)


def _hex(data: tuple[bytes, frozenset[int] | None], start: int, stop: int) -> str:
    if data[1] is not None and start in data[1]:
        return f"{'a pointer, not null':<{3 * (stop - start) - 1}}"
    return data[0][start:stop].hex(" ")
