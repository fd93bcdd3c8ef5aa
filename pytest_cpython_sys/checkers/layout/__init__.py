"""bindgen's layout tests in the compile-time style, which no other runner shows."""

from .checker import LayoutChecker

__all__ = ["LayoutChecker"]
