"""Whether a type of C's and one of Rust's are the same where they are used.

What changes neither layout nor call on this machine is a minor difference; it has a kind,
which a package's table can make an error. All else is a fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....c.types import Use, leaves, written
from .differences import (
    FAULT,
    UNKNOWN,
    Difference,
    Place,
    arguments,
    by,
    length,
    pointers,
    shape,
    sign,
    sized_integer,
    word,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ....c.types import Type

    _Leaves = Sequence[tuple[int, Use]]

__all__ = ["Agreement"]


class Agreement:
    """Compares types; ``named`` finds C's type of a name, for members that are called as it."""

    def __init__(self, named: Callable[[str], Use | None]) -> None:
        self._named = named

    def values(
        self, c: Use, rust: Use, where: str, *, is_field: bool = False
    ) -> Iterator[Difference]:
        """Yield how two types differ that are used by value; a field is not passed."""
        place = Place(where, c.text, rust.text, is_field)
        yield from dict.fromkeys(self._values(c, rust, place))

    def functions(self, c: Type, rust: Type, where: str = "") -> Iterator[Difference]:
        """Yield how two types of functions differ."""
        if c.target is None or rust.target is None:
            return
        of = f" of {_function_at(where)}" if where else ""
        ours, theirs = len(rust.parameters), len(c.parameters)
        if c.prototyped:
            if ours != theirs:
                place = Place(where, "", "")
                yield place.differs(FAULT, "has", arguments(theirs), str(ours))
            elif c.variadic != rust.variadic:
                words = ("variadic", "not variadic")
                yield Place(where, "", "").differs(FAULT, "is", *words[:: 1 if c.variadic else -1])
            for number, (one, other) in enumerate(zip(c.parameters, rust.parameters), 1):  # noqa: B905
                yield from self.values(one, other, f"argument {number}{of}")
        yield from self.values(c.target, rust.target, f"the result{of}")

    def _values(self, c: Use, rust: Use, place: Place) -> Iterator[Difference]:
        a, b = c.type, rust.type
        if _is_same(a, b):
            return
        if b.inner is not None:
            yield from self._values(c, b.inner, place)
        elif "va_list" in (a.kind, b.kind):
            if not _is_va_list(c):
                yield place.fault(word(a), "a va_list")
        elif "unknown" in (a.kind, b.kind):
            yield place.says(UNKNOWN, _unknown(a, b, place))
        elif b.kind == "foreign":
            yield place.fault(word(a), b.name)
        elif a.kind == "pointer" and b.kind == "pointer":
            yield from self._pointers(c, rust, place)
        elif a.is_integer and b.is_integer:
            yield from _integers(a, b, place)
        elif b.kind == "array" and not place.is_field:
            # C passes pointers to arrays; what is passed like one is a vector, or complex.
            yield place.fault(word(a) if a.kind != "array" else "a vector", "an array by value")
        elif a.kind == "array" and b.kind == "array":
            yield from self._arrays(c, rust, place)
        elif place.is_field and b.kind == "union" and not a.is_record:
            yield from self._variants(c, b, place)
        elif a.kind == "union" and b.kind == "pointer" and a.is_transparent:
            yield from self._variant(a, rust, place, kind="")
        elif place.is_field and a.kind == "union" and not b.is_record:
            yield from self._variant(a, rust, place, kind="name")
        elif a.is_record and b.is_record:
            yield from self._records(a, b, place)
        elif place.is_field and b.kind == "integer" and a.size == b.size and a.is_all_bits:
            yield place.letter("split")
        elif "array" in (a.kind, b.kind) and "pointer" not in (a.kind, b.kind):
            yield from self._written_out(a, b, place)
        elif a.kind == "float" and b.kind == "float":
            if a.size != b.size:
                yield place.fault(length(a), length(b))
        elif a.kind != b.kind:
            yield place.fault(word(a), word(b))

    def _pointers(self, c: Use, rust: Use, place: Place) -> Iterator[Difference]:
        one, other = c.type.target, rust.type.target
        assert one is not None  # noqa: S101 - pointers have one
        assert other is not None  # noqa: S101 - pointers have one
        a, b = one.type, other.type
        if "function" not in (a.kind, b.kind) and _is_const(one) != _is_const(other):
            yield place.letter("const")
        if _is_same(a, b) or (a.kind == "void" and b.kind == "void"):
            return
        depth, ours = _depth(c.type), _depth(rust.type)
        if depth != ours:
            yield place.fault(pointers(depth), pointers(ours))
        elif a.kind == "pointer" and b.kind == "pointer":
            yield from self._pointers(one, other, place)
        elif a.kind == "function" and b.kind == "function":
            yield from self.functions(a, b, place.where)
        else:
            yield from self._pointees(a, b, place)

    def _pointees(self, a: Type, b: Type, place: Place) -> Iterator[Difference]:
        """Yield how what is behind two pointers differs, neither being one itself."""
        if "void" in (a.kind, b.kind):
            yield place.letter("void")
        elif "function" in (a.kind, b.kind):
            yield place.fault(f"a pointer to {word(a)}", f"a pointer to {word(b)}")
        elif a.opaque or b.opaque:
            yield place.letter("opaque")
        elif b.inner is not None:
            if not _is_same(a, b.inner.type):
                yield from self._pointees(a, b.inner.type, place)
        elif a.kind == "array" or b.kind == "array":
            yield from self._elements(a, b, place)
        elif b.kind == "truth" and a.kind != "truth":
            yield place.fault(f"a pointer to {word(a)}", "a pointer to a bool (only 0 or 1)")
        elif a.is_byte or b.is_byte:
            if a.kind != b.kind or a.signed != b.signed:
                yield place.letter("bytes")
        elif "foreign" in (a.kind, b.kind):
            yield place.fault(f"a pointer to {word(a)}", f"a pointer to {b.name or word(b)}")
        elif "unknown" in (a.kind, b.kind) or a.size is None or b.size is None:
            yield place.says(UNKNOWN, _unknown(a, b, place))
        elif _class(a) != _class(b):
            yield place.fault(f"a pointer to {word(a)}", f"a pointer to {word(b)}")
        elif a.size != b.size:
            yield place.fault(f"a pointer to {length(a)}", f"a pointer to {length(b)}")
        elif (a.kind == "enum") != (b.kind == "enum"):
            if not _is_number_of(a, b):
                yield place.letter("enum")
        elif a.is_record or a.kind == "enum" or a.signed != b.signed:
            yield place.letter("pointee")

    def _elements(self, a: Type, b: Type, place: Place) -> Iterator[Difference]:
        """Yield how pointers differ one of which is to an array: C's parameters are no arrays."""
        one, other = a.element, b.element
        if one.kind == "pointer" and other.kind == "pointer":
            found = list(self._values(_use(one), _use(other), place))
            yield from found
            if any(difference.kind == FAULT for difference in found):
                return
        elif "pointer" in (one.kind, other.kind):
            yield place.fault(f"a pointer to {word(one)}", f"a pointer to {word(other)}")
            return
        elif not _is_same(one, other):
            found = list(self._pointees(one, other, place))
            yield from found
            if any(difference.kind == FAULT for difference in found):
                return
        if a.kind != b.kind:
            yield place.letter("pointee")
        elif a.size != b.size and a.size is not None and b.size:
            yield place.fault(f"a pointer to {length(a)}", f"a pointer to {length(b)}")

    def _arrays(self, c: Use, rust: Use, place: Place) -> Iterator[Difference]:
        a, b = c.type, rust.type
        # One of no length takes no room, and ends what it stands in.
        if a.size and b.size and a.size != b.size:
            yield place.fault(length(a), length(b))
            return
        one, other = a.element, b.element
        theirs, ours = shape(a), shape(b)
        if one.is_byte and other.is_byte and "character" in (one.kind, other.kind):
            if one.signed != other.signed:
                yield place.letter("bytes")
        elif one.is_byte != other.is_byte:
            yield place.letter("bytes")
        elif len(theirs) == len(ours) and theirs[1:] != ours[1:]:
            yield place.fault(f"an array {by(theirs)}", f"an array {by(ours)}")
        else:
            yield from self._values(_use(one), _use(other), place)

    def _variants(self, c: Use, union: Type, place: Place) -> Iterator[Difference]:
        """Yield how a union of Rust's differs that stands for something of C's that is none."""
        members = union.members()
        if union.size is not None and union.size != c.type.size:
            yield place.fault(length(c.type), length(union))
            return
        if members is None:
            yield place.says(UNKNOWN, f"the fields of {union.name} are private")
            return
        good = False
        for member in members:
            named = self._named(member.name)
            if named is not None:
                # C has a type of that name: what it casts the pointer to.
                where = f"{place.where}.{member.name}"
                yield from self.values(named, member.use, where)
            found = self._values(c, member.use, place)
            good = good or not any(one.kind in (FAULT, UNKNOWN) for one in found)
        if not good:
            yield place.fault(word(c.type), word(union))

    def _written_out(self, a: Type, b: Type, place: Place) -> Iterator[Difference]:
        """Yield how an array differs from another type; the same bytes are a minor difference."""
        array = a if a.kind == "array" else b
        if a.size != b.size or a.size is None:
            yield place.fault(f"{word(a)} of {length(a)}", f"{word(b)} of {length(b)}")
        elif array.element.is_byte:
            yield place.letter("bytes")
        elif self._are_alike(leaves(_use(a)), leaves(_use(b)), place):
            yield place.letter("split")
        else:
            yield place.fault(word(a), word(b))

    def _are_alike(self, theirs: _Leaves | None, ours: _Leaves | None, place: Place) -> bool:
        """Tell whether the same scalars stand at the same places."""
        if ours is None or theirs is None or len(ours) != len(theirs):
            return False
        for (first, one), (start, other) in zip(theirs, ours, strict=True):
            found = self._values(one, other, place)
            if first != start or any(x.kind in (FAULT, UNKNOWN) for x in found):
                return False
        return True

    def _variant(self, union: Type, rust: Use, place: Place, kind: str) -> Iterator[Difference]:
        """Yield how a union of C's differs of which Rust has one member in its stead.

        ``kind``: what that is; empty where C passes that member, too.
        """
        members = union.members() or ()
        if union.is_transparent and not members:
            # GCC does not say what is in one whose attribute stands behind its name.
            yield place.letter("pointee")
            return
        for member in members:
            if union.size == member.use.type.size == rust.type.size:
                found = list(self._values(member.use, rust, place))
                if not any(one.kind in (FAULT, UNKNOWN) for one in found):
                    yield from [place.letter(kind)] if kind else found
                    return
        yield place.fault(word(union), word(rust.type))

    def _records(self, a: Type, b: Type, place: Place) -> Iterator[Difference]:
        if a.opaque or b.opaque:
            words = ("a type without known contents", "a type with fields")
            yield place.fault(*words[:: 1 if a.opaque else -1])
            return
        if b.size is not None and a.size != b.size:
            yield place.fault(length(a), length(b))
            return
        ours, theirs = leaves(_use(b)), leaves(_use(a))
        if ours is None or theirs is None:
            yield place.says(UNKNOWN, _unknown(a, b, place))
        elif self._are_alike(theirs, ours, place):
            yield place.letter("name")
        else:
            yield place.fault(f"{word(a)} {a.name}".strip(), f"a different {b.kind}")


def _unknown(a: Type, b: Type, place: Place) -> str:
    """Return which of two types nothing is known of, and what helps."""
    if a.kind == "unknown" or (a.size is None and a.kind != "array"):
        return f"the contents of {place.c} in C are unknown"
    return (
        f"the contents of {b.name or place.rust} are unknown: the type is private, generic or from "
        "another crate, and the header declares no type of that name (set its C name in "
        "`names`)"
    )


def _is_same(a: Type, b: Type) -> bool:
    """Tell whether one is the other's counterpart; what both call the same, C has once."""
    if a is b:
        return True
    if not (a.is_record or (a.kind == "enum" and b.size in (None, a.size))):
        return False
    named = b.is_record or b.kind == "enum"
    if b.twin is a or (named and bool(a.name) and a.name == b.name):
        return True
    # What has no name is declared once more to be asked about, and so is what is in it.
    return b.twin is not None and a.is_record and _is_copy(a, b.twin)


def _is_copy(a: Type, b: Type) -> bool:
    """Tell whether two of C's types have the same members at the same places."""
    if a is b:
        return True
    if (a.kind, a.name, a.size, a.signed) != (b.kind, b.name, b.size, b.signed):
        return False
    ours, theirs = a.members(), b.members()
    if ours is not None and theirs is not None:
        return len(ours) == len(theirs) and all(
            (one.name, one.first, one.count) == (other.name, other.first, other.count)
            and _is_copy(one.use.type, other.use.type)
            for one, other in zip(ours, theirs, strict=True)
        )
    if a.kind == "array" and a.target is not None and b.target is not None:
        return a.length == b.length and _is_copy(a.target.type, b.target.type)
    return not a.is_record and a.kind != "array" and written(a) == written(b)


def _integers(a: Type, b: Type, place: Place) -> Iterator[Difference]:
    if a.size != b.size:
        yield place.fault(sized_integer(a), sized_integer(b))
    elif _is_number_of(a, b):
        return
    elif "enum" in (a.kind, b.kind):
        shown = (f"{place.c}{_is_enum(a)}", f"{place.rust}{_is_enum(b)}")
        yield place.differs("enum", "is", *shown)
    elif b.kind == "truth" and a.kind != "truth":
        yield place.fault(f"{word(a)} of 1 byte", "a bool (only 0 or 1)")
    elif a.kind == "truth" and b.kind != "truth":
        yield place.letter("bool")
    elif a.signed != b.signed:
        yield place.fault(word(a), word(b))


def _is_number_of(a: Type, b: Type) -> bool:
    """Tell whether Rust has the number that C's enum is: C calls the two compatible."""
    return a.kind == "enum" and b.kind == "integer" and a.signed == b.signed


def _is_enum(kind_of: Type) -> str:
    if kind_of.kind == "enum" and kind_of.signed is not None:
        return f" ({sign(kind_of).strip()})"
    return ""


def _class(kind_of: Type) -> str:
    if kind_of.is_integer:
        return "integer"
    return "record" if kind_of.is_record else kind_of.kind


def _depth(kind_of: Type) -> int:
    depth = 0
    while kind_of.kind == "pointer" and kind_of.target is not None:
        depth, kind_of = depth + 1, kind_of.target.type
        kind_of = kind_of.element
        if kind_of.inner is not None:
            kind_of = kind_of.inner.type
    return depth


def _is_const(use: Use) -> bool:
    while use.type.kind == "array" and use.type.target is not None and not use.const:
        use = use.type.target
    return use.const


def _use(kind_of: Type) -> Use:
    return Use(kind_of, text=kind_of.name or written(kind_of))


def _is_va_list(c: Use) -> bool:
    aim = c.type.target.type if c.type.target is not None else c.type
    return "va_list" in c.text or "va_list" in aim.name or aim.kind == "character"


def _function_at(where: str) -> str:
    """Return what a function is called: no argument has arguments, what it points to has."""
    passed = where.startswith(("argument ", "the result"))
    return f"the function that {where} points to" if passed else where
