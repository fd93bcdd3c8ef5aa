"""Where a test stands: the tracked file and the first levels of its id.

The rules are those of "Node ids" in the documentation. They follow from the manifest alone, so
that a sibling that breaks or appears changes no id.
"""

from __future__ import annotations

import os.path
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ..cargo import is_inside, shown_command
from ..case import Case

if TYPE_CHECKING:
    from ..cargo import BuildOptions, Package, Target

__all__ = [
    "Place",
    "build_case",
    "homes",
    "is_inside",
    "is_own",
    "place",
    "primary_target",
    "real_path",
    "target_case",
]


_OF_ITS_TARGET = ("@build", "@doctest", "@empty", "@main")
"""First levels of what belongs to one target, as a test does."""


class Place(NamedTuple):
    """A tracked file, and the levels that come before a test's own path in it."""

    file: str
    levels: tuple[str, ...]
    inside: bool
    """False where the source is not one of the package's own, and another file stands in."""
    line: int = 1
    """Line in ``file`` that stands in for the source's, counted from 1."""


def primary_target(package: Package) -> Target | None:
    """Return the target whose files carry no level: the library, else ``main.rs``, else a bin."""
    if package.library is not None:
        return package.library
    bins = [target for target in package.targets if target.kind == "bin"]
    main = os.path.join(package.root, "src", "main.rs")
    return next((target for target in bins if target.src_path == main), bins[0] if bins else None)


def is_own(package: Package, path: str) -> bool:
    """Tell whether a file (absolute) is one of a package's own: it may be reached by a link."""
    return is_inside(os.path.normpath(path), package.root) or is_inside(
        real_path(path), real_path(package.root)
    )


@cache
def real_path(path: str) -> str:
    """Return a path without symbolic links; asked of the file system once."""
    return os.path.realpath(path)


def _first_with_root(package: Package, path: str) -> Target | None:
    """Return the target that a root file belongs to, should several share it."""
    owners = [
        target
        for target in package.targets
        if target.kind != "custom-build" and real_path(target.src_path) == path
    ]
    primary = primary_target(package)
    return primary if primary in owners else next(iter(owners), None)


def _level(target: Target) -> str:
    """Return the level that tells a target from others of its package."""
    return f"@{target.kind}-{target.name}"


def place(package: Package, target: Target, source: str | None) -> Place:
    """Return where a test of ``target`` stands whose source file is ``source`` (absolute)."""
    root_file = real_path(target.src_path)
    if source is None and not os.path.isfile(root_file):
        # Pytest collects files that are there, and the manifest is what is wrong.
        manifest = real_path(package.manifest_path)
        return Place(manifest, (_level(target),), inside=False)
    path = real_path(os.path.normpath(source)) if source else root_file
    inside = source is not None and is_own(package, source)
    if not inside:
        path = root_file
    plain = target == (
        _first_with_root(package, path) if path == root_file else primary_target(package)
    )
    return Place(path, () if plain else (_level(target),), inside)


def homes(package: Package, file: str, levels: tuple[str, ...]) -> list[Place]:
    """Return the places of the targets to which a test of that id may belong, built or not.

    ``file`` is a real path. Without levels, and for what is asked of a package as a whole, these
    are all of its targets.
    """
    targets = [target for target in package.targets if target.kind != "custom-build"]
    first = levels[0] if levels else "@"
    named = [target for target in targets if first == _level(target)]
    if not named and (not first.startswith("@") or first in _OF_ITS_TARGET):
        owner = _first_with_root(package, file) or primary_target(package)
        named = [target for target in targets if target == owner]
    return [place(package, target, None) for target in named or targets]


def build_case(package: Package, target: Target, options: BuildOptions, checker: str) -> Case:
    """Return the case of a target that does not build, or of which something cannot be listed."""
    command = shown_command(package, target, None, options)
    return target_case(package, target, "@build", kind="build", checker=checker, command=command)


def target_case(package: Package, target: Target, *levels: str, **more: Any) -> Case:
    """Return a case below a target's root file; what more it has is named as in `Case`."""
    where = place(package, target, None)
    fields = {
        "file": where.file,
        "levels": (*where.levels, *levels),
        "package": package.name,
        "target": target.name,
        "rust_test": "::".join(levels),
    }
    return Case(**{**fields, **more})
