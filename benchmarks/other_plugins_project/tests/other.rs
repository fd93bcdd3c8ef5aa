#[test]
fn passes() {
    assert_eq!(eggs::add(1), 2);
}

#[test]
fn fails() {
    assert_eq!(eggs::add(1), 3);
}
