//! The one place from which C is called.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::ptr::{NonNull, null_mut};

use cpython_sys as ffi;

use crate::context::ThreadContext;
use crate::error::{PyErrRaised, PyResult};
use crate::handles::{Bound, PyAny};

/// Sets `ValueError`.
pub fn raise_value_error(_context: &ThreadContext<'_>, message: &CStr) -> PyErrRaised {
    // SAFETY: a thread state is attached, and the message ends with a zero.
    unsafe { ffi::PyErr_SetString(ffi::PyExc_ValueError, message.as_ptr()) };
    PyErrRaised {
        _private: PhantomData,
    }
}

/// Makes a `bytes` object.
pub fn new_bytes<'py>(_context: &ThreadContext<'py>, data: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let length = data.len().cast_signed();
    // SAFETY: a thread state is attached, and there are `length` bytes.
    let made = unsafe { ffi::PyBytes_FromStringAndSize(data.as_ptr().cast(), length) };
    owned(made)
}

/// Returns what a `bytes` object holds.
///
/// # Safety
///
/// `object` is alive for as long as the result is used.
pub unsafe fn bytes_data<'a>(
    _context: &ThreadContext<'_>,
    object: *mut ffi::PyObject,
) -> PyResult<&'a [u8]> {
    // SAFETY: a thread state is attached, and the object is alive.
    let data = unsafe { ffi::PyBytes_AsString(object) };
    if data.is_null() {
        return Err(PyErrRaised {
            _private: PhantomData,
        });
    }
    // SAFETY: it is a `bytes` object, which never changes.
    unsafe {
        let length = ffi::PyBytes_Size(object).cast_unsigned();
        Ok(std::slice::from_raw_parts(data.cast(), length))
    }
}

/// Makes a type, and adds it to a module.
///
/// # Safety
///
/// `module` is a module that is being initialised.
pub unsafe fn add_type(
    _context: &ThreadContext<'_>,
    module: *mut ffi::PyObject,
    name: &CStr,
    flags: u32,
) -> PyResult<()> {
    let mut slots = [ffi::PyType_Slot {
        slot: 0,
        pfunc: null_mut(),
    }];
    let mut spec = ffi::PyType_Spec {
        name: name.as_ptr(),
        basicsize: 0,
        itemsize: 0,
        flags,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: a thread state is attached, and Python copies what it keeps of the specification.
    let made = unsafe { ffi::PyType_FromModuleAndSpec(module, &mut spec, null_mut()) };
    let made = owned(made)?;
    // SAFETY: a thread state is attached, and both are alive.
    let status = unsafe { ffi::PyModule_AddType(module, made.object.as_ptr().cast()) };
    made.unbind().drop_with(_context);
    if status == 0 {
        return Ok(());
    }
    Err(PyErrRaised {
        _private: PhantomData,
    })
}

pub(crate) fn release(_context: &ThreadContext<'_>, object: NonNull<ffi::PyObject>) {
    // SAFETY: a thread state is attached, and the reference is given up.
    unsafe { ffi::Py_DecRef(object.as_ptr()) };
}

fn owned<'py>(made: *mut ffi::PyObject) -> PyResult<Bound<'py, PyAny>> {
    match NonNull::new(made) {
        Some(object) => Ok(Bound {
            object,
            _marker: PhantomData,
        }),
        None => Err(PyErrRaised {
            _private: PhantomData,
        }),
    }
}
