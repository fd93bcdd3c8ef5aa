//! `spam`, an extension module.
//!
//! What it computes is plain Rust ([`add`], [`count_spam`]) and is tested without a Python. The
//! module `python` makes functions that Python can call out of it.

mod arithmetic;
mod counting;
mod python;

pub use arithmetic::add;
pub use counting::count_spam;
pub use python::PyInit_spam;
