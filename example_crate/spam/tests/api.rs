//! What the crate offers to other Rust code; needs no Python.

mod counting {
    #[test]
    fn no_spam() {
        assert_eq!(spam::count("egg and bacon"), 0);
    }

    #[test]
    fn much_spam() {
        assert_eq!(spam::count("spam spam spam egg and spam"), 4);
    }
}

#[test]
fn the_sum_of_two_numbers() {
    assert_eq!(spam::add(40, 2), Some(42));
}
