"""A test binary: how it is started, how long it may take, and how its tests may end."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .tally import Tally

__all__ = ["Binary", "Deadline", "TestEnd", "chunks"]

# Arguments and environment share 2 MiB on Linux, with 128 KiB at most for one word.
_ARGUMENT_BYTES = 1_000_000
# Seconds that a program may take to start, beside what its tests may take.
_START = 10.0


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
    listed: Mapping[str, int] = field(default_factory=dict)
    """All names there are, and how many tests each of them has."""
    show: Callable[[str, str], None] | None = None
    """Is told of what tests print, as they run: one after another then. None: it is captured."""

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
    """``ok``, ``failed``, ``ignored``, ``crashed``, ``timeout``, ``unable``; and, after that,
    ``contradicted``, or of the process in which it ran: ``teardown``, ``leaked``, ``printed``."""
    exec_time: float = 0.0
    """Seconds."""
    stdout: str = ""
    message: str = ""
    leaked: bool = False
    failures: int = 0
    """How many failed, of several tests that nothing tells apart."""

    @property
    def is_bad(self) -> bool:
        """Whether nobody would call the test's run green."""
        return self.how not in ("ok", "ignored", "leaked", "printed")

    def printed_below(self, heading: str) -> str:
        """Return what a process printed, below a heading, and how it ended, if that is said."""
        printed = f"{heading}:\n{self.stdout}" if self.stdout else ""
        return "\n".join(filter(None, (printed, self.message)))


class Deadline:
    """The moment at which to stop waiting for a process, by ``time.monotonic``."""

    def __init__(self, binary: Binary, tally: Tally) -> None:
        self._binary = binary
        self._tally = tally
        self._begun = time.monotonic() + (_START if binary.speaks_json else 0.0)
        limits = [binary.timeout(name) for name in tally.counts]
        known = [limit for limit in limits if limit is not None]
        self._longest = max(known) if len(known) == len(limits) and known else None

    def __call__(self) -> float | None:
        """Return when the first of the running tests has had its time.

        Where none is known to run, one may all the same: a harness of its own may not tell.
        """
        tally = self._tally
        if tally.running:
            limits = ((name, self._binary.timeout(name)) for name in tally.running)
            moments = [tally.started[name] + limit for name, limit in limits if limit is not None]
            return min(moments, default=None)
        if self._longest is None or self._binary.compose is not None:
            return None  # rustdoc compiles before anything starts
        return (tally.heard or self._begun) + self._longest


def chunks(names: Sequence[str]) -> Iterator[list[str]]:
    """Yield names in groups that one command line holds."""
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
