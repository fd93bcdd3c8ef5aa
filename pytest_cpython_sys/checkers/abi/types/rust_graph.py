"""Rust's types in the form that C's have, so that both can be compared piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ....c.types import Member, Type, Use
from ....late import regex
from ..c_types import is_anonymous
from ..natures import is_marker, is_opaque

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..rustdoc import Crate, Item
    from ..rusttypes import RustType

__all__ = ["RustTypes", "nested"]

_INTEGER: Final = regex(r"(?P<sign>[iu])(?P<bits>8|16|32|64|128|size)")
_FLOAT: Final = regex(r"f(?P<bits>16|32|64|128)")
# https://doc.rust-lang.org/std/ffi/#types: the macro that says how long C's is, and whether it
# has a sign.
_C_INTEGERS: Final = {
    "c_schar": ("", True),
    "c_uchar": ("", False),
    "c_short": ("__SIZEOF_SHORT__", True),
    "c_ushort": ("__SIZEOF_SHORT__", False),
    "c_int": ("__SIZEOF_INT__", True),
    "c_uint": ("__SIZEOF_INT__", False),
    "c_long": ("__SIZEOF_LONG__", True),
    "c_ulong": ("__SIZEOF_LONG__", False),
    "c_longlong": ("__SIZEOF_LONG_LONG__", True),
    "c_ulonglong": ("__SIZEOF_LONG_LONG__", False),
}
# What other crates name so is this, whether or not the header knows the name.
_STANDARD: Final = {
    "size_t": "usize",
    "ssize_t": "isize",
    "uintptr_t": "usize",
    "intptr_t": "isize",
    "ptrdiff_t": "isize",
    **{
        f"{sign}int{bits}_t": f"{sign or 'i'}{bits}"
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
}
_FLOATS: Final = {"c_float": 4, "c_double": 8}
_VA_LIST: Final = frozenset(
    {"va_list", "__builtin_va_list", "__gnuc_va_list", "VaList", "VaListImpl"}
)
_POINTERS: Final = frozenset({"Box", "AtomicPtr"})
_NUMBER: Final = regex(r"(?:Atomic|NonZero)(?P<word>[IU](?:8|16|32|64|128|size)|Bool)")
_FAT: Final = frozenset({"slice", "dyn_trait"})
_UNKNOWN: Final = frozenset({"generic", "qualified_path", "infer", "impl_trait"})


class RustTypes:
    """The types of one crate. ``twin`` finds C's type of a name of the crate's or another's."""

    def __init__(
        self,
        crate: Crate,
        predefined: Mapping[str, str],
        pointer_size: int,
        numbers: Mapping[str, int],
        twin: Callable[[str], Use | None],
    ) -> None:
        self._crate = crate
        self._predefined = predefined
        self._pointer = pointer_size
        self._numbers = numbers
        self._twin = twin
        self._public = {item.id for item in crate.items}
        self._uses: dict[RustType, Use] = {}
        self._records: dict[str, Type] = {}

    def use(self, kind_of: RustType) -> Use:
        """Return a type."""
        known = self._uses.get(kind_of)
        if known is None:
            known = self._uses[kind_of] = Use(self._made(kind_of), text=str(kind_of))
        return known

    def of_item(self, item: Item) -> Type:
        """Return the type that an item is, or is an alias of."""
        if item.kind == "alias" and item.type is not None:
            return self.use(item.type).type
        known = self._records.get(item.id)
        if known is None:
            known = self._records[item.id] = self._record(item)
        return known

    def _made(self, kind_of: RustType) -> Type:
        if kind_of.kind in ("void", "never"):
            return Type("void", "()")
        if kind_of.kind == "pointer":
            return self._pointer_to(kind_of.parts[0], mutable=kind_of.mutable)
        if kind_of.kind == "function":
            *inputs, output = kind_of.parts
            function = Type(
                "function",
                target=self.use(output),
                parameters=tuple(map(self.use, inputs)),
                variadic=kind_of.variadic,
            )
            return Type("pointer", size=self._pointer, target=Use(function, text=str(kind_of)))
        if kind_of.kind == "array":
            return self._array(kind_of.parts[0], kind_of.length)
        if kind_of.kind == "primitive":
            return self._primitive(kind_of.name)
        if kind_of.kind == "path":
            return self._path(kind_of)
        kind = "unknown" if kind_of.name in _UNKNOWN else "foreign"
        return Type(kind, kind_of.name)  # type: ignore[arg-type]

    def _pointer_to(self, pointee: RustType, *, mutable: bool) -> Type:
        fat = pointee.name in _FAT if pointee.kind == "other" else pointee.name in ("str", "CStr")
        if fat:
            return Type("foreign", "a wide pointer (with a length or a vtable)", self._pointer * 2)
        aim = self.use(pointee)
        return Type("pointer", size=self._pointer, target=Use(aim.type, not mutable, aim.text))

    def _array(self, element: RustType, length: int | None) -> Type:
        use = self.use(element)
        size = None if use.type.size is None or length is None else use.type.size * length
        return Type("array", size=size, target=use, length=length)

    def _primitive(self, name: str) -> Type:
        match = _INTEGER.fullmatch(name)
        if match is not None:
            size = self._pointer if match["bits"] == "size" else int(match["bits"]) // 8
            return Type("integer", name, size, signed=match["sign"] == "i")
        match = _FLOAT.fullmatch(name)
        if match is not None:
            return Type("float", name, int(match["bits"]) // 8)
        if name == "bool":
            return Type("truth", name, 1, signed=False)
        return Type("foreign", name)

    def _path(self, kind_of: RustType) -> Type:
        name = kind_of.name
        if name in _VA_LIST:
            return Type("va_list", name)
        item = self._crate.types.get(kind_of.id)
        if name == "Option" and len(kind_of.parts) == 1 and item is None:
            inner = self.use(kind_of.parts[0]).type
            unwrapped = inner.inner.type if inner.inner is not None else inner
            niche = unwrapped.kind in ("pointer", "foreign")
            niche = niche or kind_of.parts[0].name.startswith("NonZero")
            return inner if niche else Type("unknown", name)
        if name == "__IncompleteArrayField" and kind_of.parts:
            return self._array(kind_of.parts[0], None)
        if name == "c_void":  # of the standard library, or a crate's own
            return Type("void", name, 1, opaque=True)
        if item is not None:
            return Type("unknown", name) if item.generic else self.of_item(item)
        if name in _POINTERS and len(kind_of.parts) == 1:
            return self._pointer_to(kind_of.parts[0], mutable=True)
        if name == "NonZero" and len(kind_of.parts) == 1:
            return self.use(kind_of.parts[0]).type
        match = _NUMBER.fullmatch(name)
        if match is not None:
            return self._primitive(match["word"].lower())
        if name == "c_char":
            signed = "__CHAR_UNSIGNED__" not in self._predefined
            return Type("character", name, 1, signed=signed)
        if name in _C_INTEGERS:
            macro, signed = _C_INTEGERS[name]
            size = int(self._predefined.get(macro, "0")) or None if macro else 1
            return Type("integer", name, size, signed=signed)
        if name in _FLOATS:
            return Type("float", name, _FLOATS[name])
        found = self._twin(name) if not kind_of.parts else None
        if found is not None:
            return found.type
        return self._primitive(_STANDARD[name]) if name in _STANDARD else Type("unknown", name)

    def _record(self, item: Item) -> Type:
        twin = self._twin(item.id)
        c = twin.type if twin is not None else None
        size = self._numbers.get(f"size {item.rust_path}") if item.id in self._public else None
        if item.kind == "enum":
            match = _INTEGER.fullmatch(item.repr)
            if match is not None:
                word = self._primitive(item.repr)
                return Type("enum", item.name, word.size, signed=word.signed, twin=c)
            if is_opaque(item):
                return Type("struct", item.name, opaque=True, twin=c)
            usual = int(self._predefined.get("__SIZEOF_INT__", "4"))
            return Type("enum", item.name, size or usual, twin=c)
        opaque = is_opaque(item)
        kind_of = Type(
            "union" if item.kind == "union" else "struct",
            item.name,
            size,
            opaque=opaque,
            twin=c,
            members=lambda: self._members(item),
        )
        if item.repr == "transparent" and not opaque:
            held = [one for one in item.fields if not is_marker(one.type)]
            if len(held) == 1 and held[0].type.kind != "other":
                kind_of.inner = self.use(held[0].type)
                kind_of.size = size if size is not None else kind_of.inner.type.size
        return kind_of

    def _members(self, item: Item) -> Sequence[Member] | None:
        """Return the fields where rustc has them; None if one of them cannot be asked for."""
        found: list[Member] = []
        for field in item.fields:
            place = f"{item.rust_path} {field.name}"
            offset = self._numbers.get(f"offset {place}")
            length = self._numbers.get(f"fieldsize {place}")
            if not field.public or item.id not in self._public or offset is None or length is None:
                if is_marker(field.type):
                    continue
                return None
            use = self.use(field.type)
            inner = use.type.members() if is_anonymous(field.name) else None
            if inner is not None:
                found += [
                    Member(one.name, one.first + offset * 8, one.count, one.is_bits, one.use)
                    for one in inner
                ]
            else:
                found.append(Member(field.name, offset * 8, length * 8, False, use))
        return found


def nested(kind_of: RustType, crate: Crate, seen: set[RustType]) -> Iterator[RustType]:
    """Yield a type and all that it names, through aliases and the fields of records.

    What was seen before is left out, and what is behind it.
    """
    waiting = [kind_of]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        yield one
        waiting += one.parts
        item = crate.types.get(one.id) if one.kind == "path" else None
        if item is not None:
            waiting += [field.type for field in item.fields]
            if item.type is not None:
                waiting.append(item.type)
