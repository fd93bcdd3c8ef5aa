"""A build says how it goes on: not at once, not too often, and over locks without delay."""

from __future__ import annotations

import io

import pytest
from _pytest.terminal import TerminalReporter  # pytest 8.3 has no public name for it

from pytest_cpython_sys.plugin.progress import BuildProgress, terminal_progress


class Screen:
    """Keeps what is shown, at a time that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lines: list[str] = []
        self.rewritten: list[str] = []

    def clock(self) -> float:
        return self.now


def test_elsewhere_a_line_every_thirty_seconds() -> None:
    screen = Screen()
    progress = BuildProgress(screen.lines.append, None, clock=screen.clock)
    for second in range(0, 70, 5):
        screen.now = float(second)
        progress.progress(second, 70, f"crate{second}")
    assert screen.lines == ["building 30/70: crate30", "building 60/70: crate60"]


def test_on_a_terminal_a_line_that_is_rewritten_after_two_seconds() -> None:
    screen = Screen()
    progress = BuildProgress(screen.lines.append, screen.rewritten.append, clock=screen.clock)
    for tenth in range(0, 31, 5):
        screen.now = tenth / 10
        progress.progress(tenth, 30, "syn")
    progress.finish()
    assert screen.rewritten == [
        "building 20/30: syn",
        "building 25/30: syn",
        "building 30/30: syn",
        "",
    ]
    assert screen.lines == []


def test_a_lock_is_told_at_once() -> None:
    screen = Screen()
    progress = BuildProgress(screen.lines.append, None, clock=screen.clock)
    progress.blocked("waiting for file lock on build directory")
    assert screen.lines[0].startswith("cargo is waiting for file lock on build directory: another")


def test_a_rewriting_line_is_gone_before_another_is_written() -> None:
    screen = Screen()
    shown = screen.lines.append
    progress = BuildProgress(shown, shown, clock=screen.clock)
    screen.now = 3.0
    progress.progress(1, 2, "syn")
    progress.blocked("waiting")
    progress.finish()
    assert [line[:12] for line in screen.lines] == ["building 1/2", "", "cargo is wai"]


class Terminal(io.StringIO):
    """A file that says it is a terminal, and keeps what was flushed."""

    flushed = ""

    def isatty(self) -> bool:
        return True

    def flush(self) -> None:
        self.flushed = self.getvalue()


@pytest.mark.pytest_side
def test_a_line_is_seen_at_once_and_the_cursor_stands_before_it(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    screen = Terminal()
    reporter = TerminalReporter(pytestconfig, screen)
    monkeypatch.setattr("pytest_cpython_sys.plugin.progress._QUIET_SECONDS", -1.0)
    monkeypatch.setattr("pytest_cpython_sys.plugin.progress._REWRITE_SECONDS", -1.0)
    progress = terminal_progress(reporter)
    progress.progress(1, 2, "a" * 50)
    assert screen.flushed == "\r" + f"building 1/2: {'a' * 25}" + "\r"
    progress.finish()
    assert screen.flushed.endswith("\r" + " " * 39 + "\r")
    progress.blocked("waiting")
    assert screen.flushed.endswith("is at work there\n")
