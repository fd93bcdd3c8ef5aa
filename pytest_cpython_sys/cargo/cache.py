"""Small files below a target directory: whatever is lost is just found out again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .build import Build
    from .command import BuildOptions

__all__ = [
    "cache_path",
    "keep_json",
    "keep_text",
    "locked",
    "read_json",
    "stamp",
    "write_json",
    "write_text",
]

_KEPT = 40


def cache_path(build: Build, options: BuildOptions, kind: str, causes: Iterable[object]) -> str:
    """Return the path of a file that belongs to a build: cargo's own cleaning removes it.

    ``causes`` are all that its content follows from; another path stands for others.
    """
    digest = hashlib.sha256()
    for cause in causes:
        digest.update(repr(cause).encode("utf-8", "surrogateescape"))
    base = options.directory(build.workspace)
    return os.path.join(base, "cpython-sys-cache", kind, f"{digest.hexdigest()[:32]}.json")


def read_json(path: str) -> Any:
    """Return what a file holds; None if there is none, or one that cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError, RecursionError):
        return None


def keep_json(path: str, value: object, most: int = _KEPT) -> None:
    """Write a file if that can be, and let go of those beside it that were written long ago."""
    keep_text(path, json.dumps(value), most)  # `dump` is many times slower


def keep_text(path: str, text: str, most: int = _KEPT) -> None:
    """Write a file if that can be, and let go of those beside it that were written long ago."""
    directory = os.path.dirname(path)
    with contextlib.suppress(OSError):
        os.makedirs(directory, exist_ok=True)
        write_text(path, text)
        with os.scandir(directory) as entries:
            old = sorted(entries, key=lambda entry: entry.stat().st_mtime)[:-most]
        for entry in old:
            os.unlink(entry.path)


def write_json(path: str, value: object) -> None:
    """Write a file in one step: nobody reads half of it. Raises OSError."""
    write_text(path, json.dumps(value))  # `dump` is many times slower


def write_text(path: str, text: str) -> None:
    """Write a file in one step: nobody reads half of it. Raises OSError."""
    temporary = f"{path}.{os.urandom(4).hex()}.part"
    try:
        with open(temporary, "x", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


@contextlib.contextmanager
def locked(directory: str) -> Iterator[None]:
    """Keep other processes away from a directory: workers of pytest-xdist ask all at once.

    Raises OSError.
    """
    os.makedirs(directory, exist_ok=True)
    if fcntl is None:
        yield
        return
    with open(os.path.join(directory, "lock"), "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def stamp(path: str) -> tuple[str, int, int]:
    """Return what tells a file's versions apart: path, bytes, nanoseconds."""
    try:
        status = os.stat(path)
    except OSError:
        return path, -1, -1
    return path, status.st_size, status.st_mtime_ns
