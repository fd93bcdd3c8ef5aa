"""The plugin proper, registered only when it is switched on: from arguments to items."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from ..cargo import CargoError, stop_all
from ..case import completed
from ..evaluator import Evaluator
from ..plan import Plan
from ..project import Project
from ..python.build_environment import Surroundings
from ..python.gc_pause import Settled, without_collector
from ..python.introspect import InterpreterError
from ..rust.context import Announcer
from .account import Account
from .arguments import has_rust_around, no_package
from .collection import Collection
from .failures.errors import RustError, set_place
from .fast_protocol import FastProtocol
from .header import header_lines
from .missing_modules import MissingModules
from .modules.early import holds_python_tests
from .nodes import RustItem
from .pages.records import WANTED, add_details
from .pictures.svg_files import DRAWINGS, html_extras
from .progress.build import shown_progress
from .progress.output import ShownOutput
from .progress.slow import SlowTests
from .progress.workers import WorkersTests
from .pytest_compat.configuration import set_arguments
from .pytest_compat.interrupts import lead_elsewhere
from .pytest_compat.items import remember_hooks
from .pytest_compat.reports import amend_report, replace_error
from .pytest_compat.run import is_alone, turn_red
from .report import record_warning
from .settings import FoundPythons, find_pythons, in_words_of_key, no_such_package
from .summary import Summary
from .termination import handle_termination
from .timeouts import limits
from .xdist import check_place, pack, received_arguments, unpack, upcoming_cases

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from ..cargo import Build, BuildListener, Cargo
    from ..case import Case, Checker
    from ..python.interpreter import Interpreter
    from ..rust.context import BuildContext
    from .arguments import Scope
    from .settings import PytestSettings

__all__ = ["RustSession"]

_GREEN: Final = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
_FINISHED: Final = (*_GREEN, pytest.ExitCode.TESTS_FAILED)


class RustSession:
    """What is known of the Rust tests of one pytest session."""

    def __init__(
        self, config: pytest.Config, settings: PytestSettings, scope: Scope, cargo: Cargo
    ) -> None:
        self._config = config
        if settings.layouts is not None:
            config.stash[DRAWINGS] = settings.layouts
        if settings.report is not None:
            config.stash[WANTED] = True
        self._settings = settings
        self._scope = scope
        self._received = unpack(config)
        """The controller's plan, in a worker of pytest-xdist."""
        found = FoundPythons() if self._received else find_pythons(settings, scope)
        self._pythons, self._interpreter, self._problem = found
        self._cargo = cargo
        self._project: Project | None = None
        self._plan = Plan()
        self._evaluator = Evaluator({})
        self._account = Account()
        self.summary = Summary(config, scope)
        self._missing = MissingModules(config, cargo)
        self._fast: FastProtocol | None = None
        self._slow = SlowTests(config)
        self._output = ShownOutput.of(config)
        self._settled = Settled(config.add_cleanup)  # after pytest's own, which looks for garbage

    @property
    def plan(self) -> Plan:
        """What this run is going to do, or has done."""
        return self._plan

    def notes(self) -> list[str]:
        """Return all that is said beside verdicts and counts."""
        return list(self.summary.notes(self._plan))

    def builds(self, interpreter: Interpreter | None) -> Sequence[Build]:
        """Return the builds of this run for a Python."""
        return self._plan.builds.get(interpreter.fingerprint if interpreter else "", ())

    # -- before the tests ---------------------------------------------------------------------

    def _load(self) -> Project | None:
        """Find the packages, once; None if nothing that was selected can hold Rust tests."""
        if self._project is not None or not self._scope.places or self._received:
            return self._project
        names = (str(name) for name, _ in self._config.pluginmanager.list_name_plugin())
        self._cargo.read_environment(others_ran=any(name.endswith("conftest.py") for name in names))
        self._project = self._new_project()
        try:
            self._project.load()
        except CargoError as error:
            self._problem = error
        except InterpreterError as error:
            raise pytest.UsageError(in_words_of_key(error, self._settings)) from None
        return self._project

    def _new_project(self) -> Project:
        run = replace(
            self._settings.run,
            on_slow=Announcer(self._slow.note),
            on_output=Announcer(self._hear if self._output is not None else None),
        )
        settings = replace(self._settings, run=run)
        places, base = self._scope.places, str(self._config.rootpath)
        if len(self._pythons) > 1:
            from ..matrix import Matrix

            return Matrix(
                self._cargo, places, settings, self._pythons, keeps_out=self._keeps_out, base=base
            )
        surroundings = Surroundings(self._interpreter, named=bool(settings.pythons))
        return Project(
            self._cargo, places, settings, surroundings, keeps_out=self._keeps_out, base=base
        )

    def _hear(self, test: str, text: str) -> None:
        self._evaluator.hear(test, text)

    def _keeps_out(self, directory: str) -> bool:
        return self._scope.keeps_out(self._config, directory)

    @pytest.hookimpl
    def pytest_report_header(self) -> list[str]:
        """Say what is in force."""
        project = self._load()
        if project is None or self._problem is not None or not project.packages:
            return []
        try:
            toolchain = self._cargo.toolchain
        except CargoError as error:
            self._problem = error
            return []
        verbose = self._config.get_verbosity() > 0
        python, pythons = self._interpreter, self._pythons
        with shown_progress(self._config):  # C compilers are asked who they are
            return header_lines(toolchain, project, python, pythons, verbose=verbose)

    def find_project(self, option: str) -> Project:
        """Return the project that an option is about. Raises pytest.UsageError without one."""
        project = self._load()
        if self._problem is not None:
            raise pytest.UsageError(str(self._problem))
        if project is None or not project.packages:
            raise pytest.UsageError(f"{option}: no cargo package found: give the directory of one")
        return project

    @pytest.hookimpl
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Build, before anything is collected."""
        handle_termination(self._config)
        if self._received is not None:
            self._take(session, self._received, lambda: upcoming_cases(session))
            arguments = received_arguments(self._config)
            if self._scope.added or len(arguments) > len(self._config.args):
                set_arguments(self._config, arguments)
            return
        with shown_progress(self._config) as progress:
            project = self._load()
            if project is not None:
                self._plan = self._build(project, progress)
        if project is None:
            self._warn_of_nothing(None)
            return
        if self._settings.package_globs and not project.packages and project.known_packages:
            raise no_such_package(self._config, self._settings, project.known_packages)
        self._warn_of_nothing(project)
        for path, levels in self._scope.typed:
            project.add_typed(self._plan, path, levels)
        self._take(session, self._plan)
        self._scope.extend(self._config, self._plan.cases, project.packages)

    def _take(
        self,
        session: pytest.Session,
        plan: Plan,
        upcoming: Callable[[], Iterable[Case]] = lambda: (),
    ) -> None:
        """Make a plan the one of this session."""
        self._plan = plan
        self._evaluator = Evaluator(plan.checkers, upcoming, self._slow.look, self._output)
        if self._settings.debugger:
            from .debugger import DebuggedEvaluator

            self._evaluator = DebuggedEvaluator(self._config, plan, self._settings.debugger)
        collection = Collection(session, plan, self._evaluator)
        self._account = collection.account
        self._config.pluginmanager.register(collection, "cpython_sys_collection")
        self.summary.expect(plan, self._account)
        if self._config.pluginmanager.has_plugin("dsession"):  # the controller of pytest-xdist
            self._config.pluginmanager.register(WorkersTests(self._config))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand the plan to a worker of pytest-xdist: workers never call cargo."""
        pack(self._plan, self._config.args, node.workerinput)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(self, node: Any) -> None:
        """Refuse a worker of pytest-xdist to which the files of the plan are strange."""
        check_place(self._plan, node)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker of pytest-xdist knows of its collection: there is none here."""
        self._account.unpack(getattr(node, "workeroutput", {}))

    def _build(self, project: Project, listener: BuildListener | None) -> Plan:
        try:
            if self._problem is not None:
                raise self._problem
            if project.packages:
                _ = self._cargo.toolchain
            with without_collector():
                return project.build(listener, self._more_checkers)
        except CargoError as error:
            if not self._settings.from_ini:
                raise pytest.UsageError(str(error)) from None
            return project.broken_plan(error)

    def _more_checkers(self, contexts: Sequence[BuildContext]) -> list[Checker]:
        found = self._config.hook.pytest_cpython_sys_checkers(contexts=contexts)
        return [completed(checker) for checkers in found for checker in checkers or ()]

    def _warn_of_nothing(self, project: Project | None) -> None:
        """Zero tests is never silent."""
        if self._settings.from_ini:
            return
        roots: list[Path] = []
        if project is not None:
            if self._problem is not None or self._settings.package_globs:
                return
            roots += (Path(package.root).resolve() for package in project.packages)
            roots += (Path(error.manifest).resolve().parent for error in project.errors)
        for place in self._scope.named:
            path = Path(place).resolve()
            if any(path.is_relative_to(root) or root.is_relative_to(path) for root in roots):
                continue
            if not (has_rust_around(self._config, place) and holds_python_tests(self._config)):
                record_warning(self._config, no_package(self._config, place))

    # -- collection ---------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Collect without the garbage collector, which would look at all items again and again."""
        with without_collector():
            return (yield)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what will be asked for, and how long it may take: only that runs."""
        if self._config.option.collectonly:
            return
        items = [item for item in session.items if isinstance(item, RustItem)]
        if self._settings.debugger:
            from .debugger import check_selection

            check_selection(session.items, [item.case for item in items])
        self._plan.limits.update(limits(self._config, self._settings, items))
        if not hasattr(self._config, "workerinput"):
            self._evaluator.select(item.case for item in items if not item.is_left_out)

    @pytest.hookimpl
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Go through the items where nobody takes part in how they run or are reported."""
        if all(isinstance(item, RustItem) for item in session.items):
            # Items stay until the end. Python tests may look at what the collector knows.
            self._settled.begin(for_good=self._account.is_rust_alone and is_alone(self._config))
        if session.testsfailed or self._config.option.collectonly:
            return None  # pytest knows what to do
        remember_hooks(session)
        self._fast = FastProtocol(self._config, self)
        if not self._fast.loops:
            return None
        self._fast.loop(session)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> bool | None:
        """Report on a Rust test directly where nobody takes part in how items run."""
        if not isinstance(item, RustItem):
            return None
        if self._fast is None:
            self._fast = FastProtocol(self._config, self)
        return True if self._fast.usable and self._fast.run(item, nextitem) else None

    # -- tests --------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Give an error Rust's place before anybody looks at it, and a report the test's time."""
        error = call.excinfo.value if call.excinfo is not None else None
        if isinstance(item, RustItem) and isinstance(error, RustError):
            set_place(error, item.case)
            replace_error(call, error)
        report = yield
        if isinstance(item, RustItem):
            verdict = item.outcome if report.when == "call" else None
            told = error.verdict if isinstance(error, RustError) else verdict
            if told is not None:
                add_details(self._config, report, item.case, told)
            if verdict is not None:
                extras = html_extras(self._config, verdict)
                amend_report(report, seconds=verdict.duration, extras=extras)
            else:
                # pytest asks an item for its words about its call alone.
                words = item.words(error) if isinstance(error, RustError) else None
                amend_report(report, seconds=0.0, longrepr=words)
        return report

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take note of a module that nobody has installed, and of what did not build."""
        self._missing.note(report)
        self.summary.note(report)

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count for the summary."""
        self._missing.has_run = True
        self.summary.count(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Say where a run was that is interrupted; with `--full-trace`, in our own words."""
        if isinstance(excinfo.value, KeyboardInterrupt) and not self._config.option.fulltrace:
            packages = self._project.packages if self._project is not None else ()
            manifests = [Path(package.manifest_path) for package in packages]
            manifests.append(self._config.inipath or self._config.rootpath)
            lead_elsewhere(excinfo, self._evaluator.awaited, manifests[0])

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item) -> bool | None:
        """Keep pytest-timeout's clock off: an item may wait for others, its test has a limit."""
        return True if isinstance(item, RustItem) else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Never be green when something did not build; show what checkers warn of."""
        if hasattr(self._config, "workerinput"):
            self._account.pack(getattr(self._config, "workeroutput", {}))
        else:
            self.summary.warn(self._plan)
        runs = not (self._config.option.collectonly or self._config.getoption("setuponly", False))
        if runs and session.exitstatus in _GREEN and not hasattr(self._config, "workerinput"):
            selecting = ("keyword", "markexpr", "deselect")
            selected = any(self._config.getoption(name, None) for name in selecting)
            narrowed = selected or self._scope.typed or self._settings.debugger
            if self.summary.is_red(self._plan) or (
                not narrowed and self.summary.run_untested(self._plan)
            ):
                turn_red(session)

    @pytest.hookimpl
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: int
    ) -> None:
        """Show a line a package, rustc's warnings, and what did not build."""
        members = {package.id for package in self._project.packages} if self._project else set()
        finished = exitstatus in _FINISHED and not self._missing.kept_from_running
        hints = self._missing.lines()
        self.summary.write(terminalreporter, self._plan, members, finished=finished, hints=hints)

    @pytest.hookimpl
    def pytest_unconfigure(self) -> None:
        """Leave no process behind, and let none start that would run on."""
        self._evaluator.stop(self._settings.run.grace)
        stop_all(self._settings.run.grace)
