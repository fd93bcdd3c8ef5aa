"""Types that Rust has for their pointers alone, in all spellings; and those that it cuts short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import outcomes, replace_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    Write = Callable[[Mapping[str, str]], Path]

MANIFEST = """
[package]
name = "hidden"
version = "0.1.0"
edition = "2021"
[package.metadata.cpython-sys]
header = "hidden.h"
"""
HEADER = """
struct array; struct unit { int i; long l; }; struct none; struct empty { int i; };
typedef struct marked marked; typedef struct _renamed renamed; struct voided { long l[9]; };
struct bare { int i; }; typedef struct { int i[40]; } full;
typedef struct { int type; long body; char text[80]; } cut;
typedef struct { int type; long body; char text[80]; } cut_by_void;
union ev { int type; long pad[24]; };
union ev2 { int type; long pad[24]; };
void take(struct array *, struct unit *, struct none *, struct empty *, marked *, renamed *);
void take_more(struct voided *, struct bare *, full *, cut *, cut_by_void *, union ev *);
"""
LIB = """
#![allow(warnings)]
use std::{ffi::*, marker::*};
#[repr(C)] pub struct array { _data: [u8; 0], _marker: PhantomData<(*mut u8, PhantomPinned)> }
pub struct unit;
pub enum none {}
#[repr(C)] pub struct empty {}
#[repr(C)] pub struct marked { _private: (), _pinned: PhantomPinned }
pub enum renamed_in_rust {}
pub type renamed = renamed_in_rust;
#[repr(C)] pub struct voided(c_void);
pub struct bare { _private: [u8; 0] }
pub type full = c_void;
#[repr(C)] pub struct cut { pub type_: c_int, pub body: c_long, _more: [u8; 0] }
#[repr(C)] pub struct cut_by_void {
    pub type_: c_int, pub body: c_long, _truncated_record_marker: c_void
}
#[repr(C)] pub struct ev { _pad: [c_long; 24] }
#[repr(C)] pub struct ev2 { pub _pad: [c_long; 24] }
extern "C" {
    fn take(
        _: *mut array, _: *mut unit, _: *mut none, _: *mut empty, _: *mut marked, _: *mut renamed,
    );
    fn take_more(
        _: *mut voided, _: *mut bare, _: *mut full, _: *mut cut, _: *mut cut_by_void, _: *mut ev,
    );
}
"""
OPAQUE = ("array", "unit", "none", "empty", "marked", "renamed_in_rust", "voided", "bare")


def run(pytester: pytest.Pytester) -> tuple[pytest.RunResult, dict[str, str]]:
    result = pytester.runpytest("--cpython-sys", "-rA", "-v", "-m", "rust_abi")
    found = {name.partition("@abi::")[2]: one for name, one in outcomes(result).items()}
    return result, found


def test_all_spellings(pytester: pytest.Pytester, write: Write) -> None:
    root = write({"Cargo.toml": MANIFEST, "hidden.h": HEADER, "src/lib.rs": LIB})
    result, found = run(pytester)
    expected = {
        **{f"opaque::{name}": "passed" for name in OPAQUE},
        **{f"layout::{name}": "passed" for name in ("cut", "cut_by_void", "ev", "ev2")},
        "fn::take": "passed",
        "fn::take_more": "passed",
    }
    assert found == expected, result.stdout.str()
    assert result.ret == 0

    # By value, each of them is another thing than C's.
    replace_once(
        root / "src" / "lib.rs",
        "extern",
        "#[repr(C)] pub struct user { a: unit, b: empty, c: voided, d: bare, e: cut }\nextern",
    )
    result, found = run(pytester)
    used = ("opaque::unit", "opaque::empty", "opaque::voided", "opaque::bare", "layout::cut")
    assert found == {**expected, **dict.fromkeys(used, "failed")}
    result.stdout.fnmatch_lines_random(
        [
            "*: unit is empty in Rust but used by value in user.a, where C has 16 bytes: *",
            (
                "*: cut has only the first fields of C's type but is used by value in user.e, "
                "where C has 96 bytes: *"
            ),
        ]
    )


def test_a_function_behind_a_pointer_uses_by_value(pytester: pytest.Pytester, write: Write) -> None:
    """Wherever the pointer stands: in a field, an alias, an argument, a variable, an array."""
    header = (
        HEADER
        + """
        struct calls { int (*call)(struct unit); };
        typedef struct marked { int i; } marked;
        typedef struct empty (*made)(void);
        void takes(void (*)(struct voided));
        extern void (*held[2])(struct bare); extern cut (**behind)(void);
        extern struct array { int i; } *plain; typedef struct _renamed { int i; } renamed;
        typedef marked *pointers[2];
    """
    )
    lib = (
        LIB
        + """
        #[repr(C)] pub struct calls { pub call: Option<unsafe extern "C" fn(unit) -> c_int> }
        pub type made = Option<unsafe extern "C" fn() -> empty>;
        pub type pointers = [*mut marked; 2];
        extern "C" {
            fn takes(_: Option<unsafe extern "C" fn(voided)>);
            static held: [Option<unsafe extern "C" fn(bare)>; 2];
            static behind: *mut Option<unsafe extern "C" fn() -> cut>;
            static plain: *mut array;
        }
    """
    )
    write({"Cargo.toml": MANIFEST, "hidden.h": header, "src/lib.rs": lib})
    result, found = run(pytester)
    failed = {name for name in found if name.startswith(("opaque", "layout::cut"))} & {
        name for name, outcome in found.items() if outcome == "failed"
    }
    used = {
        "unit": "calls.call, where C has 16",
        "empty": "made, where C has 4",
        "voided": "takes, where C has 72",
        "bare": "held, where C has 4",
    }
    assert failed == {*(f"opaque::{name}" for name in used), "layout::cut"}
    assert {"opaque::array", "opaque::marked", "opaque::renamed_in_rust"} <= found.keys() - failed
    result.stdout.fnmatch_lines_random(
        [
            *(
                f"*: {name} is empty in Rust but used by value in {at} *"
                for name, at in used.items()
            ),
            (
                "*: cut has only the first fields of C's type but is used by value in behind, "
                "where C has 96 bytes: *"
            ),
        ]
    )


def test_what_is_there_of_a_type_that_is_cut_short_counts(
    pytester: pytest.Pytester, write: Write
) -> None:
    lib = LIB.replace("pub body: c_long, _more", "pub body: *mut c_void, _more")
    lib = lib.replace("pub body: c_long, _trunc", "pub body: c_int, _trunc")
    lib = lib.replace("pub _pad: [c_long; 24]", "pub _pad: [f64; 24]")
    write({"Cargo.toml": MANIFEST, "hidden.h": HEADER, "src/lib.rs": lib})
    result, found = run(pytester)
    failed = {name for name, outcome in found.items() if outcome == "failed"}
    assert failed == {"layout::cut", "layout::cut_by_void", "layout::ev2"}
    result.stdout.fnmatch_lines_random(
        [
            "*: layout of cut differs from C: body is a signed integer in C, a pointer in Rust*",
            "*: layout of cut_by_void differs from C: body is at offset 8, size 8 in C; *",
            (
                "*: layout of ev2 differs from C: the field at offset 0 is "
                "pad in C, _pad in Rust; pad is a s*"
            ),
        ]
    )
