"""How long each crate took to build, where ``--durations`` asks what takes so long."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from ..case import counted
from ..late import dataclass
from .report import write_section

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

    from ..cargo import Build

__all__ = ["Crate", "build_time_lines", "crates_of", "write_build_times"]

# pytest's own, which it takes where --durations-min is not given.
_SHORT = 0.005


@dataclass
class Crate:
    """A package: what was compiled of it, or run, with the seconds of each."""

    name: str
    parts: dict[str, float] = field(default_factory=dict)
    builds: set[int] = field(default_factory=set)
    """Numbers of the builds in which it was compiled: several Pythons have one each."""

    @property
    def seconds(self) -> float:
        """All of them: compilers run side by side, so the build took less."""
        return sum(self.parts.values())

    @property
    def title(self) -> str:
        """Its name, and in how many builds it was compiled where these are several."""
        return f"{self.name} in {len(self.builds)} builds" if len(self.builds) > 1 else self.name

    def __str__(self) -> str:
        parts = sorted(self.parts.items(), key=lambda part: -part[1])
        return f"{self.title} ({', '.join(f'{what} {spent:.2f}s' for what, spent in parts)})"


def _name(package_id: str) -> str:
    """Return name and version out of an id, see cargo's "Package ID Specifications"."""
    url, _, fragment = package_id.partition("#")
    name, at, version = fragment.rpartition("@")
    return f"{name} {version}" if at else f"{url.rstrip('/').rpartition('/')[2]} {fragment}"


def crates_of(builds: Iterable[Build]) -> tuple[list[Crate], int]:
    """Return what was compiled, slowest first, and how many crates were up to date."""
    crates: dict[str, Crate] = {}
    fresh: set[str] = set()
    for number, build in enumerate(builds):
        for timing in build.timings:
            crate = crates.setdefault(timing.package_id, Crate(_name(timing.package_id)))
            crate.builds.add(number)
            crate.parts[timing.what] = crate.parts.get(timing.what, 0.0) + timing.seconds
        fresh.update(artifact.package_id for artifact in build.artifacts if artifact.fresh)
    slowest = sorted(crates.values(), key=lambda crate: -crate.seconds)
    return slowest, len(fresh - crates.keys())


def build_time_lines(builds: Iterable[Build], count: int, least: float) -> Iterator[str]:
    """Yield a line for each of the ``count`` slowest crates (0: all), then what is not shown.

    ``least`` are the seconds from which on a crate is shown.
    """
    slowest, untouched = crates_of(builds)
    shown = [crate for crate in slowest[: count or None] if crate.seconds >= least]
    for crate in shown:
        yield f"{crate.seconds:.2f}s {crate}"
    hidden = len(slowest) - len(shown)
    left = [f"{hidden} more compiled"] if hidden else []
    left += [f"{counted(untouched, 'crate')} fresh"] if untouched else []
    if left:
        yield f"({', '.join(left)})"


def write_build_times(terminal: pytest.TerminalReporter, builds: Iterable[Build]) -> None:
    """Write the section, if there was a build and ``--durations`` was given."""
    option = terminal.config.option
    count: int | None = getattr(option, "durations", None)
    if count is None:
        return
    least: float | None = getattr(option, "durations_min", None)
    if least is None:
        least = _SHORT if terminal.config.get_verbosity() < 2 else 0.0
    title = f"slowest {count} crates to build" if count else "crates by build time"
    write_section(terminal, title, build_time_lines(builds, count, least))
