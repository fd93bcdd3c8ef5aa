//! An exception that is set.

use std::marker::PhantomData;

/// Says that an exception is set on this thread.
#[must_use]
pub struct PyErrRaised {
    pub(crate) _private: PhantomData<*mut ()>,
}

pub type PyResult<T> = Result<T, PyErrRaised>;
