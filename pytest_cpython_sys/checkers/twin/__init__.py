"""A Rust module beside the C or Python module that it is to be like."""
