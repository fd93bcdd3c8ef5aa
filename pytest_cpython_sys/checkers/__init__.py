"""Checkers: each finds cases of one kind in a build, and gives their verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .abi import has_a_header
from .doctest import DoctestChecker
from .layout import LayoutChecker
from .libtest import LibtestChecker
from .metadata import MetadataChecker
from .policy import may_apply
from .target import TargetChecker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..case import Checker
    from .context import BuildContext

__all__ = ["all_checkers"]


def all_checkers(contexts: Sequence[BuildContext]) -> list[Checker]:
    """Return a checker of each kind for these builds; a new kind is one line more."""
    checkers: list[Checker] = [
        LayoutChecker(contexts),
        LibtestChecker(contexts),
        DoctestChecker(contexts),
        TargetChecker(contexts),
        MetadataChecker(contexts),
    ]
    if any(map(may_apply, contexts)):
        from .policy.modules import ModuleChecker
        from .policy.symbols import SymbolChecker
        from .policy.twins import TwinChecker
        from .policy.unsafe import UnsafeChecker

        checkers += [
            ModuleChecker(contexts),
            SymbolChecker(contexts),
            TwinChecker(contexts),
            UnsafeChecker(contexts),
        ]
    if any(map(has_a_header, contexts)):
        from .abi.checker import AbiChecker

        checkers.append(AbiChecker(contexts))
    return checkers
