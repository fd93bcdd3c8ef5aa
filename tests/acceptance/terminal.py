"""A terminal for tests: what was written to it and when, and what is seen on it in the end."""

from __future__ import annotations

import itertools
import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pexpect import spawn

__all__ = ["Recording", "record", "seen"]

_TOKEN = re.compile(r"\x1b\[(?P<arguments>[0-9;]*)(?P<command>[A-Za-z])|(?P<text>.)", re.DOTALL)


def seen(written: str, columns: int) -> list[str]:
    """Return the lines of a terminal on which something was written, without trailing blanks."""
    rows: list[list[str]] = [[]]
    column = 0
    for token in _TOKEN.finditer(written):
        text = token["text"]
        if text is None:
            assert token["command"] in "mK", token[0]
            if token["command"] == "K":
                del rows[-1][column:]
        elif text == "\r":
            column = 0
        elif text == "\n":
            rows.append([])
            column = 0
        else:
            if column == columns:
                rows.append([])
                column = 0
            rows[-1][column:] = [*([" "] * (column - len(rows[-1]))), text, *rows[-1][column + 1 :]]
            column += 1
    return ["".join(row).rstrip() for row in rows]


class Recording:
    """What a program wrote, and how many seconds after its start each piece came."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.pieces: list[tuple[float, str]] = []

    def add(self, piece: str) -> None:
        """Take note of what has just come."""
        self.pieces.append((time.monotonic() - self.started, piece))

    @property
    def text(self) -> str:
        """All that came."""
        return "".join(piece for _, piece in self.pieces)

    def longest_pause(self) -> float:
        """Return for how many seconds nothing new was seen, from the start to the last piece."""
        moments = [0.0, *(moment for moment, _ in self.pieces)]
        return max(later - sooner for sooner, later in itertools.pairwise(moments))


def record(
    child: spawn[bytes], until: str | None = None, then: Callable[[], object] | None = None
) -> Recording:
    """Read what a program on a terminal writes; call ``then`` once ``until`` has come."""
    import pexpect

    recording = Recording()
    while True:
        try:
            recording.add(child.read_nonblocking(65536, timeout=90).decode())
        except pexpect.EOF:
            child.wait()
            return recording
        if until is not None and until in recording.text and then is not None:
            then()
            until = None
