"""Keeps pytest's assertion rewriter from our own modules, which hold no tests."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec

__all__ = ["import_without_rewriting"]

_PACKAGE = __name__.partition(".")[0]


class _PlainFinder:
    """Finds the modules of our package as Python does."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, _target: object = None
    ) -> ModuleSpec | None:
        if path is None or not name.startswith(f"{_PACKAGE}."):
            return None
        return PathFinder.find_spec(name, path)


def import_without_rewriting() -> None:
    """Have the rest of our modules imported as Python does, and not by pytest's rewriter.

    pytest rewrites the modules of each installed plugin. It reads them through an importer written
    in Python, slowly; and where no bytecode may be written it compiles all of them in each run. A
    finder in front of pytest's is all that this takes; pytest has had its own there since 2.1.
    Checked with pytest 8.3 to 9.2.
    """
    if not any(finder is _PlainFinder for finder in sys.meta_path):
        sys.meta_path.insert(0, _PlainFinder)
