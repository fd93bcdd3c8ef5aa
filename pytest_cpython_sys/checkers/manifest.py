"""The table ``[package.metadata.cpython-sys]`` of a manifest: all keys it may have, and readers."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

__all__ = ["ABI_KEYS", "POLICY_KEYS", "TABLE", "MetadataError", "is_plain", "raw_table", "texts"]

TABLE: Final = "package.metadata.cpython-sys"
ABI_KEYS: Final = frozenset(
    {"header", "include-dirs", "flags", "names", "known", "inits", "symbols", "const-is-an-error"}
)
POLICY_KEYS: Final = frozenset(
    {
        *("policies", "module", "calls"),
        *("exports", "cbindgen"),
        *("twin", "twin-tests", "twin-known"),
    }
)
_KEYS: Final = ABI_KEYS | POLICY_KEYS


class MetadataError(Exception):
    """The table holds what cannot be used: the message names the key."""


def raw_table(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the table of a package, empty if it has none. Raises MetadataError."""
    raw = metadata.get("cpython-sys", {})
    if not isinstance(raw, dict):
        raise MetadataError(f"[{TABLE}] is no table")
    unknown = sorted(raw.keys() - _KEYS)
    if unknown:
        allowed = ", ".join(sorted(_KEYS))
        near = get_close_matches(unknown[0], sorted(_KEYS), 1)
        advice = f"did you mean {near[0]!r}? It" if near else "it"
        raise MetadataError(
            f"[{TABLE}] has an unknown key {unknown[0]!r}: {advice} may have {allowed}"
        )
    return raw


def is_plain(text: str) -> bool:
    """Tell whether a text is one line with something in it."""
    return bool(text) and not any(character in text for character in "\n\r\0")


def texts(
    raw: Mapping[str, Any], key: str, pattern: re.Pattern[str] | None = None, hint: str = ""
) -> tuple[str, ...]:
    """Return an array of texts. Raises MetadataError; ``hint`` says what fits the pattern."""
    values = raw.get(key, [])
    if not isinstance(values, list):
        raise MetadataError(f"{TABLE}.{key} is no array")
    for value in values:
        if not isinstance(value, str):
            raise MetadataError(f"{TABLE}.{key}: {value!r} is no text: write it in quotes")
        if not is_plain(value) or (pattern is not None and not pattern.fullmatch(value)):
            advice = f": {hint}" if hint else ""
            raise MetadataError(f"{TABLE}.{key}: {value!r} cannot be used{advice}")
    return tuple(values)
