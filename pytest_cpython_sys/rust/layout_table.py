"""What a layout test shows: a table of what is wrong, and both layouts as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ..case import Layouts, Member, TypeLayout

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from .source_scan import LayoutBlock

__all__ = ["Row", "layout_table", "recorded_layouts"]

_ADVICE: Final = "run bindgen again for this target, or correct the type if it was edited"


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
    return "\n".join([*lines, _ADVICE])


def recorded_layouts(block: LayoutBlock, source: bytes, wrong: Collection[Row]) -> Layouts | None:
    """Return a type as the bindings record it, and as rustc lays it out.

    ``wrong`` are all statements of the block that do not hold. None where they do not say enough.
    """
    actual = {row.what: row.actual for row in wrong}
    recorded: dict[str, int] = {}
    found: dict[str, int] = {}
    fields: list[str] = []
    for statement in block.assertions(source):
        value = actual.get(statement.what, statement.recorded)
        if value is None or statement.what in recorded:
            return None
        recorded[statement.what], found[statement.what] = statement.recorded, value
        if statement.field:
            fields.append(statement.field)
    if not {"size", "alignment"} <= recorded.keys():
        return None

    def side(values: Mapping[str, int]) -> TypeLayout:
        members = [Member(name, values[f"offset of {name}"] * 8, None) for name in fields]
        return TypeLayout(block.type_name, values["size"], values["alignment"], tuple(members))

    marked = tuple(name for name in fields if f"offset of {name}" in actual)
    return Layouts(side(recorded), side(found), marked, ("recorded", "rustc"))


def _number(value: int | None) -> str:
    return f"{'?' if value is None else value:>8}"
