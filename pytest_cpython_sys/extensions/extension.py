"""Packages whose library is an extension module: it exports what Python looks for.

See https://docs.python.org/3/c-api/extension-modules.html for the functions that Python looks for.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Final

from ..cargo import CargoError, read_bytes
from ..cargo.run_program import run_to_end
from ..case import Location
from ..late import dataclass, regex
from ..object_files.exports import archive_symbols, library_symbols
from ..rust.libraries import Libraries
from ..rust.masking import mask
from ..rust.test_location import is_inside
from .place import ExtensionError, find_place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..cargo import Build, Package, Target
    from ..object_files.reader import Symbol
    from ..rust.context import BuildContext
    from ..rust.metadata import PolicyTable
    from .place import Place

__all__ = ["Extension", "ExtensionError", "exports", "mention", "module_functions"]

_INIT: Final = ("PyInit_", "PyModExport_")
# Where a source makes a module of its own: no more than a place to show.
_MADE: Final = regex(
    rb"\b(?:PyInit|PyModExport)_\w+"
    rb"|#!?\s*\[[^\]]*\bpymodule\b"
    rb"|\b(?:export_module|pymodule|define_module|py_module_initializer)\s*!"
)
# In the table of names of any object format; macOS puts an underscore before C's names.
_EXPORTED: Final = regex(rb"\0_?((?:PyInit|PyModExport)_\w+)(?=\0)")
_LIMIT: Final = 300.0  # seconds that a linker has
# What rustc says with `--print=native-static-libs`, and a few that do no harm.
_NATIVE: Final = (
    ("-undefined", "dynamic_lookup", "-liconv")
    if sys.platform == "darwin"
    else ("-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc")
)


def mention(
    build: Build, package: Package, target: Target, symbol: str | None = None
) -> Location | None:
    """Return a place in a library's tracked sources that may make its module; None without.

    With ``symbol``: where that name stands.
    """
    pattern = _MADE if symbol is None else re.compile(rb"\b%b\b" % re.escape(symbol.encode()))
    units = [build.unit(package, target, test=test) for test in (False, True)]
    for path in dict.fromkeys(file for unit in units for file in build.sources(unit) or ()):
        if not is_inside(path, package.root):
            continue
        source = read_bytes(path)
        match = pattern.search(mask(source))
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
        return find_place(self.package, library, self._exports(library))

    def _exports(self, library: str) -> list[str]:
        return exports(library, self.target.crate_name)

    def _linked(self, archive: str) -> str:
        """Link a static library into one that can be imported, as CPython's own build may."""
        python = self.context.interpreter
        if python is None:
            raise ExtensionError(
                f"{os.path.basename(archive)} must be linked with the C compiler of a Python: name "
                "a Python with --cpython-sys-python"
            )
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
            raise ExtensionError(f"the linker {argv[0]} cannot be started: {error}") from None
        if done.exit_code != 0:
            raise ExtensionError(f"{argv[0]} cannot link {archive} ({done.how}):\n{done.stderr}")
        os.replace(temporary, path)
        return path
