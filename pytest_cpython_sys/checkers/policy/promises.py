"""What a package's table says about its exported symbols, its C header, and its twin."""

from __future__ import annotations

import os.path
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ..manifest import (
    TABLE,
    MetadataError,
    is_plain,
    raw_table,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ExportTable", "TwinTable", "read_exports", "read_twin"]

_PATTERN: Final = re.compile(r"[\w*?\[\]!.$-]+")
_HINT: Final = "write a symbol's name, or a pattern such as spam_*"
_DOTTED: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


@dataclass(frozen=True)
class ExportTable:
    """What a package says about what its library exports."""

    allowed: tuple[str, ...] = ()
    """Patterns of names that need no declaration, and may be called as they like."""
    cbindgen: str | None = None
    """The committed header that cbindgen writes, relative to the package."""


@dataclass(frozen=True)
class TwinTable:
    """What a package says about the module that its own is to be like."""

    twin: str
    tests: str | None = None
    """The name of its test module in ``Lib/test``."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Why a difference is known, by a pattern of names."""


def read_exports(metadata: Mapping[str, Any]) -> ExportTable:
    """Return what the table of a package says of exports. Raises MetadataError."""
    raw = raw_table(metadata)
    header = raw.get("cbindgen")
    if header is not None:
        good = isinstance(header, str) and is_plain(header) and '"' not in header
        if not good or os.path.isabs(header):
            raise MetadataError(
                f"{TABLE}.cbindgen: {header!r} is no path of a header in the package"
            )
    return ExportTable(texts(raw, "exports", _PATTERN, _HINT), header)


def read_twin(metadata: Mapping[str, Any]) -> TwinTable | None:
    """Return what the table of a package says of its twin; None if it names none.

    Raises MetadataError.
    """
    raw = raw_table(metadata)
    twin, tests, known = raw.get("twin"), raw.get("twin-tests"), raw.get("twin-known", {})
    for key, value in (("twin", twin), ("twin-tests", tests)):
        if value is not None and not (isinstance(value, str) and _DOTTED.fullmatch(value)):
            raise MetadataError(f"{TABLE}.{key}: {value!r} is no name of a module")
    if not isinstance(known, dict):
        raise MetadataError(f"{TABLE}.twin-known is no table")
    for name, reason in known.items():
        if not _PATTERN.fullmatch(name) or not isinstance(reason, str) or not reason:
            raise MetadataError(f"{TABLE}.twin-known: {name!r} is no pattern with a reason")
    if twin is None:
        if tests is not None or known:
            raise MetadataError(f"{TABLE}.twin is missing: whose tests or differences are meant?")
        return None
    return TwinTable(twin, tests, dict(known))
