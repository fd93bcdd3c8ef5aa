//! The object header, and how a static one begins life.

use core::mem::zeroed;
use core::ptr::null_mut;

use crate::{_object, PyModuleDef_Base};

/// Any Python object.
#[repr(transparent)]
pub struct PyObject {
    object: _object,
}

/// A static object's header, as C's macro of the same name makes it.
pub const PyObject_HEAD_INIT: PyObject = {
    // SAFETY: an object's header is numbers and pointers, for which zero is a value.
    let mut object: _object = unsafe { zeroed() };
    set_reference_count(&mut object);
    object.ob_type = null_mut();
    PyObject { object }
};

#[cfg(Py_GIL_DISABLED)]
const fn set_reference_count(object: &mut _object) {
    // Immortal: no thread owns it, and none counts.
    object.ob_ref_local = u32::MAX;
}

#[cfg(all(Py_3_12, not(Py_GIL_DISABLED)))]
const fn set_reference_count(object: &mut _object) {
    // Immortal, since static objects are shared between interpreters.
    object.__bindgen_anon_1.ob_refcnt = u32::MAX as crate::Py_ssize_t;
}

#[cfg(not(any(Py_3_12, Py_GIL_DISABLED)))]
const fn set_reference_count(object: &mut _object) {
    object.ob_refcnt = 1;
}

/// What a static module definition begins with.
pub const PyModuleDef_HEAD_INIT: PyModuleDef_Base = PyModuleDef_Base {
    ob_base: PyObject_HEAD_INIT,
    m_init: None,
    m_index: 0,
    m_copy: null_mut(),
};
