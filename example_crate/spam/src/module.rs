//! The module object: multi-phase initialisation (PEP 489), two functions.

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;
use core::slice::from_raw_parts;
use core::str::from_utf8;

use cpython_sys::{
    METH_FASTCALL, METH_O, Py_ssize_t, PyErr_Occurred, PyErr_SetString, PyExc_OverflowError,
    PyExc_TypeError, PyLong_AsLongLong, PyLong_FromLongLong, PyLong_FromSize_t, PyMethodDef,
    PyMethodDefFuncPointer, PyModuleDef, PyModuleDef_HEAD_INIT, PyModuleDef_Init, PyModuleDef_Slot,
    PyObject, PyUnicode_AsUTF8AndSize,
};

/// Something that C writes to and Rust only gives the address of.
#[repr(transparent)]
struct Static<T>(UnsafeCell<T>);

// SAFETY: Rust never reads or writes what is inside; Python does, holding its own locks.
unsafe impl<T> Sync for Static<T> {}

unsafe extern "C" fn add(
    _module: *mut PyObject,
    arguments: *const *mut PyObject,
    count: Py_ssize_t,
) -> *mut PyObject {
    // SAFETY: Python passes `count` arguments, and calls with its thread state attached.
    unsafe {
        if count != 2 {
            PyErr_SetString(PyExc_TypeError, c"add() takes exactly 2 arguments".as_ptr());
            return null_mut();
        }
        let arguments = from_raw_parts(arguments, 2);
        let mut numbers = [0; 2];
        for (number, argument) in numbers.iter_mut().zip(arguments) {
            *number = PyLong_AsLongLong(*argument);
            if *number == -1 && !PyErr_Occurred().is_null() {
                return null_mut();
            }
        }
        match crate::add(numbers[0], numbers[1]) {
            Some(sum) => PyLong_FromLongLong(sum),
            None => {
                PyErr_SetString(PyExc_OverflowError, c"the sum is too large".as_ptr());
                null_mut()
            }
        }
    }
}

unsafe extern "C" fn count(_module: *mut PyObject, text: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls with its thread state attached; the text outlives the call.
    unsafe {
        let mut size: Py_ssize_t = 0;
        let data = PyUnicode_AsUTF8AndSize(text, &mut size);
        if data.is_null() {
            return null_mut();
        }
        let bytes = from_raw_parts(data.cast::<u8>(), size.unsigned_abs());
        PyLong_FromSize_t(crate::count(from_utf8(bytes).unwrap_or_default()))
    }
}

const fn method(
    name: *const c_char,
    function: PyMethodDefFuncPointer,
    flags: c_int,
) -> PyMethodDef {
    PyMethodDef {
        ml_name: name,
        ml_meth: function,
        ml_flags: flags,
        ml_doc: core::ptr::null(),
    }
}

static METHODS: Static<[PyMethodDef; 3]> = Static(UnsafeCell::new([
    method(
        c"add".as_ptr(),
        PyMethodDefFuncPointer {
            PyCFunctionFast: add,
        },
        METH_FASTCALL,
    ),
    method(
        c"count".as_ptr(),
        PyMethodDefFuncPointer { PyCFunction: count },
        METH_O,
    ),
    PyMethodDef::NULL,
]));

const fn slot(slot: u32, value: *mut c_void) -> PyModuleDef_Slot {
    PyModuleDef_Slot {
        slot: slot as c_int,
        value,
    }
}

// In C the values of these slots are small numbers in a pointer's clothes.
static SLOTS: Static<[PyModuleDef_Slot; SLOT_COUNT]> = Static(UnsafeCell::new([
    #[cfg(Py_3_12)]
    slot(
        cpython_sys::Py_mod_multiple_interpreters,
        core::ptr::without_provenance_mut(2), // Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
    ),
    #[cfg(Py_3_13)]
    slot(
        cpython_sys::Py_mod_gil,
        core::ptr::without_provenance_mut(1), // Py_MOD_GIL_NOT_USED
    ),
    slot(0, null_mut()),
]));

const SLOT_COUNT: usize = 1 + cfg!(Py_3_12) as usize + cfg!(Py_3_13) as usize;

static DEFINITION: Static<PyModuleDef> = Static(UnsafeCell::new(PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"spam".as_ptr(),
    m_doc: c"A module in Rust.".as_ptr(),
    m_size: 0,
    m_methods: METHODS.0.get().cast(),
    m_slots: SLOTS.0.get().cast(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
}));

/// What Python calls on `import spam`.
///
/// # Safety
///
/// To be called by Python's import machinery alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit_spam() -> *mut PyObject {
    // SAFETY: the definition is static, and never moves.
    unsafe { PyModuleDef_Init(DEFINITION.0.get()) }
}
