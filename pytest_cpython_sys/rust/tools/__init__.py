"""Rust's other programs, which checkers ask: clippy, rustfmt, rustdoc."""
