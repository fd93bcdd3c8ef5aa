//! What a module needs beside the bindings: its slots, and a definition made of them.

pub use cpython_sys as ffi;

use ffi::{PyMethodDef, PyModuleDef, PyModuleDef_HEAD_INIT, PyModuleDef_Slot};
use std::ffi::{CStr, c_int, c_void};
use std::ptr;

// The numbers of slots, from moduleobject.h.
pub const PY_MOD_CREATE: c_int = 1;
pub const PY_MOD_EXEC: c_int = 2;
pub const PY_MOD_MULTIPLE_INTERPRETERS: c_int = 3;
pub const PY_MOD_GIL: c_int = 4;

// What a module promises in them. In C these are pointers.
pub const PY_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED: usize = 0;
pub const PY_MOD_MULTIPLE_INTERPRETERS_SUPPORTED: usize = 1;
pub const PY_MOD_PER_INTERPRETER_GIL_SUPPORTED: usize = 2;
pub const PY_MOD_GIL_USED: usize = 0;
pub const PY_MOD_GIL_NOT_USED: usize = 1;

/// A slot that holds a promise.
pub const fn promise(slot: c_int, value: usize) -> PyModuleDef_Slot {
    PyModuleDef_Slot {
        slot,
        value: ptr::without_provenance_mut::<c_void>(value),
    }
}

/// The slot that ends a table.
pub const END: PyModuleDef_Slot = promise(0, 0);

/// A static that Python writes to, attached to an interpreter.
#[repr(transparent)]
pub struct Table<T>(std::cell::UnsafeCell<T>);

// SAFETY: only Python writes to it, under a lock of its own.
unsafe impl<T> Sync for Table<T> {}

impl<T> Table<T> {
    pub const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    pub const fn get(&self) -> *mut T {
        self.0.get()
    }
}

/// Returns a module's definition. `state_size` is in bytes.
pub const fn module<const S: usize, const M: usize>(
    name: &'static CStr,
    doc: &'static CStr,
    methods: &'static [PyMethodDef; M],
    slots: &'static Table<[PyModuleDef_Slot; S]>,
    state_size: usize,
) -> PyModuleDef {
    PyModuleDef {
        m_base: PyModuleDef_HEAD_INIT,
        m_name: name.as_ptr(),
        m_doc: doc.as_ptr(),
        m_size: state_size as ffi::Py_ssize_t,
        m_methods: methods.as_ptr().cast_mut(),
        m_slots: slots.get().cast(),
        m_traverse: None,
        m_clear: None,
        m_free: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_the_bindings_own() {
        assert_eq!(PY_MOD_EXEC, ffi::Py_mod_exec as c_int);
        assert_eq!(PY_MOD_GIL, ffi::Py_mod_gil as c_int);
    }

    #[test]
    fn the_last_slot_is_empty() {
        assert_eq!((END.slot, END.value), (0, ptr::null_mut()));
    }
}
