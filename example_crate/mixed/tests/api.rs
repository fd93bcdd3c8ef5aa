//! What other crates see of it.

use mixed::{Tally, add};

#[test]
fn a_sum() {
    assert_eq!(add(1, -1), 0);
}

#[test]
fn a_tally() {
    let mut tally = Tally::new();
    tally.add(40);
    assert_eq!((tally.add(2), tally.count()), (42, 2));
}
