"""From the places that a run selects to built workspaces and their cases. Knows no pytest."""

from __future__ import annotations

import os
from dataclasses import field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .cargo import configured_target, enclosing_manifest, find_test_processes, upwards
from .case import Location, Verdict
from .checkers.registry import all_checkers
from .evaluator import discovered, withheld
from .late import dataclass
from .plan import Known, Plan, manifest_case
from .python.build_environment import Surroundings
from .rust.context import BuildContext
from .rust.foreign_target import check_unlinked
from .rust.leftovers import BUILDS, note_use
from .rust.test_location import homes, is_inside, primary_target, real_path, target_case
from .rust.workspaces import FoundWorkspaces, find_manifests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .cargo import (
        BuildListener,
        BuildOptions,
        Cargo,
        CargoError,
        ManifestError,
        Package,
        Workspace,
    )
    from .case import Case, Checker
    from .rust.context import RunOptions, Settings

__all__ = ["Project", "united"]


def united(groups: Iterable[Iterable[str]]) -> list[str]:
    """Return what stands in any of several groups, each once."""
    return list(dict.fromkeys(name for group in groups for name in group))


def _merged(groups: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the variables of several groups; of two values the first."""
    found: dict[str, str] = {}
    for group in groups:
        found = {**group, **found}
    return found


@dataclass
class _Loaded:
    workspace: Workspace
    packages: list[Package]
    contexts: dict[object, BuildContext] = field(default_factory=dict)
    """By options and added environment: what needs no Python is built once for all of them."""


class Project:
    """The cargo packages that a run is about.

    ``places`` are absolute paths: packages at or below them, or around them, take part. What lies
    below a place in a directory that ``keeps_out`` (by its real path) is left out. A file that no
    package lies around may belong to one below ``base``.
    """

    def __init__(
        self,
        cargo: Cargo,
        places: Sequence[str],
        settings: Settings,
        surroundings: Surroundings | None = None,
        *,
        keeps_out: Callable[[str], bool] = lambda _: False,
        base: str | None = None,
    ) -> None:
        self.cargo = cargo
        self.places = [os.path.realpath(place) for place in places]
        self.errors: list[ManifestError] = []
        self._settings = settings
        self._surroundings = surroundings or Surroundings()
        self._keeps_out = keeps_out
        self._base = base
        self._loaded: list[_Loaded] = []
        self.known_packages: set[str] = set()
        """Names of all packages that were found, selected or not."""

    def against(self, surroundings: Surroundings, run: RunOptions) -> Project:
        """Return the same packages, loaded now or later, in other surroundings.

        What cargo refuses is told by this project alone.
        """
        other = Project(self.cargo, self.places, replace(self._settings, run=run), surroundings)
        other._loaded, other.known_packages = self._loaded, self.known_packages
        return other

    @property
    def workspaces(self) -> list[Workspace]:
        """The workspaces of the packages that take part."""
        return [loaded.workspace for loaded in self._loaded]

    @property
    def packages(self) -> list[Package]:
        """The packages that take part."""
        return [package for loaded in self._loaded for package in loaded.packages]

    @property
    def target_directories(self) -> set[str]:
        """Where cargo builds: no place to look for tests."""
        return {
            os.path.realpath(directory)
            for workspace in self.workspaces
            for directory in (workspace.target_directory, workspace.build_directory)
        }

    @property
    def base_directories(self) -> list[str]:
        """Where cargo builds by the user's own word; directories of ours are below these."""
        options = self._settings.build
        return list(dict.fromkeys(map(options.directory, self.workspaces)))

    def load(self) -> None:
        """Ask cargo for the workspaces: the one around each place, then those below.

        Manifests that cargo refuses are kept in ``errors``. Raises CargoMissingError.
        """
        found = FoundWorkspaces(self.cargo)
        for path in self.places:
            enclosing = enclosing_manifest(path)
            if enclosing is not None:
                found.ask(enclosing, named=True)
            if os.path.isdir(path):
                for manifest in find_manifests(path, lambda name: self._skips(name, found)):
                    found.ask(manifest)
        found.leave_out_patches()
        self.errors += found.errors
        for workspace in found.workspaces:
            self._take(workspace)
        if self._base is not None and not self.errors and not self.known_packages:
            self._look_further(self._base)

    def _look_further(self, base: str) -> None:
        """Find the packages of files that a target names outside its package."""
        if not any(os.path.isfile(place) for place in self.places):
            return
        found = FoundWorkspaces(self.cargo)
        for manifest in find_manifests(base, lambda name: self._skips(name, found)):
            found.ask(manifest)
        for workspace in found.workspaces:
            self._take(workspace)

    def _skips(self, directory: str, found: FoundWorkspaces) -> bool:
        return os.path.realpath(directory) in found.outputs or self._keeps_out(directory)

    def _take(self, workspace: Workspace) -> None:
        near = [package for package in workspace.packages if self._reaches(package)]
        self.known_packages.update(package.name for package in near)
        chosen = [
            package
            for package in near
            if not self._settings.package_globs
            or any(fnmatchcase(package.name, glob) for glob in self._settings.package_globs)
        ]
        if chosen:
            self._loaded.append(_Loaded(workspace, chosen))

    def _reaches(self, package: Package) -> bool:
        """Tell whether a package lies around a place, or below one and nothing keeps it out."""
        root = os.path.realpath(package.root)
        for place in self.places:
            around = next(
                path
                for path in upwards(root)
                if path == place or not is_inside(path, place) or self._keeps_out(path)
            )
            if is_inside(place, around):
                return True
        # A target may lie outside its package.
        directories = {
            os.path.dirname(os.path.realpath(target.src_path)) for target in package.targets
        }
        return any(
            os.path.isfile(place) and is_inside(place, directory)
            for place in self.places
            for directory in directories
            if not is_inside(directory, root)
        )

    def additions(self) -> dict[str, str]:
        """Return all variables that are added to cargo's environment."""
        return _merged(extra for _, _, extra in self.build_arguments())

    def c_compilers(self) -> list[str]:
        """Return in words which C compilers speak for the target; for this machine, named ones."""
        found: dict[str, None] = {}
        from .c.headers import compiler_in_words

        for workspace, options, extra in self.build_arguments():
            if self._settings.run.abi != "off":
                python, environ = self._surroundings.interpreter, {**self.cargo.environ, **extra}
                target = configured_target(environ, workspace.root, options.arguments())
                words = compiler_in_words(self.cargo, workspace, target, python, environ)
                found.update(dict.fromkeys(words))
        return list(found)

    def additions_to_tests(self) -> dict[str, str]:
        """Return all variables that are added to the environment of tests, beyond cargo's."""
        self.additions()  # What a package is built from is known from then on.
        return _merged(map(self._surroundings.added_to_tests, self.packages))

    def environments(self) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
        """Yield for which Python what is added, to cargo's environment and to that of tests."""
        yield "", self.additions(), self.additions_to_tests()

    def build(
        self,
        listener: BuildListener | None = None,
        more_checkers: Callable[[Sequence[BuildContext]], Iterable[Checker]] = lambda _: (),
    ) -> Plan:
        """Build every workspace once and find all cases. Raises CargoMissingError."""
        contexts = [self._build(loaded, listener) for loaded in self._loaded]
        python = self._surroundings.interpreter
        plan = Plan(
            builds={
                python.fingerprint if python is not None else "": [
                    context.builds[0] for context in contexts
                ]
            },
            later_builds=[build for context in contexts for build in context.builds[1:]],
            outputs=self.target_directories,
            packages=[package.name for package in self.packages],
            limits=self._settings.run.limits,
        )
        names = {package.name for package in self.packages}
        for checker in (*all_checkers(contexts), *more_checkers(contexts)):
            plan.checkers[checker.name] = checker
            cases, problem = discovered(checker)
            plan.add(case for case in cases if case.package in names)
            if problem:
                self._add_lost(plan, checker.name, problem)
        self._add_refused(plan)
        return plan

    def _add_lost(self, plan: Plan, checker: str, problem: str) -> None:
        """Add an item a package for what a checker did not find because it raised."""
        for package in self.packages:
            target = primary_target(package) or package.targets[0]
            case = target_case(package, target, f"@{checker}", kind="build", checker=Known.name)
            plan.add_known(case, Verdict("error", message=problem))

    def _add_refused(self, plan: Plan) -> None:
        """Add an item for each manifest that cargo refuses."""
        for error in self.errors:
            place = Location(error.manifest, error.line) if error.line else None
            verdict = Verdict("error", 0.0, str(error), place, summary=error.summary)
            plan.add_known(manifest_case(error.manifest), verdict)

    def broken_plan(self, error: CargoError) -> Plan:
        """Return a plan in which every manifest at the places says why cargo did not run."""
        plan = Plan()
        manifests: dict[str, None] = {}
        for path in self.places:
            if os.path.isdir(path):
                manifests.update(dict.fromkeys(find_manifests(path, self._keeps_out)))
            enclosing = enclosing_manifest(path)
            if enclosing is not None:
                manifests.setdefault(enclosing)
        for manifest in manifests:
            plan.add_known(manifest_case(manifest), Verdict("error", message=str(error)))
        return plan

    def add_typed(self, plan: Plan, file: str, levels: tuple[str, ...]) -> Case | None:
        """Make sure that what was typed has an item if it cannot be evaluated, or was not built.

        ``levels`` is empty for a file alone. Returns the case that was added, if one was.
        """
        file = os.path.realpath(file)
        cases = plan.cases.get(file, [])
        if any(case.levels[: len(levels)] == levels for case in cases):
            return None
        for checker in plan.checkers.values():
            for case in (case for _, cases in withheld(checker) for case in cases):
                if case.key == (file, levels):
                    plan.add([case])
                    return case
        cause = self._broken_home(plan, file, levels)
        if cause is None:
            return None
        _, verdict = next(iter(plan.checkers[cause.checker].run([cause])))
        case = replace(cause, file=file, levels=levels or ("@build",), line=1, checker=Known.name)
        plan.add_known(case, replace(verdict, outcome="error"))
        return case

    def _broken_home(self, plan: Plan, file: str, levels: tuple[str, ...]) -> Case | None:
        """Return the case of what was not built, if an id may be one of its tests."""
        builds = [case for case in plan.all_cases() if case.kind == "build"]
        refused = {os.path.dirname(case.file): case for case in builds if not case.package}
        owners = {real_path(package.root): package for package in self.packages}
        roots = [root for root in (*refused, *owners) if is_inside(file, root)]
        nearest = max(roots, key=len, default=None)
        if nearest is None or nearest in refused:
            return refused.get(nearest or next(iter(refused), ""))
        places = {(where.file, where.levels) for where in homes(owners[nearest], file, levels)}
        return next((case for case in builds if (case.file, case.levels[:-1]) in places), None)

    def build_arguments(self) -> Iterator[tuple[Workspace, BuildOptions, dict[str, str]]]:
        """Yield each workspace with the options and the added environment of its build."""
        for loaded in self._loaded:
            yield loaded.workspace, *self._build_arguments(loaded)

    def _build_arguments(self, loaded: _Loaded) -> tuple[BuildOptions, dict[str, str]]:
        options = self._settings.build
        base = os.path.join(options.directory(loaded.workspace), BUILDS)
        extra, directory = self._surroundings.additions(loaded.workspace, self.cargo.environ, base)
        if self._settings.package_globs:
            names = tuple(package.name for package in loaded.packages)
            options = replace(options, packages=names)
        if directory:
            options = replace(options, target_dir=os.path.join(base, directory))
        return options, extra

    def _build(self, loaded: _Loaded, listener: BuildListener | None) -> BuildContext:
        options, extra = self._build_arguments(loaded)
        key = (options, tuple(extra.items()))
        context = loaded.contexts.get(key)
        if context is None:
            context = loaded.contexts[key] = self._new_context(loaded, options, extra, listener)
        return replace(
            context,
            run=self._settings.run,
            library_directories=self._surroundings.library_directories,
            test_environment=self._surroundings.test_environment,
            interpreter=self._surroundings.interpreter,
        )

    def _new_context(
        self,
        loaded: _Loaded,
        options: BuildOptions,
        extra: Mapping[str, str],
        listener: BuildListener | None,
    ) -> BuildContext:
        build = self.cargo.build(
            loaded.workspace, options, extra_environment=extra, listener=listener
        )
        for used in (self._settings.build, options):
            note_use(used.directory(loaded.workspace))
        second = None
        if not build.success:
            from .rust.second_build import build_again

            second = build_again(self.cargo, build, options, extra, listener)
        if second is not None:
            build, options = second.builds[-1], second.options
        chosen = {package.name for package in loaded.packages}
        return BuildContext(
            cargo=self.cargo,
            build=build,
            options=replace(options, packages=()),
            processes=find_test_processes(
                self.cargo, build, options, doctests=self._settings.run.doctests
            ),
            selects=chosen.__contains__,
            second=second,
            checked=check_unlinked(self.cargo, build, options),
        )
