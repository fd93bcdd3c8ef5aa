"""What a process tells is held against itself before anybody is told."""

from __future__ import annotations

import json

import pytest

from pytest_cpython_sys.cargo.run_program import IDLE
from pytest_cpython_sys.rust.test_binary.tally import PATIENCE, Tally


def told(tally: Tally, *events: str) -> list[str]:
    """Tell of events, ``start a`` or ``ok a`` or ``passed 1``; return the names given out."""
    given = []
    for kind, name in (event.split() for event in events):
        if kind in ("passed", "failures"):
            counts = {"passed": int(name), "failed": 0}
            raw = {"type": "suite", "event": "ok", **counts}
        else:
            kind = "started" if kind == "start" else kind
            raw = {"type": "test", "event": kind, "name": name}
        given += tally.read(("{ " + json.dumps(raw)[1:]).encode())
    return [event.name for event in given]


def settled(tally: Tally) -> tuple[list[str], list[str]]:
    certain, doubted = tally.settle(trusting=False)
    return [ends[0].name for ends in certain], doubted


def test_a_start_bears_out_the_end_before_it() -> None:
    tally = Tally({"a": 1, "b": 1, "c": 1})
    assert told(tally, "start a", "start b", "ok a", "start c") == ["a"]
    assert told(tally, "ok b", "ok c", "passed 3") == []
    assert settled(tally) == (["b", "c"], [])
    assert tally.agrees


@pytest.mark.parametrize("second", ["ok", "failed", "ignored"])
def test_more_ends_than_tests_are_in_doubt(second: str) -> None:
    tally = Tally({"a": 1, "b": 1})
    assert told(tally, "start a", "start b", "ok a", f"{second} a", "ok b", "passed 2") == []
    assert "a" in settled(tally)[1]


def test_several_tests_of_one_name_are_certain_when_all_have_ended() -> None:
    tally = Tally({"a": 2, "b": 1})
    assert told(tally, "start a", "start a", "ok a", "start b", "ok a", "ok b", "passed 3") == []
    assert settled(tally) == (["a", "b"], [])


def test_what_the_totals_do_not_bear_out_is_in_doubt() -> None:
    tally = Tally({"a": 1, "b": 1})
    told(tally, "start a", "start b", "ok a", "ok b", "passed 1")
    assert settled(tally) == ([], ["a", "b"])
    assert not tally.agrees


def test_nobody_waits_long_for_a_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 100.0
    monkeypatch.setattr("time.monotonic", lambda: clock)
    tally = Tally({"a": 1, "b": 1})
    told(tally, "start a", "start b", "ok a")
    assert tally.read(IDLE) == []
    clock += PATIENCE
    assert [event.name for event in tally.read(IDLE)] == ["a"]


def test_a_start_after_a_pause_bears_out_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 100.0
    monkeypatch.setattr("time.monotonic", lambda: clock)
    tally = Tally({"a": 1, "b": 1})
    told(tally, "start a", "ok a")
    clock += PATIENCE
    assert [event.name for event in tally.read(IDLE)] == ["a"]
    assert told(tally, "start b", "ok b", "passed 2") == []
    assert settled(tally) == (["b"], [])


def test_names_that_nobody_asked_for_are_output() -> None:
    tally = Tally({"a": 1})
    told(tally, "start a", "failed x", "ok a", "passed 1")
    assert settled(tally) == (["a"], [])
    assert '"x"' in tally.stray
    assert '"a"' not in tally.stray


def test_a_test_that_runs_for_long_is_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    slow: list[tuple[str, float]] = []
    tally = Tally({"a": 1, "b": 1, "c": 1}, on_slow=lambda *words: slow.append(words))
    told(tally, "start a", "start b")
    now += 9.0
    told(tally, "ok b")
    assert slow == []
    now += 1.0
    tally.read(IDLE)
    assert slow == [("a", 10.0)]
    now += 20.0
    told(tally, "start c")
    tally.read(IDLE)
    told(tally, "timeout a")
    assert slow == [("a", 10.0), ("a", 60.0)]
