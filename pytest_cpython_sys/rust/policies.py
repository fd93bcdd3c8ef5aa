"""Which packages are held to a policy: those that ask for it, and those that a default is for."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .metadata import CPYTHON, POLICIES, MetadataError, PolicyTable, elsewhere, read_policies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..cargo import Package
    from .context import BuildContext, RunOptions
    from .metadata import Policy

__all__ = ["LEDGER", "Wanted", "binds_cpython", "has_ledger", "is_wanted", "wanted_packages"]

LEDGER: Final = "cpython-sys-unsafe.toml"
"""The file in a workspace's root that holds its packages to a number of uses of `unsafe`."""


class Wanted(NamedTuple):
    """A package that is held to a policy, and its table; or why that cannot be used."""

    package: Package
    table: PolicyTable
    problem: str
    asked: bool
    """Whether the manifest or the command line asks for the policy: no default does."""


def is_wanted(run: RunOptions, table: PolicyTable, policy: Policy, *, default: bool) -> bool:
    """Tell whether a policy is checked for a package; ``default`` counts where nobody says."""
    if run.policies == "auto":
        return default if table.policies is None else policy in table.policies
    return run.policies == "all"


def wanted_packages(
    context: BuildContext, policy: Policy, *, default: bool = False
) -> Iterator[Wanted]:
    """Yield the selected packages that are held to a policy; see `is_wanted`."""
    for package in context.packages:
        problem = ""
        try:
            table = read_policies(package.metadata)
        except MetadataError:
            table, problem = PolicyTable(_named(package.metadata)), elsewhere(package)
        if is_wanted(context.run, table, policy, default=default):
            asked = context.run.policies == "all" or table.policies is not None
            yield Wanted(package, table, problem, asked)


def _named(metadata: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the policies that a wrong table asks for; None if it does not say."""
    raw = metadata.get(CPYTHON)
    if not isinstance(raw, dict) or "policies" not in raw:
        return None
    asked = raw["policies"]
    return tuple(one for one in asked if one in POLICIES) if isinstance(asked, list) else ()


def binds_cpython(context: BuildContext) -> bool:
    """Tell whether a workspace has a package ``cpython-sys``."""
    return any(package.name == CPYTHON for package in context.build.workspace.packages)


def has_ledger(root: str) -> bool:
    """Tell whether a workspace has a ledger, which may be one that cannot be used."""
    return os.path.isfile(os.path.join(root, LEDGER))
