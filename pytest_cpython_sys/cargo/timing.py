"""How long cargo's compilers and build scripts took, by when it speaks of them.

``cargo -v`` prints a line as it starts each program, and a message when that one is done:
https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages
"""

from __future__ import annotations

import os.path
import shlex
import threading
import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from ..late import dataclass
from .depinfo import parse_rustc_calls
from .messages import Artifact, BuildScript

if TYPE_CHECKING:
    from .messages import Message

__all__ = ["Clock", "Timing"]

_SCRIPT = "build-script-"


@dataclass(frozen=True)
class Timing:
    """A compiler call, or a build script that ran."""

    package_id: str
    what: str
    """``lib``, ``lib test``, ``build script`` (compiled), ``build script run``, ``bin "x"``."""
    seconds: float


class Clock:
    """Is told what cargo writes, as it writes it; in two threads, as cargo has two streams."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._rest = b""
        self._lock = threading.Lock()
        self._started: defaultdict[tuple[str, bool], deque[float]] = defaultdict(deque)
        """By root file, and whether it is compiled as a test."""
        self._scripts: defaultdict[str, list[str]] = defaultdict(list)
        """The programs that a package's build script was made to, by its id."""
        self._running: dict[str, float] = {}
        """When each program was started that is no compiler."""
        self.timings: list[Timing] = []

    def feed(self, chunk: bytes) -> None:
        """Read a piece of standard error."""
        now = time.monotonic()
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            # A progress bar may stand before it, to be written over.
            _, running, rest = line.rpartition(b"     Running `")
            if running:
                self._start(f"     Running `{rest.decode('utf-8', 'replace')}".rstrip("\r"), now)

    def _start(self, line: str, now: float) -> None:
        with self._lock:
            for call in parse_rustc_calls(line):
                self._started[self._key(call.source, test=call.test)].append(now)
                return
            try:
                program = shlex.split(line.partition("`")[2].rstrip("`"))[-1]
            except (ValueError, IndexError):
                return
            # Whose it is may not have been read yet: that stands in the other stream.
            self._running[program] = now

    def _key(self, source: str, *, test: bool) -> tuple[str, bool]:
        return os.path.realpath(os.path.join(self._root, source)), test

    def note(self, message: Message | None) -> None:
        """Take a message of cargo's: something is done."""
        now = time.monotonic()
        with self._lock:
            if isinstance(message, BuildScript):
                for program in self._scripts[message.package_id]:
                    began = self._running.pop(program, None)
                    if began is not None:
                        timing = Timing(message.package_id, "build script run", now - began)
                        self.timings.append(timing)
                        break
            elif isinstance(message, Artifact):
                is_script = message.target.kind == "custom-build"
                if is_script:
                    programs = (name for name in message.filenames if _SCRIPT in name)
                    self._scripts[message.package_id] += programs
                starts = self._started[self._key(message.target.src_path, test=message.test)]
                if not message.fresh and starts:
                    what = "build script" if is_script else message.target.label
                    what += (
                        " test" if message.test and message.target.kind in ("lib", "bin") else ""
                    )
                    began = starts.popleft()
                    self.timings.append(Timing(message.package_id, what, now - began))
