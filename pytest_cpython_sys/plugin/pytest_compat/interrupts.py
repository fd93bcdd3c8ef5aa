"""Where an interrupt is said to have come: a place of the user's, not where we wait."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from _pytest._code.code import Traceback, TracebackEntry  # no public names (8.3 to 9.2)

from ..failures.errors import traceback_to

if TYPE_CHECKING:
    import pytest

    from ...case import Case

__all__ = ["lead_elsewhere"]

_OURS: Final = Path(__file__).parents[2]
_INSTALLED: Final = ("site-packages", "dist-packages", "_pytest", "pluggy")


def lead_elsewhere(
    excinfo: pytest.ExceptionInfo[BaseException], awaited: Case | None, otherwise: Path
) -> None:
    """Make an interrupt that has come in our code lead to the test that was waited for.

    Where there is none it leads to the code that has called us, and to ``otherwise`` where that is
    no code of the user's. A traceback is taken as it is and replaced as a whole (8.3 to 9.2).
    """
    last_ours = last_users = -1
    for number, entry in enumerate(excinfo.traceback):
        if _is_ours(entry.path):
            last_ours = number
        elif _is_users(entry.path):
            last_users = number
    if last_users >= last_ours:
        return
    if awaited is None and last_users >= 0:
        excinfo.traceback = Traceback(excinfo.traceback[: last_users + 1])
        return
    if awaited is None:
        places, name = [(os.fspath(otherwise), 1)], "build"
    else:
        places, name = [(awaited.file, awaited.line)], "::".join(awaited.levels)
    traceback = traceback_to(places, name)
    if traceback is not None:
        excinfo.traceback = Traceback([_PlainEntry(traceback)])


class _PlainEntry(TracebackEntry):
    """A place whose source pytest does not try to read as Python's."""

    def getsource(self, astcache: object = None) -> None:
        """Return nothing."""


def _is_ours(path: Path | str) -> bool:
    return Path(path).is_relative_to(_OURS)


def _is_users(path: Path | str) -> bool:
    path = Path(path)
    if path.is_relative_to(os.path.dirname(os.__file__)):
        return False
    return path.is_absolute() and not any(name in path.parts for name in _INSTALLED)
