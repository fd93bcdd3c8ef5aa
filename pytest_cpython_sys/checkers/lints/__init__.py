"""What `cargo fmt --check` and `cargo clippy -- -D warnings` say, an item a package."""
