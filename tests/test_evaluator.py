"""What a run asks the checkers for, and when."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.case import Case, Checker, Verdict
from pytest_cpython_sys.evaluator import Evaluator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class Spam(Checker):
    """Says which cases it was asked for together."""

    name = "spam"

    def discover(self) -> Iterable[Case]:
        return [
            Case(
                file="lib.rs",
                levels=(name,),
                kind="unit",
                checker=self.name,
                package="p",
                target="t",
                rust_test=name,
            )
            for name in ("a", "b", "c")
        ]

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        for case in cases:
            yield case, Verdict("passed", output=" ".join(one.rust_test for one in cases))


def test_what_is_asked_for_again_runs_again_alone() -> None:
    checker = Spam()
    a, b, c = checker.discover()
    evaluator = Evaluator({"spam": checker})
    evaluator.select([a, b, a, c])
    asked = [a, b, a, c, a]
    assert [evaluator.verdict(case).output for case in asked] == [
        "a b c",
        "a b c",
        "a",
        "a b c",
        "a",
    ]
    evaluator.stop(1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_in_a_forked_process_a_case_runs_alone() -> None:
    """As pytest-forked runs each item: the siblings run in processes of theirs."""
    checker = Spam()
    a, *others = checker.discover()
    evaluator = Evaluator({"spam": checker})
    evaluator.select([a, *others])
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, evaluator.verdict(a).output.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == "a"
    os.waitpid(child, 0)
    assert evaluator.verdict(a).output == "a b c"
    evaluator.stop(1)
