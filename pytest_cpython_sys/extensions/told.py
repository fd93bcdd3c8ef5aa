"""What a manifest says of an extension module, and the Python project that says it."""

from __future__ import annotations

import os.path
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final, Literal

from ..late import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..cargo import Package

__all__ = [
    "CargoArguments",
    "Project",
    "Told",
    "cargo_arguments",
    "is_module_name",
    "leads_to",
    "string",
    "strings",
]

Bindings = Literal["pyo3", "cffi", "uniffi", "bin"]
_FEATURES: Final = ("--features", "-F")


@dataclass(frozen=True)
class Told:
    """What a manifest says of a package's extension module: how it is built, named and placed."""

    name: str | None
    """Its full dotted name; None if nobody says: then what the built library exports counts."""
    source: str | None
    """The directory in which the Python package around it lies, to be put on ``sys.path``."""
    backend: str
    """``maturin``, ``setuptools-rust``, or the name of one that says nothing of the module.

    ``metadata`` where ``module`` in the manifest of the crate is all that is said.
    """
    directory: str
    """That of the Python project: where ``maturin develop`` or ``pip install -e .`` is typed."""
    manifest: str
    """The file that says the name."""
    distribution: str | None
    """The name that it is installed under."""
    features: tuple[str, ...] = ()
    all_features: bool = False
    no_default_features: bool = False
    profile: str | None = None
    """The cargo profile of a development build; None for cargo's own, ``dev``."""
    bindings: Bindings = "pyo3"
    """All but ``pyo3`` make no module that Python finds by ``PyInit_NAME``."""
    problem: str = ""
    """One line: what is wrong with what it says, and what to write."""
    is_wrapped: bool = False
    """Whether it is installed within a package of its own name, which takes over what it has."""
    is_certain: bool = True
    """Whether the project builds the crate, and does not just lie around it."""

    @property
    def full_name(self) -> str | None:
        """The name under which the library itself is imported."""
        return f"{self.name}.{self.name}" if self.is_wrapped else self.name

    def command(self, *, editable: bool = True) -> str:
        """Return what is typed in ``directory`` to install it."""
        if editable and self.backend == "maturin":
            return "maturin develop"
        return "pip install -e ." if editable else "pip install ."


def string(value: object) -> str | None:
    """Return a value that is a string, and may be part of a path."""
    return value if isinstance(value, str) and "\0" not in value else None


def strings(value: object) -> tuple[str, ...]:
    """Return the strings of a list."""
    found = map(string, value) if isinstance(value, list) else ()
    return tuple(one for one in found if one is not None)


def is_module_name(name: str) -> bool:
    """Tell whether Python could import a module by a name."""
    return all(part.isidentifier() for part in name.split("."))


@dataclass(frozen=True)
class Project:
    """A directory with a ``pyproject.toml`` or a ``setup.py``."""

    directory: str
    raw: Mapping[str, Any] = field(default_factory=dict)
    """What ``pyproject.toml`` holds."""

    def path(self, *parts: str) -> str:
        """Return the path of a file of the project."""
        return os.path.normpath(os.path.join(self.directory, *parts))

    def has(self, *parts: str) -> bool:
        """Tell whether the project has a file."""
        return os.path.isfile(self.path(*parts))

    def table(self, *keys: str) -> Mapping[str, Any]:
        """Return a table of ``pyproject.toml``, empty if it has none."""
        found: Any = self.raw
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def name(self) -> str | None:
        """The name under ``[project]``."""
        return string(self.table("project").get("name"))

    @property
    def backend(self) -> str:
        """What builds it, as ``pyproject.toml`` names it; empty for a file that builds nothing.

        https://packaging.python.org/en/latest/specifications/pyproject-toml/
        """
        named = string(self.table("build-system").get("build-backend"))
        if named is not None:
            return named
        built = "build-system" in self.raw or "project" in self.raw or self.has("setup.py")
        return "setuptools.build_meta" if built else ""


def leads_to(manifest: str, package: Package) -> bool:
    """Tell whether a path is that of a package's manifest."""
    return os.path.realpath(manifest) == os.path.realpath(package.manifest_path)


@dataclass(frozen=True)
class CargoArguments:
    """What arguments of ``cargo build`` say of features and of the profile."""

    features: tuple[str, ...] = ()
    all_features: bool = False
    no_default_features: bool = False
    profile: str | None = None


def cargo_arguments(arguments: Iterable[str]) -> CargoArguments:
    """Return what arguments say of features and of the profile; others are left out."""
    features: list[str] = []
    profile = None
    flags = set()
    rest = iter(arguments)
    for argument in rest:
        flag, equals, value = argument.partition("=")
        if flag in (*_FEATURES, "--profile"):
            value = value if equals else next(rest, "")
            if flag == "--profile":
                profile = value or None
            else:
                features += value.replace(",", " ").split()
        elif argument.startswith("-F"):
            features += argument[2:].replace(",", " ").split()
        elif argument in ("--release", "-r"):
            profile = "release"
        else:
            flags.add(argument)
    return CargoArguments(
        tuple(features), "--all-features" in flags, "--no-default-features" in flags, profile
    )
