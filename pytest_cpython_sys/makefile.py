"""Variables of a configured Makefile, expanded; nothing of it is run.

CPython's own reader is ``sysconfig._parse_makefile``: the format is that of make's macros,
https://www.gnu.org/software/make/manual/make.html#Using-Variables
"""

from __future__ import annotations

import re

__all__ = ["parse_makefile"]

_VARIABLE = re.compile(r"^([A-Za-z_][A-Za-z0-9_]*)\s*[:?]?=\s*(.*)$")
_REFERENCE = re.compile(r"\$(?:\(([A-Za-z0-9_]+)\)|\{([A-Za-z0-9_]+)\})")
_DEPTH = 20


def parse_makefile(text: str) -> dict[str, str]:
    """Return all variables. A reference that leads nowhere, or in a circle, becomes empty."""
    raw: dict[str, str] = {}
    for line in text.replace("\\\n", " ").splitlines():
        match = _VARIABLE.match(line)
        if match is not None:
            raw[match[1]] = re.sub(r"(?<!\\)#.*$", "", match[2]).strip()

    def expand(value: str, depth: int) -> str:
        if depth > _DEPTH:
            return ""
        return _REFERENCE.sub(
            lambda match: expand(raw.get(match[1] or match[2], ""), depth + 1), value
        ).replace("$$", "$")

    return {name: expand(value, 0) for name, value in raw.items()}
