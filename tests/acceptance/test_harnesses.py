"""Harnesses of other kinds, and what `--cargo-run-ignored` and `--cargo-isolate` do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

MIMIC = {
    "Cargo.toml": """
[package]
name = "c"
version = "0.1.0"
edition = "2021"
[dev-dependencies]
libtest-mimic = "0.8"
[[test]]
name = "custom"
harness = false
""",
    "src/lib.rs": "#[test] fn ordinary() {}\n",
    "tests/custom.rs": """
use libtest_mimic::{Arguments, Failed, Trial};
fn good() -> Result<(), Failed> { Ok(()) }
fn bad() -> Result<(), Failed> { Err("out of spam".into()) }
fn main() {
    let tests = vec![
        Trial::test("plain", good),
        Trial::test("case[1]", good),
        Trial::test("case[2]", bad),
        Trial::test("with a space", good),
        Trial::test("::leading", bad),
        Trial::test("twice", good),
        Trial::test("twice", bad),
        Trial::test("later", bad).with_ignored_flag(true),
        Trial::test("kind", good).with_kind("fancy"),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}
""",
}
CUSTOM = "tests/custom.rs::"
EXPECTED = {
    f"{CUSTOM}plain": "passed",
    f"{CUSTOM}case%5B1%5D": "passed",
    f"{CUSTOM}case%5B2%5D": "failed",
    f"{CUSTOM}with%20a%20space": "passed",
    f"{CUSTOM}%::leading": "failed",
    f"{CUSTOM}twice": "passed",
    f"{CUSTOM}twice-2": "failed",
    "src/lib.rs::ordinary": "passed",
}


@pytest.mark.parametrize("isolate", [False, True], ids=["batch", "isolated"])
def test_names_that_rust_could_not_have(
    pytester: pytest.Pytester, write: Write, isolate: bool
) -> None:
    write(MIMIC)
    result = run(pytester, *(["--cargo-isolate"] if isolate else []))
    found = outcomes(result)
    kind = next(name for name in found if "kind" in name)
    assert found == {**EXPECTED, kind: "passed"}
    result.assert_outcomes(passed=6, failed=3, skipped=1)


def test_each_of_them_can_be_selected_by_its_id(pytester: pytest.Pytester, write: Write) -> None:
    write(MIMIC)
    run(pytester, "--collect-only")
    for name, outcome in EXPECTED.items():
        assert outcomes(run(pytester, name)) == {name: outcome}


AFTERWARDS = """
struct Fixture;
impl Drop for Fixture { fn drop(&mut self) { panic!("the server was gone") } }
fn main() {
    let arguments = Arguments::from_args();
    let tests = vec![Trial::test("a", || Ok(())), Trial::test("b", || Ok(()))];
    let conclusion = {
        let _fixture = (!arguments.list).then(|| Fixture);
        libtest_mimic::run(&arguments, tests)
    };
    conclusion.exit();
}
"""


@pytest.mark.parametrize("arguments", [[], ["--cargo-isolate"], ["-k", "b"]], ids=" ".join)
def test_a_fixture_that_panics_after_the_tests(
    pytester: pytest.Pytester, write: Write, arguments: list[str]
) -> None:
    head = "use libtest_mimic::{Arguments, Trial};\n"
    write({**MIMIC, "tests/custom.rs": head + AFTERWARDS})
    result = run(pytester, "tests", *arguments)
    if not arguments:
        result.assert_outcomes(passed=2, errors=1)
        result.stdout.fnmatch_lines(["*ERROR at teardown of b*"])
    elif "-k" in arguments:
        result.assert_outcomes(errors=1, deselected=1)
    else:
        result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        ["* finished, then the test binary failed: exit code 101", "*server was gone*"]
    )
    assert result.ret == 1


NAMES = """
use libtest_mimic::{Arguments, Failed, Trial};
fn bad() -> Result<(), Failed> { Err("out of spam".into()) }
fn main() {
    if std::env::var_os("NOISY").is_some() { println!("a word\\n\\nfrom: the fixture"); }
    let tests = vec![
        Trial::test("y - should panic", bad),
        Trial::test("of two\\nlines", bad),
        Trial::test("good", || Ok(())),
        Trial::test("of three\\n\\nlines", || Ok(())),
        Trial::test("kind", bad).with_kind("fancy"),
        Trial::bench("measured", |_| Ok(None)),
        Trial::bench("badly", |_| Err("no clock".into())),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}
"""
NAMED = {
    "tests/custom.rs::y%20-%20should%20panic": "failed",
    "tests/custom.rs::of%20two%0Alines": "failed",
    "tests/custom.rs::good": "passed",
    "tests/custom.rs::of%20three%0A%0Alines": "passed",
    "tests/custom.rs::%5Bfancy%5D%20kind": "failed",
    "tests/custom.rs::measured": "passed",
    "tests/custom.rs::badly": "failed",
}


@pytest.mark.parametrize("arguments", [[], ["--cargo-isolate"], ["-n2"]], ids=" ".join)
@pytest.mark.parametrize("noisy", [False, True], ids=["quiet", "noisy"])
def test_an_item_passes_only_on_a_word_about_itself(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    *,
    noisy: bool,
) -> None:
    if noisy:
        monkeypatch.setenv("NOISY", "1")
    write({**MIMIC, "tests/custom.rs": NAMES})
    result = run(pytester, "tests", *arguments)
    assert outcomes(result) == NAMED
    result.assert_outcomes(passed=3, failed=4)
    assert outcomes(run(pytester, "tests", "-m", "rust_bench")) == {
        name: how for name, how in NAMED.items() if name.endswith(("measured", "badly"))
    }


def test_a_harness_that_says_nothing_of_a_test_passes_none(
    pytester: pytest.Pytester, write: Write
) -> None:
    silent = """
fn main() {
    if std::env::args().any(|word| word == "--list") { println!("one: test\\ntwo: test"); }
}
"""
    write({**MIMIC, "tests/custom.rs": silent})
    result = run(pytester, "tests")
    assert outcomes(result) == {
        "tests/custom.rs::one": "error",
        "tests/custom.rs::two": "error",
    }
    result.stdout.fnmatch_lines(["*code 0 but did not report a result for this test"])


def test_a_harness_that_does_not_know_which_tests_it_ignores(
    pytester: pytest.Pytester, write: Write
) -> None:
    """It lists all of them with `--ignored` too; all run, as with cargo."""
    harness = """
fn main() {
    let words: Vec<String> = std::env::args().collect();
    if words.iter().any(|word| word == "--list") { return println!("one: test\\ntwo: test"); }
    for name in ["one", "two"] {
        if words.iter().any(|word| word == name) || words.len() == 1 {
            println!("test result: FAILED. 0 passed; 1 failed; 0 ignored;");
        }
    }
    std::process::exit(101);
}
"""
    write({**MIMIC, "tests/custom.rs": harness})
    result = run(pytester, "tests")
    assert set(outcomes(result).values()) == {"failed"}
    result.assert_outcomes(failed=2)


OWN_MAIN = """
[package]
name = "c"
version = "0.1.0"
edition = "2021"
[[test]]
name = "own"
harness = false
[[example]]
name = "shown"
harness = false
test = true
[[bench]]
name = "fast"
harness = false
test = true
"""
MAINS = {
    "nothing": ("fn main() {}", "passed"),
    "without arguments": (
        "fn main() { if std::env::args().len() == 1 { std::process::exit(1) } }",
        "failed",
    ),
    "with arguments": ("fn main() { assert_eq!(std::env::args().len(), 1) }", "passed"),
    "crash": ("fn main() { std::process::abort() }", "failed"),
    "unlocked": (
        'fn main() { assert!(std::env::var_os("RUSTC_BOOTSTRAP").is_none()) }',
        "passed",
    ),
}


@pytest.mark.parametrize("way", [[], ["-n2"], ["--cargo-isolate"]], ids=" ".join)
@pytest.mark.parametrize("kind", MAINS)
def test_a_program_that_lists_nothing_runs_as_cargo_runs_it(
    pytester: pytest.Pytester, write: Write, kind: str, way: list[str]
) -> None:
    text, expected = MAINS[kind]
    files = ("tests/own.rs", "examples/shown.rs", "benches/fast.rs")
    write({"Cargo.toml": OWN_MAIN, "src/lib.rs": "", **dict.fromkeys(files, text)})
    result = run(pytester, *way)
    assert outcomes(result) == {f"{file}::@main": expected for file in files}
    result.assert_outcomes(**{expected: 3})


BENCHES = """#![feature(test)]
extern crate test;
#[bench] fn good(b: &mut test::Bencher) { b.iter(|| 1 + 1) }
#[bench] fn bad(_: &mut test::Bencher) { panic!("no clock") }
#[bench] #[ignore = "slow"] fn later(_: &mut test::Bencher) {}
#[test] fn plain() {}
"""


@pytest.mark.parametrize("way", [[], ["-n2"], ["--cargo-isolate"]], ids=" ".join)
def test_bench_functions_are_items(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, way: list[str]
) -> None:
    monkeypatch.setenv("RUSTC_BOOTSTRAP", "1")
    write({"Cargo.toml": "c", "src/lib.rs": BENCHES})
    result = run(pytester, *way)
    assert outcomes(result) == {
        "src/lib.rs::good": "passed",
        "src/lib.rs::bad": "failed",
        "src/lib.rs::plain": "passed",
    }
    result.assert_outcomes(passed=2, failed=1, skipped=1)
    found = outcomes(run(pytester, "-m", "rust_bench"))
    assert set(found) == {"src/lib.rs::good", "src/lib.rs::bad"}


IGNORED = {
    "Cargo.toml": "c",
    "src/lib.rs": '#[test] fn runs() {}\n#[test] #[ignore = "slow"] fn slow() {}\n'
    "#[test] #[ignore] fn broken() { panic!() }\n",
}


@pytest.mark.parametrize("isolate", [False, True], ids=["batch", "isolated"])
@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("default", {"runs": "passed"}),
        ("only", {"slow": "passed", "broken": "failed"}),
        ("all", {"runs": "passed", "slow": "passed", "broken": "failed"}),
    ],
)
def test_ignored_tests_run_when_asked_for(
    pytester: pytest.Pytester,
    write: Write,
    which: str,
    expected: Mapping[str, str],
    isolate: bool,
) -> None:
    write(IGNORED)
    arguments = [f"--cargo-run-ignored={which}", *(["--cargo-isolate"] if isolate else [])]
    result = run(pytester, *arguments)
    assert outcomes(result) == {f"src/lib.rs::{name}": how for name, how in expected.items()}
    result.assert_outcomes(
        passed=sum(how == "passed" for how in expected.values()),
        failed=sum(how == "failed" for how in expected.values()),
        skipped=3 - len(expected),
    )


@pytest.mark.parametrize("arguments", [[], ["--cargo-isolate"], ["-n2"]], ids=" ".join)
def test_a_binary_that_refuses_json(
    pytester: pytest.Pytester, write: Write, arguments: list[str]
) -> None:
    """libtest itself, in which nothing has unlocked it: only how a process ends is known then."""
    root = write(
        {
            "Cargo.toml": "c",
            ".cargo/config.toml": "[target.'cfg(all())']\nrunner = './strict'\n",
            "strict": '#!/bin/sh\nunset RUSTC_BOOTSTRAP\nexec "$@"\n',
            "src/lib.rs": '#[test] fn passes() {}\n#[test] fn fails() { panic!("honestly") }\n'
            "#[test] #[should_panic] fn panics() { panic!() }\n"
            "#[test] #[ignore] fn later() { panic!() }\n"
            "#[test] fn aborts() { std::process::abort() }\n",
        }
    )
    (root / "strict").chmod(0o755)
    result = run(pytester, *arguments)
    assert outcomes(result) == {
        "src/lib.rs::passes": "passed",
        "src/lib.rs::fails": "failed",
        "src/lib.rs::panics": "passed",
        "src/lib.rs::aborts": "failed",
    }
    result.assert_outcomes(passed=2, failed=2, skipped=1)
    result.stdout.fnmatch_lines(["*honestly*"])


def test_required_features_and_proc_macros(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
            '[lib]\nproc-macro = true\n[features]\nextra = []\n[[test]]\nname = "gated"\n'
            'required-features = ["extra"]\n',
            "src/lib.rs": "use proc_macro::TokenStream;\n"
            "/// ```\n/// c::same!{ assert!(true); }\n/// ```\n"
            "#[proc_macro] pub fn same(input: TokenStream) -> TokenStream { input }\n"
            "#[test] fn unit() {}\n",
            "tests/gated.rs": "#[test] fn needs_extra() { c::same!{ assert!(true); } }\n",
            "benches/b.rs": "#[test] fn in_a_bench() {}\n",
            "examples/e.rs": "fn main() {}\n#[test] fn in_an_example() {}\n",
        }
    )
    plain = {"src/lib.rs::unit": "passed", "src/lib.rs::@doctest::same::1": "passed"}
    assert outcomes(run(pytester)) == plain
    assert outcomes(run(pytester, "--cargo-features=extra")) == {
        **plain,
        "tests/gated.rs::needs_extra": "passed",
    }
