"""Runs a build, and reads what cargo says while it goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .build import Build
from .messages import Artifact, BuildScript, Diagnostic, parse_message
from .process import Process
from .timing import Clock
from .watcher import Watcher, without_progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .build import BuildListener
    from .messages import Message
    from .metadata import Workspace

__all__ = ["run_build"]


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
    watcher, clock = Watcher(listener), Clock(workspace.root)

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
    return Build(
        workspace=workspace,
        command=tuple(command),
        environment=environment,
        exit_code=code,
        duration=time.monotonic() - started,
        artifacts=tuple(one for one in messages if isinstance(one, Artifact)),
        diagnostics=tuple(one for one in messages if isinstance(one, Diagnostic)),
        scripts=tuple(one for one in messages if isinstance(one, BuildScript)),
        stderr=without_progress(process.errors.decode("utf-8", "replace")),
        timings=tuple(clock.timings),
    )
