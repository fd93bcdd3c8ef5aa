"""The table that a failed layout test shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Row", "layout_table"]


class Row(NamedTuple):
    """One line: what differs, and both values in bytes (None where one is not known)."""

    what: str
    recorded: int | None
    actual: int | None


def layout_table(type_name: str, rows: Iterable[Row]) -> str:
    """Return what to tell about a type that is laid out otherwise than recorded."""
    lines = [
        f"{type_name} is not laid out as the bindings recorded",
        f"    {'what':<28} {'recorded':>8} {'rustc':>8}",
    ]
    lines += [f"    {row.what:<28} {_number(row.recorded)} {_number(row.actual)}" for row in rows]
    return "\n".join(lines)


def _number(value: int | None) -> str:
    return f"{'?' if value is None else value:>8}"
