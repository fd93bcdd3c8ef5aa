"""Policies on each of the real builds: a module like its twin, and one with faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..acceptance.conftest import outcomes, run
from ..acceptance.test_twins import running

if TYPE_CHECKING:
    import pytest

    from .conftest import Checkout

SAME = """
import _bisect as _twin
__doc__ = _twin.__doc__
for _name in dir(_twin):
    if not _name.startswith("_"): globals()[_name] = getattr(_twin, _name)
"""
WRONG = f"""{SAME}
del bisect_right
def insort_left(a, x, lo=0, hi=None, *, key=None): a.append(x)
"""
TABLE = """
[package.metadata.cpython-sys]
twin = "_bisect"
twin-tests = "test_bisect"
"""
HERE = "Modules/_like/src/lib.rs"
SMELLY = '\n#[no_mangle] pub extern "C" fn bisect() {}\n'


def policies(pytester: pytest.Pytester, checkout: Checkout, build: str) -> dict[str, str]:
    result = run(
        pytester,
        f"--cpython-sys-python={checkout.trees.builds[build]}",
        str(checkout.path / "Modules" / "_like"),
        *("-m", "rust_policy"),
    )
    found = {name.removeprefix(f"{HERE}::"): how for name, how in outcomes(result).items()}
    return {name: how for name, how in found.items() if not name.startswith("@module")}


def test_like_and_unlike(checkout: Checkout, pytester: pytest.Pytester, each_build: str) -> None:
    free = each_build == "free_threaded"
    files = running(SAME, TABLE, name="_like", free_threaded=free)
    checkout.add_module("_like", files)
    found = policies(pytester, checkout, each_build)
    # That module's own code says nothing of why it is sound.
    assert {name for name, how in found.items() if how != "passed"} == {"@unsafe"}
    assert {"@twin", "@symbol::PyInit__like"} <= found.keys()
    tests = {name for name in found if name.startswith("@twin::")}
    assert len(tests) > 40

    files = running(WRONG, TABLE, name="_like", free_threaded=free)
    checkout.write(HERE, files["src/lib.rs"] + SMELLY)
    found = policies(pytester, checkout, each_build)
    assert found["@twin"] == found["@symbol::bisect"] == "failed"
    failed = {name for name in tests if found[name] != "passed"}
    assert "@twin::TestInsortC::test_vsBuiltinSort" in failed
    assert failed < tests
