"""Small JSON files below a target directory: whatever is lost is just found out again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .build import Build
    from .command import BuildOptions

__all__ = ["cache_path", "keep_json", "read_json"]

_KEPT = 40


def cache_path(build: Build, options: BuildOptions, kind: str, causes: Iterable[object]) -> str:
    """Return the path of a file that belongs to a build: cargo's own cleaning removes it.

    ``causes`` are all that its content follows from; another path stands for others.
    """
    digest = hashlib.sha256()
    for cause in causes:
        digest.update(repr(cause).encode("utf-8", "surrogateescape"))
    base = options.target_dir or build.workspace.target_directory
    base = os.path.join(build.workspace.root, base)
    return os.path.join(base, "cpython-sys-cache", kind, f"{digest.hexdigest()[:32]}.json")


def read_json(path: str) -> Any:
    """Return what a file holds; None if there is none, or one that cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError, RecursionError):
        return None


def keep_json(path: str, value: object) -> None:
    """Write a file in one step, and let go of those that were written long ago."""
    directory = os.path.dirname(path)
    with contextlib.suppress(OSError):
        os.makedirs(directory, exist_ok=True)
        fd, temporary = tempfile.mkstemp(dir=directory, suffix=".part")
        with open(fd, "w", encoding="utf-8") as file:
            json.dump(value, file)
        os.replace(temporary, path)
        with os.scandir(directory) as entries:
            old = sorted(entries, key=lambda entry: entry.stat().st_mtime)[:-_KEPT]
        for entry in old:
            os.unlink(entry.path)
