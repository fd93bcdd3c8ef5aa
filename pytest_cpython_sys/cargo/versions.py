"""Versions of cargo and of Pythons, compared by packaging."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from packaging.version import Version

__all__ = ["major_minor", "parse_version"]


class _Numbers(NamedTuple):
    major: int
    minor: int = 0
    micro: int = 0


def parse_version(text: str) -> Version:
    """Return a version of up to three numbers, to be compared with others. Raises ValueError."""
    try:
        from packaging.version import Version
    except ImportError:
        # CPython's own test suite comes here, too, and has the standard library alone.
        return cast("Version", _Numbers(*map(int, text.split("."))))
    return Version(text)


def major_minor(text: str) -> str:
    """Return the two numbers that all releases of a Python have in common: ``3.13``."""
    version = parse_version(text)
    return f"{version.major}.{version.minor}"
