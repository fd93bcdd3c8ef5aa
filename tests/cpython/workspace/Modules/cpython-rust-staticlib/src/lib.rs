//! All modules in one archive. What is named here is kept by the linker.

pub use _adler::PyInit__adler;
pub use _tally::PyInit__tally;
