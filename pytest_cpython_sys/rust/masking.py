"""Rust source with its comments and literals blanked out, byte for byte.

Lexical structure: https://doc.rust-lang.org/reference/tokens.html
"""

from __future__ import annotations

import re

from ..late import regex

__all__ = ["closing", "mask"]

# Each branch starts with a literal byte, so that the search skips from one of them to the next.
# A quote that opens no character literal is a lifetime's.
_TOKEN = regex(
    rb'"(?<=r")[^"]*"?'
    rb'|#(?<=r#)(?P<hashes>#*)".*?(?:"#(?P=hashes)|\Z)'
    rb'|"[^"\\]*(?:\\.[^"\\]*)*"?'
    rb"|'(?:\\(?:x[0-9a-fA-F]{2}|u\{[^}']{1,10}\}|.)|[^\\'\n\x80-\xff]"
    rb"|[\xc2-\xf4][\x80-\xbf]{1,3})'"
    rb"|//[^\n]*"
    rb"|/\*",
    re.DOTALL,
)
# What opens and what closes, by what opens.
_EDGES = {
    b"(": regex(rb"[()]"),
    b"{": regex(rb"[{}]"),
    b"[": regex(rb"[\[\]]"),
    b"/*": regex(rb"/\*|\*/"),
}
_NOT_NEWLINE = regex(rb"[^\n]")


def closing(text: bytes, start: int, opening: bytes) -> tuple[int, int]:
    """Return where that stands which closes what was opened just before ``start``; they nest.

    At the end of the text if it is never closed.
    """
    depth = 1
    for edge in _EDGES[opening].finditer(text, start):
        depth += 1 if edge[0] == opening else -1
        if depth == 0:
            return edge.span()
    return len(text), len(text)


def mask(source: bytes) -> bytes:
    """Return the source with spaces for comments and for what is between quotes.

    The length, the line ends and the quotes of strings stay.
    """
    parts: list[bytes] = []
    done = 0
    search = _TOKEN.search
    while (match := search(source, done)) is not None:
        start, end = match.span()
        first = source[start]
        if first == 0x2F and source[start + 1] == 0x2A:  # "/*"
            _, end = closing(source, start + 2, b"/*")
        blank = b" " * (end - start)
        if source.find(b"\n", start, end) >= 0:
            blank = _NOT_NEWLINE.sub(b" ", source[start:end])
        if first == 0x22 and end - start > 1:  # a string's quotes show that it is one
            blank = b'"' + blank[1:-1] + b'"'
        parts += (source[done:start], blank)
        done = end
    parts.append(source[done:])
    return b"".join(parts)
