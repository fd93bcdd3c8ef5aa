//! What is on the menu: shows how a test in a module of its own is named.

/// The ingredients of a dish with so many servings of spam.
pub fn ingredients(servings: usize) -> Vec<&'static str> {
    let mut list = vec!["egg", "bacon"];
    list.extend(std::iter::repeat_n("spam", servings));
    list
}

#[cfg(test)]
mod tests {
    use super::ingredients;

    #[test]
    fn has_spam_in_it() {
        assert_eq!(ingredients(2), ["egg", "bacon", "spam", "spam"]);
    }
}
