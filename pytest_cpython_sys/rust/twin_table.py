"""What the table of a manifest says of the module that the package's own is to be like."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from ..late import dataclass
from .metadata import MODULE_NAME, NAME_PATTERN, TABLE, MetadataError, raw_table, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TwinTable", "read_twin"]

_HINT = "write a public name of the module, or a pattern such as b64*"


@dataclass(frozen=True)
class TwinTable:
    """What a package says about the module that its own is to be like."""

    twin: str
    tests: str | None = None
    """The name of its test module in ``Lib/test``."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Why a difference is known, by a pattern of names."""
    names: tuple[str, ...] | None = None
    """Patterns of the names that are to be like the twin's; None for all of them."""


def read_twin(metadata: Mapping[str, Any]) -> TwinTable | None:
    """Return what the table of a package says of its twin; None if it names none.

    Raises MetadataError.
    """
    raw = raw_table(metadata)
    twin, tests, known = raw.get("twin"), raw.get("twin-tests"), raw.get("twin-known", {})
    for key, value in (("twin", twin), ("twin-tests", tests)):
        if value is not None and not (isinstance(value, str) and MODULE_NAME.fullmatch(value)):
            raise MetadataError(f"{TABLE}.{key}: {value!r} is not a valid module name")
    if not isinstance(known, dict):
        raise MetadataError(f"{TABLE}.twin-known must be a table")
    for name, reason in known.items():
        if not NAME_PATTERN.fullmatch(name) or not isinstance(reason, str) or not reason:
            raise MetadataError(
                f"{TABLE}.twin-known: {name!r} is not a pattern with a reason: "
                'write PATTERN = "why it differs"'
            )
    names = texts(raw, "twin-names", NAME_PATTERN, _HINT) if "twin-names" in raw else None
    if names == ():
        raise MetadataError(
            f"{TABLE}.twin-names is empty: list the names to compare with the twin, or remove the "
            "key to compare all of them"
        )
    if twin is None:
        if tests is not None or known or names:
            raise MetadataError(
                f"{TABLE}.twin is missing, but twin-tests, twin-names and twin-known need it: "
                'write twin = "MODULE"'
            )
        return None
    return TwinTable(twin, tests, dict(known), names)
