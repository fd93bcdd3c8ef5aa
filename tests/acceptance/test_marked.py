"""Marks that keep a test from running: its Rust test does not run ahead of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

LIBRARY = """
fn note(name: &str) {
    let name = format!("{}/RAN_{}", env!("CARGO_MANIFEST_DIR"), name);
    std::fs::write(name, "").unwrap();
}
#[test] fn a_skip() { note("a_skip"); loop {} }
#[test] fn b_skipif() { note("b_skipif") }
#[test] fn c_norun() { note("c_norun"); loop {} }
#[test] fn d_plain() { note("d_plain") }
#[test] fn e_otherwise() { note("e_otherwise") }
#[test] fn f_xfail() { note("f_xfail"); panic!() }
mod inner { #[test] fn g_below() { super::note("g_below"); } }
"""
CONFTEST = """
import pytest
MARKS = {
    "a_skip": pytest.mark.skip(reason="it hangs"),
    "b_skipif": pytest.mark.skipif(True, reason="here"),
    "c_norun": pytest.mark.xfail(run=False),
    "e_otherwise": pytest.mark.skipif(False, reason="nowhere"),
    "f_xfail": pytest.mark.xfail,
}
def pytest_collection_modifyitems(items):
    for item in items:
        if item.name in MARKS:
            item.add_marker(MARKS[item.name])
        if item.name == "g_below":
            item.parent.add_marker(pytest.mark.skip)
"""


@pytest.fixture
def package(write: Write) -> Path:
    return write({"Cargo.toml": "c", "src/lib.rs": LIBRARY, "conftest.py": CONFTEST})


def ran(root: Path) -> set[str]:
    return {path.name.removeprefix("RAN_") for path in root.glob("RAN_*")}


@pytest.mark.pytest_side
@pytest.mark.parametrize(
    "more",
    [[], ["-s"], ["--capture=tee-sys"], ["--cargo-isolate"], ["-n2"], ["-ocpython_sys_fast=false"]],
    ids=" ".join,
)
def test_what_a_mark_keeps_out_does_not_run(
    pytester: pytest.Pytester, package: Path, more: list[str]
) -> None:
    result = run(pytester, "--cargo-timeout=20", *more)
    assert result.parseoutcomes() == {"passed": 2, "skipped": 3, "xfailed": 2}
    assert ran(package) == {"d_plain", "e_otherwise", "f_xfail"}


def test_runxfail_runs_it(pytester: pytest.Pytester, package: Path) -> None:
    run(pytester, "--runxfail", "--cargo-timeout=2", "-k", "c_norun").assert_outcomes(failed=1)
    assert ran(package) == {"c_norun"}


@pytest.mark.pytest_side
@pytest.mark.parametrize("option", ["--setup-plan", "--setup-only"])
def test_what_is_only_set_up_does_not_run(
    pytester: pytest.Pytester, package: Path, option: str
) -> None:
    (package / "test_python.py").write_text("def test_it(): assert False\n", encoding="utf-8")
    result = run(pytester, option)
    assert result.ret == 0
    assert result.parseoutcomes() == {"skipped": 3, "xfailed": 1}
    assert not ran(package)
