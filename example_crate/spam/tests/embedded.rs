//! Starts a Python and imports the module: `cargo test --features embedded`.
//!
//! Without the feature this file holds no test at all, and cargo says nothing about it.
#![cfg(feature = "embedded")]

use cpython_sys::{Py_FinalizeEx, Py_Initialize, PyImport_AppendInittab, PyRun_SimpleStringFlags};

#[test]
fn imports_and_adds() {
    let script = c"import spam; assert spam.add(2, 3) == 5; assert spam.count('spam') == 1";
    // SAFETY: one interpreter, started and ended in this thread.
    unsafe {
        assert_eq!(PyImport_AppendInittab(c"spam".as_ptr(), Some(init)), 0);
        Py_Initialize();
        assert_eq!(
            PyRun_SimpleStringFlags(script.as_ptr(), std::ptr::null_mut()),
            0
        );
        assert_eq!(Py_FinalizeEx(), 0);
    }
}

unsafe extern "C" fn init() -> *mut cpython_sys::PyObject {
    // SAFETY: called by the import machinery.
    unsafe { spam::PyInit_spam() }
}
