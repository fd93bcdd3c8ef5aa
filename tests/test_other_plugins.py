"""The script that runs other plugins finds what it is there to find."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import TYPE_CHECKING

import pytest

from benchmarks.other_plugins import Run, differences, outcomes_of

if TYPE_CHECKING:
    from collections.abc import Callable

Outcomes = dict[str, tuple[str, ...]]
PYTHON: Outcomes = {
    "test_twins.py::test_passes": ("passed",),
    "test_twins.py::test_fails": ("failed",),
}
RUST: Outcomes = {"src/lib.rs::twins::passes": ("passed",), "src/lib.rs::twins::fails": ("failed",)}


def run_of(outcomes: Outcomes, code: int = 1) -> Run:
    return Run([code], collected=Counter(outcomes.keys()), outcomes=dict(outcomes))


def lose(run: Run) -> None:
    del run.collected["src/lib.rs::twins::fails"]


def double(run: Run) -> None:
    run.collected["src/lib.rs::twins::fails"] += 1


def raise_error(run: Run) -> None:
    run.text = "INTERNALERROR> ..."


def turn_green(run: Run) -> None:
    run.code = [0]


def turn_around(run: Run) -> None:
    run.outcomes["src/lib.rs::twins::fails"] = ("passed",)


def run_again(run: Run) -> None:
    run.outcomes["src/lib.rs::twins::fails"] = ("rerun", "failed")


def lose_a_report(run: Run) -> None:
    del run.outcomes["src/lib.rs::twins::fails"]


def change_python(run: Run) -> None:
    run.outcomes["test_twins.py::test_passes"] = ("skipped",)


@pytest.mark.parametrize(
    "change",
    [lose, double, raise_error, turn_green, turn_around, run_again, lose_a_report, change_python],
)
def test_that_it_bites(change: Callable[[Run], None]) -> None:
    base, alone = run_of(PYTHON | RUST), run_of(PYTHON)
    ours = deepcopy(base)
    assert not list(differences(base, ours, alone, alone))
    change(ours)
    assert list(differences(base, ours, alone, alone))


def test_what_is_done_to_python_as_well_is_no_difference() -> None:
    again: Outcomes = {
        node: ("rerun", *words) for node, words in (PYTHON | RUST).items() if "fails" in node
    }
    base, alone = run_of(PYTHON | RUST), run_of(PYTHON)
    ours = run_of(PYTHON | RUST | again)
    theirs = run_of({node: words for node, words in ours.outcomes.items() if node in PYTHON})
    assert not list(differences(base, ours, alone, theirs))


def test_outcomes_of_reports() -> None:
    reports = [
        ("a", "setup", "passed", False),
        ("a", "call", "rerun", False),
        ("a", "setup", "passed", False),
        ("a", "call", "skipped", True),
        ("b", "setup", "failed", False),
        ("b", "teardown", "passed", False),
    ]
    assert outcomes_of(reports) == {"a": ("rerun", "xfailed"), "b": ("error at setup",)}
