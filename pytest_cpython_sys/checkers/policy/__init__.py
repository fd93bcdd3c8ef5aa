"""Policies: what a package promises beyond its tests."""

from .modules import ModuleChecker
from .symbols import SymbolChecker
from .twins import TwinChecker
from .unsafe import UnsafeChecker

__all__ = ["ModuleChecker", "SymbolChecker", "TwinChecker", "UnsafeChecker"]
