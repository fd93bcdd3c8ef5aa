"""What a libtest binary says: JSON events in a stream that anybody may write into.

The format is unstable and not documented; it is the one of
https://github.com/rust-lang/rust/blob/master/library/test/src/formatters/json.rs
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ...late import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EVENT_STARTS", "SuiteEvent", "TestEvent", "json_objects", "parse_events"]

_START = b'{ "type": "'
_MIMIC_START = b'{"type":"'
EVENT_STARTS = (_START, _MIMIC_START)
"""How harnesses begin a line that is an event."""
_TEST_EVENTS = frozenset({"started", "ok", "failed", "ignored", "timeout"})
# Nearly all lines are one of these two, to the letter; what they say needs no JSON parser.
_STARTED = regex(rb'\{ "type": "test", "event": "started", "name": "([ !#-\[\]-~]*)" \}')
_OK = regex(
    rb'\{ "type": "test", "name": "([ !#-\[\]-~]*)", "event": "ok", '
    rb'"exec_time": ((?:0|[1-9][0-9]{0,8})\.[0-9]{1,18}(?:e-[0-9]{1,2})?) \}'
)

TestEventKind = Literal["started", "ok", "failed", "ignored", "timeout"]


@dataclass(slots=True)
class TestEvent:
    """Something that happened to one test. Not frozen: that would triple what making one costs."""

    __test__ = False  # not a pytest class

    kind: TestEventKind
    name: str
    exec_time: float | None = None
    """Seconds."""
    stdout: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class SuiteEvent:
    """The begin or the end of a suite; counts are those of its end."""

    kind: str
    passed: int = 0
    failed: int = 0


def _event(raw: dict[str, Any]) -> TestEvent | SuiteEvent | None:
    what, kind = raw.get("type"), raw.get("event")
    if what == "test":
        name = raw.get("name")
        if kind not in _TEST_EVENTS or not isinstance(name, str):
            return None
        seconds = raw.get("exec_time")
        return TestEvent(
            kind=kind,
            name=name,
            exec_time=float(seconds) if isinstance(seconds, int | float) else None,
            stdout=_text(raw.get("stdout")),
            message=_text(raw.get("message") or raw.get("reason")),
        )
    if what == "suite" and isinstance(kind, str):
        return SuiteEvent(kind, *(_count(raw.get(key)) for key in ("passed", "failed")))
    # What rustdoc says of the time that it took.
    return SuiteEvent("report") if what == "report" and "total_time" in raw else None


def _text(value: object) -> str:
    # JSON may hold lone surrogates, which no report can carry.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def parse_events(line: bytes) -> tuple[TestEvent | SuiteEvent | None, bytes]:
    """Return the event that a line ends with, and what stands before it.

    Output that bypasses libtest's capture (C's ``printf``, child processes) may come first
    in the same line; a line without an event is all output.
    """
    if match := _STARTED.fullmatch(line):
        return TestEvent("started", match[1].decode()), b""
    if match := _OK.fullmatch(line):
        return TestEvent("ok", match[1].decode(), float(match[2])), b""
    return _parse_any(line)


def _parse_any(line: bytes) -> tuple[TestEvent | SuiteEvent | None, bytes]:
    for raw, position in json_objects(line):
        event = _event(raw)
        if event is not None:
            return event, line[:position]
    return None, line


def json_objects(line: bytes) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield each JSON object that a line ends with, as harnesses begin theirs, and its place."""
    for start in EVENT_STARTS:
        position = line.find(start)
        while position >= 0:
            with contextlib.suppress(ValueError, RecursionError):
                yield json.loads(line[position:]), position
            position = line.find(start, position + 1)
