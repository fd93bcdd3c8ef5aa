"""What is told of a package beside its verdicts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from ...case import counted

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
        yield f"{name}: {items} got no answer from a compiler", _details(findings.unanswered)
    if findings.unused_keys:
        keys = _count(findings.unused_keys, "key of the table refers", "keys of the table refer")
        yield f"{name}: {keys} to items that this run leaves out", findings.unused_keys
    if findings.letters:
        counts = Counter(kind for _, kinds, _ in findings.letters for kind in kinds.split(", "))
        shown = ", ".join(f"{kind} ({count})" for kind, count in sorted(counts.items()))
        items = _count(findings.letters, "item has", "items have")
        yield (
            f"{name}: {items} only minor differences from C; kinds: {shown}",
            [f"{one}: {told}" for one, _, told in findings.letters],
        )


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
