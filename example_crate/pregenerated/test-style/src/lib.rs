//! Checked-in bindings with layout tests in the `#[test]` style (before bindgen 0.70).
//!
//! Each is an ordinary test: `bindings::bindgen_test_layout_point` and so on.

#[allow(
    clippy::all,
    dead_code,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals
)]
mod bindings;

pub use bindings::{point, segment};

/// The square of a segment's length.
pub fn squared_length(segment: &segment) -> i64 {
    let dx = i64::from(segment.to.x) - i64::from(segment.from.x);
    let dy = i64::from(segment.to.y) - i64::from(segment.from.y);
    dx * dx + dy * dy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_has_a_length() {
        let segment = segment {
            from: point { x: 1, y: 1 },
            to: point { x: 4, y: 5 },
            style: 0,
        };
        assert_eq!(squared_length(&segment), 25);
    }
}
