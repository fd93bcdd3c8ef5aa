"""Compares how C and Rust lay out a type."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ....case import Layouts, Member, TypeLayout, counted
from ....late import dataclass
from ..c_types import bare_name, field_names, is_padding
from ..types.differences import FAULT, UNKNOWN, Difference, word
from .slots import Slot, are_the_same_bytes, opened, take_apart
from .table import Row, layout_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..types.agreement import Agreement

__all__ = ["Layout", "compare_layouts", "side_by_side"]

_LISTED: Final = 12


@dataclass(frozen=True)
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
    is_union: bool = False
    truncated: bool = False
    """It ends before C's does, on purpose, and is used behind a pointer alone."""


@dataclass(frozen=True)
class _Found:
    """A difference at a place, with the names of the fields that it is about."""

    at: int
    difference: Difference
    names: tuple[str, ...]

    @property
    def is_fault(self) -> bool:
        return self.difference.kind == FAULT

    @property
    def text(self) -> str:
        return self.difference.text


def _fault(at: int, text: str, *names: str) -> _Found:
    return _Found(at, Difference(FAULT, text), names)


def compare_layouts(
    name: str, c: Layout, rust: Layout, agreement: Agreement
) -> tuple[str | None, list[Difference]]:
    """Return what to tell about a type that the two lay out otherwise, or None.

    And the minor differences.
    """
    comparison = _Comparison(c, rust, agreement)
    found = sorted(comparison.differences(), key=lambda one: one.at)
    faults = [one for one in found if one.is_fault]
    letters = [one.difference for one in found if one.difference.kind not in (FAULT, UNKNOWN)]
    if not faults:
        return None, letters
    heading = f"layout of {name} differs from C: {faults[0].text}"
    lines = [heading, *(f"    {one.text}" for one in faults[1 : _LISTED + 1])]
    if len(faults) > _LISTED + 1:
        lines.append(f"    ... and {len(faults) - _LISTED - 1} more differences")
    # Beside a fault, what only has another name is part of the picture.
    marked = {spot for one in found for spot in one.names}
    left, right = (
        [Row(slot.name, slot.span, slot.bits is not None) for slot in slots]
        for slots in (comparison.c.slots, comparison.rust.slots)
    )
    lines += layout_text(
        (c.name, c.size, c.align, left), (rust.name, rust.size, rust.align, right), marked
    )
    return "\n".join(lines), letters


def side_by_side(c: Layout, rust: Layout, agreement: Agreement) -> Layouts:
    """Return both layouts as plain data, with what differs marked."""
    found = list(_Comparison(c, rust, agreement).differences())
    shown = found if any(one.is_fault for one in found) else []
    marked = dict.fromkeys(name for one in shown for name in one.names if name)
    return Layouts(_plain(c), _plain(rust), tuple(marked))


def _plain(layout: Layout) -> TypeLayout:
    members = [Member(slot.name, *slot.span, slot.bits is not None) for slot in layout.slots]
    return TypeLayout(layout.name, layout.size, layout.align, tuple(members))


class _Comparison:
    def __init__(self, c: Layout, rust: Layout, agreement: Agreement) -> None:
        theirs, self._written_in_c = opened(c.slots, rust.slots)
        ours, self._written_in_rust = opened(rust.slots, theirs)
        self.c = replace(c, slots=tuple(theirs))
        self.rust = replace(rust, slots=tuple(ours))
        self._agreement = agreement

    def differences(self) -> Iterator[_Found]:
        """Yield all that differs."""
        c, rust = self.c, self.rust
        end = min(c.size, rust.size) * 8
        if not rust.truncated:
            if c.size != rust.size:
                yield _fault(
                    end, f"size is {counted(c.size, 'byte')} in C, {rust.size} in Rust", ""
                )
            if c.align != rust.align:
                text = f"alignment is {counted(c.align, 'byte')} in C, {rust.align} in Rust"
                yield _fault(end, text, "")
        if c.open or rust.open:
            return
        for slot in self._written_in_c:
            text = _at(slot, slot.name, f"the members of {slot.name}")
            yield _Found(slot.span[0], Difference("split", text), (slot.name,))
        for slot in self._written_in_rust:
            # An unnamed union of C's is called somehow in Rust.
            is_union = slot.use is not None and slot.use.type.kind == "union"
            text = _at(slot, f"the members of {slot.name}", slot.name)
            kind = "name" if is_union else "split"
            yield _Found(slot.span[0], Difference(kind, text), (slot.name,))
        by_name = {slot.name: slot for slot in c.slots}
        matched: set[str] = set()
        alone: list[Slot] = []
        real: list[Slot] = []
        for slot in rust.slots:
            other = next((by_name[one] for one in field_names(slot.name) if one in by_name), None)
            if other is None or self._is_written_out(other, slot):
                alone.append(slot)
                continue
            matched.add(other.name)
            real.append(slot)
            if _same_place(other, slot):
                yield from self._types(other, slot)
            else:
                at = min(other.span[0], slot.span[0])
                text = f"{other.name} is at {other} in C; at {slot} in Rust"
                yield _fault(at, text, other.name, slot.name)
        missing = [slot for slot in c.slots if slot.name not in matched]
        yield from self._unmatched(missing, alone, real)

    def _is_written_out(self, c: Slot, rust: Slot) -> bool:
        """Tell whether Rust has several fields for one of C's, one of them called as it is."""
        if c.span == rust.span or not c.covers(rust):
            return False  # nearly always: only then are all of the fields looked at
        if self.rust.is_union:
            return False  # its members are at one place, and do not add up
        inside = [one for one in self.rust.slots if c.covers(one) and one.size]
        return len(inside) > 1 and sum(one.size or 0 for one in inside) == c.size

    def _types(self, c: Slot, rust: Slot) -> Iterator[_Found]:
        """Yield how the types of two fields at one place differ."""
        names = (c.name, rust.name)
        if c.use is None or rust.use is None:
            return
        if c.bits is not None or rust.bits is not None:
            yield from self._bits(c, rust, *names)
            return
        for difference in self._agreement.values(c.use, rust.use, c.name, is_field=True):
            yield _Found(c.span[0], difference, names)

    def _bits(self, c: Slot, rust: Slot, *names: str) -> Iterator[_Found]:
        """Yield how a bit-field differs from another, or from the integer that holds it."""
        if c.use is None or rust.use is None:
            return
        one, other = c.use.type, (rust.use.type.inner or rust.use).type
        if not other.is_integer:
            text = f"{c.name} is a bit-field in C, {word(other)} in Rust"
            yield _fault(c.span[0], text, *names)
        elif c.span == rust.span and one.kind == other.kind and one.signed != other.signed:
            text = f"{c.name} is {word(one)} in C, {word(other)} in Rust"
            yield _fault(c.span[0], text, *names)

    def _unmatched(
        self, missing: list[Slot], alone: list[Slot], real: list[Slot]
    ) -> Iterator[_Found]:
        """Yield what one has and the other lacks, calls otherwise, or writes out."""
        missing, alone = list(missing), list(alone)
        matched = [slot for slot in self.c.slots if slot not in missing]
        split = False
        while True:
            for slot in list(alone):
                same = self._at_same_place(slot, missing)
                if same is not None:
                    alone.remove(slot)
                    missing.remove(same)
                    real.append(slot)
                    yield from self._renamed(same, slot, split=split)
            if self.rust.is_union or not take_apart(missing, alone):
                break
            split = True
        yield from self._written_out(missing, alone, real, matched)
        for slot in alone:
            yield from self._only_in_rust(slot)
        if self.rust.hidden:
            return
        end = self.rust.size * 8 if self.rust.truncated else self.c.size * 8
        for slot in missing:
            lost = slot.span[0] != slot.span[1] and not any(one.covers(slot) for one in real)
            if lost and slot.span[0] < end:
                text = f"{slot.name} is at {slot} in C; Rust has no such field"
                yield _fault(slot.span[0], text, slot.name)

    def _at_same_place(self, rust: Slot, missing: Sequence[Slot]) -> Slot | None:
        """Return the field of C's that is where one of Rust's is; of a union, the one it is."""
        same = [one for one in missing if one.span == rust.span and rust.span[0] < rust.span[1]]
        if is_padding(rust.name):
            # Rust has nothing there, unless C has nothing there either.
            same = [one for one in same if bare_name(one.name) == bare_name(rust.name)]
        if self.rust.is_union and len(self.c.slots) > 1:
            # Members of a union have all one place: only what is in them tells them apart.
            same = [one for one in same if not any(x.is_fault for x in self._types(one, rust))]
            exact = [one for one in same if not list(self._types(one, rust))]
            return next(iter([*exact, *same]), None)
        return next(iter(same), None)

    def _renamed(self, c: Slot, rust: Slot, *, split: bool) -> Iterator[_Found]:
        found = list(self._types(c, rust))
        names = (c.name, rust.name)
        text = f"the field at offset {rust.offset} is {c.name} in C, {rust.name} in Rust"
        faults = [one for one in found if one.is_fault]
        if faults:
            yield _fault(rust.span[0], f"{text}; {faults[0].text}", *names)
            return
        kind = "split" if split else "name"
        yield _Found(rust.span[0], Difference(kind, text), names)
        yield from found

    def _written_out(
        self,
        missing: list[Slot],
        alone: list[Slot],
        real: list[Slot],
        matched: list[Slot],
    ) -> Iterator[_Found]:
        """Take out of both lists, and yield, what the two cut up in other ways."""

        def agree(c: Slot, rust: Slot) -> bool:
            return not any(one.is_fault for one in self._types(c, rust))

        for slot in list(alone):
            if slot not in alone or is_padding(slot.name):
                continue
            ours, theirs = _touching(slot, alone, [*missing, *matched], single=self.rust.is_union)
            if not theirs or not are_the_same_bytes(theirs, ours, agree):
                continue
            for one in ours:
                alone.remove(one)
                real.append(one)
            missing[:] = [one for one in missing if one not in theirs]
            if self.rust.hidden and len(ours) == 1:
                continue
            c, rust = ([one.name for one in slots] for slots in (theirs, ours))
            text = _at(slot, ", ".join(c), ", ".join(rust))
            yield _Found(slot.span[0], Difference("split", text), (*rust, *c))

    def _only_in_rust(self, slot: Slot) -> Iterator[_Found]:
        if not slot.size or is_padding(slot.name) or slot.name.startswith("_"):
            return
        inside = slot.span[1] <= self.c.size * 8
        if inside and self.rust.is_union:
            text = f"{slot.name} is at {slot} in Rust; C has no such member"
            yield _Found(slot.span[0], Difference("name", text), (slot.name,))
        elif inside and not any(one.touches(slot) for one in self.c.slots):
            text = f"{slot.name} is at {slot} in Rust, where C has a hole"
            yield _Found(slot.span[0], Difference("hole", text), (slot.name,))
        else:
            text = f"{slot.name} is at {slot} in Rust; C has no such field"
            yield _fault(slot.span[0], text, slot.name)


def _at(slot: Slot, c: str, rust: str) -> str:
    """Return what the two have of several fields at one place."""
    return f"the bytes at offset {slot.offset} are {c} in C, {rust} in Rust"


def _same_place(c: Slot, rust: Slot) -> bool:
    if c.bits is not None and rust.bits is None:
        return rust.covers(c)  # a plain integer that holds the bits
    if c.bits is not None or rust.bits is not None:
        return c.span == rust.span
    # An array of unknown length has no size to be compared.
    return c.offset == rust.offset and (c.size is None or rust.size in (None, c.size))


def _touching(
    slot: Slot, alone: Sequence[Slot], c: Sequence[Slot], *, single: bool
) -> tuple[list[Slot], list[Slot]]:
    """Return the fields of Rust's and of C's that lie where one of Rust's does, by overlaps."""
    ours, theirs = [slot], []
    while True:
        more = [one for one in c if one not in theirs and any(map(one.touches, ours))]
        theirs += more
        if not more or single:
            return ours, theirs
        ours += [
            one
            for one in alone
            if one not in ours and not is_padding(one.name) and any(map(one.touches, theirs))
        ]
