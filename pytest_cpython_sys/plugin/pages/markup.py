"""HTML out of texts: whatever a test is called or prints is shown, and does nothing.

Format: https://html.spec.whatwg.org/
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from ...case import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["bar", "code", "column", "details", "items", "mark", "scrolled", "table", "text", "tone"]

_TONES: Final = {
    "passed": "good",
    "failed": "bad",
    "not evaluated": "bad",
    "skipped": "calm",
    "xfailed": "calm",
    "xpassed": "warn",
}


def text(value: object) -> str:
    """Return a text as HTML, in an attribute too."""
    return escape(printable(str(value)))


def tone(outcome: str) -> str:
    """Return the class that gives an outcome its colour."""
    return _TONES.get(outcome, "warn")


def code(value: object) -> str:
    """Return a name or a command."""
    return f"<code>{text(value)}</code>"


def mark(outcome: str) -> str:
    """Return an outcome: by its word, and by its colour."""
    return f'<span class="mark {tone(outcome)}">{text(outcome)}</span>'


def items(entries: Iterable[str]) -> str:
    """Return a list of pieces of HTML."""
    return f'<ul class="plain">{"".join(f"<li>{entry}</li>" for entry in entries)}</ul>'


def column(name: str, *, number: bool = False) -> str:
    """Return the head of a column."""
    return (
        f'<th scope="col"{" class=" + chr(34) + "n" + chr(34) if number else ""}>{text(name)}</th>'
    )


def details(summary: str, *inside: str, classes: str = "", is_open: bool = False) -> str:
    """Return what opens and closes."""
    attributes = f' class="{classes}"' if classes else ""
    attributes += " open" if is_open else ""
    return f"<details{attributes}><summary>{summary}</summary>{''.join(inside)}</details>"


def scrolled(label: str, inside: str) -> str:
    """Return what may be wider than a page: it has a bar of its own, which a key can move."""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{text(label)}">{inside}</div>'
    )


def table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]], classes: str = ""
) -> str:
    """Return a table; the first cell of a row is its head. Cells are elements' content.

    A column whose name begins with ``#`` holds numbers. Of the class ``cards``, each row is a card
    where a page is narrow.
    """
    numbers = [name.startswith("#") for name in columns]
    head = "".join(
        column(name.removeprefix("#"), number=number)
        for name, number in zip(columns, numbers, strict=True)
    )
    labels = [name.removeprefix("#") for name in columns] if classes == "cards" else None
    body = "".join(f"<tr>{_cells(row, numbers, labels)}</tr>" for row in rows)
    named = f' class="{classes}"' if classes else ""
    return (
        f"<table{named}><caption>{text(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _cells(row: Sequence[str], numbers: Sequence[bool], labels: Sequence[str] | None) -> str:
    first, *others = row
    cells = [f'<th scope="row">{first}</th>']
    for index, cell in enumerate(others, 1):
        attributes = ' class="n"' if numbers[index] else ""
        attributes += f' data-label="{text(labels[index])}"' if labels else ""
        cells.append(f"<td{attributes}>{cell}</td>")
    return "".join(cells)


def bar(parts: Iterable[tuple[str, float]], label: str) -> str:
    """Return a bar of a hundred units at most, as wide as there is room: classes and lengths."""
    pieces, start = [], 0.0
    for name, length in parts:
        pieces.append(f'<rect class="{name}" x="{start:.2f}" width="{length:.2f}" height="10"/>')
        start += length
    return (
        f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img">'
        f"<title>{text(label)}</title>{''.join(pieces)}</svg>"
    )
