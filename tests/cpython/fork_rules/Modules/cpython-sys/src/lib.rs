//! What C declares, as bindgen would write it.

#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]

use std::ffi::{c_char, c_int, c_uint, c_void};

#[repr(C)]
pub struct PyObject {
    _private: [u8; 0],
}

pub type PyCFunction =
    Option<unsafe extern "C" fn(module: *mut PyObject, argument: *mut PyObject) -> *mut PyObject>;

#[repr(C)]
pub struct PyMethodDef {
    pub ml_name: *const c_char,
    pub ml_meth: PyCFunction,
    pub ml_flags: c_int,
    pub ml_doc: *const c_char,
}

#[repr(C)]
pub struct PyType_Slot {
    pub slot: c_int,
    pub pfunc: *mut c_void,
}

#[repr(C)]
pub struct PyType_Spec {
    pub name: *const c_char,
    pub basicsize: c_int,
    pub itemsize: c_int,
    pub flags: c_uint,
    pub slots: *mut PyType_Slot,
}

pub const METH_O: c_int = 8;
pub const Py_TPFLAGS_IMMUTABLETYPE: c_uint = 1 << 8;
pub const Py_TPFLAGS_BASETYPE: c_uint = 1 << 10;

unsafe extern "C" {
    pub static mut PyExc_ValueError: *mut PyObject;

    pub fn PyBytes_AsString(object: *mut PyObject) -> *mut c_char;
    pub fn PyBytes_FromStringAndSize(data: *const c_char, length: isize) -> *mut PyObject;
    pub fn PyBytes_Size(object: *mut PyObject) -> isize;
    pub fn PyErr_SetString(exception: *mut PyObject, message: *const c_char);
    pub fn PyModule_AddType(module: *mut PyObject, made: *mut PyTypeObject) -> c_int;
    pub fn PyType_FromModuleAndSpec(
        module: *mut PyObject,
        spec: *mut PyType_Spec,
        bases: *mut PyObject,
    ) -> *mut PyObject;
    pub fn Py_DecRef(object: *mut PyObject);
}

#[repr(C)]
pub struct PyTypeObject {
    _private: [u8; 0],
}
