//! What other crates may use. No Python is needed here, nor linked.

use spam::{add, count_spam};

mod adding {
    use super::*;

    #[test]
    fn is_commutative() {
        for (a, b) in [(1, 2), (-7, 7), (0, i64::MIN)] {
            assert_eq!(add(a, b), add(b, a));
        }
    }
}

mod counting {
    use super::*;

    #[test]
    fn survives_what_is_not_ascii() {
        assert_eq!(count_spam("späm, spam, ѕрам, 🥫spam"), 2);
    }
}
