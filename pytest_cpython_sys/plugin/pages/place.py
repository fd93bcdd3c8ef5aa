"""Where the page goes: refused before anything is built if it cannot be written there."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from typing import TYPE_CHECKING

from ..pytest_compat.configuration import assignment

if TYPE_CHECKING:
    from ..modules.early import EarlyConfig

__all__ = ["check_report_path"]

_OPTION = "cpython_sys_report"
_REMEDY = "choose another file, in a directory that exists and is writable"
_ENDINGS = (".html", ".htm")


def check_report_path(early: EarlyConfig) -> None:
    """Raise pytest.UsageError if the page that is asked for cannot be written."""
    typed, base = early.getoption(_OPTION), early.invocation_params.dir
    said = f"--cpython-sys-report={typed}"
    if typed is None:
        typed, base = early.getini(_OPTION), early.rootpath
        said = f"{assignment(early, _OPTION)}{typed}"
        if not typed:
            return
    if not typed.strip():
        problem = " is empty: write the name of a file, such as report.html"
    elif not typed.lower().endswith(_ENDINGS):
        # It would take the place of whatever is there, a test's source included.
        problem = f": the name of the file must end with {' or '.join(_ENDINGS)}"
    else:
        why = _obstacle(os.path.abspath(os.path.join(base, os.path.expanduser(typed))))
        problem = f" cannot be written ({why}): {_REMEDY}" if why else ""
    if problem:
        import pytest

        raise pytest.UsageError(f"{said}{problem}")


def _obstacle(path: str) -> str:
    """Return what keeps a file from being written; "" if nothing does."""
    folder = os.path.dirname(path)
    try:
        # As in the end: a file beside it takes its place.
        with tempfile.TemporaryFile(dir=folder):
            mode = os.stat(path).st_mode
    except OSError as error:
        if error.filename == path:
            there_is_none = isinstance(error, FileNotFoundError)  # that is how it should be
            return "" if there_is_none else f"{error.strerror}: {path}"
        # A folder that is there, and takes no files, says the same as one that is not.
        refuses = isinstance(error, FileNotFoundError) and os.path.isdir(folder)
        return f"{'no file can be created there' if refuses else error.strerror}: {folder}"
    if stat.S_ISDIR(mode):
        return f"{os.strerror(errno.EISDIR)}: {path}"
    return "" if stat.S_ISREG(mode) else f"not a regular file: {path}"
