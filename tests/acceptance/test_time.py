"""Limits of time, slow tests, processes that are left behind, and runs that are stopped."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest
from junitparser import JUnitXml

from .conftest import interrupted, is_running, outcomes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

TESTS = """
use std::{process::Command, thread::sleep, time::Duration};
#[test] fn quick() {}
#[test] fn hangs() { Command::new("sleep").arg("985").status().unwrap(); }
#[test] fn takes_long() { sleep(Duration::from_millis(2500)); }
"""


EXPECTED = {
    "src/lib.rs::quick": "passed",
    "src/lib.rs::hangs": "failed",
    "src/lib.rs::takes_long": "passed",
}


def test_a_limit_by_glob(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": TESTS,
            "pytest.ini": "[pytest]\ncargo_timeout = 600\ncargo_timeouts = *::hangs=1.5\n",
        }
    )
    result = run(pytester)
    assert outcomes(result) == EXPECTED
    result.stdout.fnmatch_lines(
        ["*: timed out after 1.5 s (limit set by cargo_timeouts in pytest.ini)"]
    )
    assert not is_running("sleep 985")


@pytest.mark.parametrize("distributed", [False, True], ids=["alone", "n2"])
def test_a_limit_by_mark(pytester: pytest.Pytester, write: Write, distributed: bool) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": TESTS,
            "conftest.py": "import pytest\ndef pytest_collection_modifyitems(items):\n"
            "    for item in items:\n        if item.name == 'hangs':\n"
            "            item.add_marker(pytest.mark.cargo_timeout(1.5))\n",
        }
    )
    result = run(pytester, "--strict-markers", *(["-n2"] if distributed else []))
    assert outcomes(result) == EXPECTED
    result.stdout.fnmatch_lines(["*timed out after 1.5 s (limit set by the mark cargo_timeout)"])
    assert not is_running("sleep 985")


def test_what_does_not_heed_a_signal_is_killed(pytester: pytest.Pytester, write: Write) -> None:
    hangs = """#[test] fn hangs() {
        let script = "trap '' TERM; while true; do sleep 980; done";
        std::process::Command::new("sh").args(["-c", script]).status().unwrap();
    }
    #[test] fn quick() {}
    """
    write({"Cargo.toml": "c", "src/lib.rs": hangs})
    result = run(pytester, "--cargo-timeout=1", "-o", "cargo_grace=0.5")
    assert outcomes(result) == {"src/lib.rs::hangs": "failed", "src/lib.rs::quick": "passed"}
    result.stdout.fnmatch_lines(["*: timed out after 1 s (limit set by --cargo-timeout)"])
    assert not is_running("sleep 980")


@pytest.mark.parametrize("text", ["*::hangs", "*=0", "=3", "*=soon"])
def test_a_limit_that_makes_no_sense_is_one_line(
    pytester: pytest.Pytester, write: Write, text: str
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": "", "pytest.ini": f"[pytest]\ncargo_timeouts = {text}"})
    result = run(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: pytest.ini: cargo_timeouts = {text}: write GLOB=SECONDS*"]
    )


def test_a_test_that_is_slow_is_announced_while_it_runs(
    pytester: pytest.Pytester, write: Write
) -> None:
    # libtest tells after a minute; this harness says the same at once.
    write(
        {
            "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
            '[[test]]\nname = "slow"\nharness = false\n',
            "src/lib.rs": "",
            "tests/slow.rs": r"""
fn main() {
    let list = std::env::args().any(|word| word == "--list");
    let say = |text: &str| println!("{{ {} }}", text);
    if list {
        say(r#""type": "suite", "event": "discovery""#);
        say(r#""type": "test", "event": "discovered", "name": "crawls", "ignore": false"#);
        say(r#""type": "suite", "event": "completed", "tests": 1"#);
        return;
    }
    say(r#""type": "suite", "event": "started", "test_count": 1"#);
    say(r#""type": "test", "event": "started", "name": "crawls""#);
    say(r#""type": "test", "event": "timeout", "name": "crawls""#);
    std::thread::sleep(std::time::Duration::from_millis(500));
    say(r#""type": "test", "name": "crawls", "event": "ok", "exec_time": 0.5"#);
    say(r#""type": "suite", "event": "ok", "passed": 1, "failed": 0, "ignored": 0"#);
}
""",
        }
    )
    result = run(pytester)
    result.stdout.fnmatch_lines(["*still running after 60 s: crawls*"])
    assert outcomes(result) == {"tests/slow.rs::crawls": "passed"}


LEAKING = {
    "Cargo.toml": "c",
    "src/lib.rs": '#[test] fn leaks() { std::process::Command::new("sleep").arg("984")'
    ".spawn().unwrap(); }\n#[test] fn neighbour() {}\n",
}


def test_a_leak_is_a_warning_on_the_binary(pytester: pytest.Pytester, write: Write) -> None:
    write(LEAKING)
    result = run(pytester)
    assert set(outcomes(result).values()) == {"passed"}
    result.stdout.fnmatch_lines(
        ["*warnings summary*", "*lib.rs:1: *the test binary of c (lib) left a *"]
    )
    assert result.ret == 0
    assert not is_running("sleep 984")


@pytest.mark.parametrize("arguments", [["--cargo-isolate"], ["-k", "leaks"]], ids=["iso", "one"])
def test_a_leak_is_a_warning_on_the_test_that_can_be_named(
    pytester: pytest.Pytester, write: Write, arguments: list[str]
) -> None:
    write(LEAKING)
    result = run(pytester, *arguments)
    result.stdout.fnmatch_lines(
        [
            "*warnings summary*",
            "src/lib.rs::leaks",
            "*the test left a process running, which was killed",
        ]
    )
    assert result.ret == 0
    assert not is_running("sleep 984")


def test_a_leak_is_a_failure_if_the_ini_file_says_so(
    pytester: pytest.Pytester, write: Write
) -> None:
    write({**LEAKING, "pytest.ini": "[pytest]\ncargo_leaks = fail\n"})
    assert outcomes(run(pytester, "--cargo-isolate")) == {
        "src/lib.rs::leaks": "failed",
        "src/lib.rs::neighbour": "passed",
    }
    result = run(pytester)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown*", "*the test binary of c (lib) left a process running, *"]
    )
    # Which test it was is not known: no command is offered that would run just one of them.
    result.stdout.no_fnmatch_line("with cargo alone:*")
    assert not is_running("sleep 984")


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_what_runs_is_ended_when_the_run_is(
    pytester: pytest.Pytester, write: Write, option: str
) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "#[test] fn a_fails() { panic!() }\n#[test] fn b_hangs() "
            '{ std::process::Command::new("sleep").arg("983").status().unwrap(); }\n',
        }
    )
    started = time.monotonic()
    result = run(pytester, option, "--junitxml=out.xml")
    assert outcomes(result) == {"src/lib.rs::a_fails": "failed"}
    assert time.monotonic() - started < 60
    assert not is_running("sleep 983")
    assert len(list(next(iter(JUnitXml.fromfile(str(pytester.path / "out.xml")))))) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_build_is_ended_with_pytest(
    pytester: pytest.Pytester, write: Write, number: signal.Signals
) -> None:
    root = write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "#[test] fn t() {}\n",
            "build.rs": 'fn main() { std::fs::write("started", "").unwrap(); '
            'std::process::Command::new("sleep").arg("982").status().unwrap(); }\n',
        }
    )
    output = interrupted(root, number)
    assert not is_running("sleep 982")
    assert b"INTERNALERROR" not in output


def test_very_large_output_is_cut_in_the_middle(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": '#[test] fn loud() { println!("begin {} end", '
            '"x".repeat(3_000_000)); panic!("quietly") }\n',
        }
    )
    result = run(pytester, "--junitxml=out.xml", "-o", "junit_logging=all")
    assert outcomes(result) == {"src/lib.rs::loud": "failed"}
    text = (pytester.path / "out.xml").read_text(encoding="utf-8")
    assert "begin xx" in text
    assert "characters left out ...]" in text
    assert "quietly" in text
    assert len(text) < 2_500_000


@pytest.mark.parametrize(
    "mark",
    [
        "cargo_timeout()",
        "cargo_timeout(1, 2)",
        "cargo_timeout(1, seconds=2)",
        "cargo_timeout(limit=1)",
        "cargo_timeout('soon')",
        "cargo_timeout(True)",
        "cargo_timeout(-1)",
    ],
)
def test_a_mark_without_a_number_says_where_it_stands(
    pytester: pytest.Pytester, write: Write, mark: str
) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "#[test] fn t() {}\n",
            "conftest.py": "import pytest\n"
            "def pytest_collection_modifyitems(items):\n"
            "    for item in items:\n"
            f"        item.add_marker(pytest.mark.{mark})\n",
        }
    )
    result = pytester.runpytest("--cpython-sys")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    words = "the mark needs one number of seconds above 0, as in cargo_timeout(5)"
    assert f"ERROR: {mark} at src/lib.rs::t: {words}" in result.errlines


@pytest.mark.parametrize("number", ["-1", "0", "1e999"])
def test_a_number_that_is_no_time_is_shown_as_it_was_written(
    pytester: pytest.Pytester, write: Write, number: str
) -> None:
    write({"Cargo.toml": "c", "pytest.ini": f"[pytest]\ncargo_grace = {number}\n"})
    words = "give a number of seconds above 0"
    result = pytester.runpytest("--cpython-sys")
    assert f"ERROR: pytest.ini: cargo_grace = {number}: {words}" in result.errlines
    result = pytester.runpytest("--cpython-sys", f"-ocargo_timeout={number}", "-ocargo_grace=2")
    assert f"ERROR: -o cargo_timeout={number}: {words}" in result.errlines
