"""A target compiled in one way."""

from __future__ import annotations

import contextlib
import os
from functools import lru_cache
from typing import TYPE_CHECKING

from ..late import dataclass

if TYPE_CHECKING:
    from .depinfo import RustcCall
    from .messages import Artifact
    from .metadata import Package, Target

__all__ = ["Unit"]


@dataclass(frozen=True)
class Unit:
    """A target compiled in one way: as a test, or as what tests link to."""

    package: Package
    target: Target
    test: bool
    artifact: Artifact | None
    call: RustcCall | None
    platform: str = ""
    """The triple that it is compiled for; empty for the host, where nobody names that."""

    @property
    def depinfo(self) -> str | None:
        """Path of the unit's dep-info file, as this build's own messages name it."""
        if self.artifact is not None:
            if self.artifact.executable:
                return _depinfo_of_program(self.artifact.executable, self.target.crate_name)
            for name in self.artifact.filenames:
                # Beside the file, under its name: of a library that is loaded, without a hash.
                directory, base = os.path.split(os.path.splitext(name)[0])
                if os.path.basename(directory) == "deps":
                    return os.path.join(directory, base.removeprefix("lib") + ".d")
            if self.artifact.filenames and {"cdylib", "dylib"} & {*self.target.crate_types}:
                directory = os.path.dirname(self.artifact.filenames[0])
                return os.path.join(directory, "deps", f"{self.target.crate_name}.d")
        return self.call.depinfo if self.call is not None else None

    @property
    def features(self) -> tuple[str, ...]:
        """The features of the package that it was compiled with, sorted."""
        if self.artifact is not None:
            return tuple(sorted(self.artifact.features))
        return self.call.features if self.call is not None else ()

    @property
    def key(self) -> tuple[bool, tuple[str, ...], str]:
        """What tells the ways apart in which a build compiles one target."""
        return self.test, self.features, self.platform


def _depinfo_of_program(path: str, crate_name: str) -> str:
    """Return the path of rustc's own dep-info of an executable.

    Of a program that is no test, cargo names its copy without a hash, which is a link to the file
    itself; the dep-info beside that copy is cargo's, and lists the sources of dependencies, too.
    """
    with contextlib.suppress(OSError):
        status = os.stat(path)
        stamp = status.st_dev, status.st_ino, status.st_mtime_ns
        path = _linked_program(path, crate_name, stamp) or path
    return path.removesuffix(".exe") + ".d"


@lru_cache(maxsize=1024)
def _linked_program(path: str, crate_name: str, stamp: tuple[int, int, int]) -> str | None:
    directory = os.path.dirname(path)
    for place in (os.path.join(directory, "deps"), directory):
        for name in os.listdir(place) if os.path.isdir(place) else ():
            if name.startswith(f"{crate_name}-") and not name.endswith(".d"):
                status = os.stat(os.path.join(place, name))
                if (status.st_dev, status.st_ino) == stamp[:2]:
                    return os.path.join(place, name)
    return None
