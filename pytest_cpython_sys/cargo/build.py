"""One build of a workspace, and all that cargo said about it."""

from __future__ import annotations

import os.path
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ..late import dataclass
from .depinfo import RustcCall, parse_rustc_calls, passed_directories, read_depinfo
from .failures import (
    CompilerFailure,
    ScriptFailure,
    cargo_warnings,
    compiler_failures,
    how_cargo_ended,
    people_words,
    script_failures,
    unit_label,
)
from .files import is_inside
from .messages import Artifact
from .outputs import built_for, output_directories, target_directories
from .unit import Unit
from .unit_graph import PlannedUnit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .messages import BuildScript, Diagnostic
    from .metadata import Package, Target, Workspace
    from .timing import Timing

__all__ = ["Build", "Unit"]


@dataclass(frozen=True)
class Build:
    """The result of a build: cargo's messages as typed objects."""

    workspace: Workspace
    command: tuple[str, ...]
    """The call of cargo: the program and its arguments."""
    environment: Mapping[str, str] = field(repr=False)
    exit_code: int
    duration: float
    """The time of the build in seconds."""
    artifacts: tuple[Artifact, ...]
    diagnostics: tuple[Diagnostic, ...]
    scripts: tuple[BuildScript, ...]
    stderr: str = field(repr=False)
    target: str | None = None
    """The triple it was built for, if one was named."""
    planned: frozenset[PlannedUnit] | None = None
    """All that is compiled when nothing fails, asked of cargo when something has."""
    timings: tuple[Timing, ...] = ()
    """How long compilers and build scripts took; nothing of what was up to date."""

    @property
    def success(self) -> bool:
        """Whether cargo built everything: its exit code is 0."""
        return self.exit_code == 0

    @cached_property
    def rustc_calls(self) -> tuple[RustcCall, ...]:
        """The compiler calls of this build; none for what was up to date."""
        return tuple(parse_rustc_calls(self.stderr))

    @cached_property
    def words(self) -> str:
        """Standard error without what only ``-v`` and the progress bar put there.

        Where a build failed and nothing is left, how cargo ended.
        """
        words = people_words(self.stderr)
        return words if words or self.success else how_cargo_ended(self.exit_code)

    @cached_property
    def warnings(self) -> list[str]:
        """What cargo itself and build scripts warn of."""
        return cargo_warnings(self.stderr)

    @cached_property
    def compiler_failures(self) -> tuple[CompilerFailure, ...]:
        """The units that cargo says were not compiled."""
        return tuple(compiler_failures(self.stderr))

    @cached_property
    def script_failures(self) -> tuple[ScriptFailure, ...]:
        """The build scripts that failed, of whatever package."""
        return tuple(script_failures(self.stderr))

    @cached_property
    def _outputs(self) -> frozenset[str]:
        return output_directories(self.workspace, self._targets, self.scripts)

    @cached_property
    def _targets(self) -> frozenset[str]:
        return target_directories(self.workspace, self.command, self.environment)

    def wrote(self, path: str) -> bool:
        """Tell whether cargo or a build script wrote a file (absolute; what it links to counts)."""
        real = os.path.realpath(path)
        return any(is_inside(real, directory) for directory in self._outputs)

    def script(self, package_id: str) -> BuildScript | None:
        """Return what the build script of a package said in this build."""
        return next((script for script in self.scripts if script.package_id == package_id), None)

    def errors(self, package_id: str, target: Target) -> list[Diagnostic]:
        """Return rustc's errors in a target, each once, even if cargo compiled the target twice."""
        found: dict[object, Diagnostic] = {}
        for diagnostic in self.diagnostics:
            if (
                diagnostic.is_error
                and diagnostic.package_id == package_id
                and (diagnostic.target.kind, diagnostic.target.name) == (target.kind, target.name)
            ):
                found.setdefault(diagnostic.identity, diagnostic)
        return list(found.values())

    def compiler_failure(
        self, package_name: str, target: Target, *, test: bool | None = None
    ) -> CompilerFailure | None:
        """Return what cargo says of a target that was not compiled; None where it says nothing.

        ``test`` asks for one way to compile it.
        """
        ways = (False, True) if test is None else (test,)
        labels = [unit_label(target.kind, target.name, test=way) for way in ways]
        return next(
            (
                failure
                for failure in self.compiler_failures
                if failure.package == package_name and failure.unit in labels
            ),
            None,
        )

    def script_failed(self, package: Package) -> bool:
        """Tell whether the build script of a package ended badly, or does not compile."""
        return any(failure.package == package.name for failure in self.script_failures) or any(
            self.failed(package, target)
            for target in package.targets
            if target.kind == "custom-build"
        )

    def failed(self, package: Package, target: Target) -> bool:
        """Tell whether rustc failed on a target."""
        return (
            bool(self.errors(package.id, target))
            or self.compiler_failure(package.name, target) is not None
        )

    def blocking(self, package: Package, target: Target) -> list[Package]:
        """Return the members whose errors keep a target from being built, near ones first."""
        found = [other for other in self._needed(package) if self._cannot_be_linked(other)]
        if self.script_failed(package) or (
            target.kind != "lib" and self._cannot_be_linked(package)
        ):
            found.insert(0, package)
        return found

    def _cannot_be_linked(self, package: Package) -> bool:
        """Tell whether what others need of a package failed: its library as a test is not that."""
        library = package.library
        return self.script_failed(package) or (
            library is not None
            and self.compiler_failure(package.name, library, test=False) is not None
        )

    def can_document(self, package: Package) -> bool:
        """Tell whether the library of a package can be linked, and all that its doctests need."""
        return not any(map(self._cannot_be_linked, (package, *self._needed(package))))

    def _needed(self, package: Package) -> list[Package]:
        """Return the members that the tests of a package need, near ones first."""
        by_root = {os.path.realpath(other.root): other for other in self.workspace.packages}
        found: list[Package] = []
        waiting = [package]
        while waiting:
            needing = waiting.pop(0)
            for dependency in needing.dependencies:
                # What only another package's tests need is nothing to this one.
                if dependency.path is None or (dependency.kind == "dev" and needing is not package):
                    continue
                other = by_root.get(os.path.realpath(dependency.path))
                if other is not None and other not in found and other is not package:
                    found.append(other)
                    waiting.append(other)
        return found

    def is_built(self, package: Package, target: Target) -> bool:
        """Tell whether a target was built, as a test if ``cargo test`` builds it as a test."""
        return any(artifact.test >= target.test for artifact in self.artifacts_of(package, target))

    def shared_library(self, package: Package) -> str | None:
        """Return the path of a package's cdylib; None if this build did not make one."""
        return self._library(package, "cdylib", (".so", ".dylib", ".dll"))

    def static_library(self, package: Package) -> str | None:
        """Return the path of a package's staticlib; None if this build did not make one."""
        return self._library(package, "staticlib", (".a", ".lib"))

    def _library(self, package: Package, kind: str, suffixes: tuple[str, ...]) -> str | None:
        for artifact in self.artifacts:
            if artifact.package_id == package.id and kind in artifact.target.crate_types:
                for path in artifact.filenames:
                    if path.endswith(suffixes) and os.path.exists(path):
                        return path
        return None

    def unbroken_flags(self) -> list[str]:
        """Return the flags that select test targets without selecting one that is not built.

        A flag selects by name, in every package.
        """
        flags: dict[tuple[str, ...], bool] = {}
        for package, target in self.workspace.targets():
            if target.test:
                built = self.is_built(package, target)
                flags[target.flag] = flags.get(target.flag, True) and built
        return [word for flag, built in flags.items() if built for word in flag]

    def documented_packages(self) -> list[Package]:
        """Return the packages whose library may have doctests, and was built or can be."""
        linked = {
            artifact.package_id
            for artifact in self.artifacts
            if artifact.target.kind == "lib" and not artifact.test
        }
        return [
            package
            for package in self.workspace.packages
            if (library := package.library) is not None
            and library.doctest
            # After an error elsewhere cargo may have come to its tests, and not to it.
            and (package.id in linked or (not self.success and self.is_built(package, library)))
        ]

    def may_be_incomplete(self) -> bool:
        """Tell whether a target is missing that no error explains: cargo just stopped."""
        if self.success or not (self.compiler_failures or self.script_failures):
            return False
        return any(
            self.compiler_failure(package.name, target, test=unit.test) is None
            and not self.blocking(package, target)
            for unit in self.missing_units(self.planned)
            for package, target in self.workspace.targets()
            if unit.is_of(package, target)
        )

    def plans(self, package: Package, target: Target, *, test: bool | None = None) -> bool:
        """Tell whether ``cargo test`` builds a target: as a test, as what it is else, or at all."""
        if self.planned is None:
            return test is not False and target.test and not target.required_features
        return any(
            unit.is_of(package, target) and test in (None, unit.test) for unit in self.planned
        )

    def missing_units(self, planned: frozenset[PlannedUnit] | None) -> list[PlannedUnit]:
        """Return what of the members was ``planned`` and is not built; nothing if nobody knows."""
        built = set(map(_unit_of, self.artifacts))
        members = {package.id for package in self.workspace.packages}
        return [unit for unit in (planned or frozenset()) - built if unit.package_id in members]

    def _counts(self, unit: PlannedUnit) -> bool:
        return self.planned is None or unit in self.planned

    def _is_needed(self, item: Artifact | Diagnostic) -> bool:
        """Tell whether a message is about what ``cargo test`` builds: libraries are built alike."""
        package = self.workspace.package(item.package_id)
        if package is None or item.target.kind == "custom-build":
            return True
        if isinstance(item, Artifact):
            return self._counts(_unit_of(item))
        failed = [
            test
            for test in (True, False)
            if self.compiler_failure(package.name, item.target, test=test) is not None
        ]
        # An error does not say of which way it is: it counts unless only others failed.
        return any(self.plans(package, item.target, test=test) for test in failed or (None,))

    def completed_by(self, other: Build) -> Build:
        """Return this build with what another one of the same workspace found out.

        An error that was none any more (a compiler that ran out of memory, say) is forgotten.
        """
        seen = {(item.package_id, item.target, item.rendered) for item in other.diagnostics}
        there = set(map(_unit_of, other.artifacts))
        kept = (one for one in self.artifacts if _unit_of(one) not in there)
        other = replace(other, planned=self.planned, artifacts=(*other.artifacts, *kept))
        missing = {
            (unit.package_id, unit.kind, unit.name) for unit in other.missing_units(self.planned)
        }
        whole = other.success and not missing
        mine = [
            item
            for item in self.diagnostics
            if (item.package_id, item.target, item.rendered) not in seen
            and not (
                item.is_error
                and (item.package_id, item.target.kind, item.target.name) not in missing
                and (whole or self.planned is not None)
            )
        ]
        other = replace(
            other,
            artifacts=tuple(filter(other._is_needed, other.artifacts)),
            diagnostics=tuple(
                item for item in other.diagnostics if not item.is_error or other._is_needed(item)
            ),
        )
        # A package that is built in two ways has a directory for each.
        scripts = {script.out_dir: script for script in (*other.scripts, *self.scripts)}
        return replace(
            self,
            exit_code=0 if whole else self.exit_code,
            duration=self.duration + other.duration,
            artifacts=other.artifacts,
            diagnostics=(*mine, *other.diagnostics),
            scripts=tuple(scripts.values()),
            stderr=f"{self.stderr}\n{other.stderr}",
            timings=(*self.timings, *other.timings),
        )

    def unit(self, package: Package, target: Target, *, test: bool) -> Unit:
        """Return how a target was compiled in this build; its parts are None where it was not."""
        found = (unit for unit in self.units(package, target) if unit.test == test)
        return next(found, Unit(package, target, test, None, None))

    def artifacts_of(self, package: Package, target: Target) -> list[Artifact]:
        """Return the artifacts of a target: one for each way in which it was compiled."""
        return [
            artifact
            for artifact in self.artifacts
            if artifact.package_id == package.id
            and (artifact.target.kind, artifact.target.name) == (target.kind, target.name)
        ]

    def units(self, package: Package, target: Target) -> list[Unit]:
        """Return all ways in which a target was compiled in this build, or was tried to be.

        There are several where it is a test and a dependency of tests, or a dependency of build
        scripts with other features.
        """
        source = os.path.realpath(target.src_path)
        units = [
            Unit(package, target, artifact.test, artifact, None)
            for artifact in self.artifacts_of(package, target)
        ]
        units += (
            Unit(package, target, call.test, None, call)
            for call in self.rustc_calls
            if call.crate_name == target.crate_name
            and os.path.realpath(os.path.join(self.workspace.root, call.source)) == source
            and self._counts(
                PlannedUnit(package.id, target.kind, target.name, call.test, call.features)
            )
        )
        found: dict[object, Unit] = {}
        for unit in units:
            platform = built_for(unit.depinfo, self._targets) if unit.depinfo else ""
            placed = replace(unit, platform=platform)
            found.setdefault(placed.key, placed)
        return list(found.values())

    def passed_directories(self, unit: Unit) -> frozenset[str]:
        """Return the directories that a unit's paths go through, only to leave them by ``..``."""
        path = unit.depinfo
        return frozenset(passed_directories(path, self.workspace.root) if path is not None else ())

    def sources(self, unit: Unit) -> tuple[str, ...] | None:
        """Return the absolute paths of what a unit was compiled from; None if nobody knows."""
        path = unit.depinfo
        return read_depinfo(path, self.workspace.root) if path is not None else None


def _unit_of(artifact: Artifact) -> PlannedUnit:
    """Return what was built, as a graph of units has it."""
    target, features = artifact.target, tuple(sorted(artifact.features))
    return PlannedUnit(artifact.package_id, target.kind, target.name, artifact.test, features)
