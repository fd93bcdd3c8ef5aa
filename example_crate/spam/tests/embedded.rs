//! The module inside a Python that the test starts itself.
//!
//! Without the feature `embedded`, or where the target Python has no libpython, nothing of this
//! file is compiled: `cargo test` then prints `running 0 tests`.

#![cfg(all(feature = "embedded", has_libpython))]

use cpython_sys::*;
use std::ffi::CStr;
use std::ptr;
use std::sync::Once;

/// Runs code in an interpreter that knows the module; panics if it raises.
///
/// A test runs in a thread of its own, and a process has one main interpreter: the first test
/// starts it, each attaches to it, and it is never finalised.
fn run(code: &CStr) {
    static START: Once = Once::new();
    START.call_once(|| {
        // SAFETY: no interpreter runs yet, and the name is static. Giving up the thread state
        // leaves the interpreter to whoever attaches next.
        unsafe {
            assert_eq!(
                PyImport_AppendInittab(c"spam".as_ptr(), Some(spam::PyInit_spam)),
                0
            );
            // 0: signals stay the test runner's.
            Py_InitializeEx(0);
            PyEval_SaveThread();
        }
    });
    // SAFETY: the interpreter runs; state and references are given back in the same thread.
    unsafe {
        let state = PyGILState_Ensure();
        // Globals of its own, so that tests do not see one another's names.
        let globals = PyDict_New();
        let result = PyRun_StringFlags(
            code.as_ptr(),
            Py_file_input as i32,
            globals,
            globals,
            ptr::null_mut(),
        );
        let raised = result.is_null();
        if raised {
            PyErr_Print();
        } else {
            Py_DecRef(result);
        }
        Py_DecRef(globals);
        PyGILState_Release(state);
        assert!(!raised, "the code raised an exception: see stderr");
    }
}

#[test]
fn adds() {
    run(c"
import spam
assert spam.add(2, 3) == 5
");
}

#[test]
fn counts() {
    run(c"
import spam
assert spam.count_spam('spam, egg and spam') == 2
");
}

#[test]
fn refuses_what_does_not_fit() {
    run(c"
import spam

def raises(expected, function, *arguments):
    try:
        function(*arguments)
    except expected:
        return True

assert raises(TypeError, spam.add, 1)
assert raises(TypeError, spam.add, 1, '2')
assert raises(TypeError, spam.count_spam, b'spam')
assert raises(OverflowError, spam.add, 2**63 - 1, 1)
");
}
