"""The workspace of these tests, on each of the real builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..acceptance.conftest import outcomes, run

if TYPE_CHECKING:
    import pytest

    from .conftest import Checkout


def test_everything_passes(checkout: Checkout, pytester: pytest.Pytester, each_build: str) -> None:
    build = checkout.trees.builds[each_build]
    result = run(
        pytester,
        *("-o", "cpython_sys_policies=off"),
        f"--cpython-sys-python={build}",
        *map(
            str,
            (
                checkout.path / "Modules" / name
                for name in ("_adler", "_tally", "cpython-api", "cpython-sys")
            ),
        ),
    )
    assert result.ret == 0
    found = outcomes(result)
    assert set(found.values()) == {"passed"}
    assert len(found) > 100
    for name in (
        "Modules/_adler/src/lib.rs::tests::of_a_word",
        "Modules/_tally/src/lib.rs::tests::counts_from_one",
        "Modules/cpython-api/src/lib.rs::@abi::const::PY_MOD_GIL",
        "Modules/cpython-api/tests/define_module.rs::libpython_is_that_of_the_headers",
        "Modules/cpython-sys/src/lib.rs::@abi::init::PyModuleDef_HEAD_INIT",
        "Modules/cpython-sys/src/lib.rs::bindgen_test_layout_PyModuleDef",
        "Modules/cpython-sys/src/lib.rs::tests::free_threaded_objects_are_larger",
    ):
        assert name in found


def test_nothing_fails_with_the_default_policies(
    checkout: Checkout, pytester: pytest.Pytester, each_build: str
) -> None:
    """As a developer has it: no option, no settings, one build in the tree."""
    checkout.add_build(each_build)
    result = run(pytester)
    assert result.ret == 0
    found = outcomes(result)
    assert set(found.values()) == {"passed"}
    assert len(found) > 140
    for name in ("_adler", "_tally"):
        file = f"Modules/{name}/src/lib.rs"
        wanted = {f"{file}::@symbol::PyInit_{name}", f"{file}::@unsafe"}
        wanted |= {f"{file}::@module::{what}" for what in ("imports", "subinterpreters", "leaks")}
        assert wanted <= found.keys()
        assert f"Modules/cpython-rust-staticlib/src/lib.rs::@symbol::PyInit_{name}" in found
    for file in ("cpython-api/src/lib.rs", "cpython-api/tests/define_module.rs"):
        assert f"Modules/{file}::@unsafe" in found
    assert "Modules/cpython-sys/src/lib.rs::@unsafe" in found

    # What is skipped has its reason: a module that wants a GIL. With one there is no such item.
    skipped = [line for line in result.outlines if line.startswith("SKIPPED")]
    free = each_build == "free_threaded"
    assert ("Modules/_adler/src/lib.rs::@module::free_threading" in found) == free
    assert len(skipped) == (1 if free else 0)
    assert all("does not declare Py_MOD_GIL_NOT_USED" in line for line in skipped)
    if not free:
        line = "not checked: free_threading of 2 packages (needs a Python without a GIL; *)"
        result.stdout.fnmatch_lines([line])
