//! What `shapes.h` declares, by hand and without a mistake.
#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]

use std::ffi::{c_char, c_double, c_int, c_long, c_longlong, c_short, c_uint, c_void, CStr};
use std::marker::{PhantomData, PhantomPinned};
use std::ptr;

include!("bindings.rs");

#[repr(C)]
pub struct PyMethodDef {
    pub ml_name: *const c_char,
    pub ml_meth: Option<unsafe extern "C" fn(*mut c_void, *mut c_void) -> *mut c_void>,
    pub ml_flags: c_int,
    pub ml_doc: *const c_char,
}

pub const METH_O: c_int = 0x0008;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct frame {
    pub kind: c_int,
    pub line: c_long,
    pub width: c_short,
    pub height: c_short,
    pub flag: c_char,
    pub tail: c_char,
}

#[repr(C)]
pub union number {
    pub c: c_char,
    pub l: c_long,
    pub parts: [c_double; 2],
}

/// Only behind a pointer.
#[repr(C)]
pub struct opaque {
    _data: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct given {
    pub a: c_int,
    pub b: c_int,
}

pub type shape_size = c_long;
pub type shape_filter = Option<unsafe extern "C" fn(*mut frame, *mut c_void)>;
pub type shape_visitor = Option<unsafe extern "C" fn(*mut frame, *mut c_void) -> c_int>;

#[repr(C)]
pub enum shape_edge {
    Sharp,
    Blunt,
}

#[repr(u32)]
#[derive(Clone, Copy)]
pub enum shape_kind {
    None,
    Round = 4,
    Square,
}

pub const SHAPE_ROUND: c_uint = 4;
pub const SHAPE_LIMIT: usize = 1024;
pub const SHAPE_ALL: u32 = 0xFFFF_FFFF;
pub const SHAPE_ERROR: c_int = -1;
pub const SHAPE_PI: f64 = 3.25;
pub const SHAPE_NAME: &[u8; 7] = b"shapes\0";
pub const SHAPE_TITLE: &CStr = c"shapes";
pub const SHAPE_NOT_USED: *mut c_void = ptr::without_provenance_mut(1);
pub const SHAPE_MODE: c_int = 7;
pub const SHAPE_CALL: c_int = 1;
pub const SHAPE_STATEMENT: c_int = 1;

#[repr(C)]
pub struct shape_default_t {
    pub kind: shape_kind,
    pub size: c_long,
    pub name: *const c_char,
}

pub const SHAPE_DEFAULT: shape_default_t = shape_default_t {
    kind: shape_kind::Round,
    size: 9,
    name: ptr::null(),
};

pub enum FILE {}

extern "C" {
    pub static mut shape_count: c_int;
    pub static shape_names: [*const c_char; 3];
    pub fn shape_open(path: *const c_char, flags: c_long, out: *mut frame) -> c_int;
    pub fn shape_close(shape: *mut opaque);
    pub fn shape_print(file: *mut FILE, format: *const c_char, ...) -> c_int;
    pub fn shape_area(frame: *const frame) -> c_long;
    pub fn shape_hash(value: given, length: usize, seed: c_longlong) -> u64;
    pub fn shape_visit(frame: *mut frame, visit: shape_visitor, arg: *mut c_void) -> c_int;
    pub fn shape_name(kind: shape_kind) -> *const c_char;
}
