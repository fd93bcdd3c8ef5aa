"""What a run is going to do: its cases, and the checkers that give their verdicts."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import field, replace
from typing import TYPE_CHECKING

from .case import Case, Checker, Verdict
from .late import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .cargo import Build
    from .case import Key

__all__ = ["Known", "Plan", "manifest_case"]


@dataclass
class Plan:
    """The cases of a session, by the real path of the file that they stand under."""

    cases: dict[str, list[Case]] = field(default_factory=dict)
    checkers: dict[str, Checker] = field(default_factory=dict)
    builds: dict[str, list[Build]] = field(default_factory=dict)
    """By the fingerprint of the Python they are for; all under "" where there is none."""
    later_builds: list[Build] = field(default_factory=list)
    """Those that leave out what is wrong in the first."""
    labels: tuple[str, ...] = ()
    """What the first levels of ids are called where there are several Pythons: ``cp313t``."""
    outputs: set[str] = field(default_factory=set)
    """Directories in which cargo builds."""
    packages: list[str] = field(default_factory=list)
    """Names of the packages that take part."""
    limits: dict[Key, float] = field(default_factory=dict)
    """Seconds for single cases, shared with all checkers."""

    @property
    def known(self) -> Known:
        """Who gives the verdicts that are known beforehand."""
        checker = self.checkers.setdefault(Known.name, Known())
        assert isinstance(checker, Known)  # noqa: S101 - nobody else is called so
        return checker

    def add(self, cases: Iterable[Case]) -> None:
        """Add cases; a second one of a name in one place gets ``-2``, a third ``-3``."""
        cases = list(cases)
        if not cases:
            return
        seen = Counter((case.file, case.levels) for case in self.all_cases())
        for case in cases:
            seen[case.key] += 1
            count = seen[case.key]
            while count > 1 and (case.file, _numbered(case.levels, count)) in seen:
                count += 1
            if count > 1:
                case = replace(case, levels=_numbered(case.levels, count))
                seen[case.key] += 1
            self.cases.setdefault(case.file, []).append(case)

    def add_known(self, case: Case, verdict: Verdict) -> None:
        """Add a case whose verdict is known beforehand."""
        self.known.verdicts[case.key] = verdict
        self.add([case])

    def all_cases(self) -> Iterator[Case]:
        """Yield every case."""
        for cases in self.cases.values():
            yield from cases

    def all_builds(self) -> Iterator[Build]:
        """Yield every build, each once: what needs no Python is built for all of them at once."""
        groups = (*self.builds.values(), self.later_builds)
        yield from {id(build): build for group in groups for build in group}.values()


def _numbered(levels: tuple[str, ...], count: int) -> tuple[str, ...]:
    return (*levels[:-1], f"{levels[-1]}-{count}")


class Known(Checker):
    """Verdicts that are known beforehand: a manifest that cargo refuses, an id not built."""

    name = "known"

    def __init__(self) -> None:
        self.verdicts: dict[Key, Verdict] = {}

    def discover(self) -> Iterable[Case]:
        """Return nothing: who knows a verdict adds its case."""
        return ()

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield what is known."""
        for case in cases:
            yield case, self.verdicts[case.key]


def manifest_case(manifest: str) -> Case:
    """Return the case of a manifest with which cargo does nothing."""
    return Case(
        file=os.path.realpath(manifest),
        levels=("@build",),
        kind="build",
        checker=Known.name,
        package="",
        target="",
        rust_test="@build",
        command=f"cargo metadata --no-deps --manifest-path {manifest}",
    )
