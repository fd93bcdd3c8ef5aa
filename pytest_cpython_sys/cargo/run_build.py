"""Runs a build, and reads what cargo says while it goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from ..late import regex
from .build import Build
from .messages import Artifact, BuildScript, Diagnostic, parse_message
from .process import Process
from .timing import Clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .messages import Message
    from .metadata import Workspace

__all__ = ["BuildListener", "run_build"]

# "   Building [====>    ] 12/40: syn, bindgen(build)": cargo's progress line, asked for through
# its configuration https://doc.rust-lang.org/cargo/reference/config.html#termprogresswhen
_PROGRESS = regex(r"Building \[[=> ]*\] (\d+)/(\d+): ([^\r\n]*)")
_BLOCKING = regex(r"Blocking (waiting for file lock on [^\r\n]*)")
_REWRITTEN = regex(r"[^\n]*\r(?!\n)")
_ESCAPES = regex(r"\x1b\[[0-9;]*[A-Za-z]")


class BuildListener(Protocol):
    """Is told how a build goes on, from another thread."""

    def progress(self, done: int, total: int, current: str) -> None:
        """``done`` of ``total`` crates are there; ``current`` names those in work."""

    def blocked(self, reason: str) -> None:
        """Cargo waits for another cargo."""

    def ended(self) -> None:
        """Cargo has done what it could."""


class _Watcher:
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


def _without_progress(text: str) -> str:
    """Return what a terminal would show in the end: without lines that were written over."""
    return _REWRITTEN.sub("", _ESCAPES.sub("", text))


def run_build(
    command: Sequence[str],
    workspace: Workspace,
    environment: Mapping[str, str],
    listener: BuildListener | None = None,
) -> Build:
    """Run a build of a workspace in its root, reading cargo's messages as they stream.

    Raises OSError when cargo cannot be started. Whatever else interrupts it ends cargo first.
    """
    started = time.monotonic()
    # A pipe gets no progress unless asked for; neither variable is part of any fingerprint.
    env = {
        **environment,
        "CARGO_TERM_PROGRESS_WHEN": "always",
        "CARGO_TERM_PROGRESS_WIDTH": "200",
        "CARGO_TERM_COLOR": "never",
    }
    watcher, clock = _Watcher(listener), Clock(workspace.root)

    def read_errors(chunk: bytes) -> None:
        clock.feed(chunk)
        watcher.feed(chunk)

    process = Process(command, cwd=workspace.root, env=env, on_error_chunk=read_errors)
    messages: list[Message] = []
    try:
        for line in process.lines():
            message = parse_message(line)
            clock.note(message)
            if message is not None:
                messages.append(message)
        code = process.wait()
    except BaseException:
        process.stop()
        raise
    if listener is not None:
        listener.ended()
    return Build(
        workspace=workspace,
        command=tuple(command),
        environment=environment,
        exit_code=code,
        duration=time.monotonic() - started,
        artifacts=tuple(one for one in messages if isinstance(one, Artifact)),
        diagnostics=tuple(one for one in messages if isinstance(one, Diagnostic)),
        # Cargo names them in an order that varies.
        scripts=tuple(
            sorted(
                (one for one in messages if isinstance(one, BuildScript)),
                key=lambda one: (one.package_id, one.out_dir),
            )
        ),
        stderr=_without_progress(process.errors.decode("utf-8", "replace")),
        timings=tuple(clock.timings),
    )
