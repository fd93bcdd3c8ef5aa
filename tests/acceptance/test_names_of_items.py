"""What an item is called, and what an id selects where a module and a test have one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

SHOW = """
def pytest_collection_finish(session):
    for item in session.items:
        print("item:", item.nodeid, "is", item.name)
"""
LIBRARY = """//! ```
//! assert_eq!(1, 1);
//! ```
pub mod ffi {
    /// ```
    /// assert_eq!(1, 1);
    /// ```
    /// ```
    /// assert_eq!(1, 1);
    /// ```
    pub fn add() {}
}
#[test] fn same() {}
#[cfg(test)] mod same {
    #[test] fn same() {}
    #[test] fn other() {}
    mod same { #[test] fn inner() {} }
}
"""
DOCTESTS = {
    "src/lib.rs::@doctest::1": "lib.rs 1",
    "src/lib.rs::@doctest::ffi::add::1": "ffi::add 1",
    "src/lib.rs::@doctest::ffi::add::2": "ffi::add 2",
}


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
def test_a_doctest_is_called_after_its_owner(
    pytester: pytest.Pytester, write: Write, workers: list[str]
) -> None:
    """Its id ends in a number, and stays as it is: what was printed can be typed."""
    write({"Cargo.toml": "c", "src/lib.rs": LIBRARY, "conftest.py": SHOW})
    result = run(pytester, "-s", "-k", "doctest")
    shown = [line for line in result.outlines if line.startswith("item: ")]
    assert sorted(shown) == [f"item: {name} is {shown}" for name, shown in DOCTESTS.items()]
    assert outcomes(run(pytester, *DOCTESTS, *workers)) == dict.fromkeys(DOCTESTS, "passed")
    one = "src/lib.rs::@doctest::ffi::add::2"
    assert outcomes(run(pytester, one, one, *workers)) == {one: "passed"}
    assert set(outcomes(run(pytester, "src/lib.rs::@doctest::ffi", *workers))) == {
        name for name in DOCTESTS if "ffi" in name
    }


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
@pytest.mark.parametrize(
    ("typed", "selected"),
    [
        (["same"], ["same"]),
        (["same::same"], ["same::same"]),
        (["same::same::inner"], ["same::same::inner"]),
        (["same", "same::same::inner"], ["same", "same::same::inner"]),
        (["same::other", "same"], ["same", "same::other"]),
    ],
)
def test_a_tests_id_selects_no_module_of_its_name(
    pytester: pytest.Pytester,
    write: Write,
    typed: list[str],
    selected: list[str],
    workers: list[str],
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": LIBRARY})
    result = run(pytester, *(f"src/lib.rs::{name}" for name in typed), *workers)
    assert outcomes(result) == {f"src/lib.rs::{name}": "passed" for name in selected}


def test_a_path_and_an_id_select_all(pytester: pytest.Pytester, write: Write) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": LIBRARY})
    assert len(outcomes(run(pytester, "src/lib.rs", "src/lib.rs::same"))) == 7
