"""Extension modules without any dependency, each with a fault of its own or with none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COUNTER", "NO_GIL", "OWN_GIL", "module", "static_type"]

_SOURCE = """
#![allow(dead_code, static_mut_refs)]
use std::ffi::{c_char, c_int, c_long, c_void};
use std::ptr::{addr_of_mut, null_mut};

type Object = *mut c_void;
#[repr(C)]
pub struct Slot { slot: c_int, value: *mut c_void }
#[repr(C)]
pub struct Method {
    name: *const c_char, call: Option<unsafe extern "C" fn(Object, Object) -> Object>,
    flags: c_int, doc: *const c_char,
}
#[repr(C)]
pub struct Def {
    base: [usize; @WORDS@], name: *const c_char, doc: *const c_char, size: isize,
    methods: *mut Method, slots: *mut Slot, traverse: usize, clear: usize, free: usize,
}
extern "C" {
    fn PyModuleDef_Init(def: *mut Def) -> Object;
    fn PyModule_Create2(def: *mut Def, version: c_int) -> Object;
    fn PyImport_ImportModule(name: *const c_char) -> Object;
    fn PyModule_AddObjectRef(module: Object, name: *const c_char, value: Object) -> c_int;
    fn PyLong_FromLong(value: c_long) -> Object;
    fn PyList_New(size: isize) -> Object;
    fn PyErr_SetString(kind: Object, text: *const c_char);
    fn PyType_Ready(kind: Object) -> c_int;
    static PyExc_ValueError: Object;
}
static mut SLOTS: &mut [Slot] = &mut [@SLOTS@ Slot { slot: 0, value: null_mut() }];
static mut METHODS: &mut [Method] = &mut [
    @METHODS@
    Method { name: std::ptr::null(), call: None, flags: 0, doc: std::ptr::null() },
];
static mut DEF: Def = Def {
    base: @BASE@, name: c"@NAME@".as_ptr(), doc: c"eggs".as_ptr(), size: @SIZE@,
    methods: null_mut(), slots: null_mut(), traverse: 0, clear: 0, free: 0,
};
@CODE@
#[no_mangle]
pub unsafe extern "C" fn PyInit_@NAME@() -> Object {
    unsafe {
        DEF.methods = METHODS.as_mut_ptr();
        DEF.slots = SLOTS.as_mut_ptr();
        @INIT@
    }
}
"""

OWN_GIL = (3, 2)
NO_GIL = (4, 1)
_MULTI = "PyModuleDef_Init(addr_of_mut!(DEF))"
SINGLE = "DEF.slots = null_mut(); PyModule_Create2(addr_of_mut!(DEF), 1013)"

COUNTER = """
static COUNT: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
unsafe extern "C" fn bump(_module: Object, _none: Object) -> Object {
    unsafe { PyLong_FromLong(1 + COUNT.fetch_add(1, std::sync::atomic::Ordering::SeqCst) as c_long) }
}
"""


def module(
    name: str = "eggs",
    *,
    slots: Sequence[tuple[int, int]] = (OWN_GIL, NO_GIL),
    exec: str = "",
    methods: Sequence[str] = (),
    code: str = "",
    init: str = _MULTI,
    size: int = 0,
    free_threaded: bool = False,
    metadata: str = "",
    crate_types: str = '["cdylib"]',
) -> dict[str, str]:
    """Return a package's files. ``exec`` is the body of its function for Py_mod_exec."""
    listed = "".join(
        f"Slot {{ slot: {number}, value: {value} as *mut c_void }}, " for number, value in slots
    )
    if exec:
        code += f'unsafe extern "C" fn run(module: Object) -> c_int {{ unsafe {{ {exec} }} 0 }}\n'
        listed = f"Slot {{ slot: 2, value: run as *mut c_void }}, {listed}"
    functions = "".join(
        f'Method {{ name: c"{one}".as_ptr(), call: Some({one}), flags: 4, '
        "doc: std::ptr::null() },\n    "
        for one in methods
    )
    # What PyModuleDef_HEAD_INIT gives, for either kind of object header.
    base = "[0, 0xffff_ffff_0000_0000, 0, 0, 0, 0, 0]" if free_threaded else "[1, 0, 0, 0, 0]"
    text = _SOURCE
    for mark, value in {
        "WORDS": "7" if free_threaded else "5",
        "BASE": base,
        "SLOTS": listed,
        "METHODS": functions,
        "CODE": code,
        "INIT": init,
        "SIZE": str(size),
        "NAME": name,
    }.items():
        text = text.replace(f"@{mark}@", value)
    return {
        "Cargo.toml": f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n'
        f"[lib]\ncrate-type = {crate_types}\ntest = false\n{metadata}",
        "src/lib.rs": text,
    }


def static_type(name: str) -> str:
    """Return the definition of a static type, of which nothing but its name is filled in."""
    return name
