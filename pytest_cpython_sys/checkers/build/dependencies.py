"""Which line of a manifest cargo speaks of, where it cannot use a dependency."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Final

from ...case import Location
from ...late import regex
from ...rust.tables.places import find_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...cargo import Package
    from ...cargo.metadata import Dependency

__all__ = ["find_dependency"]

_TABLES: Final = {"dev": "dev-dependencies", "build": "build-dependencies"}
_NO_MANIFEST: Final = regex(
    r"failed to read `([^`]*)Cargo\.toml`\s+Caused by:\s+No such file or directory"
)


def find_dependency(words: str, packages: Iterable[Package]) -> tuple[Location | None, str]:
    """Return where the dependency of which cargo's words tell is written, and what to do.

    Each is None or empty if it is not known.
    """
    for package in packages:
        if f"package `{package.name} v" not in words:
            continue
        for one in package.dependencies:
            if f"`{one.name}`" in words or f"`{one.name} = " in words:
                return _told(words, package, one)
    return None, ""


def _told(words: str, package: Package, dependency: Dependency) -> tuple[Location | None, str]:
    table = _TABLES.get(dependency.kind, "dependencies")
    name = dependency.rename or dependency.name
    line = find_key(package.manifest_path, (table, name))
    location = Location(package.manifest_path, line) if line else None
    missing = _NO_MANIFEST.search(words)
    if missing is None or not dependency.path or not missing[1].startswith(dependency.path):
        return location, ""
    path = os.path.normpath(dependency.path)
    return location, f"there is no package at {path}: correct the `path` of `{name}` in Cargo.toml"
