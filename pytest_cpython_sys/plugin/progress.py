"""Shows how a build goes on: a rewriting line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

__all__ = ["BuildProgress", "terminal_progress"]

_QUIET_SECONDS = 2.0
_LINE_SECONDS = 30.0
_REWRITE_SECONDS = 0.1


class BuildProgress:
    """A listener for a build. Says nothing of builds that take less than two seconds."""

    def __init__(
        self,
        write_line: Callable[[str], None],
        rewrite: Callable[[str], None] | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write_line = write_line
        self._rewrite = rewrite
        self._clock = clock
        self._started = clock()
        self._last = self._started
        self._rewritten = False
        self._lock = threading.Lock()

    def progress(self, done: int, total: int, current: str) -> None:
        """Show ``done`` of ``total`` crates, if it is time to."""
        now = self._clock()
        with self._lock:
            if now - self._started < _QUIET_SECONDS:
                return
            text = f"building {done}/{total}: {current}"
            if self._rewrite is not None:
                if now - self._last >= _REWRITE_SECONDS:
                    self._rewrite(text)
                    self._rewritten = True
                    self._last = now
            elif now - self._last >= _LINE_SECONDS:
                self._write_line(text)
                self._last = now

    def blocked(self, reason: str) -> None:
        """Say at once what is being waited for."""
        with self._lock:
            self._erase()
            self._write_line(
                f"cargo is {reason}: another cargo (an editor's, perhaps) is at work there"
            )

    def finish(self) -> None:
        """Leave no half line behind."""
        with self._lock:
            self._erase()

    def _erase(self) -> None:
        if self._rewritten and self._rewrite is not None:
            self._rewrite("")
            self._rewritten = False


def terminal_progress(terminal: pytest.TerminalReporter) -> BuildProgress:
    """Return what shows a build's progress where pytest reports.

    Whatever is shown is seen at once, and what comes next is written over a rewriting line.
    """

    def write_line(text: str) -> None:
        terminal.write_line(text)
        terminal.flush()

    def rewrite(text: str) -> None:
        width = terminal.config.get_terminal_writer().fullwidth - 1
        terminal.write(f"\r{text[:width]:<{width}}\r", flush=True)

    return BuildProgress(write_line, rewrite if getattr(terminal, "isatty", False) else None)
