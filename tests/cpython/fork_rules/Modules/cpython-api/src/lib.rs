//! A safe interface to Python, for modules in Rust.

mod c_api;
mod context;
mod error;
mod handles;
mod module;

pub use c_api::{add_type, bytes_data, new_bytes, raise_value_error};
pub use context::ThreadContext;
pub use error::{PyErrRaised, PyResult};
pub use handles::{Bound, Py, PyAny};
pub use module::{ABI_INFO, AbiInfo, SharedSlots, Slot, guard, with_context};
