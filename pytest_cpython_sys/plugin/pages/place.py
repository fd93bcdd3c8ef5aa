"""Where the page goes: refused before anything is built if it cannot be written there."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..modules.early import EarlyConfig

__all__ = ["check_report_path"]

_OPTION = "cpython_sys_report"
_ENDINGS = (".html", ".htm")


def check_report_path(early: EarlyConfig) -> None:
    """Raise pytest.UsageError if the page that is asked for cannot be written."""
    typed, base = early.getoption(_OPTION), early.invocation_params.dir
    said = f"--cpython-sys-report={typed}"
    if typed is None:
        typed, base = early.getini(_OPTION), early.rootpath
        said = f"{_OPTION} = {typed}"
        if not typed:
            return
    if not typed.strip():
        why = "no file is named"
    elif not typed.lower().endswith(_ENDINGS):
        # It would take the place of whatever is there, a test's source included.
        why = f"give the name of a file that ends with {' or '.join(_ENDINGS)}"
    else:
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
        if error.filename == path:  # there is only no such page yet
            return ""
        return _of_folder(path, error)
    except OSError as error:
        return f"{error.strerror}: {path}" if error.filename == path else _of_folder(path, error)
    if stat.S_ISDIR(mode):
        return f"{os.strerror(errno.EISDIR)}: {path}"
    return "" if stat.S_ISREG(mode) else f"not a regular file: {path}"


def _of_folder(path: str, error: OSError) -> str:
    folder = os.path.dirname(path)
    # A folder that is there, and takes no files, says the same of them as one that is not.
    words = "files cannot be made there" if os.path.isdir(folder) else error.strerror
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC):
        words = error.strerror
    return f"{words}: {folder}"
