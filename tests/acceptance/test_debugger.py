"""One test under a debugger: on the terminal, as cargo starts it, and with no verdict made up."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .conftest import PACKAGE, python_with_headers, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

# A debugger in so far as it matters here: it has the terminal, and takes orders.
DEBUGGER = """\
import os, signal, subprocess, sys
def note(number, frame):
    print("stopped by the user", flush=True)
signal.signal(signal.SIGINT, note)
print("terminal:", os.isatty(0), os.isatty(1), os.tcgetpgrp(0) == os.getpgrp(), flush=True)
while True:
    print("(debugger) ", end="", flush=True)
    order = sys.stdin.readline().strip()
    if order == "run":
        print("ended with", subprocess.call(sys.argv[1:]), flush=True)
    elif order == "quit":
        sys.exit(0)
"""
NOTES = """
use std::{collections::BTreeMap, env, fs};
fn note() {
    let all: BTreeMap<_, _> = env::vars_os().collect();
    let lines: Vec<_> = all.iter().map(|(name, value)| format!("{name:?}={value:?}")).collect();
    fs::write(env::var_os("NOTES").unwrap(), lines.join("\\n")).unwrap();
}
"""
LIBRARY = """
/// ```
/// println!("doctest {}", c::two());
/// ```
pub fn two() -> u32 { 2 }

/// ```
/// panic!("another doctest");
/// ```
pub fn three() -> u32 { 3 }

#[cfg(test)]
mod tests {
    #[test] fn adds() { println!("two is {}", super::two()); }
    #[test] fn adds_more() { panic!("a test whose name begins the same"); }
    #[test] fn fails() { assert_eq!(super::two(), 3); }
    #[test] #[ignore] fn later() { println!("ran, though ignored"); }
}
"""


@pytest.fixture
def package(write: Write) -> Path:
    return write({"Cargo.toml": "c", "src/lib.rs": LIBRARY})


def debug(node_id: str, debugger: str, *more: str) -> tuple[int, str]:
    """Return the exit code, and all that is to be seen."""
    words = ["--cpython-sys", "-rA", node_id, f"--cargo-debugger={debugger}", *more]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_the_debugger_has_the_terminal(pytester: pytest.Pytester, package: Path) -> None:
    (package / "debugger.py").write_text(DEBUGGER, encoding="utf-8")
    child = pytester.spawn_pytest(
        "--cpython-sys src/lib.rs::tests::adds --cargo-debugger="
        f"{shlex.quote(f'{sys.executable} debugger.py')}",
        expect_timeout=60,
    )
    child.expect_exact("terminal: True True True")
    child.expect_exact("(debugger) ")
    child.sendintr()
    child.expect_exact("stopped by the user")
    child.sendline("run")
    child.expect_exact("two is 2")
    child.expect_exact("ended with 0")
    child.sendline("quit")
    child.expect("1 skipped")
    child.wait()
    assert child.exitstatus == 0


@pytest.mark.parametrize(
    ("node_id", "code", "words"),
    [
        ("src/lib.rs::tests::adds", 0, "two is 2"),
        ("src/lib.rs::tests::fails", 1, "left: 2"),
        ("src/lib.rs::@doctest::two::1", 0, "doctest 2"),
    ],
)
@pytest.mark.usefixtures("package")
def test_one_test_runs_and_how_the_debugger_ended_is_what_is_known(
    node_id: str, code: int, words: str
) -> None:
    ended, text = debug(node_id, "env")
    assert ended == code
    assert words in text, "what the test prints is to be seen"
    if code:
        assert "ran under env (exit code 101)" in text
    else:
        reason = "ran under env (exit code 0); it is not known whether the test passed"
        assert reason in text
        assert "1 skipped" in text
    assert "a test whose name begins the same" not in text
    assert "another doctest" not in text


def test_one_of_several_pythons(pytester: pytest.Pytester, write: Write) -> None:
    """What its failure says can be typed, the options that make it another test included."""
    pythons = [
        f"--cpython-sys-python={python_with_headers(version).executable}"
        for version in ("3.11", "3.12")
    ]
    manifest = PACKAGE.format("c") + '[dependencies]\npyo3-ffi = { path = "ffi" }\n'
    write(
        {
            "Cargo.toml": manifest,
            "src/lib.rs": "#[test] fn fails() { panic!() }\n",
            "ffi/Cargo.toml": "pyo3-ffi",
            "ffi/src/lib.rs": "",
        }
    )
    done = run(pytester, *pythons)
    commands = [line for line in done.outlines if line.startswith("in a debugger: ")]
    assert len(commands) == 2
    words = shlex.split(commands[1].partition(": ")[2])
    assert words[1] == "src/lib.rs::@cp312::fails"
    assert words[3:5] == pythons
    ended, text = debug(words[1], "env", *pythons)
    assert ended == 1
    assert "ran under env (exit code 101)" in text


def test_a_relative_path_is_seen_from_where_it_was_typed(write: Write) -> None:
    root = write(
        {
            "Cargo.toml": "[workspace]\nmembers = ['c']\n",
            "c/Cargo.toml": "c",
            "c/src/lib.rs": "#[test] fn ok() {}\n",
            "tool": '#!/bin/sh\necho this is the tool\nexec "$@"\n',
        }
    )
    (root / "tool").chmod(0o755)
    ended, text = debug("c/src/lib.rs::ok", "./tool")
    assert ended == 0, text
    assert "this is the tool" in text


def test_an_ignored_test(package: Path) -> None:
    del package
    ended, text = debug("src/lib.rs::tests::later", "env")
    assert ended == pytest.ExitCode.USAGE_ERROR
    assert "the test is skipped (#[ignore]): add --cargo-run-ignored=only" in text
    assert "ran, though ignored" not in text
    _, text = debug("src/lib.rs::tests::later", "env", "--cargo-run-ignored=only")
    assert "ran, though ignored" in text


def notes(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").split("\n")
    found = dict(line.split("=", 1) for line in lines)
    # What pytest's own process has, and what cargo makes of how it was started.
    return {name: value for name, value in found.items() if not name.startswith('"PYTEST_')}


def test_the_environment_is_cargos(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = write(
        {
            "Cargo.toml": "c",
            "build.rs": 'fn main() { println!("cargo:rustc-env=FROM_BUILD=1"); }',
            "src/main.rs": "fn main() {}",
            "tests/t.rs": f"{NOTES}#[test] fn one() {{ note() }}\n",
            ".cargo/config.toml": "[env]\nFROM_CONFIG = '1'\n",
        }
    )
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    subprocess.run(["cargo", "test", "-q"], cwd=root, check=True, capture_output=True)
    expected = notes(tmp_path / "notes")
    (tmp_path / "notes").unlink()

    assert debug("tests/t.rs::one", "env")[0] == 0

    assert notes(tmp_path / "notes") == expected
    names = {'"CARGO_BIN_EXE_c"', '"OUT_DIR"', '"FROM_CONFIG"', '"CARGO_MANIFEST_DIR"'}
    assert names <= expected.keys()


def test_a_runner_stays_outside(package: Path) -> None:
    config = package / ".cargo/config.toml"
    config.parent.mkdir()
    config.write_text("[target.'cfg(unix)']\nrunner = ['env', 'RUNNER=1']\n", encoding="utf-8")
    show = 'sh -c \'echo the runner gave $RUNNER; exec "$0" "$@"\''
    ended, text = debug("src/lib.rs::tests::adds", show)
    assert ended == 0, text
    assert "the runner gave 1" in text
    assert "two is 2" in text


def test_a_harness_of_its_own(write: Write) -> None:
    write(
        {
            "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
            '[[test]]\nname = "own"\nharness = false\n',
            "src/lib.rs": "",
            "tests/own.rs": 'fn main() { println!("a main function"); }',
        }
    )
    ended, text = debug("tests/own.rs::@main", "env")
    assert ended == 0, text
    assert "a main function" in text


def test_what_is_no_program(write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "#[repr(C)] pub struct S { pub a: u8 }\n"
            "#[allow(clippy::unnecessary_operation, clippy::identity_op)]\nconst _: () = {\n"
            '    ["Size of S"][::std::mem::size_of::<S>() - 1usize];\n};\n',
        }
    )
    ended, text = debug("src/lib.rs::bindgen_test_layout_S", "env")
    assert ended == 1
    assert "--cargo-debugger: no test binary runs this item: select a test function" in text


def test_what_does_not_build(write: Write) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": "fn wrong() -> u8 { }\n"})
    ended, text = debug("src/lib.rs", "env")
    assert ended == 1
    assert "mismatched types" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--cargo-debugger=no-such-debugger --args"],
            (
                "--cargo-debugger=no-such-debugger --args: the program no-such-debugger was not "
                "found: install it, or give its path"
            ),
        ),
        (
            ["--cargo-debugger="],
            '--cargo-debugger= is empty: write --cargo-debugger="rust-gdb --args"',
        ),
        (
            ["--cargo-debugger='"],
            "--cargo-debugger=': a quotation mark is not closed: add the second one",
        ),
        (
            ["--cargo-debugger=env", "-n2"],
            (
                "--cargo-debugger needs the terminal, which workers of pytest-xdist do not have: "
                "add -n0"
            ),
        ),
    ],
)
def test_bad_input_builds_nothing(
    pytester: pytest.Pytester, package: Path, arguments: list[str], words: str
) -> None:
    done = run(pytester, "src/lib.rs::tests::adds", *arguments)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in done.errlines if line] == [f"ERROR: {words}"]
    assert not (package / "target").exists()


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["-k", "adds"], "2 tests are"),
        (["src/lib.rs::tests::adds", "test_python.py"], "2 tests are"),
    ],
)
def test_one_test_is_to_be_selected(
    pytester: pytest.Pytester, package: Path, arguments: list[str], found: str
) -> None:
    (package / "test_python.py").write_text("def test_one(): pass\n", encoding="utf-8")
    done = run(pytester, "--cargo-debugger=env", *arguments)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    words = f"--cargo-debugger runs one Rust test, but {found} selected: give the id of one"
    assert f"ERROR: {words}" in done.errlines


def test_of_nothing_pytest_speaks(pytester: pytest.Pytester, package: Path) -> None:
    del package
    done = run(pytester, "--cargo-debugger=env", "-k", "nothing_of_this_name")
    assert done.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    done = run(pytester, "--cargo-debugger=env", "src/lib.rs::nope")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: not found: */src/lib.rs::nope"])


def test_python_tests_run_as_ever(pytester: pytest.Pytester, package: Path) -> None:
    (package / "test_python.py").write_text("def test_one(): pass\n", encoding="utf-8")
    done = run(pytester, "--cargo-debugger=env", "test_python.py")
    done.assert_outcomes(passed=1)


def test_only_collecting_needs_no_single_test(pytester: pytest.Pytester, package: Path) -> None:
    del package
    done = run(pytester, "--cargo-debugger=env", "--collect-only", "-q")
    assert done.ret == 0
    done.stdout.fnmatch_lines(["src/lib.rs::tests::adds"])


@pytest.mark.parametrize("below", [False, True], ids=["at rootdir", "below rootdir"])
@pytest.mark.parametrize("ini", [False, True])
def test_what_a_failure_prints_can_be_typed(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    *,
    below: bool,
    ini: bool,
) -> None:
    root = write(
        {
            "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
            "[features]\nextra = []\n",
            "src/lib.rs": '#[cfg(feature = "extra")] #[test] fn fails() { panic!("gone wrong") }\n',
            "pytest.ini": f"[pytest]\ncpython_sys = {str(ini).lower()}\n",
        }
    )
    if below:
        monkeypatch.chdir(root / "src")
    done = run(pytester, "--cargo-features=extra", *([".."] if below else []))
    line = next(line for line in done.outlines if line.startswith("in a debugger: "))
    command = line.partition(": ")[2]
    assert ("--cpython-sys " in command) is not ini
    words = shlex.split(command.replace("rust-gdb --args", "env").replace("rust-lldb --", "env"))
    assert words[:2] == ["pytest", f"{'' if below else 'src/'}lib.rs::fails"]
    again = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, check=False
    )
    assert again.returncode == 1
    assert "ran under env (exit code 101)" in again.stdout
    assert "gone wrong" in again.stdout + again.stderr


@pytest.mark.parametrize("program", ["rust-gdb", "gdb"])
def test_a_real_debugger_stops_in_the_test(
    program: str, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which(program) is None or shutil.which("gdb") is None:
        pytest.skip(f"{program} is not installed")
    if subprocess.run(["gdb", "--version"], capture_output=True, check=False).returncode:
        pytest.skip("gdb does not start")
    del package
    monkeypatch.setenv("CARGO_PROFILE_DEV_DEBUG", "2")
    orders = "-ex 'break c::two' -ex run -ex bt -ex kill"
    ended, text = debug("src/lib.rs::tests::adds", f"{program} -q -nx --batch {orders} --args")
    assert ended == 0, text
    assert re.search(r"#1 .* c::tests::adds .* at src/lib\.rs:14", text), text
