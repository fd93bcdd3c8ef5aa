"""Rust tests as pytest items: see ``pytest --cpython-sys``."""

__all__ = ["__version__"]

__version__ = "0.1.0"
