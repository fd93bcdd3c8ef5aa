//! Bindings to CPython's C API. What is not generated stands below, written by hand.

#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]
#![allow(unnecessary_transmutes)]
#![allow(
    clippy::all,
    clippy::missing_safety_doc,
    clippy::undocumented_unsafe_blocks
)]

use std::ffi::{c_char, c_int};
use std::ptr;

include!(concat!(env!("OUT_DIR"), "/c_api.rs"));

/// Any Python object.
#[repr(transparent)]
pub struct PyObject(_object);

/// The head of a static object: no thread owns it, and it is never freed.
#[cfg(py_gil_disabled)]
pub const PyObject_HEAD_INIT: PyObject = PyObject(_object {
    ob_tid: 0,
    _padding: 0,
    ob_mutex: PyMutex { _bits: 0 },
    ob_gc_bits: 0,
    ob_ref_local: u32::MAX,
    ob_ref_shared: 0,
    ob_type: ptr::null_mut(),
});
/// The head of a static object: it is never freed.
#[cfg(not(py_gil_disabled))]
pub const PyObject_HEAD_INIT: PyObject = PyObject(_object {
    __bindgen_anon_1: _object__bindgen_ty_1 {
        ob_refcnt: u32::MAX as Py_ssize_t,
    },
    ob_type: ptr::null_mut(),
});

/// The head of a static module definition.
pub const PyModuleDef_HEAD_INIT: PyModuleDef_Base = PyModuleDef_Base {
    ob_base: PyObject_HEAD_INIT,
    m_init: None,
    m_index: 0,
    m_copy: ptr::null_mut(),
};

/// The function behind a method: a field for each calling convention.
#[repr(C)]
#[derive(Clone, Copy)]
pub union PyMethodDefFuncPointer {
    pub PyCFunction: PyCFunction,
    pub PyCFunctionFast: PyCFunctionFast,
    pub PyCFunctionWithKeywords: PyCFunctionWithKeywords,
    pub PyCFunctionFastWithKeywords: PyCFunctionFastWithKeywords,
    pub PyCMethod: PyCMethod,
}

/// An entry in a table of methods.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PyMethodDef {
    pub ml_name: *const c_char,
    pub ml_meth: PyMethodDefFuncPointer,
    pub ml_flags: c_int,
    pub ml_doc: *const c_char,
}

impl PyMethodDef {
    /// The entry that ends a table.
    pub const SENTINEL: Self = Self {
        ml_name: ptr::null(),
        ml_meth: PyMethodDefFuncPointer { PyCFunction: None },
        ml_flags: 0,
        ml_doc: ptr::null(),
    };
}

// SAFETY: Python only reads the tables, and what the pointers lead to is static.
unsafe impl Sync for PyMethodDef {}

pub const METH_VARARGS: c_int = 0x0001;
pub const METH_KEYWORDS: c_int = 0x0002;
pub const METH_NOARGS: c_int = 0x0004;
pub const METH_O: c_int = 0x0008;
pub const METH_CLASS: c_int = 0x0010;
pub const METH_STATIC: c_int = 0x0020;
pub const METH_COEXIST: c_int = 0x0040;
pub const METH_FASTCALL: c_int = 0x0080;
pub const METH_METHOD: c_int = 0x0200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_transparent() {
        assert_eq!(size_of::<PyObject>(), size_of::<_object>());
    }

    #[test]
    fn free_threaded_objects_are_larger() {
        let size = if cfg!(py_gil_disabled) { 32 } else { 16 };
        assert_eq!(size_of::<PyObject>(), size);
    }
}
