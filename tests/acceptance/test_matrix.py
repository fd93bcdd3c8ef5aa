"""``--cpython-sys-python`` several times: builds, ids and a summary of each Python's own."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from ..python.test_selection import build_directory
from .conftest import outcomes, python_with_headers, run
from .test_fixtures import MODULE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_cpython_sys.python.interpreter import Interpreter

    Write = Callable[[Mapping[str, str]], Path]

# What it is built for decides what is in it: a layout that is wrong with 3.13, a test that is
# there with 3.13 alone, one that fails with it, one that fails with all.
CRATE = {
    "Cargo.toml": '[package]\nname = "cpython-sys"\nversion = "0.1.0"\nedition = "2021"\n',
    "build.rs": """
use std::{env, fs, path::Path};
fn main() {
    println!("cargo::rerun-if-env-changed=PYTHON_BUILD_DIR");
    println!("cargo::rustc-check-cfg=cfg(new)");
    let directory = env::var("PYTHON_BUILD_DIR").unwrap();
    let new = directory.contains("3.13");
    if new { println!("cargo::rustc-cfg=new"); }
    println!("cargo::rustc-env=BUILT_FOR={directory}");
    let size = if new { 8 } else { 16 };
    fs::write(Path::new(&env::var("OUT_DIR").unwrap()).join("c_api.rs"), format!(
"#[repr(C)] pub struct Object {{ pub words: [u64; 2] }}
const _: () = {{ [\\"Size of Object\\"][::std::mem::size_of::<Object>() - 16usize]; }};
pub const SIZE: usize = {size};
")).unwrap();
}
""",
    "src/lib.rs": """
include!(concat!(env!("OUT_DIR"), "/c_api.rs"));
#[cfg(test)]
mod tests {
    #[test] fn ok() { assert!(!env!("BUILT_FOR").is_empty()); }
    #[test] fn size() { assert_eq!(super::SIZE, 16); }
    #[test] fn never() { panic!("never") }
    #[cfg(new)]
    #[test] fn only_new() {}
}
""",
}
PASSING = {
    **CRATE,
    "src/lib.rs": CRATE["src/lib.rs"]
    .replace('panic!("never")', "")
    .replace("SIZE, 16", "SIZE, super::SIZE"),
}

NO_POLICIES = "-ocpython_sys_policies=off"


@pytest.fixture
def old() -> Interpreter:
    return python_with_headers("3.12")


@pytest.fixture
def new() -> Interpreter:
    return python_with_headers("3.13")


@pytest.fixture
def both(old: Interpreter, new: Interpreter) -> list[str]:
    return [f"--cpython-sys-python={python.executable}" for python in (old, new)]


def test_each_python_has_a_build_a_level_and_a_column(
    pytester: pytest.Pytester,
    write: Write,
    both: list[str],
    old: Interpreter,
    new: Interpreter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    root = write(CRATE)
    result = run(pytester, *both, "--junitxml=out.xml", NO_POLICIES)
    assert outcomes(result) == {
        "src/lib.rs::@cp312::bindgen_test_layout_Object": "passed",
        "src/lib.rs::@cp312::tests::ok": "passed",
        "src/lib.rs::@cp312::tests::size": "passed",
        "src/lib.rs::@cp312::tests::never": "failed",
        "src/lib.rs::@cp313::bindgen_test_layout_Object": "passed",
        "src/lib.rs::@cp313::tests::ok": "passed",
        "src/lib.rs::@cp313::tests::size": "failed",
        "src/lib.rs::@cp313::tests::never": "failed",
        "src/lib.rs::@cp313::tests::only_new": "passed",
    }
    result.stdout.fnmatch_lines(
        [
            "cpython-sys: cargo *, rustc *",
            f"@cp312: Python {old.version} (cp312), {old.executable}",
            f"@cp313: Python {new.version} (cp313), {new.executable}",
            "packages: cpython-sys",
        ],
        consecutive=True,
    )
    result.stdout.fnmatch_lines(
        [
            "cpython-sys  cp312  1 layout, 3 tests, 1 failed",
            "cpython-sys  cp313  1 layout, 4 tests, 2 failed",
            "*= what fails where =*",
            "cp312    cp313",
            "ok       failed   src/lib.rs::tests::size",
            "failed   failed   src/lib.rs::tests::never",
            "*= short test summary info =*",
        ],
        consecutive=True,
    )
    directories = sorted(path.name for path in (root / "target" / "cpython-sys").iterdir())
    assert directories == [f"cp312-{old.fingerprint}", f"cp313-{new.fingerprint}"]
    xml = (root / "out.xml").read_text(encoding="utf-8")
    assert 'classname="src.lib.rs.@cp313.tests" name="size"' in xml
    assert '<property name="rust_test" value="tests::size" />' in xml
    assert '<property name="rust_test" value="@cp313::bindgen_test_layout_Object" />' in xml


def test_typed_ids_and_selections(pytester: pytest.Pytester, write: Write, both: list[str]) -> None:
    write(CRATE)

    def selected(*arguments: str) -> set[str]:
        return set(outcomes(run(pytester, *both, NO_POLICIES, *arguments)))

    size = "src/lib.rs::@cp313::tests::size"
    assert selected(size) == {size}
    assert selected("src/lib.rs::@cp312::bindgen_test_layout_Object") == {
        "src/lib.rs::@cp312::bindgen_test_layout_Object"
    }
    assert len(selected("src/lib.rs::@cp313")) == 5
    assert len(selected("src/lib.rs")) == 9
    assert selected("-k", "cp313 and size") == {size}
    failing = {size, *(f"src/lib.rs::@{label}::tests::never" for label in ("cp312", "cp313"))}
    pytester.runpytest("--cpython-sys", *both)
    result = pytester.runpytest("--cpython-sys", *both, "--lf", "-rA")
    assert set(outcomes(result)) == failing
    result = run(pytester, *both, "src/lib.rs::tests::size")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_with_xdist_and_in_turns_nothing_is_built_again(
    pytester: pytest.Pytester, write: Write, both: list[str], cargo_calls: Callable[[], list[str]]
) -> None:
    root = write(CRATE)
    alone = outcomes(run(pytester, *both))
    built = {path: path.stat().st_mtime_ns for path in root.glob("target/**/deps/cpython_sys-*")}
    assert len(built) >= 2
    cargo_calls()
    result = run(pytester, *both, "-n2")
    assert outcomes(result) == alone
    result.stdout.fnmatch_lines(["ok       failed   src/lib.rs::tests::size"])
    # The environment of the tests is known from the first run.
    assert cargo_calls() == ["-V", "metadata", "test", "test"]
    again = {path: path.stat().st_mtime_ns for path in root.glob("target/**/deps/cpython_sys-*")}
    assert again == built


def test_where_nothing_fails_one_line_says_so(
    pytester: pytest.Pytester, write: Write, both: list[str]
) -> None:
    write(PASSING)
    result = run(pytester, *both)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["no test fails on cp312, cp313"])
    result.stdout.no_fnmatch_line("*what fails where*")


def test_where_all_agree_one_line_says_so(
    pytester: pytest.Pytester, write: Write, both: list[str]
) -> None:
    write({**PASSING, "tests/bad.rs": "#[test] fn bad() { panic!() }\n"})
    result = run(pytester, *both)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["the same tests fail on cp312, cp313"])
    result.stdout.no_fnmatch_line("*what fails where*")


def test_a_target_that_one_python_breaks(
    pytester: pytest.Pytester, write: Write, both: list[str]
) -> None:
    broken = CRATE["src/lib.rs"].replace("fn only_new() {}", "fn only_new() { nonsense }")
    write({**CRATE, "src/lib.rs": broken})
    result = run(pytester, *both, "-k", "ok")
    assert result.ret == 1, "not green, though what was selected passed"
    result.stdout.fnmatch_lines(["did not build: src/lib.rs::@cp313::@build"])
    result.stdout.no_fnmatch_line("*no test fails*")

    result = run(pytester, *both)
    result.stdout.fnmatch_lines(["-        failed   src/lib.rs::@build"])
    assert outcomes(result)["src/lib.rs::@cp312::tests::ok"] == "passed"

    typed = "src/lib.rs::@cp313::tests::ok"
    result = run(pytester, *both, typed)
    assert outcomes(result) == {typed: "error"}
    result.stdout.fnmatch_lines(["*cannot find value `nonsense` in this scope*"])


@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["alone", "xdist"])
def test_a_limit_of_time_is_that_of_one_pythons_test(
    pytester: pytest.Pytester, write: Write, both: list[str], arguments: tuple[str, ...]
) -> None:
    slow = PASSING["src/lib.rs"].replace(
        "fn ok() {", "fn ok() { std::thread::sleep(std::time::Duration::from_secs(5));"
    )
    write({**PASSING, "src/lib.rs": slow, "pytest.ini": "[pytest]\ncargo_timeouts = *@cp313*ok=1"})
    result = run(pytester, *both, "-k", "ok", *arguments)
    assert outcomes(result) == {
        "src/lib.rs::@cp312::tests::ok": "passed",
        "src/lib.rs::@cp313::tests::ok": "failed",
    }
    result.stdout.fnmatch_lines(["*timed out after 1 s*"])


def test_a_binary_that_ends_badly_with_one_python(
    pytester: pytest.Pytester, write: Write, both: list[str]
) -> None:
    ends = """
#[cfg(all(test, new))] extern "C" fn end() { std::process::abort() }
#[cfg(all(test, new))] extern "C" { fn atexit(f: extern "C" fn()) -> i32; }
"""
    registers = PASSING["src/lib.rs"].replace(
        "only_new() {", "only_new() { unsafe { super::atexit(super::end); }"
    )
    write({**PASSING, "src/lib.rs": registers + ends})
    result = run(pytester, *both, "-k", "tests")
    result.assert_outcomes(passed=7, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of @cp313::tests::only_new*",
            "-        error    src/lib.rs::tests::only_new",
        ]
    )


def test_the_ini_key_is_a_list_and_a_checker_of_ones_own_sees_each_python(
    pytester: pytest.Pytester, write: Write, old: Interpreter, new: Interpreter
) -> None:
    write(
        {
            **PASSING,
            "pytest.ini": f"[pytest]\ncpython_sys_python = {old.executable} {new.executable}\n",
            "conftest.py": """
from pytest_cpython_sys.case import Case, Checker, Verdict

class Mine(Checker):
    name = "mine"
    def __init__(self, context): self.context = context
    def discover(self):
        yield Case(file=f"{self.context.build.workspace.root}/src/lib.rs", levels=("@mine",),
                   kind="policy", checker="mine", package="cpython-sys", target="cpython_sys",
                   rust_test="@mine")
    def run(self, cases):
        for case in cases:
            yield case, Verdict("failed", message=self.context.interpreter.tag)
    def remarks(self):
        yield "a remark", ()
        yield f"only {self.context.interpreter.tag}", ()

def pytest_cpython_sys_checkers(contexts):
    return [Mine(contexts[0])]
""",
        }
    )
    result = run(pytester, "-k", "mine")
    assert set(outcomes(result)) == {"src/lib.rs::@cp312::@mine", "src/lib.rs::@cp313::@mine"}
    result.stdout.fnmatch_lines(["src/lib.rs:1: cp312", "src/lib.rs:1: cp313"])
    result.stdout.fnmatch_lines(
        ["cp312, cp313: a remark", "cp312: only cp312", "cp313: only cp313"]
    )


def test_a_python_named_twice_is_used_once(
    pytester: pytest.Pytester, write: Write, both: list[str], new: Interpreter, tmp_path: Path
) -> None:
    write(PASSING)
    assert new.executable is not None
    link = tmp_path / "python-of-another-name"
    link.symlink_to(new.executable)
    result = run(pytester, *both, f"--cpython-sys-python={link}", NO_POLICIES)
    result.assert_outcomes(passed=9)
    result.stdout.fnmatch_lines([f"@cp313: *, {new.executable}; given again as {link}, used once"])

    result = run(pytester, both[1], f"--cpython-sys-python={link}")
    assert "src/lib.rs::tests::only_new" in outcomes(result), "one Python: no level"
    result.stdout.fnmatch_lines([f"cpython_sys_python: *; given again as {link}, used once"])


def test_a_bad_one_among_several_is_one_line(
    pytester: pytest.Pytester, write: Write, both: list[str], tmp_path: Path
) -> None:
    write(PASSING)
    result = run(pytester, *both, f"--cpython-sys-python={tmp_path}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line]
    assert line.startswith(f"ERROR: no pyconfig.h in {tmp_path}: run ./configure there, or choose")


@pytest.mark.parametrize("how", ["shell", "cargo"])
def test_a_variable_that_would_make_all_builds_the_same_is_refused(
    pytester: pytest.Pytester,
    write: Write,
    both: list[str],
    new: Interpreter,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    root = write(PASSING)
    name = "PY_GIL_DISABLED"
    if how == "shell":
        monkeypatch.setenv(name, "1")
    else:
        name = "PYTHON_BUILD_DIR"
        entry = f'{{ value = "{new.build_dir}", force = true }}'
        write({".cargo/config.toml": f"[env]\n{name} = {entry}\n"})
    result = run(pytester, *both)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line]
    assert line == (
        f"ERROR: --cpython-sys-python: {name} is set, in the environment or in cargo's "
        f"configuration, so that {root} would be built for the same Python each time: unset it, "
        "or choose one Python"
    )


@pytest.mark.parametrize("how", ["shell", "cargo"])
def test_a_build_directory_of_the_shell_gives_way(
    pytester: pytest.Pytester,
    write: Write,
    both: list[str],
    new: Interpreter,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    write(CRATE)
    if how == "shell":
        monkeypatch.setenv("PYTHON_BUILD_DIR", new.build_dir)
    else:
        write({".cargo/config.toml": f'[env]\nPYTHON_BUILD_DIR = "{new.build_dir}"\n'})
    found = outcomes(run(pytester, *both, "-k", "size or only_new"))
    assert found == {
        "src/lib.rs::@cp312::tests::size": "passed",
        "src/lib.rs::@cp313::tests::size": "failed",
        "src/lib.rs::@cp313::tests::only_new": "passed",
    }


PYO3 = {
    "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
    '[dependencies]\npyo3 = "0.29"\n',
    "src/lib.rs": "",
}


def test_a_python_that_pyo3_is_told_of_is_refused_too(
    pytester: pytest.Pytester, write: Write, both: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(PYO3)
    monkeypatch.setenv("PYO3_PYTHON", sys.executable)
    result = run(pytester, *both)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --cpython-sys-python: PYO3_PYTHON is set, in *"])


def test_pyo3_needs_a_python_that_runs(
    pytester: pytest.Pytester, write: Write, both: list[str], tmp_path: Path
) -> None:
    write(PYO3)
    configured = build_directory(tmp_path / "configured")
    result = run(pytester, *both, f"--cpython-sys-python={configured}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: --cpython-sys-python: {configured} has no interpreter that starts, but pyo3 in *"]
    )


def test_what_needs_no_python_is_built_once(
    pytester: pytest.Pytester,
    write: Write,
    both: list[str],
    cargo_calls: Callable[[], list[str]],
) -> None:
    write(
        {
            "Cargo.toml": "plain",
            "src/lib.rs": "#[test] fn ok() {}\n",
            "sub/Cargo.toml": "[package\n",
        }
    )
    result = run(pytester, *both)
    assert outcomes(result) == {
        "src/lib.rs::@cp312::ok": "passed",
        "src/lib.rs::@cp313::ok": "passed",
        "sub/Cargo.toml::@build": "error",
    }
    assert cargo_calls().count("test") == 2, "a build, and a question about its tests"


def test_rust_extension_takes_the_python_that_runs(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": MODULE["Cargo.toml"].replace("my-eggs", "cpython-sys"),
            "src/lib.rs": MODULE["src/lib.rs"].replace("my_eggs", "cpython_sys"),
            "tests/test_eggs.py": """
def test_eggs(rust_extension):
    module = rust_extension("cpython-sys")
    assert module.__doc__ == "eggs"
    print("imported", module.__file__)
""",
        }
    )
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    others = [
        f"--cpython-sys-python={python_with_headers(version).executable}"
        for version in ("3.12", "3.13", "3.11")
        if version != running
    ]
    alone = ("-o", "cpython_sys_policies=off")
    result = run(pytester, *others[:2], *alone)
    result.assert_outcomes(skipped=1)
    line = (
        f"the module is built for Python 3.* and 3.*, but Python {running} runs this test: remove"
    )
    result.stdout.fnmatch_lines([f"SKIPPED *{line}*"])
    result = run(pytester, others[0], f"--cpython-sys-python={sys.executable}", *alone)
    assert outcomes(result)["tests/test_eggs.py::test_eggs"] == "passed"
    result.stdout.fnmatch_lines([f"imported */cpython-sys/cp{running.replace('.', '')}-*"])


def test_a_missing_cargo_is_still_one_item_of_a_manifest(
    pytester: pytest.Pytester, write: Write, both: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write({**PASSING, "pytest.ini": "[pytest]\ncpython_sys = true\n"})
    monkeypatch.setenv("CARGO", os.path.join(os.sep, "no", "such", "cargo"))
    result = pytester.runpytest("-rA", "-p", "no:cacheprovider", *both)
    assert outcomes(result) == {"Cargo.toml::@build": "error"}
    assert shutil.which("cargo") is not None


def test_sources_are_formatted_once(
    pytester: pytest.Pytester,
    write: Write,
    both: list[str],
    cargo_calls: Callable[[], list[str]],
) -> None:
    """Each Python has its items; rustfmt is asked once, as nothing of it depends on a Python."""
    manifest = PASSING["Cargo.toml"]
    table = '[package.metadata.cpython-sys]\npolicies = ["fmt", "clippy"]\n'
    write({**PASSING, "Cargo.toml": f"{manifest}{table}", "src/lib.rs": "pub fn f( ) {}\n"})
    result = run(pytester, *both, "-m", "rust_policy")
    assert outcomes(result) == {
        f"src/lib.rs::@{python}::@{level}": "failed" if level == "fmt" else "passed"
        for python in ("cp312", "cp313")
        for level in ("fmt", "clippy")
    }
    assert cargo_calls().count("fmt") == 2  # one asks for its version


def test_a_ledger_for_all_pythons(
    pytester: pytest.Pytester, write: Write, both: list[str], old: Interpreter
) -> None:
    """Of each function what is most is written: each Python alone is green with it."""
    use = "unsafe { std::hint::black_box(1) };"
    root = write(
        {
            **PASSING,
            "src/lib.rs": f"#[cfg(new)] pub fn f() {{ {use} {use} }}\n"
            f"#[cfg(not(new))] pub fn f() {{ {use} }}\n#[cfg(not(new))] pub fn g() {{ {use} }}\n",
        }
    )
    passed = {f"src/lib.rs::@{python}::@unsafe": "passed" for python in ("cp312", "cp313")}
    found = outcomes(run(pytester, *both, "-k", "unsafe", "--cpython-sys-update-ledger"))
    assert found == {**passed, **{name.replace("src/lib", "build"): "passed" for name in passed}}
    text = (root / "cpython-sys-unsafe.toml").read_text(encoding="utf-8")
    assert text.endswith('[unexplained."src/lib.rs"]\nf = 2\ng = 1\n')
    one = f"--cpython-sys-python={old.executable}"
    assert outcomes(run(pytester, one, "src/lib.rs", "-k", "unsafe")) == {
        "src/lib.rs::@unsafe": "passed"
    }
