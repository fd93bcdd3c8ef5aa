"""Which things of Rust are compared with C, each for itself: what has an item, and its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    Write = Callable[[Mapping[str, str]], Path]

MANIFEST = """
[package]
name = "things"
version = "0.1.0"
edition = "2021"
[package.metadata.cpython-sys]
header = "things.h"
"""

HEADER = """
int take(long);
enum e { A = 1, B = 2 };
enum same { SAME_ONE, SAME_TWO };
typedef enum { SHAPE_NONE, SHAPE_ROUND = 4, SHAPE_SQUARE, SHAPE_OVAL } shape;
typedef enum colour Colour;
enum colour { COLOUR_RED, COLOUR_DARK_RED };
enum around { AROUND_ONE = 1, AROUND_TWO, AROUND_MORE = -1 };
enum below { BELOW = -1, ABOVE = 1 };
enum wide { WIDE_FIRST, WIDE_LAST };
typedef int level;
#define LEVEL_ONE 1
#define LEVEL_TWO 2
typedef int state;
#define STATE_ON 1
#define LIMIT 7
enum mode_t2 { MODE_FAST = 5 };
struct pair { int a, b; };
#define END {0, 7}
#define OTHER_END {0, 7}
typedef struct { int x; } untagged;
typedef struct { int x, y; } *handle;
typedef struct { int n; char *s; } set;
typedef enum { KIND_A = 1, KIND_B } kind;
typedef void *anything;

#define NAME "things"
#define TITLE ((const char *) "title")
#define CASTED ((char *)("cast" "ed"))
typedef const char *stock;
#define STOCK ((stock)"stock")
#define LABEL "label"
#define NOTHING "nothing"
#define SHORT {1, 2, 3}
#define PADDED "ab"
#define Version "1.2"
#define Mode 3
#define Ratio 2

#define PACK(major, minor) (((major) << 8) | (minor))
#define PAIR(a, b) {a, b}
#define HALF(x) ((x) / 2.0)
#define ALONE(x) (x)
"""

LIB = """
#![allow(nonstandard_style, clashing_extern_declarations)]
use std::ffi::{c_char, c_double, c_int};
pub mod bad;
pub mod good;
#[repr(C)] pub enum e { A = 1, B = 20 }
#[repr(C)] pub enum same { SAME_ONE, SAME_TWO }
#[repr(C)] pub enum shape { None, Round = 4, Square }
#[repr(u32)] pub enum Colour { Red, DarkRed }
#[repr(transparent)] pub struct around(pub c_int);
impl around {
    pub const AROUND_ONE: around = around(1);
    pub const AROUND_TWO: around = around(3);
    pub const AROUND_MORE: around = around(-1);
    pub const LIMIT: c_int = 99;
}
#[repr(C)] pub enum below { BELOW = -1, ABOVE = 1 }
#[repr(C)] pub enum wide { First, Last, More }
#[repr(C)] pub enum level { LEVEL_ONE = 1, LEVEL_TWO = 3 }
#[repr(C)] pub enum state { STATE_ON = 1, STATE_OFF = 0 }
#[doc(hidden)] pub const LIMIT: c_int = 8;
#[doc(hidden)] pub mod internal { pub const LEVEL_ONE: super::c_int = 2; }
#[repr(C)] pub struct pair { pub a: c_int, pub b: c_int }
pub mod v1 { pub const LIMIT: i32 = 7; pub const LEVEL_TWO: i32 = 2; }
pub mod v2 { pub const LIMIT: i32 = 7; pub const LEVEL_TWO: i32 = 3; }
pub mod shapes {
    pub const END: super::pair = super::pair { a: 0, b: 8 };
    pub const LAST: super::pair = super::pair { a: 0, b: 7 };
}
#[repr(C)] pub struct untagged { pub x: u32 }
#[repr(C)] pub struct handle_s { pub x: c_int, pub y: c_double }
pub type handle = *mut handle_s;
#[repr(C)] pub struct _set { pub s: *mut c_char, pub n: c_int }
pub type set = _set;
#[repr(C)] pub enum _kind { KIND_A = 1, KIND_B = 5 }
pub type kind = _kind;
#[repr(C)] pub struct own { pub x: c_int }
pub type anything = *mut own;

pub const NAME: *const c_char = c"thing".as_ptr();
pub const TITLE: *const c_char = c"title".as_ptr();
pub const STOCK: *const c_char = c"stocks".as_ptr();
pub const CASTED: &[u8; 7] = b"casted\\0";
pub const LABEL: &[u8] = b"labels\\0";
pub const NOTHING: *const c_char = std::ptr::null();
pub const SHORT: [c_int; 2] = [1, 2];
pub const PADDED: [u8; 4] = *b"ab\\0\\0";
pub const mode_t2_MODE_FAST: c_int = 6;
pub const VERSION: c_int = 12;
pub const MODE: c_int = 4;
pub const RATIO: c_double = 3.0;

pub const fn PACK(major: c_int, minor: c_int) -> c_int { major * 256 + minor }
pub const unsafe fn PAIR(a: c_int, b: c_int) -> pair { pair { a: b, b: a } }
pub const fn HALF(x: c_int) -> c_double { x as c_double / 2.0 }
pub const fn ALONE(x: c_int) -> c_int { x }
pub const fn ours(x: c_int) -> c_int { x }
"""
TAKE = 'extern "C" { pub fn take(x: std::ffi::%s) -> std::ffi::c_int; }\n'
TABLE = """
[package.metadata.cpython-sys.inits]
"shapes::END" = "END"
"things::shapes::LAST" = "OTHER_END"
[package.metadata.cpython-sys.arguments]
PACK = ["3, 13", "0, LIMIT", "-1, 0x7f"]
PAIR = "1, 2"
HALF = "3"
"""


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest("--cpython-sys", "-rA", "-m", "rust_abi", *arguments)


def test_each_thing_is_compared_for_itself(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": MANIFEST + TABLE,
            "things.h": HEADER,
            "src/lib.rs": LIB,
            "src/bad.rs": TAKE % "c_int",
            "src/good.rs": TAKE % "c_long",
        }
    )
    result = run(pytester, "-v")
    found = {name.replace("src/lib.rs::@abi::", ""): one for name, one in outcomes(result).items()}
    failed = {name for name, outcome in found.items() if outcome == "failed"}
    assert failed == {
        "src/bad.rs::@abi::fn::take",
        *("layout::e", "layout::shape", "layout::wide", "layout::level", "layout::untagged"),
        *("layout::handle_s", "layout::_set", "layout::_kind"),
        *("const::LIMIT", "const::LEVEL_ONE", "const::LEVEL_TWO-2", "const::MODE"),
        "const::around::AROUND_TWO",
        "const::mode_t2_MODE_FAST",
        *("const::NAME", "const::LABEL", "const::NOTHING", "const::STOCK", "init::SHORT"),
        *("init::END", "macro::PACK", "macro::PAIR"),
    }
    passed = {name for name, outcome in found.items() if outcome == "passed"}
    assert passed == {
        "src/good.rs::@abi::fn::take",
        *("layout::same", "layout::Colour", "layout::below", "layout::state", "layout::pair"),
        *("layout::handle", "layout::set", "layout::kind", "layout::anything"),
        *("layout::around", "const::around::AROUND_ONE", "const::around::AROUND_MORE"),
        *("const::LIMIT-2", "const::LIMIT-3", "const::LEVEL_TWO"),
        *("const::CASTED", "const::TITLE", "init::PADDED", "init::LAST", "macro::HALF"),
    }
    undefined = "in C, but Rust has no variant with that value: receiving it from C is undefined *"
    result.stdout.fnmatch_lines_random(
        [
            "src/lib.rs:6: values of e differ from C: B is 2 in C, 20 in Rust",
            f"src/lib.rs:8: values of shape differ from C: SHAPE_OVAL is 6 {undefined}",
            "*: values of wide differ from C: More is 2 in Rust, but C has no enumerator *",
            "*: level::LEVEL_TWO is 2 in C (LEVEL_TWO), 3 in Rust",
            "state is not an enum in C, so values that C has and Rust lacks cannot be found",
            '*: NAME is "things" in C, c"thing" in Rust',
            '*: NOTHING is the text "nothing" in C, but does not point to data in Rust',
            "*: SHORT has 12 bytes in C, 8 in Rust",
            "*: MODE is 3 in C (Mode), 4 in Rust",
            "*: PACK(0, LIMIT) is 7 in C, 8 in Rust",
            "*: bytes of PAIR(1, 2) differ from C, first at offset 0",
            "things: 1 Rust name has no counterpart in C",
            "    own: the header declares no type own",
        ]
    )
    result.stdout.fnmatch_lines(
        [
            "things: 1 name exists in C but was not compared",
            "    ALONE: the header defines a macro of that name: to compare both, list *",
            "things: 2 items got no answer from a compiler",
        ]
    )
    assert result.parseoutcomes()["skipped"] == 2


def test_known_items_one_by_one(pytester: pytest.Pytester, write: Write) -> None:
    """A key says as much of an id as is needed; what does not differ is no known difference."""
    known = MANIFEST + "[package.metadata.cpython-sys.known]\n"
    bad = '"src/bad.rs::@abi::fn::take" = "of old"\n'
    files = {
        "things.h": "int take(long);\n#define LIMIT 7\nstruct never;\n",
        "src/lib.rs": (
            "pub mod bad; pub mod good; pub const LIMIT: i32 = 8;\n"
            "#[repr(C)] pub struct never { pub x: i32 }\n"
        ),
        "src/bad.rs": TAKE % "c_int",
        "src/good.rs": TAKE % "c_long",
    }
    write({"Cargo.toml": known + bad + '"@abi::const::LIMIT" = "counts"\n', **files})
    result = run(pytester)
    assert result.parseoutcomes() == {"passed": 1, "xfailed": 2, "skipped": 1}
    assert result.ret == 0
    # Both of that name are meant, and one of them agrees.
    write({"Cargo.toml": known + '"fn::take" = "of old"\n"const::LIMIT" = "counts"\n'})
    result = run(pytester)
    assert result.parseoutcomes() == {"failed": 1, "xfailed": 2, "skipped": 1}
    # Nothing is known of what cannot be compared.
    write({"Cargo.toml": known + bad + '"layout::never" = "opaque"\n'})
    result = run(pytester)
    assert outcomes(result)["src/lib.rs::@abi::layout::never"] == "error"
    words = "never is known to fail (opaque), but cannot be compared"
    result.stdout.fnmatch_lines(
        [
            (
                f"*{words}: no answer from the C compiler for struct never"
                '*Remove "layout::never" from `known` in *'
            )
        ]
    )


MISSPELT = {
    'names = { LIMT = "LIMIT" }': '"LIMT" is not an item of things: did you mean `LIMIT`?',
    'names = { LIMIT = "LIMITT" }': 'the header defines no constant "LIMITT", the name set for '
    "LIMIT: did you mean `LIMIT`?",
    'names = { pair = "struct piar" }': '*no type "struct piar"*`struct pair`?',
    'inits = { "shape::END" = "END" }': '"shape::END" is not a constant of things: did '
    "you mean `shapes::END`?",
    'inits = { pair = "END" }': '"pair" is not a constant of things*',
    'arguments = { PAK = "1, 2" }': '"PAK" is not a const fn of things: *`PACK`?',
    'arguments = { PACK = "1" }': '"1" has 1 argument, but PACK takes 2 in Rust and is '
    "PACK(a,b) in C",
    'arguments = { PACK = "1, LIMITS" }': '"LIMITS" is not a constant of *`LIMIT`?',
    'arguments = { ours = "1" }': "ours cannot be compared, because the header defines no "
    "macro ours with arguments*",
    'known = { "const::LIMT" = "x" }': '"const::LIMT" is not an item of this package: did '
    "you mean `const::LIMIT`?",
    'known = { "layout::ours" = "x" }': '"layout::ours" is not an item of this package: '
    "the header declares no type ours",
    'symbols = ["PyModule_Creat2"]': None,
}


def test_a_misspelt_key_is_an_error_that_names_the_nearest(
    pytester: pytest.Pytester, write: Write
) -> None:
    manifest = MANIFEST.replace('header = "things.h"\n', "")  # one that is just there
    write(
        {
            "Cargo.toml": manifest,
            "wrapper.h": "#define LIMIT 7\nstruct pair { int a, b; };\n#define END {0, 7}\n"
            "#define PACK(a, b) (a + b)\nint PyModule_Create2(int);\n",
            "src/lib.rs": """
                #[repr(C)] pub struct pair { pub a: i32, pub b: i32 }
                #[repr(C)] #[allow(non_camel_case_types)] pub struct ours { pub a: i32 }
                pub const LIMIT: i32 = 7;
                #[cfg(windows)] pub const ELSEWHERE: i32 = 7;
                pub mod shapes { pub const END: crate::pair = crate::pair { a: 0, b: 7 }; }
                pub const fn PACK(a: i32, b: i32) -> i32 { a + b }
                pub const fn ours(a: i32) -> i32 { a }
                extern "C" { pub fn PyModule_Create2(x: i32) -> i32; }
            """,
        }
    )
    for entry, words in MISSPELT.items():
        write({"Cargo.toml": f"{manifest}{entry}\n"})
        result = run(pytester)
        if words is None:
            found = outcomes(result)
            assert found.pop("src/lib.rs::@abi::symbol::PyModule_Creat2") == "failed"
            assert set(found.values()) == {"passed"}
            words = "PyModule_Creat2 is not exported *did you mean `PyModule_Create2`?"
            result.stdout.fnmatch_lines([f"*{words}"])
            continue
        found = outcomes(result)
        assert found.pop("src/lib.rs::@abi::header") == "error", entry
        # A key that names no item leaves all comparisons as they are.
        is_alone = "of things" not in words and "of this package" not in words
        assert set(found.values()) == (set() if is_alone else {"passed"}), entry
        line = manifest.count("\n") + 1
        key = entry.partition(" ")[0]
        result.stdout.fnmatch_lines([f"Cargo.toml:{line}: `{key}`: {words}"])
    # What another build has is named rightly, and still said.
    rest = 'names = { ELSEWHERE = "LIMIT" }\nknown = { "const::ELSEWHERE" = "x" }\n'
    symbols = 'symbols = ["@abi::symbol::PyModule_Create2"]\ninits = { "@abi::init::END" = "END" }'
    write({"Cargo.toml": f"{manifest}{rest}{symbols}\n"})
    result = run(pytester, "-v")
    assert set(outcomes(result).values()) == {"passed"}
    assert "src/lib.rs::@abi::symbol::PyModule_Create2" in outcomes(result)
    result.stdout.fnmatch_lines(
        [
            "things: 2 keys of the table refer to items that this run leaves out",
            "    names: ELSEWHERE",
            "    known: const::ELSEWHERE",
        ]
    )


VALUES_HEADER = """
#define ADD(a) ((a) + 1)
#define SUBTRACT(a, b) ((a) - (b))
#define UNKNOWN(a) (a)
#define BAD_TEXT "ab"
#define GOOD 7
extern int number, numbers[2];
int call(int);
struct inside { int a, b; };
static const struct inside INSIDE = {1, 2};
#define ADDRESS &number
#define ADDRESS_OF_SOME numbers
#define ADDRESS_AS_NUMBER ((long)&number)
#define FUNCTION call
#define FUNCTION_AS_NUMBER call
#define NULL_IN_C ((int *)0)
#define BOTH &number
#define NONE ((int *)0)
#define HALF 1.5f
#define DIGITS "12"
#define LETTERS 12
#define WHOLE 2
extern int is_variable;
int is_function(int);
"""
VALUES = """
#![allow(warnings)]
use std::ffi::*;
pub const fn ADD(a: c_uint) -> c_uint { a + 1 }
pub const fn SUBTRACT(a: c_uint, b: c_uint) -> c_uint { a - b }
pub const fn UNKNOWN(a: c_int) -> c_int { panic!("nobody knows") }
pub const BAD_TEXT: *const c_char = b"ab".as_ptr() as _;
pub const GOOD: c_int = 7;
#[repr(C)] pub struct inside { pub a: c_int, pub b: c_int }
pub const INSIDE: inside = inside { a: 1, b: 3 };
static OWN: c_int = 0;
pub const ADDRESS: *const c_int = std::ptr::null();
pub const ADDRESS_OF_SOME: *const c_int = std::ptr::null();
pub const ADDRESS_AS_NUMBER: c_long = 0;
pub const FUNCTION: Option<unsafe extern "C" fn(c_int) -> c_int> = None;
pub const FUNCTION_AS_NUMBER: usize = 0;
pub const NULL_IN_C: *const c_int = &OWN;
pub const BOTH: *const c_int = &OWN;
pub const NONE: *const c_int = std::ptr::null();
pub const HALF: c_int = 1;
pub const DIGITS: c_double = 12.0;
pub const LETTERS: &CStr = c"12";
pub const WHOLE: c_double = 2.0;
extern "C" { pub fn is_variable(); pub static is_function: c_int; }
"""
CALLS = """
[package.metadata.cpython-sys.arguments]
ADD = ["4294967295"]
SUBTRACT = ["1,2"]
UNKNOWN = ["1"]
"""


def test_values_of_another_kind_or_of_none(pytester: pytest.Pytester, write: Write) -> None:
    write({"Cargo.toml": MANIFEST + CALLS, "things.h": VALUES_HEADER, "src/lib.rs": VALUES})
    result = run(pytester, "-v")
    found = {name.partition("@abi::")[2]: one for name, one in outcomes(result).items()}
    passed = ("const::GOOD", "const::NONE", "const::WHOLE", "layout::inside")
    failed = (
        *("const::ADDRESS", "const::ADDRESS_OF_SOME", "const::ADDRESS_AS_NUMBER"),
        *("const::FUNCTION", "const::FUNCTION_AS_NUMBER", "const::NULL_IN_C"),
        *("const::HALF", "const::DIGITS", "const::LETTERS"),
        *("fn::is_variable", "static::is_function"),
    )
    assert found == {
        **dict.fromkeys(passed, "passed"),
        **dict.fromkeys(failed, "failed"),
    }
    assert result.parseoutcomes()["skipped"] == 5
    result.stdout.fnmatch_lines_random(
        [
            "*no answer from rustc for ADD(4294967295): E0080: attempt to compute *overflow*",
            "*no answer from rustc for SUBTRACT(1,2): E0080: attempt to compute *overflow*",
            "*no answer from rustc for UNKNOWN(1): E0080: *nobody knows*",
            "*no answer from rustc for the text at BAD_TEXT: E0080: *",
            "*BOTH is an address in C and Rust, and addresses are known only after linking*",
            "*: ADDRESS is an address in C, 0 in Rust*",
            "*: FUNCTION_AS_NUMBER is an address in C, 0 in Rust*",
            "*: NULL_IN_C is 0 in C, an address in Rust*",
            "*: the value of HALF is a floating-point number in C; its type in Rust is c_int*",
            "*: the value of LETTERS is a number in C; its type in Rust is *const CStr*",
            "*: is_variable is a variable in C (int), a function in Rust*",
            "*: is_function is a function in C (int(int)), a variable in Rust*",
            "    INSIDE: C has a variable of that name, and its value is unknown at compile time",
        ]
    )
