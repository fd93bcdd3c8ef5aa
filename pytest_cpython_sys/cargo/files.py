"""Files that others write, of which what cannot be read holds nothing; and their paths."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_inside", "read_bytes", "read_line", "read_toml", "upwards", "write_program"]


def is_inside(path: str, directory: str) -> bool:
    """Tell whether a path lies in a directory or is it. Both absolute and normalised."""
    return path == directory or path.startswith(os.path.join(directory, ""))


def upwards(path: str) -> Iterator[str]:
    """Yield a path, and each directory above it up to the root."""
    yield path
    while (parent := os.path.dirname(path)) != path:
        yield parent
        path = parent


def read_bytes(path: str, size: int = -1) -> bytes:
    """Return what a file holds, or the first ``size`` bytes of it."""
    try:
        with open(path, "rb") as file:
            return file.read(size)
    except OSError:
        return b""


def read_line(path: str, number: int) -> str:
    """Return a line of a text, counted from 1, without its end; "" if there is none."""
    lines = read_bytes(path).split(b"\n", number)
    return lines[number - 1].decode("utf-8", "replace").rstrip("\r") if number <= len(lines) else ""


def read_toml(path: str) -> dict[str, Any]:
    """Return the tables of a file; of one that is no TOML, whoever it is for says what is wrong."""
    raw = read_bytes(path)
    if not raw.strip():
        return {}  # as a rule there is no such file, and nothing has to be imported
    import tomllib

    try:
        return tomllib.loads(raw.decode())
    except ValueError:
        return {}


def write_program(path: str, text: str) -> None:
    """Write a script that can be started. Raises OSError."""
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.chmod(path, 0o700)
