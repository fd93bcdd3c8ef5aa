"""A case as a unittest test: its id, and what a result is told."""

from __future__ import annotations

import io
import unittest
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.case import Case, Checker, Verdict
from pytest_cpython_sys.plan import Plan
from pytest_cpython_sys.unittest import tests  # its classes are none to collect here
from pytest_cpython_sys.unittest.evaluation import Jury
from pytest_cpython_sys.unittest.suite import RustSuite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def case(*levels: str, file: str = "/p/src/lib.rs", xfail: str | None = None) -> Case:
    return Case(
        file=file,
        levels=levels,
        kind="unit",
        checker="fake",
        package="p",
        target="p",
        rust_test="::".join(levels),
        group="one",
        xfail=xfail,
    )


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (case("tests", "ok"), "m.src/lib.rs::tests::ok"),
        (case("case[1]"), "m.src/lib.rs::case%5B1%5D"),
        (case("any*"), "m.src/lib.rs::any%2A"),
        (case("why?"), "m.src/lib.rs::why%3F"),
        (case("two words"), "m.src/lib.rs::two%20words"),
        (case("x", file="/p/my crate/lib.rs"), "m.my%20crate/lib.rs::x"),
        (case("x", file="/p/\udcff.rs"), "m.%ED%B3%BF.rs::x"),
    ],
)
def test_an_id_is_one_word_that_regrtest_takes_as_it_is(one: Case, expected: str) -> None:
    assert tests.regrtest_id("m", one, "/p") == expected


class Fake(Checker):
    """A checker with verdicts that are known beforehand; the last may come twice."""

    name = "fake"

    def __init__(self, verdicts: Sequence[tuple[Case, Verdict]]) -> None:
        self.verdicts = verdicts
        self.asked: list[list[Case]] = []

    def discover(self) -> Iterable[Case]:
        return [one for one, _ in self.verdicts]

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        self.asked.append(list(cases))
        wanted = {one.key for one in cases}
        return iter([pair for pair in self.verdicts if pair[0].key in wanted])


def run(
    verdicts: Sequence[tuple[Case, Verdict]], *, buffer: bool = False
) -> tuple[unittest.TextTestResult, Fake]:
    checker = Fake(verdicts)
    jury = Jury(Plan(checkers={"fake": checker}), 1.0)
    cases = list(dict.fromkeys(one for one, _ in verdicts))
    suite = RustSuite([tests.RustTest("m", one, "/p", jury) for one in cases], jury)
    runner = unittest.TextTestRunner(stream=io.StringIO(), verbosity=2, buffer=buffer)
    result = runner.run(suite)
    assert isinstance(result, unittest.TextTestResult)
    return result, checker


def test_each_outcome_has_its_place() -> None:
    result, checker = run(
        [
            (case("good"), Verdict("passed")),
            (case("bad"), Verdict("failed", message="left: 1", output="printed")),
            (case("unknown"), Verdict("error", message="not built")),
            (case("not_now"), Verdict("skipped", message="why")),
            (case("known", xfail="a bug"), Verdict("failed", message="as ever")),
            (case("cured", xfail="a bug"), Verdict("passed")),
        ]
    )
    assert result.testsRun == 6
    ((failed, words),) = result.failures
    assert failed.id() == "m.src/lib.rs::bad"
    assert words == "AssertionError: src/lib.rs:1: left: 1\n\nStdout:\nprinted\n"
    ((unknown, words),) = result.errors
    assert unknown.id() == "m.src/lib.rs::unknown"
    assert words == "NotEvaluatedError: src/lib.rs:1: not built\n"
    ((_, reason),) = result.skipped
    assert reason == "why"
    assert [test.id() for test, _ in result.expectedFailures] == ["m.src/lib.rs::known"]
    assert [test.id() for test in result.unexpectedSuccesses] == ["m.src/lib.rs::cured"]
    assert len(checker.asked) == 1  # all of a group at once


def test_output_goes_to_the_buffer_where_there_is_one() -> None:
    result, _ = run(
        [(case("bad"), Verdict("failed", message="left: 1", output="printed"))], buffer=True
    )
    ((_, words),) = result.failures
    assert words == "AssertionError: src/lib.rs:1: left: 1\n\nStdout:\nprinted\n"


def test_a_test_without_a_word_is_an_error() -> None:
    checker = Fake([])
    jury = Jury(Plan(checkers={"fake": checker}), 1.0)
    result = unittest.TestResult()
    RustSuite([tests.RustTest("m", case("silent"), "/p", jury)], jury).run(result)
    ((_, words),) = result.errors
    assert "the run ended without a result for this test" in words


def test_what_is_said_after_all_verdicts_is_an_error_of_the_last() -> None:
    last = case("last")
    result, _ = run(
        [
            (case("first"), Verdict("passed")),
            (last, Verdict("passed")),
            (last, Verdict("error", message="ended badly")),
        ]
    )
    ((test, words),) = result.errors
    assert test.id() == "m.src/lib.rs::last"
    assert "ended badly" in words
    assert not result.wasSuccessful()


def test_warnings_are_told_after_the_tests(capsys: pytest.CaptureFixture[str]) -> None:
    result, _ = run([(case("good"), Verdict("passed", warnings=("left a process",)))])
    assert result.wasSuccessful()
    assert capsys.readouterr().err == "Warning -- m.src/lib.rs::good: left a process\n"


def test_a_debugger_sees_what_is_wrong() -> None:
    good, bad, unknown, later = case("good"), case("bad"), case("unknown"), case("later")
    checker = Fake(
        [
            (good, Verdict("passed")),
            (bad, Verdict("failed", message="left: 1")),
            (unknown, Verdict("error", message="not built")),
            (later, Verdict("skipped", message="why")),
        ]
    )
    jury = Jury(Plan(checkers={"fake": checker}), 1.0)
    tests.RustTest("m", good, "/p", jury).debug()
    with pytest.raises(AssertionError, match="left: 1"):
        tests.RustTest("m", bad, "/p", jury).debug()
    with pytest.raises(AssertionError, match="not built"):
        tests.RustTest("m", unknown, "/p", jury).debug()
    with pytest.raises(unittest.SkipTest, match="why"):
        tests.RustTest("m", later, "/p", jury).debug()
