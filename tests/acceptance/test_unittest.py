"""Rust tests as unittest tests: the same cases and verdicts, and no pytest anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from .bridge import COPIED, MODULE, REPOSITORY, outcomes_of, run_unittest
from .conftest import is_running, outcomes, replace_once, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

PROJECT = {
    "test_rust.py": MODULE,
    "Cargo.toml": "c",
    "src/lib.rs": """
//! ```
//! assert_eq!(1, 1);
//! ```
#[repr(C)] pub struct S { pub a: u32 }
const _: () = {
    ["Size of S"][::std::mem::size_of::<S>() - 4usize];
};
#[cfg(test)]
mod tests {
    #[test]
    fn passes() {}
    #[test]
    fn fails() {
        println!("said by fails");
        assert_eq!(1 + 1, 3, "sums");
    }
    #[test]
    #[ignore = "not today"]
    fn ignored() {}
}
""",
    "tests/it.rs": "#[test] fn works() {}\n",
}
FOUND = {
    "src/lib.rs::bindgen_test_layout_S": "ok",
    "src/lib.rs::@doctest::1": "ok",
    "src/lib.rs::tests::passes": "ok",
    "src/lib.rs::tests::fails": "fail",
    "src/lib.rs::tests::ignored": "skipped",
    "tests/it.rs::works": "ok",
}


def test_cases_and_verdicts_are_those_of_the_plugin(
    pytester: pytest.Pytester, write: Write
) -> None:
    root = write(PROJECT)
    done = run_unittest(root)
    found = outcomes_of(done.stdout)
    assert found == FOUND
    assert done.returncode == 1
    assert "test_rust.src/lib.rs::tests::passes (c) ... ok" in done.stdout.splitlines()
    words = {"passed": "ok", "failed": "fail"}
    theirs = {name: words[word] for name, word in outcomes(run(pytester)).items()}
    assert theirs == {name: word for name, word in found.items() if word != "skipped"}


def test_a_failure_is_told_in_the_words_of_rust(write: Write) -> None:
    done = run_unittest(write(PROJECT), "-k", "fails")
    text = done.stdout
    assert "FAIL: test_rust.src/lib.rs::tests::fails (c)" in text
    assert "AssertionError: src/lib.rs:16: assertion `left == right` failed: sums" in text
    assert "  left: 2\n right: 3\n" in text
    assert "with cargo alone: cargo test -p c --lib -- --exact tests::fails" in text
    assert "Stdout:\nsaid by fails\n" in text
    assert "Traceback" not in text
    assert "skipped 'not today'" in run_unittest(write({}), "-k", "ignored").stdout


def test_buffered_output_is_shown_once(write: Write) -> None:
    done = run_unittest(write(PROJECT), "-b", "-k", "fails")
    assert done.stdout.count("said by fails") == 2  # unittest shows it at once and in its list
    assert "Stdout:\nsaid by fails\n" in done.stdout


def test_ids_and_patterns_select(write: Write) -> None:
    root = write(PROJECT)
    exact = run_unittest(root, "-k", "test_rust.src/lib.rs::tests::passes")
    assert outcomes_of(exact.stdout) == {"src/lib.rs::tests::passes": "ok"}
    assert exact.returncode == 0
    several = run_unittest(root, "-k", "layout_S", "-k", "*it.rs*")
    assert set(outcomes_of(several.stdout)) == {
        "src/lib.rs::bindgen_test_layout_S",
        "tests/it.rs::works",
    }


NOTES = """
#[cfg(test)]
mod tests {
    fn note(name: &str) {
        use std::io::Write;
        let mut file = std::fs::File::options().append(true).create(true).open("notes").unwrap();
        // In one piece: tests run beside each other.
        file.write_all(format!("{name} {}\n", std::process::id()).as_bytes()).unwrap();
    }
    #[test] fn one() { note("one") }
    #[test] fn two() { note("two") }
    #[test] fn three() { note("three") }
}
"""


def test_what_was_selected_runs_and_nothing_else_in_one_process(write: Write) -> None:
    root = write({"test_rust.py": MODULE, "Cargo.toml": "c", "src/lib.rs": NOTES})
    assert run_unittest(root, "-k", "tests::t").returncode == 0
    lines = [line.split() for line in (root / "notes").read_text().splitlines()]
    assert sorted(name for name, _ in lines) == ["three", "two"]
    assert len({process for _, process in lines}) == 1


def test_nothing_but_the_standard_library_is_needed(write: Write, tmp_path: Path) -> None:
    root = write(PROJECT)
    alone = tmp_path / "alone"
    package = alone / "pytest_cpython_sys"
    shutil.copytree(REPOSITORY / "pytest_cpython_sys", package)
    code = (
        "import sys, unittest\n"
        f"sys.path[:0] = [{str(alone)!r}, {str(root)!r}]\n"
        "unittest.main('test_rust', exit=False, verbosity=2)\n"
        "import os\n"
        "for name, module in sorted(sys.modules.items()):\n"
        "    file = getattr(module, '__file__', None)\n"
        "    top = name.partition('.')[0]\n"
        "    if file and top not in sys.stdlib_module_names and '_sysconfigdata' not in top:\n"
        "        print('imported', top)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
    )
    assert outcomes_of(done.stdout) == FOUND
    imported = {line.split()[1] for line in done.stdout.splitlines() if line[:9] == "imported "}
    assert imported == {"pytest_cpython_sys", "test_rust"}


# -- what cannot be tested ----------------------------------------------------------------------


def test_without_cargo_the_tests_are_skipped_with_the_reason(write: Write, tmp_path: Path) -> None:
    root = write(PROJECT)
    done = run_unittest(root, env={"PATH": str(tmp_path)})
    assert done.returncode == 0
    assert 'test_rust.no_cargo ... skipped "no cargo: cargo cannot be started' in done.stdout
    assert "https://rustup.rs" in done.stdout
    assert "OK (skipped=1)" in done.stdout


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({}, "test_rust.no_package ... skipped 'no Cargo.toml at or below "),
        (
            {"Cargo.toml": "c", "src/lib.rs": "pub fn f() {}\n"},
            "test_rust.no_test ... skipped 'no Rust test in c'",
        ),
    ],
)
def test_zero_tests_are_never_silent(write: Write, files: dict[str, str], line: str) -> None:
    done = run_unittest(write({"test_rust.py": MODULE, **files}), "-k", "whatever")
    assert line in done.stdout
    assert "OK (skipped=1)" in done.stdout


BROKEN = {
    "test_rust.py": MODULE,
    "Cargo.toml": '[workspace]\nmembers = ["good", "bad"]\nresolver = "2"\n',
    "good/Cargo.toml": "good",
    "good/src/lib.rs": "#[test] fn works() {}\n",
    "bad/Cargo.toml": "bad",
    "bad/src/lib.rs": "#[test] fn unreachable() { nothing_of_this_name() }\n",
}


def test_what_does_not_build_is_told_whatever_is_selected(write: Write) -> None:
    root = write(BROKEN)
    done = run_unittest(root)
    assert outcomes_of(done.stdout) == {
        "bad/src/lib.rs::@build": "fail",
        "good/src/lib.rs::works": "ok",
    }
    assert done.returncode == 1
    assert "FAIL: test_rust.bad/src/lib.rs::@build (bad)" in done.stdout
    assert "cannot find function `nothing_of_this_name`" in done.stdout
    assert "Traceback" not in done.stdout
    narrowed = run_unittest(root, "-k", "works")
    assert outcomes_of(narrowed.stdout) == {
        "bad/src/lib.rs::@build": "fail",
        "good/src/lib.rs::works": "ok",
    }
    assert narrowed.returncode == 1
    nothing = run_unittest(root, "-k", "no such test")
    assert nothing.returncode == 1


def test_a_manifest_that_cargo_refuses_is_an_error(write: Write) -> None:
    root = write({**BROKEN, "Cargo.toml": "[workspace]\nmembers = 3\n"})
    done = run_unittest(root)
    assert outcomes_of(done.stdout)["Cargo.toml::@build"] == "error"
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            "--cargo-timeout=soon",
            "argument --cargo-timeout: soon: give a number of seconds above 0",
        ),
        ("--cargo-tiemout=3", "unrecognized arguments: --cargo-tiemout=3"),
        ("--cargo-args='--locked", "a quotation mark is not closed"),
        ("--cargo-leaks=maybe", "argument --cargo-leaks: maybe: choose one of warn, fail"),
        ("--cpython-sys-python=/nowhere/python", "/nowhere/python does not exist"),
        ("--cargo-package=z*", "--cargo-package matches no package: choose from c"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_line(write: Write, words: str, line: str) -> None:
    done = run_unittest(write(PROJECT), env={"CPYTHON_SYS_OPTIONS": words})
    assert done.returncode == 1
    assert "ERROR: test_rust.options\n" in done.stdout
    (told,) = [text for text in done.stdout.splitlines() if text.startswith("NotEvaluatedError")]
    assert line in told
    assert "Traceback" not in done.stdout


def test_options_come_from_the_module_and_from_the_variable(write: Write) -> None:
    module = MODULE.replace("(__file__)))", '(__file__)), "--cargo-no-doctests")')
    root = write({**PROJECT, "test_rust.py": module})
    assert "src/lib.rs::@doctest::1" not in outcomes_of(run_unittest(root).stdout)
    more = {"CPYTHON_SYS_OPTIONS": "--cargo-run-ignored=only --cargo-args=--offline"}
    found = outcomes_of(run_unittest(root, env=more).stdout)
    assert found["src/lib.rs::tests::ignored"] == "ok"
    assert found["src/lib.rs::tests::passes"] == "skipped"


# -- verdicts of other kinds --------------------------------------------------------------------


def test_a_failing_layout_fails_alone(pytester: pytest.Pytester, pregenerated: Path) -> None:
    (pregenerated / "test_rust.py").write_text(MODULE)
    replace_once(
        pregenerated / "const-style/src/bindings.rs",
        "[::core::mem::offset_of!(label, weight) - 8usize]",
        "[::core::mem::offset_of!(label, weight) - 4usize]",
    )
    done = run_unittest(pregenerated)
    found = outcomes_of(done.stdout)
    wrong = {name for name, word in found.items() if word != "ok"}
    assert wrong == {"const-style/src/bindings.rs::bindgen_test_layout_label"}
    assert found["const-style/src/lib.rs::tests::a_segment_has_a_length"] == "ok"
    assert "label is not laid out as the bindings recorded" in done.stdout
    assert "FAILED (failures=1)" in done.stdout
    assert done.returncode == 1
    narrowed = run_unittest(pregenerated, "-k", "bindgen_test_layout_point")
    assert "const-style did not build: layouts that differ are compile errors" in narrowed.stdout
    assert "FAILED (errors=1)" in narrowed.stdout
    assert narrowed.returncode == 1


ENDS_BADLY = """
extern "C" { fn atexit(f: extern "C" fn()) -> i32; }
extern "C" fn end() { std::process::abort() }
#[test] fn a_first() {}
#[test] fn b_last() { unsafe { atexit(end); } }
"""


def test_a_binary_that_ends_badly_is_an_error_of_its_last_test(write: Write) -> None:
    root = write({"test_rust.py": MODULE, "Cargo.toml": "c", "src/lib.rs": ENDS_BADLY})
    done = run_unittest(root)
    assert "all tests finished, then the test binary failed" in done.stdout
    assert "FAILED (errors=1)" in done.stdout
    assert done.returncode == 1


LEAKS = (
    '#[test] fn leaves() { std::process::Command::new("sleep").arg("61.25").spawn().unwrap(); }\n'
)


def test_what_a_test_leaves_behind_is_ended_and_told(write: Write) -> None:
    root = write({"test_rust.py": MODULE, "Cargo.toml": "c", "src/lib.rs": LEAKS})
    done = run_unittest(root)
    assert done.returncode == 0
    assert "Warning -- test_rust.src/lib.rs::leaves: the test left a process running" in done.stdout
    assert not is_running("sleep 61.25")
    strict = run_unittest(root, env={"CPYTHON_SYS_OPTIONS": "--cargo-leaks=fail"})
    assert outcomes_of(strict.stdout) == {"src/lib.rs::leaves": "fail"}


def test_a_warning_changes_no_verdict(write: Write) -> None:
    root = write({"test_rust.py": MODULE, "Cargo.toml": "c", "src/lib.rs": LEAKS})
    done = run_unittest(root, env={"PYTHONWARNINGS": "error"})
    assert done.returncode == 0


SLOW = "#[test] fn sleeps() { std::thread::sleep(std::time::Duration::from_secs(300)); }\n"


@pytest.mark.parametrize("words", ["--cargo-timeout=1", "--cargo-timeouts=src/*::sleeps=1"])
def test_a_limit_of_time(write: Write, words: str) -> None:
    root = write({"test_rust.py": MODULE, "Cargo.toml": "c", "src/lib.rs": SLOW})
    done = run_unittest(root, env={"CPYTHON_SYS_OPTIONS": words})
    assert "src/lib.rs::sleeps" in outcomes_of(done.stdout)
    assert "timed out after 1 s" in done.stdout
    assert done.returncode == 1


# -- beside other tests -------------------------------------------------------------------------

BESIDE = """
import unittest
class Ordinary(unittest.TestCase):
    def test_it(self): pass
"""


def test_rust_stands_beside_python_in_one_module(write: Write) -> None:
    root = write({**PROJECT, "test_rust.py": MODULE + BESIDE})
    done = run_unittest(root)
    assert FOUND.items() <= outcomes_of(done.stdout).items()
    assert "test_it (test_rust.Ordinary.test_it) ... ok" in done.stdout


def test_rust_tests_have_the_fixtures_of_their_module(write: Write) -> None:
    module = MODULE + "def setUpModule(): print('the module is set up')\n"
    done = run_unittest(write({**PROJECT, "test_rust.py": module}), "-k", "passes")
    assert "the module is set up" in done.stdout


@pytest.mark.parametrize("runner", ["case(result)", "unittest.TextTestRunner().run(case)"])
def test_a_single_test_runs_outside_of_its_suite(write: Write, runner: str) -> None:
    root = write({"test_rust.py": MODULE, "Cargo.toml": "c", "src/lib.rs": NOTES})
    code = (
        "import unittest, test_rust\n"
        "suite = unittest.defaultTestLoader.loadTestsFromModule(test_rust)\n"
        "result = unittest.TestResult()\n"
        "for case in suite:\n"
        "    if case.id().endswith('two'):\n"
        f"        {runner}\n"
        "assert result.wasSuccessful(), result.failures\n"
        "print(len({*suite}), 'tests')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "3 tests\n"
    assert [line.split()[0] for line in (root / "notes").read_text().splitlines()] == ["two"]


def test_the_page_shows_the_file_that_is_to_be_copied() -> None:
    page = (COPIED.parent / "cpython-test-suite.md").read_text(encoding="utf-8")
    assert textwrap.indent(COPIED.read_text(encoding="utf-8"), "   ") in page
