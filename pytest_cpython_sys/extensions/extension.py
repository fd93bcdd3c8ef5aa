"""Packages whose library is an extension module: it exports what Python looks for.

See https://docs.python.org/3/c-api/extension-modules.html for the functions that Python looks for.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from ..cargo import CargoError, read_bytes, read_toml, upwards
from ..cargo.run_program import run_to_end
from ..case import Location
from ..object_files.exports import archive_symbols, library_symbols
from ..rust.libraries import Libraries
from ..rust.masking import mask
from ..rust.metadata import TABLE
from ..rust.test_location import is_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..cargo import Build, Package, Target
    from ..object_files.reader import Symbol
    from ..rust.context import BuildContext
    from ..rust.metadata import PolicyTable

__all__ = [
    "Extension",
    "ExtensionError",
    "Place",
    "exports",
    "find_place",
    "mention",
    "module_functions",
]

_ABOVE: Final = 3  # directories in which a pyproject.toml may name a package below it
_INIT: Final = ("PyInit_", "PyModExport_")
# Where a source makes a module of its own: no more than a place to show.
_MADE: Final = re.compile(
    rb"\b(?:PyInit|PyModExport)_\w+"
    rb"|#!?\s*\[[^\]]*\bpymodule\b"
    rb"|\b(?:export_module|pymodule|define_module|py_module_initializer)\s*!"
)
# In the table of names of any object format; macOS puts an underscore before C's names.
_EXPORTED: Final = re.compile(rb"\0_?((?:PyInit|PyModExport)_\w+)(?=\0)")
_LIMIT: Final = 300.0  # seconds that a linker has
# What rustc says with `--print=native-static-libs`, and a few that do no harm.
_NATIVE: Final = (
    ("-undefined", "dynamic_lookup", "-liconv")
    if sys.platform == "darwin"
    else ("-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc")
)


class ExtensionError(Exception):
    """There is no module to import: the message says why, and what to do."""


def mention(build: Build, package: Package, target: Target) -> Location | None:
    """Return a place in a library's tracked sources that may make its module; None without."""
    units = [build.unit(package, target, test=test) for test in (False, True)]
    for path in dict.fromkeys(file for unit in units for file in build.sources(unit) or ()):
        if not is_inside(path, package.root):
            continue
        source = read_bytes(path)
        match = _MADE.search(mask(source))
        if match is not None:
            return Location(path, source.count(b"\n", 0, match.start()) + 1)
    return None


def exports(path: str, crate: str) -> list[str]:
    """Return the functions by which Python would find modules in a library. Raises OSError.

    Of a static library those that ``crate`` itself has made: an archive of several modules passes
    on what others make.
    """
    archive = path.endswith((".a", ".lib"))
    symbols = archive_symbols(path, {crate}) if archive else library_symbols(path)
    if symbols is not None:
        return module_functions(symbols)
    with open(path, "rb") as file:
        found = _EXPORTED.findall(file.read())
    return list(dict.fromkeys(name.decode("utf-8", "replace") for name in found))


def module_functions(symbols: Iterable[Symbol]) -> list[str]:
    """Return the symbols by which Python would find modules."""
    return [symbol.name for symbol in symbols if symbol.name.startswith(_INIT)]


@dataclass(frozen=True)
class Place:
    """The dotted name of a module, and the directory in which the package around it lies."""

    name: str
    source: str | None = None

    @property
    def parts(self) -> list[str]:
        """The names of the packages, and that of the module."""
        return self.name.split(".")


def find_place(package: Package, table: PolicyTable) -> Place | None:
    """Return how a package's module is imported, if a manifest says so.

    That is ``module`` in the metadata, or what maturin and setuptools-rust are told in
    ``pyproject.toml``: https://www.maturin.rs/project_layout
    """
    if table.module is not None:
        return Place(table.module, _source(package.root, table.module, None))
    told = (_told_in(directory, package) for directory in islice(upwards(package.root), _ABOVE))
    return next((place for place in told if place is not None), None)


def _told_in(directory: str, package: Package) -> Place | None:
    """Return what the ``pyproject.toml`` of a directory says of a package; mostly nothing."""
    raw = read_toml(os.path.join(directory, "pyproject.toml"))
    tool = _table(raw, "tool")
    by_maturin = "maturin" in tool or _table(raw, "build-system").get("build-backend") == "maturin"
    maturin = _table(tool, "maturin")
    name = next(_setuptools_targets(tool, directory, package), None)
    if by_maturin and _is_manifest(directory, maturin.get("manifest-path"), package):
        library = package.library
        name = maturin.get("module-name", library.crate_name if library is not None else None)
    if not isinstance(name, str):
        return None
    source = _source(directory, name, maturin.get("python-source"))
    if source is not None and "." not in name:
        name = f"{name}.{name}"  # a package of the module's own name: it lies within
    return Place(name, source)


def _is_manifest(directory: str, path: object, package: Package) -> bool:
    manifest = os.path.join(directory, path if isinstance(path, str) else "Cargo.toml")
    return os.path.realpath(manifest) == os.path.realpath(package.manifest_path)


def _table(raw: Any, key: str) -> dict[str, Any]:
    found = raw.get(key) if isinstance(raw, dict) else None
    return found if isinstance(found, dict) else {}


def _setuptools_targets(tool: dict[str, Any], directory: str, package: Package) -> Iterator[str]:
    modules = _table(tool, "setuptools-rust").get("ext-modules")
    for module in modules if isinstance(modules, list) else ():
        if isinstance(module, dict) and _is_manifest(directory, module.get("path"), package):
            target = module.get("target")
            if isinstance(target, str):
                yield target


def _source(root: str, name: str, told: object) -> str | None:
    """Return the directory that holds the Python package around a module."""
    top = name.partition(".")[0]
    for directory in [told] if isinstance(told, str) else [".", "src", "python"]:
        path = os.path.normpath(os.path.join(root, directory))
        if os.path.isfile(os.path.join(path, top, "__init__.py")):
            return path
    return None


@dataclass(frozen=True)
class Extension:
    """A package's extension module, for the Python of its build."""

    context: BuildContext
    package: Package
    target: Target
    table: PolicyTable

    def library(self) -> str:
        """Return the path of the shared library, made if need be. Raises ExtensionError."""
        try:
            path = Libraries(self.context).path(self.package, self.target)
        except CargoError as error:
            raise ExtensionError(str(error)) from None
        return path if "cdylib" in self.target.crate_types else self._linked(path)

    def place(self, library: str) -> Place:
        """Return how the module of a library is imported. Raises ExtensionError."""
        names = list(dict.fromkeys(name.partition("_")[2] for name in self._exports(library)))
        told = find_place(self.package, self.table)
        if told is not None and (told.parts[-1] in names or self.table.module is not None):
            return told
        if len(names) == 1:
            return Place(names[0])
        if self.target.crate_name in names or not names:
            return Place(self.target.crate_name)
        raise ExtensionError(
            f"{os.path.basename(library)} exports several modules: {', '.join(names)}; name the "
            f'one to check with module = "{names[0]}" in [{TABLE}]'
        )

    def _exports(self, library: str) -> list[str]:
        return exports(library, self.target.crate_name)

    def _linked(self, archive: str) -> str:
        """Link a static library into one that can be imported, as CPython's own build may."""
        python = self.context.interpreter
        if python is None:
            raise ExtensionError("no Python is known, whose compiler could link it")
        directory = os.path.join(os.path.dirname(archive), "cpython-sys-modules")
        path = os.path.join(directory, f"{self.target.crate_name}-{python.fingerprint}.so")
        try:
            if os.stat(path).st_mtime_ns > os.stat(archive).st_mtime_ns:
                return path
        except OSError:
            pass
        os.makedirs(directory, exist_ok=True)
        temporary = f"{path}.{os.getpid()}"
        underscore = "_" if sys.platform == "darwin" else ""
        keep = [f"-Wl,-u,{underscore}{name}" for name in self._exports(archive)]
        shared = "-bundle" if sys.platform == "darwin" else "-shared"
        argv = [*python.cc, shared, *keep, archive, *_NATIVE, "-o", temporary]
        try:
            done = run_to_end(argv, cwd=directory, env=self.context.build.environment, limit=_LIMIT)
        except OSError as error:
            raise ExtensionError(f"no linker: {argv[0]} cannot be started: {error}") from None
        if done.exit_code != 0:
            raise ExtensionError(f"{argv[0]} cannot link {archive}: {done.how}\n{done.stderr}")
        os.replace(temporary, path)
        return path
