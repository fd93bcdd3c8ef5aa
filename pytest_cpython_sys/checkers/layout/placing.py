"""Where the blocks that rustc compiled stand: text is searched for places, and for nothing else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...case import Location
from ..place import place, real_path
from .sources import Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...cargo import Package, Target
    from .census import CompiledBlock
    from .scan import LayoutBlock
    from .sources import SourceFile, Sources

__all__ = ["BlockPlace", "Placing", "TextBlock"]

TextBlock = tuple[str, int]
"""A block in a file: the file's real path, and the block's first byte."""


@dataclass(frozen=True, slots=True)
class BlockPlace:
    """Where a block stands for the user."""

    file: str
    line: int
    levels: tuple[str, ...]
    text: TextBlock | None = None
    """None where no file holds its label, as that of one that a procedural macro makes."""
    generated: Location | None = None


@dataclass(frozen=True, slots=True)
class _Text:
    site: Site
    block: LayoutBlock

    @property
    def modules(self) -> tuple[str, ...]:
        return (*self.site.inside, *self.block.modules)


class Placing:
    """The places of the blocks of one unit of a target."""

    def __init__(self, sources: Sources, package: Package, target: Target) -> None:
        self._package = package
        self._target = target
        self._sources = sources
        self._files = {real_path(file.path): file for file in sources.files}
        self._texts: defaultdict[tuple[str, bool], list[_Text]] = defaultdict(list)
        for text in self._read():
            self._texts[_name(text.block)].append(text)

    def file(self, path: str) -> SourceFile | None:
        """Return a source file by its real path."""
        return self._files.get(path)

    def _read(self) -> Iterator[_Text]:
        led = set()
        for site in self._sources.sites:
            led.add(real_path(site.path))
            file = self._files.get(real_path(site.path))
            for block in file.scan.blocks if file is not None else ():
                yield _Text(site, block)
        for path, file in self._files.items():
            if path in led:
                continue
            # A macro leads there: which module it is follows from its blocks alone.
            tracked = self._sources.is_tracked(file.path)
            stands = file.path if tracked else self._target.src_path
            for block in file.scan.blocks:
                yield _Text(Site(file.path, ("?",), stands, 1, ("?",) if tracked else ()), block)

    def places(self, blocks: Iterable[CompiledBlock]) -> Iterator[BlockPlace]:
        """Yield the place of each block, in their order."""
        taken: set[int] = set()
        for block in blocks:
            text = self._find(block, taken)
            if text is not None:
                taken.add(id(text))
            yield self._place(block, text)

    def _find(self, block: CompiledBlock, taken: set[int]) -> _Text | None:
        texts = self._texts.get(_name(block), [])
        exact = [text for text in texts if text.modules == block.modules]
        if exact:
            return next((text for text in exact if id(text) not in taken), exact[-1])
        # Made by a macro: it is defined somewhere at or above the module, if it can be told.
        near = [text for text in texts if _starts(block.modules, text.site.inside)]
        if near:
            return max(near, key=lambda text: len(text.site.inside))
        ends = [text for text in texts if _ends(block.modules, text.block.modules)]
        return ends[0] if len({text.site.path for text in ends}) == 1 else None

    def _place(self, block: CompiledBlock, text: _Text | None) -> BlockPlace:
        if text is None:
            where = place(self._package, self._target, self._target.src_path)
            return BlockPlace(where.file, 1, (*where.levels, *block.modules, block.test_name))
        site = text.site
        where = place(self._package, self._target, site.file)
        modules = block.modules
        own = not site.generated and site.anywhere and text.modules != modules
        if site.around == ("?",) or own:
            modules = text.block.modules  # a macro leads there, perhaps more than once
        elif _starts(modules, site.around):
            modules = modules[len(site.around) :]
        location = Location(site.path, text.block.line) if site.generated else None
        return BlockPlace(
            where.file,
            site.line if site.generated else text.block.line,
            (*where.levels, *modules, block.test_name),
            (real_path(site.path), text.block.start),
            location,
        )


def _name(block: LayoutBlock | CompiledBlock) -> tuple[str, bool]:
    return block.type_name, block.test_name.startswith("__")


def _starts(modules: tuple[str, ...], begin: tuple[str, ...]) -> bool:
    return modules[: len(begin)] == begin


def _ends(modules: tuple[str, ...], end: tuple[str, ...]) -> bool:
    return not end or modules[-len(end) :] == end
