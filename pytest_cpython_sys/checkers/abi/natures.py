"""What kind of thing a type of Rust is, with its aliases followed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .rustdoc import Crate, Item
    from .rusttypes import RustType

__all__ = [
    "constant_form",
    "is_byte",
    "is_marker",
    "is_opaque",
    "is_truncated",
    "resolved",
    "values_in",
]

Form = Literal["integer", "pointer", "float", "text", "slice", "cstr", "str", "array", "struct", ""]

_INTEGERS: Final = frozenset(
    re.findall(
        r"\w+",
        "i8 u8 i16 u16 i32 u32 i64 u64 isize usize bool c_char c_schar c_uchar c_short c_ushort "
        "c_int c_uint c_long c_ulong c_longlong c_ulonglong size_t ssize_t",
    )
)
_FLOATS: Final = frozenset({"f32", "f64", "c_float", "c_double"})
_HIDDEN: Final = ("_", *"0123456789")
"""How a field begins that nobody is to use, or one of a tuple."""


def resolved(kind_of: RustType, crate: Crate) -> RustType:
    """Return a type with the aliases of the crate followed."""
    for _ in range(32):
        item = crate.types.get(kind_of.id) if kind_of.kind == "path" else None
        if kind_of.name == "Option" and len(kind_of.parts) == 1:
            inner = resolved(kind_of.parts[0], crate)
            return inner if inner.kind in ("pointer", "function") else kind_of
        if item is None or item.kind != "alias" or item.type is None or item.generic:
            break
        kind_of = item.type
    return kind_of


def constant_form(kind_of: RustType, crate: Crate) -> Form:
    """Return how a constant of a type can be compared; empty if it cannot."""
    final = resolved(kind_of, crate)
    if final.kind == "pointer":
        pointee = final.parts[0]
        if pointee.kind == "array" and is_byte(pointee.parts[0], crate):
            return "text"
        if pointee.name == "slice":
            return "slice" if pointee.parts and is_byte(pointee.parts[0], crate) else ""
        if pointee.name in ("CStr", "str"):
            return "cstr" if pointee.name == "CStr" else "str"
        return "pointer"
    if final.kind == "function":
        return "pointer"
    if final.kind == "array":
        element = constant_form(final.parts[0], crate)
        return "array" if element in ("integer", "float", "struct") else ""
    if final.name in _FLOATS:
        return "float"
    if final.kind == "primitive":
        return "integer" if final.name in _INTEGERS else ""
    if final.kind == "path":
        item = crate.types.get(final.id)
        if item is not None:
            if item.kind == "enum":
                return "integer"
            return "" if item.generic else "struct"
        if final.name in _INTEGERS or final.foreign == "type_alias":
            return "integer"
        return "struct" if final.foreign in ("struct", "union") and not final.parts else ""
    return ""


def values_in(kind_of: RustType, crate: Crate, *, behind: bool = False) -> Iterator[str]:
    """Yield the ids of types that a type uses by value: a function does, whatever leads to it.

    ``behind``: the type stands behind a pointer, or is named alone.
    """
    final = resolved(kind_of, crate)
    if final.kind == "path" and final.id and not behind:
        yield final.id
    is_function = final.kind == "function"
    if is_function or final.kind in ("pointer", "array"):
        for part in final.parts:
            in_place = is_function or (final.kind == "array" and not behind)
            yield from values_in(part, crate, behind=not in_place)


def is_byte(kind_of: RustType, crate: Crate) -> bool:
    """Tell whether a type is one of those that C has ``char`` for."""
    return resolved(kind_of, crate).name in ("u8", "i8", "c_char", "c_schar", "c_uchar")


def is_marker(kind_of: RustType) -> bool:
    """Tell whether a field of a type takes no room."""
    empty = kind_of.kind == "array" and kind_of.length == 0
    return empty or kind_of.kind == "void" or kind_of.name.startswith("Phantom")


def is_opaque(item: Item) -> bool:
    """Tell whether Rust has a type for its pointers alone: there is nothing in it."""
    if item.kind == "enum":
        return item.uninhabited
    if item.kind != "struct" or item.generic:
        return False
    for field in item.fields:
        if field.name == "_address" and field.type.name == "u8":
            continue  # how bindgen writes a struct of C++ that has no definition
        if not is_marker(field.type) and field.type.name != "c_void":
            return False
        if field.public and field.type.kind == "array" and not field.name.startswith(_HIDDEN):
            return False  # the array at the end of a struct, and nothing before it
    return True


def is_truncated(item: Item) -> bool:
    """Tell whether a struct ends with what says that C's goes on."""
    if item.kind != "struct" or len(item.fields) < 2:
        return False
    last = item.fields[-1]
    if last.type.kind == "array" and last.public and not last.name.startswith("_"):
        return False
    return is_marker(last.type) or last.type.name == "c_void"
