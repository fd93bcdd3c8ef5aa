"""Answers that are kept below a target directory, each with marks of all that it follows from.

An answer is kept with marks that were taken before it was asked for: what changed meanwhile is
seen by whoever reads it. ``cargo clean`` removes them; what cannot be read is asked for again.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..cache import keep_json, read_json
from ..configuration import configuration_tables
from ..files import upwards
from ..metadata import parse_metadata
from .marks import Marks, NotKeptError
from .toolchain_marks import mark_toolchain
from .workspace_marks import mark_workspace, watched_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Question = tuple[tuple[str, ...], str | None]
    """A command, and the directory that it is started in; None for ours."""

__all__ = ["KeptAnswers"]

_FORMAT: Final = 2
_FOLDER: Final = os.path.join("cpython-sys-cache", "answers")
_MOST: Final = 400
_ANSWERS: Final = ("CARGO", "RUST", "HOME", "USERPROFILE")
"""What the names of variables begin with that an answer may follow from."""
_METADATA: Final = "metadata"


class _Entry(NamedTuple):
    watched: dict[str, list[str]]
    """Paths, for an answer about a workspace."""
    marks: str
    answer: str

    def sum(self, name: str) -> str:
        """Return what a whole entry has at its end, in the file of its question's name."""
        whole = name, self.watched, self.marks, self.answer
        return hashlib.sha256(repr(whole).encode()).hexdigest()


class KeptAnswers:
    """Reads and writes answers to questions about the project at a place."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.target_dir: str | None = None
        """Where the project is built, if not where cargo would by itself."""
        self._before: dict[Question, _Entry | None] = {}
        """What was marked before a question was asked, with no answer."""
        self._new: dict[str, _Entry] = {}
        """Answers of this run, by the names of their files."""

    def read(self, question: Question, place: str) -> bytes | None:
        """Return the answer that is kept, if it would be the same today.

        ``place`` is where the project lies. What the answer would follow from is noted.
        """
        found = self._find(question, place)
        watched = found.watched if found is not None else {}
        marks = self._marks(question, watched)
        if found is not None and marks and found.marks == marks:
            return found.answer.encode()
        asks_all = watched or question[0][1] != _METADATA
        self._before[question] = _Entry(watched, marks, "") if marks and asks_all else None
        return None

    def _find(self, question: Question, place: str) -> _Entry | None:
        name = self._file_name(question)
        for directory in self._directories(place):
            raw = read_json(os.path.join(directory, _FOLDER, name))
            try:
                found = _Entry(raw["watched"], raw["marks"], raw["answer"])
                if raw["sum"] == found.sum(name):
                    return found
            except (TypeError, KeyError, ValueError):
                continue
        return None

    def _file_name(self, question: Question) -> str:
        argv, directory = question
        environ = sorted(
            (name, value) for name, value in self._environ.items() if name.startswith(_ANSWERS)
        )
        causes = (_FORMAT, argv, directory or os.getcwd(), environ)
        digest = hashlib.sha256(repr(causes).encode("utf-8", "surrogateescape"))
        return f"{digest.hexdigest()[:32]}.json"

    def _directories(self, place: str) -> Iterator[str]:
        """Yield where cargo may build a project: a wrong guess costs a question."""
        for name in ("CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"):
            if self._environ.get(name):
                yield os.path.join(place, self._environ[name])
        for base, tables in configuration_tables(self._environ, place):
            build = tables.get("build")
            if isinstance(build, dict) and "target-dir" in build:
                yield os.path.join(base, str(build["target-dir"]))
        for above in upwards(place):
            yield os.path.join(above, "target")
            if self.target_dir:
                yield os.path.join(above, self.target_dir)

    def _marks(self, question: Question, watched: dict[str, list[str]]) -> str:
        """Return the marks as they are now; "" where not all can be seen."""
        argv, directory = question
        place = directory or os.getcwd()
        marks = Marks()
        try:
            mark_toolchain(marks, argv[0], self._environ, place)
            if watched:
                mark_workspace(marks, watched, self._environ, place)
        except (NotKeptError, KeyError, TypeError, ValueError):
            return ""
        return marks.digest()

    def note(self, question: Question, answer: bytes, ask: Callable[[], bytes | None]) -> None:
        """Take an answer that was asked for. ``ask`` asks again.

        What the answer about a workspace follows from is known from it: asked anew, with that
        marked before, it must be the same.
        """
        before = self._before.pop(question, None)
        try:
            text = answer.decode()
            watched = self._watched(question, answer)
        except (NotKeptError, ValueError, KeyError, TypeError):
            return
        if before is None or before.watched != watched:
            before = _Entry(watched, self._marks(question, watched), "")
            if not before.marks or ask() != answer:
                return
        self._new[self._file_name(question)] = before._replace(answer=text)

    def _watched(self, question: Question, answer: bytes) -> dict[str, list[str]]:
        argv, _ = question
        if argv[1] != _METADATA:
            return {}
        manifest = argv[-1].partition("=")[2]
        return watched_by(parse_metadata(answer), manifest)

    def write(self, directories: Sequence[str]) -> None:
        """Write what is new below the first target directory that is there."""
        found = next(filter(os.path.isdir, directories), None)
        while found and self._new:
            name, entry = self._new.popitem()
            value: dict[str, Any] = {**entry._asdict(), "sum": entry.sum(name)}
            keep_json(os.path.join(found, _FOLDER, name), value, _MOST)
