"""Where the page goes: refused before anything is built if it cannot be written there."""

from __future__ import annotations

import os
import stat
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..modules.early import EarlyConfig

__all__ = ["check_report_path"]

_OPTION = "cpython_sys_report"


def check_report_path(early: EarlyConfig) -> None:
    """Raise pytest.UsageError if the page that is asked for cannot be written."""
    typed, base = early.getoption(_OPTION), early.invocation_params.dir
    said = f"--cpython-sys-report={typed}"
    if typed is None:
        typed, base = early.getini(_OPTION), early.rootpath
        said = f"{_OPTION} = {typed}"
    if not typed:
        return
    why = _obstacle(os.path.abspath(os.path.join(base, os.path.expanduser(typed))))
    if why:
        import pytest

        raise pytest.UsageError(f"{said} cannot be written ({why})")


def _obstacle(path: str) -> str:
    """Return what keeps a file from being written; "" if nothing does."""
    try:
        # As in the end: a file beside it takes its place.
        with tempfile.TemporaryFile(dir=os.path.dirname(path)):
            mode = os.stat(path).st_mode
    except FileNotFoundError as error:
        there = error.filename == path  # then there is only no such page yet
        return "" if there else f"{error.strerror}: {os.path.dirname(path)}"
    except OSError as error:
        shown = path if error.filename == path else os.path.dirname(path)
        return f"{error.strerror}: {shown}"
    return "" if stat.S_ISREG(mode) else f"there is no file: {path}"
