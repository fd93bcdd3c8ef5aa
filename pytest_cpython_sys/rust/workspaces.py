"""Which workspaces there are at a place and below it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..cargo import ManifestError, patched_manifests
from ..python.checkout import CRATES, has_entries_of_checkout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..cargo import Cargo, Package, Workspace

__all__ = ["FoundWorkspaces", "find_manifests"]

_PRUNED = {"target", "node_modules", "__pycache__", "site-packages", "dist-packages"}


def find_manifests(directory: str, skip: Callable[[str], bool]) -> Iterator[str]:
    """Yield each ``Cargo.toml`` at or below a directory, in order.

    ``skip`` names directories not to enter; target directories, hidden ones and virtual
    environments are never entered. A package's own folder may be called ``build``. Of a checkout of
    CPython, only ``Modules`` is entered.
    """
    try:
        with os.scandir(directory) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    names = {entry.name for entry in found}
    if "pyvenv.cfg" in names or "CACHEDIR.TAG" in names:
        return
    if "Cargo.toml" in names:
        yield os.path.join(directory, "Cargo.toml")
    checkout = has_entries_of_checkout(names)
    for entry in found:
        if entry.name.startswith(".") or entry.name in _PRUNED:
            continue
        if checkout and entry.name != CRATES:
            continue
        if entry.is_dir(follow_symlinks=False) and not skip(entry.path):
            yield from find_manifests(entry.path, skip)


class FoundWorkspaces:
    """The workspaces of manifests, each asked for once."""

    def __init__(self, cargo: Cargo) -> None:
        self._cargo = cargo
        self._claimed: set[str] = set()
        self._named: set[str] = set()
        """Manifests around what was named, and those of their workspaces' roots."""
        self.workspaces: list[Workspace] = []
        self.errors: list[ManifestError] = []
        self.outputs: set[str] = set()
        """Where they are built: nobody's sources."""

    def ask(self, manifest: str, *, named: bool = False) -> None:
        """Ask cargo about a manifest, if no workspace has claimed it. Raises CargoMissingError."""
        real = os.path.realpath(manifest)
        if real in self._claimed:
            return
        self._claimed.add(real)
        self._named.update([real] if named else [])
        try:
            workspace = self._cargo.workspace(manifest)
        except ManifestError as error:
            self.errors.append(error)
            return
        root = _root_manifest(workspace)
        self._claimed.update((root, *map(_manifest, workspace.packages)))
        self._named.update([root] if named else [])
        self.outputs.add(os.path.realpath(workspace.target_directory))
        self.workspaces.append(workspace)

    def leave_out_patches(self) -> None:
        """Leave out what only stands in for a published package: it is its users' to test."""
        environ = self._cargo.environ
        patched: set[str] = set()
        for workspace in self.workspaces:
            patched |= patched_manifests(_root_manifest(workspace), environ)
        if not patched:
            return
        patched -= {
            os.path.realpath(os.path.join(dependency.path, "Cargo.toml"))
            for workspace in self.workspaces
            for package in workspace.packages
            for dependency in package.dependencies
            if dependency.path
        }
        self.errors = [
            error
            for error in self.errors
            if os.path.realpath(error.manifest) not in patched - self._named
        ]
        self.workspaces = [
            workspace
            for workspace in self.workspaces
            if _root_manifest(workspace) in self._named
            or not patched.issuperset(map(_manifest, workspace.packages))
        ]


def _manifest(package: Package) -> str:
    return os.path.realpath(package.manifest_path)


def _root_manifest(workspace: Workspace) -> str:
    return os.path.realpath(os.path.join(workspace.root, "Cargo.toml"))
