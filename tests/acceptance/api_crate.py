"""A crate that keeps each rule of an API crate, beside the one that declares C for it."""

from __future__ import annotations

from typing import Final

from .conftest import PACKAGE

TABLE: Final = """
[package.metadata.cpython-sys.api]
capability = ["ThreadContext"]
allow = { "Py::clone_ref" = "audited: atomic increment, no context needed" }
ffi-module = "c_api"
catch-unwind = ["c_api::guard"]
not-send = ["ThreadContext", "Bound"]
send = ["Py"]
not-sync = ["ThreadContext"]
sync = ["Py"]
must-use = ["PyErrRaised"]
no-mut-ref = ["PyAny"]
"""
SYS: Final = """
#![allow(non_snake_case)]
#[repr(C)] pub struct PyObject { pub count: isize }
extern "C" {
    pub fn PyObject_Repr(object: *mut PyObject) -> *mut PyObject;
    pub fn PyObject_SetItem(a: *mut PyObject, b: *mut PyObject, c: *mut PyObject) -> i32;
}
pub unsafe fn Py_INCREF(object: *mut PyObject) { (*object).count += 1; }
pub fn constant() -> i32 { 1 }
"""
C_API: Final = """
//! Here alone C is called.
pub unsafe fn repr(object: *mut sys::PyObject) -> *mut sys::PyObject { sys::PyObject_Repr(object) }
pub unsafe fn set(object: *mut sys::PyObject) -> i32 {
    sys::PyObject_SetItem(object, object, object)
}
pub unsafe fn incref(object: *mut sys::PyObject) { sys::Py_INCREF(object) }
pub fn guard<R>(inside: impl FnOnce() -> R) -> R {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(inside))
        .unwrap_or_else(|_| std::process::abort())
}
"""
LIB: Final = """
use std::marker::PhantomData;
mod c_api;

pub struct ThreadContext<'a>(PhantomData<&'a *mut ()>);
pub struct PyAny(sys::PyObject);
pub struct Py<T>(*mut sys::PyObject, PhantomData<T>);
unsafe impl<T> Send for Py<T> {}
unsafe impl<T> Sync for Py<T> {}
pub struct Bound<'a, T>(Py<T>, &'a ThreadContext<'a>);
#[must_use]
pub struct PyErrRaised(());

impl<T> Py<T> {
    pub fn clone_ref(&self) -> Self { raw_incref(self.0); Py(self.0, PhantomData) }
    pub fn repr(&self, _: &ThreadContext<'_>) -> usize { raw_repr(self.0) }
    pub unsafe fn repr_unchecked(&self) -> usize { raw_repr(self.0) }
    pub fn bind<'a>(self, context: &'a ThreadContext<'a>) -> Bound<'a, T> { Bound(self, context) }
}
impl<T> Clone for Py<T> {
    fn clone(&self) -> Self { self.clone_ref() }
}
impl<T> Drop for Py<T> {
    fn drop(&mut self) { raw_repr(self.0); }
}
impl<T> Bound<'_, T> {
    pub fn set_item(&self) -> Result<(), PyErrRaised> { raw_set(self.0.0) }
    pub fn into_repr(self) -> usize { let last = || raw_repr(self.0.0); last() }
}
impl PyAny {
    pub fn count(&self) -> isize { self.0.count }
    pub fn constant() -> i32 { sys::constant() }
}
fn raw_repr(object: *mut sys::PyObject) -> usize { unsafe { c_api::repr(object) as usize } }
fn raw_incref(object: *mut sys::PyObject) { unsafe { c_api::incref(object) } }
fn raw_set(object: *mut sys::PyObject) -> Result<(), PyErrRaised> {
    if unsafe { c_api::set(object) } == 0 { Ok(()) } else { Err(PyErrRaised(())) }
}
/// Called by C.
pub unsafe extern "C" fn called(object: *mut sys::PyObject) -> usize {
    c_api::guard(|| raw_repr(object))
}
"""
FILES: Final = {
    "Cargo.toml": '[workspace]\nmembers = ["sys", "api"]\nresolver = "2"\n',
    "sys/Cargo.toml": PACKAGE.format("spam-sys"),
    "sys/src/lib.rs": SYS,
    "api/Cargo.toml": (
        PACKAGE.format("spam-api")
        + '[dependencies]\nsys = { path = "../sys", package = "spam-sys" }\n'
        + TABLE
    ),
    "api/src/lib.rs": LIB,
    "api/src/c_api.rs": C_API,
}
FUNCTIONS: Final = ("capability", "ffi-module", "catch-unwind", "no-mut-ref")
TYPES: Final = ("not-send", "send", "not-sync", "sync", "must-use")
KEPT: Final = {
    **{f"api/src/lib.rs::@api::{rule}": "passed" for rule in (*FUNCTIONS, *TYPES)},
    **{f"api/src/c_api.rs::@api::{rule}": "passed" for rule in FUNCTIONS},
}
"""What there is to say of these files."""
