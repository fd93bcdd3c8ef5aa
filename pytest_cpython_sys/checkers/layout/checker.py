"""Layout tests in the compile-time style: counted by rustc, judged by the build."""

from __future__ import annotations

import os.path
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from ...cargo import configured_wrapper, shown_command
from ...case import Case, Checker, Verdict, counted
from ...rust.census import Census, CensusError, holds_label
from ...rust.test_location import build_case
from .silent_bindings import silent_bindings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...cargo import Build, Package, Target, Unit
    from ...case import Key
    from ...rust.census import Counted
    from ...rust.context import BuildContext
    from .judge import Judge, PlacedBlock

__all__ = ["LayoutChecker"]

_WORST: Final = ("failed", "error", "skipped", "passed")
_NOT_COUNTED: Final = (
    "cannot list its layout tests: rustc did not print its expansion of the crate "
    "(-Zunpretty=expanded). cargo's last output:\n{}"
)
_ODD: Final = "not in the form that bindgen writes, so it is not known what it tests: {}"


class _Reached(NamedTuple):
    """A unit, and the first build in which rustc was started on it."""

    build: Build
    census: Census
    unit: Unit


class LayoutChecker(Checker):
    """Compile-time layout blocks of all targets."""

    name = "layout"

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts
        self._verdicts: dict[Key, Verdict] = {}
        self._odd: list[str] = []
        self._left_out: list[str] = []
        self._silent: dict[str, None] = {}

    def discover(self) -> Iterable[Case]:
        """Return a case for each block that was compiled."""
        for context in self._contexts:
            censuses = list(_censuses(context))
            for package in context.packages:
                for target in package.targets:
                    if target.kind != "custom-build":
                        yield from self._target(context, censuses, package, target)
            for _, census in censuses:
                census.keep()

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield the verdicts, all of which the build has given."""
        for case in cases:
            yield case, self._verdicts[case.key]

    def remarks(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Say where tests of a crate could not be had, and which blocks are none."""
        for context in self._contexts:
            if context.second is not None and context.second.trouble:
                heading, *rest = context.second.trouble.strip().split("\n")
                yield f"no second build without the layouts that differ: {heading}", rest
        for text in self._silent:
            yield text, ()
        if self._odd:
            count = len(self._odd)
            blocks = counted(count, "layout block is", "layout blocks are")
            yield f"{blocks} not in the form that bindgen writes: skipped", self._odd
        if self._left_out:
            count = len(self._left_out)
            it = "it" if count == 1 else "them"
            files = f"{counted(count, 'file')} with layout blocks skipped"
            yield f"{files}, because `cargo test` does not build {it}", self._left_out

    def _target(
        self,
        context: BuildContext,
        censuses: Sequence[tuple[Build, Census]],
        package: Package,
        target: Target,
    ) -> Iterator[Case]:
        reached = list(_reached(censuses, package, target))
        if not reached:
            self._note_left_out(context, package, target)
        try:
            counted = [(item, item.census.blocks(item.unit)) for item in reached]
        except CensusError as error:
            case = build_case(package, target, context.options, self.name)
            self._verdicts[case.key] = Verdict("error", message=_NOT_COUNTED.format(error))
            yield case
            return
        self._note_silent(package, counted)
        if context.builds[0].success:
            # What several units have alike holds in all of them.
            counted = list({id(blocks): (item, blocks) for item, blocks in counted}.values())
        counted = [(item, blocks) for item, blocks in counted if blocks]
        if not counted:
            return
        from ...rust.block_places import Placer

        placer = Placer(package, target)
        from .judge import Judge, PlacedBlock

        placed = [
            PlacedBlock(item.unit, block, placer.place(block, text))
            for item, blocks in counted
            for block, text in blocks
        ]
        from ...rust.sources import Sources

        sources = [Sources(item.build, package, target, [item.unit]) for item, _ in counted]
        judge = Judge(context, sources, [item.unit for item in reached], placed)
        command = shown_command(package, target, None, context.options) + " --no-run"
        for group in _grouped(placed):
            yield self._case(judge, group, command)

    def _case(self, judge: Judge, group: Sequence[PlacedBlock], command: str) -> Case:
        """Return the one case of a block in all units of a target: the worst verdict counts."""
        block, where, unit = group[0].block, group[0].place, group[0].unit
        case = Case(
            file=where.file,
            levels=where.levels,
            kind="layout",
            checker=self.name,
            package=unit.package.name,
            target=unit.target.name,
            rust_test="::".join(where.levels),
            line=where.line,
            generated=where.generated,
            command=command,
        )
        case = self._numbered(case)
        odd = next((placed.block.odd for placed in group if placed.block.odd), "")
        if odd and not any(map(judge.failed, group)):
            file = os.path.relpath(case.file, os.path.realpath(unit.package.root))
            self._odd.append(f"{unit.package.name}: {file}:{where.line}: {block.type_name}")
            verdict = Verdict("skipped", message=_ODD.format(odd))
            case = replace(case, skip=verdict.message)
        else:
            verdicts = list(map(judge.verdict, group))
            verdict = min(verdicts, key=_rank) if len(verdicts) > 1 else verdicts[0]
        self._verdicts[case.key] = verdict
        return case

    def _numbered(self, case: Case) -> Case:
        """Give a second block of one name in one place a name of its own."""
        count, numbered = 1, case
        while numbered.key in self._verdicts:
            count += 1
            levels = (*case.levels[:-1], f"{case.levels[-1]}-{count}")
            numbered = replace(case, levels=levels, rust_test="::".join(levels))
        return numbered

    def _note_silent(
        self, package: Package, counted: Sequence[tuple[_Reached, Sequence[Counted]]]
    ) -> None:
        """Take note of bindings without layout tests."""
        for item, blocks in counted:
            tested = {text.site.path for _, text in blocks if text is not None}
            paths = item.build.sources(item.unit) or ()
            self._silent |= dict.fromkeys(silent_bindings(package, paths, tested))

    def _note_left_out(self, context: BuildContext, package: Package, target: Target) -> None:
        """Take note of a target that `cargo test` does not build, if it may hold a block."""
        if not context.builds[0].success or not holds_label(target.src_path):
            return
        missing = ", ".join(target.required_features)
        why = f"needs the features {missing}" if missing else "is not built for tests"
        file = os.path.relpath(target.src_path, context.build.workspace.root)
        self._left_out.append(f"{file}: {target.label} of {package.name} {why}")


def _rank(verdict: Verdict) -> int:
    return _WORST.index(verdict.outcome)


def _censuses(context: BuildContext) -> Iterator[tuple[Build, Census]]:
    """Yield each build with a census of its own.

    The later ones are asked without the program that rewrites sources.
    """
    first = context.builds[0]
    wrapper = configured_wrapper(first.environment, first.workspace.root)
    for index, build in enumerate(context.builds):
        second = context.second
        options = context.options if second is None or index else second.originally
        yield build, Census(context.cargo, build, options, wrapper)
    if context.checked is not None:
        yield context.checked, Census(context.cargo, context.checked, context.options, wrapper)


def _reached(
    censuses: Iterable[tuple[Build, Census]], package: Package, target: Target
) -> Iterator[_Reached]:
    """Yield all ways in which a target was compiled, each in the first build that came to it."""
    seen = set()
    for build, census in censuses:
        for unit in build.units(package, target):
            if unit.key not in seen:
                seen.add(unit.key)
                yield _Reached(build, census, unit)


def _grouped(placed: Sequence[PlacedBlock]) -> Iterator[list[PlacedBlock]]:
    """Yield what is one item: a block in one place, in all units of a target.

    Of several in one place, the n-th of each unit: a generated file is another one for each.
    """
    groups: dict[object, list[PlacedBlock]] = {}
    texts: dict[object, list[object]] = {}
    for item in placed:
        where = (item.place.file, item.place.levels)
        seen = texts.setdefault((item.unit.key, *where), [])
        if item.place.text not in seen:
            seen.append(item.place.text)
        groups.setdefault((*where, seen.index(item.place.text)), []).append(item)
    yield from groups.values()
