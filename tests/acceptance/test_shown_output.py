"""With `-s`, what Rust tests print is shown as they run, and no verdict is another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, run
from .terminal import record, seen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

TALKING = {
    "Cargo.toml": "c",
    "src/lib.rs": r"""
#[test] fn a() { println!("out of a"); eprintln!("err of a"); print!("half of a"); }
#[test] fn b() { println!("out of b"); assert_eq!(1 + 1, 3, "sums"); }
#[test] #[should_panic] fn c() { println!("out of c"); }
#[test] fn d() { println!("out of d"); panic!("first\nsecond"); }
#[test] #[ignore = "not today"] fn e() { println!("out of e"); }
#[test] fn f() -> Result<(), String> { println!("out of f"); Err("spam".into()) }
""",
}
FOUND = {
    "src/lib.rs::a": "passed",
    "src/lib.rs::b": "failed",
    "src/lib.rs::c": "failed",
    "src/lib.rs::d": "failed",
    "src/lib.rs::f": "failed",
}


def lines_of_the_run(result: pytest.RunResult) -> list[str]:
    """Return the lines in which tests are named as they run, and what comes between them."""
    lines = result.outlines
    start = next(number for number, line in enumerate(lines) if line.startswith("collect"))
    end = next((n for n, line in enumerate(lines) if n > start and line[:3] == "==="), len(lines))
    return [line for line in lines[start + 1 : end] if line]


@pytest.mark.parametrize("fast", ["true", "false"])
def test_what_a_test_prints_stands_under_its_own_line(
    pytester: pytest.Pytester, write: Write, fast: str
) -> None:
    write(TALKING)
    result = run(pytester, "-s", "-v", f"-ocpython_sys_fast={fast}")
    assert outcomes(result) == FOUND
    lines = [line for line in lines_of_the_run(result) if "RUST_BACKTRACE" not in line]
    panics = [number for number, line in enumerate(lines) if " panicked at " in line]
    assert len(panics) == 2
    lines = [line for line in lines if " panicked at " not in line]
    assert lines == [
        "src/lib.rs::a out of a",
        "err of a",
        "half of aPASSED",
        "src/lib.rs::b out of b",
        "assertion `left == right` failed: sums",
        "  left: 2",
        " right: 3",
        "FAILED",
        "src/lib.rs::c out of c",
        "FAILED",
        "src/lib.rs::d out of d",
        "first",
        "second",
        "FAILED",
        "src/lib.rs::e SKIPPED (not today)",
        "src/lib.rs::f out of f",
        'Error: "spam"',
        "FAILED",
    ]
    # What was shown is not shown again; the words of the failures are.
    assert "Captured" not in result.stdout.str()
    result.stdout.fnmatch_lines(["src/lib.rs:3: assertion `left == right` failed: sums"])
    result.stdout.fnmatch_lines(["src/lib.rs:5: first", "second"], consecutive=True)
    result.stdout.fnmatch_lines(["*did not panic as expected*"])
    assert result.stdout.str().count("out of b") == 1


def test_without_verbosity_too(pytester: pytest.Pytester, write: Write) -> None:
    write(TALKING)
    result = run(pytester, "-s")
    assert outcomes(result) == FOUND
    first = lines_of_the_run(result)[:3]
    assert first == ["src/lib.rs out of a", "err of a", "half of a.out of b"]
    assert "Captured" not in result.stdout.str()


def test_tee_sys_shows_and_captures(pytester: pytest.Pytester, write: Write) -> None:
    write(TALKING)
    result = run(pytester, "--capture=tee-sys", "-v")
    assert outcomes(result) == FOUND
    lines = lines_of_the_run(result)
    assert lines[:2] == ["src/lib.rs::a out of a", "err of a"]
    assert lines[2].startswith("half of aPASSED")
    result.stdout.fnmatch_lines(["*Captured stdout call*", "out of b"])
    assert result.stdout.str().count("out of b") == 2


def test_otherwise_it_is_captured(pytester: pytest.Pytester, write: Write) -> None:
    write(TALKING)
    result = run(pytester, "-v", "--show-capture=no")
    assert outcomes(result) == FOUND
    assert "out of" not in result.stdout.str().partition("PASSES")[0]


WAITING = r"""
use std::io::Write;
fn wait() {
    print!("waiting... ");
    std::io::stdout().flush().unwrap();
    for _ in 0..600 {
        if std::path::Path::new("go").exists() { return; }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("nobody has seen it");
}
"""
PROGRAMS = {
    "a test": {"src/lib.rs": f"{WAITING}\n#[test] fn early() {{}}\n#[test] fn w() {{ wait() }}\n"},
    "a program": {
        "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
        '[[test]]\nname = "own"\nharness = false\n',
        "tests/own.rs": f"{WAITING}\nfn main() {{ if std::env::args().count() == 1 {{ wait() }} }}",
    },
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("arguments", [["-s"], ["-s", "-v"], ["--capture=tee-sys", "-v"]])
def test_on_a_terminal_it_is_seen_before_the_test_has_ended(
    pytester: pytest.Pytester, write: Write, program: str, arguments: list[str]
) -> None:
    """The test ends only once what it has printed, half a line, was seen."""
    root = write({"Cargo.toml": "c", **PROGRAMS[program]})
    child = pytester.spawn_pytest(" ".join(["--cpython-sys", *arguments]))
    recording = record(child, "waiting... ", (root / "go").touch)
    assert (root / "go").exists()
    lines = seen(recording.text, 120)
    assert any(line.endswith(" passed") or " passed in " in line for line in lines)
    assert "nobody has seen it" not in recording.text
    assert recording.text.count("waiting... ") == 1
    assert child.exitstatus == 0


def test_items_in_another_order_show_their_own(pytester: pytest.Pytester, write: Write) -> None:
    """One process runs all, in its own order; each text is shown when its item has its turn."""
    write({**TALKING, "conftest.py": "def pytest_collection_modifyitems(items): items.reverse()\n"})
    result = run(pytester, "-s", "-v")
    assert outcomes(result) == FOUND
    told = [line.split()[-1] for line in lines_of_the_run(result) if "out of" in line]
    assert told == ["f", "d", "c", "b", "a"]
    assert [line for line in lines_of_the_run(result) if line.startswith("src/")] == [
        "src/lib.rs::f out of f",
        "src/lib.rs::e SKIPPED (not today)",
        *[f"src/lib.rs::{name} out of {name}" for name in "dcba"],
    ]


@pytest.mark.parametrize("arguments", [["--cargo-isolate"], ["-k", "a or b or c or d or f"]])
def test_other_ways_to_run_show_it_too(
    pytester: pytest.Pytester, write: Write, arguments: list[str]
) -> None:
    write(TALKING)
    result = run(pytester, "-s", "-v", *arguments)
    assert outcomes(result) == FOUND
    text = result.stdout.str()
    assert all(text.count(f"::{name} out of {name}") == 1 for name in "abcdf")


def test_workers_show_nothing_and_have_the_same_verdicts(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(TALKING)
    result = run(pytester, "-s", "-n2")
    assert outcomes(result) == FOUND
    assert "out of a" not in result.stdout.str().partition("= FAILURES =")[0]


def test_a_test_that_ends_its_process_or_takes_too_long(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": r"""
#[test] fn a() { println!("out of a"); }
#[test] fn b() { println!("out of b"); std::process::abort(); }
#[test] fn c() { println!("out of c"); std::process::exit(0); }
#[test] fn d() { println!("out of d"); loop { std::thread::yield_now() } }
#[test] fn e() { println!("out of e"); }
""",
        }
    )
    result = run(pytester, "-s", "-v", "--cargo-timeout=2")
    assert outcomes(result) == {
        "src/lib.rs::a": "passed",
        "src/lib.rs::b": "failed",
        "src/lib.rs::c": "failed",
        "src/lib.rs::d": "failed",
        "src/lib.rs::e": "passed",
    }
    text = result.stdout.str()
    for words in ("killed by SIGABRT", "exit code 0", "timed out after 2 s"):
        assert words in text
    assert all(text.count(f"::{name} out of {name}") == 1 for name in "abcde")
    assert all(text.count(f"out of {name}") == 1 for name in "abcde")


def test_what_a_doctest_printed_is_shown_when_rustdoc_tells(
    pytester: pytest.Pytester, write: Write
) -> None:
    """rustdoc tells of the output of those alone that fail."""
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": '//! ```\n//! println!("out of doc"); panic!("in doc");\n//! ```\n',
        }
    )
    result = run(pytester, "-s", "-v")
    assert outcomes(result) == {"src/lib.rs::@doctest::1": "failed"}
    assert "out of doc" in lines_of_the_run(result)
    assert result.stdout.str().count("out of doc") == 1


def test_a_test_that_is_run_again_is_shown_again(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = os.environ["PYTEST_ADDOPTS"].replace("-p no:rerunfailures", "")
    monkeypatch.setenv("PYTEST_ADDOPTS", options)
    write(TALKING)
    result = run(pytester, "-s", "-v", "--reruns=1")
    result.assert_outcomes(passed=1, failed=4, skipped=1)
    text = result.stdout.str()
    assert (text.count("out of a"), text.count("out of b")) == (1, 2)
    assert "Captured" not in text


def test_characters_that_a_terminal_has_not_got(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    write(
        {"Cargo.toml": "c", "src/lib.rs": '#[test] fn a() { println!("caf\u00e9 \\u{1f980}"); }\n'}
    )
    result = pytester.runpytest_subprocess("--cpython-sys", "-s")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["src/lib.rs caf\\xe9 \\U0001f980"])


def test_a_build_or_a_layout_has_nothing_to_show(pytester: pytest.Pytester, write: Write) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": "#[test] fn a() { nothing }\n"})
    result = run(pytester, "-s")
    assert outcomes(result) == {"src/lib.rs::@build": "failed"}
    assert result.stdout.str().count("cannot find value `nothing`") >= 1
