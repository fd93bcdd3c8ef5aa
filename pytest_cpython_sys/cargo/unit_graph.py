"""What ``cargo test`` is going to build, asked of cargo itself: its graph of units.

Nothing is built for it. Format, and that it is unstable:
https://doc.rust-lang.org/cargo/reference/unstable.html#unit-graph
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from ..late import dataclass
from .metadata import target_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .metadata import Package, Target, TargetKind

__all__ = ["UNSTABLE_CARGO", "PlannedUnit", "parse_unit_graph", "unit_graph_arguments"]

UNSTABLE_CARGO: Final = {"__CARGO_TEST_CHANNEL_OVERRIDE_DO_NOT_USE_THIS": "nightly"}
"""Lets one call of a stable cargo have what is unstable."""
_MODES: Final = {"test": True, "build": False}


@dataclass(frozen=True)
class PlannedUnit:
    """A target that is going to be compiled in one way."""

    package_id: str
    kind: TargetKind
    name: str
    test: bool
    features: tuple[str, ...]

    def is_of(self, package: Package, target: Target) -> bool:
        """Tell whether it is one way to compile a target."""
        mine = (self.package_id, self.kind, self.name)
        return mine == (package.id, target.kind, target.name)


def unit_graph_arguments(arguments: Sequence[str]) -> list[str]:
    """Return the arguments that print the graph of a build in place of building."""
    return [*arguments, "--unit-graph", "-Zunstable-options"]


def parse_unit_graph(text: bytes) -> frozenset[PlannedUnit] | None:
    """Return what a graph says is compiled but for build scripts; None where it is no graph."""
    try:
        units: list[dict[str, Any]] = json.loads(text)["units"]
        return frozenset(
            PlannedUnit(
                unit["pkg_id"],
                target_kind(unit["target"]["kind"]),
                unit["target"]["name"],
                _MODES[unit["mode"]],
                tuple(sorted(unit["features"])),
            )
            for unit in units
            if unit["mode"] in _MODES and "custom-build" not in unit["target"]["kind"]
        )
    except (ValueError, KeyError, TypeError):
        return None
