//! A counter a module object. It promises nothing about interpreters and the GIL.

use cpython_api::{END, Table, ffi, module};
use ffi::{
    METH_NOARGS, PyMethodDef, PyMethodDefFuncPointer, PyModuleDef, PyModuleDef_Slot, PyObject,
};
use std::ffi::c_long;

/// What each module object has of its own; it starts as zeros.
#[repr(C)]
pub struct State {
    count: c_long,
}

/// Counts one more.
pub fn advance(state: &mut State) -> c_long {
    state.count += 1;
    state.count
}

/// `tally()`, called with METH_NOARGS.
///
/// # Safety
///
/// Python alone calls it, by METHODS.
unsafe extern "C" fn tally(module: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls us attached with our module, whose state is of this type. The GIL is
    // held, as the module does not say that it can do without, so nobody else has the state.
    unsafe {
        let state = ffi::PyModule_GetState(module).cast::<State>();
        ffi::PyLong_FromLong(advance(&mut *state))
    }
}

static METHODS: [PyMethodDef; 2] = [
    PyMethodDef {
        ml_name: c"tally".as_ptr(),
        ml_meth: PyMethodDefFuncPointer {
            PyCFunction: Some(tally),
        },
        ml_flags: METH_NOARGS,
        ml_doc: c"tally($module, /)\n--\n\nReturn how often it was called.".as_ptr(),
    },
    PyMethodDef::SENTINEL,
];

static SLOTS: Table<[PyModuleDef_Slot; 1]> = Table::new([END]);

static MODULE: Table<PyModuleDef> = Table::new(module(
    c"_tally",
    c"A counter a module object.",
    &METHODS,
    &SLOTS,
    size_of::<State>(),
));

/// What Python calls when it imports the module.
///
/// # Safety
///
/// The caller is attached to an interpreter.
// SAFETY: the name is the module's, so no other library has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit__tally() -> *mut PyObject {
    // SAFETY: the caller's promise; the definition is static.
    unsafe { ffi::PyModuleDef_Init(MODULE.get()) }
}

#[cfg(test)]
mod tests {
    use super::{State, advance};

    #[test]
    fn counts_from_one() {
        let mut state = State { count: 0 };
        assert_eq!((advance(&mut state), advance(&mut state)), (1, 2));
    }
}
