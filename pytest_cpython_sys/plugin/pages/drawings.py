"""The sections of the page that are pictures: layouts, and how long crates took to build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...case import grouped
from ..pictures.layout_svg import HATCH, draw_inline, first_difference, has_sizes, hole_count
from .facts import Section, counted
from .markup import bar, code, details, mark, scrolled, table, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...case import Layouts
    from ..build_times import Crate
    from .facts import Facts
    from .records import Record

__all__ = ["build_times", "layouts"]

_CRATES: Final = 25
"""Crates that are shown at once: the slowest."""
_PARTS: Final = (
    ("one", "library or program"),
    ("two", "tests of the crate"),
    ("three", "build script, compiled"),
    ("four", "build script, run"),
)


def layouts(facts: Facts) -> Section | None:
    """Return types as two lay them out: first what differs, side by side."""
    drawn = [one for one in facts.records if one.layouts is not None]
    if not drawn:
        return None
    differing = [one for one in drawn if one.nodeid in facts.drawn]
    boxes = [_UNKNOWN] if not all(map(_is_whole, drawn)) else []
    boxes.append(
        f'<svg width="0" height="0" aria-hidden="true" class="layout hidden">{HATCH}</svg>'
    )
    if differing:
        inside = "".join(_differing(one, facts.drawn[one.nodeid]) for one in differing)
        boxes.append(f'<h3>Layouts that differ</h3><div class="box">{inside}</div>')
    agreeing = [one for one in drawn if one.nodeid not in facts.drawn]
    if agreeing:
        files = grouped(agreeing, lambda record: record.file)
        inside = "".join(_file(file, records) for file, records in files.items())
        boxes.append(f'<h3>Layouts that agree</h3><div class="box">{inside}</div>')
    aside = (
        f"{len(differing)} of {counted(len(drawn), 'layout')} differ{'s' * (len(differing) == 1)}"
        if differing
        else (f"{counted(len(drawn), 'layout')}, all agree")
    )
    return Section("Layouts", "Layouts", aside, "".join(boxes))


_UNKNOWN: Final = (
    '<p class="said">The layout tests of bindgen record where fields begin, but neither their '
    "sizes nor bit-fields. So each field is drawn up to the next one, with a dashed border, and "
    "holes are not shown.</p>"
)


def _is_whole(record: Record) -> bool:
    return record.layouts is None or has_sizes(record.layouts.left)


def _differing(record: Record, anchor: str) -> str:
    assert record.layouts is not None  # noqa: S101 - nothing else is drawn
    summary = f"{mark(record.outcome)} {code(record.nodeid)}"
    inside = f'<div class="inside">{_drawing(record.layouts)}</div>'
    box = details(summary, inside, is_open=True)
    return box.replace("<details", f'<details id="{anchor}"', 1)


def _file(file: str, records: list[Record]) -> str:
    types = "".join(_agreeing(record) for record in records)
    return details(f'{code(file)}<span class="count">{len(records)}</span>', types)


def _agreeing(record: Record) -> str:
    assert record.layouts is not None  # noqa: S101 - nothing else is drawn
    left = record.layouts.left
    holes = hole_count(left)
    said = counted(left.size, "byte") + (f", {counted(holes, 'hole')}" if holes else "")
    summary = f'{code(record.name)}<span class="count">{said}</span>'
    return details(summary, f'<div class="inside">{_drawing(record.layouts)}</div>')


def _drawing(compared: Layouts) -> str:
    label = text(f"Layout of {compared.left.name}")
    first = first_difference(compared)
    above = f'<p class="first-difference">{text(first)}</p>' if first else ""
    return (
        f'{above}<figure class="drawing" role="region" tabindex="0" aria-label="{label}">'
        f'<div class="pair">{"".join(draw_inline(compared))}</div></figure>'
    )


def build_times(facts: Facts) -> Section | None:
    """Return how long each crate took, as bars."""
    if not facts.crates and not facts.fresh:
        return None
    if not facts.crates:
        said = f"Nothing was compiled: {counted(facts.fresh, 'crate')} up to date."
        return Section("Build times", "Build times", "", f'<p class="said">{said}</p>')
    longest = max(crate.seconds for crate in facts.crates) or 1.0
    used = {_part(what) for crate in facts.crates for what in crate.parts}
    legend = "".join(
        f'<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{name}" width="10"'
        f' height="10"/></svg>{words}</li>'
        for name, words in _PARTS
        if name in used
    )
    shown, more = facts.crates[:_CRATES], facts.crates[_CRATES:]
    inside = _chart("The slowest crates", shown, longest)
    if more:
        rest = _chart("The other crates", more, longest)
        inside += details(f"{counted(len(more), 'more crate')}", rest)
    fresh = f", {facts.fresh} were up to date" if facts.fresh else ""
    said = "Crates are compiled in parallel, so the build took less time than the sum of the rows."
    aside = f"{counted(len(facts.crates), 'crate')} compiled{fresh}"
    body = (
        f'<p class="said">{said}</p><ul class="legend">{legend}</ul><div class="box">{inside}</div>'
    )
    return Section("Build times", "Build times", aside, body)


def _chart(caption: str, crates: Sequence[Crate], longest: float) -> str:
    rows = []
    for crate in crates:
        parts = sorted(crate.parts.items(), key=lambda part: _part(part[0]))
        words = ", ".join(f"{what} {seconds:.2f} s" for what, seconds in parts)
        drawn = [(_part(what), 100 * seconds / longest) for what, seconds in parts]
        rows.append([code(crate.title), f"{crate.seconds:.2f}", bar(drawn, words)])
    body = table(caption, ["Crate", "#seconds", "What the time was spent on"], rows, "builds")
    return scrolled(caption, body.replace("<td><svg", '<td class="bar"><svg'))


def _part(what: str) -> str:
    """Return the class of what was compiled or run."""
    if what == "build script":
        return "three"
    if what == "build script run":
        return "four"
    return "two" if what.endswith("test") else "one"
