"""Builds the extension modules that Python tests import, before anything imports them.

Conftest files are imported first of all: until the run's own build is over, a module is built when
something imports it. Then all of them are, so that workers of pytest-xdist and processes that tests
start find them too.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from ...cargo import CargoError, upwards, worker_threads
from ...extensions.finder import (
    VARIABLE,
    ModuleFinder,
    Modules,
    install,
    install_from_environment,
    uninstall,
)
from ...extensions.module_builds import (
    ModuleTroubleError,
    build_library,
    candidates,
    check_import,
    module_name,
)
from ...project import Project
from ...python.build_environment import Surroundings
from ...python.checkout import target_python
from ...python.introspect import InterpreterError
from ...python.selection import fits_running
from ...rust.metadata import TABLE
from ..arguments import Scope
from ..progress.build import shown_progress
from ..pytest_compat.configuration import key_in_words
from ..report import write_section
from ..settings import read_settings
from .early import EarlyConfig, holds_python_tests, project_roots
from .wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from ...cargo import Build, BuildListener, Cargo
    from ...case import Checker
    from ...extensions.module_builds import Candidate
    from ...python.interpreter import Interpreter
    from ...rust.context import BuildContext

__all__ = ["ModuleImports", "begin"]


class ModuleImports:
    """Makes the modules of a project importable as they are in its sources."""

    def __init__(self, config: pytest.Config, cargo: Cargo, python: Interpreter) -> None:
        self._config = config
        self._cargo = cargo
        self._python = python
        self._settings = read_settings(EarlyConfig(config))
        self._scope = Scope()
        self._unnamed: list[Candidate] = []
        """Those whose name nobody knows before they are built."""
        self._wanted = Wanted(rebuilds=self._settings.stale == "auto")
        self._finder = ModuleFinder()
        self._builds: Sequence[Build] = ()
        """Those of the run for this Python."""
        self._ahead: dict[str, Future[tuple[str, Build]]] = {}
        """Modules that are built while tests are looked for."""
        self._built: list[str] = []
        """Header lines."""
        self._unknown: list[str] = []
        """What may be wrong where a test file cannot be imported."""

    def begin(self) -> None:
        """Find the modules, and be there when a conftest file imports one."""
        surroundings = Surroundings(self._python, named=bool(self._settings.pythons))
        early, base = EarlyConfig(self._config), str(self._config.rootpath)
        self._scope.places = project_roots(early)
        project = Project(
            self._cargo,
            self._scope.places,
            self._settings,
            surroundings,
            keeps_out=lambda directory: self._scope.keeps_out(early, directory),
            base=base,
        )
        try:
            with self._shown():
                project.load()
        except (CargoError, InterpreterError):
            return  # the run itself says so
        before = os.environ.get(VARIABLE)

        def restore() -> None:
            uninstall()
            if before is not None:
                os.environ[VARIABLE] = before
                install_from_environment()

        self._config.add_cleanup(restore)
        chosen = list(self._chosen(list(candidates(project.build_arguments(), base))))
        self._unnamed = [one for one in chosen if one.name is None]
        self._want((one, one.name) for one in chosen if one.name is not None)

    def _chosen(self, found: list[Candidate]) -> Iterator[Candidate]:
        """Yield those that the ini key asks for, and that are extension modules at all."""
        globs = self._settings.extensions
        if globs == ("auto",):
            globs = ("*",)
        names = {candidate.package.name for candidate in found}
        # A run of a part of the project need not have what the ini file names.
        is_whole = self._scope.places == [str(self._config.rootpath)]
        for glob in globs if is_whole else ():
            if glob != "*" and not any(fnmatchcase(name, glob) for name in names):
                key = key_in_words(EarlyConfig(self._config), "cpython_sys_extensions")
                raise pytest.UsageError(f"{key}: {_unmatched(glob, names)}")
        for candidate in found:
            if any(fnmatchcase(candidate.package.name, glob) for glob in globs):
                bindings = candidate.told.bindings if candidate.told is not None else "pyo3"
                if bindings == "pyo3":
                    yield candidate
                else:
                    self._wanted.troubles.append(_left_alone(candidate, bindings))

    def _want(self, named: Iterable[tuple[Candidate, str]]) -> None:
        """Let modules be built when they are imported, where what is installed does not serve."""
        self._finder = install(self._wanted.look_at(named))
        self._finder.pending.update(self._wanted.pending)
        self._finder.build = self._build_imported

    # -- building ---------------------------------------------------------------------------------

    def _build_imported(self, name: str) -> None:
        """Build a module that something imports: a conftest file, before the run's own build."""
        with self._shown() as progress:
            self._build(name, progress)

    @contextmanager
    def _shown(self) -> Iterator[BuildListener | None]:
        """Show how it goes on. Before there is a session, pytest has no words for Ctrl-C."""
        try:
            with shown_progress(self._config) as progress:
                yield progress
        except KeyboardInterrupt:
            if self._config.pluginmanager.has_plugin("terminalreporter"):
                raise
            raise SystemExit(int(pytest.ExitCode.INTERRUPTED)) from None

    def _build(self, name: str, listener: BuildListener | None) -> None:
        """Build a module, and let it be found; or let everybody who imports it know why not."""
        candidate, why = self._wanted.pending.pop(name)
        self._finder.pending.discard(name)
        found = Modules()
        try:
            ahead = self._ahead.pop(name, None)
            library, build = (
                ahead.result()
                if ahead is not None
                else build_library(self._cargo, candidate, self._builds, listener)
            )
            host = self._cargo.toolchain.host
            from ...extensions.stage import built_for_another

            other = built_for_another(build, candidate.package, self._python, host)
            if other is not None:
                raise ModuleTroubleError(f"{candidate.place} is {other}")
            _, remark = module_name(candidate, library)
            found.files[name] = library
            every = Modules.load(self._finder.modules.dump())
            every.update(found)
            if listener is not None:
                listener.progress(0, 1, f"trying to import {name}")
            trouble = check_import(name, candidate, library, build, every)
            if trouble.ends_process:
                raise ModuleTroubleError(trouble.words)
            if remark:
                self._wanted.troubles.append(f"{name}: {remark}")
            elif trouble.words:
                self._wanted.troubles.append(f"{name}: {trouble.words}")
            self._built.append(f"{name}: built from {candidate.place} ({why})")
        except ModuleTroubleError as error:
            found = Modules()
            found.broken[name] = f"{name}: {error.summary}"
            self._wanted.troubles.append(found.broken[name])
            if all(build.success for build in self._builds):  # else `@build` has rustc's words
                self._finder.words[name] = f"{name}: {error}"
        install(found)

    @pytest.hookimpl
    def pytest_cpython_sys_checkers(self, contexts: Sequence[BuildContext]) -> list[Checker]:
        """Take note of the run's builds; build what has a directory of its own meanwhile."""
        ours = self._python.fingerprint
        self._builds = [
            context.builds[0]
            for context in contexts
            if context.interpreter is None or context.interpreter.fingerprint == ours
        ]
        if holds_python_tests(self._config):
            pool = worker_threads(1)
            for name in self._selected():
                candidate = self._wanted.pending[name][0]
                if candidate.own_options != candidate.options:
                    self._ahead[name] = pool.submit(
                        build_library, self._cargo, candidate, self._builds
                    )
            pool.shutdown(wait=False)
        return []

    def _selected(self) -> list[str]:
        """Return the modules to build that no list of a conftest file keeps out.

        Those that are kept out are built if something imports them all the same.
        """
        return [
            name
            for name, (candidate, _) in self._wanted.pending.items()
            if not any(
                self._scope.keeps_out(self._config, directory)
                for directory in upwards(os.path.realpath(candidate.package.root))
            )
        ]

    @pytest.hookimpl
    def pytest_sessionstart(self) -> None:
        """Build what Python tests may import, after the run's own build."""
        if not holds_python_tests(self._config):
            return
        with shown_progress(self._config) as progress:
            self._want(list(self._name_the_unnamed(progress)))
            self._wanted.look_again(self._builds)
            for name in self._selected():
                self._build(name, progress)
        if self._wanted.stale and self._settings.stale == "error":
            raise pytest.UsageError("\n".join(self._wanted.stale))

    def _name_the_unnamed(self, listener: BuildListener | None) -> Iterator[tuple[Candidate, str]]:
        """Yield modules with the names that their libraries export."""
        for candidate in self._unnamed:
            built = any(build.shared_library(candidate.package) for build in self._builds)
            if not (built or candidate.may_be_one):
                continue
            try:
                library, _ = build_library(self._cargo, candidate, self._builds, listener)
            except ModuleTroubleError as error:
                self._wanted.troubles.append(error.summary)
                continue
            name, trouble = module_name(candidate, library)
            if trouble:
                self._wanted.troubles.append(f"{candidate.package.name}: {trouble}")
            if name is not None:
                if candidate.told is not None and candidate.told.backend:
                    self._unknown.append(_guessed(candidate, name))
                yield candidate, name
        self._unnamed.clear()

    # -- what is said -----------------------------------------------------------------------------

    @pytest.hookimpl
    def pytest_report_header(self) -> list[str]:
        """Say what was built in place of what is installed."""
        return self._built

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Say what was guessed where a test file cannot be imported."""
        if report.failed:
            self._wanted.troubles += self._unknown
            self._unknown.clear()

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what cannot be had, and what is installed and older than its sources."""
        lines = dict.fromkeys((*self._wanted.stale, *self._wanted.troubles))
        write_section(terminalreporter, "extension modules", lines)


def _left_alone(candidate: Candidate, bindings: str) -> str:
    assert candidate.told is not None  # noqa: S101 - it is what says so
    return (
        f"{candidate.package.name}: pytest-cpython-sys does not build {bindings} bindings: install "
        f"them with `{candidate.told.command()}`"
    )


def _unmatched(glob: str, names: Collection[str]) -> str:
    if not names:
        return f'no package of this project has a cdylib: remove "{glob}" or the key'
    return f'no package "{glob}" has a cdylib: choose from {", ".join(sorted(names))}'


def _guessed(candidate: Candidate, name: str) -> str:
    assert candidate.told is not None  # noqa: S101 - it names the backend
    return (
        f"{name}: pytest-cpython-sys does not know where {candidate.told.backend} puts the module "
        f"of {candidate.package.name}: if it is in a Python package, write "
        f'module = "PACKAGE.{name}" in [{TABLE}]'
    )


def begin(config: pytest.Config, cargo: Cargo) -> None:
    """Take part in a run from before its conftest files are read."""
    try:
        # In a checkout of CPython it may be another one, for which nothing here can be imported.
        roots = project_roots(EarlyConfig(config))
        if not roots:  # nothing that was typed is there: pytest says so
            return
        python = target_python(roots[0])
    except InterpreterError:
        return
    if not fits_running(python):
        return
    imports = ModuleImports(config, cargo, python)
    config.pluginmanager.register(imports, "cpython_sys_modules")
    imports.begin()
