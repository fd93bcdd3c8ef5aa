//! A whole module: its tables refer to symbols of the interpreter, so the test links to libpython.
//!
//! Nothing here starts an interpreter.
#![cfg(has_libpython)]

use cpython_api::{END, PY_MOD_GIL, PY_MOD_GIL_NOT_USED, Table, ffi, module, promise};
use ffi::{
    METH_NOARGS, PyMethodDef, PyMethodDefFuncPointer, PyModuleDef, PyModuleDef_Slot, PyObject,
};
use std::ffi::CStr;

/// `answer()`, called with METH_NOARGS.
///
/// # Safety
///
/// Python alone would call it.
unsafe extern "C" fn answer(_module: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls us attached.
    unsafe { ffi::PyLong_FromLong(42) }
}

static METHODS: [PyMethodDef; 2] = [
    PyMethodDef {
        ml_name: c"answer".as_ptr(),
        ml_meth: PyMethodDefFuncPointer {
            PyCFunction: Some(answer),
        },
        ml_flags: METH_NOARGS,
        ml_doc: c"answer($module, /)\n--\n\nReturn 42.".as_ptr(),
    },
    PyMethodDef::SENTINEL,
];
static SLOTS: Table<[PyModuleDef_Slot; 2]> =
    Table::new([promise(PY_MOD_GIL, PY_MOD_GIL_NOT_USED), END]);
static MODULE: Table<PyModuleDef> = Table::new(module(c"shape", c"", &METHODS, &SLOTS, 0));

/// What a module exports. It is not called here.
#[used]
static INIT: extern "C" fn() -> *mut PyObject = init;

extern "C" fn init() -> *mut PyObject {
    // SAFETY: Python calls us attached; the definition is static.
    unsafe { ffi::PyModuleDef_Init(MODULE.get()) }
}

#[test]
fn the_table_of_methods_has_an_end() {
    // SAFETY: the name is a static C string.
    let name = unsafe { CStr::from_ptr(METHODS[0].ml_name) };
    assert_eq!(name, c"answer");
    assert!(METHODS[1].ml_name.is_null());
}

#[test]
fn the_slots_have_an_end() {
    // SAFETY: the table is static, and nobody writes to it here.
    let slots = unsafe { &*SLOTS.get() };
    assert_eq!(slots.map(|slot| slot.slot), [PY_MOD_GIL, 0]);
}

#[test]
fn libpython_is_that_of_the_headers() {
    // SAFETY: it needs no interpreter, and returns a static C string.
    let version = unsafe { CStr::from_ptr(ffi::Py_GetVersion()) };
    // SAFETY: a constant.
    let number = unsafe { ffi::Py_Version };
    let (major, minor) = (number >> 24, number >> 16 & 0xff);
    let version = version.to_str().unwrap();
    assert!(
        version.starts_with(&format!("{major}.{minor}.")),
        "{version}"
    );
}
