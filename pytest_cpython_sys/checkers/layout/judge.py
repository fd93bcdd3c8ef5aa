"""What the builds say of the layout blocks of one target.

A block passes only if its unit was compiled: without an error, or with none but those of other
blocks, which rustc reports side by side, or the linker's, which comes after all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...case import Location, Verdict
from ...rust.constant_errors import (
    CONSTANT_ERROR,
    block_of,
    constant_module,
    explain,
    primary_spots,
)
from ...rust.layout_table import Row, layout_table, recorded_layouts
from ...rust.test_location import real_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...cargo import Build, Diagnostic, Unit
    from ...rust.block_places import BlockPlace, CompiledBlock, TextBlock
    from ...rust.context import BuildContext
    from ...rust.source_scan import LayoutBlock
    from ...rust.sources import SourceFile, Sources

__all__ = ["Judge", "PlacedBlock"]

_PASSED = Verdict("passed")


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """A block of one unit, with its place."""

    unit: Unit
    block: CompiledBlock
    place: BlockPlace

    @property
    def key(self) -> tuple[TextBlock | None, tuple[str, ...], str]:
        """What it has in common with the same block of another unit."""
        return self.place.text, self.block.modules, self.block.test_name


class Judge:
    """Verdicts for the blocks of one target."""

    def __init__(
        self,
        context: BuildContext,
        sources: Sequence[Sources],
        units: Sequence[Unit],
        blocks: Sequence[PlacedBlock],
    ) -> None:
        checked = () if context.checked is None else (context.checked,)
        self._builds = (*context.builds, *checked)
        self._root = context.build.workspace.root
        self._sources = sources
        self._units = units
        self._target = units[0].target
        self._package = units[0].package
        self._rows = context.second.rows if context.second is not None else {}
        self._draws = context.run.layouts
        self._by_text: dict[TextBlock | None, list[PlacedBlock]] = {}
        for placed in blocks:
            self._by_text.setdefault(placed.place.text, []).append(placed)
        self._errors: dict[object, list[Diagnostic]] = {}
        """By the keys of the blocks that they are about."""
        self._others: list[Diagnostic] = []
        for build in self._builds:
            for error in build.errors(self._package.id, self._target):
                keys = self._keys_of(error)
                for key in keys:
                    self._errors.setdefault(key, []).append(error)
                if not keys or error.code != CONSTANT_ERROR:
                    self._others.append(error)
        self._why_not = {unit.key: self._obstacle(unit) for unit in units}
        self._all_passed = not (
            self._errors or self._rows or self._draws or any(self._why_not.values())
        )

    def failed(self, placed: PlacedBlock) -> bool:
        """Tell whether rustc found something wrong in a block."""
        return placed.key in self._errors or bool(self._known_rows(placed))

    def verdict(self, placed: PlacedBlock) -> Verdict:
        """Return what the builds say of a block, in the one unit."""
        if self._all_passed:
            return _PASSED
        if self.failed(placed):
            return self._failure(placed)
        why_not = self._why_not[placed.unit.key]
        if why_not is not None:
            return Verdict("error", message=f"not evaluated: {why_not}{self._way(placed.unit)}")
        found = self._text(placed) if self._draws else None
        if found is None:
            return _PASSED
        return Verdict("passed", layouts=recorded_layouts(found[1], found[0].source, ()))

    def _known_rows(self, placed: PlacedBlock) -> Sequence[Row]:
        text = placed.place.text
        if text is None:
            return ()
        return [
            row
            for told, row in self._rows.get((self._target.src_path, text), ())
            if any(item.key == placed.key for item in _told(self._by_text[text], told))
        ]

    def _obstacle(self, unit: Unit) -> str | None:
        """Return why blocks without an error of their own were not evaluated, or None."""
        name = f"{self._package.name} ({self._target.label})"
        others = [error for error in self._others if not error.is_of_linker]
        # What a later build left out to get through is known, or nothing is.
        unknown = any(error.code == CONSTANT_ERROR for error in others)
        if any(self._built(build, unit) for build in self._builds[: 1 if unknown else None]):
            return None
        if others:
            return f"{_summary(others[0])}; see the @build item of {name}"
        if unit.call is None:
            return f"{name} was not compiled: see its @build item"
        if not self._others and not self._errors:
            return f"rustc reported nothing for {name}:\n{self._builds[0].words}"
        # A compiler that was killed, or that crashed, has not seen everything.
        for build in self._builds:
            end = build.compiler_failure(self._package.name, self._target, test=unit.test)
            if end is not None and end.how:
                return f"rustc exited early on {name}: {end.how}"
        return None

    @staticmethod
    def _built(build: Build, unit: Unit) -> bool:
        return any(
            other.artifact is not None and other.key == unit.key
            for other in build.units(unit.package, unit.target)
        )

    def _file(self, path: str) -> SourceFile | None:
        found = (sources.file(path) for sources in self._sources)
        return next((file for file in found if file is not None), None)

    def _keys_of(self, error: Diagnostic) -> set[object]:
        """Return which blocks an error is about; none if it is about anything else."""
        near = self._by_text.get(None, []) if error.code == CONSTANT_ERROR else []
        found = block_of(error.raw, self._root, self._file)
        if found is not None:
            near = self._by_text.get((real_path(found[0].path), found[1].start), [])
        told = constant_module(error.raw)
        keys: set[object] = {item.key for item in _told(near, told)}
        # Of several that no file holds, nobody can tell which.
        return set() if len(keys) > 1 and near[0].place.text is None else keys

    def _text(self, placed: PlacedBlock) -> tuple[SourceFile, LayoutBlock] | None:
        text = placed.place.text
        file = self._file(text[0]) if text is not None else None
        if text is None or file is None:
            return None
        block = next((block for block in file.scan.blocks if block.start == text[1]), None)
        return (file, block) if block is not None else None

    def _failure(self, placed: PlacedBlock) -> Verdict:
        found = self._text(placed)
        known = self._known_rows(placed)
        rows, words = list(known), []
        location = Location(placed.place.file, placed.place.line)
        if found is not None:
            location = Location(found[0].path, found[1].line)
        for error in self._errors.get(placed.key, ()):
            row = self._row(error, found[1]) if found is not None else None
            if row is not None:
                rows.append(row)
                line = next((spot.line for spot in primary_spots(error.raw)), location.line)
                location = Location(location.file, line)
            else:
                words.append(error.rendered.strip())
        parts = []
        if rows:
            parts.append(layout_table(placed.block.type_name, dict.fromkeys(rows)))
        parts += dict.fromkeys(words)
        if way := self._way(placed.unit):
            parts.append(way.strip())
        # Without a second build nobody knows what else is wrong in the block.
        layouts = recorded_layouts(found[1], found[0].source, known) if known and found else None
        return Verdict("failed", message="\n".join(parts), location=location, layouts=layouts)

    def _row(self, error: Diagnostic, block: LayoutBlock) -> Row | None:
        """Return what a constant that failed says of a statement of a block."""
        found = block_of(error.raw, self._root, self._file)
        if error.code != CONSTANT_ERROR or found is None or found[1] != block or found[2] is None:
            return None
        return Row(found[2].what, found[2].recorded, explain(error.raw, found[2]).actual)

    def _way(self, unit: Unit) -> str:
        """Name the unit where the crate is compiled with several sets of features."""
        if len({other.features for other in self._units}) == 1:
            return ""
        features = ", ".join(unit.features)
        return (
            f"\nas compiled {f'with the features {features}' if features else 'without features'}"
        )


def _summary(error: Diagnostic) -> str:
    """Return an error in one line, with its place."""
    spot = next(primary_spots(error.raw), None)
    return f"{error.headline} ({spot.file}:{spot.line})" if spot is not None else error.headline


def _told(blocks: Sequence[PlacedBlock], path: tuple[str, ...] | None) -> Sequence[PlacedBlock]:
    """Return which of several blocks a path is that of: names of functions stand in it, too."""
    if path is None:
        return blocks

    def fits(modules: tuple[str, ...]) -> bool:
        names = iter(path)
        return all(name in names for name in modules)

    near = [item for item in blocks if fits(item.block.modules)]
    depth = max((len(item.block.modules) for item in near), default=0)
    return [item for item in near if len(item.block.modules) == depth] or blocks
