"""What a module declares in its definition, in the numbers of the target Python's headers."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from ...cargo import read_bytes
from ...late import dataclass, regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Declaration", "declaration", "numbers"]

# As of Python 3.13; a header of the target Python that says otherwise wins.
_USUAL: Final = {
    "Py_mod_multiple_interpreters": 3,
    "Py_mod_gil": 4,
    "Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED": 0,
    "Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED": 1,
    "Py_MOD_PER_INTERPRETER_GIL_SUPPORTED": 2,
    "Py_MOD_GIL_USED": 0,
    "Py_MOD_GIL_NOT_USED": 1,
}
_HEADERS: Final = ("moduleobject.h", "slots.h", "slots_generated.h")
_DEFINE: Final = regex(
    r"^[ \t]*#[ \t]*define[ \t]+(Py_(?:mod|MOD)_\w+)[ \t]+"
    r"(?:\(\(void ?\*\) ?(\d+)\)|_Py_SLOT_COMPAT_VALUE\(\d+, ?(\d+)\)|(\d+)$)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Declaration:
    """What a module says of itself."""

    interpreters: str | None = None
    """The name of what it says of sub-interpreters, None if it says nothing."""
    gil: str | None = None
    """The name of what it says of the GIL, None if it says nothing."""
    single_phase: bool = False
    """Whether it was made in a single phase."""
    kept: bool = False
    """Whether Python keeps it for good: its state is not its own."""
    unknown: str | None = None
    """Why none of this is known."""


@cache
def numbers(include_dirs: tuple[str, ...]) -> Mapping[str, int]:
    """Return the numbers of slots and of their values."""
    found = dict(_USUAL)
    for directory in reversed(include_dirs):
        for name in _HEADERS:
            text = read_bytes(os.path.join(directory, name)).decode("utf-8", "replace")
            for match in _DEFINE.finditer(text):
                if match[1] in _USUAL:
                    found[match[1]] = int(match[2] or match[3] or match[4])
    return found


def declaration(raw: Mapping[str, Any], known: Mapping[str, int]) -> Declaration:
    """Return what the slots mean that a process has read."""
    if "unknown" in raw:
        return Declaration(unknown=raw["unknown"])
    slots = [(number, value) for number, value in raw["slots"]]
    return Declaration(
        interpreters=_name(
            slots,
            known,
            "Py_mod_multiple_interpreters",
            ("Py_MOD_MULTIPLE_INTERPRETERS_", "Py_MOD_PER_INTERPRETER_"),
        ),
        gil=_name(slots, known, "Py_mod_gil", ("Py_MOD_GIL_",)),
        single_phase=raw["single"],
        kept=raw["size"] < 0,
    )


def _name(
    slots: Iterable[tuple[int, int]], known: Mapping[str, int], slot: str, prefixes: tuple[str, ...]
) -> str | None:
    """Return the name of a slot's value; 3.15 and newer take a slot's former number too."""
    wanted = {known[slot], _USUAL[slot]} if known[slot] > _USUAL[slot] else {known[slot]}
    for number, value in slots:
        if number in wanted:
            names = (name for name in known if name.startswith(prefixes))
            return next((name for name in names if known[name] == value), f"{slot} = {value}")
    return None
