//! How a module is defined, and entered.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::context::ThreadContext;

/// `PySlot`.
#[repr(C)]
pub struct Slot {
    pub id: u16,
    pub flags: u16,
    pub reserved: u32,
    pub value: *mut c_void,
}

impl Slot {
    pub const fn new(id: u16, value: *mut c_void) -> Self {
        Self {
            id,
            flags: 6, // a pointer, to what is there for good
            reserved: 0,
            value,
        }
    }
}

/// The slots of a module, in a static.
#[repr(transparent)]
pub struct SharedSlots<const N: usize>(pub [Slot; N]);

// SAFETY: they are only read.
unsafe impl<const N: usize> Sync for SharedSlots<N> {}

/// `PyABIInfo`.
#[repr(C)]
pub struct AbiInfo {
    major: u8,
    minor: u8,
    flags: u16,
    built: u32,
    version: u32,
}

/// That of 3.15, with a GIL.
pub static ABI_INFO: AbiInfo = AbiInfo {
    major: 1,
    minor: 0,
    flags: 2,
    built: 0x030f_0000,
    version: 0x030f_0000,
};

/// Calls a function that may panic, for C.
pub fn guard<R>(failed: R, body: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(failed)
}

/// Calls a function with the proof that a thread state is attached.
///
/// # Safety
///
/// One is: Python has called this thread.
pub unsafe fn with_context<R>(body: impl for<'py> FnOnce(&ThreadContext<'py>) -> R) -> R {
    // SAFETY: the caller says so.
    let context = unsafe { ThreadContext::attached() };
    body(&context)
}
