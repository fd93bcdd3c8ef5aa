"""What maturin is told of a module in ``[tool.maturin]``, and what it makes of what is not said.

Format: https://www.maturin.rs/config; the rules of a project's layout:
https://www.maturin.rs/project_layout
"""

from __future__ import annotations

import os.path
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any, Final, cast

from ..cargo import read_bytes, read_toml, upwards
from ..late import regex
from ..python.crates import PYO3, crate_dependencies, needed_by
from .told import Told, cargo_arguments, is_module_name, leads_to, string, strings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..cargo import Package
    from .told import Bindings, Project

__all__ = ["is_built_by_maturin", "told_by_maturin"]

_BINDINGS: Final = {"pyo3-ffi": "pyo3"} | {name: name for name in ("pyo3", "cffi", "uniffi", "bin")}
_SPECIFIER: Final = regex(r"\s*(~=|===?|!=|<=?|>=?)\s*([\d.]+?)(\.\*)?\s*")


def is_built_by_maturin(project: Project) -> bool:
    """Tell whether maturin, or a backend that calls it, builds a project."""
    return "maturin" in project.table("tool") or project.backend.startswith("maturin")


def told_by_maturin(project: Project, package: Package) -> Told | None:
    """Return what maturin is told of a package's module; None if it builds another's."""
    settings = project.table("tool", "maturin")
    if not is_built_by_maturin(project) or not leads_to(_manifest(project, settings), package):
        return None
    name, source, problem = _place(project, settings, _name(project, settings, package))
    asked = cargo_arguments(_words(string(settings.get("cargo-extra-args")) or ""))
    bindings = _bindings(settings, package)
    profile = string(settings.get("editable-profile")) or string(settings.get("profile"))
    return Told(
        name=name,
        source=source,
        backend="maturin",
        directory=project.directory,
        manifest=project.path("pyproject.toml"),
        distribution=project.name or package.name,
        features=(*_features(settings.get("features")), *asked.features),
        all_features=settings.get("all-features") is True or asked.all_features,
        no_default_features=(
            settings.get("no-default-features") is True or asked.no_default_features
        ),
        profile=profile or asked.profile,
        bindings=bindings,
        problem=problem,
        is_wrapped=source is None and not problem and bindings == "pyo3",
    )


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []  # maturin says what is wrong with it.


def _manifest(project: Project, settings: Mapping[str, Any]) -> str:
    path = string(settings.get("manifest-path"))
    if path is None:
        rust = project.has("rust", "Cargo.toml")
        in_rust = rust and ("python-source" in settings or _has_src_layout(project, settings))
        path = os.path.join("rust", "Cargo.toml") if in_rust else "Cargo.toml"
    return project.path(path)


def _has_src_layout(project: Project, settings: Mapping[str, Any]) -> bool:
    """Tell whether Python lies in ``src`` and Rust in ``rust``, and nobody needs to say so."""
    if project.name is None or not project.has("rust", "Cargo.toml"):
        return False
    packages = (project.name.replace("-", "_"), *strings(settings.get("python-packages")))
    return any(project.has("src", package, "__init__.py") for package in packages)


def _name(project: Project, settings: Mapping[str, Any], package: Package) -> str:
    library = read_toml(package.manifest_path).get("lib")
    names = (
        settings.get("module-name"),
        library.get("name") if isinstance(library, dict) else None,
        project.name,
    )
    return next(filter(None, map(string, names)), package.name)


def _place(
    project: Project, settings: Mapping[str, Any], name: str
) -> tuple[str | None, str | None, str]:
    """Return the full name of a module, where the package around it lies, and what is wrong."""
    told = string(settings.get("python-source"))
    source = told if told is not None else "src" if _has_src_layout(project, settings) else "."
    root = project.path(source)
    parts = name.split(".")
    around = os.path.join(root, parts[0])
    shown = project.path("pyproject.toml")
    if not is_module_name(name):
        example = re.sub(r"[^\w.]", "_", name)
        advice = f'module-name = "{example}" in [tool.maturin]'
        return None, None, f"{shown}: {name!r} is not a valid module name: write {advice}"
    if told is not None and not os.path.isdir(root):
        problem = f'{shown}: python-source = "{told}" is not a directory'
        return name, None, f"{problem}: create it, or correct python-source in [tool.maturin]"
    # A crate of the module's name is no Python package.
    is_package = os.path.isfile(os.path.join(around, "__init__.py"))
    is_crate = not is_package and os.path.isfile(os.path.join(around, "Cargo.toml"))
    if os.path.isdir(around) and not is_crate:
        # A package of the module's own name: it lies within.
        return name if len(parts) > 1 else f"{name}.{name}", root, ""
    if told is not None:
        problem = f'{shown}: python-source = "{told}" has no Python package {parts[0]}'
        return name, None, f"{problem}: create it, or remove python-source from [tool.maturin]"
    return parts[-1], None, ""  # Nothing but Rust: it is installed without what is around it.


def _features(told: object) -> Iterator[str]:
    """Yield the features; of those with a condition the ones for the Python that runs this."""
    for one in told if isinstance(told, list) else ():
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict) and isinstance(one.get("feature"), str):
            implementation = one.get("python-implementation", "cpython")
            if str(implementation).casefold() == "cpython" and _fits(one.get("python-version", "")):
                yield one["feature"]


def _fits(specifiers: object) -> bool:
    """Tell whether the Python that runs this is one of ``>=3.11,<3.14``."""
    running = sys.version_info[:2]
    for specifier in filter(None, str(specifiers).split(",")):
        match = _SPECIFIER.fullmatch(specifier)
        if match is None:
            return False
        operator, text, star = match.groups()
        wanted = tuple(map(int, text.split(".")))
        width = len(wanted) if star else max(2, len(wanted))
        ours = (*running, *(0 for _ in range(width)))[:width]
        asked = (*wanted, *(0 for _ in range(width)))[:width]
        if operator == "~=":
            fits = ours >= asked and ours[: len(wanted) - 1] == wanted[:-1]
        else:
            fits = {
                "<": ours < asked,
                "<=": ours <= asked,
                ">": ours > asked,
                ">=": ours >= asked,
                "!=": ours != asked,
            }.get(operator, ours == asked)
        if not fits:
            return False
    return True


def _bindings(settings: Mapping[str, Any], package: Package) -> Bindings:
    """Return what maturin takes for the bindings: what is said, else by the crates it is made of.

    https://www.maturin.rs/bindings
    """
    named = _BINDINGS.get(str(settings.get("bindings")))
    if named is not None:
        return cast("Bindings", named)
    entry = f'name = "{package.name}"\n'.encode()
    locked = next(
        (one for one in upwards(package.root) if entry in read_bytes(f"{one}/Cargo.lock")), None
    )
    crates = needed_by(package.name, crate_dependencies(locked or package.root, [package]))
    library = package.library
    cdylib = library is not None and "cdylib" in library.crate_types
    if crates & PYO3:
        binary = any(target.kind == "bin" for target in package.targets)
        return "bin" if binary and not cdylib else "pyo3"
    if "uniffi" in crates:
        return "uniffi"
    if not cdylib:
        return "bin"
    # Nobody knows what it is made of before cargo has written that down.
    return "cffi" if locked is not None else "pyo3"
