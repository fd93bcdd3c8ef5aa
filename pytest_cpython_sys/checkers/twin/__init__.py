"""A Rust module beside the C or Python module that it must match."""
