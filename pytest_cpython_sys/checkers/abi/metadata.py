"""The table ``[package.metadata.cpython-sys]`` of a manifest, checked.

Whatever is used in C source or on a command line is checked here: names are identifiers, and
expressions hold no quote, no line end and no directive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AbiTable", "MetadataError", "read_table"]

TABLE: Final = "package.metadata.cpython-sys"
_KEYS: Final = frozenset(
    {"header", "include-dirs", "flags", "names", "known", "inits", "symbols", "const-is-an-error"}
)
_TYPE_NAME = re.compile(r"(?:(?:struct|union|enum) )?[A-Za-z_]\w*|")
_SYMBOL = re.compile(r"[A-Za-z_]\w*")
_RUST_NAME = re.compile(r"[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*")
_EXPRESSION = re.compile(r"[A-Za-z0-9_ (){}\[\],.+\-*/%<>|&^~!=?:]+")
_KNOWN = re.compile(r"(?:layout|const|init|fn|static|opaque|symbol)::[A-Za-z_]\w*(?:::\w+)*")


class MetadataError(Exception):
    """The table holds what cannot be used: the message names the key."""


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
    raw = metadata.get("cpython-sys", {})
    if not isinstance(raw, dict):
        raise MetadataError(f"[{TABLE}] is no table")
    unknown = sorted(raw.keys() - _KEYS)
    if unknown:
        allowed = ", ".join(sorted(_KEYS))
        raise MetadataError(f"[{TABLE}] has an unknown key {unknown[0]!r}: it may have {allowed}")
    header = raw.get("header")
    if header is not None and (not isinstance(header, str) or not _plain(header) or '"' in header):
        raise MetadataError(f"{TABLE}.header: {header!r} is no path that an #include can name")
    strict = raw.get("const-is-an-error", False)
    if not isinstance(strict, bool):
        raise MetadataError(f"{TABLE}.const-is-an-error: {strict!r} is neither true nor false")
    return AbiTable(
        header=header,
        include_dirs=_list(raw, "include-dirs"),
        flags=_list(raw, "flags"),
        names=_table(raw, "names", _RUST_NAME, _TYPE_NAME, "a name of C"),
        known=_table(raw, "known", _KNOWN, None, ""),
        inits=_table(raw, "inits", _RUST_NAME, _EXPRESSION, "an initialiser without quotes"),
        symbols=_list(raw, "symbols", _SYMBOL),
        const_is_an_error=strict,
    )


def _plain(text: str) -> bool:
    return bool(text) and not any(character in text for character in "\n\r\0")


def _list(
    raw: Mapping[str, Any], key: str, pattern: re.Pattern[str] | None = None
) -> tuple[str, ...]:
    values = raw.get(key, [])
    if not isinstance(values, list):
        raise MetadataError(f"{TABLE}.{key} is no array")
    for value in values:
        good = isinstance(value, str) and _plain(value)
        if not good or (pattern is not None and not pattern.fullmatch(value)):
            raise MetadataError(f"{TABLE}.{key}: {value!r} cannot be used")
    return tuple(values)


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
