"""The C compiler's opinion on what Rust says of C: ``--cpython-sys-abi``."""

from .checker import AbiChecker

__all__ = ["AbiChecker"]
