"""The real builds in one run: C's own opinion on a type that free threading changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..acceptance.conftest import outcomes, replace_once, run

if TYPE_CHECKING:
    import pytest

    from .build import Trees
    from .conftest import Checkout

CRATE = {
    "Cargo.toml": '[package]\nname = "cpython-sys"\nversion = "0.1.0"\nedition = "2021"\n',
    "build.rs": 'fn main() { println!("cargo::rerun-if-env-changed=PYTHON_BUILD_DIR"); }\n',
    "src/lib.rs": """
#[repr(C)]
pub struct PyObject { pub ob_refcnt: isize, pub ob_type: *mut std::ffi::c_void }
pub const METH_O: i32 = 8;
#[test]
fn ok() {}
""",
    "wrapper.h": '#include "Python.h"\n',
}


def test_what_is_right_for_one_build_alone(
    pytester: pytest.Pytester, cpython_builds: Trees
) -> None:
    for name, text in CRATE.items():
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    builds = cpython_builds.builds
    names = [builds["free_threaded"], builds["regular"], builds["debug"]]
    names.append(builds["regular"] / "python")
    named = (f"--cpython-sys-python={name}" for name in names)
    result = run(pytester, *named, "-ocpython_sys_policies=off")
    found = outcomes(result)
    assert {name: how for name, how in found.items() if how != "passed"} == {
        "src/lib.rs::@cp313t::@abi::layout::PyObject": "failed"
    }
    assert {
        f"src/lib.rs::@{label}::{test}"
        for label in ("cp313t", "cp313", "cp313d")
        for test in ("@abi::layout::PyObject", "@abi::const::METH_O", "ok")
    } == set(found)
    result.stdout.fnmatch_lines(
        [
            f"@cp313: *, {names[1]}; given again as {names[3]}, used once",
            "cpython-sys  cp313t  1 test, 2 C comparisons, 1 failed",
            "cp313t   cp313    cp313d",
            "failed   ok       ok       src/lib.rs::@abi::layout::PyObject",
        ]
    )


def test_an_initialiser_that_is_wrong_for_free_threading(
    checkout: Checkout, pytester: pytest.Pytester
) -> None:
    """A static object without the local reference count that makes it immortal."""
    library = checkout.path / "Modules" / "cpython-sys" / "src" / "lib.rs"
    replace_once(library, "ob_ref_local: u32::MAX", "ob_ref_local: 0")
    builds = checkout.trees.builds
    named = (f"--cpython-sys-python={builds[name]}" for name in ("regular", "free_threaded"))
    wanted = ("Modules/cpython-sys", "-mrust_abi", "--cpython-sys-abi=all")
    result = run(pytester, *named, "-ocpython_sys_policies=off", *wanted)
    found = outcomes(result)
    assert len(found) > 2000
    file = "Modules/cpython-sys/src/lib.rs::"
    names = ("PyModuleDef_HEAD_INIT", "PyObject_HEAD_INIT")
    assert {name: how for name, how in found.items() if how != "passed"} == {
        f"{file}@cp313t::@abi::init::{name}": "failed" for name in names
    }
    assert {f"{file}@cp313::@abi::init::{name}" for name in names} <= found.keys()
    result.stdout.fnmatch_lines_random(
        [
            "*lib.rs:*: bytes of PyObject_HEAD_INIT *",
            "cp313    cp313t",
            *(f"ok       failed   {file}@abi::init::{name}" for name in names),
        ]
    )
