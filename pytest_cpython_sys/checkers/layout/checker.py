"""Layout tests in the compile-time style: found in the sources, judged by the build.

A block passes only if its target was compiled, with no error but ``E0080``, and the ``cfg``
predicates around it hold. Whatever else is the case, nobody evaluated it: that is an error.
"""

from __future__ import annotations

import os.path
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ...cargo import shown_command
from ...cargo.cfg import CfgSet, Truth, evaluate, parse_cfg
from ...case import Case, Location, Verdict
from ..place import place, real_path
from .errors import explain, find_block, primary_spots
from .sources import Site, SourceFile, Sources
from .table import Row, layout_table, recorded_layouts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...cargo import Build, Diagnostic, Package, Target, Unit
    from ..context import BuildContext
    from .scan import LayoutBlock

__all__ = ["LayoutChecker"]

_CONSTANT_ERROR = "E0080"


@dataclass(frozen=True)
class _Found:
    """A block at a place where the user sees it."""

    file: SourceFile
    block: LayoutBlock
    site: Site
    decided: bool


class LayoutChecker:
    """Compile-time layout blocks of all targets."""

    name: Final = "layout"

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts
        self._verdicts: dict[tuple[str, tuple[str, ...]], Verdict] = {}
        self._rustc_cfg: dict[int, CfgSet] = {}

    def discover(self) -> Iterable[Case]:
        """Return a case for each block under no false ``cfg``."""
        for context in self._contexts:
            for package in context.build.workspace.packages:
                for target in package.targets:
                    if target.kind != "custom-build" and context.selects(package.name):
                        yield from self._target(context, package, target)

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield the verdicts, all of which the build has given."""
        for case in cases:
            yield case, self._verdicts[case.key]

    def remarks(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Say where the tests of a crate could not be had without the layouts that differ."""
        for context in self._contexts:
            if context.second is not None and context.second.trouble:
                heading, *rest = context.second.trouble.strip().split("\n")
                yield f"no second build, without the layouts that differ: {heading}", rest

    def _target(self, context: BuildContext, package: Package, target: Target) -> Iterator[Case]:
        build, units = _judging(context, package, target)
        sources = Sources(build, package, target, units)
        if not any(file.scan.blocks for file in sources.files):
            return
        found = list(self._visible(context, build, sources, units))
        if not found:
            return
        judge = _Judge(context, build, package, target, sources, units)
        done: set[tuple[str, tuple[str, ...], int]] = set()
        files = {item.site.file for item in found}
        places = {file: place(package, target, file) for file in files}
        command = shown_command(package, target, None, context.options) + " --no-run"
        for item in found:
            where = places[item.site.file]
            levels = (
                *where.levels,
                *item.site.modules,
                *item.block.modules,
                item.block.test_name,
            )
            mark = (where.file, levels, item.block.start)
            if mark in done:
                continue
            done.add(mark)
            generated = item.site.generated
            case = Case(
                file=where.file,
                levels=levels,
                kind="layout",
                checker=self.name,
                package=package.name,
                target=target.name,
                rust_test="::".join(levels),
                line=item.site.line if generated else item.block.line,
                generated=Location(item.file.path, item.block.line) if generated else None,
                command=command,
            )
            case = self._numbered(case)
            self._verdicts[case.key] = judge.verdict(item)
            yield case

    def _numbered(self, case: Case) -> Case:
        """Give a second block of one name in one place a name of its own."""
        count, numbered = 1, case
        while numbered.key in self._verdicts:
            count += 1
            levels = (*case.levels[:-1], f"{case.levels[-1]}-{count}")
            numbered = replace(case, levels=levels, rust_test="::".join(levels))
        return numbered

    def _visible(
        self, context: BuildContext, build: Build, sources: Sources, units: Sequence[Unit]
    ) -> Iterator[_Found]:
        for file in sources.files:
            if not file.scan.blocks:
                continue
            for site in sources.sites(file):
                for block in file.scan.blocks:
                    predicates = (*site.cfgs, *block.cfgs)
                    truth = (
                        self._truth(context, build, units, predicates) if predicates else Truth.TRUE
                    )
                    if truth is not Truth.FALSE:
                        yield _Found(file, block, site, truth is Truth.TRUE)

    def _truth(
        self,
        context: BuildContext,
        build: Build,
        units: Sequence[Unit],
        predicates: Sequence[str],
    ) -> Truth:
        """Return whether all predicates hold in at least one way the target is compiled."""
        best = Truth.FALSE
        for unit in units:
            if (
                unit.artifact is None
                and unit.call is None
                and any(other.artifact or other.call for other in units)
            ):
                continue
            cfg = self._cfg(context, build, unit)
            values = [evaluate(predicate, cfg).value for predicate in predicates]
            truth = Truth(min(values))
            if truth.value > best.value:
                best = truth
        return best

    def _cfg(self, context: BuildContext, build: Build, unit: Unit) -> CfgSet:
        key = id(context)
        if key not in self._rustc_cfg:
            self._rustc_cfg[key] = parse_cfg(
                context.cargo.rustc_cfg(context.build.workspace, context.options.target)
            )
        cfg = self._rustc_cfg[key]
        script = build.script(unit.package.id)
        if script is not None:
            cfg |= parse_cfg(script.cfgs)
        if unit.call is None and unit.artifact is None:
            cfg |= CfgSet(complete=False)
        if unit.call is not None:
            cfg |= parse_cfg(unit.call.cfgs)
        if unit.artifact is not None:
            cfg |= CfgSet(pairs=frozenset(("feature", name) for name in unit.artifact.features))
            if not unit.artifact.debug_assertions:
                cfg = cfg.without("debug_assertions")
        return cfg | CfgSet(frozenset({"test"})) if unit.test else cfg


def _judging(context: BuildContext, package: Package, target: Target) -> tuple[Build, list[Unit]]:
    """Return the first build in which a target was compiled: what it says holds."""
    for build in context.builds:
        units = [build.unit(package, target, test=test) for test in (False, True)]
        if any(unit.artifact or unit.call for unit in units) or build.errors(package.id, target):
            break
    return build, units


class _Judge:
    """Verdicts for the blocks of one target."""

    def __init__(
        self,
        context: BuildContext,
        build: Build,
        package: Package,
        target: Target,
        sources: Sources,
        units: Sequence[Unit],
    ) -> None:
        self._root = build.workspace.root
        self._errors = build.errors(package.id, target)
        self._rows = context.second.rows if context.second is not None else {}
        self._draws = context.run.layouts
        self._sources = {real_path(file.path): file for file in sources.files}
        self._files = {file.path for file in sources.files} if sources.exact else set()
        self._why_not = self._obstacle(build, package, target, units)
        self._by_block: dict[tuple[str, int], list[Diagnostic]] = {}
        for error in self._errors:
            key = self._block_of(error)
            if key is not None:
                self._by_block.setdefault(key, []).append(error)

    def verdict(self, found: _Found) -> Verdict:
        """Return what the build says of a block."""
        block = real_path(found.file.path), found.block.start
        if block in self._by_block or block in self._rows:
            return self._failure(found, self._by_block.get(block, ()), self._rows.get(block, ()))
        if not found.decided:
            predicates = ", ".join((*found.site.cfgs, *found.block.cfgs))
            return _not_evaluated(f"whether it was compiled cannot be decided: {predicates}")
        if self._why_not is not None:
            return _not_evaluated(self._why_not)
        if found.file.path not in self._files:
            return _not_evaluated(f"{found.file.path} was not among the sources rustc read")
        layouts = recorded_layouts(found.block, found.file.source, ()) if self._draws else None
        return Verdict("passed", layouts=layouts)

    def _obstacle(
        self, build: Build, package: Package, target: Target, units: Sequence[Unit]
    ) -> str | None:
        """Return why blocks without an error of their own were not evaluated, or None."""
        others = [error for error in self._errors if error.code != _CONSTANT_ERROR]
        if others:
            first = others[0].rendered.strip()
            return f"{package.name} ({target.label}) has an error elsewhere:\n{first}"
        if any(unit.artifact is not None for unit in units):
            return None
        if not any(unit.call is not None for unit in units):
            return f"{package.name} ({target.label}) was not compiled: see its @build item"
        if not self._errors:
            return f"rustc gave no verdict on {package.name} ({target.label}):\n{build.words}"
        # A compiler that was killed, or that crashed, has not seen everything.
        for unit in units:
            how = build.compiler_end(package, unit)
            if how is not None:
                return f"rustc ended early on {package.name} ({target.label}): {how}"
        return None

    def _block_of(self, error: Diagnostic) -> tuple[str, int] | None:
        for spot in primary_spots(error.raw):
            path = real_path(os.path.join(self._root, spot.file))
            file = self._sources.get(path)
            if file is None:
                continue
            hit = find_block(file.scan.blocks, spot, file.source)
            if hit is not None:
                return path, hit[0].start
        return None

    def _failure(
        self, found: _Found, errors: Sequence[Diagnostic], known: Sequence[Row]
    ) -> Verdict:
        location = Location(found.file.path, found.block.line)
        rows, words = list(known), []
        for error in errors:
            row = self._row(found, error)
            if row is not None:
                rows.append(row)
                location = Location(found.file.path, self._line(error, location.line))
            else:
                words.append(error.rendered.strip())
        parts = []
        if rows:
            parts.append(layout_table(found.block.type_name, dict.fromkeys(rows)))
        parts += words
        # Without a second build nobody knows what else is wrong in the block.
        layouts = recorded_layouts(found.block, found.file.source, known) if known else None
        return Verdict("failed", message="\n".join(parts), location=location, layouts=layouts)

    def _row(self, found: _Found, error: Diagnostic) -> Row | None:
        if error.code != _CONSTANT_ERROR:
            return None
        for spot in primary_spots(error.raw):
            hit = find_block(found.file.scan.blocks, spot, found.file.source)
            if hit is None or hit[0] is not found.block or hit[1] is None:
                continue
            assertion = hit[1]
            actual = explain(error.raw, assertion).actual
            return Row(assertion.what, assertion.recorded, actual)
        return None

    @staticmethod
    def _line(error: Diagnostic, default: int) -> int:
        return next((spot.line for spot in primary_spots(error.raw)), default)


def _not_evaluated(why: str) -> Verdict:
    return Verdict("error", message=f"not evaluated: {why}")
