"""The same Rust tests without pytest: as unittest tests, for CPython's own test suite.

It imports nothing but the standard library.
"""

from .loading import make_load_tests

__all__ = ["make_load_tests"]
