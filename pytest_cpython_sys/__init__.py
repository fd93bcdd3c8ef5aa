"""Rust tests as pytest items: see ``pytest --cpython-sys``.

PYTEST_DONT_REWRITE: where the finder of modules is at work, this package is imported before pytest
is, which would warn of it in each worker of pytest-xdist.
"""

__all__ = ["__version__"]

__version__ = "0.2.0"
