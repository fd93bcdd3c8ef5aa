"""Policies: what a package promises beyond its tests."""

from .modules import ModuleChecker

__all__ = ["ModuleChecker"]
