"""What ``[package.metadata.cpython-sys]`` says of a package's C header, checked.

Whatever is used in C source or on a command line is checked here: names are identifiers, and
expressions hold no quote, no line end and no directive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..manifest import (
    TABLE,
    MetadataError,
    is_plain,
    raw_table,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AbiTable", "MetadataError", "read_table"]

_TYPE_NAME = re.compile(r"(?:(?:struct|union|enum) )?[A-Za-z_]\w*|")
_SYMBOL = re.compile(r"[A-Za-z_]\w*")
_RUST_NAME = re.compile(r"[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*")
_EXPRESSION = re.compile(r"[A-Za-z0-9_ (){}\[\],.+\-*/%<>|&^~!=?:]+")
_KNOWN = re.compile(r"(?:layout|const|init|fn|static|opaque|symbol)::[A-Za-z_]\w*(?:::\w+)*")


@dataclass(frozen=True)
class AbiTable:
    """What a package says about its C header."""

    header: str | None = None
    """Relative to the package."""
    include_dirs: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """C's name for a Rust name; empty for one that has no counterpart in C."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Why an item (``layout::PyObject``) is known to differ."""
    inits: Mapping[str, str] = field(default_factory=dict)
    """C's initialiser for a Rust constant."""
    symbols: tuple[str, ...] = ()
    """What the interpreter must export."""
    const_is_an_error: bool = False


def read_table(metadata: Mapping[str, Any]) -> AbiTable:
    """Return the table of a package, empty if it has none. Raises MetadataError."""
    raw = raw_table(metadata)
    header = raw.get("header")
    if header is not None and (
        not isinstance(header, str) or not is_plain(header) or '"' in header
    ):
        raise MetadataError(f"{TABLE}.header: {header!r} is no path that an #include can name")
    strict = raw.get("const-is-an-error", False)
    if not isinstance(strict, bool):
        raise MetadataError(f"{TABLE}.const-is-an-error: {strict!r} is neither true nor false")
    return AbiTable(
        header=header,
        include_dirs=texts(raw, "include-dirs"),
        flags=texts(raw, "flags"),
        names=_table(raw, "names", _RUST_NAME, _TYPE_NAME, "a name of C"),
        known=_table(raw, "known", _KNOWN, None, ""),
        inits=_table(raw, "inits", _RUST_NAME, _EXPRESSION, "an initialiser without quotes"),
        symbols=texts(raw, "symbols", _SYMBOL),
        const_is_an_error=strict,
    )


def _table(
    raw: Mapping[str, Any],
    key: str,
    names: re.Pattern[str],
    values: re.Pattern[str] | None,
    wanted: str,
) -> dict[str, str]:
    table = raw.get(key, {})
    if not isinstance(table, dict):
        raise MetadataError(f"{TABLE}.{key} is no table")
    for name, value in table.items():
        if not names.fullmatch(name):
            raise MetadataError(f"{TABLE}.{key}: {name!r} is no name")
        if not isinstance(value, str) or (values is not None and not values.fullmatch(value)):
            wanted = wanted or "a text"
            raise MetadataError(f"{TABLE}.{key}.{name}: {value!r} is not {wanted}")
    return dict(table)
