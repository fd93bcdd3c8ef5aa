"""The C compiler's opinion on what Rust says of C: ``--cpython-sys-abi``."""
