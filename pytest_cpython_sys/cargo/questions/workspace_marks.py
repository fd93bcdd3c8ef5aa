"""What ``cargo metadata --no-deps`` follows from: manifests, configuration, names of files.

Inferred targets: https://doc.rust-lang.org/cargo/guide/project-layout.html
"""

from __future__ import annotations

import os
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from ..configuration import configuration_names
from ..files import read_toml, upwards
from .marks import NotKeptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..metadata import Workspace
    from .marks import Marks

__all__ = ["mark_workspace", "watched_by"]

_MANIFEST: Final = "Cargo.toml"
_AT_ROOT: Final = frozenset({"build.rs", "README", "README.md", "README.txt"})
_FOLDERS: Final = ("src/bin", "tests", "examples", "benches")
_MOST: Final = 2000
"""Directories that the globs of a workspace may look into."""


def watched_by(workspace: Workspace, manifest: str) -> dict[str, list[str]]:
    """Return the paths on which cargo's answer about a manifest depends, by what matters of them.

    What decides about the members may lie above each of them, and above each crate that one of
    them names by its path. Raises NotKeptError where it may lie anywhere.
    """
    roots = [package.root for package in workspace.packages]
    dependencies = [
        dependency.path
        for package in workspace.packages
        for dependency in package.dependencies
        if dependency.path
    ]
    starts = (os.path.dirname(manifest), workspace.root, *roots, *dependencies)
    above = dict.fromkeys(path for start in starts for path in upwards(start))
    sources = [target.src_path for _, target in workspace.targets()]
    looked_into, members = _globbed(workspace.root)
    return {
        "manifests": [os.path.join(path, _MANIFEST) for path in (*above, *members)],
        "packages": list(dict.fromkeys([*roots, *dependencies])),
        "globs": list(dict.fromkeys(looked_into)),
        "sources": list(dict.fromkeys(sources)),
    }


def mark_workspace(
    marks: Marks, watched: Mapping[str, list[str]], environ: Mapping[str, str], directory: str
) -> None:
    """Mark all that cargo's answer in a directory follows from. Raises NotKeptError."""
    places = configuration_names(environ, os.path.realpath(directory))
    for path in chain.from_iterable(places):
        # Another file, which may include others.
        if b"include" in marks.content(path):
            raise NotKeptError(path)
    for path in watched["manifests"]:
        marks.content(path)
    for path in watched["packages"]:
        _mark_package(marks, path)
    for path in watched["globs"]:
        for name in marks.names(path, os.DirEntry.is_dir):
            marks.add(os.path.isfile(os.path.join(path, name, _MANIFEST)))
    marks.add([os.path.isfile(path) for path in watched["sources"]])


def _mark_package(marks: Marks, root: str) -> None:
    """Mark the names from which cargo infers the targets of a package."""
    marks.names(root, lambda entry: entry.name in _AT_ROOT)
    marks.names(os.path.join(root, "src"), _is_source)
    for folder in _FOLDERS:
        marks.names(os.path.join(root, folder), _is_target)


def _is_source(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(".rs")


def _is_target(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(".rs") or (
        entry.is_dir() and os.path.isfile(os.path.join(entry.path, "main.rs"))
    )


def _globbed(root: str) -> tuple[list[str], list[str]]:
    """Return in which directories the globs of a workspace look, and what may be a member."""
    table: Any = read_toml(os.path.join(root, _MANIFEST)).get("workspace")
    patterns = table.get("members", ()) if isinstance(table, dict) else ()
    looked_into: list[str] = []
    members: list[str] = []
    for pattern in patterns:
        base, *parts = os.path.join(root, str(pattern)).split("/")
        found = [base or "/"]
        for part in parts:
            if "**" in part:
                raise NotKeptError(str(pattern))
            if any(sign in part for sign in "*?["):
                looked_into += found
                found = list(_below(found))
            else:
                found = [os.path.normpath(os.path.join(path, part)) for path in found]
            if len(found) > _MOST:
                raise NotKeptError(str(pattern))
        members += found
    return looked_into, members


def _below(directories: Iterable[str]) -> Iterator[str]:
    for directory in directories:
        try:
            with os.scandir(directory) as entries:
                yield from sorted(entry.path for entry in entries if entry.is_dir())
        except OSError:
            continue
