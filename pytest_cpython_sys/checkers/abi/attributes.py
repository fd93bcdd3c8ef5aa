"""What attributes say about an item, in all the forms in which rustdoc has written them.

As in the source up to format 53 (``#[repr(C)]``), as rustc prints its own tree in some of 40 to 53
(``#[attr = Repr([ReprC])]``), and structured since 54. What has no structure of its own is text
still. Format: https://doc.rust-lang.org/nightly/nightly-rustc/rustdoc_json_types/enum.Attribute.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ...late import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["is_exported", "representation", "symbol"]

_NAME: Final = regex(
    r"^#\[(?:unsafe\()?(?:link_name = |export_name = |attr = (?:LinkName|ExportName) ?\{\s*name: )"
    r'"((?:[^"\\]|\\.)*)"'
)
# It keeps LLVM from adding an underscore.
_VERBATIM: Final = regex(r"^(?:\x01|\\u\{0*1\}|\\x01)")
_REPR: Final = regex(r"^#\[(?:repr\(|attr = Repr\b)(.*)", re.DOTALL)
_INTEGER: Final = regex(r"\b[iu](?:8|16|32|64|128|size)\b", re.IGNORECASE)
_EXPORTED: Final = regex(
    r"^(?:no_mangle$|#\[(?:unsafe\()?(?:no_mangle|export_name|attr = (?:NoMangle|ExportName))\b)"
)


def _text(attribute: Any) -> str:
    """Return an attribute that is text; empty if it is structured."""
    if isinstance(attribute, dict):
        return str(attribute.get("other", ""))
    return str(attribute)


def symbol(attributes: Sequence[Any]) -> str:
    """Return the name that is given for the linker; empty if none is."""
    for attribute in attributes:
        if isinstance(attribute, dict) and "export_name" in attribute:
            return str(attribute["export_name"])
        match = _NAME.match(_text(attribute))
        if match is not None:
            return _VERBATIM.sub("", match[1])
    return ""


def is_exported(attributes: Sequence[Any]) -> bool:
    """Tell whether what Rust defines has a name for the linker."""
    return any(
        (isinstance(attribute, dict) and "export_name" in attribute)
        or _EXPORTED.match(_text(attribute)) is not None
        for attribute in attributes
    )


def representation(attributes: Sequence[Any]) -> str:
    """Return ``c``, ``transparent`` or an integer's name; empty for Rust's own."""
    for attribute in attributes:
        if isinstance(attribute, dict) and "repr" in attribute:
            value = attribute["repr"]
            if value["int"]:
                return str(value["int"])
            return "" if value["kind"] == "rust" else str(value["kind"])
        match = _REPR.match(_text(attribute))
        if match is None:
            continue
        integer = _INTEGER.search(match[1])
        if integer is not None:
            return integer[0].lower()
        words = {word.lower().removeprefix("repr") for word in re.findall(r"\w+", match[1])}
        for kind in ("c", "transparent", "simd"):
            if kind in words:
                return kind
    return ""
