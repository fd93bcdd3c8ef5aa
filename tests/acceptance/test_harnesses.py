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


@pytest.mark.parametrize("arguments", [[]], ids=["batch"])
def test_a_fixture_that_panics_after_the_tests(
    pytester: pytest.Pytester, write: Write, arguments: list[str]
) -> None:
    head = "use libtest_mimic::{Arguments, Trial};\n"
    write({**MIMIC, "tests/custom.rs": head + AFTERWARDS})
    result = run(pytester, "tests", *arguments)
    assert result.parseoutcomes()["errors"] == 1
    assert "failed" not in result.parseoutcomes()
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of b*", "*the test binary ended badly: exit code 101*"]
    )
    result.stdout.fnmatch_lines(["*the server was gone*"])
    assert result.ret == 1


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
