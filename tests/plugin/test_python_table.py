"""The table of what fails where."""

from __future__ import annotations

from pytest_cpython_sys.plugin.python_table import Comparison


def compared(outcomes: dict[str, str], *labels: str) -> Comparison:
    """Return a comparison of tests, each with an outcome a label, ``.`` for none."""
    words = {"p": "passed", "f": "failed", "e": "not evaluated", "s": "skipped"}
    comparison = Comparison(labels)
    for test, letters in outcomes.items():
        file, _, rest = test.partition("::")
        for label, letter in zip(labels, letters, strict=True):
            if letter != ".":
                comparison.count(f"{file}::@{label}::{rest}", words[letter])
    return comparison


def test_rows_that_differ_come_first() -> None:
    comparison = compared(
        {"a.rs::x::same": "ff", "a.rs::x::differs": "pf", "a.rs::x::fine": "ps", "b.rs::y": ".e"},
        "cp313",
        "cp313t",
    )
    assert comparison.agreement() == ""
    assert list(comparison.table(80, whole=False)) == [
        "cp313    cp313t",
        "ok       failed   a.rs::x::differs",
        "-        error    b.rs::y",
        "failed   failed   a.rs::x::same",
    ]
    early = list(comparison.table(80, whole=False, incomplete=True))
    assert early[2] == "did not run  error        b.rs::y"


def test_agreement_is_one_line() -> None:
    assert compared({"a.rs::x": "ps"}, "a", "b").agreement() == "no test fails on a, b"
    comparison = compared({"a.rs::x": "ff", "a.rs::y": "pp"}, "a", "b")
    assert comparison.agreement() == "the same tests fail on a, b"
    assert list(comparison.table(80, whole=False)) == []


def test_one_that_ran_alone_is_compared_with_nothing() -> None:
    for outcomes in ({"a.rs::x": "f."}, {"a.rs::x": "p."}, {}):
        comparison = compared(outcomes, "a", "b")
        assert comparison.agreement() == ""
        assert list(comparison.table(80, whole=False)) == []


def test_what_is_too_much_is_counted_and_what_is_too_long_is_cut() -> None:
    long = "crate/src/lib.rs::" + "m::" * 30
    comparison = compared({f"{long}t{number:02}": "pf" for number in range(30)}, "cp313", "cp313t")
    lines = list(comparison.table(80, whole=False))
    assert len(lines) == 22
    assert lines[1].startswith("ok       failed   crate/src/lib.rs::m...")
    assert lines[1].endswith("::m::t00")
    assert {len(line) for line in lines[1:-1]} == {80}
    assert lines[-1] == "... and 10 more (-v shows them)"
    whole = list(comparison.table(80, whole=True))
    assert len(whole) == 31
    assert whole[-1] == f"ok       failed   {long}t29"


def test_a_later_outcome_replaces_an_earlier_one() -> None:
    comparison = compared({"a.rs::x": "pf"}, "a", "b")
    comparison.count("a.rs::@b::x", "passed")
    assert comparison.agreement() == "no test fails on a, b"


def test_ids_without_a_python_do_not_count() -> None:
    comparison = Comparison(("a", "b"))
    assert comparison.label_of("a.rs::@a::x") == "a"
    assert comparison.label_of("a.rs::@c::x") == ""
    comparison.count("Cargo.toml::@build", "not evaluated")
    assert comparison.agreement() == ""
