"""Versions of cargo and rustc, and of Pythons, compared by packaging."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from ..late import dataclass

if TYPE_CHECKING:
    from packaging.version import Version

__all__ = ["OLDEST", "Toolchain", "major_minor", "parse_version", "read_toolchain"]

# `--no-fail-fast` builds on past a broken target since then.
OLDEST: Final = "1.74"
"""The first release whose `cargo test` has all that is passed to it."""


@dataclass(frozen=True)
class Toolchain:
    """The versions of cargo and rustc, as ``cargo -V`` and ``rustc -vV`` print them."""

    cargo: str
    rustc: str
    host: str
    """The target triple of this machine."""

    @property
    def is_too_old(self) -> bool:
        """Whether cargo is older than `OLDEST`; two numbers need no packaging, which takes time."""
        release, oldest = (version.split(".")[:2] for version in (self.cargo, OLDEST))
        return [*map(int, release)] < [*map(int, oldest)]

    @property
    def is_unstable(self) -> bool:
        """Whether unstable features need no permission: a nightly, or a compiler of one's own."""
        return "nightly" in self.rustc or "dev" in self.rustc


def read_toolchain(cargo: str, rustc: str) -> Toolchain | None:
    """Return what ``cargo -V`` and ``rustc -vV`` have printed; None if the first is no cargo."""
    match = re.search(r"\d+\.\d+\.\d+\S*", cargo)
    if match is None:
        return None
    fields = dict(line.split(": ", 1) for line in rustc.splitlines() if ": " in line)
    return Toolchain(match[0], fields.get("release", "unknown"), fields.get("host", ""))


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
    return ".".join(text.split(".")[:2])
