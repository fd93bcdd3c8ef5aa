"""What is wrong with a table, told with the lines on which its keys stand.

Text is searched for a key, and parsed up to there to see whether it is the one.
"""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Any, Final

from ...cargo import read_bytes
from ...case import Location, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..metadata import Fault

__all__ = ["faults_verdict", "find_key", "key_line"]

_METADATA: Final = ("package", "metadata")


def faults_verdict(faults: Sequence[Fault], manifest: str) -> Verdict:
    """Return an error that tells all faults of a manifest in their order, each with its place.

    The place of the first is that of the verdict; an editor can open those of the others.
    """
    told = sorted((key_line(manifest, one.keys) if one.keys else 0, one.text) for one in faults)
    (line, first), *rest = told
    shown = os.path.relpath(os.path.realpath(manifest), os.path.realpath(os.curdir))
    lines = [first, *(f"{shown}:{number}: {text}" if number else text for number, text in rest)]
    advice = dict.fromkeys(one.advice for one in faults if one.advice)
    location = Location(manifest, line) if line else None
    return Verdict("error", message="\n".join([*lines, *advice]), location=location)


def key_line(manifest: str, path: Sequence[str]) -> int:
    """Return the line on which a key below ``package.metadata`` is written, counted from 1.

    It is given with the keys around it. If it cannot be found, the innermost of these counts.
    """
    keys = (*_METADATA, *path)
    lines = _lines(manifest)
    found = (_find(lines, keys[:end]) for end in range(len(keys), 0, -1))
    return next(filter(None, found), 1)


def find_key(manifest: str, keys: Sequence[str]) -> int | None:
    """Return the line on which a key is written, counted from 1; None if it cannot be found.

    It is given with the keys around it.
    """
    return _find(_lines(manifest), keys)


def _lines(manifest: str) -> list[str]:
    return read_bytes(manifest).decode("utf-8", "replace").split("\n")


def _find(lines: Sequence[str], keys: Sequence[str]) -> int | None:
    for number, line in enumerate(lines):
        if keys[-1] in line and _defines(lines, number, keys):
            return number + 1
    return None


def _defines(lines: Sequence[str], number: int, keys: Sequence[str]) -> bool:
    """Tell whether the statement of a line, with which others may go on, defines a key.

    Lines before it that name the key do not.
    """
    import tomllib

    for end in range(number + 1, len(lines) + 1):
        try:
            table: Any = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue
        for key in keys:
            table = table.get(key) if isinstance(table, dict) else None
        return table is not None
    return False
