"""Doctests are items, with the verdicts that cargo gives."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from .conftest import PACKAGE, outcomes, replace_once, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

LIBRARY = """//! Of the crate itself:
//! ```
//! assert_eq!(c::add(1, 2), 3);
//! ```
#![doc = include_str!("../README.md")]

pub fn add(a: u32, b: u32) -> u32 { a + b }

pub mod ffi {
    /// ```
    /// assert_eq!(c::ffi::add(1, 2), 4);
    /// ```
    /// and
    /// ```compile_fail
    /// let x: u32 = "";
    /// ```
    /// ```should_panic
    /// panic!();
    /// ```
    /// ```no_run
    /// loop {}
    /// ```
    /// ```ignore
    /// nonsense
    /// ```
    /// ```should_panic
    /// let x = 1;
    /// ```
    /// ```compile_fail
    /// let x = 1;
    /// ```
    /// ```
    /// let y: u32 = "no number";
    /// ```
    pub fn add(a: u32, b: u32) -> u32 { a + b }
}
pub struct S<T>(T);
impl<T> S<T> {
    /// ```
    /// std::process::abort();
    /// ```
    pub fn f() {}
}
/// ```
/// assert_eq!(std::env::current_dir().unwrap().file_name().unwrap(), "c");
/// assert_eq!(env!("CARGO_PKG_NAME"), "c");
/// ```
pub fn place() {}
"""
README = "# c\n\n```\nassert!(c::add(0, 0) == 0);\n```\n"
IDS = {
    "c/src/lib.rs::@doctest::1": "passed",
    "c/src/lib.rs::@doctest::2": "passed",
    "c/src/lib.rs::@doctest::S<T>::f::1": "failed",
    "c/src/lib.rs::@doctest::ffi::add::1": "failed",
    "c/src/lib.rs::@doctest::ffi::add::2": "passed",
    "c/src/lib.rs::@doctest::ffi::add::3": "passed",
    "c/src/lib.rs::@doctest::ffi::add::4": "passed",
    "c/src/lib.rs::@doctest::ffi::add::6": "failed",
    "c/src/lib.rs::@doctest::ffi::add::7": "failed",
    "c/src/lib.rs::@doctest::ffi::add::8": "failed",
    "c/src/lib.rs::@doctest::place::1": "passed",
}


def write_crate(write: Write, edition: str) -> Path:
    return write(
        {
            "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["c"]\n',
            "c/Cargo.toml": f'[package]\nname = "c"\nversion = "0.1.0"\nedition = "{edition}"\n',
            "c/src/lib.rs": LIBRARY,
            "c/README.md": README,
        }
    )


def cargo_counts(root: Path) -> dict[str, int]:
    done = subprocess.run(
        ["cargo", "test", "--doc", "--no-fail-fast"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"(\d+) (passed|failed|ignored)", done.stdout)
    counts: dict[str, int] = {}
    for number, word in found:
        counts[word] = counts.get(word, 0) + int(number)
    return counts


@pytest.mark.parametrize("edition", ["2015", "2018", "2021", "2024"])
def test_the_verdicts_of_every_edition_are_cargos(
    pytester: pytest.Pytester, write: Write, edition: str
) -> None:
    root = write_crate(write, edition)
    if edition == "2015":
        replace_once(root / "c/src/lib.rs", "c::ffi::add(1, 2)", "::c::ffi::add(1, 2)")
    result = run(pytester)
    assert outcomes(result) == IDS
    counts = cargo_counts(root)
    result.assert_outcomes(
        passed=counts["passed"], failed=counts["failed"], skipped=counts["ignored"]
    )
    result.stdout.fnmatch_lines(
        [
            "c/src/lib.rs:10: assertion `left == right` failed",
            "*left: 3",
            "with cargo alone (may run other doctests too): cargo test -p c --doc -- ffi::add",
            "*marked `should_panic`*",
            "*marked `compile_fail`*",
            "*does not compile: error?E0308?: mismatched types",
        ]
        if edition != "2015"
        else ["*left: 3", "*marked `compile_fail`*"]
    )


def test_merged_doctests_that_crash_take_nothing_down(
    pytester: pytest.Pytester, write: Write
) -> None:
    body = "\n".join(
        f"/// ```\n/// {code}\n/// ```\npub fn f{number}() {{}}"
        for number, code in enumerate(
            ["assert!(true);", "std::process::abort();", "assert!(1 == 1);", "assert!(false);"]
        )
    )
    write(
        {
            "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2024"\n',
            "src/lib.rs": body + "\n",
        }
    )
    assert outcomes(run(pytester)) == {
        "src/lib.rs::@doctest::f0::1": "passed",
        "src/lib.rs::@doctest::f1::1": "failed",
        "src/lib.rs::@doctest::f2::1": "passed",
        "src/lib.rs::@doctest::f3::1": "failed",
    }


def test_one_doctest_can_be_selected_and_an_edit_above_changes_no_id(
    pytester: pytest.Pytester, write: Write
) -> None:
    root = write_crate(write, "2021")
    name = "c/src/lib.rs::@doctest::ffi::add::3"
    assert outcomes(run(pytester, name)) == {name: "passed"}
    replace_once(root / "c/src/lib.rs", "pub mod ffi {", "// a line more\n\npub mod ffi {")
    assert outcomes(run(pytester)) == IDS
    assert outcomes(run(pytester, "-m", "rust_doctest", "-k", "place")) == {
        "c/src/lib.rs::@doctest::place::1": "passed"
    }


def test_a_changed_readme_is_seen(pytester: pytest.Pytester, write: Write) -> None:
    root = write_crate(write, "2021")
    run(pytester, "--collect-only").assert_outcomes()
    write({"c/README.md": README + "\n```\nassert!(c::add(0, 0) == 1);\n```\n"})
    assert outcomes(run(pytester, "-k", "doctest and not ffi"))["c/src/lib.rs::@doctest::3"] == (
        "failed"
    )
    assert cargo_counts(root)["failed"] == 6


def test_doctests_can_be_left_out(pytester: pytest.Pytester, write: Write) -> None:
    write_crate(write, "2021")
    result = run(pytester, "--cargo-no-doctests")
    assert outcomes(result) == {}
    write({"pytest.ini": "[pytest]\ncpython_sys = true\ncargo_no_doctests = true\n"})
    assert outcomes(pytester.runpytest("-rA")) == {}


def test_ignored_doctests_run_when_asked_for(pytester: pytest.Pytester, write: Write) -> None:
    write_crate(write, "2021")
    found = outcomes(run(pytester, "--cargo-run-ignored=only"))
    assert found == {"c/src/lib.rs::@doctest::ffi::add::5": "failed"}
    assert set(outcomes(run(pytester, "--cargo-run-ignored=all"))) == {*IDS, *found}


def test_doctests_beside_a_package_that_does_not_build(
    pytester: pytest.Pytester, write: Write
) -> None:
    root = write_crate(write, "2021")
    write(
        {
            "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["c", "d"]\n',
            "d/Cargo.toml": "d",
            "d/src/lib.rs": "fn f( {\n",
        }
    )
    assert outcomes(run(pytester)) == {**IDS, "d/src/lib.rs::@build": "failed"}
    assert (root / "c").is_dir()


def test_a_doctest_over_its_time_is_named(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "/// ```\n/// loop { std::thread::yield_now() }\n/// ```\n"
            "pub fn f() {}\n/// ```\n/// ```\npub fn g() {}\n",
        }
    )
    result = run(pytester, "--cargo-timeout=3")
    assert outcomes(result) == {
        "src/lib.rs::@doctest::f::1": "failed",
        "src/lib.rs::@doctest::g::1": "passed",
    }
    result.stdout.fnmatch_lines(["*timed out after 3 s*"])


CONVERSIONS = """
#[derive(PartialEq, Debug)] pub struct Number(pub u64);
macro_rules! conv {{ ($($t:ty, $wanted:expr);*) => {{ $(
    impl From<$t> for Number {{
        /// ```
        #[doc = concat!("assert_eq!(c::Number::from(1", stringify!($t), ").0, ", $wanted, ");")]
        /// ```
        fn from(value: $t) -> Number {{ Number(value as u64) }}
    }}
)* }} }}
conv!(u8, 1; u16, {second}; u32, 1);
/// ```
/// ```
pub fn neighbour() {{}}
"""


@pytest.mark.parametrize("way", [[], ["-n2"], ["-k", "from"]], ids=" ".join)
@pytest.mark.parametrize("edition", ["2021", "2024"])
@pytest.mark.parametrize("second", [1, 2], ids=["right", "wrong"])
def test_those_that_cargo_cannot_tell_apart_are_one_item(
    pytester: pytest.Pytester, write: Write, edition: str, way: list[str], second: int
) -> None:
    root = write(
        {
            "Cargo.toml": f'[package]\nname = "c"\nversion = "0.1.0"\nedition = "{edition}"\n',
            "src/lib.rs": CONVERSIONS.format(second=second),
        }
    )
    result = run(pytester, *way)
    found = outcomes(result)
    if not (way and "-k" in way):
        assert found.pop("src/lib.rs::@doctest::neighbour::1") == "passed"
    expected = "passed" if second == 1 else "failed"
    assert found == {"src/lib.rs::@doctest::Number::from::1": expected}
    said = "3 doctests have this name" if second == 1 else "1 of 3 doctests with this name failed*"
    result.stdout.fnmatch_lines([f"*{said}"])
    counts = cargo_counts(root)
    assert (counts["passed"], counts["failed"]) == ((4, 0) if second == 1 else (3, 1))


def test_a_library_of_which_one_way_does_not_build_has_one_item_for_that(
    pytester: pytest.Pytester, write: Write
) -> None:
    source = '#[cfg(not(test))] pub fn broken() -> u8 { "text" }\n#[test] fn runs() {}\n'
    write({"Cargo.toml": "c", "src/lib.rs": source})
    result = run(pytester)
    assert outcomes(result) == {"src/lib.rs::@build": "failed", "src/lib.rs::runs": "passed"}
    assert result.ret == 1


def test_doctests_beside_a_library_of_which_one_way_does_not_build(
    pytester: pytest.Pytester, write: Write
) -> None:
    """Cargo starts no rustdoc at all where it is asked to document what it cannot link."""
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": PACKAGE.format("a"),
            "a/src/lib.rs": '#[cfg(not(test))] pub fn broken() -> u8 { "text" }\n',
            "b/Cargo.toml": PACKAGE.format("b"),
            "b/src/lib.rs": "//! ```\n//! ```\n",
        }
    )
    result = run(pytester)
    assert outcomes(result) == {
        "a/src/lib.rs::@build": "failed",
        "b/src/lib.rs::@doctest::1": "passed",
    }


def test_a_library_whose_tests_need_what_does_not_build(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": PACKAGE.format("a"),
            "a/src/lib.rs": 'pub fn broken() -> u8 { "text" }\n',
            "b/Cargo.toml": PACKAGE.format("b") + '[dev-dependencies]\na = { path = "../a" }\n',
            "b/src/lib.rs": "//! ```\n//! ```\n",
        }
    )
    result = run(pytester)
    assert outcomes(result) == {"a/src/lib.rs::@build": "failed", "b/src/lib.rs::@build": "failed"}


def test_a_dependency_that_has_another_name_since(pytester: pytest.Pytester, write: Write) -> None:
    manifest = PACKAGE.format("c") + '[dependencies]\n{} = {{ path = "d", package = "d" }}\n'
    files = {
        "Cargo.toml": manifest.format("one"),
        "src/lib.rs": "extern crate one;\n/// ```\n/// c::f();\n/// ```\npub fn f() {}\n",
        "d/Cargo.toml": "d",
        "d/src/lib.rs": "pub fn g() {}\n",
    }
    root = write(files)
    run(pytester).assert_outcomes(passed=1)
    write({"Cargo.toml": manifest.format("two")})
    replace_once(root / "src/lib.rs", "crate one", "crate two")
    run(pytester).assert_outcomes(passed=1)


def test_a_debugger_is_offered_for_what_has_a_program(
    pytester: pytest.Pytester, write: Write
) -> None:
    example = "/// ```\n/// {};\n/// ```\npub fn {}() {{}}\n"
    source = example.format("panic!()", "runs") + example.format("no()", "no")
    write({"Cargo.toml": "c", "src/lib.rs": source})
    result = run(pytester)
    ids = ("src/lib.rs::@doctest::runs::1", "src/lib.rs::@doctest::no::1")
    assert outcomes(result) == dict.fromkeys(ids, "failed")
    lines = [line.split()[4] for line in result.outlines if line.startswith("in a debugger: ")]
    assert lines == [ids[0]]
