"""Asks cargo and rustc: what compiles nothing, and starts no tests."""

from __future__ import annotations

import contextlib
import subprocess
import time
from typing import TYPE_CHECKING, Final

from ..process import worker_threads
from ..run_program import Ended
from .kept import KeptAnswers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import Future

    from .kept import Question

__all__ = ["Questions"]

_LIMIT: Final = 600.0
"""Seconds that cargo or rustc may take to answer a question."""


class Questions:
    """Questions that are asked in one environment, ahead of time where that can be."""

    def __init__(
        self, environ: Mapping[str, str], place: str | None, target_dir: str | None
    ) -> None:
        self.environ = environ
        self.place = place
        """Where the project lies; None if nobody has said so."""
        self._kept = KeptAnswers(environ)
        self._ahead: dict[Question, Future[Ended]] = {}
        self._asked: set[Question] = set()
        """What was asked ahead, once."""
        self._known: dict[Question, bytes] = {}
        """Kept answers that will be asked for."""
        self._noting: list[Future[None]] = []
        self._kept.target_dir = target_dir

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_ahead": {}, "_noting": []}

    def be_about(self, place: str, target_dir: str | None) -> None:
        """Take note of where the project lies, and where it is built if cargo is told."""
        self.place, self._kept.target_dir = place, target_dir

    def ask_ahead(self, questions: Iterable[Question]) -> None:
        """Start asking what will be asked for anyway."""
        new = [question for question in questions if question not in self._asked]
        self._asked.update(new)
        new = [one for one in new if not (self.place and self._is_kept(one, self.place))]
        if new:
            pool = worker_threads(len(new))
            self._ahead.update((one, pool.submit(self.run, *one)) for one in new)
            pool.shutdown(wait=False)

    def _is_kept(self, question: Question, place: str) -> bool:
        answer = self._kept.read(question, place)
        if answer is not None:
            self._known[question] = answer
        return answer is not None

    def answer(self, argv: Sequence[str], cwd: str | None, place: str | None) -> Ended:
        """Return the answer to a question about a project, which may be kept. Raises OSError."""
        question = tuple(argv), cwd
        asked = self._ahead.pop(question, None)
        if asked is not None:
            done = asked.result()
        elif question in self._known or (place and self._is_kept(question, place)):
            return Ended(0, False, False, 0.0, _LIMIT, self._known[question], "")
        else:
            done = self.run(argv, cwd)
        if done.exit_code == 0 and place:
            pool = worker_threads(1)
            self._noting.append(pool.submit(self._note, question, done.raw))
            pool.shutdown(wait=False)
        return done

    def _note(self, question: Question, answer: bytes) -> None:
        def ask() -> bytes | None:
            done = self.run(*question)
            return None if done.exit_code else done.raw

        with contextlib.suppress(OSError):
            self._kept.note(question, answer, ask)

    def take_unused(self) -> None:
        """Take the answers that nobody has asked for in the end."""
        while self._ahead:
            question, asked = self._ahead.popitem()
            with contextlib.suppress(OSError):
                if asked.result().exit_code == 0:
                    self._note(question, asked.result().raw)

    def keep(self, directories: Sequence[str]) -> None:
        """Keep what was answered below the first target directory that is there."""
        while self._noting:
            self._noting.pop().result()
        self._kept.write(directories)

    def run(
        self, argv: Sequence[str], cwd: str | None, env: Mapping[str, str] | None = None
    ) -> Ended:
        """Return the answer to a question, asked now. Raises OSError."""
        started = time.monotonic()
        code, raw, words = 0, b"", b""
        try:
            done = subprocess.run(
                argv,
                cwd=cwd,
                env=env or self.environ,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                check=False,
                timeout=_LIMIT,
            )
            code, raw, words = done.returncode, done.stdout, done.stderr
            expired = False
        except subprocess.TimeoutExpired:
            expired = True
        seconds = time.monotonic() - started
        text = words.decode("utf-8", "replace")
        return Ended(code, expired, False, seconds, _LIMIT, raw, text)
