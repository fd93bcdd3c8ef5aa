//! The checksum of zlib, in Rust.

use cpython_api::{
    END, PY_MOD_GIL, PY_MOD_GIL_NOT_USED, PY_MOD_MULTIPLE_INTERPRETERS,
    PY_MOD_PER_INTERPRETER_GIL_SUPPORTED, Table, ffi, module, promise,
};
use ffi::{
    METH_FASTCALL, PyMethodDef, PyMethodDefFuncPointer, PyModuleDef, PyModuleDef_Slot, PyObject,
};
use std::{ptr, slice};

const MODULUS: u32 = 65_521;

/// Returns the checksum of bytes, going on from one of what stands before them.
pub fn checksum(data: &[u8], start: u32) -> u32 {
    let (mut low, mut high) = (start & 0xffff, start >> 16);
    for byte in data {
        low = (low + u32::from(*byte)) % MODULUS;
        high = (high + low) % MODULUS;
    }
    high << 16 | low
}

/// `adler32(data, value=1)`, called with METH_FASTCALL.
///
/// # Safety
///
/// Python alone calls it, by METHODS.
unsafe extern "C" fn adler32(
    _module: *mut PyObject,
    arguments: *const *mut PyObject,
    count: ffi::Py_ssize_t,
) -> *mut PyObject {
    if !(1..=2).contains(&count) {
        // SAFETY: Python calls us attached, and the format takes the one argument given.
        return unsafe {
            ffi::PyErr_Format(
                ffi::PyExc_TypeError,
                c"adler32() takes 1 or 2 arguments (%zd given)".as_ptr(),
                count,
            )
        };
    }
    let mut start = 1;
    if count == 2 {
        // SAFETY: Python calls us attached, with as many arguments as it says.
        start = unsafe { ffi::PyLong_AsUnsignedLongMask(*arguments.add(1)) } as u32;
        // SAFETY: we are attached.
        if !unsafe { ffi::PyErr_Occurred() }.is_null() {
            return ptr::null_mut();
        }
    }
    let mut view = std::mem::MaybeUninit::<ffi::Py_buffer>::uninit();
    // SAFETY: as above; PyBUF_SIMPLE is 0.
    if unsafe { ffi::PyObject_GetBuffer(*arguments, view.as_mut_ptr(), 0) } < 0 {
        return ptr::null_mut();
    }
    // SAFETY: it was filled in. A simple view is bytes, which stay until it is released.
    let view = unsafe { view.assume_init_mut() };
    let value = if view.len == 0 {
        checksum(&[], start)
    } else {
        // SAFETY: as above.
        checksum(
            unsafe { slice::from_raw_parts(view.buf.cast(), view.len as usize) },
            start,
        )
    };
    // SAFETY: we are attached, and this is the view from above.
    unsafe {
        ffi::PyBuffer_Release(view);
        ffi::PyLong_FromUnsignedLong(value.into())
    }
}

static METHODS: [PyMethodDef; 2] = [
    PyMethodDef {
        ml_name: c"adler32".as_ptr(),
        ml_meth: PyMethodDefFuncPointer {
            PyCFunctionFast: Some(adler32),
        },
        ml_flags: METH_FASTCALL,
        ml_doc: c"adler32($module, data, value=1, /)\n--\n\nCompute an Adler-32 checksum of data."
            .as_ptr(),
    },
    PyMethodDef::SENTINEL,
];

static SLOTS: Table<[PyModuleDef_Slot; 3]> = Table::new([
    promise(
        PY_MOD_MULTIPLE_INTERPRETERS,
        PY_MOD_PER_INTERPRETER_GIL_SUPPORTED,
    ),
    promise(PY_MOD_GIL, PY_MOD_GIL_NOT_USED),
    END,
]);

static MODULE: Table<PyModuleDef> = Table::new(module(
    c"_adler",
    c"The checksum of zlib, in Rust.",
    &METHODS,
    &SLOTS,
    0,
));

/// What Python calls when it imports the module.
///
/// # Safety
///
/// The caller is attached to an interpreter.
// SAFETY: the name is the module's, so no other library has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit__adler() -> *mut PyObject {
    // SAFETY: the caller's promise; the definition is static.
    unsafe { ffi::PyModuleDef_Init(MODULE.get()) }
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn of_nothing_is_the_start() {
        assert_eq!(checksum(b"", 1), 1);
    }

    #[test]
    fn of_a_word() {
        assert_eq!(checksum(b"Wikipedia", 1), 0x11e6_0398);
    }

    #[test]
    fn goes_on() {
        assert_eq!(checksum(b"pedia", checksum(b"Wiki", 1)), 0x11e6_0398);
    }
}
