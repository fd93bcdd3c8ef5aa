"""Rust source with its comments and literals blanked out, byte for byte.

Lexical structure: https://doc.rust-lang.org/reference/tokens.html
"""

from __future__ import annotations

import re

__all__ = ["mask"]

# Each branch starts with a literal byte, so that the search skips from one of them to the next.
# A quote that opens no character literal is a lifetime's.
_TOKEN = re.compile(
    rb'"(?<=r")[^"]*"?'
    rb'|#(?<=r#)(?P<hashes>#*)".*?(?:"#(?P=hashes)|\Z)'
    rb'|"[^"\\]*(?:\\.[^"\\]*)*"?'
    rb"|'(?:\\(?:x[0-9a-fA-F]{2}|u\{[^}']{1,10}\}|.)|[^\\'\n\x80-\xff]"
    rb"|[\xc2-\xf4][\x80-\xbf]{1,3})'"
    rb"|//[^\n]*"
    rb"|/\*",
    re.DOTALL,
)
_COMMENT_EDGE = re.compile(rb"/\*|\*/")
_NOT_NEWLINE = re.compile(rb"[^\n]")


def _block_comment_end(source: bytes, position: int) -> int:
    """Return the end of a block comment; they nest."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(source, position + 2):
        depth += 1 if edge[0] == b"/*" else -1
        if depth == 0:
            return edge.end()
    return len(source)


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
            end = _block_comment_end(source, start)
        blank = b" " * (end - start)
        if source.find(b"\n", start, end) >= 0:
            blank = _NOT_NEWLINE.sub(b" ", source[start:end])
        if first == 0x22 and end - start > 1:  # a string's quotes show that it is one
            blank = b'"' + blank[1:-1] + b'"'
        parts += (source[done:start], blank)
        done = end
    parts.append(source[done:])
    return b"".join(parts)
