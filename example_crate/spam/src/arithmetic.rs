/// Adds two numbers; `None` if the sum does not fit.
///
/// ```
/// assert_eq!(spam::add(2, 3), Some(5));
/// assert_eq!(spam::add(i64::MAX, 1), None);
/// ```
pub fn add(a: i64, b: i64) -> Option<i64> {
    a.checked_add(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sum() {
        assert_eq!(add(2, 3), Some(5));
        assert_eq!(add(-2, 2), Some(0));
    }

    #[test]
    fn overflow_is_none() {
        assert_eq!(add(i64::MAX, 1), None);
        assert_eq!(add(i64::MIN, -1), None);
    }
}
