//! References to Python's objects.

use std::marker::PhantomData;
use std::ptr::NonNull;

use cpython_sys::PyObject;

use crate::c_api;
use crate::context::ThreadContext;

/// Any object of Python's.
pub struct PyAny {
    _private: [u8; 0],
}

/// A reference that is owned, while a thread state is attached.
pub struct Bound<'py, T> {
    pub(crate) object: NonNull<PyObject>,
    pub(crate) _marker: PhantomData<(&'py T, *mut ())>,
}

/// A reference that is owned, and may be kept and sent.
pub struct Py<T> {
    object: NonNull<PyObject>,
    _marker: PhantomData<fn() -> T>,
}

// SAFETY: what it refers to is only reached with a `ThreadContext`.
unsafe impl<T> Send for Py<T> {}
// SAFETY: what it refers to is only reached with a `ThreadContext`.
unsafe impl<T> Sync for Py<T> {}

impl<'py, T> Bound<'py, T> {
    /// Keeps the reference beyond the context.
    pub fn unbind(self) -> Py<T> {
        Py {
            object: self.object,
            _marker: PhantomData,
        }
    }

    /// Gives the reference away, to C.
    pub fn into_raw(self) -> *mut PyObject {
        self.object.as_ptr()
    }
}

impl<T> Py<T> {
    /// Lets go of the object.
    pub fn drop_with(self, context: &ThreadContext<'_>) {
        c_api::release(context, self.object);
    }
}
