"""Paths: which lies in which, and what lies above one."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_inside", "upwards"]


def is_inside(path: str, directory: str) -> bool:
    """Tell whether a path lies in a directory or is it. Both absolute and normalised."""
    return path == directory or path.startswith(os.path.join(directory, ""))


def upwards(path: str) -> Iterator[str]:
    """Yield a path, and each directory above it up to the root."""
    yield path
    while (parent := os.path.dirname(path)) != path:
        yield parent
        path = parent
