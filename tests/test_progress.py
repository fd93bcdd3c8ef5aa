"""A build says how it goes on: not at once, not too often, and over locks without delay."""

from __future__ import annotations

from pytest_cpython_sys.progress import BuildProgress


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
