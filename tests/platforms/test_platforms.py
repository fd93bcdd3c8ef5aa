"""Another platform's layouts from here: 32 bits, another order of bytes, another ``wchar_t``.

What is said of a target is what rustc and a C compiler for that target say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..acceptance.conftest import outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from .fetch import Toolchain

    Write = Callable[[Mapping[str, str]], Path]

I686 = "i686-unknown-linux-gnu"
AARCH64 = "aarch64-unknown-linux-gnu"
S390X = "s390x-unknown-linux-gnu"

MANIFEST = """
[package]
name = "wide-sys"
version = "0.1.0"
edition = "2021"
[lib]
doctest = false
"""
TABLE = MANIFEST + '[package.metadata.cpython-sys]\nheader = "wrapper.h"\n'
HEADER = """
#include <wchar.h>
struct pair { char c; long n; void *p; };
struct flags { unsigned char first : 1, second : 7; };
struct wide { long long n; };
struct later { long n; };
wchar_t widen(char c);
wchar_t narrow(char c);
#define ONE { 1 }
"""
LIB = """
#![allow(non_camel_case_types)]
use std::ffi::{c_char, c_int, c_long, c_void};
#[repr(C)] pub struct pair { pub c: c_char, pub n: c_long, pub p: *mut c_void }
#[repr(C)] #[derive(Clone, Copy)] pub struct wide { pub n: i64 }
// Right where `long` has 64 bits.
#[repr(C)] pub struct later { pub n: i64 }
pub const ONE: wide = wide { n: 1 };
extern "C" {
    pub fn widen(c: c_char) -> u32;
    pub fn narrow(c: c_char) -> i32;
}
const _: () = {
    ["Size of pair"][::std::mem::size_of::<pair>() - 24usize];
    ["Offset of field: pair::n"][::std::mem::offset_of!(pair, n) - 8usize];
};
const _: () = {
    ["Size of wide"][::std::mem::size_of::<wide>() - 8usize];
};
#[test] fn adds() { let _: c_int = 1 + 1; }
#[test] #[ignore = "slow"] fn ignored() {}
mod inner { #[test] #[should_panic] fn panics() { panic!() } }
"""
WITH_LONG_OF_64_BITS = {
    "bindgen_test_layout_pair": "passed",
    "bindgen_test_layout_wide": "passed",
    "@abi::layout::pair": "passed",
    "@abi::layout::wide": "passed",
    "@abi::layout::later": "passed",
    "@abi::init::ONE": "passed",
    "@abi::fn::widen": "failed",
    "@abi::fn::narrow": "passed",
}
# C's `long` and pointers have 32 bits there, and so has what Rust calls `c_long`.
WITH_LONG_OF_32_BITS = {
    **WITH_LONG_OF_64_BITS,
    "bindgen_test_layout_pair": "failed",
    "@abi::layout::later": "failed",
}
# There alone `wchar_t` has no sign.
ON_ARM = {**WITH_LONG_OF_64_BITS, "@abi::fn::widen": "passed", "@abi::fn::narrow": "failed"}
EXPECTED = {I686: WITH_LONG_OF_32_BITS, AARCH64: ON_ARM, S390X: WITH_LONG_OF_64_BITS}


def run(
    pytester: pytest.Pytester, target: str, *words: str
) -> tuple[pytest.RunResult, dict[str, str]]:
    result = pytester.runpytest("--cpython-sys", "-rA", f"--cargo-target={target}", *words)
    found = outcomes(result)
    return result, {name.partition("::")[2]: outcome for name, outcome in found.items()}


def use(monkeypatch: pytest.MonkeyPatch, *environments: Mapping[str, str]) -> None:
    for environment in environments:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)


@pytest.mark.parametrize("target", EXPECTED)
def test_layouts_where_nothing_links(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    toolchain: Toolchain,
    target: str,
) -> None:
    """And nothing runs: each test is named, skipped with the reason, and counted."""
    write({"Cargo.toml": TABLE, "src/lib.rs": LIB, "wrapper.h": HEADER})
    use(monkeypatch, toolchain.environment(target))
    monkeypatch.setenv(f"CARGO_TARGET_{target.upper().replace('-', '_')}_LINKER", "no-such-ld")
    result, found = run(pytester, target)
    expected = EXPECTED[target]
    assert {name: found.get(name) for name in expected} == expected
    result.stdout.fnmatch_lines([f"C compiler for {target}: * -m ziglang cc -target * ($CC_*)"])
    if target == I686:  # Its programs run here, as far as anybody knows.
        assert found["@build"] == "failed"
        result.stdout.fnmatch_lines(["    size * 24 * 12", "    offset of n * 8 * 4"])
        result.stdout.fnmatch_lines(
            ["*or set CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_LINKER to a linker*"]
        )
        return
    assert "@build" not in found
    assert not {"adds", "ignored", "inner::panics"} & found.keys()
    name = f"CARGO_TARGET_{target.upper().replace('-', '_')}_RUNNER"
    result.stdout.fnmatch_lines(
        [
            f"2 tests did not run: programs for {target} do not start on this *{name} to *",
            "=*= short test summary info =*=",
            f"SKIPPED * src/lib.rs:*: did not run: *{name} to *not linked*`no-such-ld` not found",
            "SKIPPED * slow",
        ]
    )


def test_programs_that_do_not_start(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    toolchain: Toolchain,
) -> None:
    """They are linked, and nobody is named who runs them; then somebody is."""
    files = {"src/lib.rs": LIB.replace("pub fn narrow(c: c_char) -> i32;", "")}
    write({"Cargo.toml": TABLE, "wrapper.h": HEADER, **files})
    use(monkeypatch, toolchain.environment(AARCH64), toolchain.linker(AARCH64))
    result, found = run(pytester, AARCH64)
    assert set(found.values()) == {"passed"}
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["2 tests did not run: programs for aarch64-* do not start on * (Exec format error). *"]
    )
    use(monkeypatch, toolchain.runner(AARCH64))
    result, found = run(pytester, AARCH64)
    assert found["adds"] == found["inner::panics"] == "passed"
    assert set(found.values()) == {"passed"}
    result.stdout.no_fnmatch_line("*did not run*")


def test_a_library_that_does_not_link_keeps_nothing_from_its_dependents(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    toolchain: Toolchain,
) -> None:
    """rustc checks what cargo did not come to; C is asked about what was not linked."""
    manifest = TABLE.replace("[lib]", '[lib]\ncrate-type = ["cdylib", "rlib"]')
    shapes = """
use wide_sys::pair;
const _: () = { ["Size of pair"][::std::mem::size_of::<pair>() - 24usize]; };
#[repr(C)] pub struct two { pub a: i8 }
const _: () = { ["Size of two"][::std::mem::size_of::<two>() - 2usize]; };
"""
    user = 'pub use wide_sys::later;\nconst _: () = { ["Size of later"]'
    write(
        {
            "Cargo.toml": manifest + '[workspace]\nmembers = ["user"]\n',
            "src/lib.rs": LIB,
            "wrapper.h": HEADER,
            "tests/shapes.rs": shapes,
            "user/Cargo.toml": MANIFEST.replace("wide-sys", "user")
            + '[dependencies]\nwide-sys = { path = ".." }\n',
            "user/src/lib.rs": f"{user}[::std::mem::size_of::<later>() - 8usize]; }};\n"
            "#[test] fn used() {}\n",
        }
    )
    # Named in cargo's own way, for once.
    use(monkeypatch, toolchain.environment(AARCH64), {"CARGO_BUILD_TARGET": AARCH64})
    result = pytester.runpytest("--cpython-sys", "-rA")
    found = outcomes(result)
    assert {name: found.get(f"src/lib.rs::{name}") for name in ON_ARM} == ON_ARM
    assert found["tests/shapes.rs::bindgen_test_layout_pair"] == "passed"
    assert found["tests/shapes.rs::bindgen_test_layout_two"] == "failed"
    assert found["user/src/lib.rs::bindgen_test_layout_later"] == "passed"
    # Of what is wrong, and not only not linked, the item of its build stays.
    assert found["tests/shapes.rs::@build"] == "failed"
    assert "user/src/lib.rs::@build" not in found
    result.stdout.fnmatch_lines(["3 tests did not run: *"])


PYTHON_LIB = """
#![allow(non_camel_case_types)]
use std::ffi::{c_char, c_int};
#[repr(C)] pub struct PyTypeObject { _private: [u8; 0] }
#[repr(C)] pub struct PyObject { pub ob_refcnt: isize, pub ob_type: *mut PyTypeObject }
#[repr(C)] pub struct Py_complex { pub real: f64, pub imag: f64 }
#[repr(C)] pub struct PyVarObject { pub ob_base: PyObject, pub ob_size: REPLACED }
pub const METH_O: c_int = 8;
pub const PY_SSIZE_T_MAX: isize = isize::MAX;
extern "C" { pub fn PyLong_FromSsize_t(n: isize) -> *mut PyObject; }
"""


@pytest.mark.parametrize("target", EXPECTED)
def test_headers_of_another_platforms_python(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    toolchain: Toolchain,
    target: str,
) -> None:
    lib = PYTHON_LIB.replace("REPLACED", "i64")
    write({"Cargo.toml": TABLE, "src/lib.rs": lib, "wrapper.h": "#include <Python.h>\n"})
    use(monkeypatch, toolchain.environment(target))
    named = f"--cpython-sys-python={toolchain.sysroot(target)}"
    result, found = run(pytester, target, "-m", "rust_abi", named)
    result.stdout.fnmatch_lines(["cpython-sys: *, Python 3.11.2 (cp311, does not run)"])
    wrong = found.pop("@abi::layout::PyVarObject")
    assert wrong == ("failed" if target == I686 else "passed")
    assert set(found.values()) == {"passed"}
    assert len(found) == 6, found
    if target == I686:
        # This machine's Python was configured for 64 bits.
        result, found = run(pytester, target, "-m", "rust_abi")
        assert found == {"@abi::header": "error"}
        result.stdout.fnmatch_lines(["*pyconfig.h is for another platform (SIZEOF_*): pass *"])


def test_this_machines_compiler_is_not_asked(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    toolchain: Toolchain,
) -> None:
    write({"Cargo.toml": MANIFEST, "src/lib.rs": LIB, "wrapper.h": HEADER})
    own = toolchain.environment(S390X)
    use(monkeypatch, {**own, "CC_s390x_unknown_linux_gnu": "cc"})
    result, found = run(pytester, S390X)
    assert found.pop("@abi::header") == "error"
    assert found == {"bindgen_test_layout_pair": "passed", "bindgen_test_layout_wide": "passed"}
    words = "*$CC_s390x_unknown_linux_gnu is set to cc, which makes code for *, not for s390x: "
    cure = '*"python -m ziglang cc -target s390x-linux-gnu" (pip install ziglang)'
    result.stdout.fnmatch_lines([words + cure])
    monkeypatch.delenv("CC_s390x_unknown_linux_gnu")
    result, found = run(pytester, S390X)
    assert found["@abi::header"] == "error"
    result.stdout.fnmatch_lines([f"*no C compiler for {S390X} was found. Tried: *; clang *"])
