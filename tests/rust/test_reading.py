"""Events are found wherever they stand, and panics are taken apart."""

from __future__ import annotations

import io
import itertools
import json
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_cpython_sys.cargo.run_program import ProgramRun
from pytest_cpython_sys.rust.test_binary import events
from pytest_cpython_sys.rust.test_binary.events import SuiteEvent, TestEvent, parse_events
from pytest_cpython_sys.rust.test_binary.panics import find_panic, layout_values, without_panic

if TYPE_CHECKING:
    from collections.abc import Iterator

OK = b'{ "type": "test", "name": "tests::a", "event": "ok", "exec_time": 0.5 }'


def test_an_event() -> None:
    event, before = parse_events(OK)
    assert event == TestEvent("ok", "tests::a", 0.5)
    assert before == b""


def test_the_end_of_a_suite() -> None:
    text = b'{ "type": "suite", "event": "failed", "passed": 2, "failed": 1, "ignored": 3 }'
    assert parse_events(text)[0] == SuiteEvent("failed", passed=2, failed=1)


def test_output_before_an_event_in_one_line() -> None:
    event, before = parse_events(b'no newline here{ "type": "' + OK)
    assert isinstance(event, TestEvent)
    assert before == b'no newline here{ "type": "'


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"running 1 test",
        b'{ "type": "test", "event": "ok" }',
        b'{ "type": "test", "event": "new", "name": "x" }',
        b'{ "type": "test", "name": 3, "event": "ok" }',
        OK[:-1],
        OK + b"trailing",
    ],
)
def test_what_is_no_event(text: bytes) -> None:
    assert parse_events(text) == (None, text)


@given(st.binary(max_size=60).filter(lambda data: b"\n" not in data))
def test_any_bytes_before_an_event(data: bytes) -> None:
    event, before = parse_events(data + OK)
    assert event == TestEvent("ok", "tests::a", 0.5)
    assert before == data


@given(st.binary(max_size=60))
def test_reading_never_raises(data: bytes) -> None:
    parse_events(data)
    parse_events(b'{ "type": "test", ' + data)


@given(st.text(max_size=30))
def test_any_output_in_an_event(text: str) -> None:
    raw = json.dumps({"type": "test", "name": "n", "event": "failed", "stdout": text})
    event, _ = parse_events(raw.replace('{"type"', '{ "type"').encode())
    assert isinstance(event, TestEvent)
    assert event.stdout == text.encode("utf-8", "replace").decode()


STARTED = b'{ "type": "test", "event": "started", "name": "tests::a" }'


@given(
    st.sampled_from([OK, STARTED, OK.replace(b"0.5", b"1.25e-05")]),
    st.integers(0, 75),
    st.binary(max_size=3).filter(lambda data: b"\n" not in data),
    st.integers(0, 3),
)
def test_what_is_read_without_a_parser_is_what_the_parser_reads(
    line: bytes, at: int, put: bytes, dropped: int
) -> None:
    changed = line[:at] + put + line[at + dropped :]
    assert parse_events(changed) == events._parse_any(changed)


class Pieces(ProgramRun):
    """A run whose output arrives in given pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self._on_chunk = None
        self._process = SimpleNamespace(stdout=io.BytesIO())  # type: ignore[assignment]

    def _chunks(self, stream: IO[bytes]) -> Iterator[bytes]:
        yield from self._pieces

    def _finish(self) -> None:
        pass


NOISE = st.binary(max_size=20).filter(lambda data: b"\n" not in data and b"{" not in data)
TOLD = st.tuples(st.text(max_size=8), st.sampled_from(["started", "ok", "failed"]), st.text())


def told_line(name: str, kind: str, output: str) -> bytes:
    """Return an event as libtest has it, or as the parser alone can read it."""
    if kind == "started":
        fields: dict[str, object] = {"type": "test", "event": kind, "name": name}
    else:
        fields = {"type": "test", "name": name, "event": kind, "exec_time": 0.5}
    if kind == "failed":
        fields["stdout"] = output
    return ("{ " + json.dumps(fields)[1:-1] + " }").encode()


@given(st.lists(st.tuples(TOLD, NOISE, st.lists(NOISE, max_size=2))), st.lists(st.integers(0)))
def test_events_among_noise_in_pieces_stay_with_their_tests(
    entries: list[tuple[tuple[str, str, str], bytes, list[bytes]]], cuts: list[int]
) -> None:
    lines = []
    for told, before, others in entries:
        lines += [*others, before + told_line(*told)]
    output = b"".join(line + b"\n" for line in lines)
    places = sorted({0, len(output), *(cut % (len(output) + 1) for cut in cuts)})
    pieces = [output[start:end] for start, end in itertools.pairwise(places)]
    found = [parse_events(line) for line in Pieces(pieces).lines()]
    read = [(event.name, event.kind) for event, _ in found if isinstance(event, TestEvent)]
    assert read == [(name, kind) for (name, kind, _), _, _ in entries]
    assert [rest for event, rest in found if event is not None] == [e[1] for e in entries]


OUTPUT = """said before

thread 'tests::a' (1234) panicked at src/lib.rs:3:60:
assertion `left == right` failed: sums
  left: 1
 right: 2
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
"""


def test_a_panic() -> None:
    panic = find_panic(OUTPUT, "tests::a")
    assert panic is not None
    assert (panic.file, panic.line, panic.column) == ("src/lib.rs", 3, 60)
    assert panic.message == "assertion `left == right` failed: sums\n  left: 1\n right: 2"
    assert without_panic(OUTPUT, panic).strip() == "said before"


def test_the_tests_own_panic_among_others() -> None:
    text = OUTPUT + OUTPUT.replace("'tests::a'", "'worker'").replace("lib.rs:3", "pool.rs:9")
    panic = find_panic(text, "tests::a")
    assert panic is not None
    assert panic.line == 3
    assert "pool.rs:9" in without_panic(text, panic)


def test_no_panic() -> None:
    assert find_panic('Error: "x"\n', "a") is None
    assert without_panic("text", None) == "text"


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("Size of PyObject", ("size", 24, 16)),
        ("Size of: PyObject", ("size", 24, 16)),
        ("Alignment of PyObject", ("alignment", 24, 16)),
        ("Offset of field: PyObject::ob_type", ("offset of ob_type", 24, 16)),
    ],
)
def test_values_of_the_old_style(what: str, expected: tuple[str, int, int]) -> None:
    message = f"assertion `left == right` failed: {what}\n  left: 16\n right: 24"
    assert layout_values(message) == expected


@pytest.mark.parametrize(
    ("more", "event"),
    [
        ({"message": "said"}, TestEvent("failed", "a", message="said")),
        ({"reason": "time limit"}, TestEvent("failed", "a", message="time limit")),
        ({"message": "said", "reason": "time"}, TestEvent("failed", "a", message="said")),
        ({"stdout": "printed", "exec_time": 2}, TestEvent("failed", "a", 2.0, "printed")),
        ({"stdout": 3, "message": [], "exec_time": "2"}, TestEvent("failed", "a")),
        ({"stdout": "half \ud800"}, TestEvent("failed", "a", stdout="half ?")),
    ],
)
def test_what_an_event_tells_besides(more: dict[str, object], event: TestEvent) -> None:
    raw = {"type": "test", "event": "failed", "name": "a", **more}
    for text in (json.dumps(raw).replace("{", "{ ", 1), json.dumps(raw, separators=(",", ":"))):
        assert parse_events(b"x" + text.encode()) == (event, b"x")


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ('{ "type": "report", "total_time": 1.5, "compilation_time": 1 }', SuiteEvent("report")),
        ('{ "type": "report" }', None),
        ('{ "type": "other", "total_time": 1 }', None),
        ('{ "type": "suite", "event": 3 }', None),
        ('{ "type": "other", "event": "ok" }', None),
        ('{ "type": "suite", "event": "ok", "passed": "2", "failed": null }', SuiteEvent("ok")),
        ('{ "type": "suite", "event": "ok", "passed": 2 }', SuiteEvent("ok", 2, 0)),
    ],
)
def test_what_is_told_of_all_tests(text: str, event: SuiteEvent | None) -> None:
    assert parse_events(text.encode())[0] == event


def test_the_first_event_of_a_line_is_taken() -> None:
    inner = json.dumps({"type": "test", "event": "ok", "name": "in"}).replace("{", "{ ", 1)
    text = json.dumps({"type": "test", "event": "failed", "name": "a", "nested": inner})
    event, before = parse_events(b"x" + text.replace("{", "{ ", 1).encode())
    assert (event, before) == (TestEvent("failed", "a"), b"x")


def test_what_is_nested_too_deeply_is_no_event() -> None:
    text = b'{ "type": "test", "deep": ' + b"[" * 100_000
    assert parse_events(text) == (None, text)
