"""Policies: what a package promises beyond its tests.

Their checkers take long to import, and few projects are held to any: see `may_apply` first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...cargo import Package
    from ..context import BuildContext

__all__ = ["may_apply"]


def may_apply(context: BuildContext) -> bool:
    """Tell whether any package of a workspace may be held to a policy."""
    if context.run.ledgers is not None:
        return True  # it is told where there is nothing to write
    if context.run.policies == "auto":
        return any(map(_may_be_held, context.build.workspace.packages))
    return context.run.policies == "all"


def _may_be_held(package: Package) -> bool:
    library = package.library
    return (
        package.name == "cpython-sys"
        or bool(package.metadata.get("cpython-sys"))
        or (library is not None and bool({"cdylib", "staticlib"} & {*library.crate_types}))
    )
