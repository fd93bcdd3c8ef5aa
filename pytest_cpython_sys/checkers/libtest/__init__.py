"""Tests with Rust's own harness, and custom harnesses that speak as it does."""
