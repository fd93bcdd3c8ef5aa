"""Directories that runs have left below cargo's target directory, and which of them nobody uses."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

from ..late import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BUILDS", "KEPT_DAYS", "Leftover", "find_leftovers", "note_use", "remove"]

BUILDS: Final = "cpython-sys"
"""What holds the directories of builds, below cargo's target directory."""
KEPT_DAYS: Final = 30
_OURS: Final = "cpython-sys-"
_STAMP: Final = "cpython-sys-used"
_CARGOS: Final = "CACHEDIR.TAG"  # cargo writes it into each of its target directories
_GOING: Final = ".unused"
# cargo's own: it is locked for as long as cargo builds there. Below a profile, below a target.
_LOCK: Final = ".cargo-lock"
_DEPTH: Final = 2
_DAY: Final = 24 * 60 * 60
_BLOCK: Final = 512  # bytes, whatever the file system has: see stat(2)


@dataclass(frozen=True)
class Leftover:
    """A directory of ours."""

    path: str
    used: float
    """When a run used it last, in seconds since the epoch."""
    size: int
    """Bytes on the disk."""
    busy: bool = False
    """Whether cargo builds in it."""

    @property
    def unused(self) -> bool:
        """Whether nobody has used it for `KEPT_DAYS`."""
        return not self.busy and time.time() - self.used > KEPT_DAYS * _DAY


def note_use(directory: str) -> None:
    """Note that a run uses a directory in which cargo has built."""
    with contextlib.suppress(OSError):
        Path(directory, _STAMP).touch()


def find_leftovers(target: str) -> Iterator[Leftover]:
    """Yield what runs have left in one of cargo's target directories, in the order of names."""
    for path in sorted(_directories(os.path.join(target, BUILDS))):
        # The directory may also be that of a profile of the user's, which is called so.
        if any(os.path.isfile(os.path.join(path, name)) for name in (_STAMP, _CARGOS)):
            yield _leftover(path, os.path.join(path, _STAMP))
    for path in sorted(_directories(target)):
        if os.path.basename(path).startswith(_OURS):
            yield _leftover(path, os.path.join(target, _STAMP))


def remove(leftover: Leftover) -> None:
    """Remove a directory. Raises OSError."""
    going = leftover.path
    if not going.endswith(_GOING):
        going += _GOING
        os.rename(leftover.path, going)  # nobody finds half of it
    shutil.rmtree(going)


def _directories(parent: str) -> list[str]:
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    return []


def _leftover(path: str, stamp: str) -> Leftover:
    newest, size, seen = 0.0, 0, set()
    for directory, _, files in os.walk(path):
        for name in (".", *files):
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(directory, name))
                newest = max(newest, status.st_mtime)
                # A file may have several names: cargo links programs to where they are looked for.
                if status.st_ino not in seen:
                    seen.add(status.st_ino)
                    size += status.st_blocks * _BLOCK
    with contextlib.suppress(OSError):
        newest = os.stat(stamp).st_mtime
    used = 0.0 if path.endswith(_GOING) else newest
    return Leftover(path, used, size, any(map(_is_locked, _locks(path, _DEPTH))))


def _locks(directory: str, depth: int) -> Iterator[str]:
    yield os.path.join(directory, _LOCK)
    if depth:
        for path in _directories(directory):
            yield from _locks(path, depth - 1)


def _is_locked(path: str) -> bool:
    if fcntl is None:
        return False
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False
