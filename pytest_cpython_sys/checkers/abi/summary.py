"""What is told of a package beside its verdicts."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Final

from ...case import counted
from ...rust.metadata import TABLE
from ...rust.tables.abi import LETTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .store import Findings

__all__ = ["export_warning", "remarks"]

_LISTED: Final = 12
"""How many names a warning lists, unless with -v."""


def remarks(name: str, findings: Findings) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield sentences with their details: what Rust has and no item is about."""
    if findings.nothing:
        yield f"{name}: {findings.nothing}", ()
    if findings.unmatched:
        verb = _count(findings.unmatched, "Rust name has", "Rust names have")
        yield f"{name}: {verb} no counterpart in C", _details(findings.unmatched)
    if findings.uncompared:
        verb = _count(findings.uncompared, "name exists in C but was", "names exist in C but were")
        yield f"{name}: {verb} not compared", _details(findings.uncompared)
    if findings.unanswered:
        items = _count(findings.unanswered, "item", "items")
        details = [f"{_id(findings, place)}: {reason}" for place, reason in findings.unanswered]
        yield f"{name}: {items} got no answer from a compiler", details
    if findings.unused_keys:
        keys = _count(findings.unused_keys, "key of the table refers", "keys of the table refer")
        yield f"{name}: {keys} to items that this run leaves out", findings.unused_keys
    if findings.letters:
        yield _letters(name, findings)


def _letters(name: str, findings: Findings) -> tuple[str, list[str]]:
    """Return how many items have only minor differences; which ones, and what their kinds are."""
    counts = Counter(kind for _, kinds, _ in findings.letters for kind in kinds.split(", "))
    shown = ", ".join(f"{count} of kind `{kind}`" for kind, count in sorted(counts.items()))
    items = _count(findings.letters, "item passes", "items pass")
    told = [f"{_id(findings, place)}: {told}" for place, _, told in findings.letters]
    kinds = [f"kind `{kind}`: {LETTERS[kind]}" for kind in sorted(counts)]
    sample = f'letter = ["{min(counts)}"] under [{TABLE}]'
    advice = f"to make such items fail, list the kind in `letter`: {sample}"
    text = f"{name}: {items} with minor differences from C, which change no layout and no call"
    return f"{text}: {shown}", [*told, *kinds, advice]


def _id(findings: Findings, place: int) -> str:
    """Return the id of a case as it can be typed here."""
    case = findings.cases[place]
    return "::".join((os.path.relpath(case.file), *case.levels))


def _count(things: Sequence[object], one: str, many: str) -> str:
    return counted(len(things), one, many)


def _details(pairs: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{one}: {reason}" for one, reason in pairs]


def export_warning(name: str, findings: Findings, python: str, *, verbose: bool) -> str | None:
    """Return what to warn of: symbols that the interpreter does not export.

    Those that the package uses itself come first: it cannot be linked, or loaded.
    """
    if not findings.missing:
        return None
    told = [
        _symbols(names, words, verbose=verbose)
        for names, words in (
            (findings.missing if findings.needed is None else [], "that Rust declares"),
            (findings.needed or [], "that the package uses"),
            (findings.unneeded, "that Rust declares but the package does not use"),
        )
        if names
    ]
    return f"{name}: {python} does not export {'; '.join(told)}"


def _symbols(names: Sequence[str], words: str, *, verbose: bool) -> str:
    listed = names if verbose else names[:_LISTED]
    more = f", ... and {len(names) - len(listed)} more (-v lists them)"
    return (
        f"{_count(names, 'symbol', 'symbols')} {words}: {', '.join(listed)}"
        f"{more if len(listed) < len(names) else ''}"
    )
