"""pytest is green only where cargo is: small projects of many kinds, each run by both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .law import assert_law

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

PACKAGE = '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
OK = "#[test] fn ok() {}\n"
FAILS = '#[test] fn fails() { panic!("as it should") }\n'
DOCTEST = "/// ```\n/// assert_eq!(c::one(), 2);\n/// ```\npub fn one() -> i32 { 1 }\n"
DEPENDS_ON_A = '[dependencies]\na = { path = "../a" }\n'
SCRIPT = """fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/gen.rs"), r##"TEXT"##).unwrap();
}
"""
INCLUDE = 'include!(concat!(env!("OUT_DIR"), "/gen.rs"));\n'
LAYOUT = """#[repr(C)] pub struct T { pub a: u32 }
const _: () = { ["Size of T"][::std::mem::size_of::<T>() - BYTESusize]; };
"""

PROJECTS: dict[str, tuple[dict[str, str], bool]] = {
    "nothing": ({"Cargo.toml": "c", "src/lib.rs": ""}, True),
    "passes": ({"Cargo.toml": "c", "src/lib.rs": OK, "tests/t.rs": OK}, True),
    "fails": ({"Cargo.toml": "c", "src/lib.rs": OK, "tests/t.rs": FAILS}, False),
    "doctest": ({"Cargo.toml": "c", "src/lib.rs": DOCTEST}, False),
    "no doctests": (
        {"Cargo.toml": PACKAGE + "[lib]\ndoctest = false\n", "src/lib.rs": DOCTEST},
        True,
    ),
    "does not compile": ({"Cargo.toml": "c", "src/lib.rs": OK, "examples/e.rs": "fn main("}, False),
    "a bench does not compile": (
        {"Cargo.toml": "c", "src/lib.rs": OK, "benches/b.rs": "fn main("},
        True,
    ),
    "not tested": (
        {"Cargo.toml": PACKAGE + "[lib]\ntest = false\n", "src/lib.rs": FAILS, "tests/t.rs": OK},
        True,
    ),
    "an example is tested": (
        {
            "Cargo.toml": PACKAGE + '[[example]]\nname = "e"\ntest = true\n',
            "src/lib.rs": OK,
            "examples/e.rs": "fn main() {}\n" + FAILS,
        },
        False,
    ),
    "a feature is not on": (
        {
            "Cargo.toml": PACKAGE
            + '[features]\nf = []\n[[test]]\nname = "t"\nrequired-features = ["f"]\n',
            "src/lib.rs": OK,
            "tests/t.rs": FAILS,
        },
        True,
    ),
    "a feature is on by default": (
        {
            "Cargo.toml": PACKAGE
            + '[features]\ndefault = ["f"]\nf = []\n'
            + '[[test]]\nname = "t"\nrequired-features = ["f"]\n',
            "src/lib.rs": OK,
            "tests/t.rs": FAILS,
        },
        False,
    ),
    "generated": (
        {"Cargo.toml": "c", "build.rs": SCRIPT.replace("TEXT", FAILS), "src/lib.rs": INCLUDE},
        False,
    ),
    "generated doctest": (
        {"Cargo.toml": "c", "build.rs": SCRIPT.replace("TEXT", DOCTEST), "src/lib.rs": INCLUDE},
        False,
    ),
    "a layout is right": ({"Cargo.toml": "c", "src/lib.rs": LAYOUT.replace("BYTES", "4")}, True),
    "a layout is wrong": ({"Cargo.toml": "c", "src/lib.rs": LAYOUT.replace("BYTES", "8")}, False),
    "a program of its own": (
        {
            "Cargo.toml": PACKAGE + '[[test]]\nname = "own"\nharness = false\n',
            "src/lib.rs": OK,
            "tests/own.rs": "fn main() { std::process::exit(3) }\n",
        },
        False,
    ),
    "members": (
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": "a",
            "a/src/lib.rs": OK,
            "b/Cargo.toml": "b",
            "b/src/main.rs": "fn main() {}\n" + FAILS,
        },
        False,
    ),
    "a member depends on one that does not build": (
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": "a",
            "a/src/lib.rs": "pub fn",
            "b/Cargo.toml": PACKAGE + DEPENDS_ON_A,
            "b/src/lib.rs": OK,
        },
        False,
    ),
    "build script fails": (
        {"Cargo.toml": "c", "build.rs": "fn main() { panic!() }\n", "src/lib.rs": OK},
        False,
    ),
    "an ignored test": ({"Cargo.toml": "c", "src/lib.rs": "#[ignore] " + FAILS}, True),
    "one process ends": (
        {"Cargo.toml": "c", "src/lib.rs": OK + "#[test] fn ends() { std::process::abort() }\n"},
        False,
    ),
}


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
@pytest.mark.parametrize("kind", PROJECTS)
def test_green_means_green(
    pytester: pytest.Pytester, write: Write, kind: str, workers: list[str]
) -> None:
    files, passes = PROJECTS[kind]
    assert_law(pytester, write(files), *workers, passes=passes)


OUTSIDE = {
    "c/Cargo.toml": PACKAGE
    + '[lib]\npath = "../shared/lib.rs"\n[[test]]\nname = "t"\npath = "../other/t.rs"\n',
    "shared/lib.rs": "mod part;\n" + OK,
    "shared/part.rs": OK,
    "other/t.rs": FAILS,
}


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
def test_targets_outside_their_package(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, workers: list[str]
) -> None:
    root = write({"pytest.ini": "[pytest]\n", **OUTSIDE})
    found = assert_law(pytester, root / "c", *workers, passes=False)
    assert found == {
        "shared/lib.rs::ok": "passed",
        "shared/lib.rs::part::ok": "passed",
        "other/t.rs::fails": "failed",
    }
    for name, outcome in found.items():
        typed = pytester.runpytest("--cpython-sys", "-rA", name, *workers)
        typed.assert_outcomes(**{outcome: 1})
    monkeypatch.chdir(root / "c")
    inside = assert_law(pytester, root / "c", *workers, passes=False)
    assert inside == {f"../{name}": outcome for name, outcome in found.items()}
