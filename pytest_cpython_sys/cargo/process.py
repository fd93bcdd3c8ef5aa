"""Programs that we start, each in a process group of its own: it can be ended as a whole."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = [
    "Process",
    "Programs",
    "in_this_run",
    "none_started",
    "running_programs",
    "stop_all",
    "worker_threads",
]

# Reads "+pid" and "-pid"; when we are gone, however that came about, its input ends, and what
# still runs is killed, whole groups at a time.
_WATCHDOG = """
running=
while read -r sign pid; do
    case $sign in
        +) running="$running $pid" ;;
        -)
            kept=
            for one in $running; do [ $one = $pid ] || kept="$kept $one"; done
            running=$kept ;;
    esac
done
for one in $running; do kill -9 -$one; done 2>/dev/null
"""


class _Watchdog:
    """A shell that outlives us for as long as it takes to end what we started."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._lock = threading.Lock()

    def tell(self, sign: str, pid: int) -> None:
        """Say that a process group was started, or has ended."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            if self._process is None or self._owner != os.getpid():
                self._owner = os.getpid()
                self._process = subprocess.Popen(
                    ["/bin/sh", "-c", _WATCHDOG],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            assert self._process.stdin is not None  # noqa: S101 - given PIPE above
            self._process.stdin.write(f"{sign} {pid}\n".encode())
            self._process.stdin.flush()

    def close(self) -> None:
        """Let it end; with nothing running it does so at once."""
        with self._lock:
            if self._process is not None and self._process.stdin is not None:
                with contextlib.suppress(OSError):
                    self._process.stdin.close()
                self._process.wait()
                self._process = None


class Programs:
    """All programs that a run has started, to be ended with it.

    A run within a run (of pytest, in one process) has others. What a thread starts belongs to the
    run that has started the thread: see `worker_threads` and `in_this_run`.
    """

    def __init__(self) -> None:
        self._running: dict[Process, None] = {}
        self._lock = threading.Lock()
        self._watchdog = _Watchdog()
        self.refused = threading.Event()
        """Set while none is to start."""
        self._outer: Programs | None = None

    def begin(self) -> None:
        """Take on what is started from now on."""
        self._outer = _current.get()
        _current.set(self)

    def end(self, grace: float = 2.0) -> None:
        """End every program that still runs, and leave the next ones to the outer run."""
        self.stop(grace)
        if self._outer is not None:
            _current.set(self._outer)

    def add(self, process: Process) -> None:
        """Take note of a program that was started."""
        with self._lock:
            self._running[process] = None
        self._watchdog.tell("+", process.pid)

    def discard(self, process: Process) -> None:
        """Take note of a program that has ended."""
        self._watchdog.tell("-", process.pid)
        with self._lock:
            self._running.pop(process, None)

    def running(self) -> list[tuple[str, ...]]:
        """Return the words of the programs that run, in the order in which they were started."""
        with self._lock:
            return [process.argv for process in self._running]

    def stop(self, grace: float = 2.0) -> None:
        """End every program that still runs. Seconds."""
        with self._lock:
            left = list(self._running)
        for process in left:
            process.stop(grace)
        self._watchdog.close()


_current: ContextVar[Programs] = ContextVar("programs", default=Programs())  # noqa: B039


def worker_threads(count: int) -> ThreadPoolExecutor:
    """Return threads whose programs belong to the run of whoever calls this."""
    return ThreadPoolExecutor(count, initializer=_current.set, initargs=(_current.get(),))


def in_this_run(function: Callable[[], None]) -> Callable[[], None]:
    """Return what calls a function in another thread, with programs that belong to this run."""
    programs = _current.get()

    def call() -> None:
        _current.set(programs)
        function()

    return call


class Process:
    """A running program with its output in two byte streams.

    ``on_error_chunk`` receives what arrives on standard error, as it arrives, in a thread of its
    own; ``executable`` is what runs if that is not the first word. With ``one_stream`` standard
    error comes in standard output. Raises OSError when the program cannot be started.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str],
        on_error_chunk: Callable[[bytes], None] | None = None,
        executable: str | None = None,
        one_stream: bool = False,
    ) -> None:
        self._programs = _current.get()
        if self._programs.refused.is_set():
            raise OSError(errno.ECANCELED, "the run was interrupted")
        self.argv = tuple(argv)
        self._error_parts: list[bytes] = []
        self._on_error_chunk = on_error_chunk
        self._error_thread = threading.Thread(target=self._read_errors, daemon=True)
        self._popen = subprocess.Popen(
            self.argv,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if one_stream else subprocess.PIPE,
            executable=executable,
            start_new_session=True,
        )
        # From here on another thread may end it, also before the next line has run.
        self._programs.add(self)
        self._error_thread.start()

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its process group."""
        return self._popen.pid

    @property
    def stdout(self) -> IO[bytes]:
        """What the program writes to standard output."""
        assert self._popen.stdout is not None  # noqa: S101 - given PIPE above
        return self._popen.stdout

    @property
    def errors(self) -> bytes:
        """What has arrived on standard error so far."""
        return b"".join(self._error_parts)

    def lines(self) -> Iterator[bytes]:
        r"""Yield standard output by lines, split at ``\n`` alone and without it."""
        for line in self.stdout:
            yield line[:-1] if line.endswith(b"\n") else line

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code (negative: the signal). Seconds; raises TimeoutExpired."""
        code = self._popen.wait(timeout)
        if self._error_thread.is_alive():
            # A descendant that lives on may keep the pipe open: do not wait for it.
            self._error_thread.join(1.0)
        with contextlib.suppress(OSError):
            self.stdout.close()
        self._programs.discard(self)
        return code

    def poll(self) -> int | None:
        """Return the exit code, or None while the program runs."""
        return self._popen.poll()

    def stop(self, grace: float = 2.0) -> int:
        """End the whole process group: SIGTERM, ``grace`` seconds, SIGKILL."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(grace)
        # Also after a good end: descendants may have outlived the leader.
        self._signal(signal.SIGKILL)
        return self.wait()

    def group_alive(self) -> bool:
        """Tell whether any process of the group still runs, the leader itself left out."""
        try:
            os.killpg(self.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def kill_group(self, grace: float = 0.0) -> None:
        """End what is left of the process group."""
        self._signal(signal.SIGTERM if grace else signal.SIGKILL)
        deadline = time.monotonic() + grace
        while grace and self.group_alive():
            if time.monotonic() > deadline:
                self._signal(signal.SIGKILL)
                return
            time.sleep(0.01)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _read_errors(self) -> None:
        stream = self._popen.stderr
        if stream is None:
            return  # it comes with standard output
        with contextlib.suppress(ValueError, OSError), stream:
            while chunk := os.read(stream.fileno(), 65536):
                self._error_parts.append(chunk)
                if self._on_error_chunk is not None:
                    self._on_error_chunk(chunk)


@contextlib.contextmanager
def none_started() -> Iterator[None]:
    """Let no program start: whoever still works for a run that has ended is to give up."""
    refused = _current.get().refused
    refused.set()
    try:
        yield
    finally:
        refused.clear()


def running_programs() -> list[tuple[str, ...]]:
    """Return the words of this run's programs that run, in the order in which they were started."""
    return _current.get().running()


def stop_all(grace: float = 2.0) -> None:
    """End every program of this run that still runs. Seconds."""
    _current.get().stop(grace)
