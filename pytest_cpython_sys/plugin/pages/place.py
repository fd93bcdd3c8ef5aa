"""Where the page and drawings go: refused before the build if they cannot be written there."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from typing import TYPE_CHECKING

from ..pytest_compat.configuration import assignment

if TYPE_CHECKING:
    import pytest

    from ..modules.early import EarlyConfig

__all__ = ["check_layouts_path", "check_report_path", "path_of"]

_PAGE = "cpython_sys_report"
_DRAWINGS = "cpython_sys_layouts"
_REMEDY = "choose another file, in a directory that exists and is writable"
_ENDINGS = (".html", ".htm")


def check_report_path(early: EarlyConfig) -> None:
    """Raise pytest.UsageError if the page that is asked for cannot be written."""
    said, typed = _given(early, _PAGE)
    if not said:
        return
    if not typed.strip():
        problem = " is empty: write the name of a file, such as report.html"
    elif not typed.lower().endswith(_ENDINGS):
        # It would take the place of whatever is there, a test's source included.
        problem = f": the name of the file must end with {' or '.join(_ENDINGS)}"
    else:
        why = _obstacle(path_of(early, _PAGE, typed))
        problem = f" cannot be written ({why}): {_REMEDY}" if why else ""
    if problem:
        import pytest

        raise pytest.UsageError(f"{said}{problem}")


def check_layouts_path(early: EarlyConfig) -> None:
    """Raise pytest.UsageError if drawings of layouts are asked for where none can be written."""
    said, typed = _given(early, _DRAWINGS)
    if not typed:
        return
    place = path_of(early, _DRAWINGS, typed)
    while not os.path.lexists(place):  # what is not there is made
        place = os.path.dirname(place)
    if not os.path.isdir(place):
        why = errno.ENOTDIR
    elif not os.access(place, os.W_OK | os.X_OK):
        why = errno.EACCES
    else:
        return
    import pytest

    remedy = "choose another directory"
    raise pytest.UsageError(f"{said} cannot be written ({os.strerror(why)}: {place}): {remedy}")


def path_of(config: pytest.Config | EarlyConfig, option: str, value: str) -> str:
    """Return an option's path: relative to where pytest was called, a key's to rootdir."""
    typed = config.getoption(option, None) is not None
    base = config.invocation_params.dir if typed else config.rootpath
    return os.path.abspath(base / os.path.expanduser(value))


def _given(early: EarlyConfig, option: str) -> tuple[str, str]:
    """Return how a path was given, and the path; "" for none."""
    typed = early.getoption(option)
    if typed is not None:
        return f"--{option.replace('_', '-')}={typed}", typed
    named = early.getini(option)
    said = f"{assignment(early, option)}{named}" if named else ""
    return said, named or ""


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
