"""How C spells what Rust names: types, declarations, and the members behind fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...late import dataclass, regex
from .cdecls import attributes_around
from .natures import resolved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .cdecls import Declarations, Member
    from .keys import Keys
    from .rustdoc import Crate, Field, Item
    from .rusttypes import RustType

__all__ = ["Speller", "Spelling", "UntranslatableError", "field_names", "is_padding"]

_PRIMITIVES: Final = {
    "bool": "_Bool",
    "i8": "signed char",
    "u8": "unsigned char",
    "i16": "short",
    "u16": "unsigned short",
    "i32": "int",
    "u32": "unsigned int",
    "i64": "long long",
    "u64": "unsigned long long",
    "f32": "float",
    "f64": "double",
    "i128": "__int128",
    "u128": "unsigned __int128",
}
# https://doc.rust-lang.org/std/ffi/#types, and what the crate libc adds to it.
_FOREIGN: Final = {
    "c_char": "char",
    "c_schar": "signed char",
    "c_uchar": "unsigned char",
    "c_short": "short",
    "c_ushort": "unsigned short",
    "c_int": "int",
    "c_uint": "unsigned int",
    "c_long": "long",
    "c_ulong": "unsigned long",
    "c_longlong": "long long",
    "c_ulonglong": "unsigned long long",
    "c_float": "float",
    "c_double": "double",
    "c_void": "void",
    "VaList": "__builtin_va_list",
    "VaListImpl": "__builtin_va_list",
}
_VA_LIST: Final = frozenset({"va_list", "__builtin_va_list", "__gnuc_va_list"})
_BUILTIN: Final = {
    "isize": ("__PTRDIFF_TYPE__", "long"),
    "usize": ("__SIZE_TYPE__", "unsigned long"),
    "i64": ("__INT64_TYPE__", "long"),
    "u64": ("__UINT64_TYPE__", "unsigned long"),
}
_PADDING = regex(r"__bindgen_padding_\d+|_bitfield_align_\d+|_phantom\w*|__?pad(?:ding)?\d*")
_ANONYMOUS = regex(r"__bindgen_anon_(\d+)")
_TYPEDEF = regex(r"\btypedef\s+(struct|union)\s+(\w+)\s+(\w+)\s*;")
_BRACES = regex(r"[{}]")
_BITFIELD = regex(r"_bitfield_\d+")


class UntranslatableError(Exception):
    """A type of which C knows no counterpart: the message says which."""


@dataclass(frozen=True)
class Spelling:
    """A type in C: what to write, and where the brace of its definition stands (or -1)."""

    text: str
    body: int
    definition: str = ""
    """What must be declared before ``text`` can be written."""


def is_padding(name: str) -> bool:
    """Tell whether a field is there for its place alone."""
    return _PADDING.fullmatch(name) is not None


def bare_name(name: str) -> str:
    """Return a field's name without what sets it apart from others of its kind."""
    return name.strip("_0123456789")


def field_names(name: str) -> tuple[str, ...]:
    """Return what C may call a field: bindgen appends ``_`` to Rust's keywords."""
    return (name, name[:-1]) if name.endswith("_") and len(name) > 1 else (name,)


class Speller:
    """Finds C's types for Rust's, by name, by the package's own table, or through a parent."""

    def __init__(
        self,
        crate: Crate,
        declarations: Declarations,
        names: Keys[str],
        predefined: Mapping[str, str],
    ) -> None:
        self._crate = crate
        self._declarations = declarations
        self._names = names
        self._primitives = {
            **_PRIMITIVES,
            **{name: predefined.get(macro, usual) for name, (macro, usual) in _BUILTIN.items()},
        }
        self._tag_of_typedef = {
            match[3]: (match[1], match[2]) for match in _TYPEDEF.finditer(declarations.text)
        }
        self._known: dict[str, Spelling | None] = {}
        for item in crate.types.values():
            self._known[item.id] = self._by_name(item.name, item.kind, names.of(item))
        self._by_alias()
        self._unnamed_found = False

    def spelling(self, item: Item) -> Spelling | None:
        """Return C's type for a struct, union, enum or alias."""
        known = self._known.get(item.id)
        if known is None and not self._unnamed_found:
            self._unnamed_found = True
            self._through_parents()
            known = self._known.get(item.id)
        return known

    def _by_alias(self) -> None:
        """Find types that C has under the name of an alias alone, or behind its pointer."""
        for alias in self._crate.types.values():
            spelling = self._known[alias.id] if alias.kind == "alias" else None
            if spelling is None or alias.type is None:
                continue
            target, pointed = alias.type, alias.type.kind == "pointer"
            item = self._crate.types.get(target.parts[0].id if pointed else target.id)
            if item is None or self._known[item.id] or self._names.of(item) is not None:
                continue
            if not pointed:
                self._known[item.id] = spelling
            elif (pointee := self._declarations.pointees.get(spelling.text)) is not None:
                self._known[item.id] = Spelling(f"__typeof__(*({spelling.text})0)", pointee)

    def foreign(self, kind_of: RustType) -> str | None:
        """Return C's type that is called as one of another crate; None if there is none."""
        if kind_of.parts or kind_of.name in _FOREIGN or not kind_of.foreign:
            return None
        mapped = self._names.of_foreign(kind_of.name)
        spelling = self._by_name(kind_of.name, kind_of.foreign, mapped)
        return spelling.text if spelling is not None else None

    def _by_name(self, name: str, kind: str, mapped: str | None) -> Spelling | None:
        found = self._declarations
        if mapped is not None:
            word, _, tag = mapped.rpartition(" ")
            if word:
                known = (word, tag) in found.tags
                return Spelling(mapped, found.bodies.get((word, tag), -1)) if known else None
            name = mapped
        kinds = [kind, *(one for one in ("struct", "union", "enum") if one != kind)]
        if kind == "alias":
            kinds = ["enum", "struct", "union"]
        for word in kinds:
            body = found.bodies.get((word, name))
            if body is not None and (kind == word or name not in found.typedefs):
                return Spelling(f"{word} {name}", -1 if word == "enum" else body)
        if name in found.typedefs:
            body = found.typedefs[name]
            return Spelling(name, body if body >= 0 else self._typedef_of_tag(name))
        for word in kinds:
            if (word, name) in found.tags:
                return Spelling(f"{word} {name}", -1)
        return None

    def _typedef_of_tag(self, name: str) -> int:
        """Return the body of a struct that was defined after its typedef."""
        return self._declarations.bodies.get(self._tag_of_typedef.get(name, ("", "")), -1)

    def _through_parents(self) -> None:
        """Find unnamed types: each is that of a member of a type that has a name."""
        waiting = [key for key, spelling in self._known.items() if spelling is not None]
        while waiting:
            parent = self._crate.types[waiting.pop(0)]
            spelling = self._known[parent.id]
            if spelling is None or spelling.body < 0:
                continue
            own = self._declarations.members(spelling.body)
            for field in parent.fields:
                found = self._of_field(spelling, field, own)
                if found is not None:
                    key, child = found
                    self._known[key] = child
                    waiting.append(key)

    def _of_field(
        self, spelling: Spelling, field: Field, own: Sequence[Member]
    ) -> tuple[str, Spelling] | None:
        kind_of, steps = field.type, ""
        while kind_of.kind == "array":
            kind_of, steps = kind_of.parts[0], steps + "[0]"
        if kind_of.name == "__IncompleteArrayField" and kind_of.parts:
            kind_of, steps = kind_of.parts[0], "[0]"
        child = self._crate.types.get(resolved(kind_of, self._crate).id)
        if child is None or self._known.get(child.id) is not None:
            return None
        text = self._declarations.text
        match = _ANONYMOUS.fullmatch(field.name)
        if match is not None:
            number = int(match[1]) - 1
            anonymous = [member for member in own if not member.name]
            if number >= len(anonymous):
                return None
            member = anonymous[number]
            name = f"abi_anonymous_{child.id}"
            end = _end_of_body(text, member.body)
            body = " ".join(text[member.body : end].split())
            before, behind = attributes_around(text, member.body)
            definition = f"typedef {member.kind} {before} {body} {behind} {name};"
            return child.id, Spelling(name, member.body, definition)
        names = field_names(field.name)
        for member in own:
            if member.name in names and member.body >= 0:
                written = f"__typeof__((({spelling.text} *)0)->{member.name}{steps})"
                return child.id, Spelling(written, member.body)
        return None

    # -- declarations ---------------------------------------------------------------------------

    def declaration(self, kind_of: RustType, name: str) -> str:
        """Return how C declares a name to be of a type. Raises UntranslatableError."""
        return self._declare(kind_of, name)

    def _declare(self, kind_of: RustType, inner: str, *, const: bool = False) -> str:
        qualifier = "const " if const else ""
        if kind_of.kind == "pointer":
            (pointee,) = kind_of.parts
            if pointee.name == "__va_list_tag":
                return f"__builtin_va_list {inner}"
            star = f"*{qualifier}{inner}"
            if pointee.kind == "array":
                star = f"({star})"
            return self._declare(pointee, star, const=not kind_of.mutable)
        if kind_of.kind == "function":
            *inputs, output = kind_of.parts
            words = [self._declare(one, "") for one in inputs]
            if kind_of.variadic:
                words.append("...")
            listed = ", ".join(words) or "void"
            return self._declare(output, f"(*{qualifier}{inner})({listed})")
        if kind_of.kind == "array":
            length = kind_of.length
            if length is None:
                raise UntranslatableError(f"the array length {kind_of.name} is not a number")
            return self._declare(kind_of.parts[0], f"{inner}[{length}]", const=const)
        if kind_of.kind == "path" and kind_of.name not in _VA_LIST:
            item = self._crate.types.get(kind_of.id)
            if kind_of.name == "Option" and len(kind_of.parts) == 1:
                # Of an alias for a function or a pointer: C's may be null anyway.
                alias = self._crate.types.get(kind_of.parts[0].id)
                if alias is not None and alias.kind == "alias":
                    return self._declare(kind_of.parts[0], inner, const=const)
            if item is not None and item.kind == "alias" and item.type is not None:
                if item.generic:
                    raise UntranslatableError(f"{item.name} is generic")
                return self._declare(item.type, inner, const=const)
        return f"{qualifier}{self._base(kind_of)} {inner}"

    def _base(self, kind_of: RustType) -> str:
        if kind_of.kind in ("void", "never"):
            return "void"
        if kind_of.kind == "primitive":
            if kind_of.name in self._primitives:
                return self._primitives[kind_of.name]
            raise UntranslatableError(f"C has no {kind_of.name}")
        if kind_of.kind != "path":
            raise UntranslatableError(f"C has no {kind_of}")
        if kind_of.name in _VA_LIST:
            return "__builtin_va_list"
        if kind_of.id in self._crate.types:
            spelling = self.spelling(self._crate.types[kind_of.id])
            if spelling is not None:
                return spelling.text
            raise UntranslatableError(f"the header declares no type {kind_of.name}")
        if kind_of.name in _FOREIGN:
            return _FOREIGN[kind_of.name]
        mapped = self._names.of_foreign(kind_of.name)
        spelling = self._by_name(kind_of.name, kind_of.foreign or "struct", mapped)
        if spelling is not None and not kind_of.parts:
            return spelling.text
        raise UntranslatableError(f"the header declares no type {kind_of.name}")


def _end_of_body(text: str, brace: int) -> int:
    depth = 0
    for match in _BRACES.finditer(text, brace):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.end()
    return len(text)


def is_bitfield_unit(name: str) -> bool:
    """Tell whether a field is where bindgen keeps bit-fields."""
    return _BITFIELD.fullmatch(name) is not None


def is_anonymous(name: str) -> bool:
    """Tell whether bindgen made up a field's name for a member that has none."""
    return _ANONYMOUS.fullmatch(name) is not None
