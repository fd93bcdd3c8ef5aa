"""Which features met, and how often: breadth decides what generated projects are worth."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["coverage_table"]


def coverage_table(pairs: Mapping[tuple[str, str], int]) -> str:
    """Return a table in Markdown: each feature, and in how many projects others stood in it.

    A pair counts once a project, and only if the second feature stands within the first, or both
    are ways in which one thing is set.
    """
    inner: dict[str, Counter[str]] = defaultdict(Counter)
    for (outer, other), count in pairs.items():
        inner[outer][other] += count
    every = sorted({name for pair in pairs for name in pair})
    lines = [f"{len(every)} features, {len(pairs)} pairs, {sum(pairs.values())} meetings", ""]
    lines += ["| feature | with how many | the most | the least |", "|---|---:|---|---|"]
    for name in every:
        met = inner[name].most_common()
        if met:
            lines.append(f"| {name} | {len(met)} | {_shown(met[:4])} | {_shown(met[-4:])} |")
    lines += ["", "| a | b within it | projects |", "|---|---|---:|"]
    lines += [f"| {a} | {b} | {count} |" for (a, b), count in sorted(pairs.items())]
    return "\n".join(lines)


def _shown(met: list[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count}" for name, count in met)
