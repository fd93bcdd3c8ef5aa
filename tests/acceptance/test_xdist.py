"""With pytest-xdist: the same ids and verdicts, and workers that never call cargo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, run
from .test_running import FAILING, PASSING, PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]


@pytest.mark.parametrize(
    "dist", ["load", "worksteal", "loadscope", "loadfile", "loadgroup", "each"]
)
def test_the_verdicts_are_the_same(pytester: pytest.Pytester, write: Write, dist: str) -> None:
    write(PROJECT)
    found = outcomes(run(pytester, "-n2", f"--dist={dist}"))
    assert {name for name, how in found.items() if how == "failed"} == FAILING
    assert {name for name, how in found.items() if how == "passed"} == PASSING


def test_workers_never_call_cargo(
    pytester: pytest.Pytester, write: Write, cargo_calls: Callable[[], list[str]]
) -> None:
    write(PROJECT)
    run(pytester, "-n2").assert_outcomes(passed=len(PASSING), failed=len(FAILING), skipped=2)
    assert cargo_calls() == ["-V", "metadata", "rustc", "rustc", "test", "test"]


@pytest.mark.pytest_side
def test_tests_of_one_binary_are_spread_in_batches(pytester: pytest.Pytester, write: Write) -> None:
    count = 64
    tests = "\n".join(f"#[test] fn t{number:02}() {{ note(); }}" for number in range(count))
    root = write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "fn note() { use std::io::Write; let mut file = std::fs::File::options()"
            '.append(true).create(true).open("processes").unwrap();'
            'file.write_all(format!("{}\\n", std::process::id()).as_bytes()).unwrap(); }\n' + tests,
        }
    )
    run(pytester, "-n2").assert_outcomes(passed=count)
    processes = (root / "processes").read_text(encoding="utf-8").split()
    assert len(processes) == count, "each test ran once"
    assert 2 <= len(set(processes)) < count / 2


def test_a_crash_on_a_worker_takes_nothing_down(pytester: pytest.Pytester, write: Write) -> None:
    tests = "\n".join(f"#[test] fn t{number}() {{}}" for number in range(20))
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": tests + "\n#[test] fn m() { std::process::abort() }\n",
        }
    )
    result = run(pytester, "-n2")
    result.assert_outcomes(passed=20, failed=1)
    result.stdout.fnmatch_lines(["*killed by SIGABRT*"])


ALL_WAYS_TO_END = """
#[test] fn a_passes() {}
#[test] fn b_aborts() { std::process::abort() }
#[test] fn c_segfaults() { unsafe { std::ptr::null_mut::<u8>().write_volatile(0) } }
#[test] fn d_exits_well() { std::process::exit(0) }
#[test] fn e_exits_badly() { std::process::exit(3) }
#[test] fn f_gives_an_error() -> Result<(), String> { Err("out of spam".into()) }
#[test] #[should_panic] fn g_does_not_panic() {}
#[test] #[ignore = "not today"] fn h_is_ignored() {}
#[test] fn i_hangs() { std::thread::sleep(std::time::Duration::from_secs(300)) }
#[test] fn j_passes() {}
"""


def test_whatever_ends_a_test_ends_it_on_workers_too(
    pytester: pytest.Pytester, write: Write
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": ALL_WAYS_TO_END})
    arguments = ["--cargo-timeout=10", "-o", "cargo_grace=0.5"]
    alone = run(pytester, *arguments)
    found = outcomes(alone)
    good = {"src/lib.rs::a_passes", "src/lib.rs::j_passes"}
    assert {name for name, how in found.items() if how == "passed"} == good
    assert len(found) == 9
    alone.assert_outcomes(passed=2, failed=7, skipped=1)
    for dist in ("load", "worksteal"):
        result = run(pytester, *arguments, "-n2", f"--dist={dist}")
        assert outcomes(result) == found
        result.assert_outcomes(passed=2, failed=7, skipped=1)
        result.stdout.fnmatch_lines(["SKIPPED * src/lib.rs:*: not today"])


@pytest.mark.pytest_side
def test_a_target_that_does_not_build_is_not_green(pytester: pytest.Pytester, write: Write) -> None:
    write({**PROJECT, "tests/broken.rs": "fn f( {\n"})
    result = run(pytester, "-n2", "-k", "passes")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["did not build: tests/broken.rs::@build"])


def test_a_checker_that_cannot_cross_still_works(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            **PROJECT,
            "conftest.py": """
from pytest_cpython_sys.case import Case, Verdict

class Checker:
    name = "mine"
    unpicklable = lambda self: None
    def __init__(self, root): self.root, self.f = root, lambda: None
    def discover(self):
        yield Case(file=f"{self.root}/src/lib.rs", levels=("@mine",), kind="policy",
                   checker="mine", package="c", target="c", rust_test="@mine")
    def run(self, cases):
        for case in cases:
            yield case, Verdict("passed")

def pytest_cpython_sys_checkers(contexts):
    return [Checker(contexts[0].build.workspace.root)]
""",
        }
    )
    found = outcomes(run(pytester, "-n2"))
    assert found["src/lib.rs::@mine"] == "passed"
    assert set(found) == {*PASSING, *FAILING, "src/lib.rs::@mine"}


@pytest.mark.pytest_side
def test_workers_collect_beside_testpaths_too(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            **PROJECT,
            "pytest.ini": "[pytest]\ntestpaths = py\n",
            "py/test_python.py": "def test_python():\n    pass\n",
        }
    )
    found = outcomes(run(pytester, "-n2"))
    assert set(found) == {*PASSING, *FAILING, "py/test_python.py::test_python"}
