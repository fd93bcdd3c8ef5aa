"""Which checkers there are: those that take long to import, where they may find anything."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from ..c import DEFAULT_HEADER
from ..rust.policies import has_ledger
from .build.checker import TargetChecker
from .doctest.checker import DoctestChecker
from .layout.checker import LayoutChecker
from .libtest.checker import LibtestChecker
from .metadata.checker import MetadataChecker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cargo import Package
    from ..case import Checker
    from ..rust.context import BuildContext

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
    if any(map(_may_promise, contexts)):
        from .api.checker import ApiChecker
        from .lints.checker import LintChecker
        from .module.checker import ModuleChecker
        from .symbol.checker import SymbolChecker
        from .twin.checker import TwinChecker
        from .unsafe_code.checker import UnsafeChecker

        checkers += [
            ModuleChecker(contexts),
            SymbolChecker(contexts),
            TwinChecker(contexts),
            UnsafeChecker(contexts),
            LintChecker(contexts),
            ApiChecker(contexts),
        ]
    if any(map(_may_have_a_header, contexts)):
        from .abi.checker import AbiChecker

        checkers.append(AbiChecker(contexts))
    return checkers


def _may_promise(context: BuildContext) -> bool:
    """Tell whether any package of a workspace may be held to a policy."""
    if context.run.ledgers is not None:
        return True  # it is told where there is nothing to write
    if context.run.policies == "auto":
        workspace = context.build.workspace
        return has_ledger(workspace.root) or any(map(_may_be_held, workspace.packages))
    return context.run.policies == "all"


def _may_be_held(package: Package) -> bool:
    library = package.library
    return (
        package.name == "cpython-sys"
        or bool(package.metadata.get("cpython-sys"))
        or (library is not None and bool({"cdylib", "staticlib"} & {*library.crate_types}))
    )


def _may_have_a_header(context: BuildContext) -> bool:
    """Tell whether any package of a workspace may have a C header that speaks for it."""
    return context.run.abi != "off" and any(
        package.metadata.get("cpython-sys")
        or os.path.isfile(os.path.join(package.root, DEFAULT_HEADER))
        for package in context.build.workspace.packages
    )
