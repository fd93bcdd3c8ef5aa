"""Where people look while they wait: what pytest reports on, or will as soon as it has begun."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Protocol

from ..pytest_compat.run import capture_suspended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

__all__ = ["Screen", "TextFile", "screen_of"]

_NOTHING_BUT_RESULTS = -2  # -qq: programs read what is left


class TextFile(Protocol):
    """What is written to: standard output, or pytest's reporter."""

    def write(self, text: str, /) -> object:
        """Write."""

    def flush(self) -> None:
        """Let it be seen."""


def _nothing() -> None:
    """Do nothing."""


class Screen:
    """Shows lines and, on a terminal, one line that is rewritten; all of it is seen at once.

    ``width`` is the terminal's, in columns; None: it is no terminal. ``end_line`` is called before
    anything is shown: it ends a line that somebody else has begun.
    """

    def __init__(
        self, file: TextFile, width: int | None, end_line: Callable[[], None] = _nothing
    ) -> None:
        self._file = file
        self.width = width
        self._end_line = end_line

    def write_line(self, text: str) -> None:
        """Show a line that stays."""
        self._end_line()
        self._file.write(f"{text}\n")
        self._file.flush()

    def rewrite(self, text: str, end: str = "") -> None:
        """Show a line that what comes next is written over; of a long one the ``end`` is kept."""
        # In the last column a terminal may begin another line.
        columns = (self.width or 80) - 1
        line = text[: max(columns - len(end), 0)] + end
        self._end_line()
        self._file.write(f"\r{line[:columns]:<{columns}}\r")
        self._file.flush()


@contextlib.contextmanager
def screen_of(config: pytest.Config) -> Iterator[Screen | None]:
    """Give what is looked at; None if nobody wants to see more than results.

    While it is shown, nothing of this process's output is captured.
    """
    if hasattr(config, "workerinput"):
        yield None
        return
    with capture_suspended(config):
        terminal = config.pluginmanager.get_plugin("terminalreporter")
        file: TextFile | None = terminal
        is_terminal = sys.stdout.isatty() and getattr(terminal, "isatty", True)
        # What is written over does not count for how full the reporter takes its line to be.
        if is_terminal or terminal is None:
            file = sys.stdout
        if terminal is None and not config.pluginmanager.has_plugin("terminal"):
            file = None
        verbosity = getattr(config.known_args_namespace, "verbose", 0)
        if file is None or (verbosity <= _NOTHING_BUT_RESULTS and not is_terminal):
            yield None
        else:
            end_line = getattr(terminal, "ensure_newline", _nothing)
            yield Screen(file, _columns() if is_terminal else None, end_line)


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns
