"""Cases on their way to one Python's checkers and back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.case import Case, Checker, Verdict
from pytest_cpython_sys.matrix import LabelledChecker, labelled, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

UNIT = Case(
    file="/crate/src/lib.rs",
    levels=("tests", "ok"),
    kind="unit",
    checker="libtest",
    package="c",
    target="c",
    rust_test="tests::ok",
)
OLD = replace(UNIT, levels=("bindgen_test_layout_T",), kind="layout")
OLD = replace(OLD, rust_test="bindgen_test_layout_T")
NEW = replace(OLD, checker="layout")
ABI = replace(UNIT, levels=("@abi", "fn", "f"), kind="abi", checker="abi", rust_test="@abi::fn::f")
BUILD = replace(UNIT, levels=("@build",), kind="build", checker="target", rust_test="@build")


@pytest.mark.parametrize(
    ("case", "name"),
    [
        (UNIT, "tests::ok"),
        (OLD, "bindgen_test_layout_T"),
        (NEW, "@cp313t::bindgen_test_layout_T"),
        (ABI, "@cp313t::@abi::fn::f"),
        (BUILD, "@build"),
    ],
)
def test_a_case_comes_back_as_it_was(case: Case, name: str) -> None:
    there = labelled(case, "cp313t")
    assert there.levels == ("@cp313t", *case.levels)
    assert there.checker == f"cp313t/{case.checker}"
    assert there.rust_test == name
    assert plain(there) == case


class _Talkative(Checker):
    """A checker that says more than it is asked."""

    name = "libtest"

    def discover(self) -> Iterable[Case]:
        return [UNIT]

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        for case in cases:
            yield case, Verdict("passed")
        yield OLD, Verdict("passed")
        yield cases[-1], Verdict("error", message="late")


def test_verdicts_find_their_cases_and_limits_their_tests() -> None:
    own: dict[tuple[str, tuple[str, ...]], float] = {}
    (case,) = LabelledChecker(_Talkative(), "cp313", {}, own).discover()
    checker = LabelledChecker(_Talkative(), "cp313", {case.key: 3.0}, own)
    assert checker.name == case.checker
    assert list(checker.run([case])) == [
        (case, Verdict("passed")),
        (case, Verdict("error", message="late")),
    ]
    assert own == {UNIT.key: 3.0}
    assert list(checker.remarks()) == []
    assert checker.replaced() == []
    assert list(checker.withheld()) == []
