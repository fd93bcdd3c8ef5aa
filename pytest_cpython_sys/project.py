"""From the places that a run selects to built workspaces and their cases. Knows no pytest."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .cargo import ManifestError, enclosing_manifest
from .case import Case, Verdict
from .checkers import all_checkers
from .checkers.context import BuildContext
from .checkers.place import is_inside
from .checkout import CRATES, has_entries_of_checkout
from .surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .cargo import (
        Build,
        BuildListener,
        BuildOptions,
        Cargo,
        CargoError,
        Package,
        Workspace,
    )
    from .case import Checker
    from .checkers.context import RunOptions

__all__ = ["Plan", "Project", "find_manifests"]

_PRUNED = {"target", "node_modules", "__pycache__", "site-packages", "dist-packages"}


def find_manifests(directory: str, skip: Callable[[str], bool]) -> Iterator[str]:
    """Yield each ``Cargo.toml`` at or below a directory, in order.

    ``skip`` names directories not to enter; target directories, hidden ones and virtual
    environments are never entered. A package's own folder may be called ``build``. Of a checkout of
    CPython, only ``Modules`` is entered.
    """
    try:
        with os.scandir(directory) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    names = {entry.name for entry in found}
    if "pyvenv.cfg" in names or "CACHEDIR.TAG" in names:
        return
    if "Cargo.toml" in names:
        yield os.path.join(directory, "Cargo.toml")
    checkout = has_entries_of_checkout(names)
    for entry in found:
        if entry.name.startswith(".") or entry.name in _PRUNED:
            continue
        if checkout and entry.name != CRATES:
            continue
        if entry.is_dir(follow_symlinks=False) and not skip(entry.path):
            yield from find_manifests(entry.path, skip)


def _touches(package: Package, places: Sequence[str]) -> bool:
    root = os.path.realpath(package.root)
    return any(is_inside(root, path) or is_inside(path, root) for path in places)


@dataclass
class Plan:
    """The cases of a session, by the real path of the file that they stand under."""

    cases: dict[str, list[Case]] = field(default_factory=dict)
    checkers: dict[str, Checker] = field(default_factory=dict)
    builds: list[Build] = field(default_factory=list)
    outputs: set[str] = field(default_factory=set)
    """Directories in which cargo builds."""
    packages: list[str] = field(default_factory=list)
    """Names of the packages that take part."""
    limits: dict[tuple[str, tuple[str, ...]], float] = field(default_factory=dict)
    """Seconds for single cases, shared with all checkers."""

    def add(self, cases: Iterable[Case]) -> None:
        """Add cases; a second one of a name in one place gets ``-2``, a third ``-3``."""
        cases = list(cases)
        if not cases:
            return
        seen = Counter((case.file, case.levels) for case in self.all_cases())
        for case in cases:
            seen[case.key] += 1
            count = seen[case.key]
            while count > 1 and (case.file, _numbered(case.levels, count)) in seen:
                count += 1
            if count > 1:
                case = replace(case, levels=_numbered(case.levels, count))
                seen[case.key] += 1
            self.cases.setdefault(case.file, []).append(case)

    def all_cases(self) -> Iterator[Case]:
        """Yield every case."""
        for cases in self.cases.values():
            yield from cases


def _numbered(levels: tuple[str, ...], count: int) -> tuple[str, ...]:
    return (*levels[:-1], f"{levels[-1]}-{count}")


@dataclass
class _Loaded:
    workspace: Workspace
    packages: list[Package]


class _Known:
    """Verdicts that are known beforehand: a manifest that cargo refuses, an id not built."""

    name = "known"

    def __init__(self) -> None:
        self.verdicts: dict[tuple[str, tuple[str, ...]], Verdict] = {}

    def discover(self) -> Iterable[Case]:
        return ()

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        for case in cases:
            yield case, self.verdicts[case.key]


class Project:
    """The cargo packages that a run is about.

    ``places`` are absolute paths: packages at or below them, or around them, take part.
    """

    def __init__(
        self,
        cargo: Cargo,
        places: Sequence[str],
        *,
        options: BuildOptions,
        run: RunOptions,
        package_globs: Sequence[str] = (),
        surroundings: Surroundings | None = None,
    ) -> None:
        self.cargo = cargo
        self.places = [os.path.realpath(place) for place in places]
        self.errors: list[ManifestError] = []
        self._options = options
        self._run = run
        self._globs = package_globs
        self._surroundings = surroundings or Surroundings()
        self._loaded: list[_Loaded] = []
        self._names: set[str] = set()

    @property
    def packages(self) -> list[Package]:
        """The packages that take part."""
        return [package for loaded in self._loaded for package in loaded.packages]

    @property
    def known_packages(self) -> set[str]:
        """Names of all packages that were found, selected or not."""
        return self._names

    @property
    def target_directories(self) -> set[str]:
        """Where cargo builds: no place to look for tests."""
        return {
            os.path.realpath(directory)
            for loaded in self._loaded
            for directory in (
                loaded.workspace.target_directory,
                loaded.workspace.build_directory,
            )
        }

    def load(self) -> None:
        """Ask cargo for the workspaces: the one around each place, then those below.

        Manifests that cargo refuses are kept in ``errors``. Raises CargoMissingError.
        """
        claimed: set[str] = set()
        outputs: set[str] = set()

        def take(manifest: str) -> None:
            real = os.path.realpath(manifest)
            if real in claimed:
                return
            claimed.add(real)
            try:
                workspace = self.cargo.workspace(manifest)
            except ManifestError as error:
                self.errors.append(error)
                return
            claimed.add(os.path.realpath(os.path.join(workspace.root, "Cargo.toml")))
            claimed.update(
                os.path.realpath(package.manifest_path) for package in workspace.packages
            )
            outputs.add(os.path.realpath(workspace.target_directory))
            self._take(workspace)

        for path in self.places:
            enclosing = enclosing_manifest(path)
            if enclosing is not None:
                take(enclosing)
            if os.path.isdir(path):
                for manifest in find_manifests(
                    path, lambda name: os.path.realpath(name) in outputs
                ):
                    take(manifest)

    def _take(self, workspace: Workspace) -> None:
        near = [package for package in workspace.packages if _touches(package, self.places)]
        self._names.update(package.name for package in near)
        chosen = [
            package
            for package in near
            if not self._globs or any(fnmatchcase(package.name, glob) for glob in self._globs)
        ]
        if chosen:
            self._loaded.append(_Loaded(workspace, chosen))

    def additions(self) -> list[str]:
        """Return the names of all variables that are added to cargo's environment."""
        names: dict[str, None] = {}
        for loaded in self._loaded:
            extra, _ = self._surroundings.additions(loaded.workspace, self.cargo.environ)
            names.update(dict.fromkeys(extra))
        return list(names)

    def additions_to_tests(self) -> list[str]:
        """Return the names of all variables that are added to the environment of tests."""
        self.additions()  # What a package is built from is known from then on.
        names: dict[str, None] = {}
        for package in self.packages:
            names.update(dict.fromkeys(self._surroundings.added_to_tests(package)))
        return list(names)

    def build(
        self,
        listener: BuildListener | None = None,
        more_checkers: Callable[[Sequence[BuildContext]], Iterable[Checker]] = lambda _: (),
    ) -> Plan:
        """Build every workspace once and find all cases. Raises CargoMissingError."""
        contexts = [self._build(loaded, listener) for loaded in self._loaded]
        plan = Plan(
            builds=[context.build for context in contexts],
            outputs=self.target_directories,
            packages=[package.name for package in self.packages],
            limits=self._run.limits,
        )
        for checker in (*all_checkers(contexts), *more_checkers(contexts)):
            plan.checkers[checker.name] = checker
            plan.add(case for case in checker.discover() if self._in_scope(case))
        known = _Known()
        plan.checkers[known.name] = known
        for error in self.errors:
            case = _manifest_case(error.manifest)
            known.verdicts[case.key] = Verdict("error", message=str(error))
            plan.add([case])
        return plan

    def broken_plan(self, error: CargoError) -> Plan:
        """Return a plan in which every manifest at the places says why cargo did not run."""
        plan = Plan()
        known = _Known()
        plan.checkers[known.name] = known
        manifests: dict[str, None] = {}
        for path in self.places:
            if os.path.isdir(path):
                manifests.update(dict.fromkeys(find_manifests(path, lambda _: False)))
            enclosing = enclosing_manifest(path)
            if enclosing is not None:
                manifests.setdefault(enclosing)
        for manifest in manifests:
            case = _manifest_case(manifest)
            known.verdicts[case.key] = Verdict("error", message=str(error))
            plan.add([case])
        return plan

    def add_typed(self, plan: Plan, file: str, levels: tuple[str, ...]) -> None:
        """Make sure that what was typed has an item if its target was not built.

        ``levels`` is empty for a file alone.
        """
        file = os.path.realpath(file)
        cases = plan.cases.get(file, [])
        if any(case.levels[: len(levels)] == levels for case in cases):
            return
        builds = [case for case in plan.all_cases() if case.kind == "build"]
        near = [case for case in builds if case.file == file]
        if not near:
            roots = {
                package.name: os.path.realpath(package.root)
                for package in self.packages
                if is_inside(file, os.path.realpath(package.root))
            }
            name = max(roots, key=lambda name: len(roots[name]), default=None)
            near = [case for case in builds if case.package == name or not case.package]
        if not near:
            return
        cause = near[0]
        message = next(verdict.message for _, verdict in plan.checkers[cause.checker].run([cause]))
        known = plan.checkers[_Known.name]
        assert isinstance(known, _Known)  # noqa: S101 - put there by every plan
        case = replace(cause, file=file, levels=levels or ("@build",), line=1, checker=known.name)
        known.verdicts[case.key] = Verdict("error", message=message)
        plan.cases.setdefault(file, []).append(case)

    def _in_scope(self, case: Case) -> bool:
        names = {package.name for package in self.packages}
        return case.package in names

    def build_arguments(self) -> Iterator[tuple[Workspace, BuildOptions, dict[str, str]]]:
        """Yield each workspace with the options and the added environment of its build."""
        for loaded in self._loaded:
            yield loaded.workspace, *self._build_arguments(loaded)

    def _build_arguments(self, loaded: _Loaded) -> tuple[BuildOptions, dict[str, str]]:
        extra, directory = self._surroundings.additions(loaded.workspace, self.cargo.environ)
        options = self._options
        if self._globs:
            names = tuple(package.name for package in loaded.packages)
            options = replace(options, packages=names)
        if directory:
            base = options.target_dir or loaded.workspace.target_directory
            options = replace(options, target_dir=os.path.join(base, "cpython-sys", directory))
        return options, extra

    def _build(self, loaded: _Loaded, listener: BuildListener | None) -> BuildContext:
        options, extra = self._build_arguments(loaded)
        build = self.cargo.build(
            loaded.workspace, options, extra_environment=extra, listener=listener
        )
        chosen = {package.name for package in loaded.packages}
        return BuildContext(
            cargo=self.cargo,
            build=build,
            options=replace(options, packages=()),
            run=self._run,
            processes=self.cargo.test_processes(build, options, doctests=self._run.doctests),
            library_directories=self._surroundings.library_directories,
            test_environment=self._surroundings.test_environment,
            selects=chosen.__contains__,
            interpreter=self._surroundings.interpreter,
        )


def _manifest_case(manifest: str) -> Case:
    return Case(
        file=os.path.realpath(manifest),
        levels=("@build",),
        kind="build",
        checker=_Known.name,
        package="",
        target="",
        rust_test="@build",
        command=f"cargo metadata --no-deps --manifest-path {manifest}",
    )
