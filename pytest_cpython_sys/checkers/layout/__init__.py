"""bindgen's layout tests in the compile-time style, which no other runner shows."""

from .checker import LayoutChecker
from .second import SecondBuild, build_again

__all__ = ["LayoutChecker", "SecondBuild", "build_again"]
