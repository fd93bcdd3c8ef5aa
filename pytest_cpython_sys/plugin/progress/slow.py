"""Names the test that keeps people waiting."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from ...cargo import running_programs
from ...failure_text import node_id
from .build import in_words
from .screen import screen_of

if TYPE_CHECKING:
    import pytest

    from ...case import Case, Key

__all__ = ["FIRST_SECONDS", "LINE_SECONDS", "SlowTests"]

FIRST_SECONDS: Final = 11.0  # a binary that tells of its tests has spoken by then
LINE_SECONDS: Final = 60.0


class SlowTests:
    """Says what runs for long, whoever captures output at the moment.

    Threads may `note`; it is shown when the thread that runs the tests looks.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._noted: deque[tuple[str, float]] = deque()
        self._awaited: Key | None = None
        self._due = FIRST_SECONDS

    def note(self, test: str, seconds: float) -> None:
        """Take note of a test that has run for so many seconds, by its Rust name."""
        self._noted.append((test, seconds))

    def look(self, case: Case, seconds: float) -> None:
        """Say what has been noted; else name a case that was awaited for so many seconds."""
        if self._awaited != case.key:
            self._awaited, self._due = case.key, FIRST_SECONDS
        lines = []
        while self._noted:
            test, ran = self._noted.popleft()
            lines.append(f"still running after {ran:.0f} s: {test}")
        if lines:
            self._due = max(self._due, seconds + LINE_SECONDS)
        elif seconds >= self._due:
            name = node_id(case, self._config.rootpath)
            programs = [f" ({in_words(words)} is running)" for words in running_programs()[:1]]
            lines.append(f"still waiting after {seconds:.0f} s: {name}{''.join(programs)}")
            self._due = seconds + LINE_SECONDS
        if not lines:
            return
        with screen_of(self._config) as screen:
            if screen is not None:
                for line in lines:
                    screen.write_line(line)
