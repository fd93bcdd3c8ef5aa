"""Which packages are held to a policy that not every package has asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ..manifest import MetadataError
from .table import (
    PolicyTable,
    is_wanted,
    read_policies,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...cargo import Package
    from ..context import BuildContext
    from .table import Policy

__all__ = ["Wanted", "wanted_packages"]

_CPYTHON: Final = "cpython-sys"


class Wanted(NamedTuple):
    """A package that is held to a policy, and its table; or why that cannot be used."""

    package: Package
    table: PolicyTable
    problem: str = ""


def wanted_packages(context: BuildContext, policy: Policy) -> Iterator[Wanted]:
    """Yield the selected packages that are held to a policy.

    In mode ``auto`` those of a workspace with a package ``cpython-sys``, and those that ask.
    """
    packages = context.build.workspace.packages
    default = any(package.name == _CPYTHON for package in packages)
    for package in packages:
        if not context.selects(package.name):
            continue
        problem = ""
        try:
            table = read_policies(package.metadata)
        except MetadataError as error:
            raw = package.metadata.get("cpython-sys")
            asks = isinstance(raw, dict) and "policies" in raw
            table, problem = PolicyTable((policy,) if asks else None), str(error)
        if is_wanted(context.run, table, policy, default=default):
            yield Wanted(package, table, problem)
