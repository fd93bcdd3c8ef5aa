"""What a checker is given: a finished build, and how its tests are to be run."""

from __future__ import annotations

from dataclasses import field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from ..cargo import BuildOptions, TestProcesses, prepend_library_path
from ..cargo.run_program import Limit
from ..late import dataclass
from .foreign_target import find_foreign_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..cargo import Build, Cargo, Package, PlannedUnit, Target, TestProcess
    from ..case import Case, Key, Verdict
    from ..python.interpreter import Interpreter
    from .foreign_target import ForeignTarget
    from .second_build import SecondBuild

__all__ = [
    "LEAKED",
    "Announcer",
    "BuildContext",
    "RunOptions",
    "Settings",
    "with_leak",
]

LEAKED: Final = "left a process running, which was killed"


_Told = TypeVar("_Told")


class Announcer(Generic[_Told]):
    """Tells whoever listens something of a test while it runs; nobody in another process."""

    def __init__(self, listener: Callable[[str, _Told], None] | None = None) -> None:
        self.listener = listener

    def __call__(self, test: str, told: _Told) -> None:
        """Tell it of a test by the name that cargo prints. Called from another thread."""
        if self.listener is not None:
            self.listener(test, told)

    def __reduce__(self) -> tuple[type[Announcer[_Told]], tuple[()]]:
        return Announcer, ()


@dataclass(frozen=True)
class RunOptions:
    """How tests run. ``grace``: seconds between SIGTERM and SIGKILL."""

    timeout: float | None = None
    """Seconds that one test may take."""
    limits: dict[Key, float] = field(default_factory=dict)
    """Seconds for single cases, by their keys; filled in when it is known what is selected."""
    grace: float = 2.0
    isolate: bool = False
    """One process a test."""
    ignored: str = "default"
    """Which ignored tests run: ``default`` (none), ``only`` those, ``all``."""
    doctests: bool = True
    on_slow: Announcer[float] = field(default_factory=Announcer)
    """Is told of a test that has run for so many seconds."""
    on_output: Announcer[str] = field(default_factory=Announcer)
    """Is told of what a test prints, as it runs, one test at a time. Nobody listens: captured."""
    leaks_fail: bool = False
    """Whether a process that outlives its test is a failure, or just worth a warning."""
    abi: str = "auto"
    """What the C compiler is asked about: ``auto`` (what is written by hand), ``all``, ``off``."""
    layouts: bool = False
    """Whether verdicts are to hold the layouts that were compared even where these agree."""

    policies: str = "auto"
    """Which policies are checked: ``auto``, ``all`` of them for every package, ``off``."""

    origins: dict[str, str] = field(default_factory=dict)
    """Where options were given that were not typed, by their names."""

    ledgers: dict[str, dict[str, dict[str, dict[str, int]]]] | None = None
    """Where the ledger of `unsafe` is to be written: what was counted, by workspace, table and
    file. With several Pythons it is what is most."""

    @property
    def show(self) -> Callable[[str, str], None] | None:
        """What is told of what tests print; None where that is captured."""
        return None if self.on_output.listener is None else self.on_output

    def origin(self, name: str) -> str:
        """Return what gave an option its value, as the user knows it: ``--cargo-timeout``."""
        return self.origins.get(name) or f"--{name.replace('_', '-')}"

    def limit(self, case: Case) -> float | None:
        """Return how many seconds a case may take, None for as long as it likes."""
        return self.limits.get(case.key, self.timeout)


@dataclass(frozen=True)
class Settings:
    """What the user asked for; see the reference of options in the documentation."""

    build: BuildOptions
    run: RunOptions
    package_globs: tuple[str, ...]
    pythons: tuple[str, ...]
    """Those to build against, as they were named."""
    timeouts: tuple[tuple[str, float], ...]
    """Globs of node ids with seconds; the last that matches counts."""

    @classmethod
    def of(
        cls, values: Mapping[str, Any], origins: Mapping[str, str] | None = None, **more: Any
    ) -> Self:
        """Return the settings that the values of all options make, by their names.

        ``origins``: see `RunOptions.origins`.
        """
        build = BuildOptions(
            features=values["cargo_features"],
            all_features=values["cargo_all_features"],
            no_default_features=values["cargo_no_default_features"],
            profile=values["cargo_profile"],
            target=values["cargo_target"],
            target_dir=values["cargo_target_dir"],
            extra=values["cargo_args"],
        )
        run = RunOptions(
            grace=values["cargo_grace"],
            isolate=values["cargo_isolate"],
            ignored=values["cargo_run_ignored"],
            doctests=not values["cargo_no_doctests"],
            leaks_fail=values["cargo_leaks"] == "fail",
            abi=values["cpython_sys_abi"],
            layouts=bool(values["cpython_sys_layouts"] or values["cpython_sys_report"]),
            policies=values["cpython_sys_policies"],
            ledgers={} if values["cpython_sys_update_ledger"] else None,
            origins=dict(origins or {}),
        )
        if values["cargo_timeout"] is not None:
            limit = Limit(values["cargo_timeout"], run.origin("cargo_timeout"))
            run = replace(run, timeout=limit)
        globs, pythons = values["cargo_package"], values["cpython_sys_python"]
        return cls(build, run, globs, pythons, values["cargo_timeouts"], **more)

    def timeout(self, node_id: str) -> float | None:
        """Return the seconds that a test may take by its id; None where no glob matches."""
        matching = (limit for glob, limit in reversed(self.timeouts) if fnmatchcase(node_id, glob))
        seconds = next(matching, None)
        return None if seconds is None else Limit(seconds, self.run.origin("cargo_timeouts"))


def with_leak(verdict: Verdict, run: RunOptions) -> Verdict:
    """Return a verdict that tells of a process that outlived its test."""
    words = f"the test {LEAKED}"
    if not run.leaks_fail:
        return replace(verdict, warnings=(*verdict.warnings, words))
    if verdict.outcome != "passed":
        return replace(verdict, message=f"{verdict.message}\n{words}")
    return replace(verdict, outcome="failed", message=words)


@dataclass(frozen=True)
class BuildContext:
    """A build of a workspace, and the data that a checker needs."""

    cargo: Cargo
    build: Build
    options: BuildOptions
    """The options that the build was started with."""
    run: RunOptions = field(default_factory=RunOptions)
    processes: TestProcesses = field(default_factory=TestProcesses)
    """How its tests are started."""
    library_directories: Callable[[Package], tuple[str, ...]] = lambda _: ()
    """Directories that a package's test processes need on the library path, beyond cargo's."""
    test_environment: Callable[[Package], dict[str, str]] = lambda _: {}
    """Variables that a package's test processes need, beyond cargo's."""
    selects: Callable[[str], bool] = lambda _: True
    """Whether a package was asked for, by its name."""
    interpreter: Interpreter | None = None
    """The target Python, with its compiler, flags and include directories; None if unknown."""
    second: SecondBuild | None = None
    """Where layouts are wrong: how ``build`` came about, or why there is no other build."""

    checked: Build | None = None
    """What rustc says, without a linker, of what no build came to for want of one."""

    @property
    def builds(self) -> tuple[Build, ...]:
        """All builds: that of the user's own sources first, the one to be tested last."""
        return self.second.builds if self.second is not None else (self.build,)

    @property
    def packages(self) -> list[Package]:
        """The packages of the workspace that this run includes."""
        return [one for one in self.build.workspace.packages if self.selects(one.name)]

    def lacks(self, package: Package, target: Target) -> bool:
        """Tell whether a target that is to be tested was not built, in one way at least."""
        if not self.build.is_built(package, target):
            return True
        return any(
            unit.is_of(package, target)
            and self.build.compiler_failure(package.name, target, test=unit.test) is not None
            for unit in self._missing_units
        )

    @cached_property
    def foreign(self) -> ForeignTarget | None:
        """The target that was named, if its programs do not run here and nobody runs them."""
        return find_foreign_target(self)

    @cached_property
    def _missing_units(self) -> list[PlannedUnit]:
        return self.build.missing_units(self.builds[0].planned)

    def wrote(self, path: str) -> bool:
        """Tell whether one of the builds wrote a file; see `Build.wrote`."""
        return any(build.wrote(path) for build in self.builds)

    def environment(self, package: Package, process: TestProcess) -> dict[str, str]:
        """Return the environment of a test process: cargo's variables and those of the plugin."""
        env = process.environment(self.builds[0].environment)
        directories = self.library_directories(package)
        if directories:
            prepend_library_path(env, directories)
        return {**env, **self.test_environment(package)}
