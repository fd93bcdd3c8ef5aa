"""`@fmt` and `@clippy`: what continuous integration runs beside `cargo test`, an item a package."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from .conftest import PACKAGE, SEE_METADATA, outcomes, replace_once
from .test_beside_cargo import Recorder, in_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]
    Run = Callable[..., pytest.RunResult]
    Calls = Callable[[], list[str]]

MANIFEST = """
[package]
name = "thing"
version = "0.1.0"
edition = "2021"
[features]
more = []
[package.metadata.cpython-sys]
policies = ["fmt", "clippy"]
"""
LIB = """pub mod other;

pub fn f() -> u8 {
    1
}
"""
OTHER = "pub async fn g() {}\n"
FILES = {"Cargo.toml": MANIFEST, "src/lib.rs": LIB, "src/other.rs": OTHER}
FMT, CLIPPY = "src/lib.rs::@fmt", "src/lib.rs::@clippy"
GREEN = {FMT: "passed", CLIPPY: "passed"}
NEEDLESS = "\npub fn late() -> u8 {\n    return 1;\n}\n"
UNUSED = "\npub fn unused() {\n    let x = 1;\n}\n"
WRONG = 'const _: () = { ["Size of u8"][::std::mem::size_of::<u8>() - 2usize]; };\n'


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    def run(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest("--cpython-sys", "-rA", "-m", "rust_policy", *arguments)

    return run


def test_both_kept(write: Write, run: Run) -> None:
    write(FILES)
    result = run()
    assert outcomes(result) == GREEN
    assert result.ret == 0


# -- fmt ------------------------------------------------------------------------------------------


def test_fmt_shows_the_difference(write: Write, run: Run) -> None:
    root = write({**FILES, "src/other.rs": "\npub async fn g( ) {}\npub  fn h() {}\n"})
    result = run()
    assert outcomes(result) == {**GREEN, FMT: "failed"}
    result.stdout.fnmatch_lines(
        [
            "src/other.rs:1: rustfmt would change 1 file: run `cargo fmt`",
            "Diff in src/other.rs:1:",
            "-pub async fn g( ) {}",
            "+pub async fn g() {}",
            "with cargo alone: cargo fmt -p thing --check",
        ]
    )
    assert "\u23ce" not in result.stdout.str()
    write({"src/lib.rs": f"{LIB}\npub fn a( ) {{}}\n"})
    run().stdout.fnmatch_lines(["src/lib.rs:*: rustfmt would change 2 files: run `cargo fmt`"])
    subprocess.run(["cargo", "fmt"], cwd=root, check=True)
    assert outcomes(run()) == GREEN


def test_fmt_asks_only_when_something_changed(write: Write, run: Run, cargo_calls: Calls) -> None:
    """A configuration that appears, or a file that only another platform compiles, too."""
    gone = f"#[cfg(windows)]\npub mod gone;\n{LIB}"
    root = write({**FILES, "src/lib.rs": gone, "src/gone.rs": "pub fn w() {}\n"})
    assert outcomes(run()) == GREEN
    assert cargo_calls().count("fmt") == 2  # one asks for its version
    assert outcomes(run()) == GREEN
    assert not {"fmt", "clippy"} & {*cargo_calls()}
    (root / "rustfmt.toml").write_text("tab_spaces = 2\n", encoding="utf-8")
    result = run()
    assert outcomes(result) == {**GREEN, FMT: "failed"}
    result.stdout.fnmatch_lines(["src/lib.rs:*"])
    # One that is for nightly alone makes rustfmt warn, each time that it is asked.
    (root / "rustfmt.toml").write_text('imports_granularity = "Crate"\n', encoding="utf-8")
    assert outcomes(run()) == GREEN
    cargo_calls()
    assert outcomes(run()) == GREEN
    assert "fmt" not in cargo_calls()
    (root / "rustfmt.toml").unlink()
    replace_once(root / "src" / "gone.rs", "w()", "w( )")
    result = run()
    assert outcomes(result) == {**GREEN, FMT: "failed"}
    result.stdout.fnmatch_lines(["src/gone.rs:1: rustfmt would change 1 file: *"])
    cargo_calls()
    assert outcomes(run()) == {**GREEN, FMT: "failed"}
    assert "fmt" not in cargo_calls()


def test_fmt_looks_again_at_what_it_was_told_to_skip(write: Write, run: Run) -> None:
    write({**FILES, "src/other.rs": f"#![cfg_attr(rustfmt, rustfmt_skip)]\n{OTHER}   "})
    assert outcomes(run())[FMT] == "passed"
    write({"src/other.rs": "pub   fn   g() {}\n"})
    assert outcomes(run())[FMT] == "failed"


@pytest.mark.parametrize("place", ["home/.config/rustfmt/rustfmt.toml", "home/.rustfmt.toml"])
def test_fmt_heeds_the_users_own_configuration(
    write: Write, run: Run, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    root = write({f"project/{name}": text for name, text in FILES.items()})
    monkeypatch.chdir(root / "project")
    monkeypatch.setenv("HOME", str(root / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert outcomes(run())[FMT] == "passed"
    write({place: "hard_tabs = true\n"})
    assert outcomes(run())[FMT] == "failed"
    (root / place).unlink()
    assert outcomes(run())[FMT] == "passed"


def test_what_to_type_has_the_options_of_the_run(write: Write, run: Run) -> None:
    write({**FILES, "src/other.rs": f'{OTHER}#[cfg(feature = "more")]{NEEDLESS}'})
    result = run("--cargo-features=more")
    assert outcomes(result)[CLIPPY] == "failed"
    words = "with cargo alone: cargo clippy -p thing --features=more -- -D warnings"
    result.stdout.fnmatch_lines([words])


def test_fmt_leaves_generated_files_out(write: Write, run: Run) -> None:
    write(
        {
            **FILES,
            "build.rs": "fn main() {\n"
            '    let out = std::env::var("OUT_DIR").unwrap();\n'
            '    std::fs::write(out + "/g.rs", "pub fn made( ) {}").unwrap();\n'
            "}\n",
            "src/other.rs": 'include!(concat!(env!("OUT_DIR"), "/g.rs"));\n',
        }
    )
    assert outcomes(run()) == GREEN


def test_fmt_of_what_cannot_be_read(write: Write, run: Run) -> None:
    """By the edition of the manifest, in which `async` is no word."""
    write({**FILES, "Cargo.toml": MANIFEST.replace("2021", "2015")})
    result = run()
    assert outcomes(result) == dict.fromkeys(GREEN, "error")
    result.stdout.fnmatch_lines(
        [
            "*not evaluated: cargo fmt exited with code 1",
            "error[[]E0670]: `async fn` is not permitted *",
        ]
    )


# -- clippy ---------------------------------------------------------------------------------------


def test_clippy_shows_warnings_with_their_places(write: Write, run: Run) -> None:
    root = write({**FILES, "src/other.rs": f"{OTHER}{NEEDLESS}{UNUSED}"})
    result = run()
    assert outcomes(result) == {**GREEN, CLIPPY: "failed"}
    result.stdout.fnmatch_lines(
        [
            "src/other.rs:4: clippy reports 2 warnings; this policy accepts none",
            "warning: unneeded `return` statement",
            " --> src/other.rs:4:5",
            "warning: unused variable: `x`",
            " --> src/other.rs:8:9",
            "with cargo alone: cargo clippy -p thing -- -D warnings",
        ]
    )
    replace_once(root / "src" / "other.rs", OTHER, f"#![allow(clippy::needless_return)]\n{OTHER}")
    result = run()
    result.stdout.fnmatch_lines(["src/other.rs:9: clippy reports 1 warning; *"])
    lints = '[lints]\nrust.unused_variables = "allow"\n'
    write({"Cargo.toml": f"{MANIFEST}{lints}"})
    assert outcomes(run()) == GREEN


def test_clippy_counts_errors_and_warnings(write: Write, run: Run) -> None:
    """By their own words: a lint may be an error without `-D warnings`."""
    wrong = "\npub fn wrong(x: u32) -> bool {\n    x < 0\n}\n"
    write({**FILES, "src/other.rs": f"{OTHER}{wrong}"})
    result = run("-k", "clippy")
    assert outcomes(result) == {CLIPPY: "failed"}
    result.stdout.fnmatch_lines(
        [
            "src/other.rs:4: clippy reports 1 error and 1 warning; *",
            "error: this comparison *",
        ]
    )
    write({"src/other.rs": f"{OTHER}{NEEDLESS}{UNUSED}{wrong}"})
    run("-k", "clippy").stdout.fnmatch_lines(
        ["src/other.rs:4: clippy reports 1 error and 3 warnings; *"]
    )


def test_clippy_reads_what_people_let_it_read(write: Write, run: Run) -> None:
    """Libraries and programs with the features of the run; no tests, as `cargo clippy` does."""
    write(
        {
            **FILES,
            "src/lib.rs": f'{LIB}\n#[cfg(feature = "more")]\npub mod more;\n',
            "src/more.rs": NEEDLESS[1:],
            "tests/t.rs": f"#[test]\nfn t() {{}}\n{NEEDLESS}",
        }
    )
    assert outcomes(run()) == GREEN
    assert outcomes(run("--cargo-features=more")) == {**GREEN, CLIPPY: "failed"}
    assert outcomes(run()) == GREEN
    write({"src/bin/b.rs": f"fn main() {{\n    late();\n}}\n{NEEDLESS}"})
    result = run()
    assert outcomes(result) == {**GREEN, CLIPPY: "failed"}
    result.stdout.fnmatch_lines(["src/bin/b.rs:6: clippy reports 1 warning; *"])


def test_clippy_configuration_counts(write: Write, run: Run, cargo_calls: Calls) -> None:
    many = "pub fn many(_: u8, _: u8, _: u8) {}\n"
    root = write({**FILES, "src/other.rs": f"{OTHER}{many}"})
    assert outcomes(run()) == GREEN
    cargo_calls()
    (root / "clippy.toml").write_text("too-many-arguments-threshold = 2\n", encoding="utf-8")
    assert outcomes(run()) == {**GREEN, CLIPPY: "failed"}
    cargo_calls()
    assert outcomes(run()) == {**GREEN, CLIPPY: "failed"}
    assert "clippy" not in cargo_calls()


def test_clippy_looks_again_where_a_dependency_by_path_has_changed(
    write: Write, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = MANIFEST + '[dependencies]\nouter = { path = "../outer" }\n'
    root = write(
        {
            "in/Cargo.toml": manifest,
            "in/src/lib.rs": f"{LIB}\npub fn call() {{\n    outer::f();\n}}\n",
            "in/src/other.rs": OTHER,
            "outer/Cargo.toml": PACKAGE.format("outer"),
            "outer/src/lib.rs": "pub fn f() -> u8 { 1 }\n",
        }
    )
    monkeypatch.chdir(root / "in")
    assert outcomes(run())[CLIPPY] == "passed"
    replace_once(root / "outer/src/lib.rs", "pub fn", "#[must_use] pub fn")
    assert outcomes(run())[CLIPPY] == "failed"


def test_clippy_configuration_may_be_where_cargo_s_says(write: Write, run: Run) -> None:
    arguments = ", ".join(f"a{number}: u8" for number in range(5))
    names = ", ".join(f"a{number}" for number in range(5))
    code = f"\npub fn several({arguments}) -> [u8; 5] {{\n    [{names}]\n}}\n"
    write({**FILES, "src/lib.rs": LIB + code, "conf/clippy.toml": ""})
    write({".cargo/config.toml": '[env]\nCLIPPY_CONF_DIR = { value = "conf", relative = true }\n'})
    assert outcomes(run())[CLIPPY] == "passed"
    write({"conf/clippy.toml": "too-many-arguments-threshold = 3\n"})
    assert outcomes(run())[CLIPPY] == "failed"


def test_a_lint_that_is_an_error_and_what_needs_its_crate(write: Write, run: Run) -> None:
    """It fails; of what could not be checked for it, nothing is said to be in order."""
    user = MANIFEST.replace("thing", "user") + '[dependencies]\nthing = { path = "../thing" }\n'
    lib = "pub fn f(x: u32) -> bool {\n    x <= 0 && x < 0\n}\n"
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["thing", "user", "free"]\nresolver = "2"\n',
            "thing/Cargo.toml": MANIFEST,
            "thing/src/lib.rs": lib,
            "user/Cargo.toml": user,
            "user/src/lib.rs": "",
            "free/Cargo.toml": MANIFEST.replace("thing", "free"),
            "free/src/lib.rs": "",
        }
    )
    result = run("-k", "clippy")
    assert outcomes(result) == {
        "thing/src/lib.rs::@clippy": "failed",
        "user/src/lib.rs::@clippy": "error",
        "free/src/lib.rs::@clippy": "passed",
    }
    result.stdout.fnmatch_lines(["user/src/lib.rs:1: not evaluated: *", "thing failed"])
    result.stdout.fnmatch_lines(["thing/src/lib.rs:2: *", "error: this comparison *"])


def test_what_does_not_compile_is_not_evaluated(write: Write, run: Run) -> None:
    write({**FILES, "src/other.rs": "pub fn f() -> u8 {\n    missing()\n}\n"})
    result = run()
    assert outcomes(result) == {**GREEN, CLIPPY: "error"}
    result.stdout.fnmatch_lines(
        ["*not evaluated: the package does not compile under clippy", "error*E0425*"]
    )


def test_a_layout_that_is_wrong(write: Write, run: Run) -> None:
    """The second build is without it, and clippy reads that."""
    root = write({**FILES, "src/other.rs": f"{OTHER}{WRONG}"})
    found = outcomes(run())
    assert found[CLIPPY] == "passed"
    replace_once(root / "src" / "lib.rs", LIB, f"{LIB}{NEEDLESS}")
    result = run()
    assert outcomes(result)[CLIPPY] == "failed"
    result.stdout.fnmatch_lines(
        ["src/lib.rs:8: clippy reports 1 warning; *", " --> src/lib.rs:8:5"]
    )


# -- both -----------------------------------------------------------------------------------------


def test_which_packages(write: Write, run: Run) -> None:
    plain = MANIFEST.partition("[package.metadata")[0]
    # A workspace with a package `cpython-sys` does not ask by having it.
    write({**FILES, "Cargo.toml": plain.replace("thing", "cpython-sys")})
    assert not {FMT, CLIPPY} & outcomes(run()).keys()
    assert {FMT, CLIPPY} <= outcomes(run("--cpython-sys-policies=all")).keys()
    write({"Cargo.toml": MANIFEST.replace('"fmt", "clippy"', '"fmt"')})
    assert outcomes(run()) == {FMT: "passed"}
    assert outcomes(run("-o", "cpython_sys_policies=off")) == {}
    write({"Cargo.toml": MANIFEST.replace('"fmt"', '"format"')})
    result = run()
    assert outcomes(result) == {CLIPPY: "error", "Cargo.toml::@metadata": "error"}
    result.stdout.fnmatch_lines_random(
        ["*unknown policy `format`: did you mean `fmt`[?]", SEE_METADATA]
    )
    result.stdout.no_fnmatch_line("*with cargo alone*")


def test_packages_without_a_library(write: Write, run: Run) -> None:
    main = "fn main() {}\n"
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b", "c"]\nresolver = "2"\n',
            **{f"{name}/Cargo.toml": MANIFEST.replace("thing", name) for name in ("a", "b", "c")},
            "a/src/main.rs": main,
            "a/src/bin/other.rs": main,
            "b/src/bin/b.rs": main,
            "c/tests/t.rs": "#[test]\nfn t() {}\n",
        }
    )
    assert outcomes(run()) == dict.fromkeys(
        [
            *("a/src/main.rs::@fmt", "a/src/main.rs::@clippy"),
            *("b/src/bin/b.rs::@fmt", "b/src/bin/b.rs::@clippy"),
            *("c/tests/t.rs::@fmt", "c/tests/t.rs::@clippy"),
        ],
        "passed",
    )


def test_components_that_are_missing(
    write: Write, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(FILES)
    proxy = tmp_path / "cargo"
    proxy.write_text(
        '#!/bin/sh\ncase "$1" in clippy|fmt) echo "error: no such command: $1" >&2; exit 101;; '
        f'esac\nexec {shutil.which("cargo")} "$@"\n',
        encoding="utf-8",
    )
    proxy.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("CARGO", str(proxy))
        result = run()
    assert outcomes(result) == dict.fromkeys(GREEN, "error")
    for component, command in (("clippy", "clippy"), ("rustfmt", "fmt")):
        result.stdout.fnmatch_lines(
            [f"*not evaluated: {component}, *no such command: {command}*add {component}`)*"]
        )
    assert outcomes(run()) == GREEN


def test_cargo_and_pytest_in_turns_compile_nothing(
    write: Write, pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(FILES)
    recorder = Recorder(tmp_path, monkeypatch)
    assert in_turns(pytester, root, recorder) == [[], [], [], []]
    # What clippy has said here, it need not find out again for its user.
    done = subprocess.run(["cargo", "clippy"], cwd=root, check=True, capture_output=True)
    assert b"Checking" not in done.stderr


def test_xdist_asks_once(
    write: Write, run: Run, cargo_calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("xdist")
    monkeypatch.setenv("CARGO_TARGET_DIR", str(tmp_path / "elsewhere"))
    root = write(FILES)
    assert outcomes(run("-n2")) == GREEN
    calls = cargo_calls()
    assert (calls.count("clippy"), calls.count("fmt")) == (2, 2)
    assert not (root / "target").exists()


def test_another_target_directory(write: Write, run: Run, tmp_path: Path) -> None:
    root = write(FILES)
    assert outcomes(run(f"--cargo-target-dir={tmp_path / 'elsewhere'}")) == GREEN
    assert not (root / "target").exists()


def test_two_packages_with_one_root_file(pytester: pytest.Pytester, write: Write) -> None:
    """The second one's item is told from the first's by its id; each is about its own package."""
    asks = '[package.metadata.cpython-sys]\npolicies = ["fmt", "clippy", "unsafe"]\n'
    api = "[package.metadata.cpython-sys.api]\nno-mut-ref = ['Seen']\n"
    files = {"Cargo.toml": "[workspace]\nmembers = ['a', 'b']\nresolver = '2'\n"}
    for name, more in (("a", ""), ("b", "default = ['late']\n")):
        head = PACKAGE.format(name)
        head += "[lib]\npath = '../shared.rs'\n[features]\nlate = []\n"
        files[f"{name}/Cargo.toml"] = f"{head}{more}{asks}{api}"
    files["shared.rs"] = (
        "pub struct Seen;\n\n"
        '#[cfg(feature = "late")]\npub fn late(_: &mut Seen) -> u8 {\n    return 1;\n}\n'
    )
    write(files)
    found = outcomes(pytester.runpytest("--cpython-sys", "-rA", "-m", "rust_policy"))
    for kind, second in (("@fmt", "passed"), ("@clippy", "failed"), ("@api::no-mut-ref", "failed")):
        assert found[f"shared.rs::{kind}"] == "passed", kind
        assert found[f"shared.rs::{kind}-2"] == second, kind
