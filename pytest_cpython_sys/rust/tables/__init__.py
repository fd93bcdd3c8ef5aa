"""Parts of the table ``[package.metadata.cpython-sys]``, and places of keys in its file."""
