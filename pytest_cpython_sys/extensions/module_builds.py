"""Builds extension modules as their build backend would, for the Python that runs the tests.

Where that is how the tests were built, it is the library that they were built with. Where not
(other features, another profile), it is built in a directory of its own: cargo gives a library one
name, and two of it in one place would be taken for each other.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..cargo import CargoError, cache_path, first_error, keep_json, read_json, seed, stamp
from ..cargo.run_program import run_to_end
from ..late import dataclass
from ..rust.metadata import TABLE
from .finder import VARIABLE, Modules
from .manifests import told_of_modules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..cargo import (
        Build,
        BuildListener,
        BuildOptions,
        Cargo,
        Package,
        Target,
        Workspace,
    )
    from .told import Told

__all__ = [
    "Candidate",
    "ModuleTroubleError",
    "build_library",
    "candidates",
    "check_import",
    "module_name",
]

_DIRECTORY: Final = "cpython-sys-module"
_BINDINGS: Final = frozenset({"pyo3", "pyo3-ffi", "cpython-sys", "cpython", "python3-sys"})
"""Crates without which nothing is an extension module, where no manifest says that it is."""
_IMPORT_LIMIT: Final = 30.0  # seconds
_DEVELOPMENT: Final = (None, "dev", "debug")


class ModuleTroubleError(Exception):
    """A module cannot be had: ``summary`` says why in one line, the text in cargo's words too."""

    def __init__(self, what: str, first: str = "", words: str = "") -> None:
        super().__init__(f"{what}:\n{words}" if words else what)
        self.summary = f"{what}: {first}" if first else what.partition("\n")[0]


@dataclass(frozen=True)
class Candidate:
    """A package whose library may be an extension module, and how a run builds its workspace."""

    workspace: Workspace
    package: Package
    target: Target
    told: Told | None
    options: BuildOptions
    environment: Mapping[str, str]
    """What is added to cargo's."""
    base: str
    """The directory from which its place is told."""

    @property
    def name(self) -> str | None:
        """The full name of the module, if a manifest says it."""
        return self.told.full_name if self.told is not None else None

    @property
    def place(self) -> str:
        """Where the crate lies; for one that lies at the base itself the package's name."""
        where = os.path.relpath(self.package.root, self.base)
        return self.package.name if where == os.curdir else where

    @property
    def may_be_one(self) -> bool:
        """Whether it is worth a build to see if it is one."""
        names = {dependency.name for dependency in self.package.dependencies}
        return self.told is not None or bool(names & _BINDINGS)

    @property
    def own_options(self) -> BuildOptions:
        """The options of the build backend: features and profile are its matter."""
        from ..rust.libraries import apart

        return apart(self._backend_options, self.workspace, self.package)

    @property
    def _backend_options(self) -> BuildOptions:
        if self.told is None:
            return self.options
        found = replace(
            self.options,
            target=None,  # it is for this Python
            features=self.told.features,
            all_features=self.told.all_features,
            no_default_features=self.told.no_default_features,
            profile=self.told.profile if self.told.profile not in _DEVELOPMENT else None,
        )
        plain = self.options.profile in _DEVELOPMENT
        if found == (replace(self.options, profile=None) if plain else self.options):
            return self.options
        directory = os.path.join(self.options.directory(self.workspace), _DIRECTORY)
        return replace(found, packages=(self.package.name,), target_dir=directory)


def candidates(
    arguments: Iterable[tuple[Workspace, BuildOptions, Mapping[str, str]]], base: str
) -> Iterator[Candidate]:
    """Yield the packages with a library that Python could load; see `Project.build_arguments`.

    ``base`` is the directory from which their places are told.
    """
    for workspace, options, environment in arguments:
        for package, library, told in told_of_modules(workspace.packages):
            yield Candidate(workspace, package, library, told, options, environment, base)


def build_library(
    cargo: Cargo,
    candidate: Candidate,
    builds: Sequence[Build],
    listener: BuildListener | None = None,
) -> tuple[str, Build]:
    """Return a module's library, built if need be, and the build that it is of.

    ``builds`` are those of the run so far. Raises ModuleTroubleError.
    """
    package, options = candidate.package, candidate.own_options
    first = next((one for one in builds if one.workspace.root == candidate.workspace.root), None)
    if options == candidate.options and first is not None:
        path = first.shared_library(package)
        if path is not None:
            return path, first
    if options != candidate.options and first is not None:
        assert options.target_dir is not None  # noqa: S101 - it has a directory of its own
        seed(first, options.target_dir)
    try:
        build = cargo.build_library(
            candidate.workspace,
            package,
            options,
            extra_environment=candidate.environment,
            listener=listener,
        )
    except CargoError as error:
        raise ModuleTroubleError(str(error)) from None
    path = build.shared_library(package)
    if path is None or not build.success:
        raise _failure(build, candidate)
    return path, build


def _failure(build: Build, candidate: Candidate) -> ModuleTroubleError:
    errors = [error for error in build.diagnostics if error.is_error]
    words = "\n".join(error.rendered.rstrip() for error in errors)
    words = words or build.words
    first = errors[0].headline if errors else first_error(words) or words.partition("\n")[0]
    return ModuleTroubleError(f"{candidate.place} does not build", first, words)


def module_name(candidate: Candidate, library: str) -> tuple[str | None, str]:
    """Return the full name of the module in a library, and what is wrong with it in one line.

    There is none in a library that nobody has called a module, and that exports none.
    """
    from .extension import exports

    functions = exports(library, candidate.target.crate_name)
    told = candidate.told
    if told is None and not functions:
        return None, ""
    from .place import ExtensionError, find_place, module_names

    try:
        place = find_place(candidate.package, library, functions)
    except ExtensionError as error:
        return candidate.name, str(error)
    if candidate.name is None:
        return place.name, place.remark
    # Python looks for it under the name that it is told to have.
    last, names = candidate.name.rpartition(".")[2], module_names(functions)
    if last in names:
        return candidate.name, ""
    said = f"{os.path.basename(library)} exports {' and '.join(f'PyInit_{one}' for one in names)}"
    return candidate.name, f"{said}, not PyInit_{last}: {_cure(candidate, names[0], last)}"


_SETTINGS: Final = {
    "maturin": ("module-name", "[tool.maturin]"),
    "setuptools-rust": ("target", "the manifest"),
}


def _cure(candidate: Candidate, exported: str, last: str) -> str:
    """Return what to write where a manifest and a library say two names."""
    told = candidate.told
    assert told is not None  # noqa: S101 - it says one of them
    key, where = _SETTINGS.get(told.backend, ("module", f"[{TABLE}]"))
    around = (told.name or "").rpartition(".")[0] or (told.name if told.is_wrapped else "")
    name = f"{around}.{exported}" if around and not told.is_wrapped else exported
    rename = f"rename the #[pymodule] to {last} (without pyo3, the function to PyInit_{last})"
    return f'{rename}, or write {key} = "{name}" in {where}'


@dataclass(frozen=True)
class ImportTrouble:
    """What is wrong with a module that was built, when it is imported."""

    words: str = ""
    """One line; empty if nothing is."""
    ends_process: bool = False
    """Whether it would end the process of the tests, with all their verdicts."""


# Whether it is the module that cannot be loaded, or something that is imported beside it; and
# whether the process has come to its end at all, which is not seen by its exit code.
_IMPORT: Final = """
import importlib, sys
name, library = sys.argv[1:]
try:
    importlib.import_module(name)
except ImportError as error:
    if library in str(error) or error.path == library:
        sys.stderr.write("\\n@" + str(error).replace("\\n", " "))
except BaseException:
    pass
sys.stderr.write("\\n@@\\n")
"""


def check_import(
    name: str, candidate: Candidate, library: str, build: Build, modules: Modules
) -> ImportTrouble:
    """Import a module in a process of its own, once for each build of it."""
    causes = [name, stamp(library), sys.executable, sys.version]
    path = cache_path(build, candidate.own_options, "imports", causes)
    kept = read_json(path)
    if isinstance(kept, dict) and isinstance(kept.get("words"), str):
        return ImportTrouble(kept["words"], bool(kept.get("ends_process")))
    told = candidate.told
    try:
        done = run_to_end(
            [sys.executable, "-c", _IMPORT, name, library],
            cwd=told.directory if told is not None else candidate.package.root,
            env={**os.environ, VARIABLE: modules.dump()},
            limit=_IMPORT_LIMIT,
        )
    except OSError:
        return ImportTrouble()  # nobody knows; the tests will see
    lines = done.stderr.strip().splitlines()
    start = f"built from {candidate.place}, but cannot be imported"
    from .probe.common import loader_words

    if done.expired:
        found = ImportTrouble(f"{start}: the import takes longer than {_IMPORT_LIMIT:g} s", True)
    elif "@@" not in lines:
        words = next((f": {line}" for line in lines if line.strip()), "")
        found = ImportTrouble(f"{start}: the import ended the process ({done.how}){words}", True)
    else:
        said = next((line[1:] for line in lines if line.startswith("@") and line != "@@"), "")
        found = ImportTrouble(f"{start}: {loader_words(said, library)}" if said else "")
    keep_json(path, vars(found))
    return found
