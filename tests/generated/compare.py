"""Where what pytest shows is not what is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .expected import ABSENT

if TYPE_CHECKING:
    from .expected import Expectation
    from .observed import Observation

__all__ = ["Difference", "differences"]

_RED = ("failed", "error")


class Difference(NamedTuple):
    """One thing that differs."""

    kind: str
    """missing, unexpected, verdict, twice, exit code, none failed, no error."""
    what: str

    @property
    def sort(self) -> tuple[str, str]:
        """Return what it has in common with others of one cause, as far as can be told."""
        level = self.what.partition(" ")[0].rpartition("::")[2]
        found = next((word for word in ("@", "bindgen_test_layout") if word in level), "")
        found = level if found == "@" else found or ("doctest" if "@doctest" in self.what else "")
        outcome = self.what.partition(" is ")[2] if self.kind == "verdict" else ""
        return self.kind, found + outcome

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


def differences(expected: Expectation, seen: Observation) -> list[Difference]:
    """Return all that differs."""
    found = []
    claimed = set()
    for item in expected.items:
        present = [name for name in item.ids if name in seen.outcomes and name not in claimed]
        claimed.update(present[:1])
        wanted = " or ".join(sorted(item.outcomes))
        if not present:
            if ABSENT not in item.outcomes:
                found.append(Difference("missing", f"{' or '.join(item.ids)} (to be {wanted})"))
            continue
        outcome = seen.outcomes[present[0]]
        if outcome not in item.outcomes:
            what = f"{present[0]} is {outcome}, to be {wanted}"
            found.append(Difference("verdict", what))
    others = {name: outcome for name, outcome in seen.outcomes.items() if name not in claimed}
    found += _unexpected(expected, others)
    found += [Difference("twice", name) for name, count in seen.times.items() if count > 1]
    for group in expected.failing:
        if not any(_is_in(name, group) and seen.outcomes[name] in _RED for name in seen.outcomes):
            what = f"cargo says that a process failed; of its items no one does: {sorted(group)}"
            found.append(Difference("none failed", what))
    if seen.code not in expected.exit_codes:
        what = f"pytest {seen.code}, cargo {expected.cargo_code}"
        law = " (green where cargo is red)" if seen.code == 0 and expected.cargo_code else ""
        found.append(Difference("exit code", what + law))
    return found


def _is_in(name: str, group: frozenset[str]) -> bool:
    return name in group or f"{name.partition('::')[0]}::*" in group


def _unexpected(expected: Expectation, others: dict[str, str]) -> list[Difference]:
    found = []
    errors = 0
    for name, outcome in others.items():
        if expected.more_errors and outcome in _RED:
            errors += 1
        elif any(_is_in(name, group) for group in expected.failing if any("*" in x for x in group)):
            continue
        else:
            found.append(Difference("unexpected", f"{name} ({outcome})"))
    if expected.more_errors and not errors:
        found.append(Difference("no error", "a checker raised, and nothing shows it"))
    return found
