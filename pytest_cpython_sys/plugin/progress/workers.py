"""Names the Rust test that keeps people waiting in a worker of pytest-xdist."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Final

import pytest

from .screen import screen_of
from .slow import FIRST_SECONDS, LINE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["WorkersTests"]

_TICK_SECONDS: Final = 0.5


class WorkersTests:
    """Is told in the controller what workers start and end; looks by itself for what runs long."""

    def __init__(self, config: pytest.Config, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._clock = clock
        self._running: dict[str, tuple[float, float]] = {}
        """By id: when it started, and when it is due to be named."""
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._timer = threading.Thread(target=self._tick_on, daemon=True)

    @pytest.hookimpl
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Take note of a Rust test that is waited for."""
        if nodeid.partition("::")[0].endswith(".rs"):
            now = self._clock()
            with self._lock:
                self._running[nodeid] = now, now + FIRST_SECONDS
            if not self._timer.is_alive() and not self._over.is_set():
                self._timer.start()

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of an end: the last phase, or a worker's own."""
        if report.when not in ("setup", "call"):
            with self._lock:
                self._running.pop(report.nodeid, None)

    @pytest.hookimpl
    def pytest_sessionfinish(self) -> None:
        """Look no more."""
        self._over.set()
        if self._timer.is_alive():
            self._timer.join()

    def due(self) -> list[str]:
        """Return what is to be said now."""
        now, lines = self._clock(), []
        with self._lock:
            for nodeid, (started, due) in self._running.items():
                if now >= due:
                    lines.append(f"still waiting after {now - started:.0f} s: {nodeid}")
                    self._running[nodeid] = started, now + LINE_SECONDS
        return lines

    def _tick_on(self) -> None:
        # Nobody looks any more where writing is refused.
        with contextlib.suppress(OSError, ValueError):
            while not self._over.wait(_TICK_SECONDS):
                if not (lines := self.due()):
                    continue
                # xdist's dots are in no line that the reporter would know to end.
                is_begun = self._config.get_terminal_writer().width_of_current_line
                with screen_of(self._config) as screen:
                    if screen is not None:
                        screen.write_line("\n".join(["", *lines] if is_begun else lines))
