"""Fields at their places, and what they consist of: members of records, elements of arrays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ....c.types import INTEGERS
from ....late import dataclass
from ..c_types import is_padding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ....c.types import Use

__all__ = ["Slot", "are_the_same_bytes", "opened", "shifted", "slots_of", "take_apart"]

_ELEMENTS: Final = 256


@dataclass(frozen=True)
class Slot:
    """A field at its place.

    ``bits`` are the first bit, counted from the begin of the whole, and their number. A size
    that is not known (an array of unknown length) is None.
    """

    name: str
    offset: int
    size: int | None
    bits: tuple[int, int] | None = None
    use: Use | None = None
    """What is there, if it is known."""

    @property
    def span(self) -> tuple[int, int]:
        """First bit, and the one after the last."""
        if self.bits is not None:
            return self.bits[0], sum(self.bits)
        return self.offset * 8, (self.offset + (self.size or 0)) * 8

    def covers(self, other: Slot) -> bool:
        """Tell whether all of another field lies in this one."""
        return self.span[0] <= other.span[0] and other.span[1] <= self.span[1]

    def touches(self, other: Slot) -> bool:
        """Tell whether any bit is in both."""
        return self.span[0] < other.span[1] and other.span[0] < self.span[1]

    def __str__(self) -> str:
        if self.bits is not None:
            first, count = self.bits
            return f"bit {first}, width {count}"
        size = "" if self.size is None else f", size {self.size}"
        return f"offset {self.offset}{size}"


def take_apart(missing: list[Slot], alone: list[Slot]) -> bool:
    """Replace fields by what they consist of where the other language has smaller ones."""
    changed = False
    for slots, others in ((missing, alone), (alone, missing)):
        for slot in list(slots):
            smaller = any(slot.covers(one) and slot.span != one.span and one.size for one in others)
            parts = slots_of(slot) if smaller else ()
            if parts:
                at = slots.index(slot)
                slots[at : at + 1] = parts
                changed = True
    return changed


def slots_of(slot: Slot) -> Sequence[Slot]:
    """Return the members of a record or the elements of an array as slots; none of a scalar."""
    use = slot.use
    if use is not None and use.type.inner is not None:
        use = use.type.inner
    if use is None or slot.bits is not None:
        return ()
    kind_of = use.type
    if kind_of.is_record:
        return [
            Slot(
                f"{slot.name}.{one.name}",
                slot.offset + one.first // 8,
                None if one.count is None or one.is_bits else one.count // 8,
                (slot.offset * 8 + one.first, one.count) if one.is_bits and one.count else None,
                one.use,
            )
            for one in kind_of.members() or ()
        ]
    element = kind_of.target
    if kind_of.kind == "array" and element is not None and kind_of.length:
        size = element.type.size
        # Single bytes stand for whatever is there.
        if not size or size == 1 or kind_of.length > _ELEMENTS:
            return ()
        return [
            Slot(f"{slot.name}[{index}]", slot.offset + index * size, size, use=element)
            for index in range(kind_of.length)
        ]
    return ()


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


def opened(slots: Sequence[Slot], others: Sequence[Slot]) -> tuple[list[Slot], list[Slot]]:
    """Return fields, with those of a record in its stead where the other language has these.

    They are called there as they are in the record. And return what was replaced.
    """
    names, theirs = {slot.name for slot in slots}, {other.name for other in others}
    wanted = [other for other in others if other.name not in names]
    found, replaced = list(slots), []
    for slot in found:  # grows: what is inside comes behind what it is in
        if slot.name in theirs:
            continue
        covered = {(other.name, other.size) for other in wanted if slot.covers(other)}
        if covered and not covered.isdisjoint(_inner_sizes(slot)):
            replaced.append(slot)
            found += [replace(part, name=_last(part)) for part in slots_of(slot)]
    return [slot for slot in found if slot not in replaced], replaced


def _inner_sizes(slot: Slot) -> set[tuple[str, int | None]]:
    """Return the names and sizes of all that is in a record."""
    kind_of = slot.use.type if slot.use is not None else None
    parts = slots_of(slot) if kind_of is not None and kind_of.kind != "array" else ()
    return {one for part in parts for one in ((_last(part), part.size), *_inner_sizes(part))}


def _last(slot: Slot) -> str:
    return slot.name.rpartition(".")[2]


def are_the_same_bytes(
    c: Sequence[Slot], rust: Sequence[Slot], agree: Callable[[Slot, Slot], bool]
) -> bool:
    """Tell whether fields of C's and of Rust's hold the same, cut up in other ways.

    A pointer of C's may be several integers, integers may be one, and bytes may be whatever is
    there; a float is a float, and a hole holds nothing.
    """
    theirs = [leaf for slot in c for leaf in _leaves(slot)]
    ours = [leaf for slot in rust for leaf in _leaves(slot)]
    if not all(_is_held(one, ours) for one in theirs):
        return False
    for leaf in ours:
        same = [one for one in theirs if one.span == leaf.span and one.bits is None]
        around = [one for one in theirs if one.covers(leaf)]
        inside = [one for one in theirs if leaf.covers(one)]
        if same:
            good = any(agree(one, leaf) for one in same)
        elif around:
            good = _is_bytes(leaf) or _is_bytes(around[0])
            good = good or (_is(leaf, INTEGERS) and _is(around[0], INTEGERS | {"pointer"}))
        elif inside and all(one.bits is not None for one in inside):
            good = _is(leaf, INTEGERS)
        else:
            whole = sum(one.size or 0 for one in inside) == leaf.size
            numbers = _is(leaf, INTEGERS) and all(_is(one, INTEGERS) for one in inside)
            good = whole and (numbers or _is_bytes(leaf) or all(map(_is_bytes, inside)))
        if not good:
            return False
    return True


def _leaves(slot: Slot) -> Iterator[Slot]:
    parts = slots_of(slot)
    for part in parts:
        yield from _leaves(part)
    if not parts and slot.span[0] < slot.span[1] and not is_padding(_last(slot)):
        yield slot


def _is_held(slot: Slot, others: Sequence[Slot]) -> bool:
    """Tell whether other fields hold all bits of one."""
    first, end = slot.span
    for other in sorted(others, key=lambda one: one.span):
        if other.span[0] <= first < other.span[1]:
            first = other.span[1]
    return first >= end


def _is(slot: Slot, kinds: frozenset[str]) -> bool:
    """Tell whether what is in a field may be of some kinds: of an unknown one, size has to do."""
    kind = (slot.use.type.inner or slot.use).type.kind if slot.use is not None else "unknown"
    return kind == "unknown" or kind in kinds


def _is_bytes(slot: Slot) -> bool:
    return slot.use is not None and slot.use.type.element.is_byte
