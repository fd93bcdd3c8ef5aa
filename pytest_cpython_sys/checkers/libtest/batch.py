"""Runs tests of one binary: one process while all is well, isolation as soon as it is not.

All tests that are asked for go into one process, as cargo has it. When that process ends
before each has a verdict, the tests that had started are suspects: they run again in one
process with one thread, so that the one that ends it can be named; then the rest goes on.
An end that libtest's own log does not know is a forgery, and no more than output.
"""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .events import SuiteEvent, TestEvent, parse_events
from .listing import JSON_FLAGS
from .stream import BinaryRun, cut, describe_exit
from .witness import Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

__all__ = ["LEAKED", "Binary", "TestEnd", "run_repeated", "run_tests"]

# Arguments and environment share 2 MiB on Linux, with 128 KiB at most for one word.
_ARGUMENT_BYTES = 1_000_000
LEAKED = "left a process running when it ended, which was then ended too"


@dataclass(frozen=True, slots=True)
class Binary:
    """A test executable and how it is run. ``timeout`` and ``grace`` are seconds."""

    command: tuple[str, ...]
    """The executable, with the user's runner in front of it if there is one."""
    cwd: str
    env: Mapping[str, str] = field(repr=False)
    arguments: tuple[str, ...] = ()
    timeout: Callable[[str], float | None] = lambda _: None
    grace: float = 2.0
    speaks_json: bool = True
    """Whether it is libtest proper; a custom harness may understand less."""
    compose: Callable[[Sequence[str], Sequence[str]], list[str]] | None = None
    """Makes the harness's arguments, and names, into those of a command that wraps it; such a
    command may run more tests than were named."""
    others: frozenset[str] = frozenset()
    """Names of tests that may run though nobody asked for them."""

    @property
    def name(self) -> str:
        """The command as one would type it."""
        return shlex.join(self.command)


@dataclass(slots=True)
class TestEnd:
    """How one test ended, in the words of libtest or in ours."""

    __test__ = False  # not a pytest class

    name: str
    how: str
    """``ok``, ``failed``, ``ignored``, ``crashed``, ``timeout``, ``unable``, ``teardown`` or
    ``leaked``."""
    exec_time: float = 0.0
    """Seconds."""
    stdout: str = ""
    message: str = ""
    leaked: bool = False


@dataclass
class _Round:
    """What one process told."""

    witness: Witness
    ends: dict[str, list[TestEvent]] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)
    running: dict[str, None] = field(default_factory=dict)
    """Those that have started and not ended, in that order: few, however many there are."""
    finished: SuiteEvent | None = None
    stray: list[bytes] = field(default_factory=list)
    stray_size: int = 0
    others_failed: bool = False
    """Whether one failed that nobody asked for."""

    def explains(self, exit_code: int | None) -> bool:
        """Tell whether what was told is why a process ended so: 101 is for a test that failed."""
        failed = self.others_failed or any(
            event.kind == "failed" for events in self.ends.values() for event in events
        )
        return exit_code == 0 or (exit_code == 101 and failed)

    def note_start(self, name: str) -> None:
        self.started.setdefault(name, time.monotonic())
        if name not in self.ends:
            self.running[name] = None

    def note_end(self, event: TestEvent) -> None:
        self.ends.setdefault(event.name, []).append(event)
        self.running.pop(event.name, None)

    def unfinished(self) -> list[str]:
        return list(self.running)

    def stray_text(self) -> str:
        return b"\n".join(self.stray).decode("utf-8", "replace").strip("\n")


class _Runner:
    def __init__(self, binary: Binary, on_slow: Callable[[str], None] | None) -> None:
        self._binary = binary
        self._on_slow = on_slow

    def run(self, names: Sequence[str], *, every: bool) -> Iterator[TestEnd]:
        """Yield the end of each test; ``every``: these are all that the binary would run."""
        if every:
            yield from self._drive(names, named=False)
            return
        for chunk in _chunks(names):
            yield from self._drive(chunk, named=True)

    def _drive(self, names: Sequence[str], *, named: bool) -> Iterator[TestEnd]:
        waiting = dict.fromkeys(names)
        while waiting:
            before = len(waiting)
            for end in self._batch(list(waiting), named=named, threads=None):
                waiting.pop(end.name, None)
                yield end
            if len(waiting) == before:
                # Nothing came of it: one process a test gives each its own cause.
                for name in list(waiting):
                    del waiting[name]
                    yield from self._alone(name)
            named = True

    def _batch(self, names: list[str], *, named: bool, threads: int | None) -> Iterator[TestEnd]:
        """Run once; yield what is certain, then see to the suspects. The rest is left out."""
        binary = self._binary
        with Witness(wanted=binary.speaks_json and binary.compose is None) as witness:
            told = _Round(witness)
            run = self._start(names if named else [], threads, told)
            if isinstance(run, str):
                for name in names:
                    yield TestEnd(name, "unable", message=run)
                return
            held = yield from self._listen(run, told, names)
        if len(names) == 1:
            yield from self._single(names[0], run, told, held)
            return
        if run.expired:
            yield from self._expired(told, run)
            return
        if run.leaked and told.ends:
            yield TestEnd(next(reversed(told.ends)), "leaked", message=LEAKED)
        if not told.started and run.exit_code not in (0, 101) and self._binary.speaks_json:
            message = f"{self._binary.name} ended before any test had started: "
            message += describe_exit(run.exit_code or 0)
            for name in names:
                yield TestEnd(name, "unable", stdout=_printed(run, told), message=message)
            return
        suspects = told.unfinished()
        if suspects and threads == 1:
            yield self._crash(suspects[0], run, told)
        elif suspects:
            yield from self._again(suspects, describe_exit(run.exit_code or 0))
        elif told.finished is not None and not told.explains(run.exit_code):
            last = next(reversed(told.ends), None)
            if last is not None:
                yield self._teardown(last, run, told)

    def _listen(
        self, run: BinaryRun, told: _Round, names: list[str]
    ) -> Generator[TestEnd, None, TestEvent | None]:
        """Yield ends as they come; return that of a single test, which its process must confirm."""
        expected = frozenset(names)
        held = None
        for line in run.lines():
            event = self._note(line, told, expected)
            if event is None or event.kind == "started":
                continue
            if len(names) == 1:
                held = event
            else:
                yield _end(event)
        return held

    def _again(self, suspects: list[str], how: str) -> Iterator[TestEnd]:
        """Run suspects one after another; if none ends its process now, say that one did."""
        ends = list(self._batch(suspects, named=True, threads=1))
        caught = any(end.how not in ("ok", "ignored") for end in ends)
        for end in ends:
            if caught or end.how == "ignored":
                yield end
            else:
                others = "" if len(suspects) == 1 else f" (or did {len(suspects) - 1} others)"
                message = f"ended its process when it ran beside others{others}: {how}; "
                message += "it passed when it ran again, one test at a time"
                yield TestEnd(end.name, "crashed", end.exec_time, end.stdout, message)

    def _alone(self, name: str) -> Iterator[TestEnd]:
        return self._batch([name], named=True, threads=1)

    def _single(
        self, name: str, run: BinaryRun, told: _Round, event: TestEvent | None
    ) -> Iterator[TestEnd]:
        """Yield how a process with one test ended: exit code and event must agree."""
        if run.expired:
            yield self._timeout(name, run, told)
        elif event is None and not self._binary.speaks_json:
            # All that a harness of its own kind is known to tell is how it ended.
            how = "ok" if run.exit_code == 0 else "failed"
            message = "" if how == "ok" else describe_exit(run.exit_code or 0)
            yield TestEnd(name, how, 0.0, _printed(run, told), message, leaked=run.leaked)
        elif event is None or (event.kind == "ok" and told.finished is None):
            yield self._crash(name, run, told)
        elif not told.explains(run.exit_code):
            yield _end(event, leaked=run.leaked)
            yield self._teardown(name, run, told)
        else:
            yield _end(event, leaked=run.leaked)

    def repeated(self, name: str, count: int) -> Iterator[TestEnd]:
        """Yield the ends of all ``count`` tests of one name, in the harness's own order."""
        told = _Round(Witness(wanted=False))
        run = self._start([name], 1, told, json=True)
        if isinstance(run, str):
            yield from (TestEnd(name, "unable", message=run) for _ in range(count))
            return
        for line in run.lines():
            self._note(line, told, frozenset([name]))
        ends = told.ends.get(name, [])[:count]
        yield from map(_end, ends)
        for _ in range(count - len(ends)):
            yield self._timeout(name, run, told) if run.expired else self._crash(name, run, told)

    def _expired(self, told: _Round, run: BinaryRun) -> Iterator[TestEnd]:
        now = time.monotonic()
        for name in told.unfinished():
            limit = self._binary.timeout(name)
            if limit is not None and now - told.started[name] >= limit:
                yield self._timeout(name, run, told)

    def _note(self, line: bytes, told: _Round, expected: frozenset[str]) -> TestEvent | None:
        event, before = parse_events(line)
        if before and told.stray_size < _ARGUMENT_BYTES:
            told.stray.append(before)
            told.stray_size += len(before)
        if isinstance(event, SuiteEvent):
            if event.kind in ("ok", "failed"):
                told.finished = event
            return None
        if event is None:
            return None
        if event.name not in expected and event.name in self._binary.others:
            told.others_failed |= event.kind == "failed"
            return None
        if event.name not in expected or not told.witness.confirms(event.name, event.kind):
            told.stray.append(line)
            return None
        if event.kind == "started":
            told.note_start(event.name)
        elif event.kind == "timeout":
            if self._on_slow is not None:
                self._on_slow(event.name)
            return None
        else:
            told.note_end(event)
        return event

    def _start(
        self, names: list[str], threads: int | None, told: _Round, *, json: bool = False
    ) -> BinaryRun | str:
        flags = list(self._binary.arguments)
        if self._binary.speaks_json or len(names) != 1 or json:
            flags += JSON_FLAGS
        if self._binary.speaks_json:
            flags += ["--report-time", "--show-output", *told.witness.arguments]
        if threads is not None:
            flags.append(f"--test-threads={threads}")
        if self._binary.compose is not None:
            argv = [*self._binary.command, *self._binary.compose(flags, names)]
        else:
            argv = [*self._binary.command, *flags, *(["--exact", "--", *names] if names else [])]

        def deadline() -> float | None:
            moments = []
            for name in told.unfinished():
                limit = self._binary.timeout(name)
                if limit is not None:
                    moments.append(told.started[name] + limit)
            return min(moments, default=None)

        try:
            return BinaryRun(
                argv,
                cwd=self._binary.cwd,
                env=self._binary.env,
                deadline=deadline,
                grace=self._binary.grace,
            )
        except OSError as error:
            return f"{self._binary.name} cannot be started: {error.strerror or error}"

    def _crash(self, name: str, run: BinaryRun, told: _Round) -> TestEnd:
        code = run.exit_code or 0
        how = describe_exit(code)
        message = how if code < 0 else f"exited before it finished ({how})"
        return TestEnd(name, "crashed", self._since(name, told), _printed(run, told), message)

    def _timeout(self, name: str, run: BinaryRun, told: _Round) -> TestEnd:
        limit = self._binary.timeout(name)
        message = f"timed out after {limit:g} s"
        return TestEnd(name, "timeout", self._since(name, told), _printed(run, told), message)

    def _teardown(self, name: str, run: BinaryRun, told: _Round) -> TestEnd:
        how = describe_exit(run.exit_code or 0)
        message = f"all tests had ended well, then the test binary ended badly: {how}"
        return TestEnd(name, "teardown", 0.0, _printed(run, told), message)

    @staticmethod
    def _since(name: str, told: _Round) -> float:
        return time.monotonic() - told.started[name] if name in told.started else 0.0


def _printed(run: BinaryRun, told: _Round) -> str:
    stderr = Witness.without_notice(run.stderr).strip("\n")
    return "\n".join(part for part in (told.stray_text(), stderr) if part)


def _end(event: TestEvent, *, leaked: bool = False) -> TestEnd:
    return TestEnd(
        event.name,
        event.kind,
        event.exec_time or 0.0,
        cut(event.stdout),
        event.message,
        leaked=leaked,
    )


def _chunks(names: Sequence[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    size = 0
    for name in names:
        length = len(name.encode("utf-8", "replace")) + 9  # a NUL and a pointer
        if chunk and size + length > _ARGUMENT_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(name)
        size += length
    if chunk:
        yield chunk


def run_repeated(binary: Binary, name: str, count: int) -> Iterator[TestEnd]:
    """Yield how each of ``count`` tests of one and the same name ended, one after another."""
    yield from _Runner(binary, None).repeated(name, count)


def run_tests(
    binary: Binary,
    names: Sequence[str],
    *,
    every: bool = False,
    on_slow: Callable[[str], None] | None = None,
) -> Iterator[TestEnd]:
    """Yield how each test ended, as soon as that is known. Each name comes at least once."""
    yield from _Runner(binary, on_slow).run(list(dict.fromkeys(names)), every=every)
