"""What kind of thing a type of Rust is, with its aliases followed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from .rustdoc import Crate, Item
    from .rusttypes import RustType

__all__ = ["constant_form", "is_byte", "is_opaque", "resolved", "scalar_nature"]

Form = Literal["integer", "pointer", "float", "text", "slice", "cstr", "str", "array", "struct", ""]

_INTEGERS: Final = frozenset(
    re.findall(
        r"\w+",
        "i8 u8 i16 u16 i32 u32 i64 u64 isize usize bool c_char c_schar c_uchar c_short c_ushort "
        "c_int c_uint c_long c_ulong c_longlong c_ulonglong size_t ssize_t",
    )
)
_SIGNED: Final = ("c_short", "c_int", "c_long", "c_longlong")
_UNSIGNED: Final = ("c_ushort", "c_uint", "c_ulong", "c_ulonglong")
_FLOATS: Final = frozenset({"f32", "f64", "c_float", "c_double"})


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


def is_byte(kind_of: RustType, crate: Crate) -> bool:
    """Tell whether a type is one of those that C has ``char`` for."""
    return resolved(kind_of, crate).name in ("u8", "i8", "c_char", "c_schar", "c_uchar")


def scalar_nature(kind_of: RustType, crate: Crate) -> str:
    """Return what a scalar is: ``pointer``, ``float``, ``signed``, ``unsigned``; else nothing.

    A character may have a sign or not, and so may what another crate has another name for.
    """
    final = resolved(kind_of, crate)
    if final.kind in ("pointer", "function"):
        return "pointer"
    if final.name in _FLOATS:
        return "float"
    if final.name in ("i16", "i32", "i64", "isize", *_SIGNED):
        return "signed"
    if final.name in ("u16", "u32", "u64", "usize", *_UNSIGNED):
        return "unsigned"
    return ""


def is_opaque(item: Item) -> bool:
    """Tell whether Rust has a type for its pointers alone: nothing in it, and nothing public."""
    if item.kind != "struct" or item.repr not in ("c", "transparent"):
        return False
    for field in item.fields:
        if field.name == "_address" and field.type.name == "u8":
            continue  # how bindgen writes a struct of C++ that has no definition
        if field.public and field.name.isidentifier() and not field.name.startswith("_"):
            return False
        kind_of = field.type
        empty = kind_of.kind == "void" or kind_of.name.startswith("Phantom")
        if not empty and not (kind_of.kind == "array" and kind_of.length == 0):
            return False
    return True
