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
