"""Minor differences from C pass and are shown; its neighbours fail.

One crate holds all rows: each is something of C's, Rust's counterpart, and what is expected of it.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from pytest_cpython_sys.cargo import Cargo

from .conftest import outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FAILED, SAME, SKIPPED = "failed", "", "skipped"


class Row(NamedTuple):
    """What stands in the header, and in the crate, and the outcome.

    ``@`` is the name, ``$`` a function of C's: ``unsafe extern "C" fn``.

    The outcome is a word of pytest's, or the kinds of differences of an item that passes.
    """

    c: str
    rust: str
    expected: str


# What several rows use.
C_TYPES: Final = """
typedef enum { RED, GREEN } color; typedef enum { COLD = -1, WARM } heat;
typedef struct { int a, b; } pair; typedef struct { int c, d; } couple;
typedef struct { float a, b; } floats; typedef struct { int a; } single;
enum bare { FIRST, SECOND };
struct hidden; typedef struct hidden hidden;
typedef union { int *i; float *f; } __attribute__((transparent_union)) any_of;
typedef union { int *i; float *f; } one_of;
union tagged { void *v; int *i; } __attribute__((transparent_union));
typedef int four __attribute__((vector_size(16)));
typedef struct handle_of *handle; typedef int (*visit)(pair *, void *);
typedef int plain_function(int); typedef union { int i; float f; } either;
"""
RUST_TYPES: Final = """
#[repr(C)] pub struct pair { pub a: c_int, pub b: c_int }
#[repr(C)] pub struct Another { pub c: c_int, pub d: c_int }
#[repr(C)] pub struct Floating { pub c: f32, pub d: f32 }
#[repr(C)] pub struct Larger { pub c: c_int, pub d: c_int, pub e: c_int }
#[repr(C)] pub struct hidden { _data: [u8; 0] }
#[repr(C)] pub struct Unknown { _data: [u8; 0] }
#[repr(transparent)] pub struct Wrapped(pub c_int);
#[repr(C)] pub struct never_seen { _data: [u8; 0] }
#[repr(C)] pub struct Only { pub number: u32 }
pub enum bare { First, Second }
pub enum Nothing {}
pub mod own { #[repr(u8)] pub enum c_void { One, Two } }
#[repr(u32)] pub enum Rust { One, Two }
#[repr(u16)] pub enum Short { One, Two }
#[repr(C)] pub union deep { pub i: c_int, pub s: inner }
#[repr(C)] #[derive(Clone, Copy)] pub struct inner { pub f: c_int }
#[repr(C)] pub struct ints { pub r: i64, pub i: i64 }
#[repr(C)] pub union either_in_rust { pub i: c_int, pub f: f32 }
pub type visit = Option<unsafe extern "C" fn(*mut pair, *mut c_void) -> c_int>;
"""

FUNCTIONS: Final = [
    # The same, whatever it is called.
    Row("long long @(unsigned long long);", "(x: u64) -> i64", SAME),
    Row("long @(unsigned long);", "(x: u64) -> i64", SAME),
    Row("long long @(long);", "(x: c_longlong) -> c_long", SAME),
    Row("void @(long long *);", "(x: *mut c_long)", SAME),
    Row("void @(volatile int *);", "(x: *mut c_int)", SAME),
    Row("void @(int *restrict, int *volatile);", "(x: *mut c_int, y: *mut c_int)", SAME),
    Row("int @(struct never_seen *);", "(x: *mut Unknown) -> c_int", "opaque"),
    Row("int @(struct never_seen *);", "(x: *mut never_seen) -> c_int", SAME),
    Row("int @(struct hidden *);", "(x: *mut hidden) -> c_int", SAME),
    Row("void @(int[3]);", "(x: *mut c_int)", SAME),
    Row("void @(visit);", "(x: visit)", SAME),
    Row("void @(visit);", "(x: $(*mut pair, *mut c_void) -> c_int)", SAME),
    Row("void @(int);", "(x: Wrapped)", SAME),
    Row("void @();", "(x: c_int)", SAME),
    Row("void @(handle *);", "(x: *mut *mut Nothing)", "opaque"),
    Row("void @(pair *);", "(x: Option<&mut pair>)", SAME),
    Row("_Bool @(float, double);", "(x: f32, y: f64) -> bool", SAME),
    # const, and what is beside it
    Row("void @(const int *);", "(x: *mut c_int)", "const"),
    Row("void @(int *);", "(x: *const c_int)", "const"),
    Row("void @(const int *const *);", "(x: *mut *const c_int)", "const"),
    Row("const char *@(void);", "() -> *mut c_char", "const"),
    Row("void @(const int *);", "(x: *mut c_long)", FAILED),
    Row("void @(const int *);", "(x: c_int)", FAILED),
    # void, and what is beside it
    Row("void @(void *);", "(x: *mut pair)", "void"),
    Row("void @(pair *);", "(x: *mut c_void)", "void"),
    Row("void *@(void);", "() -> *mut c_long", "void"),
    Row("void @(void (*)(void));", "(x: *mut c_void)", "void"),
    Row("void @(void **);", "(x: *mut *mut pair)", "void"),
    Row("void @(void *);", "(x: *mut own::c_void)", SAME),
    Row("void @(pair *);", "(x: Option<Box<pair>>)", SAME),
    Row("void @(long *);", "(x: Box<pair>)", FAILED),
    Row("void @(void **);", "(x: *mut c_void)", FAILED),
    Row("void @(pair **);", "(x: *mut c_void)", FAILED),
    Row("void @(void *);", "(x: *mut *mut c_void)", FAILED),
    Row("void @(void *);", "(x: usize)", FAILED),
    Row("void @(void *);", "(x: u64)", FAILED),
    Row("void @(long);", "(x: *mut c_void)", FAILED),
    Row("void @(void *);", "(x: c_int)", FAILED),
    # opaque, and what is beside it
    Row("void @(hidden *);", "(x: *mut Unknown)", "opaque"),
    Row("void @(hidden *);", "(x: *mut Nothing)", "opaque"),
    Row("void @(pair *);", "(x: *mut Unknown)", "opaque"),
    Row("void @(hidden **);", "(x: *mut *mut Nothing)", "opaque"),
    Row("void @(hidden **);", "(x: *mut Nothing)", FAILED),
    Row("void @(hidden *);", "(x: *mut *mut Nothing)", FAILED),
    Row("void @(hidden *);", "(x: usize)", FAILED),
    # bytes, and what is beside them
    Row("void @(const char *);", "(x: *const u8)", "bytes"),
    Row("void @(unsigned char *);", "(x: *mut i8)", "bytes"),
    Row("void @(char **);", "(x: *mut *mut u8)", "bytes"),
    Row("void @(pair *);", "(x: *mut u8)", "bytes"),
    Row("void @(char *);", "(x: *mut c_long)", "bytes"),
    Row("void @(char **);", "(x: *mut u8)", FAILED),
    Row("void @(char *);", "(x: *mut *mut u8)", FAILED),
    Row("void @(char *);", "(x: u8)", FAILED),
    Row("void @(char);", "(x: *mut u8)", FAILED),
    Row("void @(unsigned char);", "(x: i8)", FAILED),
    Row("void @(signed char);", "(x: u8)", FAILED),
    Row("void @(_Bool);", "(x: u8)", "bool"),
    Row("void @(unsigned char);", "(x: bool)", FAILED),
    Row("void @(int);", "(x: bool)", FAILED),
    # what is pointed to, and what is beside it
    Row("void @(unsigned *);", "(x: *mut c_int)", "pointee"),
    Row("void @(unsigned **);", "(x: *mut *mut c_int)", "pointee"),
    Row("void @(pair *);", "(x: *mut Another)", "pointee"),
    Row("void @(pair *);", "(x: *mut Larger)", FAILED),
    Row("void @(long *);", "(x: *mut c_int)", FAILED),
    Row("void @(int *);", "(x: *mut c_long)", FAILED),
    Row("void @(int *);", "(x: *mut f32)", FAILED),
    Row("void @(double *);", "(x: *mut c_long)", FAILED),
    Row("void @(float *);", "(x: *mut f64)", FAILED),
    Row("void @(pair *);", "(x: *mut c_long)", FAILED),
    Row("void @(long *);", "(x: *mut pair)", FAILED),
    Row("void @(int **);", "(x: *mut c_int)", FAILED),
    Row("void @(int *);", "(x: *mut *mut c_int)", FAILED),
    Row("void @(int **);", "(x: *mut *mut c_long)", FAILED),
    Row("void @(int **);", "(x: *mut *mut *mut c_int)", FAILED),
    Row("void @(int *);", "(x: c_int)", FAILED),
    Row("void @(int);", "(x: *mut c_int)", FAILED),
    Row("void @(pair *);", "(x: pair)", FAILED),
    Row("void @(pair);", "(x: *mut pair)", FAILED),
    Row("int *@(void);", "() -> c_int", FAILED),
    Row("long @(void);", "() -> *mut c_int", FAILED),
    # enumerations, and what is beside them
    Row("void @(color);", "(x: c_uint)", SAME),
    Row("void @(heat);", "(x: c_int)", SAME),
    Row("void @(heat);", "(x: c_uint)", "enum"),
    Row("void @(heat *);", "(x: *mut c_int)", SAME),
    Row("void @(unsigned);", "(x: Rust)", "enum"),
    Row("void @(color);", "(x: Rust)", "enum"),
    Row("void @(color);", "(x: Short)", FAILED),
    Row("void @(float);", "(x: Rust)", FAILED),
    Row("void @(color);", "(x: c_int)", "enum"),
    Row("color @(void);", "() -> c_int", "enum"),
    Row("void @(color *);", "(x: *mut c_int)", "enum"),
    Row("void @(color **);", "(x: *mut *mut c_uint)", SAME),
    Row("void @(color);", "(x: c_long)", FAILED),
    Row("void @(color);", "(x: u16)", FAILED),
    Row("void @(color);", "(x: f32)", FAILED),
    Row("void @(color);", "(x: *mut c_int)", FAILED),
    Row("void @(color *);", "(x: c_int)", FAILED),
    Row("void @(color *);", "(x: *mut c_long)", FAILED),
    Row("void @(color *);", "(x: *mut i16)", FAILED),
    # numbers
    Row("void @(int);", "(x: c_uint)", FAILED),
    Row("void @(unsigned long);", "(x: c_long)", FAILED),
    Row("void @(int);", "(x: f32)", FAILED),
    Row("void @(double);", "(x: c_long)", FAILED),
    Row("void @(float);", "(x: f64)", FAILED),
    Row("int @(void);", "()", FAILED),
    Row("void @(void);", "() -> c_int", FAILED),
    Row("void @(pair);", "(x: c_long)", FAILED),
    Row("void @(long);", "(x: pair)", FAILED),
    Row("void @(single);", "(x: c_int)", FAILED),
    Row("void @(four);", "(x: [c_int; 4])", FAILED),
    Row("void @(int *);", "(x: [c_int; 4])", FAILED),
    Row("void @(unsigned);", "(x: Only)", FAILED),
    Row("unsigned @(void);", "() -> Only", FAILED),
    Row("void @(enum bare);", "(x: bare)", FAILED),
    Row("void @(int (*)(unsigned));", "(x: $(Only) -> c_int)", FAILED),
    Row("void @(unsigned *);", "(x: *mut Only)", FAILED),
    Row("void @(either);", "(x: c_int)", FAILED),
    Row("void @(any_of);", "(x: *mut c_int)", SAME),
    Row("void @(any_of);", "(x: *mut f32)", SAME),
    Row("void @(any_of);", "(x: *mut c_long)", FAILED),
    Row("void @(one_of);", "(x: *mut c_int)", FAILED),
    Row("void @(union tagged);", "(x: *mut c_void)", SAME),
    Row("void @(union tagged);", "(x: c_long)", FAILED),
    Row("void @(int);", "(x: either_in_rust)", FAILED),
    Row("void @(couple);", "(x: Another)", "name"),
    Row("void @(floats);", "(x: Another)", FAILED),
    # arguments
    Row("void @(int, int);", "(x: c_int)", FAILED),
    Row("void @(int);", "(x: c_int, y: c_int)", FAILED),
    Row("void @(int, ...);", "(x: c_int)", FAILED),
    Row("void @(int);", "(x: c_int, ...)", FAILED),
    # functions behind pointers
    Row("void @(int (*)(const char *));", "(x: $(*mut c_char) -> c_int)", "const"),
    Row("void @(int (*)(void *));", "(x: Option<$(*mut pair) -> c_int>)", "void"),
    Row("void @(int (*)(long));", "(x: $(c_int) -> c_int)", FAILED),
    Row("void @(int (*)(long *));", "(x: $(*mut c_int) -> c_int)", FAILED),
    Row("void @(int (*)(int));", "(x: $(c_int, c_int) -> c_int)", FAILED),
    Row("void @(void (*)(void));", "(x: *mut c_int)", FAILED),
    Row("void @(int *);", "(x: $())", FAILED),
    Row("void @(int (*)(int));", "(x: fn(c_int) -> c_int)", FAILED),
    Row("void @(int (**)(int));", "(x: $(c_int) -> c_int)", FAILED),
]

STRUCTS: Final = [
    Row("{ unsigned long n; }", "{ pub n: *mut c_void }", FAILED),
    Row("{ void *n; }", "{ pub n: usize }", FAILED),
    Row("{ int n[4]; }", "{ pub n: [f32; 4] }", FAILED),
    Row("{ int n[4]; }", "{ pub n: [c_uint; 4] }", FAILED),
    Row("{ int n[2][2]; }", "{ pub n: [[c_int; 2]; 2] }", SAME),
    Row("{ int n[2][2]; }", "{ pub n: [c_int; 4] }", SAME),
    Row("{ int *n[2]; }", "{ pub n: [usize; 2] }", FAILED),
    Row("{ long n[2]; }", "{ pub n: [*mut c_int; 2] }", FAILED),
    Row("{ char n[4]; }", "{ pub n: [u8; 4] }", "bytes"),
    Row("{ char n[4]; }", "{ pub n: [c_char; 4] }", SAME),
    Row("{ signed char n; }", "{ pub n: u8 }", FAILED),
    Row("{ unsigned char n; }", "{ pub n: i8 }", FAILED),
    Row("{ unsigned char n; }", "{ pub n: u8 }", SAME),
    Row("{ unsigned n; }", "{ pub n: std::sync::atomic::AtomicU32 }", SAME),
    Row("{ _Atomic int n; }", "{ pub n: std::sync::atomic::AtomicI32 }", SAME),
    Row("{ _Atomic int n; }", "{ pub n: std::sync::atomic::AtomicU32 }", FAILED),
    Row("{ int *n; }", "{ pub n: std::sync::atomic::AtomicPtr<c_int> }", SAME),
    Row("{ int *n; }", "{ pub n: std::sync::atomic::AtomicUsize }", FAILED),
    Row("{ int n; }", "{ pub n: Option<std::num::NonZeroI32> }", SAME),
    Row("{ float n; }", "{ pub n: Option<std::num::NonZeroI32> }", FAILED),
    Row("{ _Bool n; }", "{ pub n: bool }", SAME),
    Row("{ unsigned char n; }", "{ pub n: bool }", FAILED),
    Row("{ pair n; }", "{ pub n: pair }", SAME),
    Row("{ pair n; }", "{ pub n: Another }", "name"),
    Row("{ pair n; }", "{ pub n: Floating }", FAILED),
    Row("{ pair n; }", "{ pub n: i64 }", FAILED),
    Row("{ single n; }", "{ pub n: c_int }", FAILED),
    Row("{ unsigned n; }", "{ pub n: Only }", FAILED),
    Row("{ unsigned n[2]; }", "{ pub n: [Only; 2] }", FAILED),
    Row("{ pair **n; }", "{ pub n: *mut *mut *mut pair }", FAILED),
    Row("{ int n; }", "{ pub n: Wrapped }", SAME),
    Row("{ float n; }", "{ pub n: Wrapped }", FAILED),
    Row("{ long long n; }", "{ pub n: c_long }", SAME),
    Row("{ color n; }", "{ pub n: c_int }", "enum"),
    Row("{ color n; int m; }", "{ pub n: i64 }", FAILED),
    Row("{ color n; }", "{ pub n: f32 }", FAILED),
    Row("{ int *n; }", "{ pub n: *const c_int }", "const"),
    Row("{ long *n; }", "{ pub n: *mut c_int }", FAILED),
    Row("{ char **n; }", "{ pub n: *mut c_char }", FAILED),
    Row("{ visit n; }", "{ pub n: visit }", SAME),
    Row("{ visit n; }", "{ pub n: Option<$(*mut pair) -> c_int> }", FAILED),
    Row("{ visit n; }", "{ pub n: *mut c_void }", "void"),
    Row("{ plain_function *n; }", "{ pub n: $(c_int) -> c_int }", SAME),
    Row("{ plain_function *n; }", "{ pub n: $(c_long) -> c_int }", FAILED),
    Row("{ visit n; }", "{ pub n: fn(*mut pair, *mut c_void) -> c_int }", FAILED),
    Row("{ either n; }", "{ pub n: c_int }", "name"),
    Row("{ either n; }", "{ pub n: f32 }", "name"),
    Row("{ either n; }", "{ pub n: c_uint }", FAILED),
    Row("{ either n; }", "{ pub n: *mut c_void }", FAILED),
    # Names and holes
    Row("{ int n; }", "{ pub m: c_int }", "name"),
    Row("{ int n; }", "{ pub m: f32 }", FAILED),
    Row("{ int n; long m; }", "{ pub n: c_int, pub reserved: c_int, pub m: c_long }", "hole"),
    Row("{ int n, o; long m; }", "{ pub n: c_int, pub __pad: c_int, pub m: c_long }", FAILED),
    Row("{ long m; int n; }", "{ pub m: c_long, __pad: u64 }", FAILED),
    Row("{ int n; long m; }", "{ pub n: c_int, pub m: c_long, pub o: c_long }", FAILED),
    # Written out
    Row("{ int n[2]; }", "{ pub x: c_int, pub y: c_int }", "split"),
    Row("{ int n[2]; }", "{ pub x: c_int, pub y: f32 }", FAILED),
    Row("{ int n[3]; }", "{ pub x: c_int, pub y: c_int }", FAILED),
    Row("{ pair n; }", "{ pub n_a: c_int, pub n_b: c_int }", "split"),
    Row("{ pair n; }", "{ pub n_a: c_int, pub n_b: f32 }", FAILED),
    Row("{ int a, b; }", "{ pub both: [c_int; 2] }", "split"),
    Row("{ int a; float b; }", "{ pub both: [c_int; 2] }", FAILED),
    Row("{ long n; }", "{ pub low: u32, pub high: u32, _align: [u64; 0] }", "split"),
    Row("{ void *n; }", "{ pub low: u32, pub high: u32, _align: [u64; 0] }", "split"),
    Row("{ void *n; int m; }", "{ pub low: u32, pub m: c_int, _align: [u64; 0] }", FAILED),
    Row("{ int a, b; }", "{ pub all: [u8; 8] }", FAILED),  # aligned otherwise
    Row("{ int n[2]; }", "{ pub n: c_int, pub n_more: c_int }", "split"),
    Row("{ struct { unsigned a: 2, b: 5; } n; }", "{ pub n: u32 }", "split"),
    Row("{ struct { unsigned a: 2, b: 5; } n; }", "{ pub n: f32 }", FAILED),
    Row("{ struct { unsigned a: 2; int b; } n; }", "{ pub n: u64 }", FAILED),
    Row("{ long m; int n, n_more; }", "{ pub m: c_long, pub n: c_long }", FAILED),
    Row("{ int n; float n_more; }", "{ pub n: [c_int; 2] }", FAILED),
    Row("{ int a; short r; }", "{ pub a: c_int, pub q: c_int }", FAILED),
    Row(
        "{ long x; int r; long z; }", "{ pub x: c_long, pub q: *mut c_void, pub z: c_long }", FAILED
    ),
    Row("{ char tag; double v; }", "{ pub kind: *mut c_void, pub v: f64 }", FAILED),
    Row("{ long x; _Bool z; }", "{ pub x: c_long, pub w: c_int }", FAILED),
    Row("{ long z; char r; }", "{ pub z: c_long, pub rs: [c_int; 2] }", FAILED),
    Row("{ long z; double r; }", "{ pub z: c_long, pub lo: c_int, pub hi: c_int }", FAILED),
    Row("{ long z; long r; }", "{ pub z: c_long, pub lo: f32, pub hi: f32 }", FAILED),
    Row("{ long z; int r, s; }", "{ pub z: c_long, pub rs: Option<$()> }", FAILED),
    Row("{ long z; int r, s; }", "{ pub z: c_long, pub rs: i64 }", "split"),
    Row(
        "{ int a; void *b; int c; float d; }",
        "{ pub a: c_int, pub b: *mut c_void, pub r: f64 }",
        FAILED,
    ),
    Row("{ char buf[16]; long n; }", "{ pub p: i64, pub q: i64, pub n: c_long }", "split"),
    Row(
        "{ long z; long spare[4]; }",
        "{ pub z: c_long, pub n: u32, pub m: u32, pub o: i64, pub spare: [c_long; 2] }",
        "split",
    ),
    Row(
        "{ int t; int longmode; int pad; }",
        "{ pub t: c_int, pub longmode: u32, pub pad: c_int }",
        FAILED,
    ),
    # Names that are the same inside
    Row("{ int a, b; long z; }", "{ pub s: pair, pub z: c_long }", "split"),
    Row("{ int b, a; long z; }", "{ pub s: pair, pub z: c_long }", FAILED),
    Row("{ pair s; long z; }", "{ pub a: c_int, pub b: c_int, pub z: c_long }", "split"),
    Row("{ pair s; long z; }", "{ pub b: c_int, pub a: c_int, pub z: c_long }", FAILED),
    Row("{ struct { int a; char b; } s; }", "{ pub a: c_int, pub b: c_int }", FAILED),
    Row("{ int t; union { int i; float f; }; }", "{ pub t: c_int, pub u: either_in_rust }", "name"),
    Row("{ int t; union { float i; int f; }; }", "{ pub t: c_int, pub u: either_in_rust }", FAILED),
    Row(
        "{ int t; union { int i; struct { float f; }; }; }", "{ pub t: c_int, pub u: deep }", FAILED
    ),
    Row(
        "{ int t; union { int i; struct { int f; }; }; }",
        "{ pub t: c_int, pub u: deep }",
        "name, split",
    ),
    # Arrays of arrays, complex numbers, bytes
    Row("{ int n[2][3]; }", "{ pub n: [[c_int; 3]; 2] }", SAME),
    Row("{ int n[2][3]; }", "{ pub n: [[c_int; 2]; 3] }", FAILED),
    Row("{ int n[2][3]; }", "{ pub n: [c_int; 6] }", SAME),
    Row("{ long n[4]; long z; }", "{ pub n: [u8; 32], pub z: c_long }", "bytes"),
    Row("{ int *n; }", "{ pub n: *mut bool }", FAILED),
    Row("{ _Bool *n; }", "{ pub n: *mut u8 }", "bytes"),
    Row("{ _Complex double n; }", "{ pub n: ints }", FAILED),
    # Bit-fields and what holds them
    Row("{ int a: 32; }", "{ pub a: c_int }", SAME),
    Row("{ int a: 32; }", "{ pub a: c_uint }", FAILED),
    Row("{ unsigned a: 3, b: 5; }", "{ pub bits: c_uint }", "split"),
    Row("{ unsigned a: 4; long z; }", "{ pub ab: f32, pub z: c_long }", FAILED),
    Row("{ int a: 4, b: 4; long z; }", "{ pub ab: *mut c_void, pub z: c_long }", FAILED),
    # A type of Rust's own for what has no fields in C
    Row("typedef int @;", "#[repr(transparent)] pub struct @(pub c_int);", SAME),
    Row("typedef int @;", "#[repr(transparent)] pub struct @(c_int);", SAME),
    Row("typedef int @;", "#[repr(transparent)] pub struct @(pub c_uint);", FAILED),
    Row("typedef int @;", "#[repr(transparent)] pub struct @(pub f32);", FAILED),
    Row("typedef int @;", "#[repr(C)] pub struct @ { pub a: f32 }", FAILED),
    Row("typedef int @;", "#[repr(C)] pub struct @ { pub a: c_int }", FAILED),
    Row("typedef int @;", "#[repr(C)] pub union @ { pub a: f32 }", FAILED),
    Row("typedef unsigned @;", "#[repr(u32)] pub enum @ { One }", "enum"),
    Row("typedef float @;", "#[repr(u32)] pub enum @ { One }", FAILED),
    Row("typedef color @;", "#[repr(transparent)] pub struct @(pub c_uint);", SAME),
    Row("typedef color @;", "#[repr(transparent)] pub struct @(pub f32);", FAILED),
    Row("typedef visit @;", "#[repr(transparent)] pub struct @(pub usize);", FAILED),
    Row("typedef visit @;", "#[repr(transparent)] pub struct @(pub visit);", SAME),
    Row("typedef handle @;", "#[repr(transparent)] pub struct @(pub *mut Nothing);", "opaque"),
    Row("typedef handle @;", "#[repr(transparent)] pub struct @(pub *mut *mut Nothing);", FAILED),
    Row("typedef handle @;", "#[repr(transparent)] pub struct @(pub isize);", FAILED),
    Row("typedef int @[4];", "#[repr(C)] pub struct @ { pub n: [c_int; 4] }", "split"),
    Row("typedef int @[4];", "#[repr(C)] pub struct @ { pub n: [f32; 4] }", FAILED),
    Row("typedef double @[2][3];", "pub type @ = [[f64; 3]; 2];", SAME),
    Row("typedef double @[2][3];", "pub type @ = [[f64; 2]; 3];", FAILED),
    Row("typedef _Complex double @;", "#[repr(C)] pub struct @ { pub r: i64, pub i: i64 }", FAILED),
    # Cut short
    Row("{ int a; long b; char c[90]; }", "{ pub a: c_int, pub b: c_long, _more: [u8; 0] }", SAME),
    Row("{ int a; long b; char c[90]; }", "{ pub a: c_int, pub b: c_long, _more: c_void }", SAME),
    Row("{ int a; long b; char c[90]; }", "{ pub a: c_int, pub b: f64, _more: [u8; 0] }", FAILED),
    Row("{ int a; long b; char c[90]; }", "{ pub a: c_int, pub b: c_long }", FAILED),
]


@pytest.mark.parametrize("compiler", ["cc", "clang"])
def test_rows(
    compiler: str,
    pytester: pytest.Pytester,
    write: Callable[[Mapping[str, str]], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two compilers, whose debug information is not the same: both say the same of types."""
    arguments = []
    if compiler == "clang":
        host = Cargo().toolchain.host
        arguments.append(f"--cargo-target={host}")
        monkeypatch.setenv(f"CC_{host.replace('-', '_')}", _clang())
    write(_project(""))
    result = _run(pytester, *arguments)
    found = outcomes(result)
    lines = re.compile(
        r"^    src/lib.rs::@abi::(?:fn|layout)::(\w+): (.*\([a-z]+\))$", re.MULTILINE
    )
    listed = lines.findall(result.stdout.str())
    kinds = {name: ", ".join(sorted(_kinds(told))) for name, told in listed}
    wrong = []
    for name, row in _rows():
        item = f"src/lib.rs::@abi::{'fn' if name.startswith('f') else 'layout'}::{name}"
        outcome = found.get(item, "no item")
        got = kinds.get(name, SAME) if outcome == "passed" else outcome
        if got != row.expected:
            wrong.append(f"{name}: {row.c} | {row.rust}: {got or 'passed'}, not {row.expected}")
    assert not wrong, "\n".join([*wrong, result.stdout.str()])
    letters = [row for _, row in _rows() if row.expected not in (FAILED, SAME, SKIPPED)]
    result.stdout.fnmatch_lines(
        [f"letters: {len(letters)} items pass with minor differences from C*"]
    )


def test_each_kind_can_be_an_error(
    pytester: pytest.Pytester, write: Callable[[Mapping[str, str]], Path]
) -> None:
    write(_project('letter = "error"'))
    found = outcomes(_run(pytester))
    for name, row in _rows():
        item = f"src/lib.rs::@abi::{'fn' if name.startswith('f') else 'layout'}::{name}"
        assert found[item] == ("passed" if row.expected == SAME else "failed"), row
    write(_project('letter = ["const", "enum"]'))
    result = _run(pytester)
    found = outcomes(result)
    for name, row in _rows():
        item = f"src/lib.rs::@abi::{'fn' if name.startswith('f') else 'layout'}::{name}"
        strict = row.expected in ("const", "enum", FAILED)
        assert found[item] == ("failed" if strict else "passed"), row
    result.stdout.fnmatch_lines(["*in the package's table makes these fail: const*"])


def _rows() -> list[tuple[str, Row]]:
    functions = [(f"f{number}", row) for number, row in enumerate(FUNCTIONS)]
    return functions + [(f"s{number}", row) for number, row in enumerate(STRUCTS)]


def _project(table: str) -> dict[str, str]:
    header, items, functions = [C_TYPES], [RUST_TYPES], []
    for name, row in _rows():
        if name.startswith("f"):
            header.append(row.c.replace("@", name))
            functions.append(f"pub fn {name}{_written(row)};")
        else:
            whole = "@" in row.c
            header.append(row.c.replace("@", name) if whole else f"struct {name} {row.c};")
            rust = _written(row).replace("@", name)
            items.append(rust if whole else f"#[repr(C)] pub struct {name} {rust}")
    lines = [
        "#![allow(warnings)]",
        "use std::ffi::*;",
        *items,
        'unsafe extern "C" {',
        *functions,
        "}",
    ]
    return {
        "Cargo.toml": f"""
            [package]
            name = "letters"
            version = "0.1.0"
            edition = "2024"
            [package.metadata.cpython-sys]
            header = "letters.h"
            {table}
        """,
        "letters.h": "\n".join(header),
        "src/lib.rs": "\n".join(lines),
    }


def _written(row: Row) -> str:
    return row.rust.replace("$", 'unsafe extern "C" fn')


def _run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest("--cpython-sys", "-rA", "-v", "-m", "rust_abi", *arguments)


def _kinds(told: str) -> set[str]:
    """Return the kinds of the differences that are listed for an item."""
    return set(re.findall(r"\(([a-z]+)\)(?:;|$)", told))


def _clang() -> str:
    """Return the command of a clang: one that is installed, or the wheel's."""
    if shutil.which("clang") is not None:
        return "clang"
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("no clang: install it, or the wheel ziglang")
    return f"{sys.executable} -m ziglang cc"
