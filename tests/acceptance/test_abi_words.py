"""What is told of a difference: the fault and its field, and both sides drawn as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

MANIFEST = """
[package]
name = "words"
version = "0.1.0"
edition = "2021"
[package.metadata.cpython-sys]
header = "words.h"
"""
HEADER = """
typedef struct { union { struct { unsigned thread; unsigned short flags; unsigned short local; };
                         long long whole; }; void *type; } object;
typedef struct { object base; int size; } module;
#define object_HEAD { { { 0, 0, 7 } }, 0 }
#define module_HEAD { object_HEAD, 3 }
typedef struct { int first; long second; } renamed;
typedef unsigned long number; typedef struct { int x, y; } point; typedef point alias;
enum color { RED, GREEN };
typedef struct { enum color color; } painted;
#define WIDE 0xFFFFFFFFu
#define SAME 0xFFFFFFFFu
"""
LIB = """
#![allow(warnings)]
use std::ffi::*;
#[repr(C)] pub struct Parts { pub thread: c_uint, pub flags: u16, pub local: u16 }
#[repr(C)] pub union Count { pub parts: std::mem::ManuallyDrop<Parts>, pub whole: i64 }
#[repr(C)] pub struct Inner { pub count: Count, pub type_: *mut c_void }
#[repr(transparent)] pub struct object(pub Inner);
#[repr(C)] pub struct module { pub base: object, pub size: c_int }
pub const object_HEAD: object = object(Inner {
    count: Count { whole: 8 << 48 }, type_: std::ptr::null_mut(),
});
pub const module_HEAD: module = module { base: object_HEAD, size: 3 };
#[repr(C)] pub struct renamed { pub one: c_int, pub second: c_ulong }
pub type number = c_int;
pub type alias = point;
#[repr(C)] pub struct point { pub x: c_int, pub y: c_int }
#[repr(C)] pub struct painted { pub color: c_int }
pub const WIDE: i64 = -1;
pub const SAME: i32 = -1;
"""


def test_words(pytester: pytest.Pytester, write: Callable[[Mapping[str, str]], Path]) -> None:
    root = write({"Cargo.toml": MANIFEST, "words.h": HEADER, "src/lib.rs": LIB})
    result = pytester.runpytest(
        "--cpython-sys", "-rA", "-v", "-m", "rust_abi", "--cpython-sys-layouts=drawn"
    )
    found = {name.partition("@abi::")[2]: one for name, one in outcomes(result).items()}
    failed = {name for name, outcome in found.items() if outcome == "failed"}
    assert failed == {
        *("init::object_HEAD", "init::module_HEAD", "const::WIDE"),
        *("layout::renamed", "layout::number"),
    }
    result.stdout.fnmatch_lines_random(
        [
            # Through a newtype and a union, to the field at the byte.
            "*: bytes of object_HEAD differ from C, first at offset 6 (count.parts.local)",
            "*: bytes of module_HEAD differ from C, first at offset 6 (base.count.parts.local)",
            # A fault, and not the name before it.
            (
                "*: layout of renamed differs from C: second is a signed "
                "integer in C, an unsigned integer in Rust *"
            ),
            "    color is enum color (unsigned) in C, c_int in Rust (enum)",
            # As many bits are the same bits.
            "*: WIDE is 4294967295 (0xffffffff) in C, -1 in Rust",
            "    SAME is 4294967295 (0xffffffff) in C, -1 in Rust: same bits, different sign *",
        ]
    )
    drawn = {path.name.partition("-")[0].removesuffix(".svg"): path for path in _drawings(root)}
    for name in ("number", "alias"):
        picture = drawn[name].read_text(encoding="utf-8")
        assert 'class="hole"' not in picture, name
    assert drawn["alias"].read_text(encoding="utf-8").count(">x, 4 bytes</text>") == 2


def _drawings(root: Path) -> list[Path]:
    return sorted((root / "drawn").rglob("*.svg"))
