"""The libraries of a workspace as built: what they export, and what they were made of.

What tests did not need is built once, for all packages; what a library exports is kept.
"""

from __future__ import annotations

import os.path
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..cargo import CargoError, cache_path, keep_json, read_json, stamp
from ..object_files.exports import archive_symbols, library_symbols
from ..object_files.reader import Symbol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..cargo import Build, BuildOptions, Package, Target, Workspace
    from .context import BuildContext

__all__ = ["Libraries", "LibraryFailedError", "apart", "collides"]


class LibraryFailedError(CargoError):
    """A library does not build, and there is an item that says so."""


def collides(workspace: Workspace, package: Package) -> bool:
    """Tell whether two packages of a workspace have shared libraries of one name.

    Cargo gives them no hash: in one directory they are written over each other.
    """
    names = [
        one.library.crate_name
        for one in workspace.packages
        if one.library is not None and "cdylib" in one.library.crate_types
    ]
    return package.library is not None and names.count(package.library.crate_name) > 1


def apart(options: BuildOptions, workspace: Workspace, package: Package) -> BuildOptions:
    """Return the options that build a package's library where no other one of its name is."""
    if not collides(workspace, package):
        return options
    directory = os.path.join(options.directory(workspace), "cpython-sys-apart", package.name)
    return replace(options, packages=(package.name,), target_dir=directory)


class Libraries:
    """The libraries of a workspace's members."""

    def __init__(self, context: BuildContext) -> None:
        self._context = context
        self._build = context.build

    @cached_property
    def more(self) -> Build:
        """The build of all libraries, as others link to them. Raises CargoError."""
        return self._context.cargo.build_libraries(self._build, self._context.options)

    def symbols(
        self, package: Package, target: Target, crates: Collection[str]
    ) -> list[Symbol] | None:
        """Return what a package exports; None where the format of its library is not known.

        ``crates`` are those whose part in a static library counts. Raises
        LibraryFailedError, CargoError with cargo's words, OSError.
        """
        path = self._find(self._build, package, target)
        if path is not None and "cdylib" in target.crate_types:
            return library_symbols(path)
        self._check(package, target)
        return self._kept(package, target, crates)

    def path(self, package: Package, target: Target) -> str:
        """Return a package's shared library, else its static one, made if need be.

        Raises LibraryFailedError, CargoError with cargo's words.
        """
        path = self._find(self._build, package, target)
        if path is None:
            self._check(package, target)
            path = self._find(self.more, package, target)
        if path is None:
            errors = [error.rendered for error in self.more.errors(package.id, target)]
            words = "\n".join(errors) or self.more.words
            raise CargoError(f"the library does not build\n{words}")
        return path

    def _apart(self, package: Package) -> str:
        options = apart(self._context.options, self._build.workspace, package)
        build = self._context.cargo.build_library(
            self._build.workspace, package, options, extra_environment=self._build.environment
        )
        path = build.shared_library(package)
        if path is None:
            raise CargoError(f"the library does not build\n{build.words}")
        return path

    @staticmethod
    def _find(build: Build, package: Package, target: Target) -> str | None:
        shared = "cdylib" in target.crate_types
        return build.shared_library(package) if shared else build.static_library(package)

    def _check(self, package: Package, target: Target) -> None:
        """Raise LibraryFailedError if it is known that a library does not build."""
        build = self._build
        if build.failed(package, target) or not (build.success or build.is_built(package, target)):
            raise LibraryFailedError("the library does not build: see `@build`")

    def sources(self, package: Package, target: Target) -> Sequence[str] | None:
        """Return the files of a library that no test needs; None if it cannot be built."""
        try:
            more = self.more
        except CargoError:
            return None
        return more.sources(more.unit(package, target, test=False))

    def _kept(
        self, package: Package, target: Target, crates: Collection[str]
    ) -> list[Symbol] | None:
        """Return what was read when these very artifacts were built: cargo need not be asked."""
        build = self._build
        units = [build.unit(package, target, test=test) for test in (False, True)]
        if all(unit.artifact is None for unit in units):
            return self._read(package, target, crates)  # nothing there changes with its sources
        # Cargo names them in an order that varies.
        files = sorted(name for artifact in build.artifacts for name in artifact.filenames)
        causes = [package.id, target.crate_types, sorted(crates), [stamp(name) for name in files]]
        path = cache_path(build, self._context.options, "exports", causes)
        kept: Any = read_json(path)
        if isinstance(kept, dict) and all(list(stamp(one[0])) == one for one in kept["files"]):
            return [Symbol(*entry) for entry in kept["symbols"]]
        found = self._read(package, target, crates)
        if found is not None and build.success:
            # A test may leave out a file that the library is made of.
            sources = self.sources(package, target) or ()
            keep_json(path, {"files": [stamp(name) for name in sources], "symbols": found})
        return found

    def _read(
        self, package: Package, target: Target, crates: Collection[str]
    ) -> list[Symbol] | None:
        path = self.path(package, target)
        if "cdylib" in target.crate_types:
            return library_symbols(path)
        return archive_symbols(path, crates)
