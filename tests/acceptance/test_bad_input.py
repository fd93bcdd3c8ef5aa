"""Bad input gets one clear answer: what was tried, what happened, what to do next."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import time
from typing import TYPE_CHECKING

import pytest

from .conftest import PACKAGE, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

OK = "#[test] fn ok() {}\n"
TWO_TARGETS = {
    "Cargo.toml": "c",
    "src/lib.rs": OK,
    "tests/good.rs": OK,
    "tests/bad.rs": '#[test] fn t() { let x: u32 = "text"; }\n',
}


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest("--cpython-sys", "-rA", "-p", "no:cacheprovider", *arguments)


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


# -- no cargo, an old cargo --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("CARGO", "no-such-cargo", "is not on PATH"),
        ("CARGO", "/no/such/cargo", "does not exist"),
        ("RUSTC", "/no/such/rustc", "does not exist"),
    ],
)
def test_a_variable_that_names_no_program_is_one_line_and_exit_4(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    problem: str,
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK})
    monkeypatch.setenv(variable, value)
    result = run(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = (
        f"no {variable.lower()}: ${variable} is {value}, which {problem}: correct it, or unset it"
    )
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


def test_no_cargo_under_the_ini_key_is_an_erroring_item(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        {
            "pytest.ini": "[pytest]\ncpython_sys = true\n",
            "Cargo.toml": "c",
            "src/lib.rs": OK,
            "test_python.py": "def test_python(): pass\n",
        }
    )
    monkeypatch.setenv("CARGO", "no-such-cargo")
    result = pytester.runpytest("-rA")
    assert outcomes(result) == {
        "Cargo.toml::@build": "error",
        "test_python.py::test_python": "passed",
    }
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*no cargo: $CARGO is no-such-cargo, which is not on PATH*"])


def test_an_old_cargo_is_named(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK})
    real = shutil.which("cargo")
    old = script(
        tmp_path / "cargo",
        f'[ "$1" != -V ] && exec {real} "$@"\necho "cargo 1.60.0 (d1fd9fe 2022-03-01)"',
    )
    monkeypatch.setenv("CARGO", str(old))
    result = run(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: * is cargo 1.60.0; * or newer is needed: run `rustup update`*"]
    )


# -- manifests ---------------------------------------------------------------------------------


def test_a_refused_manifest_is_an_error_there_and_others_go_on(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "good/Cargo.toml": "good",
            "good/src/lib.rs": OK,
            "bad/Cargo.toml": "[package]\nname = 3\n",
            "bad/src/lib.rs": OK,
        }
    )
    result = run(pytester)
    assert outcomes(result) == {"bad/Cargo.toml::@build": "error", "good/src/lib.rs::ok": "passed"}
    result.stdout.fnmatch_lines(["*cargo refuses *Cargo.toml*", "*invalid type: integer `3`*"])
    assert result.ret == 1


@pytest.mark.parametrize(
    "option", ["--cpython-sys-update-ledger", "--cpython-sys-report=a.html", "--cargo-debugger=env"]
)
def test_what_nobody_would_do_is_refused(
    pytester: pytest.Pytester, write: Write, option: str
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK})
    result = pytester.runpytest(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    word = option.partition("=")[0]
    result.stderr.fnmatch_lines([f"ERROR: {word}: the plugin is off: add --cpython-sys"])


@pytest.mark.parametrize(
    ("arguments", "unused"),
    [
        (["--cargo-timeout=3"], "--cargo-timeout has no effect"),
        (
            ["--no-cargo-isolate", "--cpython-sys-abi", "all"],
            "--no-cargo-isolate, --cpython-sys-abi have no effect",
        ),
    ],
)
def test_an_option_without_the_switch_is_warned_of(
    pytester: pytest.Pytester, write: Write, arguments: list[str], unused: str
) -> None:
    write({"test_x.py": "def test_x(): pass\n"})
    result = pytester.runpytest(*arguments, "-W", "error")
    assert result.ret == 0
    result.stdout.fnmatch_lines([f"*PytestWarning: {unused}: the plugin is off: add --cpython-sys"])
    result.assert_outcomes(passed=1, warnings=1)


@pytest.mark.parametrize("arguments", [[], ["--no-cpython-sys", "--cargo-timeout=3"]])
def test_options_of_other_runs_are_not_warned_of(
    pytester: pytest.Pytester, write: Write, arguments: list[str]
) -> None:
    """What stands in the ini file is there for the runs with the switch."""
    words = "--cargo-isolate --cpython-sys-report=a.html"
    ini = f"[pytest]\naddopts = {words}\ncargo_timeout = 3\n"
    write({"test_x.py": "def test_x(): pass\n", "pytest.ini": ini})
    pytester.runpytest(*arguments).assert_outcomes(passed=1, warnings=0)


def test_an_option_without_its_value_says_which_there_are(
    pytester: pytest.Pytester, write: Write
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK})
    result = run(pytester, "--cpython-sys-policies=")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --cpython-sys-policies= is empty: choose one of auto, all, off"]
    )


@pytest.mark.parametrize("switch", ["--cpython-sys", "-ocpython_sys=true"])
@pytest.mark.parametrize("typed", ["nope", "src/nope.rs", "nope.py::x"])
def test_a_path_that_is_not_there_is_pytests_to_name(
    pytester: pytest.Pytester, write: Write, switch: str, typed: str
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK})
    result = pytester.runpytest(switch, typed)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: file or directory not found: {typed}"])


def test_a_path_without_any_package_is_warned_of(pytester: pytest.Pytester, write: Write) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK, "../elsewhere/test_x.py": "def test_x(): pass\n"})
    result = run(pytester, "-W", "error", "src/lib.rs", "../elsewhere")
    result.stdout.fnmatch_lines(
        ["*PytestWarning: no cargo package at or below *elsewhere: give the *"]
    )
    assert result.ret == 0


@pytest.mark.parametrize("ini", ["pytest.ini", "notes/pytest.ini"])
def test_a_directory_in_a_package_that_holds_none_says_what_to_run(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, ini: str
) -> None:
    files = {"Cargo.toml": "c", "src/lib.rs": OK, "notes/x.txt": "x", "none/x.txt": "x"}
    root = write({**files, ini: "[pytest]\n"})
    monkeypatch.chdir(root / "notes")
    result = pytester.runpytest("--cpython-sys")
    words = f"no cargo package at or below {root / 'notes'}: for the package `c` in {root}, run "
    assert words + "`pytest --cpython-sys ..`" in result.stdout.str()
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert run(pytester, "..").ret == 0
    monkeypatch.chdir(root)
    result = pytester.runpytest("--cpython-sys", "none")
    assert "run `pytest --cpython-sys`" in result.stdout.str()


def test_a_directory_in_a_workspace_without_a_package(
    pytester: pytest.Pytester, write: Write
) -> None:
    manifest = '[workspace]\nmembers = ["c"]\nresolver = "2"\n'
    root = write({"Cargo.toml": manifest, "c/Cargo.toml": "c", "c/src/lib.rs": OK, "doc/x": "x"})
    result = pytester.runpytest("--cpython-sys", "doc")
    words = f"for the workspace in {root}, run `pytest --cpython-sys`"
    assert words in result.stdout.str()


# -- builds that fail --------------------------------------------------------------------------


def test_a_broken_target_fails_alone_with_rustcs_words(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(TWO_TARGETS)
    result = run(pytester)
    assert outcomes(result) == {
        "src/lib.rs::ok": "passed",
        "tests/good.rs::ok": "passed",
        "tests/bad.rs::@build": "failed",
    }
    result.stdout.fnmatch_lines(
        ["*error[[]E0308]: mismatched types*", "*did not build: tests/bad.rs*"]
    )
    assert result.ret == 1


@pytest.mark.parametrize(
    "arguments", [["-k", "ok"], ["-m", "rust_unit"], ["--deselect", "tests/bad.rs::@build"]]
)
def test_a_broken_target_in_scope_is_never_green(
    pytester: pytest.Pytester, write: Write, arguments: list[str]
) -> None:
    write(TWO_TARGETS)
    result = run(pytester, *arguments)
    assert "failed" not in outcomes(result).values()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["did not build: tests/bad.rs::@build"])


def test_the_id_of_a_test_is_not_called_a_target(pytester: pytest.Pytester, write: Write) -> None:
    write(TWO_TARGETS)
    result = run(pytester, "tests/bad.rs::t")
    assert outcomes(result) == {"tests/bad.rs::t": "error"}
    listed = [line for line in result.outlines if line.startswith("did not build: ")]
    assert listed == ["did not build: tests/bad.rs::@build"]


def test_a_broken_target_is_never_green_under_lf(pytester: pytest.Pytester, write: Write) -> None:
    write({**TWO_TARGETS, "tests/good.rs": "#[test] fn no() { assert!(1 > 2); }\n"})
    pytester.runpytest("--cpython-sys", "-k", "no")
    write({"tests/good.rs": "#[test] fn no() { assert!(3 > 2); }\n"})
    result = pytester.runpytest("--cpython-sys", "--lf", "-rA")
    assert outcomes(result) == {"tests/good.rs::no": "passed"}
    assert result.ret == 1


def test_a_broken_target_out_of_scope_does_not_matter(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(TWO_TARGETS)
    assert run(pytester, "tests/good.rs").ret == 0


def test_a_target_blocked_by_another_package_says_so(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": "a",
            "a/src/lib.rs": 'pub fn f() -> u32 { "text" }',
            "b/Cargo.toml": '[package]\nname = "b"\nversion = "0.1.0"\nedition = "2021"\n'
            '[dependencies]\na = { path = "../a" }\n',
            "b/src/main.rs": "fn main() {}\n" + OK,
            "b/tests/t.rs": OK,
        }
    )
    result = run(pytester)
    assert outcomes(result) == {
        "a/src/lib.rs::@build": "failed",
        "b/src/main.rs::@build": "failed",
        "b/tests/t.rs::@build": "failed",
    }
    assert result.stdout.str().count("not built: a failed") >= 2


def test_words_of_a_build_script_are_shown_once(pytester: pytest.Pytester, write: Write) -> None:
    """Whatever waits for the package says which one it is, and what went wrong."""
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": "a",
            "a/src/lib.rs": "pub fn f() {}",
            "a/build.rs": """
                fn main() {
                    println!("cargo:rerun-if-env-changed=SOME");
                    println!("looked everywhere");
                    println!("cargo:warning=no pan");
                    panic!("no spam in the pan");
                }
            """,
            "b/Cargo.toml": '[package]\nname = "b"\nversion = "0.1.0"\nedition = "2021"\n'
            '[lib]\ncrate-type = ["cdylib", "rlib"]\n[dependencies]\na = { path = "../a" }\n'
            '[package.metadata.cpython-sys]\npolicies = ["symbols"]\n',
            "b/src/lib.rs": OK,
            "b/tests/t.rs": OK,
        }
    )
    result = run(pytester)
    assert outcomes(result) == {
        "a/src/lib.rs::@build": "failed",
        "b/src/lib.rs::@build": "failed",
        "b/src/lib.rs::@symbol::@exports": "error",
        "b/tests/t.rs::@build": "failed",
    }
    text = result.stdout.str()
    assert text.count("not built: a failed\n") >= 2
    assert text.count("no spam in the pan") == 6  # and in the short summary
    assert text.count("looked everywhere") == 1
    assert "rerun-if-env-changed" not in text
    assert "cargo:warning=no pan" in text
    assert text.count("stack backtrace") <= 1
    assert "b/src/lib.rs:1: the library does not build: see `@build`\n" in text


def test_an_id_of_a_target_that_did_not_build_is_an_erroring_item(
    pytester: pytest.Pytester, write: Write
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": "mod foo;\n", "src/foo.rs": 'fn f() -> u32 { "" }\n'})
    for name in ("src/lib.rs::tests::one", "src/foo.rs::foo::tests::two"):
        result = run(pytester, name)
        assert outcomes(result) == {name: "error"}
        result.stdout.fnmatch_lines(["*error[[]E0308]: mismatched types*"])
        assert result.ret == 1


def test_undefined_python_symbols_come_with_the_remedy_first(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": 'extern "C" { fn PyErr_Occurred() -> *mut u8; }\n'
            "#[test] fn t() { assert!(unsafe { PyErr_Occurred() }.is_null()); }\n",
        }
    )
    result = run(pytester)
    result.stdout.re_match_lines_random(
        [r".*the linker found no Python symbols.*`cargo:rustc-link-lib=python3.X`.*"]
    )
    text = result.stdout.str()
    assert text.index("the linker found no Python symbols") < text.index("linking with")
    assert "pyo3" not in text, "the package does not use it"


def test_a_libpython_that_does_not_exist(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": OK,
            "build.rs": 'fn main() { println!("cargo:rustc-link-lib=python3.x"); }\n',
        }
    )
    result = run(pytester)
    assert outcomes(result) == {"src/lib.rs::@build": "failed"}
    result.stdout.fnmatch_lines(
        ["src/lib.rs:1: the linker did not find libpython3.x: *in the crate's build script"]
    )


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_ENABLE_SHARED"), reason="this Python has no shared libpython"
)
def test_the_remedy_for_undefined_python_symbols_helps(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, version = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("LDVERSION")
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": 'extern "C" { fn Py_IsInitialized() -> i32; }\n'
            "#[test] fn t() { assert_eq!(unsafe { Py_IsInitialized() }, 0); }\n",
            "build.rs": f"""fn main() {{
                println!("cargo:rustc-link-search={place}");
                println!("cargo:rustc-link-lib=python{version}");
            }}
            """,
        }
    )
    monkeypatch.setenv("LD_LIBRARY_PATH", place)
    assert outcomes(run(pytester)) == {"src/lib.rs::t": "passed"}


BUILD_SCRIPT = 'fn main() {{ panic!("{words}"); }}\n'


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (
            'Unable to find libclang: \\"couldn\'t find any valid shared libraries\\"',
            "bindgen did not find libclang",
        ),
        (
            "wrapper.h:1:10: fatal error: 'Python.h' file not found",
            "Python's headers were not found",
        ),
        ("no pyconfig.h in build", "pyconfig.h was not found: run ./configure"),
    ],
    ids=["libclang", "headers", "pyconfig"],
)
def test_a_build_script_that_fails_has_its_remedy_first(
    pytester: pytest.Pytester, write: Write, words: str, remedy: str
) -> None:
    write(
        {
            "Cargo.toml": "c",
            "build.rs": BUILD_SCRIPT.format(words=words),
            "src/lib.rs": OK,
        }
    )
    result = run(pytester)
    assert outcomes(result) == {"src/lib.rs::@build": "failed"}
    text = result.stdout.str()
    # The build script's own words stand under the remedy.
    assert text.index(remedy) < text.index("panicked at build.rs")


def test_an_integration_test_target_without_tests_is_a_visible_skip(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\n[features]\nextra = []\n',
            "src/lib.rs": "",
            "tests/gated.rs": '#![cfg(feature = "extra")]\n' + OK,
        }
    )
    result = pytester.runpytest("--cpython-sys", "-rs")
    result.stdout.re_match_lines(
        [r'SKIPPED .*tests/gated.rs:1: no test in test "gated".*#!\[cfg\(feature = "extra"\)\]']
    )
    result.assert_outcomes(skipped=1)


# -- company and absence -----------------------------------------------------------------------


def test_a_locked_build_directory_is_told(pytester: pytest.Pytester, write: Write) -> None:
    """Another cargo builds for five seconds in the same directory."""
    root = write(
        {
            "Cargo.toml": "c",
            "build.rs": 'fn main() { println!("cargo:rerun-if-env-changed=SLOW");\n'
            'if std::env::var_os("SLOW").is_some() {\n'
            'std::fs::write("started", "").unwrap();\n'
            "std::thread::sleep(std::time::Duration::from_secs(5)) } }",
            "src/lib.rs": OK,
        }
    )
    import os

    other = subprocess.Popen(
        ["cargo", "build", "--quiet"], cwd=root, env={**os.environ, "SLOW": "1"}
    )
    deadline = time.monotonic() + 60
    while not (root / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    result = run(pytester)
    other.wait()
    result.stdout.fnmatch_lines(["cargo is waiting for file lock on *another cargo*"])
    result.assert_outcomes(passed=1)


def test_without_the_switch_no_cargo_is_called(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    called = tmp_path / "called"
    monkeypatch.setenv("CARGO", str(script(tmp_path / "cargo", f"touch {called}")))
    write({"Cargo.toml": "c", "src/lib.rs": OK, "test_x.py": "def test_x(): pass\n"})
    result = pytester.runpytest("-rA")
    assert outcomes(result) == {"test_x.py::test_x": "passed"}
    assert not called.exists()
    assert "Rust" not in result.stdout.str()


def test_the_plugin_imports_little_without_the_switch(pytester: pytest.Pytester) -> None:
    """What is not imported costs nothing; the time itself is in the benchmarks."""
    pytester.makepyfile(
        """
        import sys
        def test_modules():
            ours = {name for name in sys.modules if name.startswith("pytest_cpython_sys")}
            assert ours == {
                "pytest_cpython_sys",
                "pytest_cpython_sys.plugin.fixtures",
                "pytest_cpython_sys.plugin.marks",
                "pytest_cpython_sys.plugin.hookspecs",
                "pytest_cpython_sys.plugin.options",
                "pytest_cpython_sys.plugin",
                "pytest_cpython_sys.plugin.pytest_compat",
                "pytest_cpython_sys.plugin.pytest_compat.rewriting",
                "pytest_cpython_sys.rust",
                "pytest_cpython_sys.rust.option_table",
            }
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--cargo-timeout=soon", "--cargo-timeout=soon: give a number of seconds"),
        ("--cargo-run-ignored=some", "choose one of default, only, all"),
        ("--cpython-sys-abi=maybe", "choose one of auto, all, off"),
        ("--cargo-args='unclosed", "--cargo-args='unclosed: a quotation mark is not closed: add"),
        ("--cargo-args=a\\", "--cargo-args=a[\\]: the backslash at the end stands before nothing"),
        ("--cpython-sys-python=no-such", "`no-such` is not on PATH, and * has no file"),
        ("--cpython-sys-python=/no/such/python", "/no/such/python does not exist: set *--c*"),
        (
            "--cargo-package=nothing*",
            "--cargo-package=nothing[*] matches no package: choose from c",
        ),
    ],
)
def test_an_option_that_makes_no_sense_is_one_line_and_exit_4(
    pytester: pytest.Pytester, write: Write, option: str, words: str
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK})
    result = run(pytester, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{words}*"])


@pytest.mark.parametrize(
    "name", ["Cargo.toml/out.xml", "Cargo.toml/new/out.xml", "/proc/none/x.xml"]
)
def test_a_junit_file_that_cannot_be_written_is_refused_before_anything_is_built(
    pytester: pytest.Pytester, write: Write, name: str
) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": OK})
    result = run(pytester, f"--junitxml={name}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = filter(None, result.errlines)
    assert line.startswith(f"ERROR: --junitxml={name} cannot be written (No")
    assert not (root / "target").exists()


@pytest.mark.parametrize("ini", [False, True])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("src", "--junitxml must be a filename, given: src"),  # pytest's own
        ("sealed/out.xml", "--junitxml=sealed/out.xml cannot be written (Permission denied"),
    ],
)
def test_a_junit_path_that_is_no_file_of_ours_is_refused(
    pytester: pytest.Pytester, write: Write, name: str, words: str, *, ini: bool
) -> None:
    """A directory, and a file where nobody may write: named in ``addopts`` or typed."""
    root = write({"Cargo.toml": "c", "src/lib.rs": OK})
    if ini:
        write({"pytest.ini": f"[pytest]\naddopts = --junitxml={name}\n"})
    (root / "sealed").mkdir(mode=0o500)
    if os.access(root / "sealed", os.W_OK) and name != "src":
        pytest.skip("may write everywhere")
    result = run(pytester, *([] if ini else [f"--junitxml={name}"]))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = filter(None, result.errlines)
    assert line.startswith(f"ERROR: {words}")
    assert not (root / "target").exists()


def test_the_folder_of_a_junit_file_is_made(pytester: pytest.Pytester, write: Write) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": OK})
    assert run(pytester, "--junitxml=new/folder/out.xml").ret == 0
    assert "ok" in (root / "new/folder/out.xml").read_text(encoding="utf-8")


@pytest.mark.pytest_side
@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("cargo_timeout = soon", "cargo_timeout = soon: give a number of seconds"),
        ("cpython_sys_abi = maybe", "cpython_sys_abi = maybe: choose one of auto, all, off"),
        ("cpython_sys_stale = maybe", "cpython_sys_stale = maybe: choose one of auto, warn, error"),
        (
            "cpython_sys_junit_properties = maybe",
            "cpython_sys_junit_properties = maybe: write true or false",
        ),
        ("cargo_isolate =", "cargo_isolate = : write true or false"),
    ],
)
def test_a_key_that_makes_no_sense_is_called_by_its_name(
    pytester: pytest.Pytester, write: Write, key: str, words: str
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK, "pytest.ini": f"[pytest]\n{key}\n"})
    result = run(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: pytest.ini: {words}*"])


@pytest.mark.pytest_side
@pytest.mark.parametrize("switch", ["--cpython-sys", "-ocpython_sys=true"])
def test_a_python_of_a_key_is_told_by_the_key(
    pytester: pytest.Pytester, write: Write, switch: str
) -> None:
    ini = "[pytest]\ncpython_sys_python = no-such\n"
    write({"Cargo.toml": "c", "src/lib.rs": OK, "pytest.ini": ini})
    result = pytester.runpytest(switch)
    assert result.ret
    text = result.stdout.str() + result.stderr.str()
    assert "cpython_sys_python in pytest.ini: `no-such` is not on PATH" in text
    assert "--cpython-sys-python" not in text


def test_the_switch_itself_is_called_by_its_name(pytester: pytest.Pytester, write: Write) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK, "pytest.ini": "[pytest]\ncpython_sys = maybe\n"})
    result = pytester.runpytest()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: cpython_sys in pytest.ini: write true or false (*maybe*)"])


@pytest.mark.pytest_side
def test_the_environment_is_printed(
    pytester: pytest.Pytester, write: Write, cargo_calls: Callable[[], list[str]]
) -> None:
    """As lines that a shell reads; nothing is built for that."""
    manifest = PACKAGE.format("c") + '[dependencies]\npyo3-ffi = "0.29"\n'
    write({"Cargo.toml": manifest, "src/lib.rs": OK})
    result = run(pytester, "--cpython-sys-env")
    assert result.ret == 0
    assert result.outlines[0] == "# added for cargo"
    assert result.outlines[1].startswith("export PYO3_PYTHON=")
    assert "# added for the tests" in result.outlines[2]
    assert {"build", "test"}.isdisjoint(cargo_calls())
    result = pytester.runpytest("--cpython-sys-env")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --cpython-sys-env: the plugin is off: add --cpython-sys"])


def test_a_python_that_cannot_start_is_named(
    pytester: pytest.Pytester, write: Write, tmp_path: Path
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK})
    broken = script(tmp_path / "python", "echo nonsense; exit 3")
    result = run(pytester, f"--cpython-sys-python={broken}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: * did not answer as a Python interpreter would (exit code 3*"]
    )


def test_a_directory_that_is_no_build_directory_is_named(
    pytester: pytest.Pytester, write: Write, tmp_path: Path
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK})
    result = run(pytester, f"--cpython-sys-python={tmp_path}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: no pyconfig.h in *: run ./configure there*"])
