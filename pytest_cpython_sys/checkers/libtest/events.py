"""What a libtest binary says: JSON events in a stream that anybody may write into.

The format is unstable and not documented; it is the one of
https://github.com/rust-lang/rust/blob/master/library/test/src/formatters/json.rs
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["SuiteEvent", "TestEvent", "parse_events"]

_START = b'{ "type": "'
_MIMIC_START = b'{"type":"'
_TEST_EVENTS = frozenset({"started", "ok", "failed", "ignored", "timeout"})
# Nearly all lines are one of these two, to the letter; what they say needs no JSON parser.
_STARTED = re.compile(rb'\{ "type": "test", "event": "started", "name": "([ !#-\[\]-~]*)" \}')
_OK = re.compile(
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
    test_count: int = 0
    passed: int = 0
    failed: int = 0
    ignored: int = 0


def _event(text: bytes) -> TestEvent | SuiteEvent | None:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(raw, dict):
        return None
    kind = raw.get("event")
    if raw.get("type") == "test":
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
    if raw.get("type") == "suite" and isinstance(kind, str):
        return SuiteEvent(
            kind,
            *(_count(raw.get(key)) for key in ("test_count", "passed", "failed", "ignored")),
        )
    return None


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
    for start in (_START, _MIMIC_START):
        position = line.find(start)
        while position >= 0:
            event = _event(line[position:])
            if event is not None:
                return event, line[:position]
            position = line.find(start, position + 1)
    return None, line
