"""What pytest's own options do to Rust tests, and what is shown of them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from junitparser import JUnitXml, Properties

from .conftest import outcomes, replace_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

PROJECT = {
    "Cargo.toml": "c",
    "src/lib.rs": """
#[repr(C)] pub struct S { pub a: u32 }
const _: () = {
    ["Size of S"][::std::mem::size_of::<S>() - 4usize];
    ["Alignment of S"][::std::mem::align_of::<S>() - 4usize];
};
#[test]
fn bindgen_test_layout_S() { assert_eq!(::std::mem::size_of::<S>(), 4usize, "Size of S"); }
#[cfg(test)]
mod tests {
    #[test]
    fn passes() { println!("said by passes"); }
    #[test]
    fn fails() {
        println!("said by fails");
        assert_eq!(1 + 1, 3, "sums");
    }
    #[test]
    #[ignore = "not today"]
    fn ignored() {}
    #[test]
    #[ignore]
    fn ignored_without_a_reason() {}
    #[test]
    fn sleeps() { std::thread::sleep(std::time::Duration::from_millis(300)); }
    #[test]
    fn gives_an_error() -> Result<(), String> { Err("out of spam".into()) }
    #[test]
    #[should_panic(expected = "this")]
    fn panics_otherwise() { panic!("that"); }
    #[test]
    #[should_panic]
    fn does_not_panic() {}
}
""",
    "tests/it.rs": '#[test] fn works() {}\n#[test] fn does_not() { panic!("broken"); }\n',
}
FAILING = {
    "src/lib.rs::tests::fails",
    "src/lib.rs::tests::gives_an_error",
    "src/lib.rs::tests::panics_otherwise",
    "src/lib.rs::tests::does_not_panic",
    "tests/it.rs::does_not",
}
PASSING = {
    "src/lib.rs::bindgen_test_layout_S",
    "src/lib.rs::bindgen_test_layout_S-2",
    "src/lib.rs::tests::passes",
    "src/lib.rs::tests::sleeps",
    "tests/it.rs::works",
}


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest("--cpython-sys", *arguments)


@pytest.mark.pytest_side
def test_the_verdicts_are_those_of_cargo(pytester: pytest.Pytester, write: Write) -> None:
    write(PROJECT)
    result = run(pytester, "-rA")
    found = outcomes(result)
    assert {name for name, outcome in found.items() if outcome == "passed"} == PASSING
    assert {name for name, outcome in found.items() if outcome == "failed"} == FAILING
    result.assert_outcomes(passed=5, failed=5, skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED * src/lib.rs:*: not today"])
    result.stdout.fnmatch_lines(["SKIPPED * src/lib.rs:*: #[[]ignore]"])


@pytest.mark.pytest_side
def test_a_panic_is_shown_with_place_values_output_and_command(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(PROJECT)
    result = run(pytester, "src/lib.rs::tests::fails")
    result.stdout.fnmatch_lines(
        [
            "src/lib.rs:16: assertion `left == right` failed: sums",
            "  left: 2",
            " right: 3",
            "with cargo alone: cargo test -p c --lib -- --exact tests::fails",
            "*Captured stdout call*",
            "said by fails",
            "FAILED src/lib.rs::tests::fails - *left: 2 right: 3*",
        ]
    )


def test_the_words_of_libtest_are_kept(pytester: pytest.Pytester, write: Write) -> None:
    write(PROJECT)
    text = run(pytester).stdout.str()
    assert 'src/lib.rs:27: Error: "out of spam"' in text
    assert "panic did not contain expected string" in text
    assert "test did not panic as expected" in text


@pytest.mark.pytest_side
def test_junit_xml_holds_the_properties(pytester: pytest.Pytester, write: Write) -> None:
    root = write(PROJECT)
    run(pytester, "--junitxml=out.xml", "-o", "junit_logging=all")
    suite = next(iter(JUnitXml.fromfile(str(root / "out.xml"))))
    cases = {(case.classname, case.name): case for case in suite}
    assert len(cases) == 12
    case: Any = cases["src.lib.rs.tests", "fails"]
    properties = case.child(Properties)
    found = {item.name: item.value for item in properties}
    assert found == {
        "package": "c",
        "target": "c",
        "rust_test": "tests::fails",
        "kind": "unit",
        "source": "src/lib.rs:14",
        "command": "cargo test -p c --lib -- --exact tests::fails",
    }
    assert "said by fails" in case.system_out
    assert "left: 2" in case.result[0].text
    assert 0.3 <= cases["src.lib.rs.tests", "sleeps"].time < 2


def test_collect_only_shows_ids_and_runs_nothing(pytester: pytest.Pytester, write: Write) -> None:
    root = write(
        {**PROJECT, "tests/side.rs": '#[test] fn t() { std::fs::write("ran", "").unwrap(); }'}
    )
    result = run(pytester, "--collect-only", "-q")
    assert set(result.outlines) >= PASSING | FAILING
    assert "tests/side.rs::t" in result.outlines
    assert not (root / "ran").exists()
    assert result.ret == 0


def test_only_selected_tests_run(pytester: pytest.Pytester, write: Write) -> None:
    names = ("alpha", "beta", "gamma")
    source = "".join(
        f'#[test] fn {name}() {{ std::fs::write("{name}.ran", "").unwrap(); }}\n' for name in names
    )
    root = write({"Cargo.toml": "c", "src/lib.rs": source})

    def ran() -> set[str]:
        found = {path.stem for path in root.glob("*.ran")}
        for path in root.glob("*.ran"):
            path.unlink()
        return found

    run(pytester, "-k", "alpha or gamma")
    assert ran() == {"alpha", "gamma"}
    run(pytester, "src/lib.rs::beta")
    assert ran() == {"beta"}
    run(pytester, "--deselect=src/lib.rs::beta")
    assert ran() == {"alpha", "gamma"}
    run(pytester)
    assert ran() == set(names)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rust", 12),
        ("rust_layout", 2),
        ("rust_unit", 8),
        ("rust_integration", 2),
        ("rust and not rust_unit", 4),
        ("not rust", 0),
    ],
)
def test_marks_select(
    pytester: pytest.Pytester, write: Write, expression: str, expected: int
) -> None:
    write(PROJECT)
    result = run(pytester, "--collect-only", "-q", "--strict-markers", "-m", expression)
    shown = [line for line in result.outlines if line.startswith(("src/", "tests/"))]
    assert len(shown) == expected


def test_last_failed_runs_what_failed(pytester: pytest.Pytester, write: Write) -> None:
    write(PROJECT)
    run(pytester)
    result = run(pytester, "--lf", "-rA")
    assert set(outcomes(result)) == FAILING
    assert result.ret == 1


def test_exitfirst_ends_the_run(pytester: pytest.Pytester, write: Write) -> None:
    write(PROJECT)
    result = run(pytester, "-x")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["*stopping after 1 failures*"])


def test_durations_are_the_tests_own(pytester: pytest.Pytester, write: Write) -> None:
    write(PROJECT)
    result = run(pytester, "--durations=3", "-vv")
    result.stdout.re_match_lines([r"0\.[34]\ds call +src/lib.rs::tests::sleeps"])


def test_the_header_says_what_is_in_force(pytester: pytest.Pytester, write: Write) -> None:
    write(PROJECT)
    run(pytester).stdout.re_match_lines(
        [r"cpython-sys: cargo \d+\.\d+\.\d+, rustc \d+\.\d+\.\d+, Python 3\.\d+.*", "packages: c"]
    )


def test_the_summary_has_a_line_a_package(pytester: pytest.Pytester, write: Write) -> None:
    write(PROJECT)
    run(pytester).stdout.fnmatch_lines(
        ["*= Rust packages =*", "c  2 layouts, 10 tests, 2 skipped, 5 failed"]
    )


def test_a_package_without_tests_has_its_line(pytester: pytest.Pytester, write: Write) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": "pub fn f() {}\n"})
    result = run(pytester)
    result.stdout.fnmatch_lines(["c  0 tests"])
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize("narrowed", ["-k=nothing", "-m=rust_layout", "-x"])
def test_a_package_whose_tests_did_not_run_is_not_said_to_have_none(
    pytester: pytest.Pytester, write: Write, narrowed: str
) -> None:
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["c", "d", "e"]\nresolver = "2"\n',
            "c/Cargo.toml": "c",
            "c/src/lib.rs": "#[test]\nfn fails() { panic!() }\n",
            "d/Cargo.toml": "d",
            "d/src/lib.rs": "#[test]\nfn ok() {}\n",
            "e/Cargo.toml": "e",
            "e/src/lib.rs": "pub fn f() {}\n",
        }
    )
    result = run(pytester, narrowed)
    result.stdout.fnmatch_lines(
        [
            "c  1 test, 1 failed" if narrowed == "-x" else "c  no test ran",
            "d  no test ran",
            "e  0 tests",
        ]
    )


def test_rustc_warnings_are_a_section_and_no_pytest_warnings(
    pytester: pytest.Pytester, write: Write
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": "fn unused() {}\n#[test] fn ok() {}\n"})
    result = run(pytester, "-W", "error")
    result.assert_outcomes(passed=1, warnings=0)
    assert rustc_warnings(result) == ["src/lib.rs:1: function `unused` is never used"]
    assert result.ret == 0


def rustc_warnings(result: pytest.RunResult) -> list[str]:
    """Return the lines of the section."""
    lines = iter(result.outlines)
    for line in lines:
        if line.strip("=") == " rustc warnings ":
            return list(itertools.takewhile(lambda line: not line.startswith("="), lines))
    return []


def test_rustc_warns_of_what_it_compiled(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """cargo repeats the warnings of what is up to date in each run; ten lines are enough."""
    monkeypatch.setenv("COLUMNS", "80")
    long = "x" * 80
    root = write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": "a",
            "a/src/lib.rs": "fn unused() {}\n#[test] fn ok() {}\n",
            "b/Cargo.toml": "b",
            "b/src/lib.rs": f"fn z({long}: u8) {{}}\n"
            + "\n".join(f"fn f{number}() {{}}\nfn g{number}(x: u8) {{}}" for number in range(9)),
        }
    )
    result = run(pytester)
    lines = rustc_warnings(result)
    assert len(lines) == 10
    assert {"a/src/lib.rs:1: function `unused` is never used"} < set(lines)
    assert any(line.endswith("xxx...") for line in lines)
    last = "... and 21 more: `cargo check --workspace --tests` shows all of them"
    assert lines[-1] == last
    assert max(map(len, lines)) <= 80
    assert rustc_warnings(run(pytester)) == []
    replace_once(root / "a" / "src" / "lib.rs", "unused", "idle")
    assert rustc_warnings(run(pytester)) == ["a/src/lib.rs:1: function `idle` is never used"]

    # What ends before any test is not the place for them; nor is a list of ids for programs.
    replace_once(root / "a" / "src" / "lib.rs", "idle", "once")
    (root / "test_python.py").write_text("import no_such_module\n", encoding="utf-8")
    interrupted = run(pytester)
    assert interrupted.ret == pytest.ExitCode.INTERRUPTED
    assert rustc_warnings(interrupted) == []
    replace_once(root / "a" / "src" / "lib.rs", "once", "twice")
    listed = run(pytester, "a", "--collect-only", "-q")
    assert listed.outlines[0] == "a/src/lib.rs::ok"
    assert rustc_warnings(listed) == []


def test_cargo_is_called_once_for_metadata_and_once_for_a_build(
    pytester: pytest.Pytester, write: Write, cargo_calls: Callable[[], list[str]]
) -> None:
    write(PROJECT)
    run(pytester)
    # The second `cargo test` starts a program that notes each test's environment, and rustc is
    # asked which layouts there are: in the library, and in the library as a test.
    assert cargo_calls() == ["-V", "metadata", "rustc", "rustc", "test", "test"]
    run(pytester)
    assert cargo_calls() == ["-V", "metadata", "test"]


def test_options_reach_cargo(pytester: pytest.Pytester, write: Write) -> None:
    root = write(
        {
            "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\n[features]\nextra = []\n'
            '[profile.fast]\ninherits = "release"\n',
            "src/lib.rs": '#[cfg(feature = "extra")] #[test] fn extra() {}\n'
            "#[cfg(not(debug_assertions))] #[test] fn fast() {}\n",
        }
    )
    result = run(
        pytester,
        "-rA",
        "--cargo-features=extra",
        "--cargo-profile=fast",
        "--cargo-target-dir=elsewhere",
        "--cargo-args=--offline",
    )
    assert set(outcomes(result)) == {"src/lib.rs::extra", "src/lib.rs::fast"}
    assert (root / "elsewhere" / "fast").is_dir()
    assert not (root / "target").exists()


def test_ini_keys_are_the_options(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "pytest.ini": "[pytest]\ncpython_sys = true\n"
            "cargo_features = extra\ncargo_timeout = 30\n",
            "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\n'
            "[features]\nextra = []\nmore = []\n",
            "src/lib.rs": '#[cfg(feature = "extra")] #[test] fn extra() {}\n'
            '#[cfg(feature = "more")] #[test] fn more() {}\n',
        }
    )
    assert set(outcomes(pytester.runpytest("-rA"))) == {"src/lib.rs::extra"}
    # The command line wins.
    result = pytester.runpytest("-rA", "--cargo-features=more")
    assert set(outcomes(result)) == {"src/lib.rs::more"}


NOTING = """
#[test] fn environment() {{
    let target = "{target}";
    include!(concat!(env!("CARGO_MANIFEST_DIR"), "/note.rs"));
}}
"""
ENVIRONMENT = {
    "Cargo.toml": """
[package]
name = "c"
version = "1.2.3-rc.1+build.5"
edition = "2021"
authors = ["Spam <spam@example.org>", "Eggs"]
description = "has it all"
[lib]
proc-macro = true
""",
    ".cargo/config.toml": """
[env]
FROM_CONFIG = { value = "sub/dir", relative = true }
""",
    "build.rs": 'fn main() { println!("cargo:rustc-env=FROM_SCRIPT=yes"); }',
    "src/lib.rs": NOTING.format(target="lib"),
    "src/main.rs": "fn main() {}\n" + NOTING.format(target="main"),
    "tests/env.rs": NOTING.format(target="env"),
    "note.rs": """{
    let mut found: Vec<(String, String)> = std::env::vars().collect();
    found.sort();
    let text: String = found.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    let here = std::env::current_dir().unwrap();
    let by = if std::env::var("RUSTC_BOOTSTRAP").is_ok() { "ours" } else { "cargos" };
    std::fs::write(format!("{by}-{target}"), format!("{text}{}\n", here.display())).unwrap();
}
""",
}
# What pytest, its tool for tests and `import readline` set, and what unlocks JSON.
_PYTESTS_OWN = ("PYTEST_", "PYTHONPATH=", "LINES=", "RUSTC_BOOTSTRAP=")


def noted(root: Path, by: str) -> dict[str, set[str]]:
    return {
        path.name.removeprefix(f"{by}-"): {
            line
            for line in path.read_text(encoding="utf-8").splitlines()
            if not line.startswith(_PYTESTS_OWN)
        }
        for path in root.glob(f"{by}-*")
    }


def differences(root: Path) -> dict[str, set[str]]:
    ours = noted(root, "ours")
    return {name: ours[name] ^ lines for name, lines in noted(root, "cargos").items()}


@pytest.mark.parametrize("broken", [False, True], ids=["built", "beside a broken target"])
def test_the_environment_is_exactly_that_of_a_cargo_test(
    pytester: pytest.Pytester, write: Write, broken: bool
) -> None:
    import subprocess

    root = write(ENVIRONMENT)
    subprocess.run(["cargo", "test", "--quiet"], cwd=root, check=True, capture_output=True)
    if broken:
        write({"tests/broken.rs": "fn f( {\n"})
    for _ in range(2):  # asked of cargo, then out of the cache
        result = run(pytester)
        result.assert_outcomes(passed=3, failed=1 if broken else 0)
        assert differences(root) == {key: set() for key in ("lib", "main", "env")}
        for path in root.glob("ours-*"):
            path.unlink()
    run(pytester, "--cargo-isolate").assert_outcomes(passed=3, failed=1 if broken else 0)
    assert differences(root) == {key: set() for key in ("lib", "main", "env")}


@pytest.mark.parametrize("where", ["variable", "triple", "cfg", "argument"])
def test_a_configured_runner_is_used(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    import subprocess

    host = next(
        line.removeprefix("host: ")
        for line in subprocess.run(
            ["rustc", "-vV"], check=True, capture_output=True, text=True
        ).stdout.splitlines()
        if line.startswith("host: ")
    )
    root = write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "#[test] fn under() "
            '{ assert_eq!(std::env::var("RUNNER").unwrap(), "with blanks"); }\n',
            "tools/runner": '#!/bin/sh\nRUNNER="$1 $2"\nexport RUNNER\nshift 2\nexec "$@"\n',
        }
    )
    (root / "tools" / "runner").chmod(0o755)
    arguments = []
    runner = '["tools/runner", "with", "blanks"]'
    if where == "variable":
        name = f"CARGO_TARGET_{host.upper().replace('-', '_')}_RUNNER"
        monkeypatch.setenv(name, f"{root}/tools/runner with blanks")
    elif where == "argument":
        config = f"target.{host}.runner={runner}"
        arguments = [f"--cargo-args=--config '{config}'"]
    else:
        key = host if where == "triple" else "'cfg(unix)'"
        write({".cargo/config.toml": f"[target.{key}]\nrunner = {runner}\n"})
    run(pytester, *arguments).assert_outcomes(passed=1)
    if not arguments:
        subprocess.run(["cargo", "test", "--quiet"], cwd=root, check=True, capture_output=True)
