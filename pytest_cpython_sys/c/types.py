"""C's types, as the compiler's debug information has them: what a declaration comes to.

A name of a type (``typedef``), ``volatile`` and ``restrict`` change neither layout nor call; they
are left out, and the name is kept to be shown.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final, Literal

from ..late import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..object_files.debug_info import DebugInfo, Entry

__all__ = ["INTEGERS", "CTypes", "Member", "Type", "Use", "leaves", "written"]

Kind = Literal[
    "void",
    "integer",
    "character",
    "truth",
    "float",
    "pointer",
    "function",
    "array",
    "struct",
    "union",
    "enum",
    "va_list",
    "foreign",
    "unknown",
]

_BOOLEAN, _COMPLEX, _REAL, _SIGNED, _SIGNED_CHAR = 2, 3, 4, 5, 6
_TRANSPARENT: Final = frozenset({"typedef", "const", "volatile", "restrict", "atomic"})
_VOID: Final = "void"
INTEGERS: Final = frozenset({"integer", "character", "truth", "enum"})
_LEAVES: Final = 1024


@dataclass(eq=False)
class Type:
    """A type of either language; each of C's types is one object, which stands for itself."""

    kind: Kind
    name: str = ""
    """As its own language has it; empty for one without a name."""
    size: int | None = None
    """In bytes; None where that is not known."""
    signed: bool | None = None
    opaque: bool = False
    """Nothing is known of what is in it."""
    target: Use | None = None
    """What a pointer points to, an array consists of, a function returns."""
    length: int | None = None
    """Of an array; None for ``[]``."""
    parameters: tuple[Use, ...] = ()
    variadic: bool = False
    prototyped: bool = True
    is_transparent: bool = False
    """Of a union of C's: a pointer is passed as what it is, and not in a union."""
    twin: Type | None = None
    """Of one of Rust's: C's type of its name."""
    inner: Use | None = None
    """Of a newtype of Rust's: what it is laid out as."""
    members: Callable[[], Sequence[Member] | None] = field(default=lambda: None, repr=False)
    """Of a struct or a union; None where they are not known."""

    @property
    def is_record(self) -> bool:
        """Whether it is a struct or a union."""
        return self.kind in ("struct", "union")

    @property
    def is_integer(self) -> bool:
        """Whether it is a number that is no floating-point one, whatever it stands for."""
        return self.kind in INTEGERS

    @property
    def is_byte(self) -> bool:
        """Whether it is an integer of one byte."""
        return self.size == 1 and self.is_integer

    @property
    def element(self) -> Type:
        """What an array consists of, through arrays of arrays; else the type itself."""
        found = self
        while found.kind == "array" and found.target is not None:
            found = found.target.type
        return found

    @property
    def is_all_bits(self) -> bool:
        """Whether it holds bit-fields alone: then one integer of its size can stand for it."""
        members = self.members()
        return bool(members) and all(one.is_bits for one in members or ())


@dataclass(frozen=True)
class Use:
    """A type where it is used."""

    type: Type
    const: bool = False
    text: str = ""
    """As it is written there."""


@dataclass(frozen=True)
class Member:
    """A member at its place; of an anonymous one, its own members stand for it."""

    name: str
    first: int
    """The first bit, counted from the begin of the whole as the machine lays out bit-fields."""
    count: int | None
    """Bits; None for an array of unknown length."""
    is_bits: bool
    use: Use


class CTypes:
    """The types of one compilation unit."""

    def __init__(self, info: DebugInfo) -> None:
        self._info = info
        self._types: dict[int, Type] = {}
        self._void = Type("void", _VOID)
        self._variables = {
            entry.name: entry for entry in info.root.children if entry.tag == "variable"
        }
        self.pointer_size = info.address_size
        """In bytes."""

    def pointee(self, variable: str) -> Use | None:
        """Return what a variable points to; None if there is no such variable."""
        entry = self._variables.get(variable)
        if entry is None:
            return None
        return self._use(entry.number("type")).type.target

    def _use(self, reference: int | None) -> Use:
        const, name = False, ""
        while reference is not None:
            entry = self._info.entries[reference]
            if entry.tag not in _TRANSPARENT:
                break
            const = const or entry.tag == "const"
            if entry.tag == "typedef" and not name:
                name = entry.name
            reference = entry.number("type")
        kind_of = self._void if reference is None else self._type(reference)
        text = name or written(kind_of)
        if const:
            behind = kind_of.kind == "pointer" and not name
            text = f"{text}const" if behind else f"const {text}"
        return Use(kind_of, const, text)

    def _type(self, reference: int) -> Type:
        known = self._types.get(reference)
        if known is None:
            entry = self._info.entries[reference]
            # Members may lead back here: they are looked up when they are asked for.
            known = self._types[reference] = self._made(entry, reference)
        return known

    def _made(self, entry: Entry, reference: int) -> Type:
        size = entry.number("byte_size")
        if entry.tag in ("structure", "union"):
            kind: Kind = "union" if entry.tag == "union" else "struct"
            open_ = bool(entry.number("declaration"))
            members: list[Member] = []

            def listed() -> Sequence[Member] | None:
                if not members and not open_:
                    members.extend(self._members(entry))
                return None if open_ else members

            return Type(kind, entry.name, size, opaque=open_, members=listed)
        if entry.tag == "enumeration":
            return Type("enum", entry.name, size, signed=self._is_signed(entry))
        if entry.tag == "base":
            return _base(entry, size)
        if entry.tag == "pointer":
            target = self._use(entry.number("type"))
            return Type("pointer", "", self.pointer_size, target=target)
        if entry.tag == "array":
            return self._array(entry)
        if entry.tag == "subroutine":
            inside = [one for one in entry.children if one.tag == "parameter"]
            return Type(
                "function",
                target=self._use(entry.number("type")),
                parameters=tuple(self._use(one.number("type")) for one in inside),
                variadic=any(one.tag == "ellipsis" for one in entry.children),
                prototyped=bool(entry.number("prototyped")),
            )
        if entry.tag == "unspecified":
            return self._void
        return Type("unknown", entry.name or f"the type at {reference}", size)

    def _is_signed(self, entry: Entry) -> bool:
        if entry.number("type") is not None:
            return bool(self._use(entry.number("type")).type.signed)
        values = [child.number("const_value") or 0 for child in entry.children]
        return any(value < 0 for value in values)

    def _array(self, entry: Entry) -> Type:
        lengths: list[int | None] = []
        for child in entry.children:
            if child.tag == "subrange":
                count, last = child.number("count"), child.number("upper_bound")
                if count is None and last is not None:
                    count = last + 1 & 0xFFFFFFFFFFFFFFFF
                lengths.append(count)
        use = self._use(entry.number("type"))
        for length in reversed(lengths or [None]):
            one = use.type.size
            size = one * length if one is not None and length is not None else None
            array = Type("array", "", size, target=use, length=length)
            use = Use(array, use.const, written(array))
        return use.type

    def _members(self, entry: Entry) -> list[Member]:
        found: list[Member] = []
        for child in entry.children:
            if child.tag != "member":
                continue
            use = self._use(child.number("type"))
            first = (child.number("location") or 0) * 8
            bits = child.number("bit_size")
            if bits is not None:
                first = self._first_bit(child, use, first, bits)
                if child.name:
                    found.append(Member(child.name, first, bits, True, use))
            elif child.name:
                count = None if use.type.size is None else use.type.size * 8
                found.append(Member(child.name, first, count, False, use))
            else:
                found += [
                    Member(one.name, one.first + first, one.count, one.is_bits, one.use)
                    for one in use.type.members() or ()
                ]
        return found

    def _first_bit(self, entry: Entry, use: Use, first: int, bits: int) -> int:
        direct = entry.number("data_bit_offset")
        if direct is not None:
            return direct
        # Before DWARF 4: counted from the most significant bit of what holds it.
        offset = entry.number("bit_offset") or 0
        if self._info.order == ">":
            return first + offset
        holds = entry.number("byte_size") or use.type.size or 0
        return first + holds * 8 - offset - bits


def _base(entry: Entry, size: int | None) -> Type:
    encoding = entry.number("encoding") or 0
    if encoding == _BOOLEAN:
        return Type("truth", entry.name, size, signed=False)
    if encoding == _REAL:
        return Type("float", entry.name, size)
    if encoding == _COMPLEX and size is not None:
        # Laid out as an array of two: C11, 6.2.5.
        part = Type("float", entry.name.replace("complex ", ""), size // 2)
        return Type("array", entry.name, size, target=Use(part, text=part.name), length=2)
    kind: Kind = "character" if entry.name == "char" else "integer"
    return Type(kind, entry.name, size, signed=encoding in (_SIGNED, _SIGNED_CHAR))


def written(kind_of: Type, inner: str = "") -> str:
    """Return how C writes a type, ``inner`` being what is declared."""
    gap = " " if inner else ""
    if kind_of.kind == "pointer" and kind_of.target is not None:
        aim = kind_of.target
        if aim.type.kind in ("function", "array") and not _is_name(aim.text):
            return written(aim.type, f"(*{inner})")
        return f"{aim.text} *{inner}"
    if kind_of.kind == "array" and kind_of.target is not None and not kind_of.name:
        length = "" if kind_of.length is None else kind_of.length
        text = f"{inner}[{length}]"
        aim = kind_of.target
        if aim.type.kind in ("array", "pointer") and not _is_name(aim.text):
            return written(aim.type, text)
        return f"{aim.text}{gap}{text}"
    if kind_of.kind == "function" and kind_of.target is not None:
        words = [one.text for one in kind_of.parameters]
        words += ["..."] if kind_of.variadic else []
        empty = "void" if kind_of.prototyped else ""
        call = f"{inner}({', '.join(words) or empty})"
        aim = kind_of.target
        if aim.type.kind == "pointer" and not _is_name(aim.text):
            return written(aim.type, call)
        return f"{aim.text}{gap}{call}"
    word = kind_of.name or "{...}"
    text = f"{kind_of.kind} {word}" if kind_of.kind in ("struct", "union", "enum") else word
    return f"{text}{gap}{inner}"


def _is_name(text: str) -> bool:
    return text.replace(" ", "").isidentifier()


def leaves(use: Use, first: int = 0) -> Sequence[tuple[int, Use]] | None:
    """Return the scalars that something consists of, each with its first bit."""
    kind_of = use.type.inner.type if use.type.inner is not None else use.type
    if kind_of.is_record:
        members = kind_of.members()
        if members is None:
            return None
        parts = [(first + member.first, member.use) for member in members]
    elif kind_of.kind == "array" and kind_of.target is not None:
        size, length = kind_of.target.type.size, kind_of.length
        if size is None or length is None or length > _LEAVES:
            return None
        parts = [(first + index * size * 8, kind_of.target) for index in range(length)]
    else:
        return [(first, use)]
    found: list[tuple[int, Use]] = []
    for at, part in parts:
        inside = leaves(part, at)
        if inside is None or len(found) > _LEAVES:
            return None
        found += inside
    return sorted(found, key=lambda one: one[0])
