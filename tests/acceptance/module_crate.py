"""Extension modules without any dependency, each with a fault of its own or with none."""

from __future__ import annotations

import json
import tomllib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["faulty_modules", "module"]

_ASKS = '[package.metadata.cpython-sys]\npolicies = ["modules"]\n'
_SOURCE = """
#![allow(dead_code, static_mut_refs, unexpected_cfgs, unused_imports)]
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
    fn PyRun_SimpleString(text: *const c_char) -> c_int;
    fn PyImport_GetModule(name: Object) -> Object;
    fn Py_DecRef(object: Object);
    fn PyUnicode_FromString(text: *const c_char) -> Object;
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

_OWN_GIL, _SHARED_GIL, _NO_GIL = (3, 2), (3, 1), (4, 1)
_MULTI = "PyModuleDef_Init(addr_of_mut!(DEF))"
_SINGLE = "DEF.slots = null_mut(); PyModule_Create2(addr_of_mut!(DEF), 1013)"
_FUNCTION = """
unsafe extern "C" fn {name}(_module: Object, _none: Object) -> Object {{ unsafe {{ {body} }} }}
"""
_EXECUTE = """
unsafe extern "C" fn execute(module: Object) -> c_int {{ unsafe {{ {body} }} 0 }}
"""


def module(
    name: str = "eggs",
    *,
    slots: Sequence[tuple[int, int]] = (_OWN_GIL, _NO_GIL),
    run: str = "",
    functions: Mapping[str, str] = MappingProxyType({}),
    calls: Sequence[str] = (),
    code: str = "",
    init: str = _MULTI,
    size: int = 0,
    free_threaded: bool = False,
    metadata: str = "",
    crate_types: str = '["cdylib"]',
) -> dict[str, str]:
    """Return a package's files. ``run`` is the body of its function for Py_mod_exec."""
    listed = "".join(
        f"Slot {{ slot: {number}, value: {value} as *mut c_void }}, " for number, value in slots
    )
    if run:
        code += _EXECUTE.format(body=run)
        listed = f"Slot {{ slot: 2, value: execute as *mut c_void }}, {listed}"
    code += "".join(_FUNCTION.format(name=one, body=body) for one, body in functions.items())
    methods = "".join(
        f'Method {{ name: c"{one}".as_ptr(), call: Some({one}), flags: 4, '
        "doc: std::ptr::null() },\n    "
        for one in functions
    )
    if calls:
        metadata += f"[package.metadata.cpython-sys]\ncalls = {json.dumps(list(calls))}\n"
    # What PyModuleDef_HEAD_INIT gives, for either kind of object header.
    base = "[0, 0xffff_ffff_0000_0000, 0, 0, 0, 0, 0]" if free_threaded else "[1, 0, 0, 0, 0]"
    text = _SOURCE
    for mark, value in {
        "CODE": code,
        "INIT": init,
        "SLOTS": listed,
        "METHODS": methods,
        "WORDS": "7" if free_threaded else "5",
        "BASE": base,
        "SIZE": str(size),
        "NAME": name,
    }.items():
        text = text.replace(f"@{mark}@", value)
    return {
        "Cargo.toml": f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n'
        f"[lib]\ncrate-type = {crate_types}\ntest = false\n{metadata}",
        "src/lib.rs": text,
    }


_ABORT = 'unsafe extern "C" fn last(_module: Object) { std::process::abort() }'
_COUNTER = """
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
static COUNT: AtomicI64 = AtomicI64::new(0);
static BUSY: AtomicBool = AtomicBool::new(false);
"""
_BUMP = {"bump": "PyLong_FromLong(1 + COUNT.fetch_add(1, SeqCst) as c_long)"}
# PyTypeObject in words: the object header, then tp_name, tp_basicsize, ..., tp_flags.
_STATIC_TYPE = """
static mut KIND: [usize; 64] = [0; 64];
unsafe fn add_type(module: Object) { unsafe {
    let header = @WORDS@ - 3;
    if KIND[header + 1] == 0 {
        if header == 4 { KIND[1] = 0xffff_ffff_0000_0000; } else { KIND[0] = 1; }
        KIND[header + 1] = c"eggs.Egg".as_ptr() as usize;
        KIND[header + 2] = header * 8;
        PyType_Ready(addr_of_mut!(KIND).cast());
    }
    PyModule_AddObjectRef(module, c"Egg".as_ptr(), addr_of_mut!(KIND).cast());
} }
"""
_ALONE = """
if BUSY.swap(true, SeqCst) {
    PyErr_SetString(PyExc_ValueError, c"two at once".as_ptr());
    return null_mut();
}
std::thread::sleep(std::time::Duration::from_millis(1));
BUSY.store(false, SeqCst);
PyLong_FromLong(1)
"""
# Sets what can be set once a process, as loggers are.
_ONCE = """
if BUSY.swap(true, SeqCst) {
    PyErr_SetString(PyExc_ValueError, c"a logger is set".as_ptr());
    return -1;
}
"""
# Another module in the same library, which says nothing of the GIL.
_UNDECLARED = """
static mut QUIET: Def = Def {
    base: @BASE@, name: c"quiet".as_ptr(), doc: std::ptr::null(), size: 0,
    methods: null_mut(), slots: null_mut(), traverse: 0, clear: 0, free: 0,
};
#[no_mangle] pub unsafe extern "C" fn PyInit_quiet() -> Object {
    PyModuleDef_Init(addr_of_mut!(QUIET))
}
"""
_IMPORT_QUIET = """
PyRun_SimpleString(c"import importlib.util, sys
path = sys.modules['@NAME@'].__spec__.origin
importlib.util.module_from_spec(importlib.util.spec_from_file_location('quiet', path))".as_ptr());
"""
# The begin of what the checks write down themselves.
_CHAT = """
print!("{{\\"done\\": true, \\"error\\": ");
std::io::Write::flush(&mut std::io::stdout()).unwrap();
"""
# Says nothing of sub-interpreters, unless its process has some.
_TWO_FACED = (
    'let name = PyUnicode_FromString(c"_interpreters".as_ptr()); '
    "if PyImport_GetModule(name).is_null() { SLOTS[0].slot = 0; } Py_DecRef(name);"
)


def faulty_modules(
    *, free_threaded: bool = False, gil_slot: bool = True
) -> dict[str, dict[str, str]]:
    """Return the files of packages by their names: `good`, and one a fault."""

    def make(
        name: str, *, slots: Sequence[tuple[int, int]] = (_OWN_GIL, _NO_GIL), **words: Any
    ) -> dict[str, str]:
        known = [slot for slot in slots if gil_slot or slot[0] != 4]
        return module(name, slots=known, free_threaded=free_threaded, **words)

    one = {"one": "PyLong_FromLong(1)"}
    leak = "PyList_New(1);"
    packages = [
        make("good", functions=one, calls=["one()", "good.one() + 1"]),
        make("archive", crate_types='["staticlib"]'),
        make("counter", code=_COUNTER, functions=_BUMP, calls=["bump()"]),
        make("static_type", code=_STATIC_TYPE, run="add_type(module);"),
        make("undeclared", slots=()),
        make("refusing", slots=[(3, 0), (4, 0)]),
        make("one_gil", slots=[_SHARED_GIL]),
        make("two_faced", init=f"{_TWO_FACED} {_MULTI}"),
        make("single", init=_SINGLE, size=-1),
        make("leaking", run=leak),
        make("leaking_call", functions={"leak": f"{leak} PyLong_FromLong(1)"}, calls=["leak()"]),
        make("segfault", init="*(8 as *mut u8) = 1; null_mut()"),
        make("aborting", init="std::process::abort()"),
        make("leaving", init="std::process::exit(0)"),
        make("hanging", init="loop { std::thread::sleep(std::time::Duration::from_secs(1)) }"),
        make("chatty", init=f"{_CHAT} {_MULTI}"),
        make("null", init="null_mut()"),
        make(
            "raising",
            init='PyErr_SetString(PyExc_ValueError, c"no eggs".as_ptr()); null_mut()',
        ),
        make("once", code=_COUNTER, run=_ONCE, functions=one),
        make("once_calls", code=_COUNTER, run=_ONCE, functions=one, calls=["one()"]),
        make("panicking", init='panic!("no eggs today")'),
        make(
            "panicking_call",
            functions={**one, "bad": 'panic!("no spam today")'},
            calls=["one()", "bad()"],
        ),
        make(
            "raising_call",
            functions={
                **one,
                "bad": 'PyErr_SetString(PyExc_ValueError, c"no spam".as_ptr()); null_mut()',
            },
            calls=["one()", "bad()"],
        ),
        make("bad_end", init=f"DEF.free = last as usize; {_MULTI}", code=_ABORT),
        make("gil_on", code=_UNDECLARED, run=_IMPORT_QUIET),
        make(
            "gil_on_call",
            code=_UNDECLARED,
            functions={"call": f"{_IMPORT_QUIET} PyLong_FromLong(1)"},
            calls=["call()"],
        ),
        make("alone", code=_COUNTER, functions={"alone": _ALONE}, calls=["alone()"]),
        make("no_export", metadata=_ASKS),
        make("bad_call", calls=["1 +"]),
    ]
    named = {tomllib.loads(files["Cargo.toml"])["package"]["name"]: files for files in packages}
    source = named["no_export"]["src/lib.rs"]
    named["no_export"]["src/lib.rs"] = source.replace("#[no_mangle]", "")
    return named
