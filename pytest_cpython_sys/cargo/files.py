"""Files that others write: what cannot be read holds nothing."""

from __future__ import annotations

import os
import tomllib
from typing import Any

__all__ = ["read_bytes", "read_toml", "write_program"]


def read_bytes(path: str, size: int = -1) -> bytes:
    """Return what a file holds, or the first ``size`` bytes of it."""
    try:
        with open(path, "rb") as file:
            return file.read(size)
    except OSError:
        return b""


def read_toml(path: str) -> dict[str, Any]:
    """Return the tables of a file; of one that is no TOML, whoever it is for says what is wrong."""
    try:
        return tomllib.loads(read_bytes(path).decode())
    except ValueError:
        return {}


def write_program(path: str, text: str) -> None:
    """Write a script that can be started. Raises OSError."""
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.chmod(path, 0o700)
