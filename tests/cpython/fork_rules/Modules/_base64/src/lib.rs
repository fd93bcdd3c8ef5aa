//! Base64, in Rust.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::null_mut;

use cpython_api::{ABI_INFO, SharedSlots, Slot, guard, with_context};
use cpython_sys as ffi;

const MOD_EXEC: u16 = 85;
const MOD_MULTIPLE_INTERPRETERS: u16 = 86;
const MOD_GIL: u16 = 87;
const MOD_NAME: u16 = 100;
const MOD_METHODS: u16 = 103;
const MOD_ABI: u16 = 109;

const GIL_NOT_USED: *mut c_void = std::ptr::without_provenance_mut(1);
const TYPE_FLAGS: u32 = ffi::Py_TPFLAGS_IMMUTABLETYPE;

const DOC: &[u8] = b"standard_b64encode($module, s)\n--\n\n\
Encode bytes-like object s using the standard Base64 alphabet.\n\n\
The result is returned as a bytes object.\n\0";

struct Methods([ffi::PyMethodDef; 2]);

// SAFETY: they are only read.
unsafe impl Sync for Methods {}

static METHODS: Methods = Methods([
    ffi::PyMethodDef {
        ml_name: c"standard_b64encode".as_ptr(),
        ml_meth: Some(standard_b64encode),
        ml_flags: ffi::METH_O,
        ml_doc: DOC.as_ptr().cast::<c_char>(),
    },
    ffi::PyMethodDef {
        ml_name: std::ptr::null(),
        ml_meth: None,
        ml_flags: 0,
        ml_doc: std::ptr::null(),
    },
]);

static SLOTS: SharedSlots<7> = SharedSlots([
    Slot::new(MOD_ABI, (&raw const ABI_INFO).cast_mut().cast()),
    Slot::new(MOD_NAME, c"_base64".as_ptr().cast_mut().cast()),
    Slot::new(MOD_METHODS, (&raw const METHODS.0).cast_mut().cast()),
    Slot::new(MOD_EXEC, execute as *mut c_void),
    Slot::new(MOD_MULTIPLE_INTERPRETERS, null_mut()),
    Slot::new(MOD_GIL, GIL_NOT_USED),
    Slot::new(0, null_mut()),
]);

/// Returns the slots of the module.
#[unsafe(no_mangle)]
pub extern "C" fn PyModExport__base64() -> *const Slot {
    (&raw const SLOTS).cast()
}

/// Fills the module.
///
/// # Safety
///
/// Python calls it, with the module.
unsafe extern "C" fn execute(module: *mut ffi::PyObject) -> c_int {
    guard(-1, || {
        // SAFETY: Python calls this with a thread state, and the module.
        let added = unsafe {
            with_context(|context| {
                cpython_api::add_type(context, module, c"_base64.Encoder", TYPE_FLAGS)
            })
        };
        if added.is_ok() { 0 } else { -1 }
    })
}

/// Encodes an object that holds bytes.
///
/// # Safety
///
/// Python calls it, with an argument that is alive.
unsafe extern "C" fn standard_b64encode(
    _module: *mut ffi::PyObject,
    argument: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guard(null_mut(), || {
        // SAFETY: Python calls this with a thread state, and an argument that is alive.
        let made = unsafe {
            with_context(|context| {
                let data = cpython_api::bytes_data(context, argument)?;
                cpython_api::new_bytes(context, &encode(data)).map(cpython_api::Bound::into_raw)
            })
        };
        made.unwrap_or(null_mut())
    })
}

fn encode(data: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::new();
    for chunk in data.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..4 {
            let digit = bits >> (18 - 6 * index) & 63;
            let shown = index <= chunk.len();
            text.push(if shown {
                ALPHABET[digit as usize]
            } else {
                b'='
            });
        }
    }
    text
}
