"""Tests with Rust's own harness, and custom harnesses that speak as it does."""

from .checker import LibtestChecker

__all__ = ["LibtestChecker"]
