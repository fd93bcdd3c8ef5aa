"""What tests print, handed on as it comes; and what each of them has printed, kept.

One test runs at a time, and nothing is captured: standard output and standard error come in one
stream, with the harness's events in between.
"""

from __future__ import annotations

import codecs
from collections import defaultdict
from typing import TYPE_CHECKING

from ...cargo.run_program import Tail
from .events import EVENT_STARTS, TestEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from .events import SuiteEvent

__all__ = ["LiveText"]


class LiveText:
    """The text of one process beside its events.

    ``show`` is told of each piece as it comes, with the name of the test that runs, or was the
    last to; with ``test`` before any.
    """

    def __init__(self, show: Callable[[str, str], None], test: str = "") -> None:
        self._show = show
        self._test = test
        self._runs = False
        self._kept: defaultdict[str, Tail] = defaultdict(Tail)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = bytearray()
        """The end of a line that goes on, which may become an event."""
        self._shown = 0
        """How many bytes of that line were shown."""

    def hear(self, event: TestEvent | SuiteEvent) -> None:
        """Take note of which test runs; put what a test has printed into the event of its end."""
        if not isinstance(event, TestEvent):
            return
        if event.kind == "started":
            self._test, self._runs = event.name, True
        elif event.kind != "timeout":
            self._runs = self._runs and event.name != self._test
            event.stdout = event.stdout or self.of(event.name)
            self._kept.pop(event.name, None)

    def of(self, test: str) -> str:
        """Return what a test that has not ended has printed so far."""
        return self._kept[test].text() if test in self._kept else ""

    def add(self, chunk: bytes) -> None:
        """Show what has come of a line that goes on, but for what may become an event."""
        self._held += chunk.rpartition(b"\n")[2]
        end = min(_possible_start(self._held, start) for start in EVENT_STARTS)
        shown = bytes(self._held[:end])
        del self._held[:end]
        self._shown += end
        self._tell(shown)

    def end_line(self, text: bytes, *, is_whole: bool) -> bool:
        """Show what is left of a line; tell whether it is a test's.

        ``text`` is all of it, with what was shown before; an event follows if it is not whole.
        """
        line = text + b"\n" if is_whole else text
        self._tell(line[self._shown :])
        self._held.clear()
        self._shown = 0
        if self._runs and line:
            self._kept[self._test].add(line)
        return self._runs

    def _tell(self, data: bytes) -> None:
        if text := self._decoder.decode(data):
            self._show(self._test, text)


def _possible_start(text: bytearray, start: bytes) -> int:
    """Return where ``start`` stands in a text, or the part of it that the text ends with."""
    position = text.find(start)
    if position >= 0:
        return position
    for length in range(min(len(start) - 1, len(text)), 0, -1):
        if text.endswith(start[:length]):
            return len(text) - length
    return len(text)
