"""What did not build says why: the cause, once, with its first error in every one-line summary."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from junitparser import JUnitXml

from pytest_cpython_sys.cargo import Cargo

from .conftest import PACKAGE, outcomes, python_with_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

OK = "#[test] fn ok() {}\n"
BROKEN = 'pub fn f() -> u32 {\n    "text"\n}\n'


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest("--cpython-sys", "-rA", "-p", "no:cacheprovider", *arguments)


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def short_summary(result: pytest.RunResult) -> dict[str, str]:
    """Return what the short summary says of each item."""
    lines = [line for line in result.outlines if line.startswith(("FAILED ", "ERROR "))]
    return dict(line.partition(" ")[2].split(" - ", 1) for line in lines)


# -- the first error, wherever there is one line ------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "error", "origin"),
    [
        ("--cargo-features=zap", "*does not contain this feature: zap", "`zap` comes from --car"),
        ("--cargo-profile=zap", "profile `zap` is not defined", "`zap` comes from --cargo-profile"),
        ("--cargo-args=--zap", "unexpected argument '--zap' *", "`--zap` comes from --cargo-args"),
        ("--cargo-args=--test zap", "no test target named `zap`*", "`--test zap` comes from --ca"),
        ("--cargo-args=-p zap", "package(s) `zap` not found *", "`-p zap` comes from --cargo-ar"),
        ("--cargo-args=--jobs=0", "jobs may not be 0", "`--jobs=0` comes from --cargo-args"),
        ("--cargo-args=-p", "*SPEC format*", "`-p` comes from --cargo-args"),
        ("--cargo-target-dir=pytest.ini", "*", "`pytest.ini` comes from --cargo-target-dir: choo"),
        ("--cargo-target-dir=pytest.ini/x", "*", "`pytest.ini/x` comes from --cargo-target-dir"),
        ("--cargo-target-dir=/proc/x", "*", "`/proc/x` comes from --cargo-target-dir"),
        ("-ocargo_target_dir=/proc/x", "*", "`/proc/x` comes from -o cargo_target_dir"),
        ("--cargo-args=--target-dir=/proc/x", "*", "`--target-dir=/proc/x` comes from --cargo-a"),
        ("--cargo-target=zap", "*find spec*", "`zap` comes from --cargo-target"),
        (
            "-ocargo_features=zap",
            "*does not contain this feature: zap",
            "`zap` comes from -o cargo_features",
        ),
        ("-v", "*this feature: ini", "`ini` comes from cargo_features in pytest.ini: correct or "),
    ],
)
def test_an_option_that_cargo_refuses_is_named(
    pytester: pytest.Pytester, write: Write, argument: str, error: str, origin: str
) -> None:
    ini = "[pytest]\ncargo_features = ini\n" if argument == "-v" else "[pytest]\n"
    write({"Cargo.toml": "c", "src/lib.rs": OK, "pytest.ini": ini})
    place = "Cargo.toml" if "feature" in error or "profile" in error else "src/lib.rs"
    result = run(pytester, argument)
    assert outcomes(result) == {"src/lib.rs::@build": "failed"}
    result.stdout.fnmatch_lines(
        [f"{place}:1: not built: cargo failed: {error}", f"{origin}*"], consecutive=True
    )


def test_a_target_directory_that_cannot_be_used(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARGO_TARGET_DIR", "pytest.ini")
    root = write({"Cargo.toml": "c", "src/lib.rs": OK, "pytest.ini": "[pytest]"})
    words = f"cargo cannot write to `{root / 'pytest.ini'}`: choose another directory with "
    assert f"{words}--cargo-target-dir" in run(pytester).outlines


@pytest.mark.parametrize(
    ("dependency", "error", "advice"),
    [
        ('{ path = "nope" }', "failed to get `nope` as a *", "there is no package at */nope: *"),
        ('{ path = "no", package = "real" }', "failed to get `real` as a *", "*`path` of `nope` *"),
        ('{ path = "egg" }', "no matching package *", "location searched: */egg"),
        ('{ path = "egg", package = "egg", version = "2" }', "failed to select *", "candidate*"),
        ('{ path = "egg", package = "egg", features = ["x"] }', "*feature `x` but*", "error: *"),
    ],
)
def test_a_dependency_that_cannot_be_used(
    pytester: pytest.Pytester, write: Write, dependency: str, error: str, advice: str
) -> None:
    """It is told where it is written."""
    manifest = PACKAGE.format("c") + f"\n[dev-dependencies]\nnope = {dependency}\n"
    files = {"egg/Cargo.toml": PACKAGE.format("egg"), "egg/src/lib.rs": ""}
    write({**files, "Cargo.toml": manifest, "src/lib.rs": OK})
    line = manifest.split("nope = ")[0].count("\n") + 1
    result = run(pytester, "src")
    assert outcomes(result) == {"src/lib.rs::@build": "failed"}
    result.stdout.fnmatch_lines(
        [f"Cargo.toml:{line}: not built: cargo failed: {error}", f"{advice}"], consecutive=True
    )


def test_a_linkers_own_words_without_its_call(
    pytester: pytest.Pytester, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK})
    host = Cargo().toolchain.host
    variable = f"CARGO_TARGET_{host.upper().replace('-', '_')}_LINKER"
    monkeypatch.setenv(
        variable, script(tmp_path / "ld", "echo 'x.o: file in wrong format'; exit 1")
    )
    result = run(pytester, f"--cargo-target={host}")
    assert outcomes(result) == {"src/lib.rs::@build": "failed"}
    assert (
        f"set {variable} to a linker for the target, such as gcc's cross compiler"
        in result.stdout.str()
    )
    result.stdout.fnmatch_lines(
        ["error: linking with `*ld` failed: exit status: 1", "*= note: x.o: *"]
    )
    assert '"-o"' not in result.stdout.str()


def test_one_line_is_the_first_error_and_its_place(
    pytester: pytest.Pytester, write: Write, tmp_path: Path
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": BROKEN + BROKEN.replace("f()", "g()")})
    words = "error[E0308]: mismatched types (src/lib.rs:2)"
    result = run(pytester, f"--junitxml={tmp_path / 'junit.xml'}")
    assert short_summary(result) == {"src/lib.rs::@build": words}
    text = result.stdout.str()
    assert text.count("error[E0308]: mismatched types\n") == 2, "each error once"
    assert "src/lib.rs:2: not built: 2 errors in c (lib): its unit tests did not run\n" in text
    assert "\nc  1 unbuilt target, 1 failed\n" in text
    (suite,) = JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    (case,) = suite
    assert [entry.message for entry in case.result] == [words]

    result = run(pytester, "--collect-only", "-q")
    result.stdout.fnmatch_lines(["did not build: src/lib.rs::@build"])
    assert [line for line in result.outlines if words in line] == [
        f"ERROR src/lib.rs::@build - {words}"
    ]


def test_what_was_deselected_says_why_it_did_not_build(
    pytester: pytest.Pytester, write: Write
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK, "tests/bad.rs": BROKEN})
    words = "    error[[]E0308]: mismatched types (tests/bad.rs:2)"
    result = run(pytester, "-k", "ok")
    result.stdout.fnmatch_lines(["did not build: tests/bad.rs::@build", words])
    assert result.ret == 1
    # Who has asked the item knows.
    result.stdout.no_fnmatch_line("FAILED*")
    run(pytester).stdout.no_fnmatch_line(words)


@pytest.mark.parametrize("style", ["long", "short", "line", "native"])
def test_errors_are_shown_once_in_every_style(
    pytester: pytest.Pytester, write: Write, style: str
) -> None:
    """A library is compiled twice; what it blocks says what keeps it."""
    write({"Cargo.toml": "c", "src/lib.rs": BROKEN, "src/main.rs": OK, "tests/t.rs": OK})
    result = run(pytester, f"--tb={style}")
    text = result.stdout.str()
    assert text.count('"text"\n') == 1
    words = "error[E0308]: mismatched types (src/lib.rs:2)"
    names = ("src/lib.rs", "src/main.rs", "tests/t.rs")
    assert short_summary(result) == {f"{name}::@build": words for name in names}


def test_an_error_in_a_file_of_two_targets_is_shown_for_each(
    pytester: pytest.Pytester, write: Write
) -> None:
    use = '#[path = "common/mod.rs"] mod common;\n'
    write({"Cargo.toml": "c", "tests/a.rs": use, "tests/b.rs": use, "tests/common/mod.rs": BROKEN})
    result = run(pytester)
    words = "error[E0308]: mismatched types (tests/common/mod.rs:2)"
    assert short_summary(result) == {"tests/a.rs::@build": words, "tests/b.rs::@build": words}
    assert result.stdout.str().count('"text"\n') == 2


def test_an_error_in_a_generated_file_names_no_directory(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": "c",
            "build.rs": 'fn main() { let out = std::env::var("OUT_DIR").unwrap();\n'
            'std::fs::write(out + "/made.rs", "pub fn f() -> u32 { \\"\\" }").unwrap(); }\n',
            "src/lib.rs": 'include!(concat!(env!("OUT_DIR"), "/made.rs"));\n',
        }
    )
    words = "error[E0308]: mismatched types (made.rs:1)"
    assert short_summary(run(pytester)) == {"src/lib.rs::@build": words}


# -- who is to blame ----------------------------------------------------------------------------


def test_a_build_script_that_does_not_compile(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": "a",
            "a/build.rs": 'fn main() {\n    let x: u32 = "text";\n}\n',
            "a/src/lib.rs": OK,
            "a/tests/t.rs": OK,
            "b/Cargo.toml": PACKAGE.format("b") + '[dependencies]\na = { path = "../a" }\n',
            "b/src/lib.rs": OK,
        }
    )
    result = run(pytester)
    words = "error[E0308]: mismatched types (a/build.rs:2)"
    names = ("a/src/lib.rs", "a/tests/t.rs", "b/src/lib.rs")
    assert short_summary(result) == {f"{name}::@build": words for name in names}
    text = result.stdout.str()
    assert text.count('let x: u32 = "text";\n') == 1
    assert text.count("not built: the build script of a failed to compile\n") == 2
    assert text.count("not built: a failed: its build script does not compile\n") == 1


def test_a_build_script_that_just_ends(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "build.rs": 'fn main() { eprintln!("no spam"); std::process::exit(3); }\n',
            "src/lib.rs": OK,
        }
    )
    words = "the build script of c failed: no spam"
    assert short_summary(run(pytester)) == {"src/lib.rs::@build": words}


def outside(root: Path, how: str) -> dict[str, str]:
    """Return files of a package whose dependency is no member, and does not compile."""
    if how == "path":
        return {
            "c/Cargo.toml": PACKAGE.format("c") + '[dependencies]\ndep = { path = "../dep" }\n',
            "dep/Cargo.toml": PACKAGE.format("dep") + "[workspace]\n",
            "dep/src/lib.rs": BROKEN,
        }
    return {
        "c/Cargo.toml": PACKAGE.format("c") + '[dependencies]\ndep = "0.1"\n',
        "c/.cargo/config.toml": '[source.crates-io]\nreplace-with = "here"\n'
        f'[source.here]\ndirectory = "{root / "vendor"}"\n',
        "vendor/dep/Cargo.toml": PACKAGE.format("dep"),
        "vendor/dep/.cargo-checksum.json": '{"files": {}}',
        "vendor/dep/src/lib.rs": BROKEN,
    }


@pytest.mark.parametrize("how", ["path", "registry"])
def test_a_dependency_outside_the_workspace(
    pytester: pytest.Pytester, write: Write, how: str
) -> None:
    root = write(outside(pytester.path, how))
    write({"c/src/lib.rs": OK, "c/tests/t.rs": OK})
    result = run(pytester, "c")
    where = "dep" if how == "path" else "vendor/dep"
    words = f"error[E0308]: mismatched types ({where}/src/lib.rs:2)"
    assert short_summary(result) == dict.fromkeys(
        ("c/src/lib.rs::@build", "c/tests/t.rs::@build"), words
    )
    text = result.stdout.str()
    assert text.count("not built: dep failed\n") == 2
    assert text.count('"text"\n') == 1
    assert str(root) in text  # rustc's own words on where it is

    # Whoever asks for what was blocked alone gets all of it.
    result = run(pytester, "c/tests/t.rs::ok")
    assert outcomes(result) == {"c/tests/t.rs::ok": "error"}
    assert '"text"\n' in result.stdout.str()
    assert short_summary(result) == {"c/tests/t.rs::ok": words}


# -- compilers that do not come to their end ----------------------------------------------------

BY_NAME = 'case "$*" in *"--crate-name {} "*) {};; esac\nexec "$@"'


def wrapped(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, crate: str, doing: str
) -> None:
    """Let cargo start compilers through a program that does something else for one crate."""
    path = script(pytester.path / "wrapper", BY_NAME.format(crate, doing))
    monkeypatch.setenv("RUSTC_WRAPPER", path)


def test_a_killed_compiler(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK, "tests/bad.rs": OK, "tests/good.rs": OK})
    wrapped(pytester, monkeypatch, "bad", "kill -9 $$")
    result = run(pytester)
    assert outcomes(result) == {
        "src/lib.rs::ok": "passed",
        "tests/bad.rs::@build": "failed",
        "tests/good.rs::ok": "passed",
    }
    words = short_summary(result)["tests/bad.rs::@build"]
    assert words.startswith("rustc exited early: signal: 9, SIGKILL: kill; probably because")
    text = result.stdout.str()
    assert "`rustc --crate-name bad ...` (signal: 9, SIGKILL: kill)" in text
    assert "--emit" not in text, "a command line that fills a screen helps nobody"


def test_a_killed_compiler_of_a_library_names_itself_where_it_blocks(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK, "tests/t.rs": OK})
    wrapped(pytester, monkeypatch, "c", "kill -9 $$")
    found = short_summary(run(pytester))
    assert found["src/lib.rs::@build"].startswith("rustc exited early: signal: 9, SIGKILL: kill")
    assert found["tests/t.rs::@build"].startswith("c (lib) failed: rustc exited early: signal: 9")


def test_a_compiler_that_was_killed_once(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had no memory, say, and then it has: cargo has built everything, and so says the run."""
    write({"Cargo.toml": "c", "src/lib.rs": OK, "tests/t.rs": OK})
    there = pytester.path / "killed"
    wrapped(pytester, monkeypatch, "t", f"mkdir {there} 2> /dev/null && kill -9 $$")
    result = run(pytester)
    built = subprocess.run(["cargo", "test", "--no-run"], check=False, capture_output=True)
    assert built.returncode == 0
    assert (result.ret == 0) == ("did not build" not in result.stdout.str())


def test_a_crashed_compiler(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": BROKEN})
    monkeypatch.setenv("RUSTC_BOOTSTRAP", "1")
    monkeypatch.setenv("RUSTC_ICE", "0")
    monkeypatch.setenv("RUST_BACKTRACE", "1")
    wrapped(pytester, monkeypatch, "c", 'exec "$@" -Ztreat-err-as-bug=1')
    result = run(pytester)
    words = "error: internal compiler error[E0308]: mismatched types (src/lib.rs:2)"
    assert short_summary(result) == {"src/lib.rs::@build": words}


def test_a_compiler_that_dies_without_an_error(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK})
    wrapped(pytester, monkeypatch, "c", 'echo "error: the spam is off" >&2; exit 1')
    result = run(pytester)
    assert short_summary(result) == {"src/lib.rs::@build": "error: the spam is off"}


# -- a full disk, few descriptors ---------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 100 kilobytes."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = shutil.which("mount")
    words = [str(mount), "-t", "tmpfs", "-o", "size=100k", "small", str(path)]
    if mount is None or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no right to mount a file system")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_full_disk(pytester: pytest.Pytester, write: Write, small_disk: Path) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK})
    result = run(pytester, f"--cargo-target-dir={small_disk / 'target'}")
    # What else fails depends on how far cargo comes.
    found = short_summary(result)
    assert "the disk is full: free some space" in found["src/lib.rs::@build"]
    assert result.ret == 1


def test_a_full_disk_in_a_compilers_words(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK})
    words = "error: failed to write x: No space left on device (os error 28)"
    wrapped(pytester, monkeypatch, "c", f'echo "{words}" >&2; exit 1')
    result = run(pytester)
    assert short_summary(result)["src/lib.rs::@build"].startswith(
        "the disk is full: free some space"
    )
    assert words in result.stdout.str()


def test_a_source_that_speaks_of_a_full_disk_is_no_full_disk(
    pytester: pytest.Pytester, write: Write
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": 'pub fn f() -> u32 { "No space left on device" }\n'})
    words = "error[E0308]: mismatched types (src/lib.rs:1)"
    assert short_summary(run(pytester)) == {"src/lib.rs::@build": words}


GREEDY = """
import os, resource, pytest

kept = []

@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart():
    resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))
    while True:
        try:
            kept.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            break

def pytest_unconfigure():
    for one in kept:
        os.close(one)
"""


def test_few_descriptors(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever cannot be opened, nobody is told to install Rust."""
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": OK,
            "conftest.py": GREEDY,
        }
    )
    result = run(pytester)
    text = result.stdout.str() + result.stderr.str()
    assert "(Too many open files). Raise the limit (`ulimit -n 4096`)" in text
    assert "Install Rust" not in text
    assert "Traceback" not in text
    assert result.ret == pytest.ExitCode.USAGE_ERROR


# -- cargo itself -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    ["--quiet", "-q", "-qv", "--message-format=short", "--message-format human", "--no-fail-fast"],
)
def test_how_cargo_is_to_speak_changes_no_verdict(
    pytester: pytest.Pytester, write: Write, words: str
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK, "tests/bad.rs": BROKEN})
    result = run(pytester, f"--cargo-args={words}")
    assert outcomes(result) == {"src/lib.rs::ok": "passed", "tests/bad.rs::@build": "failed"}
    assert list(short_summary(result).values()) == [
        "error[E0308]: mismatched types (tests/bad.rs:2)"
    ]


def test_a_quiet_configuration_changes_no_verdict(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        {
            "Cargo.toml": "c",
            ".cargo/config.toml": "[term]\nquiet = true\n",
            "src/lib.rs": OK,
            "tests/bad.rs": "#[test] fn t() { (); }\n",
        }
    )
    wrapped(pytester, monkeypatch, "bad", "kill -9 $$")
    result = run(pytester)
    assert outcomes(result) == {"src/lib.rs::ok": "passed", "tests/bad.rs::@build": "failed"}
    assert "SIGKILL" in short_summary(result)["tests/bad.rs::@build"]


def test_a_word_that_cargo_does_not_know(pytester: pytest.Pytester, write: Write) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK, "tests/t.rs": OK})
    result = run(pytester, "--cargo-args=--spam")
    words = "error: unexpected argument '--spam' found"
    assert set(short_summary(result).values()) == {words}


@pytest.mark.skipif(shutil.which("rustup") is None, reason="needs rustup")
@pytest.mark.parametrize("where", ["file", "home"])
def test_a_toolchain_that_is_not_there_is_not_the_manifests_fault(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    write({"a/Cargo.toml": "a", "a/src/lib.rs": OK})
    monkeypatch.setenv("RUST_BACKTRACE", "1")
    if where == "file":
        write({"a/rust-toolchain.toml": '[toolchain]\nchannel = "of-my-own"\n'})
    else:
        monkeypatch.setenv("RUSTUP_HOME", str(pytester.path / "empty"))
    result = run(pytester)
    found = short_summary(result)
    text = result.stdout.str()
    assert list(found) == ["a/Cargo.toml::@build"]
    assert found["a/Cargo.toml::@build"].startswith("error: ")
    assert "a/Cargo.toml: `cargo -V` fails in its directory. Install the toolchain" in text
    assert "cargo refuses" not in text
    assert "tack backtrace" not in text


def test_a_refused_manifest_says_why_in_one_line(pytester: pytest.Pytester, write: Write) -> None:
    write({"a/Cargo.toml": "[package]\nname = 3\n", "a/src/lib.rs": OK})
    (words,) = short_summary(run(pytester)).values()
    assert words.startswith("error: invalid type: integer `3`")


@pytest.mark.skipif(os.name == "nt", reason="no such permission")
def test_a_cargo_that_may_not_be_started(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": OK})
    path = tmp_path / "cargo"
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o644)
    monkeypatch.setenv("CARGO", str(path))
    result = run(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: {path} cannot be started (Permission denied). Make it executable*chmod*$CARGO *"]
    )


def test_a_library_that_fails_as_a_test_alone_blocks_nothing(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["low", "up"]\nresolver = "2"\n',
            "low/Cargo.toml": PACKAGE.format("low"),
            "low/src/lib.rs": 'pub fn f() -> i32 { 1 }\n#[test] fn l() { let _: i32 = "x"; }\n',
            "low/tests/it.rs": "#[test] fn it() { assert_eq!(low::f(), 1); }\n",
            "up/Cargo.toml": PACKAGE.format("up") + '[dependencies]\nlow = { path = "../low" }\n',
            "up/src/lib.rs": "#[test] fn up() { assert_eq!(low::f(), 1); }\n",
        }
    )
    for _ in range(2):
        assert outcomes(run(pytester)) == {
            "low/src/lib.rs::@build": "failed",
            "low/tests/it.rs::it": "passed",
            "up/src/lib.rs::up": "passed",
        }


def test_what_a_completing_build_does_not_build_is_not_forgotten(
    pytester: pytest.Pytester, write: Write
) -> None:
    """One library alone is built as what others link to; it fails, and all tests build."""
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": PACKAGE.format("a"),
            "a/src/lib.rs": '#[cfg(not(test))] pub fn broken() -> u8 { "text" }\n'
            "#[test] fn runs() {}\n",
            "b/Cargo.toml": PACKAGE.format("b") + "[lib]\ndoctest = false\n",
            "b/src/lib.rs": "#[test] fn runs() {}\n",
        }
    )
    result = run(pytester)
    assert outcomes(result) == {
        "a/src/lib.rs::@build": "failed",
        "a/src/lib.rs::runs": "passed",
        "b/src/lib.rs::runs": "passed",
    }
    assert result.ret == 1


def test_a_python_that_pyo3_does_not_know(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, pyo3_target: Path
) -> None:
    """Its build script says what is wrong; what to do comes first."""
    python = python_with_headers("3.13").executable
    monkeypatch.setenv("CARGO_TARGET_DIR", str(pyo3_target))
    manifest = PACKAGE.format("c") + '[dependencies]\npyo3-ffi = "=0.20.3"\n'
    write({"Cargo.toml": manifest, "src/lib.rs": "#[test] fn ok() {}\n"})
    result = pytester.runpytest("--cpython-sys", "-rA", f"--cpython-sys-python={python}")
    assert outcomes(result) == {"src/lib.rs::@build": "failed"}
    cure = (
        "this version of pyo3 supports Python up to 3.12, and this is Python 3.13: update pyo3 in "
        "Cargo.toml, or choose an older Python with --cpython-sys-python=PATH, or set "
        "PYO3_USE_ABI3_FORWARD_COMPATIBILITY=1 to build anyway"
    )
    result.stdout.fnmatch_lines(
        [
            "src/lib.rs:1: not built: pyo3-ffi failed",
            cure,
            "",
            "error: failed to run custom build *",
        ],
        consecutive=True,
    )
    assert result.stdout.str().count("is newer than PyO3's maximum") == 1


@pytest.mark.parametrize(
    ("table", "level"),
    [
        ('[lib]\npath = "src/none.rs"\n', "@lib-c"),
        ('[[bin]]\nname = "b"\npath = "src/none.rs"\n', "@bin-b"),
        ('[[test]]\nname = "t"\npath = "src/none.rs"\n', "@test-t"),
    ],
)
def test_a_target_without_its_file(
    pytester: pytest.Pytester, write: Write, table: str, level: str
) -> None:
    """Pytest collects files that are there: the manifest's item says what is wrong."""
    write({"Cargo.toml": PACKAGE.format("c") + table, "src/main.rs": f"fn main() {{}}\n{OK}"})
    result = run(pytester)
    told = short_summary(result)
    name = f"Cargo.toml::{level}::@build"
    assert "can't find" in told[name]
    assert result.ret == 1
    assert outcomes(run(pytester, name)) == {name: "failed"}
    result.stdout.no_fnmatch_line("*report this as a bug*")
