"""What setuptools-rust is told of modules: in ``pyproject.toml``, or in ``setup.py``.

Format: https://setuptools-rust.readthedocs.io/en/latest/reference.html. Of ``setup.py``, which is
not run, the literals are read: whether they are true is asked of the built library.
"""

from __future__ import annotations

import ast
import configparser
import os
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

from ..cargo import read_bytes
from ..late import dataclass
from .told import Told, cargo_arguments, is_module_name, leads_to, string, strings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..cargo import Package
    from .told import Project

__all__ = ["SetuptoolsModules"]

_CLASSES: Final = {"RustExtension": "ext-modules", "RustBin": "bins"}
_PARAMETERS: Final = ("target", "path", "args", "cargo-manifest-args", "features")
_GUESSED: Final = ("src", ".", "python")
"""Where a Python package lies, if nobody says."""


@dataclass(frozen=True)
class _Declared:
    """One module, or program, and the arguments that it is declared with."""

    manifest: str
    arguments: Mapping[str, Any]
    is_program: bool

    @property
    def path(self) -> str | None:
        """That of the manifest; None where it is worked out when ``setup.py`` runs."""
        return string(self.arguments.get("path", "Cargo.toml"))


@dataclass
class _Packages:
    """What setuptools is told of the places of Python packages."""

    name: str | None = None
    directories: dict[str, str] = field(default_factory=dict)
    """``package-dir``: for a package, and for all others under the empty name."""
    where: list[str] = field(default_factory=list)


class SetuptoolsModules:
    """All that setuptools-rust is to build in a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._packages = _Packages(project.name)
        self._read_pyproject()
        self._read_setup_cfg()
        self._script = _Script(project)
        self._script.fill(self._packages)
        declared = list(self._in_pyproject()) or self._script.declared
        self._declared = [one for one in declared if one.path is not None]

    def __bool__(self) -> bool:
        """Tell whether there is any module or program whose manifest is known."""
        return bool(self._declared)

    def told(self, package: Package) -> Iterator[Told]:
        """Yield what is said of a package's modules, and of its programs after them."""
        for declared in sorted(self._declared, key=lambda one: one.is_program):
            if leads_to(self._project.path(declared.path or ""), package):
                yield self._told(declared, package)

    def _told(self, declared: _Declared, package: Package) -> Told:
        arguments = declared.arguments
        name = string(arguments.get("target"))
        asked = cargo_arguments(strings(arguments.get("args")))
        forced = os.environ.get("SETUPTOOLS_RUST_CARGO_PROFILE")
        default = "release" if arguments.get("debug") is False else None
        program = declared.is_program or arguments.get("binding") == "Exec"
        if program or name is None or is_module_name(name):
            source, problem = self._source(declared, name)
        else:
            problem = (
                f"{declared.manifest}: target {name!r} is not a valid module name: write a name "
                'such as "package.module"'
            )
            name, source = None, None
        return Told(
            name=name,
            source=source,
            backend="setuptools-rust",
            directory=self._project.directory,
            manifest=declared.manifest,
            distribution=self._packages.name or package.name,
            features=(*strings(arguments.get("features")), *asked.features),
            all_features=asked.all_features,
            no_default_features=asked.no_default_features,
            profile=forced or asked.profile or default,
            bindings="bin" if program else "pyo3",
            problem=problem,
        )

    def _source(self, declared: _Declared, name: str | None) -> tuple[str | None, str]:
        """Return where the package around a module lies; and what is wrong."""
        parts = (name or "").split(".")
        if len(parts) == 1:
            return None, ""
        directories = self._packages.directories
        for size in range(len(parts) - 1, 0, -1):
            place = directories.get(".".join(parts[:size]))
            if place is not None:
                names = os.path.normpath(place).split(os.sep)
                lies_so = names[-size:] == parts[:size]
                return (self._project.path(*names[:-size]) if lies_so else None), ""
        root = directories.get("")
        if root is not None and not os.path.isdir(self._project.path(root)):
            problem = f"{declared.manifest}: package-dir names {root}, which is not a directory"
            return None, f"{problem}: create it, or correct package-dir"
        told = [root] if root is not None else self._packages.where
        for one in told:
            if os.path.isdir(self._project.path(one, parts[0])):
                return self._project.path(one), ""
        for one in () if root is not None else _GUESSED:
            if _holds_python(self._project.path(one, parts[0])):
                return self._project.path(one), ""
        return None, ""

    def _in_pyproject(self) -> Iterator[_Declared]:
        table = self._project.table("tool", "setuptools-rust")
        for key in _CLASSES.values():
            modules = table.get(key)
            for module in modules if isinstance(modules, list) else ():
                if isinstance(module, dict):
                    path = self._project.path("pyproject.toml")
                    yield _Declared(path, module, is_program=key == "bins")

    def _read_pyproject(self) -> None:
        table = self._project.table("tool", "setuptools")
        self._packages.directories.update(_texts(table.get("package-dir")))
        find = self._project.table("tool", "setuptools", "packages", "find")
        self._packages.where += strings(find.get("where"))

    def _read_setup_cfg(self) -> None:
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        try:
            text = read_bytes(self._project.path("setup.cfg")).replace(b"\0", b"").decode()
            parser.read_string(text)
        except (configparser.Error, ValueError):
            return  # Whoever it is for says what is wrong with it.
        self._packages.name = self._packages.name or parser.get("metadata", "name", fallback=None)
        for line in parser.get("options", "package_dir", fallback="").splitlines():
            package, equals, directory = line.partition("=")
            if equals:
                self._packages.directories.setdefault(package.strip(), directory.strip())
        find = parser.get("options.packages.find", "where", fallback="")
        self._packages.where += filter(None, map(str.strip, find.splitlines()))


class _Script:
    """The literals of a ``setup.py``."""

    def __init__(self, project: Project) -> None:
        self._path = project.path("setup.py")
        self._values: dict[str, Any] = {}
        try:
            tree = ast.parse(read_bytes(self._path))
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            tree = ast.Module([], [])
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self._values[node.targets[0].id] = self._value(node.value)
        self._calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]

    @property
    def declared(self) -> list[_Declared]:
        """The modules and programs that are declared."""
        return [
            _Declared(self._path, self._arguments(call, _PARAMETERS), _name(call) == "RustBin")
            for call in self._calls
            if _name(call) in _CLASSES
        ]

    def fill(self, packages: _Packages) -> None:
        """Add what ``setup`` and ``find_packages`` are called with."""
        for call in self._calls:
            if _name(call) == "setup":
                arguments = self._arguments(call, ())
                packages.name = packages.name or string(arguments.get("name"))
                for package, directory in _texts(arguments.get("package-dir")).items():
                    packages.directories.setdefault(package, directory)
            elif _name(call) in ("find_packages", "find_namespace_packages", "find"):
                where = string(self._arguments(call, ("where",)).get("where"))
                packages.where += [where] if where is not None else []

    def _arguments(self, call: ast.Call, parameters: Sequence[str]) -> dict[str, Any]:
        """Return the arguments of a call, by their names in ``pyproject.toml``."""
        found = dict(zip(parameters, map(self._value, call.args), strict=False))
        for keyword in call.keywords:
            if keyword.arg is not None:
                found[keyword.arg.replace("_", "-")] = self._value(keyword.value)
        return found

    def _value(self, node: ast.expr) -> Any:
        """Return a literal, one that a name stands for, or the last part of a dotted name."""
        if isinstance(node, ast.Name):
            return self._values.get(node.id)
        if isinstance(node, ast.Attribute):
            return node.attr  # Binding.Exec
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return None
        return list(value) if isinstance(value, tuple) else value


def _name(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _texts(table: object) -> dict[str, str]:
    """Return the texts of a table by their names."""
    items = table.items() if isinstance(table, dict) else ()
    found = {key: string(value) for key, value in items if isinstance(key, str)}
    return {key: value for key, value in found.items() if value is not None}


def _holds_python(directory: str) -> bool:
    """Tell whether a directory has Python code in it, at any depth."""
    return any(
        name.endswith((".py", ".pyi")) for _, _, files in os.walk(directory) for name in files
    )
