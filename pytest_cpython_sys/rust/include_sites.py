"""Where tests stand that are written in files of many kinds: generated ones, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .sources import Sources
from .test_location import Place, place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cargo import Package, Target
    from .context import BuildContext
    from .sources import Site

__all__ = ["Places"]


class Places:
    """Where the tests of a target stand, by the files that they are written in.

    What cargo wrote, and what lies outside the package, stands where an ``include!`` of a tracked
    file reads it, else under the target's root file.
    """

    def __init__(self, context: BuildContext, package: Package, target: Target) -> None:
        self._context = context
        self._package = package
        self._target = target
        self._tracked: dict[str, Place] = {}
        self._sites: dict[str, list[Site]] = {}

    def of(self, source: str | None, modules: Sequence[str] = ()) -> Place:
        """Return where a test in ``source`` (absolute) stands; ``modules`` are those around it."""
        path = source or self._target.src_path
        known = self._tracked.get(path)
        if known is not None:
            return known
        if path not in self._sites:
            where = place(self._package, self._target, path)
            if where.inside and not self._context.wrote(path):
                self._tracked[path] = where
                return where
            self._sites[path] = self._find(path)
        site = _fitting(self._sites[path], modules)
        if site is None:
            return place(self._package, self._target, None)
        where = place(self._package, self._target, site.file)
        return where._replace(inside=False, line=site.line)

    def _find(self, path: str) -> list[Site]:
        """Return the places in tracked files that read a file, as the sources have it.

        Behind ``cfg(doctest)`` only rustdoc reads a file: no unit names it, and text leads there.
        """
        for build in self._context.builds:
            for units in [*([unit] for unit in build.units(self._package, self._target)), []]:
                sites = Sources(build, self._package, self._target, units).sites_of(path)
                if sites:
                    return sites
        return []


def _fitting(sites: Sequence[Site], modules: Sequence[str]) -> Site | None:
    """Return the site in whose module a test is: the innermost."""

    def fit(site: Site) -> tuple[bool, int]:
        inside = site.inside
        return tuple(modules[: len(inside)]) == inside, len(inside)

    return max(sites, key=fit, default=None)
