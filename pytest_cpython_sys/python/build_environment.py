"""What a workspace's build and tests need beyond the user's shell, and where it is then built.

People type ``cargo test`` and ``pytest`` in turns. Cargo gets the environment that the shell
would give it; where something must be added, it builds in a directory of its own, so that going
back and forth recompiles nothing.
"""

from __future__ import annotations

import os
import os.path
from dataclasses import field
from typing import TYPE_CHECKING, Final

from ..cargo import LIBRARY_PATH, configured_environment, prepend_library_path
from ..late import dataclass
from .crates import PYO3, crate_dependencies, needed_by
from .introspect import put_first
from .selection import find_python

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..cargo import Package, Workspace
    from .interpreter import Interpreter

__all__ = ["CPYTHON_SYS", "Surroundings"]

CPYTHON_SYS: Final = "cpython-sys"
_PYO3_PYTHON = "PYO3_PYTHON"
_PYO3 = PYO3 | {"pyo3-build-config"}
_NAME_CPYTHON = ("PYTHON_BUILD_DIR", "PY_CPPFLAGS", "PY_GIL_DISABLED", "PY_DEBUG")
"""Those that say which Python a `cpython-sys` is built for, and not only how it is compiled."""


@dataclass(frozen=True)
class _Place:
    """A workspace, and the environment that the user gives to what cargo starts there."""

    workspace: Workspace
    environ: Mapping[str, str]


@dataclass(frozen=True)
class Surroundings:
    """The target Python, if a workspace turns out to need one."""

    interpreter: Interpreter | None = None
    named: bool = False
    """The user named it: then it counts, whatever PYTHON_BUILD_DIR is in the shell."""
    _cache: dict[str, tuple[dict[str, str], str]] = field(default_factory=dict, repr=False)
    _places: dict[str, _Place] = field(default_factory=dict, repr=False)
    """By a package's id."""
    _locked: dict[tuple[str, int], dict[str, set[str]]] = field(default_factory=dict, repr=False)
    """What each crate needs, by a workspace's root and the time of its lock file."""
    _embedding: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict, repr=False)

    def additions(
        self, workspace: Workspace, environ: Mapping[str, str], base: str
    ) -> tuple[dict[str, str], str]:
        """Return the variables to add, and the name of the directory below ``base`` to build in.

        Both are empty where nothing is to be added. What the user has set stays.
        """
        known = self._cache.get(workspace.root)
        if known is None:
            place = _Place(
                workspace, {**environ, **configured_environment(environ, workspace.root)}
            )
            self._places.update((package.id, place) for package in workspace.packages)
            known = self._find(place, base)
            self._cache[workspace.root] = known
        return known

    def _find(self, place: _Place, base: str) -> tuple[dict[str, str], str]:
        crates = self._dependencies(place.workspace).keys()
        environ = place.environ
        wanted: dict[str, str] = {}
        tag = ""
        other = False
        if self.interpreter is not None and CPYTHON_SYS in crates:
            wanted.update(self.interpreter.build_environment())
            shell = environ.get("PYTHON_BUILD_DIR")
            other = self.named and shell not in (None, self.interpreter.build_dir)
        python = self._of_pyo3(environ) if crates & _PYO3 else None
        if python is not None and python.base_executable is None:
            python = None  # It does not run: pyo3 takes another one.
        ours = python is not None and self._is_ours(python)
        if python is not None and ours:
            wanted[_PYO3_PYTHON] = python.base_executable or ""
        added = {
            name: value
            for name, value in wanted.items()
            if name not in environ
            or (environ[name] != value and (ours if name == _PYO3_PYTHON else other))
        }
        built_for = self.interpreter if added else python
        if built_for is not None:  # Also where nothing is added: others build for it in turns.
            tag = f"{built_for.tag}-{built_for.fingerprint}"
        if "clang-sys" in crates and "LIBCLANG_PATH" not in environ:
            from .libclang import find_libclang

            libclang = find_libclang(environ)
            if libclang is not None and libclang.environment:
                added.update(libclang.linked(base, environ).environment)
                tag = tag or "libclang"
        if python is not None and python.moved and python.libdir is not None:
            # PyO3 tells the linker where libpython was to be installed. This recompiles nothing.
            added["LIBRARY_PATH"] = put_first(python.libdir, environ.get("LIBRARY_PATH"))
        return added, tag

    def chosen_already(self, workspace: Workspace, environ: Mapping[str, str]) -> list[str]:
        """Return the user's variables that say for which Python a workspace is built, and stay.

        A Python that was named wins over PYTHON_BUILD_DIR and over the flags that belong to it,
        unless cargo's configuration forces them. Nothing takes a variable away.
        """
        found = {**environ, **configured_environment(environ, workspace.root)}
        names: list[str] = []
        if CPYTHON_SYS in self._dependencies(workspace):
            all_set = {**environ, **dict.fromkeys(_NAME_CPYTHON, "")}
            forced = configured_environment(all_set, workspace.root)
            gives_way = {"PYTHON_BUILD_DIR", "PY_CPPFLAGS"} if "PYTHON_BUILD_DIR" in found else ()
            names += (name for name in _NAME_CPYTHON if name in forced or name not in gives_way)
        if self.asks_python(workspace):
            names.append(_PYO3_PYTHON)
        return [name for name in names if name in found]

    def asks_python(self, workspace: Workspace) -> bool:
        """Tell whether a workspace's build starts an interpreter."""
        return bool(self._dependencies(workspace).keys() & _PYO3)

    def _is_ours(self, python: Interpreter) -> bool:
        """Tell whether what is built for a Python is built for the one at hand, too."""
        mine = self.interpreter
        return mine is not None and mine.fingerprint == python.fingerprint

    def _of_pyo3(self, environ: Mapping[str, str]) -> Interpreter | None:
        """Return the Python that PyO3 builds for: the user may have named another."""
        name = environ.get(_PYO3_PYTHON)
        mine = self.interpreter
        if not name or (mine and name in (mine.executable, mine.base_executable)):
            return mine
        return find_python(name)

    def _embedded(self, package: Package) -> tuple[Interpreter, _Place] | None:
        """Return the Python that is part of a package's test processes, if one is."""
        place = self._places.get(package.id)
        if place is None:
            return None
        names = needed_by(package.name, self._dependencies(place.workspace))
        python = None
        if names & _PYO3:
            python = self._of_pyo3(place.environ)
        elif CPYTHON_SYS in names:
            python = self.interpreter
        return (python, place) if python is not None else None

    def _dependencies(self, workspace: Workspace) -> dict[str, set[str]]:
        """Return what each crate of a workspace needs; read again once cargo has locked them."""
        try:
            stamp = os.stat(os.path.join(workspace.root, "Cargo.lock")).st_mtime_ns
        except OSError:
            stamp = 0
        key = (workspace.root, stamp)
        if key not in self._locked:
            self._locked[key] = crate_dependencies(workspace.root, workspace.packages)
        return self._locked[key]

    def library_directories(self, package: Package) -> tuple[str, ...]:
        """Return the directories of a libpython that a package's tests may need."""
        embedded = self._embedded(package)
        if embedded is None or embedded[0].libdir is None:
            return ()
        return (embedded[0].libdir,)

    def test_environment(self, package: Package) -> dict[str, str]:
        """Return the variables that let a Python in a package's tests find its library."""
        embedded = self._embedded(package)
        if embedded is None:
            return {}
        python, place = embedded
        key = (place.workspace.root, python.executable or "")
        if key not in self._embedding:
            from .embedding import embedding_environment

            self._embedding[key] = embedding_environment(python, place.environ)
        return self._embedding[key]

    def added_to_tests(self, package: Package) -> dict[str, str]:
        """Return all variables that a package's tests get from here."""
        directories = self.library_directories(package)
        if not directories:
            return self.test_environment(package)
        found = {LIBRARY_PATH: self._places[package.id].environ.get(LIBRARY_PATH, "")}
        if not found[LIBRARY_PATH]:
            del found[LIBRARY_PATH]
        prepend_library_path(found, directories)
        return {**found, **self.test_environment(package)}
