"""A digest of what answers follow from: contents of files, names in directories, stamps."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Marks", "NotKeptError", "is_settled", "program_stamp"]

_COARSE_CLOCK: Final = 5
"""Linux's CLOCK_REALTIME_COARSE, from which files have their times."""
_COARSE: Final = 2_500_000_000
"""The same where a file system keeps whole seconds, or every other."""


def _tick() -> int:
    """Return the nanoseconds within which a file may change twice and have one time."""
    seconds = time.clock_getres(_COARSE_CLOCK) if sys.platform == "linux" else 0.008
    return int(2.5e9 * seconds)


def _link(entry: os.DirEntry[str]) -> tuple[bool, ...]:
    """Return where a link leads, for cargo does not follow each; nothing of what is no link."""
    if not entry.is_symlink():
        return ()
    return os.path.isfile(entry.path), os.path.isdir(entry.path)


class NotKeptError(Exception):
    """An answer follows from more than we can see."""


def program_stamp(path: str) -> tuple[int, ...] | None:
    """Return what tells a program's versions apart; None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev


def is_settled(stamp: tuple[int, ...]) -> bool:
    """Tell whether a file can no longer change and keep a stamp that was taken just now."""
    newest = max(stamp[1:3])
    width = _tick() if newest % 1_000_000_000 else _COARSE
    return time.time_ns() - newest > width


class Marks:
    """Takes marks one after another."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)

    def add(self, *values: object) -> None:
        """Mark values."""
        self._hash.update(repr(values).encode("utf-8", "surrogateescape"))

    def content(self, path: str) -> bytes:
        """Mark what a file holds, or that there is none, and return it."""
        try:
            with open(path, "rb", buffering=0) as file:
                content = file.readall()
        except OSError as error:
            self.add(path, error.errno)
            return b""
        self.add(path, "", len(content))
        self._hash.update(content)
        return content

    def names(self, directory: str, matters: Callable[[os.DirEntry[str]], bool]) -> list[str]:
        """Mark the names in a directory that matter, which are links, and return the names."""
        try:
            with os.scandir(directory) as entries:
                found = sorted((entry.name, _link(entry)) for entry in entries if matters(entry))
        except OSError as error:
            self.add(directory, error.errno)
            return []
        self.add(directory, found)
        return [name for name, _ in found]

    def stamp(self, path: str) -> None:
        """Mark which version of a program there is. Raises NotKeptError of one changed just now."""
        found = program_stamp(path)
        if found is not None and not is_settled(found):
            raise NotKeptError(path)
        self.add(path, found)

    def digest(self) -> str:
        """Return one word for all marks."""
        return self._hash.hexdigest()
