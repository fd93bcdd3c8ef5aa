"""Where tests stand that are written in files of many kinds: generated ones, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .test_location import Place, place, real_path

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
        self._known: dict[str, tuple[Place, list[Site]]] = {}
        """Where the tests of a file stand, and the places in tracked files that read it."""

    def of(self, source: str | None, modules: Sequence[str] = ()) -> Place:
        """Return where a test in ``source`` (absolute) stands; ``modules`` are those around it."""
        path = source or self._target.src_path
        if path not in self._known:
            self._known[path] = self._find(path)
        where, sites = self._known[path]
        if not sites:
            return where

        def fit(site: Site) -> tuple[bool, int]:
            inside = site.inside
            return tuple(modules[: len(inside)]) == inside, len(inside)

        # That in whose module the test is: the innermost.
        site = max(sites, key=fit)
        where = place(self._package, self._target, site.file)
        return where._replace(inside=False, line=site.line)

    def _find(self, path: str) -> tuple[Place, list[Site]]:
        """Return what is known of a file.

        Behind ``cfg(doctest)`` only rustdoc reads it: no unit names it, and text leads there.
        """
        where = place(self._package, self._target, path)
        if where.inside and not self._context.wrote(path):
            return where, []
        from .sources import Sources

        sources = (
            Sources(build, self._package, self._target, units)
            for build in self._context.builds
            for units in [*([unit] for unit in build.units(self._package, self._target)), []]
        )
        found = (
            [site for site in one.sites if real_path(site.path) == real_path(path)]
            for one in sources
        )
        return place(self._package, self._target, None), next(filter(None, found), [])
