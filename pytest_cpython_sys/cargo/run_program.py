"""One run of a program: its output as it arrives, its end, its time limits, its children."""

from __future__ import annotations

import contextlib
import os
import select
import time
from typing import IO, TYPE_CHECKING, Self

from ..late import dataclass
from .process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = [
    "IDLE",
    "Ended",
    "Limit",
    "ProgramRun",
    "Tail",
    "cut",
    "describe_exit",
    "run_to_end",
    "timed_out",
]

# What is yielded among lines when nothing has come for a while: no line holds its own end.
IDLE = b"\n"
_TICK = 0.1
_KEPT = 1_000_000


def describe_exit(code: int) -> str:
    """Say in words how a process ended; negative codes are signals, as subprocess has it."""
    import signal

    if code < 0:
        try:
            number = signal.Signals(-code)
        except ValueError:
            return f"killed by signal {-code}"
        words = signal.strsignal(number) or ""
        return f"killed by {number.name} ({words})" if words else f"killed by {number.name}"
    return f"exit code {code}"


class Limit(float):
    """Seconds that a program may take, and which option, key or mark says so."""

    origin: str

    def __new__(cls, seconds: float, origin: str) -> Self:
        """Make a limit; ``origin`` is shown to the user."""
        limit = super().__new__(cls, seconds)
        limit.origin = origin
        return limit

    def __getnewargs__(self) -> tuple[float, str]:  # type: ignore[override]
        """Return what rebuilds it: a plan goes to the workers of pytest-xdist."""
        return float(self), self.origin


def timed_out(limit: float) -> str:
    """Say in words that a program took longer than it may."""
    words = f"timed out after {limit:g} s"
    return f"{words} (limit set by {limit.origin})" if isinstance(limit, Limit) else words


class Tail:
    """Keeps the begin and the end of what is written, and says how much is missing (bytes)."""

    def __init__(self, limit: int = _KEPT) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._rest = bytearray()
        self._dropped = 0

    def add(self, data: bytes) -> None:
        """Keep a piece, or what there is room for."""
        room = self._half - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._rest += data
        extra = len(self._rest) - self._half
        if extra > self._half:
            del self._rest[:extra]
            self._dropped += extra

    def text(self) -> str:
        """Return what was kept."""
        middle = f"\n[... {self._dropped} bytes left out ...]\n".encode() if self._dropped else b""
        return (bytes(self._head) + middle + bytes(self._rest)).decode("utf-8", "replace")


def cut(text: str, limit: int = _KEPT) -> str:
    """Return a text without its middle if it is longer than ``limit`` characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n[... {left_out} characters left out ...]\n{text[-half:]}"


class ProgramRun:
    """A program at work. Iterate over ``lines`` to its end, then read the rest.

    Raises OSError when it cannot be started. ``deadline`` is asked again and again for the moment
    (of ``time.monotonic``) at which to stop waiting; the run is then ended, and ``expired`` set.
    ``patience`` is how many seconds without output make an ``IDLE``.

    With ``on_chunk``, standard error comes in the same stream as standard output; it is told of
    all that arrives, after the lines that end there.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str],
        deadline: Callable[[], float | None] = lambda: None,
        grace: float = 2.0,
        patience: float | None = None,
        executable: str | None = None,
        on_chunk: Callable[[bytes], None] | None = None,
    ) -> None:
        self._patience = patience
        self._on_chunk = on_chunk
        self._stderr = Tail()
        self._process = Process(
            argv,
            cwd=cwd,
            env=env,
            on_error_chunk=self._stderr.add,
            executable=executable,
            one_stream=on_chunk is not None,
        )
        self._deadline = deadline
        self._grace = grace
        self.expired = False
        self.exit_code: int | None = None
        self.leaked = False
        """Whether something that the binary started was still running when it ended."""

    @property
    def stderr(self) -> str:
        """What it wrote on standard error, cut in the middle if that is very much."""
        return self._stderr.text()

    def lines(self) -> Iterator[bytes]:
        r"""Yield standard output by lines, split at ``\n`` alone, until the binary has ended."""
        stream = self._process.stdout
        rest = bytearray()
        try:
            for chunk in self._chunks(stream):
                if not chunk:
                    yield IDLE
                    continue
                head, newline, tail = chunk.rpartition(b"\n")
                if newline:
                    rest += head
                    yield from bytes(rest).split(b"\n")
                    rest.clear()
                rest += tail
                if self._on_chunk is not None:
                    self._on_chunk(chunk)
            if rest:
                yield bytes(rest)
            self._finish()
        except BaseException:
            self._process.stop(self._grace)
            raise
        finally:
            with contextlib.suppress(OSError):
                stream.close()

    def _chunks(self, stream: IO[bytes]) -> Iterator[bytes]:
        """Yield what arrives until the end of the stream, of the binary, or of its time.

        Nothing is yielded, too: when nothing came for as long as one has patience.
        """
        fd = stream.fileno()
        with _ExitWatcher(self._process, fd) as watcher:
            while True:
                deadline = self._deadline()
                wait = self._patience if watcher.exact else _TICK
                if deadline is not None:
                    left = max(0.0, deadline - time.monotonic())
                    wait = left if wait is None else min(wait, left)
                readable = watcher.wait(wait)
                if readable:
                    chunk = os.read(fd, 1 << 18)
                    if not chunk:
                        return
                    yield chunk
                elif self._process.poll() is not None:
                    return
                deadline = self._deadline()
                if deadline is not None and time.monotonic() >= deadline:
                    self.expired = True
                    self._process.stop(self._grace)
                    return
                if not readable and self._patience is not None:
                    yield b""

    def _finish(self) -> None:
        self.exit_code = self._process.wait()
        self.leaked = not self.expired and self._process.group_alive()
        if self.leaked:
            self._process.kill_group(self._grace)


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    exit_code: int
    """Negative: the signal that killed it."""
    expired: bool
    """Whether it was ended because its time was over."""
    leaked: bool
    """Whether something that it had started was still running."""
    seconds: float
    limit: float | None
    raw: bytes
    """All of its standard output, without the last line end."""
    stderr: str

    @property
    def stdout(self) -> str:
        """Its standard output, cut in the middle if that is very much."""
        return cut(self.raw.decode("utf-8", "replace")).strip("\n")

    @property
    def how(self) -> str:
        """How it ended, in words."""
        if self.expired:
            return timed_out(self.limit or 0.0)
        return describe_exit(self.exit_code)

    @property
    def output(self) -> str:
        """All that it wrote."""
        return "\n".join(part for part in (self.stdout, self.stderr) if part)


def run_to_end(
    argv: Sequence[str],
    *,
    cwd: str,
    env: Mapping[str, str],
    limit: float | None,
    grace: float = 2.0,
    executable: str | None = None,
    on_chunk: Callable[[bytes], None] | None = None,
) -> Ended:
    """Run a program for ``limit`` seconds at most. Raises OSError if it cannot be started.

    With ``on_chunk``, which is told of all that arrives, standard error is in ``raw``.
    """
    started = time.monotonic()
    deadline = None if limit is None else started + limit
    run = ProgramRun(
        argv,
        cwd=cwd,
        env=env,
        deadline=lambda: deadline,
        grace=grace,
        executable=executable,
        on_chunk=on_chunk,
    )
    raw = b"\n".join(run.lines())
    return Ended(
        exit_code=run.exit_code or 0,
        expired=run.expired,
        leaked=run.leaked,
        seconds=time.monotonic() - started,
        limit=limit,
        raw=raw,
        stderr=run.stderr.strip("\n"),
    )


class _ExitWatcher:
    """Waits for output or for the process's end, whichever comes first."""

    def __init__(self, process: Process, fd: int) -> None:
        self._fd = fd
        self._pidfd: int | None = None
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)
        if hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                self._pidfd = os.pidfd_open(process.pid)
                self._poll.register(self._pidfd, select.POLLIN)

    @property
    def exact(self) -> bool:
        """Whether the end of the process wakes us."""
        return self._pidfd is not None

    def wait(self, timeout: float | None) -> bool:
        """Return whether there is output to read. Seconds."""
        events = self._poll.poll(None if timeout is None else int(timeout * 1000) + 1)
        return any(ready == self._fd for ready, _ in events)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pidfd is not None:
            os.close(self._pidfd)
