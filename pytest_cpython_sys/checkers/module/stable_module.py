"""What a module says of the stable ABI: in its build, by its file, and in its table.

pyo3 is asked, by its build script, in the build that the build backend would make.
"""

from __future__ import annotations

import os.path
import sys
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ...cargo import CargoError, read_bytes, seed
from ...case import Verdict
from ...extensions.extension import mention
from ...extensions.installed import find_installed
from ...extensions.manifests import all_told
from ...extensions.module_builds import Candidate, ModuleTroubleError, build_library
from ...late import regex
from ...python.crates import PYO3, crate_dependencies, needed_by
from ...rust.metadata import TABLE
from .stable_abi import (
    StableAbi,
    file_fault,
    has_list,
    imported_symbols,
    judge_symbols,
    read_list,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...cargo import Build, Package, Workspace
    from ...extensions.extension import Extension
    from ...extensions.installed import Installed
    from ...extensions.told import Told
    from ...python.interpreter import Interpreter
    from ...rust.libraries import Libraries
    from ...rust.metadata import PolicyTable

__all__ = ["StableModule", "declared_by_pyo3"]

_MISSING: Final = (
    "the list of the stable ABI's symbols comes from abi3info, which is not installed: "
    "run `pip install abi3info`"
)
_LIMITED, _FREE_THREADED = "Py_LIMITED_API", "Py_GIL_DISABLED"
_CRATES: Final = ("pyo3_ffi", "pyo3")  # pyo3 0.14 and older is one crate
_SINCE: Final = regex(r"Py_3_(\d+)")


class StableModule:
    """A module as far as the stable ABI is concerned."""

    def __init__(self, extension: Extension, libraries: Libraries) -> None:
        self._extension = extension
        self._libraries = libraries
        self._library: str | None = None
        """What the build backend would build, where that is not what the tests are built with."""
        self._trouble = ""
        """Why that is not known."""

    def __bool__(self) -> bool:
        """Whether it is built, or called, as a module of the stable ABI."""
        return bool(self._abis or self._trouble or self._name_fault)

    def need(self, python: Interpreter) -> str | None:
        """Return what another Python would have to be to judge it; None if this one can."""
        if python.gil_disabled and any(abi.kind == "abi3" for abi in self._abis):
            return "a Python with a GIL"  # no other has abi3
        return None

    def skip(self) -> str | None:
        """Return why it cannot be judged at all; None if it can."""
        if len(self._abis) > 1:
            ways = " and ".join(abi.said for abi in self._abis)
            return f"this workspace builds pyo3 in several ways: {ways}"
        return _MISSING if self._abis and not has_list() else None

    def judge(self, library: str) -> Verdict:
        """Judge the library, unless the backend's is another, and the file name. Raises OSError."""
        if self._trouble:
            return Verdict("error", message=self._trouble)
        verdict = Verdict("passed")
        for abi in self._abis:
            found = imported_symbols(self._library or library)
            verdict = self._placed(judge_symbols(abi, found, read_list()))
        if not self._name_fault:
            return verdict
        output = verdict.message if verdict.outcome == "skipped" else verdict.output
        faults = [verdict.message] if verdict.outcome == "failed" else []
        message = "\n".join([*faults, self._name_fault])
        return replace(verdict, outcome="failed", message=message, output=output)

    def _placed(self, verdict: Verdict) -> Verdict:
        """Return a verdict with the place where the source names a symbol, if it does."""
        build, extension = self._extension.context.build, self._extension
        for line in verdict.message.splitlines() if verdict.outcome == "failed" else ():
            place = mention(build, extension.package, extension.target, line.split()[0])
            if place is not None:
                return replace(verdict, location=place)
        return verdict

    @cached_property
    def _abis(self) -> list[StableAbi]:
        """What it is built for: one at most, but where pyo3 is built in two ways."""
        told = _declared_in_table(self._extension.table)
        if told is not None:
            return [told]
        build = self._extension.context.build
        if not _needs_pyo3(build.workspace, self._extension.package):
            return []
        try:
            return declared_by_pyo3(self._build)
        except CargoError:
            return []  # another item says so
        except ModuleTroubleError as error:
            self._trouble = f"not evaluated: {error}"
            return []

    @property
    def _build(self) -> Build:
        """The build that tells. Raises CargoError, ModuleTroubleError."""
        extension = self._extension
        context, package = extension.context, extension.package
        told = next(iter(self._told), None)
        speaks = _speaks_of_it(extension, told)
        # Where no test needs a library, nothing is said of what it is made of.
        build = context.build if _pyo3_features(context.build) else self._libraries.more
        if context.options.target or "cdylib" not in extension.target.crate_types:
            return build
        workspace, environment = context.build.workspace, context.build.environment
        candidate = Candidate(
            *(workspace, package, extension.target, told),
            *(context.options, environment, package.root),
        )
        options = candidate.own_options
        if speaks and options != context.options:
            self._library, build = build_library(context.cargo, candidate, [context.build])
        elif not speaks and declared_by_pyo3(build):
            # Another member does, and cargo gives pyo3 the features that any of them asks for.
            alone = os.path.join(options.directory(workspace), "cpython-sys-alone")
            options = replace(options, packages=(package.name,), target_dir=alone)
            seed(context.build, alone)
            build = context.cargo.build_library(
                workspace, package, options, extra_environment=environment
            )
            self._library = build.shared_library(package)
            if self._library is None:
                raise ModuleTroubleError(
                    f"{package.name} does not build on its own:\n{build.words}"
                )
        return build

    @cached_property
    def _told(self) -> list[Told]:
        return all_told(self._extension.package)

    @cached_property
    def _name_fault(self) -> str:
        """What is wrong with the file that is installed for the Python that runs the tests."""
        python = self._extension.context.interpreter
        # Only its own way of finding modules is known; it may have several names in one place.
        if python is None or python.bin_directory != os.path.dirname(sys.executable):
            return ""
        for told in self._told:
            name = told.full_name
            installed = find_installed(name, told) if name is not None else None
            if (
                installed is not None
                and installed.fits
                and len(self._abis) < 2
                and not self._trouble
            ):
                abi = next(iter(self._abis), None)
                fault = file_fault(abi, installed.file, python.describe())
                return f"{fault}: {_again(told, installed)}" if fault else ""
        return ""


def _again(told: Told, installed: Installed) -> str:
    """Return what gives a file its right name."""
    setting = "set py_limited_api = true, then " if told.backend == "setuptools-rust" else ""
    command = told.command(editable=not installed.is_wheel)
    return f"{setting}run `{command}` in {told.directory}"


def _speaks_of_it(extension: Extension, told: Told | None) -> bool:
    """Tell whether a package's manifests speak of a stable ABI: nothing is built in vain."""
    root = os.path.join(extension.context.build.workspace.root, "Cargo.toml")
    features = told.features if told is not None else ()
    manifests = (read_bytes(path) for path in (extension.package.manifest_path, root))
    texts = (*features, *(one.decode("utf-8", "replace") for one in manifests))
    return any("abi3" in text for text in texts)


def _declared_in_table(table: PolicyTable) -> StableAbi | None:
    """Return what a package's table says; None if it says nothing of a stable ABI."""
    if table.stable_abi is None:
        return None
    kind = "abi3t" if table.stable_abi.endswith("t") else "abi3"
    minor = int(table.stable_abi.removeprefix("3.").removesuffix("t"))
    return StableAbi(kind, minor, f'stable-abi = "{table.stable_abi}" in [{TABLE}]')


def _needs_pyo3(workspace: Workspace, package: Package) -> bool:
    """Tell whether a package is built with pyo3, directly or through another crate."""
    crates = crate_dependencies(workspace.root, workspace.packages)
    return bool(PYO3 & needed_by(package.name, crates))


def _pyo3_features(build: Build) -> dict[str, tuple[str, ...]]:
    """Return the features of the pyo3 crate that knows its Python, by the ids of packages."""
    crates: dict[str, dict[str, tuple[str, ...]]] = {name: {} for name in _CRATES}
    for artifact in build.artifacts:
        if artifact.target.kind == "lib" and artifact.target.crate_name in crates:
            crates[artifact.target.crate_name][artifact.package_id] = artifact.features
    return next(filter(None, crates.values()), {})


def declared_by_pyo3(build: Build) -> list[StableAbi]:
    """Return for which stable ABIs pyo3 was built; none if it was built for one Python.

    Its features alone do not say: ``abi3`` is nothing to a free-threaded Python before 3.15, and
    a version where none is named is that of the Python at hand. Its build script decides.
    """
    features = _pyo3_features(build)
    found = [
        _of_pyo3(script.cfgs, features[script.package_id])
        for script in build.scripts
        if script.package_id in features and _LIMITED in script.cfgs
    ]
    return list(dict.fromkeys(found))


def _of_pyo3(cfgs: Sequence[str], features: Sequence[str]) -> StableAbi:
    kind = "abi3t" if _FREE_THREADED in cfgs else "abi3"
    minor = max((int(match[1]) for cfg in cfgs if (match := _SINCE.fullmatch(cfg))), default=2)
    named = f"{kind}-py3{minor}"
    return StableAbi(
        kind, minor, named if named in features else f"{kind}, built for Python 3.{minor}"
    )
