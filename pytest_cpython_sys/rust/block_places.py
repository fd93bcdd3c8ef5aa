"""Where the blocks that rustc compiled stand: text is searched for places, and for nothing else.

The text of a block is found once, and kept with what the census found; what that is to the user
follows from the manifest, and is worked out each time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..case import Location
from .sources import Site
from .test_location import place, real_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..cargo import Package, Target
    from .source_scan import LayoutBlock
    from .sources import Sources
    from .test_location import Place

__all__ = ["BlockPlace", "BlockText", "CompiledBlock", "Placer", "TextBlock", "find_texts"]

TextBlock = tuple[str, int]
"""A block in a file: the file's real path, and the block's first byte."""


@dataclass(frozen=True, slots=True)
class CompiledBlock:
    """A layout block that rustc compiled."""

    modules: tuple[str, ...]
    """Path of its module in the crate."""
    type_name: str
    test_name: str
    """What bindgen's old style calls it."""
    odd: str = ""
    """The statement that bindgen would not write so, if there is one."""


@dataclass(frozen=True, slots=True)
class BlockText:
    """A block as a file holds it."""

    site: Site
    start: int
    """Its first byte."""
    line: int
    modules: tuple[str, ...]
    """The inline modules of the file around it."""

    @property
    def inside(self) -> tuple[str, ...]:
        """Path of its module in the crate."""
        return (*self.site.inside, *self.modules)


@dataclass(frozen=True, slots=True)
class BlockPlace:
    """Where a block stands for the user."""

    file: str
    line: int
    levels: tuple[str, ...]
    text: TextBlock | None = None
    """None where no file holds its label, as that of one that a procedural macro makes."""
    generated: Location | None = None


def find_texts(
    sources: Sources, target: Target, blocks: Iterable[CompiledBlock]
) -> Iterator[BlockText | None]:
    """Yield the text of each block of a unit, in their order; None where no file holds it."""
    texts: defaultdict[tuple[str, bool], list[BlockText]] = defaultdict(list)
    for block, text in _texts(sources, target):
        texts[_name(block)].append(text)
    taken: set[int] = set()
    for compiled in blocks:
        found = _fitting(texts.get(_name(compiled), ()), compiled.modules, taken)
        if found is not None:
            taken.add(id(found))
        yield found


def _texts(sources: Sources, target: Target) -> Iterator[tuple[LayoutBlock, BlockText]]:
    led = set()
    for site in sources.sites:
        led.add(real_path(site.path))
        file = sources.file(site.path)
        for block in file.scan.blocks if file is not None else ():
            yield block, BlockText(site, block.start, block.line, block.modules)
    for file in sources.files:
        if real_path(file.path) in led:
            continue
        # A macro leads there: which module it is follows from its blocks alone.
        tracked = sources.is_tracked(file.path)
        stands = file.path if tracked else target.src_path
        site = Site(file.path, ("?",), stands, 1, ("?",) if tracked else ())
        for block in file.scan.blocks:
            yield block, BlockText(site, block.start, block.line, block.modules)


def _fitting(
    texts: Iterable[BlockText], modules: tuple[str, ...], taken: set[int]
) -> BlockText | None:
    exact = [text for text in texts if text.inside == modules]
    if exact:
        return next((text for text in exact if id(text) not in taken), exact[-1])
    # Made by a macro: it is defined somewhere at or above the module, if it can be told.
    near = [text for text in texts if _starts(modules, text.site.inside)]
    if near:
        return max(near, key=lambda text: len(text.site.inside))
    ends = [text for text in texts if _ends(modules, text.modules)]
    return ends[0] if len({text.site.path for text in ends}) == 1 else None


class Placer:
    """Says where the blocks of one target stand."""

    def __init__(self, package: Package, target: Target) -> None:
        self._package = package
        self._target = target
        self._files: dict[str, Place] = {}

    def _file(self, path: str) -> Place:
        if path not in self._files:
            self._files[path] = place(self._package, self._target, path)
        return self._files[path]

    def place(self, block: CompiledBlock, text: BlockText | None) -> BlockPlace:
        """Return the place of a block, given its text."""
        modules = block.modules
        if text is None:
            where = self._file(self._target.src_path)
            return BlockPlace(where.file, 1, (*where.levels, *modules, block.test_name))
        site = text.site
        where = self._file(site.file)
        if site.around == ("?",):
            modules = text.modules  # a macro leads there, perhaps more than once
        elif site.anywhere and text.inside != modules:
            modules = text.inside[len(site.around) :]
        elif _starts(modules, site.around):
            modules = modules[len(site.around) :]
        return BlockPlace(
            where.file,
            site.line if site.generated else text.line,
            (*where.levels, *modules, block.test_name),
            (real_path(site.path), text.start),
            Location(site.path, text.line) if site.generated else None,
        )


def _name(block: LayoutBlock | CompiledBlock) -> tuple[str, bool]:
    return block.type_name, block.test_name.startswith("__")


def _starts(modules: tuple[str, ...], begin: tuple[str, ...]) -> bool:
    return modules[: len(begin)] == begin


def _ends(modules: tuple[str, ...], end: tuple[str, ...]) -> bool:
    return not end or modules[-len(end) :] == end
