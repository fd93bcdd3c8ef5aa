"""What build backends are told of a package's extension module: its name, its place, its build.

The word counts that is nearest to the crate; those of ``pyproject.toml`` and ``setup.py`` files
above it do where they lead to its manifest, however far above they lie.
"""

from __future__ import annotations

import os.path
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ..cargo import read_toml, upwards
from ..rust.metadata import MetadataError, read_policies
from .told import Project, Told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..cargo import Package, Target

__all__ = ["Told", "all_told", "told", "told_of_modules"]


def told(package: Package) -> Told | None:
    """Return what manifests say of a package's extension module; None if no project is around.

    ``module`` in the package's own manifest wins over the name that a backend is told.
    """
    return next(iter(all_told(package)), None)


def all_told(package: Package, module: str | None = None) -> list[Told]:
    """Return what manifests say of each module that is made of a package; mostly there is one.

    ``module`` wins over all that they say of its name.
    """
    found = list(_by_backends(package))
    if module is None:
        with suppress(MetadataError):  # Another item says so.
            module = read_policies(package.metadata).module
    if module is None:
        return found
    nobody = Told(None, None, "metadata", package.root, package.manifest_path, package.name)
    return [_renamed(one, module, package) for one in found[:1] or [nobody]]


def told_of_modules(
    packages: Iterable[Package],
) -> Iterator[tuple[Package, Target, Told | None]]:
    """Yield the packages with a library that Python could load, once for each word on a module."""
    for package in packages:
        library = package.library
        if library is not None and "cdylib" in library.crate_types:
            words: list[Told] | list[None] = all_told(package) or [None]
            for one in words:
                yield package, library, one


def _renamed(told: Told, name: str, package: Package) -> Told:
    """Return what is said of a module, for another name, which the package's own manifest says."""
    top, dot, _ = name.partition(".")
    source = told.source
    if source is None or not os.path.isdir(os.path.join(source, top)):
        roots = [os.path.join(told.directory, one) for one in ("", "src", "python")]
        has_package = (root for root in roots if os.path.isfile(f"{root}/{top}/__init__.py"))
        source = next(has_package, None)
    source = os.path.normpath(source) if source is not None and dot else None
    return replace(told, name=name, source=source, manifest=package.manifest_path, problem="")


def _by_backends(package: Package) -> Iterator[Told]:
    """Yield what the nearest project says that builds a package, if it says so.

    Else the nearest project of all is known by its name, unless it builds other crates.
    """
    unknown = None
    is_nearest = True
    from .maturin import is_built_by_maturin, told_by_maturin
    from .setuptools_rust import SetuptoolsModules

    for directory in upwards(package.root):
        project = Project(directory, read_toml(os.path.join(directory, "pyproject.toml")))
        if not project.backend and "tool" not in project.raw:
            continue
        modules = SetuptoolsModules(project)
        found = [one for one in (told_by_maturin(project, package),) if one is not None]
        if "setuptools" in project.backend:
            found = [*modules.told(package)] or found
        else:
            found += [] if found else modules.told(package)
        if found:
            yield from found
            return
        if is_nearest and project.backend:
            is_nearest = False
            if not modules and not is_built_by_maturin(project):
                unknown = _unknown(project, package)
    if unknown is not None:
        yield unknown


def _unknown(project: Project, package: Package) -> Told:
    manifest = next(one for one in ("pyproject.toml", "setup.py") if project.has(one))
    return Told(
        name=None,
        source=None,
        backend=project.backend,
        directory=project.directory,
        manifest=project.path(manifest),
        distribution=project.name,
        is_certain=os.path.realpath(project.directory) == os.path.realpath(package.root),
    )
