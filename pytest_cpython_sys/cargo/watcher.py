"""How a build goes on: cargo's standard error, read while it is written."""

from __future__ import annotations

import re
from typing import Protocol

__all__ = ["BuildListener", "Watcher", "without_progress"]

# "   Building [====>    ] 12/40: syn, bindgen(build)": cargo's progress line, asked for through
# its configuration https://doc.rust-lang.org/cargo/reference/config.html#termprogresswhen
_PROGRESS = re.compile(r"Building \[[=> ]*\] (\d+)/(\d+): ([^\r\n]*)")
_BLOCKING = re.compile(r"Blocking (waiting for file lock on [^\r\n]*)")
_REWRITTEN = re.compile(r"[^\n]*\r(?!\n)")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class BuildListener(Protocol):
    """Is told how a build goes on, from another thread."""

    def progress(self, done: int, total: int, current: str) -> None:
        """``done`` of ``total`` crates are there; ``current`` names those in work."""

    def blocked(self, reason: str) -> None:
        """Cargo waits for another cargo."""


class Watcher:
    """Reads cargo's standard error for progress and for locks."""

    def __init__(self, listener: BuildListener | None) -> None:
        self._listener = listener
        self._rest = ""

    def feed(self, chunk: bytes) -> None:
        """Read on."""
        if self._listener is None:
            return
        text = _ESCAPES.sub("", self._rest + chunk.decode("utf-8", "replace"))
        matches = list(_PROGRESS.finditer(text))
        if matches:
            last = matches[-1]
            self._listener.progress(int(last[1]), int(last[2]), last[3].strip())
        blocked = _BLOCKING.search(text)
        if blocked:
            self._listener.blocked(blocked[1].strip())
        # What was matched must not be matched again; a line may come in two chunks.
        end = max((match.end() for match in (*matches, *([blocked] if blocked else []))), default=0)
        self._rest = text[max(end, text.rfind("\n") + 1) :][-500:]


def without_progress(text: str) -> str:
    """Return what a terminal would show in the end: without lines that were written over."""
    return _REWRITTEN.sub("", _ESCAPES.sub("", text))
