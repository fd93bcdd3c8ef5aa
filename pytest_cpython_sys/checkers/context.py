"""What a checker is given: a finished build, and how its tests are to be run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..cargo import Build, BuildOptions, Cargo, Package
    from ..interpreter import Interpreter

__all__ = ["BuildContext", "RunOptions"]


@dataclass(frozen=True)
class RunOptions:
    """How tests run. ``grace``: seconds between SIGTERM and SIGKILL."""

    timeout: float | None = None
    """Seconds that one test may take."""
    grace: float = 2.0
    isolate: bool = False
    """One process a test."""
    ignored: str = "default"
    """Which ignored tests run: ``default`` (none), ``only`` those, ``all``."""
    doctests: bool = True
    abi: str = "auto"
    """What the C compiler is asked about: ``auto`` (what is written by hand), ``all``, ``off``."""
    on_slow: Callable[[str], None] | None = None
    """Is told of a test that has run for a minute, from another thread."""


@dataclass(frozen=True)
class BuildContext:
    """A build of a workspace with all that is needed to check it."""

    cargo: Cargo
    build: Build
    options: BuildOptions
    run: RunOptions = field(default_factory=RunOptions)
    library_directories: Callable[[Package], tuple[str, ...]] = lambda _: ()
    """Directories that a package's test processes need on the library path, beyond cargo's."""
    selects: Callable[[str], bool] = lambda _: True
    """Whether a package was asked for, by its name."""
    interpreter: Interpreter | None = None
    """The target Python: its compiler, flags and include directories."""
