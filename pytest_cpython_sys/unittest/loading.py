"""From a project's root to its Rust tests, when unittest asks a module for its tests."""

from __future__ import annotations

import os
import sys
import unittest
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ..cargo import Cargo, CargoError, CargoMissingError, CargoTooOldError, stop_all
from ..failure_text import node_id, relative
from ..python.checkout import find_checkout
from ..python.gc_pause import without_collector
from ..python.interpreter import InterpreterError, current, load
from .evaluation import Jury
from .settings import OptionsError, read_settings
from .suite import RustSuite
from .tests import RustTest, ToldTest, regrtest_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import NoReturn, TypeAlias

    from ..case import Case, Key
    from ..plan import Plan
    from ..project import Project
    from ..python.interpreter import Interpreter
    from ..rust.context import Settings

    LoadTests: TypeAlias = Callable[
        [unittest.TestLoader, unittest.TestSuite, str | None], unittest.TestSuite
    ]

__all__ = ["make_load_tests"]


class _Told(Exception):  # noqa: N818 - it may be no error
    """There are no tests; ``name`` is what the one is called that says why."""

    def __init__(self, name: str, reason: str, *, skipped: bool = False) -> None:
        super().__init__(reason)
        self.name = name
        self.skipped = skipped


def make_load_tests(module: str, root: str | os.PathLike[str], *options: str) -> LoadTests:
    """Return a module's ``load_tests``: the Rust tests of the packages at or below ``root``.

    ``module`` is the module's ``__name__``. Options are those of pytest's command line, one word
    each (``"--cargo-timeout=60"``); the variable ``CPYTHON_SYS_OPTIONS`` holds more of them.
    See https://docs.python.org/3/library/unittest.html#load-tests-protocol
    """
    place = os.path.abspath(root)

    def load_tests(
        loader: unittest.TestLoader, standard_tests: unittest.TestSuite, pattern: str | None
    ) -> unittest.TestSuite:
        del pattern  # names files
        found = _Loader(module, place, loader.testNamePatterns).load(options)
        if standard_tests.countTestCases() == 0:
            return found
        return unittest.TestSuite([standard_tests, found])

    return load_tests


class _Loader:
    """Builds the packages below a directory, and makes tests of what is found."""

    def __init__(self, module: str, root: str, patterns: Sequence[str] | None) -> None:
        self._module = module
        self._root = root
        self._patterns = patterns

    def load(self, options: Sequence[str]) -> RustSuite:
        """Return the tests, or one that says why there are none."""
        try:
            with without_collector():
                return self._load(options)
        except _Told as told:
            name = f"{self._module}.{told.name}"
            return RustSuite([ToldTest(name, str(told), skipped=told.skipped)])
        finally:
            # Also where the user interrupts a build, or asks for nothing but a list.
            stop_all()

    def _load(self, options: Sequence[str]) -> RustSuite:
        try:
            settings = read_settings(options, os.environ)
        except OptionsError as error:
            raise _Told("options", str(error)) from None
        cargo = Cargo()
        cargo.ask_ahead([self._root])
        project = _project(cargo, self._root, settings)
        plan = self._plan(project, cargo)
        plan.limits.update(self._limits(plan, settings))
        jury = Jury(plan, settings.run.grace)
        # With the module's name in its class, a test has the fixtures of its module.
        kind = type(RustTest.__name__, (RustTest,), {"__module__": self._module})
        tests = [kind(self._module, case, self._root, jury) for case in self._in_order(plan)]
        if not tests:
            raise _Told("no_test", f"no Rust test in {', '.join(plan.packages)}", skipped=True)
        unbuilt = [test for test in tests if test.case.kind == "build"]
        _tell_unbuilt(unbuilt, jury)
        chosen = [test for test in tests if self._selects(test)]
        return RustSuite(chosen, jury, unbuilt, list(self._replaced(plan)))

    def _replaced(self, plan: Plan) -> Iterator[ToldTest]:
        """Yield an error for each package that builds only without the layouts that differ."""
        cases = [case for checker in plan.checkers.values() for case in checker.replaced()]
        for case in {case.package: case for case in reversed(cases)}.values():
            yield ToldTest(
                regrtest_id(self._module, case, self._root),
                f"{case.package} did not build: layouts that differ are compile errors; its other "
                "tests ran in a second build",
                skipped=False,
            )

    def _plan(self, project: Project, cargo: Cargo) -> Plan:
        try:
            _ = cargo.toolchain
            project.load()
            if not project.packages and not project.errors:
                self._refuse(project)
            return project.build()
        except (CargoMissingError, CargoTooOldError) as error:
            raise _Told("no_cargo", str(error), skipped=True) from None
        except CargoError as error:
            raise _Told("cargo", str(error)) from None

    def _refuse(self, project: Project) -> NoReturn:
        """Say why no package takes part."""
        if project.known_packages:
            names = ", ".join(sorted(project.known_packages))
            raise _Told("options", f"--cargo-package matches no package: choose from {names}")
        raise _Told("no_package", f"no Cargo.toml at or below {self._root}", skipped=True)

    def _selects(self, test: RustTest) -> bool:
        """Tell whether ``-k`` leaves a test in."""
        return self._patterns is None or any(
            fnmatchcase(test.id(), pattern) for pattern in self._patterns
        )

    def _in_order(self, plan: Plan) -> list[Case]:
        """Return cases file by file, in the order of the source."""
        return sorted(
            plan.all_cases(),
            key=lambda case: (
                relative(case.file, self._root),
                case.line,
                case.generated is not None,
            ),
        )

    def _limits(self, plan: Plan, settings: Settings) -> Iterator[tuple[Key, float]]:
        for case in plan.all_cases() if settings.timeouts else ():
            seconds = settings.timeout(node_id(case, self._root))
            if seconds is not None:
                yield case.key, seconds


def _project(cargo: Cargo, root: str, settings: Settings) -> Project:
    from ..project import Project
    from ..python.build_environment import Surroundings

    python = settings.pythons[-1] if settings.pythons else None
    interpreter = _interpreter(root, python)
    for remark in interpreter.remarks if interpreter is not None else ():
        sys.stderr.write(f"Warning -- {remark}\n")
    # Who starts a built interpreter has named it, whatever PYTHON_BUILD_DIR is in the shell.
    named = interpreter is not None and interpreter.source_dir is not None
    surroundings = Surroundings(interpreter, named=named or python is not None)
    return Project(cargo, [root], settings, surroundings)


def _interpreter(root: str, named: str | None) -> Interpreter | None:
    """Return the target Python: the one that runs, unless another was named."""
    try:
        return current() if named is None else load(named)
    except InterpreterError as error:
        if named is not None:
            raise _Told("options", str(error)) from None
        if find_checkout(root) is not None:
            raise _Told("interpreter", str(error)) from None
        return None


def _tell_unbuilt(unbuilt: Sequence[RustTest], jury: Jury) -> None:
    """Show why targets were not built, each reason once: a list of tests shows no errors."""
    seen = set()
    for test in unbuilt:
        verdict, _ = jury.verdicts(test.case, test.id())
        if verdict.message not in seen:
            seen.add(verdict.message)
            sys.stderr.write(f"{test.id()}: {verdict.message.rstrip()}\n")
