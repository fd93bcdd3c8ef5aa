"""A build says how it goes on: by itself, not too often, and over locks without delay."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.terminal import TerminalReporter  # pytest 8.3 has no public name for it

from pytest_cpython_sys.case import Case
from pytest_cpython_sys.plugin.progress.build import Progress
from pytest_cpython_sys.plugin.progress.screen import Screen, screen_of
from pytest_cpython_sys.plugin.progress.slow import SlowTests
from pytest_cpython_sys.plugin.progress.workers import WorkersTests

if TYPE_CHECKING:
    from collections.abc import Sequence


class Watched:
    """A screen, and programs that run, at a time that a test sets."""

    def __init__(self, width: int | None) -> None:
        self.now = 0.0
        self.programs: list[Sequence[str]] = []
        self.file = io.StringIO()
        self.progress = Progress(
            Screen(self.file, width), clock=lambda: self.now, programs=lambda: self.programs
        )

    def at(self, *moments: float) -> list[str]:
        """Let time go by; return what was shown, without blanks."""
        for self.now in moments:
            self.progress.tick()
        return self.taken()

    def taken(self) -> list[str]:
        text = self.file.getvalue()
        self.file.seek(0)
        self.file.truncate()
        return [line.rstrip() for line in text.replace("\r", "\n").split("\n") if line]


def test_elsewhere_a_line_soon_and_then_every_thirty_seconds() -> None:
    screen = Watched(None)
    screen.progress.progress(3, 70, "syn")
    assert screen.at(0.25, 0.5, 0.75) == ["building 3/70: syn"]
    screen.progress.progress(4, 70, "quote")
    assert screen.at(*range(1, 70)) == [
        "building 4/70: quote (31 s)",
        "building 4/70: quote (61 s)",
    ]


def test_on_a_terminal_a_line_that_is_rewritten_every_second() -> None:
    screen = Watched(80)
    screen.progress.progress(3, 70, "syn")
    assert screen.at(0.25) == []
    assert screen.at(0.5, 1.0, 1.5, 2.0, 2.5) == [
        "building 3/70: syn",
        "building 3/70: syn (2 s)",
        "building 3/70: syn (2 s)",
    ]
    screen.now = 2.7
    screen.progress.progress(4, 70, "quote")
    assert screen.taken() == ["building 4/70: quote (3 s)"]


def test_the_program_that_runs_longest_is_named_where_no_build_speaks() -> None:
    screen = Watched(None)
    screen.programs = [("/usr/bin/cargo", "+nightly", "-v", "clippy", "--message-format=json")]
    assert screen.at(1.0) == ["waiting for cargo clippy (1 s)"]
    screen.programs = [("/usr/bin/cc", "-c", "spam.c"), ("cargo", "metadata")]
    assert screen.at(31.0) == ["waiting for cc (31 s)"]
    screen.progress.progress(0, 1, "spam")
    screen.progress.ended()
    screen.programs = []
    assert screen.at(61.0) == ["looking for tests (61 s)"]


def test_a_lock_is_told_at_once_and_again() -> None:
    screen = Watched(80)
    screen.at(0.5)
    screen.progress.blocked("waiting for file lock on build directory")
    blank, said = screen.taken()
    assert blank == ""
    assert said.startswith("cargo is waiting for file lock on build directory: another")
    assert screen.at(2.0) == ["cargo is waiting for file lock on build directory (2 s)"]


def test_in_a_pipe_a_lock_is_told_once_and_then_as_all_else() -> None:
    screen = Watched(None)
    screen.at(0.5)
    for _ in range(2):
        screen.progress.blocked("waiting for file lock on build directory")
    (said,) = screen.taken()
    assert said.startswith("cargo is waiting for file lock on build directory: another")
    assert screen.at(1.0) == []
    assert screen.at(31.0) == ["cargo is waiting for file lock on build directory (31 s)"]


def test_what_a_worker_has_ended_is_not_waited_for(pytestconfig: pytest.Config) -> None:
    moments = iter((0.0, 0.0, 0.0, 10.0, 12.0, 50.0, 72.0, 73.0))
    tests = WorkersTests(pytestconfig, clock=lambda: next(moments))
    for name in ("src/lib.rs::a", "src/lib.rs::b", "src/lib.rs::c", "test_a.py::test_a"):
        tests.pytest_runtest_logstart(name)
    for name, when in (("a", "teardown"), ("b", "call"), ("c", "???")):
        report: Any = SimpleNamespace(nodeid=f"src/lib.rs::{name}", when=when)
        tests.pytest_runtest_logreport(report)
    found = [line for _ in range(5) for line in tests.due()]
    assert found == [f"still waiting after {after} s: src/lib.rs::b" for after in (12, 72)]
    tests.pytest_sessionfinish()


def test_of_a_long_line_the_time_is_kept_and_the_last_column_is_free() -> None:
    screen = Watched(40)
    screen.progress.progress(1, 2, "a" * 50)
    assert screen.at(7.0) == [f"building 1/2: {'a' * 19} (7 s)"]


def test_it_shows_by_itself_that_time_goes_by_and_erases_what_was_shown() -> None:
    import time

    file = io.StringIO()
    with Progress(Screen(file, 80), programs=lambda: [("cargo", "metadata")]):
        deadline = time.monotonic() + 10
        while "waiting for cargo metadata" not in file.getvalue() and time.monotonic() < deadline:
            time.sleep(0.05)
    *_, last, between, blank, after = file.getvalue().split("\r")
    assert last.startswith("waiting for cargo metadata")
    assert (len(last), between, blank, after) == (79, "", " " * 79, "")


def test_nothing_is_shown_after_the_end() -> None:
    screen = Watched(80)
    with screen.progress:
        pass
    screen.progress.progress(1, 2, "syn")
    screen.progress.blocked("waiting")
    assert screen.at(5.0) == []


@pytest.mark.parametrize("width", [None, 80])
def test_what_was_interrupted_is_said(width: int | None) -> None:
    screen = Watched(width)

    def interrupt(after: float) -> None:
        with screen.progress:
            screen.progress.progress(1, 2, "syn")
            screen.now = after
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt(12.0)
    assert screen.taken()[-1] == "interrupted after 12 s: building 1/2: syn"


class Terminal(io.StringIO):
    """A file that says it is a terminal, and keeps what was flushed."""

    flushed = ""

    def isatty(self) -> bool:
        return True

    def flush(self) -> None:
        self.flushed = self.getvalue()


def configured(reporter: TerminalReporter | None, *, verbose: int = 0) -> Any:
    plugins = {"terminalreporter": reporter}
    manager = SimpleNamespace(get_plugin=plugins.get, has_plugin=lambda name: False)
    return SimpleNamespace(
        pluginmanager=manager,
        known_args_namespace=SimpleNamespace(verbose=verbose),
        rootpath=Path("/project"),
    )


@pytest.mark.pytest_side
def test_a_line_is_seen_at_once_and_the_cursor_stands_before_it(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    file = Terminal()
    monkeypatch.setattr("sys.stdout", file)
    reporter = TerminalReporter(pytestconfig, file)
    with screen_of(configured(reporter)) as screen:
        assert screen is not None
        screen.rewrite("a" * 50, " (3 s)")
        assert file.flushed == "\r" + "a" * 33 + " (3 s)" + "\r"
        screen.rewrite("")
        assert file.flushed.endswith("\r" + " " * 39 + "\r")
        screen.write_line("spam")
        assert file.flushed.endswith("\rspam\n")


def test_nobody_looks() -> None:
    with screen_of(configured(None)) as screen:
        assert screen is None


def case(name: str) -> Case:
    return Case(
        file="/project/src/lib.rs",
        levels=(name,),
        line=1,
        package="c",
        target="c",
        kind="unit",
        checker="libtest",
        rust_test=name,
    )


@pytest.mark.pytest_side
def test_the_test_that_keeps_waiting_is_named_once_a_minute(pytestconfig: pytest.Config) -> None:
    file = io.StringIO()
    slow = SlowTests(configured(TerminalReporter(pytestconfig, file)))
    for second in range(200):
        slow.look(case("spam"), float(second))
    slow.look(case("eggs"), 5.0)
    slow.note("ham", 10.0)
    slow.look(case("eggs"), 10.5)
    slow.look(case("eggs"), 11.5)
    assert file.getvalue().splitlines() == [
        "still waiting after 11 s: src/lib.rs::spam",
        "still waiting after 71 s: src/lib.rs::spam",
        "still waiting after 131 s: src/lib.rs::spam",
        "still waiting after 191 s: src/lib.rs::spam",
        "still running after 10 s: ham",
    ]
