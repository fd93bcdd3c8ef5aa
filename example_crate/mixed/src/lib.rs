//! The part of the Python package `mixed` that is written in Rust.

use pyo3::prelude::*;

/// Returns the sum of two numbers.
#[pyfunction]
pub fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// A sum that knows how many numbers went into it.
#[pyclass]
#[derive(Default)]
pub struct Tally {
    sum: i64,
    count: usize,
}

#[pymethods]
impl Tally {
    #[new]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a number, and returns the sum so far.
    pub fn add(&mut self, number: i64) -> i64 {
        self.count += 1;
        self.sum = add(self.sum, number);
        self.sum
    }

    /// How many numbers were added.
    #[getter]
    pub fn count(&self) -> usize {
        self.count
    }
}

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::{Tally, add};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds() {
        assert_eq!(add(2, 3), 5);
    }

    #[test]
    fn tallies_what_python_gives_it() {
        Python::attach(|py| {
            let tally = Bound::new(py, Tally::new()).unwrap();
            tally.call_method1("add", (40,)).unwrap();
            let sum = tally.call_method1("add", (2,)).unwrap();
            assert_eq!(sum.extract::<i64>().unwrap(), 42);
        });
    }
}
