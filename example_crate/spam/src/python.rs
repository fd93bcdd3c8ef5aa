//! The C side: what Python sees.
//!
//! Each function follows C's protocol: it returns a new reference, or NULL with an exception set.
//! None of them lets a panic out, since leaving an `extern "C"` function by one aborts the process.

use crate::{add, count_spam};
use cpython_sys::*;
use std::ffi::{c_int, c_void};
use std::{ptr, slice, str};

/// Reads an argument as a number; `None` with an exception set if it is not one.
///
/// # Safety
///
/// The caller is attached to an interpreter, and `object` is alive.
unsafe fn number(object: *mut PyObject) -> Option<i64> {
    // SAFETY: the caller's promise.
    let value = unsafe { PyLong_AsLongLong(object) };
    // SAFETY: the caller's promise. -1 may be the value or mean an error.
    let failed = value == -1 && !unsafe { PyErr_Occurred() }.is_null();
    (!failed).then_some(value)
}

/// `add(a, b)`, called with METH_FASTCALL.
///
/// # Safety
///
/// Python alone calls it, by METHODS.
unsafe extern "C" fn spam_add(
    _module: *mut PyObject,
    args: *const *mut PyObject,
    nargs: Py_ssize_t,
) -> *mut PyObject {
    if nargs != 2 {
        // SAFETY: Python calls us attached, and the format takes the one argument given.
        return unsafe {
            PyErr_Format(
                PyExc_TypeError,
                c"add() takes exactly 2 arguments (%zd given)".as_ptr(),
                nargs,
            )
        };
    }
    // SAFETY: Python passes `nargs` arguments, alive until we return.
    let (a, b) = unsafe { (*args, *args.add(1)) };
    // SAFETY: as above. The second is read only if the first set no exception.
    let Some((a, b)) = (unsafe { number(a).and_then(|a| Some((a, number(b)?))) }) else {
        return ptr::null_mut();
    };
    match add(a, b) {
        // SAFETY: we are attached.
        Some(sum) => unsafe { PyLong_FromLongLong(sum) },
        None => {
            // SAFETY: we are attached, and the text ends with a NUL.
            unsafe { PyErr_SetString(PyExc_OverflowError, c"the sum is too large".as_ptr()) };
            ptr::null_mut()
        }
    }
}

/// `count_spam(text)`, called with METH_O.
///
/// # Safety
///
/// Python alone calls it, by METHODS.
unsafe extern "C" fn spam_count_spam(_module: *mut PyObject, text: *mut PyObject) -> *mut PyObject {
    let mut length: Py_ssize_t = 0;
    // SAFETY: Python calls us attached, and `text` is alive until we return. For what is not a str
    // this sets a TypeError.
    let data = unsafe { PyUnicode_AsUTF8AndSize(text, &mut length) };
    if data.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the bytes are valid UTF-8, and belong to `text`, which nobody can change.
    let text =
        unsafe { str::from_utf8_unchecked(slice::from_raw_parts(data.cast(), length as usize)) };
    // SAFETY: we are attached.
    unsafe { PyLong_FromSize_t(count_spam(text)) }
}

static METHODS: [PyMethodDef; 3] = [
    PyMethodDef {
        ml_name: c"add".as_ptr(),
        ml_meth: PyMethodDefFuncPointer {
            PyCFunctionFast: Some(spam_add),
        },
        ml_flags: METH_FASTCALL,
        ml_doc: c"add($module, a, b, /)\n--\n\nReturn the sum of two integers of 64 bits.".as_ptr(),
    },
    PyMethodDef {
        ml_name: c"count_spam".as_ptr(),
        ml_meth: PyMethodDefFuncPointer {
            PyCFunction: Some(spam_count_spam),
        },
        ml_flags: METH_O,
        ml_doc: c"count_spam($module, text, /)\n--\n\nReturn how often a text says \"spam\"."
            .as_ptr(),
    },
    PyMethodDef::SENTINEL,
];

const fn slot(id: u32, value: *mut c_void) -> PyModuleDef_Slot {
    PyModuleDef_Slot {
        slot: id as c_int,
        value,
    }
}

/// What the module promises: it has no state, so any number of interpreters and threads may use it.
/// Without these, Python refuses it in sub-interpreters and takes the GIL in free-threaded builds.
static mut SLOTS: [PyModuleDef_Slot; 1 + cfg!(py_3_12) as usize + cfg!(py_3_13) as usize] = [
    #[cfg(py_3_12)]
    slot(
        Py_mod_multiple_interpreters,
        Py_MOD_PER_INTERPRETER_GIL_SUPPORTED,
    ),
    #[cfg(py_3_13)]
    slot(Py_mod_gil, Py_MOD_GIL_NOT_USED),
    slot(0, ptr::null_mut()),
];

/// Python writes to it: its type, and its index among the modules.
static mut MODULE: PyModuleDef = PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"spam".as_ptr(),
    m_doc: c"An extension module written in Rust.".as_ptr(),
    m_size: 0,
    m_methods: (&raw const METHODS).cast_mut().cast(),
    m_slots: (&raw mut SLOTS).cast(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
};

/// The function that Python looks for in the shared library.
///
/// # Safety
///
/// The caller is attached to an interpreter.
// SAFETY: no other library has a function of this name, as its name is the module's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit_spam() -> *mut PyObject {
    // SAFETY: the caller's promise; the definition lives as long as the process.
    unsafe { PyModuleDef_Init(&raw mut MODULE) }
}
