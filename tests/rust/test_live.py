"""What tests print is handed on at once, and no event with it."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.rust.test_binary.live import LiveText
from pytest_cpython_sys.rust.test_binary.tally import Tally

STARTED = b'{ "type": "test", "event": "started", "name": "a" }\n'
OK = b'{ "type": "test", "name": "a", "event": "ok" }\n'


class Listener:
    """Reads a stream as a process's is read: the lines of a chunk first, then the chunk."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []
        self.live = LiveText(lambda *told: self.shown.append(told), "first")
        self.tally = Tally({"a": 1}, {"other"}, live=self.live)
        self._rest = b""

    def read(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self.tally.read(line)
        self.live.add(chunk)

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.shown)


STREAM = (
    STARTED + b'one\ntwo {"type" \xf0\x9f\xa6\x80 { "type": "no event" }\nhalf' + OK + b"late\n"
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 30, 1000])
def test_the_text_is_the_same_in_whatever_pieces_it_comes(size: int) -> None:
    listener = Listener()
    for start in range(0, len(STREAM), size):
        listener.read(STREAM[start : start + size])
    assert listener.text == 'one\ntwo {"type" 🦀 { "type": "no event" }\nhalflate\n'
    assert {test for test, _ in listener.shown} == {"a"}
    (end,) = listener.tally.ends("a")
    assert end.stdout == 'one\ntwo {"type" 🦀 { "type": "no event" }\nhalf'
    assert listener.tally.stray == "late"


def test_a_line_without_an_end_is_shown_at_once() -> None:
    listener = Listener()
    listener.read(b"before ")
    assert listener.shown == [("first", "before ")]
    listener.read(b"any\n" + STARTED + b"go on? { ")
    assert listener.shown[1:] == [("first", "any\n"), ("a", "go on? ")]
    assert listener.live.of("a") == ""
    listener.read(b"yes }\n")
    assert listener.shown[3:] == [("a", "{ yes }\n")]
    assert listener.tally.text_of("a") == "go on? { yes }"


def test_what_tells_of_a_test_that_is_none_is_text() -> None:
    listener = Listener()
    words = b'{ "type": "test", "name": "nobody", "event": "ok" }\n'
    listener.read(STARTED + words + OK)
    assert listener.text == words.decode()
    assert listener.tally.agrees is False
