"""All that is wrong in a layout block, and the tests of a crate that has one."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from .conftest import PACKAGE, outcomes, replace_once, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

BLOCK = """
#[repr(C)] pub struct {name} {{ pub a: u32, pub b: u64 }}
const _: () = {{
    ["Size of {name}"][::std::mem::size_of::<{name}>() - {size}usize];
    ["Alignment of {name}"][::std::mem::align_of::<{name}>() - {align}usize];
    ["Offset of field: {name}::a"][::std::mem::offset_of!({name}, a) - 0usize];
    ["Offset of field: {name}::b"][::std::mem::offset_of!({name}, b) - {offset}usize];
}};
"""


def block(name: str, size: int = 16, align: int = 8, offset: int = 8) -> str:
    return BLOCK.format(name=name, size=size, align=align, offset=offset)


WRONG = {"size": 24, "align": 4, "offset": 4}
LIBRARY = (
    """//! ```
//! assert_eq!(lay::two(), 2);
//! ```
pub mod inner;
pub fn two() -> i32 { 2 }
pub const TEXT: &str = include_str!("../../text.txt");
"""
    + block("A", **WRONG)
    + block("B")
    + """
#[cfg(test)] mod tests {
    #[test] fn paths() {
        assert_eq!(file!(), "lay/src/lib.rs");
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/data.txt");
        assert_eq!(std::fs::read_to_string(file).unwrap(), "data");
        assert_eq!(std::fs::read_to_string("data.txt").unwrap(), "data");
        assert_eq!(crate::TEXT, "text");
        assert!(std::env::var_os("RUSTC_WRAPPER").is_none());
    }
    #[test] fn fails() { assert_eq!(crate::two(), 3); }
}
"""
)
FILES = {
    "Cargo.toml": '[workspace]\nmembers = ["lay", "user"]\nresolver = "2"\n',
    "text.txt": "text",
    "lay/Cargo.toml": "lay",
    "lay/data.txt": "data",
    "lay/src/lib.rs": LIBRARY,
    "lay/src/inner.rs": "#[test]\nfn fails() {\n    panic!()\n}\n",
    "lay/tests/it.rs": "#[test] fn two() { assert_eq!(lay::two(), 2); }\n",
    "user/Cargo.toml": '[package]\nname = "user"\nversion = "0.1.0"\nedition = "2021"\n'
    '[dependencies]\nlay = { path = "../lay" }\n',
    "user/src/lib.rs": block("U")
    + block("V", **WRONG)
    + "#[test] fn uses() { assert_eq!(lay::two(), 2); }\n",
}
OUTCOMES = {
    "lay/src/lib.rs::bindgen_test_layout_A": "failed",
    "lay/src/lib.rs::bindgen_test_layout_B": "passed",
    "lay/src/lib.rs::tests::paths": "passed",
    "lay/src/lib.rs::tests::fails": "failed",
    "lay/src/lib.rs::@doctest::1": "passed",
    "lay/src/inner.rs::inner::fails": "failed",
    "lay/tests/it.rs::two": "passed",
    "user/src/lib.rs::bindgen_test_layout_U": "passed",
    "user/src/lib.rs::bindgen_test_layout_V": "failed",
    "user/src/lib.rs::uses": "passed",
}
TABLE = [
    r"\s+what\s+recorded\s+rustc",
    r"\s+size\s+24\s+16",
    r"\s+alignment\s+4\s+8",
    r"\s+offset of b\s+4\s+8",
]


@pytest.fixture(autouse=True)
def _no_backtrace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUST_BACKTRACE", "0")


def test_all_mismatches_and_all_tests(pytester: pytest.Pytester, write: Write) -> None:
    write(FILES)
    result = run(pytester)
    assert outcomes(result) == OUTCOMES
    result.stdout.re_match_lines([r"lay/src/lib.rs:\d+: A is not laid out.*", *TABLE])
    result.stdout.re_match_lines([r"user/src/lib.rs:\d+: V is not laid out.*", *TABLE])
    # Panics are where they are in the tracked files.
    line = LIBRARY[: LIBRARY.index("fn fails")].count("\n") + 1
    result.stdout.fnmatch_lines(["lay/src/inner.rs:3: explicit panic"])
    result.stdout.fnmatch_lines([f"lay/src/lib.rs:{line}: assertion `left == right` failed"])
    result.stdout.fnmatch_lines(
        [
            "did not build: 2 targets of lay",
            "    lay/src/lib.rs, lay/tests/it.rs do not compile, because layouts differ",
            "    other tests ran in a second build, which leaves these layouts out",
            "did not build: 1 target of user",
        ]
    )
    result.stdout.no_fnmatch_line("*whose item did not run*")
    assert result.ret == 1


def test_nothing_stale_when_it_is_repaired_or_broken_elsewhere(
    pytester: pytest.Pytester, write: Write
) -> None:
    root = write(FILES)
    run(pytester)
    # Nothing has changed: cargo has nothing to compile, and all is known all the same.
    result = run(pytester)
    assert outcomes(result) == OUTCOMES
    result.stdout.re_match_lines(TABLE)
    replace_once(root / "lay/src/lib.rs", "A>() - 24usize", "A>() - 16usize")
    replace_once(root / "lay/src/lib.rs", "B>() - 8usize", "B>() - 2usize")
    result = run(pytester, "-k", "layout_A or layout_B")
    result.stdout.re_match_lines([r".*: A is not laid out.*", TABLE[0], *TABLE[2:]])
    result.stdout.re_match_lines([r".*: B is not laid out.*", TABLE[0], r"\s+alignment\s+2\s+8"])
    assert "24       16" not in result.stdout.str()
    replace_once(root / "lay/src/lib.rs", "B>() - 2usize", "B>() - 8usize")
    replace_once(root / "lay/src/lib.rs", "A>() - 4usize", "A>() - 8usize")
    replace_once(root / "lay/src/lib.rs", "(A, b) - 4usize", "(A, b) - 8usize")
    replace_once(root / "lay/src/lib.rs", "crate::two(), 3", "crate::two(), 2")
    result = run(pytester)
    repaired = dict.fromkeys(
        ("lay/src/lib.rs::bindgen_test_layout_A", "lay/src/lib.rs::tests::fails"), "passed"
    )
    assert outcomes(result) == OUTCOMES | repaired
    assert "of lay" not in result.stdout.str()
    user = root / "user/src/lib.rs"
    user.write_text(block("U") + block("V") + "#[test] fn uses() {}\n", encoding="utf-8")
    result = run(pytester, "user")
    assert set(outcomes(result).values()) == {"passed"}
    assert "did not build" not in result.stdout.str()
    assert result.ret == 0


def test_a_run_of_what_passes_is_not_green(pytester: pytest.Pytester, write: Write) -> None:
    write(FILES)
    result = run(pytester, "lay", "-k", "paths")
    assert outcomes(result) == {"lay/src/lib.rs::tests::paths": "passed"}
    assert result.ret == 1
    line = "    the run fails because of a layout whose item did not run: {}bindgen_test_layout_A"
    result.stdout.fnmatch_lines([line.format("lay/src/lib.rs::")])
    result.stdout.no_fnmatch_line("*did not run: *layout_B")
    result = run(pytester, "user/src/lib.rs::uses")
    assert outcomes(result) == {"user/src/lib.rs::uses": "passed"}
    assert result.ret == 1


def test_a_build_without_wrong_layouts_is_the_only_one(
    pytester: pytest.Pytester,
    write: Write,
    cargo_calls: Callable[[], list[str]],
) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": block("A") + "#[test] fn t() {}\nfn broken( {}"})
    run(pytester)
    # Another error: there is nothing to gain. One call says what was to be built.
    assert cargo_calls().count("test") == 2
    (root / "src/lib.rs").write_text(block("A") + "#[test] fn t() {}", encoding="utf-8")
    run(pytester)
    assert cargo_calls().count("test") == 2  # the other one says how tests are started
    assert not list(root.glob("target/cpython-sys-second*"))


GENERATED = block("G", **WRONG) + 'pub fn panics() { panic!("generated") }\n'


def test_a_generated_file(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "build.rs": 'fn main() { let dir = std::env::var("OUT_DIR").unwrap();\n'
            'println!("cargo:rerun-if-changed=build.rs");\n'
            'std::fs::write(dir.clone() + "/data.txt", "data").unwrap();\n'
            f'std::fs::write(dir + "/c_api.rs", r####"{GENERATED}"####).unwrap(); }}',
            "src/lib.rs": "pub mod ffi {\n    include!(concat!(\n"
            '        env!("OUT_DIR"),\n        "/c_api.rs"\n    ));\n}\n'
            "#[test] fn reads() {\n"
            '    let file = concat!(env!("OUT_DIR"), "/data.txt");\n'
            '    assert_eq!(std::fs::read_to_string(file).unwrap(), "data");\n'
            "    assert_eq!(line!(), 10);\n}\n"
            "#[test] fn panics() { ffi::panics() }\n",
        }
    )
    result = run(pytester)
    assert outcomes(result) == {
        "src/lib.rs::ffi::bindgen_test_layout_G": "failed",
        "src/lib.rs::reads": "passed",
        "src/lib.rs::panics": "failed",
    }
    result.stdout.re_match_lines([r"src/lib.rs:\d+: G is not laid out.*", *TABLE])
    line = GENERATED[: GENERATED.index("fn panics")].count("\n") + 1
    result.stdout.fnmatch_lines([f"*/out/c_api.rs:{line}: generated"])


def test_checked_in_bindings_in_one_line_below_a_path_with_spaces(
    pytester: pytest.Pytester, write: Write
) -> None:
    bindings = (
        block("\N{LATIN CAPITAL LETTER A WITH DIAERESIS}x", **WRONG) + block("B", 8)
    ).replace("\n", " ")
    write(
        {
            "a b/Cargo.toml": "c",
            "a b/src/bindings.rs": bindings,
            "a b/src/lib.rs": 'pub mod ffi { include!("bindings.rs"); }\n#[test] fn t() {}\n',
        }
    )
    result = run(pytester)
    found = outcomes(result)
    assert found.pop("a b/src/lib.rs::t") == "passed"
    assert set(found.values()) == {"failed"}
    result.stdout.re_match_lines(TABLE)
    result.stdout.re_match_lines([r".*: B is not laid out.*", TABLE[0], r"\s+size\s+8\s+16"])


def test_another_error_behind_the_layouts(pytester: pytest.Pytester, write: Write) -> None:
    """The linker comes after the layouts: all that is wrong in these is shown, and its words."""
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": block("A", **WRONG) + 'extern "C" { fn nowhere_at_all(); }\n'
            "#[test] fn t() { unsafe { nowhere_at_all() } }\n",
        }
    )
    result = run(pytester)
    assert outcomes(result) == {
        "src/lib.rs::bindgen_test_layout_A": "failed",
        "src/lib.rs::@build": "failed",
    }
    result.stdout.re_match_lines(TABLE)
    result.stdout.fnmatch_lines(
        ["*undefined *nowhere_at_all*", "did not build: src/lib.rs::@build"]
    )
    result.stdout.no_fnmatch_line("no second build*")
    assert result.ret == 1


def test_what_only_the_tests_of_a_dependency_need_does_not_build(
    pytester: pytest.Pytester, write: Write
) -> None:
    """It keeps nothing else from being built: neither the layouts nor the tests beside them."""
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b", "c"]\nresolver = "2"\n',
            "a/Cargo.toml": PACKAGE.format("a"),
            "a/src/lib.rs": 'pub fn broken() -> u8 { "text" }\n',
            "b/Cargo.toml": PACKAGE.format("b") + '[dev-dependencies]\na = { path = "../a" }\n',
            "b/src/lib.rs": "",
            "c/Cargo.toml": PACKAGE.format("c") + '[dependencies]\nb = { path = "../b" }\n',
            "c/src/lib.rs": block("A", **WRONG) + "#[test] fn t() {}\n",
        }
    )
    assert outcomes(run(pytester)) == {
        "a/src/lib.rs::@build": "failed",
        "b/src/lib.rs::@build": "failed",
        "c/src/lib.rs::bindgen_test_layout_A": "failed",
        "c/src/lib.rs::t": "passed",
    }


def test_another_constant_that_is_wrong(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": block("A", **WRONG)
            + "const _: () = assert!(size_of::<A>() == 24);\n#[test] fn t() {}\n",
        }
    )
    result = run(pytester)
    assert outcomes(result) == {
        "src/lib.rs::bindgen_test_layout_A": "failed",
        "src/lib.rs::@build": "failed",
    }
    assert "second build" not in result.stdout.str()


def test_the_users_own_wrapper_is_called(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(FILES)
    log = root / "log"
    wrapper = root / "wrapper"
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    monkeypatch.setenv("RUSTC_WORKSPACE_WRAPPER", str(wrapper))
    result = run(pytester)
    assert outcomes(result) == OUTCOMES
    lines = log.read_text(encoding="utf-8").splitlines()
    assert any("cpython-sys-second" in line and "--crate-name lay" in line for line in lines)


def test_what_others_wrote_is_not_compiled_again(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = 'fn main() { println!("cargo:rerun-if-changed=build.rs"); }'
    root = write(
        {
            "other/Cargo.toml": "other",
            "other/build.rs": script,
            "other/src/lib.rs": "pub fn two() -> i32 { 2 }\n",
            "lay/Cargo.toml": '[package]\nname = "lay"\nversion = "0.1.0"\nedition = "2021"\n'
            '[workspace]\n[dependencies]\nother = { path = "../other" }\n',
            "lay/build.rs": script,
            "lay/src/lib.rs": block("A", **WRONG)
            + "#[test] fn uses() { assert_eq!(other::two(), 2); }\n",
        }
    )
    log, wrapper = root / "log", root / "wrapper"
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    monkeypatch.setenv("RUSTC_WRAPPER", str(wrapper))
    result = run(pytester, "lay")
    assert outcomes(result) == {
        "lay/src/lib.rs::bindgen_test_layout_A": "failed",
        "lay/src/lib.rs::uses": "passed",
    }
    calls = log.read_text(encoding="utf-8")
    assert calls.count("--crate-name other ") == 1
    assert calls.count("--crate-name build_script_build ") == 2
    # A later change is compiled in both directories, each of which has a file of its own.
    replace_once(root / "other/src/lib.rs", "{ 2 }", "{ 2 + 0 }")
    os.utime(root / "other/src/lib.rs")  # from the future, it would never be up to date
    result = run(pytester, "lay")
    assert outcomes(result)["lay/src/lib.rs::uses"] == "passed"
    assert log.read_text(encoding="utf-8").count("--crate-name other ") == 3


def test_with_xdist(pytester: pytest.Pytester, write: Write) -> None:
    write(FILES)
    result = run(pytester, "-n2")
    assert outcomes(result) == OUTCOMES
    result.stdout.re_match_lines(TABLE)
    assert result.ret == 1


def test_plain_cargo_compiles_nothing_because_of_it(
    pytester: pytest.Pytester, write: Write
) -> None:
    """The second build has a directory of its own: what cargo builds stays what it is."""
    write(
        {**FILES, "other/Cargo.toml": "other", "other/src/lib.rs": ""}
        | {"Cargo.toml": '[workspace]\nmembers = ["lay", "user", "other"]\nresolver = "2"\n'}
    )
    cargo = ("cargo", "build", "-p", "other", "--message-format=json")
    pytester.run(*cargo)
    run(pytester)
    messages = map(json.loads, pytester.run(*cargo).outlines)
    assert [one["fresh"] for one in messages if one["reason"] == "compiler-artifact"] == [True]
    assert os.path.isdir("target/cpython-sys-second")


def test_a_path_through_the_directory_of_an_inline_module(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": block("A", **WRONG)
            + 'pub mod m { pub mod n { #[path = "../../../more/f.rs"] pub mod f; } }\n',
            "src/m/n/.keep": "",
            "more/f.rs": "#[test] fn runs() {}\n",
        }
    )
    assert outcomes(run(pytester)) == {
        "src/lib.rs::bindgen_test_layout_A": "failed",
        "more/f.rs::m::n::f::runs": "passed",
    }


def test_a_module_of_the_other_way_in_which_a_crate_is_built(
    pytester: pytest.Pytester, write: Write
) -> None:
    wrong = block("A", **WRONG)
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": f"{wrong}#[cfg(test)] mod only; #[cfg(not(test))] mod never;\n",
            "src/only.rs": "#[test] fn runs() {}\n",
            "src/never.rs": "",
        }
    )
    assert outcomes(run(pytester)) == {
        "src/lib.rs::bindgen_test_layout_A": "failed",
        "src/only.rs::only::runs": "passed",
    }


@pytest.mark.parametrize("both", [True, False])
def test_what_is_generated_for_each_of_two_ways_to_build_a_crate(
    pytester: pytest.Pytester, write: Write, both: bool
) -> None:
    """Each way has a file of its own; the block is wrong in both, or with the feature alone."""
    right = json.dumps(block("A"))
    wrong = json.dumps(block("A", **WRONG))
    root = write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["lay", "user"]\nresolver = "2"\n',
            "lay/Cargo.toml": PACKAGE.format("lay") + "[features]\nextra = []\n",
            "lay/build.rs": "fn main() {\n"
            f'let wrong = {str(both).lower()} || std::env::var_os("CARGO_FEATURE_EXTRA").is_some();'
            f"let text = if wrong {{ {wrong} }} else {{ {right} }};\n"
            'let out = std::env::var("OUT_DIR").unwrap();\n'
            'std::fs::write(format!("{out}/b.rs"), text).unwrap();\n'
            'println!("cargo::rerun-if-changed=build.rs");\n}\n',
            "lay/src/lib.rs": 'include!(concat!(env!("OUT_DIR"), "/b.rs"));\n'
            '#[test] fn reads() { std::fs::read(concat!(env!("OUT_DIR"), "/b.rs")).unwrap(); }\n',
            "user/Cargo.toml": PACKAGE.format("user")
            + '[dependencies]\nlay = { path = "../lay" }\n'
            '[build-dependencies]\nlay = { path = "../lay", features = ["extra"] }\n',
            "user/build.rs": "fn main() { let _ = lay::A { a: 1, b: 1 }; }\n",
            "user/src/lib.rs": "#[test] fn uses() { let _ = lay::A { a: 1, b: 1 }; }\n",
        }
    )
    result = run(pytester)
    assert outcomes(result) == {
        "lay/src/lib.rs::bindgen_test_layout_A": "failed",
        "lay/src/lib.rs::reads": "passed",
        "user/src/lib.rs::uses": "passed",
    }
    result.stdout.re_match_lines(TABLE)
    assert outcomes(run(pytester)) == outcomes(result)
    built = sorted(root.glob("target/cpython-sys-second/build/debug/deps/liblay-*.rlib"))
    assert len(built) == 2
    times = [path.stat().st_mtime_ns for path in built]
    run(pytester)
    assert [path.stat().st_mtime_ns for path in built] == times, "compiled once"
