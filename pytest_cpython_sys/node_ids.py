"""Names of tests as pytest can carry them, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .late import regex

if TYPE_CHECKING:
    import re

__all__ = ["escape", "unescape"]

# pytest cuts ids at "::" and "[", argument files at white space; "%" makes it reversible.
_UNSAFE = regex(r"[%\[\]\s\x00-\x1f\x7f-\x9f]|^:|:$|::")
_ESCAPED = regex(r"(?:%[0-9A-F]{2})+")


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape"))


def escape(level: str) -> str:
    """Return a level of an id without anything that pytest would take for its own."""
    return _UNSAFE.sub(_percent, level) or "%"


def unescape(level: str) -> str:
    """Return what ``escape`` was given."""
    if level == "%":
        return ""
    return _ESCAPED.sub(
        lambda match: bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "surrogateescape"),
        level,
    )
