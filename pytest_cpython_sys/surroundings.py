"""What a workspace's build needs beyond the user's shell, and where it is then built.

People type ``cargo test`` and ``pytest`` in turns. Cargo gets the environment that the shell
would give it; where something must be added, it builds in a directory of its own, so that going
back and forth recompiles nothing.
"""

from __future__ import annotations

import os.path
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .libclang import find_libclang

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .cargo import Package, Workspace
    from .interpreter import Interpreter

__all__ = ["Surroundings"]

_LOCKED_NAME = re.compile(r'^name = "([^"]+)"$', re.MULTILINE)
_CPYTHON = "cpython-sys"
_PYO3 = frozenset({"pyo3", "pyo3-ffi", "pyo3-build-config"})


def _crates(workspace: Workspace) -> frozenset[str]:
    """Return the names of all crates that a workspace is built from, as far as is known."""
    names = {package.name for package in workspace.packages}
    for package in workspace.packages:
        names.update(dependency.name for dependency in package.dependencies)
    if "bindgen" in names:
        names.add("clang-sys")
    try:
        with open(os.path.join(workspace.root, "Cargo.lock"), encoding="utf-8") as file:
            names.update(_LOCKED_NAME.findall(file.read()))
    except (OSError, UnicodeDecodeError):
        pass
    return frozenset(names)


@dataclass(frozen=True)
class Surroundings:
    """The target Python, if a workspace turns out to need one."""

    interpreter: Interpreter | None = None
    _cache: dict[str, tuple[dict[str, str], str]] = field(default_factory=dict, repr=False)

    def additions(
        self, workspace: Workspace, environ: Mapping[str, str]
    ) -> tuple[dict[str, str], str]:
        """Return the variables to add, and the name of the directory to build in.

        Both are empty where nothing is to be added. What the user has set stays.
        """
        known = self._cache.get(workspace.root)
        if known is None:
            known = self._find(workspace, environ)
            self._cache[workspace.root] = known
        return known

    def _find(self, workspace: Workspace, environ: Mapping[str, str]) -> tuple[dict[str, str], str]:
        crates = _crates(workspace)
        wanted: dict[str, str] = {}
        tag = ""
        if self.interpreter is not None and _CPYTHON in crates:
            wanted.update(self.interpreter.build_environment())
        if self.interpreter is not None and crates & _PYO3 and self.interpreter.executable:
            wanted["PYO3_PYTHON"] = self.interpreter.executable
        if wanted and self.interpreter is not None:
            tag = f"{self.interpreter.tag}-{self.interpreter.fingerprint}"
        added = {name: value for name, value in wanted.items() if name not in environ}
        if "clang-sys" in crates and "LIBCLANG_PATH" not in environ:
            libclang = find_libclang(environ)
            if libclang is not None and libclang.environment:
                added.update(libclang.environment)
                tag = tag or "libclang"
        return added, tag if added else ""

    def library_directories(self, package: Package) -> tuple[str, ...]:
        """Return the directories of a libpython that a package's tests may need."""
        if self.interpreter is None or self.interpreter.libdir is None:
            return ()
        names = {dependency.name for dependency in package.dependencies}
        if package.name == _CPYTHON or _CPYTHON in names or names & _PYO3:
            return (self.interpreter.libdir,)
        return ()
