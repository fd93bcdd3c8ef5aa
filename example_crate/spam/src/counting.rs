/// Counts how often a text says "spam".
///
/// ```
/// assert_eq!(spam::count_spam("spam, egg, spam, spam, bacon and spam"), 4);
/// ```
pub fn count_spam(text: &str) -> usize {
    text.matches("spam").count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_every_spam() {
        assert_eq!(count_spam("spamspam and spam"), 3);
    }

    #[test]
    fn no_spam_in_eggs() {
        assert_eq!(count_spam("egg and bacon"), 0);
        assert_eq!(count_spam(""), 0);
    }

    #[test]
    #[ignore = "needs 400 MB and some seconds"]
    fn counts_a_lot_of_spam() {
        let times = 100_000_000;
        assert_eq!(count_spam(&"spam".repeat(times)), times);
    }
}
