"""What checkers share of Rust's side: the census of a unit, places in sources, the second build."""
