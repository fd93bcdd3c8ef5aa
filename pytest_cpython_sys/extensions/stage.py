"""How a built module is imported by its target Python: whether it can be, where, and as what."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Final

from ..cargo import prepend_library_path
from ..python.crates import PYO3, crate_dependencies, needed_by
from ..python.selection import is_same_python

if TYPE_CHECKING:
    from ..cargo import Build, Package
    from ..python.interpreter import Interpreter
    from .extension import Extension
    from .place import Place

__all__ = ["built_for_another", "python_environment", "stage", "staged", "unusable"]

_SUFFIXES: Final = (".so", ".pyd", ".dylib")


def staged(directory: str, library: str, place: Place) -> dict[str, object]:
    """Lay a module out in a directory; return what the process that imports it is told of it."""
    root = os.path.join(directory, "root")
    os.mkdir(root)
    return {
        "library": library,
        "name": place.name,
        "stem": stage(root, place),
        "root": root,
        "after": [place.source] if place.source is not None else [],
    }


def stage(directory: str, place: Place) -> str:
    """Lay out what is around a module; return the path of its file without the suffix.

    The packages around it are directories of their own, filled with links to what the project
    has in them: a module that was installed there before is left out.
    """
    here, source = directory, place.source
    for package, inner in itertools.pairwise(place.parts):
        here = os.path.join(here, package)
        os.mkdir(here)
        source = os.path.join(source, package) if source is not None else None
        if source is None or not os.path.isdir(source):
            source = None
            continue
        for entry in os.listdir(source):
            if entry not in (inner, "__pycache__") and not _is_module(entry, inner):
                os.symlink(os.path.join(source, entry), os.path.join(here, entry))
    return os.path.join(here, place.parts[-1])


def _is_module(entry: str, name: str) -> bool:
    return entry.partition(".")[0] == name and entry.endswith(_SUFFIXES)


def python_environment(extension: Extension, python: Interpreter) -> dict[str, str]:
    """Return an environment in which Python is as it was built, whatever the shell says."""
    env = {
        name: value
        for name, value in extension.context.build.environment.items()
        if not name.startswith("PYTHON")
    }
    env["PYTHONHASHSEED"] = "0"  # what a call gives is compared between processes
    if python.shared and python.libdir is not None:
        prepend_library_path(env, (python.libdir,))
    return env


def unusable(extension: Extension) -> str | None:
    """Return why a module cannot be imported by its target Python at all; None if it can."""
    context = extension.context
    python = context.interpreter
    if python is None:
        return "no Python to import the module: name one with --cpython-sys-python"
    if python.executable is None:
        return (
            f"{python.describe()} cannot import the module: run make in {python.build_dir}"
            if python.source_dir is not None
            else f"{python.describe()} cannot be started"
        )
    return built_for_another(context.build, extension.package, python, context.cargo.toolchain.host)


def built_for_another(build: Build, package: Package, python: Interpreter, host: str) -> str | None:
    """Return what a package was built for, if that is not the Python at hand."""
    if build.target and build.target != host:
        return f"built for {build.target}, which this machine ({host}) cannot import"
    env = build.environment
    headers = env.get("PYTHON_BUILD_DIR")
    named = env.get("PYO3_PYTHON")
    other = None
    if headers and os.path.realpath(headers) != os.path.realpath(python.build_dir):
        other = f"PYTHON_BUILD_DIR={headers}"
    elif env.get("PY_GIL_DISABLED") == "1" and not python.gil_disabled:
        other = "PY_GIL_DISABLED=1"
    elif named and not is_same_python(named, python):
        crates = crate_dependencies(build.workspace.root, build.workspace.packages)
        if PYO3 & needed_by(package.name, crates):
            other = f"PYO3_PYTHON={named}"
    if other is None:
        return None
    variable = other.partition("=")[0]
    return (
        f"built with {other}, not for {python.executable}: unset {variable}, or run pytest with a "
        "matching Python"
    )
