"""A checker that raises, ours or a plugin's, has errors to show for it; all other tests run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .bridge import MODULE, outcomes_of, run_unittest
from .conftest import outcomes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

PROJECT = {
    "Cargo.toml": "c",
    "src/lib.rs": "//! ```\n//! ```\n#[test] fn a() {}\n#[test] fn z() { panic!() }\n",
}
OTHERS = {
    "src/lib.rs::@doctest::1": "passed",
    "src/lib.rs::a": "passed",
    "src/lib.rs::z": "failed",
}
CHECKER = """
import sys
import pytest
from pytest_cpython_sys.case import Case, Verdict

class Checker:
    name = "mine"
    def __init__(self, root):
        self.root = root
    def case(self, name):
        return Case(file=f"{self.root}/src/lib.rs", levels=("@mine", name), kind="policy",
                    checker="mine", package="c", target="c", rust_test=name)
    def discover(self):
        yield self.case("one")
        yield self.case("two")
        DISCOVER
    def run(self, cases):
        for number, case in enumerate(cases):
            RUN
            yield case, Verdict("passed")

def pytest_cpython_sys_checkers(contexts):
    return [Checker(contexts[0].build.workspace.root)]
"""
TAKES_PART = "def pytest_runtest_setup(item): pass\n"
WAYS = {"fast": ("", []), "ordinary": (TAKES_PART, []), "n2": ("", ["-n2"])}
ERROR = "raise OSError(28, 'No space left on device')"


def written(write: Write, run: str = "pass", discover: str = "pass", more: str = "") -> Path:
    text = CHECKER.replace("DISCOVER", discover).replace("RUN", run)
    return write({**PROJECT, "conftest.py": text + more})


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("body", "words", "expected"),
    [
        (ERROR, "OSError: [[]Errno 28] No space left on device", ("error", "error")),
        (f"if number == 1: {ERROR}", "OSError: [[]Errno 28] No space *", ("passed", "error")),
        ("pytest.skip('not now')", "Skipped: not now", ("error", "error")),
        ("sys.exit(0)", "SystemExit: 0", ("error", "error")),
        ("yield case, 'passed'", "TypeError: run() gave 'passed', *", ("error", "error")),
    ],
    ids=["raises", "on the way", "skips", "exits", "no verdict"],
)
def test_its_cases_are_errors_and_all_others_run(
    pytester: pytest.Pytester,
    write: Write,
    way: str,
    body: str,
    words: str,
    expected: tuple[str, str],
) -> None:
    more, arguments = WAYS[way]
    written(write, run=body, more=more)
    result = run(pytester, *arguments)
    found = outcomes(result)
    mine = tuple(found.pop(f"src/lib.rs::@mine::{name}") for name in ("one", "two"))
    assert found == OTHERS
    # Workers are given a case at a time, in whatever company.
    assert mine == expected or (way == "n2" and "error" in expected)
    if "error" in mine:
        result.stdout.fnmatch_lines(
            [f"src/lib.rs:1: the checker mine raised {words}", "Traceback (most recent call last):"]
        )
    assert result.ret == 1


@pytest.mark.parametrize("way", WAYS)
def test_what_it_could_not_find_is_an_error(
    pytester: pytest.Pytester, write: Write, way: str
) -> None:
    more, arguments = WAYS[way]
    written(write, discover=ERROR, more=more)
    result = run(pytester, *arguments)
    found = {"src/lib.rs::@mine::one": "passed", "src/lib.rs::@mine::two": "passed"}
    assert outcomes(result) == {**OTHERS, **found, "src/lib.rs::@mine": "error"}
    result.stdout.fnmatch_lines(
        ["src/lib.rs:1: the checker mine raised OSError: *No space left on device", "Traceback *"]
    )
    # Whatever is selected: nobody knows what is missing.
    assert run(pytester, *arguments, "-k", "doctest").ret == 1


OURS = """
from pytest_cpython_sys.checkers.doctest.checker import DoctestChecker
def no_space(*_): raise OSError(28, "No space left on device")
DoctestChecker.{method} = no_space
"""


@pytest.mark.parametrize("way", ["fast", "ordinary"])
@pytest.mark.parametrize("method", ["run", "discover"])
def test_one_of_ours(pytester: pytest.Pytester, write: Write, way: str, method: str) -> None:
    write({**PROJECT, "conftest.py": OURS.format(method=method) + WAYS[way][0]})
    result = pytester.runpytest_subprocess("--cpython-sys", "-rA")
    name = "src/lib.rs::@doctest::1" if method == "run" else "src/lib.rs::@doctest"
    assert outcomes(result) == {
        "src/lib.rs::a": "passed",
        "src/lib.rs::z": "failed",
        name: "error",
    }
    result.stdout.fnmatch_lines(["*the checker doctest raised OSError: *No space left on device"])


@pytest.mark.parametrize("method", ["run", "discover"])
def test_in_the_bridge_to_unittest(write: Write, method: str) -> None:
    text = MODULE + OURS.format(method=method)
    done = run_unittest(write({**PROJECT, "test_rust.py": text}))
    name = "src/lib.rs::@doctest::1" if method == "run" else "src/lib.rs::@doctest"
    assert outcomes_of(done.stdout) == {
        "src/lib.rs::a": "ok",
        "src/lib.rs::z": "fail",
        name: "error",
    }
    assert "the checker doctest raised OSError: [Errno 28] No space left on device" in done.stdout


def test_what_it_says_besides_its_verdicts(pytester: pytest.Pytester, write: Write) -> None:
    more = "\n".join(
        f"def {name}(self, **arguments): {ERROR}\nChecker.{name} = {name}"
        for name in ("warnings", "remarks")
    )
    written(write, more=more)
    result = run(pytester)
    result.assert_outcomes(passed=4, failed=1, warnings=1)
    result.stdout.fnmatch_lines(
        [
            "*the checker mine raised OSError: *No space left on device",
            "the checker mine raised OSError: *No space left on device (-v shows details)",
        ]
    )
