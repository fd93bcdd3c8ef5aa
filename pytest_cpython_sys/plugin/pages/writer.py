"""The hooks that fill the page and write it, registered only where one is asked for."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import time
from datetime import datetime
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from ...cargo import write_text
from ...case import counted, printable
from ..build_times import crates_of
from ..python_table import Comparison
from ..report import PackageCounts
from .facts import Facts
from .page import document
from .records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..session import RustSession

__all__ = ["PageWriter"]

_FINISHED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


class PageWriter:
    """Writes the page when a run has ended, however that was."""

    def __init__(self, config: pytest.Config, session: RustSession, path: Path) -> None:
        self._config = config
        self._session = session
        self._path = path
        self._records = Records()
        self._started = datetime.now().astimezone()
        self._clock = time.monotonic()
        self._ended_by = ""
        """What ended the run before its end."""
        self._problem = ""
        self._is_written = False

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of what became of a test."""
        self._records.note(report)

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take note of what cannot be collected."""
        if report.failed:
            self._records.python.errors.append(report.nodeid)

    @pytest.hookimpl
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Take note of Ctrl-C, and of a plugin that ends a run."""
        said = str(excinfo.value)
        self._ended_by = said or "The run was interrupted (Ctrl-C)."

    @pytest.hookimpl
    def pytest_internalerror(self, excrepr: object) -> None:
        """Take note of an error of pytest or of a plugin."""
        last = str(excrepr).strip().splitlines()[-1]
        self._ended_by = f"An internal error stopped the run: {last}"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the page, once it is known how the run ends."""
        if not self._config.option.collectonly:
            self._write(int(session.exitstatus), self._incomplete(session))

    @pytest.hookimpl
    def pytest_unconfigure(self) -> None:
        """Write the page of a run that was interrupted before anything was collected."""
        if self._ended_by and not self._is_written and not self._config.option.collectonly:
            self._write(int(pytest.ExitCode.INTERRUPTED), f"{self._ended_by} No test had run.")

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the page is."""
        if self._config.option.collectonly:
            if self._config.getoption("cpython_sys_report"):  # an editor does not mind the key
                terminalreporter.write_line(
                    "--cpython-sys-report: a run with --collect-only writes no page"
                )
        elif self._problem:
            terminalreporter.write_line(self._problem, red=True)
        elif self._is_written:
            terminalreporter.write_sep("-", f"generated page: {self._path}")

    def _incomplete(self, session: pytest.Session) -> str:
        """Return why tests that were collected did not run; "" if all did."""
        missing = session.testscollected - len(self._records)
        why = self._ended_by or session.shouldfail or session.shouldstop
        if not why and session.exitstatus not in _FINISHED:
            errors = len(self._records.python.errors)
            why = (
                f"{counted(errors, 'collection error')} stopped the run."
                if errors
                else "The run ended early."
            )
        if not why:
            return ""
        why = f"{str(why).rstrip('.')}."
        left = (
            f" {missing:,} of {session.testscollected:,} tests did not run." if missing > 0 else ""
        )
        return f"{why[:1].upper()}{why[1:]}{left}"

    def _write(self, exit_code: int, incomplete: str) -> None:
        try:
            write_text(os.path.realpath(self._path), document(self._facts(exit_code, incomplete)))
        except OSError as error:
            why = error.strerror or error
            self._problem = (
                f"{self._path} cannot be written ({why}): choose another file with "
                "--cpython-sys-report"
            )
        self._is_written = not self._problem

    def _facts(self, exit_code: int, incomplete: str) -> Facts:
        plan = self._session.plan
        for case in self._session.summary.unbuilt(plan):
            _, verdict = next(plan.checkers[case.checker].run([case]))
            self._records.add_unbuilt(case, verdict, self._config.rootpath)
        records = self._records.sorted()
        counts, comparison = PackageCounts(), Comparison(plan.labels)
        for package in plan.packages:
            for label in plan.labels or ("",):
                counts.add_package(package, label)
        for record in records:
            label = comparison.label_of(record.nodeid)
            counts.count(
                record.package, record.kind, record.outcome, record.nodeid, record.heading, label
            )
            comparison.count(record.nodeid, record.outcome)
        crates, fresh = crates_of(plan.all_builds())
        return Facts(
            project=self._config.rootpath.name,
            command=shlex.join(["pytest", *map(str, self._config.invocation_params.args)]),
            started=self._started,
            seconds=time.monotonic() - self._clock,
            exit_code=exit_code,
            incomplete=incomplete,
            environment=list(self._environment()),
            records=records,
            python=self._records.python,
            counts=counts,
            comparison=comparison,
            crates=crates,
            fresh=fresh,
            notes=self._session.notes(),
        )

    def _environment(self) -> Iterator[tuple[str, str]]:
        """Yield what was in force, by name."""
        plan = self._session.plan
        for line in self._session.pytest_report_header() if plan.packages else ():
            name, _, value = printable(line).partition(": ")
            yield ("toolchain" if name == "cpython-sys" else name), value
        yield "pytest", pytest.__version__
        yield "pytest-cpython-sys", metadata.version("pytest-cpython-sys")
        yield "pytest runs in", f"Python {platform.python_version()}, {sys.executable}"
        yield "machine", f"{platform.system()} {platform.release()}, {platform.machine()}"
        yield "directory", str(self._config.invocation_params.dir)
