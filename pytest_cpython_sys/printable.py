"""What programs print, without what would steer a terminal or is no XML."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["printable"]

# Control sequences of ECMA-48, operating system commands (titles, links), and shorter ones.
_SEQUENCE: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])"
)
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_PICTURES: Final = 0x2400
_DELETE: Final = "\x7f"


def _picture(match: re.Match[str]) -> str:
    character = match[0]
    if character < " ":
        return chr(_PICTURES + ord(character))
    return "\u2421" if character == _DELETE else character.encode("unicode_escape").decode()


def printable(text: str) -> str:
    r"""Return a text whose only control characters are newlines and tabs.

    Colours and the like are dropped; any other character is shown by its picture (``␀``), or
    escaped. A line that was written over (``\r``) is a line of its own.
    """
    if _CONTROL.search(text) is None:
        return text
    text = _SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub(_picture, text)
