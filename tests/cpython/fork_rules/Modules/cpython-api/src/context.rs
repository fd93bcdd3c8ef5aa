//! The proof that this thread may call Python.

use std::marker::PhantomData;

/// Exists while a thread state is attached, on that thread alone.
pub struct ThreadContext<'py> {
    _lifetime: PhantomData<fn(&'py ()) -> &'py ()>,
    _thread: PhantomData<*mut ()>,
}

impl ThreadContext<'_> {
    /// Returns the proof.
    ///
    /// # Safety
    ///
    /// A thread state is attached for as long as it lives.
    pub(crate) unsafe fn attached() -> Self {
        Self {
            _lifetime: PhantomData,
            _thread: PhantomData,
        }
    }
}
