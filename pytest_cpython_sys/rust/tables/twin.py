"""What the table of a manifest says of the module that the package's own is to be like."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from ...late import dataclass
from ..metadata import MODULE_NAME, NAME_PATTERN, no_string, opened, shown

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
    table = opened(metadata)
    twin = table.string("twin", MODULE_NAME, "a valid module name", "zlib")
    tests = table.string("twin-tests", MODULE_NAME, "a valid module name", "test_zlib")
    known = table.table("twin-known", '{ NAME = "why it differs" }')
    for name, reason in known.items():
        if not NAME_PATTERN.fullmatch(name):
            text = f"`twin-known`: {shown(name)} is not valid: {_HINT}"
        elif not isinstance(reason, str):
            text = f"`twin-known.{name}` {no_string(name, reason, 'why it differs')}"
        elif not reason:
            text = f"`twin-known.{name}` is empty: write why it differs"
        else:
            continue
        table.refuse(text, "twin-known", name)
    names = None
    if "twin-names" in table.raw:
        names = table.strings("twin-names", NAME_PATTERN, _HINT, "b64*")
        if table.raw["twin-names"] == []:
            table.refuse(
                "`twin-names` is empty: list the names to compare with the twin, or remove the "
                "key to compare all of them",
                "twin-names",
            )
    more = [key for key in ("twin-tests", "twin-names", "twin-known") if key in table.raw]
    if "twin" not in table.raw and more:
        table.refuse(f'`twin` is missing, but `{more[0]}` needs it: write twin = "MODULE"', more[0])
    table.check()
    return TwinTable(twin, tests, dict(known), names) if twin is not None else None
