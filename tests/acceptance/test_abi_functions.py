"""Functions behind pointers: in structs and unions, and against C's names for their types."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, replace_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

MANIFEST = """
[package]
name = "calls"
version = "0.1.0"
edition = "2021"
[package.metadata.cpython-sys]
header = "calls.h"
"""
HEADER = """
typedef struct object object;
typedef object *(*simple)(object *, object *);
typedef object *(*fast)(object *, object *const *, long);
typedef struct { const char *name; simple call; int flags; } method;
typedef union { simple one; fast two; void *any; } slot;
typedef int (*convert)(slot, fast *);
typedef void plain(int);
struct outer { union { struct { long when; int count; plain *run; } deep; int kind; }; };
struct tight { int a; union { unsigned short b, c; } __attribute__((packed)); };
struct tighter { char a; struct __attribute__((packed)) { char d; int e; }; };
struct uses { plain *notify; plain **more; void (*nested)(void (*)(long)); };
"""
LIB = """
#![allow(warnings)]
use std::ffi::*;
pub enum object {}
type Simple = unsafe extern "C" fn(*mut object, *mut object) -> *mut object;
type Fast = unsafe extern "C" fn(*mut object, *const *mut object, c_long) -> *mut object;
#[repr(C)] pub union Call { pub simple: Simple, pub fast: Fast, pub any: *mut c_void }
#[repr(C)] pub struct method { pub name: *const c_char, pub call: Call, pub flags: c_int }
#[repr(C)] pub union slot { pub one: Option<Simple>, pub two: Option<Fast>, pub any: *mut c_void }
pub type convert = Option<unsafe extern "C" fn(slot, *mut Option<Fast>) -> c_int>;
pub type plain = unsafe extern "C" fn(c_int);
// As bindgen writes it, with the padding.
#[repr(C)] pub struct outer { pub __bindgen_anon_1: outer__bindgen_ty_1 }
#[repr(C)] #[derive(Clone, Copy)] pub union outer__bindgen_ty_1 {
    pub deep: outer__bindgen_ty_1__bindgen_ty_1, pub kind: c_int,
}
#[repr(C)] #[derive(Clone, Copy)] pub struct outer__bindgen_ty_1__bindgen_ty_1 {
    pub when: c_long, pub count: c_int, pub __bindgen_padding_0: u32, pub run: Option<plain>,
}
#[repr(C)] pub struct tight { pub a: c_int, pub __bindgen_anon_1: tight__bindgen_ty_1 }
#[repr(C, packed)] #[derive(Clone, Copy)] pub union tight__bindgen_ty_1 { pub b: u16, pub c: u16 }
#[repr(C)] pub struct tighter { pub a: c_char, pub __bindgen_anon_1: tighter__bindgen_ty_1 }
#[repr(C, packed)] #[derive(Clone, Copy)] pub struct tighter__bindgen_ty_1 {
    pub d: c_char, pub e: c_int,
}
#[repr(C)] pub struct uses {
    pub notify: Option<plain>,
    pub more: *mut Option<plain>,
    pub nested: Option<unsafe extern "C" fn(Option<unsafe extern "C" fn(c_long)>)>,
}
"""
INNER = "__bindgen_ty_1__bindgen_ty_1"
GOOD = dict.fromkeys(
    ("layout::method", "layout::slot", "layout::convert", "layout::plain", "layout::uses"), "passed"
)


def test_functions_behind_pointers(
    pytester: pytest.Pytester, write: Callable[[Mapping[str, str]], Path]
) -> None:
    root = write({"Cargo.toml": MANIFEST, "calls.h": HEADER, "src/lib.rs": LIB})
    source = root / "src" / "lib.rs"
    others = [f"layout::outer{name}" for name in ("", "__bindgen_ty_1", INNER)]
    tight = ("tight", "tighter")
    others += [f"layout::{name}{inner}" for name in tight for inner in ("", "__bindgen_ty_1")]
    passed = dict.fromkeys([*others, "opaque::object"], "passed")
    assert _items(pytester)[1] == {**GOOD, **passed}

    # A member of Rust's union is compared with C's type of its name, wherever that is called.
    replace_once(source, "*const *mut object, c_long", "*const *mut object, c_int")
    replace_once(source, "fn(c_long)>)>", "fn(c_int)>)>")
    replace_once(source, 'plain = unsafe extern "C" fn(c_int)', "plain = fn(c_int)")
    result, found = _items(pytester)
    failed = {name for name, outcome in found.items() if outcome == "failed"}
    assert failed == {*GOOD, f"layout::outer{INNER}"}
    wide, narrow = "is a signed integer of 8 bytes in C", "a signed integer of 4 bytes in Rust"
    result.stdout.fnmatch_lines_random(
        [
            f"*: layout of method differs from C: argument 3 of call.fast {wide}, *",
            f"*: layout of slot differs from C: argument 3 of two {wide}, *",
            f"    argument 3 of the function that argument 2 points to {wide}, {narrow} *",
            "*: layout of uses differs from C: notify is a pointer in C, fn with Rust's own *",
            f"    argument 1 of the function that argument 1 of nested points to {wide}, *",
        ]
    )


ABIS = """
void of_rust(int); void of_windows(int); void of_unix(int); void of_firmware(int);
__attribute__((ms_abi)) void marked(int); void unwinds(int); void mine(int); void wrong(int);
"""
RUST_ABIS = """
use std::ffi::*;
extern "Rust" { pub fn of_rust(x: c_int); }
extern "win64" { pub fn of_windows(x: c_int); pub fn marked(x: c_int); }
extern "sysv64" { pub fn of_unix(x: c_int); pub fn wrong(x: c_long); }
extern "efiapi" { pub fn of_firmware(x: c_int); }
extern "C-unwind" { pub fn unwinds(x: c_int); }
#[no_mangle] pub fn mine(_: c_int) {}
#[no_mangle] pub fn ours(_: c_int) {}
"""


@pytest.mark.skipif(
    platform.machine() != "x86_64" or sys.platform == "win32", reason="of x86-64, with C's as Unix"
)
def test_another_abi_than_cs(
    pytester: pytest.Pytester, write: Callable[[Mapping[str, str]], Path]
) -> None:
    """The compiler says whether its function has the one that Rust names."""
    write({"Cargo.toml": MANIFEST, "calls.h": ABIS, "src/lib.rs": RUST_ABIS})
    result, found = _items(pytester)
    failed = ("of_rust", "of_windows", "of_firmware", "mine", "wrong")
    passed = ("of_unix", "marked", "unwinds")
    assert found == {
        **{f"fn::{name}": "failed" for name in failed},
        **{f"fn::{name}": "passed" for name in passed},
    }
    result.stdout.fnmatch_lines_random(
        [
            '*: of_rust is extern "Rust" in Rust, which is not a calling convention of C',
            '*: of_windows is extern "win64" in Rust, but C uses another calling convention',
            '*: of_firmware is extern "efiapi" in Rust, but C uses another calling convention',
            '*: mine is extern "Rust" in Rust, which is not a calling convention of C',
            "*: declaration of wrong differs from C",
        ]
    )


def _items(pytester: pytest.Pytester) -> tuple[pytest.RunResult, dict[str, str]]:
    result = pytester.runpytest("--cpython-sys", "-rA", "-m", "rust_abi")
    found = {name.partition("@abi::")[2]: one for name, one in outcomes(result).items()}
    return result, found
