"""Which policies a package asks for, and what it says about its extension module."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from ..manifest import (
    TABLE,
    MetadataError,
    raw_table,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..context import RunOptions

__all__ = ["Policy", "PolicyTable", "is_wanted", "read_policies"]

Policy = Literal["modules", "symbols", "unsafe"]
_POLICIES: Final = re.compile("modules|symbols|unsafe")
_CHOICE: Final = "choose of modules, symbols, unsafe"
_MODULE: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


@dataclass(frozen=True)
class PolicyTable:
    """What a package says about policies."""

    policies: tuple[str, ...] | None = None
    """Which ones it asks for; None if it does not say."""
    module: str | None = None
    """The name that its extension module is imported by, with the packages around it."""
    calls: tuple[str, ...] = ()
    """Expressions that use the module, evaluated in its namespace."""


def read_policies(metadata: Mapping[str, Any]) -> PolicyTable:
    """Return what a package's table says of policies. Raises MetadataError."""
    raw = raw_table(metadata)
    module = raw.get("module")
    if module is not None and not (isinstance(module, str) and _MODULE.fullmatch(module)):
        raise MetadataError(f"{TABLE}.module: {module!r} is no name of a module")
    calls = texts(raw, "calls")
    for call in calls:
        try:
            compile(call.strip(), "<calls>", "eval")
        except (SyntaxError, ValueError) as error:
            raise MetadataError(f"{TABLE}.calls: {call!r} is no expression: {error}") from None
    return PolicyTable(
        policies=texts(raw, "policies", _POLICIES, _CHOICE) if "policies" in raw else None,
        module=module,
        calls=calls,
    )


def is_wanted(run: RunOptions, table: PolicyTable, policy: Policy, *, default: bool) -> bool:
    """Tell whether a policy is checked for a package; ``default`` counts where nobody says."""
    if run.policies == "auto":
        return default if table.policies is None else policy in table.policies
    return run.policies == "all"
