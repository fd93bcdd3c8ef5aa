"""Gives another directory what cargo has built of others' crates, so that it is not built twice.

What is copied is cargo's own: build directories, and fingerprints, which go by times and by paths
relative to the directory. See
https://doc.rust-lang.org/cargo/reference/build-cache.html
"""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING, Final

from .outputs import target_directories, target_directory_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .build import Build

__all__ = ["seed"]

# rustc writes these elsewhere and renames them. All else may be written to where it is.
_NEVER_CHANGED: Final = (".rlib", ".rmeta")
_PARTS: Final = (".fingerprint", "build", "deps")


def seed(build: Build, directory: str) -> None:
    """Make a target directory out of that of a build, without what it made of its workspace.

    Nothing happens if it is there already, or if something cannot be read: then cargo builds all.
    """
    if os.path.exists(directory):
        return
    part = f"{directory}.part"
    shutil.rmtree(part, ignore_errors=True)
    try:
        members = {
            target.crate_name
            for package in build.workspace.packages
            for target in package.targets
            if target.kind != "custom-build"
        }
        for source, relative in _profiles(build):
            for name in _PARTS:
                _copy(
                    os.path.join(source, name),
                    os.path.join(part, relative, name),
                    members if name == "deps" else set(),
                )
        if os.path.isdir(part):
            os.rename(part, directory)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)


def _profiles(build: Build) -> Iterator[tuple[str, str]]:
    """Yield the directories of each profile and triple, and where they are below cargo's."""
    found = {
        os.path.dirname(os.path.dirname(name))
        for artifact in build.artifacts
        for name in artifact.filenames
        if os.path.basename(os.path.dirname(name)) == "deps"
    }
    roots = target_directories(build.workspace, build.command, build.environment)
    for path in sorted(found):
        real = os.path.realpath(path)
        root = target_directory_of(real, roots)
        if root is not None:
            yield path, os.path.relpath(real, root)


def _copy(source: str, target: str, members: set[str]) -> None:
    """Copy a directory with all times in it; unchanging files are shared where that is possible."""
    if not os.path.isdir(source):
        return
    os.makedirs(target, exist_ok=True)
    with os.scandir(source) as entries:
        for entry in entries:
            path = os.path.join(target, entry.name)
            stem = entry.name.partition(".")[0].removeprefix("lib")
            if not members.isdisjoint({stem, stem.rpartition("-")[0]}):  # a cdylib has no hash
                continue
            if entry.is_dir(follow_symlinks=False):
                _copy(entry.path, path, set())
            elif entry.name.endswith(_NEVER_CHANGED) and _shared(entry.path, path):
                pass
            else:
                shutil.copy2(entry.path, path, follow_symlinks=False)
    shutil.copystat(source, target)


def _shared(source: str, target: str) -> bool:
    with contextlib.suppress(OSError):
        os.link(source, target)
        return True
    return False
