"""Which layout blocks rustc compiled: read in its own expansion of each unit, and kept.

``cfg``, macros and ``include!`` are all done there, and each block that was compiled stands under
the path of its module. Nothing is concluded from a source file; the place of each block in one is
kept beside it, so that a run in which nothing was compiled reads none.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, Final

from ..cargo import Expander, cache_path, keep_json, read_bytes, read_json, stamp
from ..late import regex
from .source_scan import LABEL, scan_source, without_macros

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeAlias

    from .block_places import BlockText, CompiledBlock

    Counted: TypeAlias = tuple[CompiledBlock, BlockText | None]
    """A block, and its text if a file of the unit holds that."""

    from ..cargo import Build, BuildOptions, Cargo, Unit
    from .source_scan import LayoutBlock
    from .sources import Site

__all__ = ["Census", "CensusError", "Counted", "holds_label", "read_blocks"]

_FORMAT: Final = 3
_PARTS: Final = ("units", "contents")
# "const { .. }" and the braces around it come and go with rustc's releases.
_EXACT = regex(
    rb"""\s*\[\s*"(?P<words>[^"]*)"\s*,?\s*\]\s*
    \[\s*(?:
        (?:(?:::)?\s*(?:std|core)::)?(?:mem::)?(?P<function>size_of|align_of)\s*
        ::\s*<(?P<type>[^"]*?)>\s*\(\s*\)
      | (?:(?:const\s*)?\{\s*)?builtin\s*\#\s*offset_of\s*
        \((?P<owner>[^"(){}]*?),\s*(?:r\#)?(?P<field>\w+)\s*,?\s*\)(?:\s*\})?
    )\s*-\s*[0-9][0-9_]*usize\s*,?\s*\]\s*;""",
    re.VERBOSE,
)
_FUNCTIONS: Final = {b"S": b"size_of", b"A": b"align_of"}
# Without these a name is what it is in Rust's prelude and standard library.
_SHADOW = regex(
    rb"\bfn\s+(?:size_of|align_of)\b|\b(?:mod|as|crate)\s+(?:std|core|mem|size_of|align_of)\b"
)
_BLANK = regex(rb"\s+")
_LAST = regex(rb"(?:r\#)?(\w+)(?:<.*>)?$", re.DOTALL)


def read_blocks(expanded: bytes) -> list[CompiledBlock]:
    """Return the layout blocks in the expanded source of a crate, in its order."""
    from .block_places import CompiledBlock

    found: list[CompiledBlock] = []
    seen: dict[tuple[tuple[str, ...], str], int] = {}
    from .masking import mask

    masked = without_macros(mask(expanded))
    shadowed = _SHADOW.search(masked) is not None
    for block in scan_source(expanded, masked).blocks:
        name, key = block.test_name, (block.modules, block.test_name)
        count = seen[key] = seen.get(key, -1) + 1
        if count and name.startswith("__"):
            name = f"{name}_{count}"  # as instantiations are numbered in the old style
        odd = _oddity(expanded, masked, block, shadowed=shadowed)
        found.append(CompiledBlock(block.modules, block.type_name, name, odd))
    return found


def _oddity(source: bytes, masked: bytes, block: LayoutBlock, *, shadowed: bool) -> str:
    """Return the first statement that is not as bindgen writes it; empty if all are."""
    position, end = masked.index(b"{", block.start) + 1, block.end - 1
    while masked[position:end].strip():
        match = _EXACT.match(masked, position, end)
        if match is None or not _agrees(source, match, block, shadowed=shadowed):
            until = masked.find(b";", position, end)
            words = source[position : end if until < 0 else until + 1]
            return b" ".join(words.split()).decode("utf-8", "replace")
        position = match.end()
    return ""


def _agrees(
    source: bytes, statement: re.Match[bytes], block: LayoutBlock, *, shadowed: bool
) -> bool:
    """Tell whether label and expression are about the same thing, and it is the block's type."""
    words = LABEL.fullmatch(source, *statement.span("words"))
    if words is None:
        return False
    subject = words["subject"].strip()
    wanted = _FUNCTIONS.get(words["what"][:1])
    if wanted is None:
        owner, _, field = subject.rpartition(b"::")
        same = _plain(statement["owner"] or b"") == _plain(owner) and statement["field"] == field
        return same and owner.decode("utf-8", "replace") == block.type_name
    if statement["function"] != wanted or subject.decode("utf-8", "replace") != block.type_name:
        return False
    if shadowed and not statement[0].replace(b" ", b"").partition(b"][")[2].startswith(b"::"):
        return False
    told = _plain(statement["type"])
    if not words["template"]:
        return told == _plain(subject)
    # "Box_open0_int_close0" is `root::Box<c_int>`: of an argument only bindgen knows the spelling.
    base = _LAST.search(told.partition(b"<")[0])
    return base is not None and subject.startswith(base[1] + b"_open")


def _plain(name: bytes) -> bytes:
    return _BLANK.sub(b"", name).replace(b"r#", b"")


class CensusError(Exception):
    """A unit was compiled, and rustc could not be asked what is in it."""


class Census:
    """The blocks of the units of one build.

    What was found is kept for as long as rustc does not compile the unit again.
    """

    def __init__(self, cargo: Cargo, build: Build, options: BuildOptions, wrapper: str) -> None:
        self._build = build
        self._expander = Expander(cargo, build, options, wrapper)
        self._path = cache_path(build, options, "census", [_FORMAT])
        kept = read_json(self._path)
        parts = [kept.get(part) if isinstance(kept, dict) else None for part in _PARTS]
        self._kept, self._contents = (part if isinstance(part, dict) else {} for part in parts)
        self._changed = False
        self._held: list[tuple[str, Unit, list[object]]] = []
        """What is known of units, by their names, with the stamps of the sources it is of."""
        self._restored: dict[str, list[Counted]] = {}

    def blocks(self, unit: Unit) -> list[Counted]:
        """Return the blocks of a unit that was compiled, or tried to be, each with its text.

        Of units that have the same it is one list, as a rule.

        Raises CensusError, and OSError when cargo cannot be started.
        """
        compiled = _stamp(unit)
        features = ",".join(unit.features)
        ways = f"{unit.test} {features} {unit.platform}"
        name = f"{unit.package.id} {unit.target.kind} {unit.target.name} {ways}"
        kept = self._kept.get(name)
        if compiled is not None:
            self._held.append((name, unit, self._source_stamps(unit)))
            found = self._restore(kept, compiled)
            if found is not None:
                return found
        blocks = self._ask(unit)
        counted: list[Counted] = []
        if blocks:
            from .block_places import find_texts
            from .sources import Sources

            sources = Sources(self._build, unit.package, unit.target, [unit])
            counted += zip(blocks, find_texts(sources, unit.target, blocks), strict=True)
        if compiled is not None:
            self._keep(name, compiled, _to_json(counted))
        return counted

    def _keep(self, name: str, stamp: Sequence[Any], content: dict[str, Any]) -> None:
        """Take note of what was found; what several units have is kept once."""
        text = json.dumps(content)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._kept[name] = {"stamp": stamp, "content": digest}
        self._contents[digest] = content
        self._changed = True

    def _restore(self, kept: Any, stamp: Sequence[Any]) -> list[Counted] | None:
        """Return blocks that were kept; None where they do not hold, or cannot be read."""
        try:
            if kept["stamp"] != stamp:
                return None
            digest = kept["content"]
            if digest not in self._restored:
                self._restored[digest] = list(_from_json(self._contents[digest]))
            return self._restored[digest]
        except (KeyError, TypeError, ValueError, IndexError):
            return None

    def keep(self) -> None:
        """Write down what was found."""
        if self._expander.compiled_again:
            # Units are newer than what is known of them, and the same.
            for name, unit, sources in self._held:
                if name in self._kept and sources == self._source_stamps(unit):
                    self._kept[name]["stamp"] = _stamp(unit)
        if self._changed:
            used = {one.get("content") for one in self._kept.values() if isinstance(one, dict)}
            contents = {digest: self._contents[digest] for digest in used & {*self._contents}}
            keep_json(self._path, dict(zip(_PARTS, (self._kept, contents), strict=True)))

    def _source_stamps(self, unit: Unit) -> list[object]:
        return [stamp(path) for path in sorted(self._build.sources(unit) or ())]

    def _ask(self, unit: Unit) -> list[CompiledBlock]:
        sources = self._build.sources(unit)
        if sources is None and unit.artifact is None:
            return []  # rustc has not come as far as to name its sources: it cannot expand them
        if sources is not None and not any(map(holds_label, sources)):
            return []
        text = self._expander.expand(unit)
        errors = self._build.errors(unit.package.id, unit.target)
        from .constant_errors import CONSTANT_ERROR

        if text is None and all(error.code == CONSTANT_ERROR for error in errors):
            raise CensusError(self._expander.words)  # rustc came as far as constants
        return read_blocks(text) if text is not None else []


def _stamp(unit: Unit) -> list[Any] | None:
    """Return what changes when rustc compiles a unit again: its dep-info file."""
    path = unit.depinfo
    if path is None or unit.artifact is None:
        return None  # of one that failed, the file may be that of an earlier time
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [path, status.st_mtime_ns, status.st_size]


def _to_json(counted: Iterable[Counted]) -> dict[str, Any]:
    sites: dict[Site, int] = {}
    blocks = []
    for block, text in counted:
        place = None
        if text is not None:
            number = sites.setdefault(text.site, len(sites))
            place = [number, text.start, text.line, text.modules]
        blocks.append([*astuple(block), place])
    return {"sites": [astuple(site) for site in sites], "blocks": blocks}


def _from_json(kept: Any) -> Iterator[Counted]:
    if not kept["blocks"]:
        return
    from .block_places import BlockText, CompiledBlock
    from .sources import Site

    sites = []
    for path, inside, file, line, around, owns_directory, anywhere in kept["sites"]:
        flags = bool(owns_directory), bool(anywhere)
        sites.append(Site(path, tuple(inside), file, int(line), tuple(around), *flags))
    for modules, type_name, test_name, odd, place in kept["blocks"]:
        text = None
        if place is not None:
            number, start, line, own = place
            text = BlockText(sites[number], int(start), int(line), tuple(own))
        yield CompiledBlock(tuple(modules), type_name, test_name, odd), text


def holds_label(path: str) -> bool:
    """Tell whether a file may hold a label of bindgen's."""
    return LABEL.search(read_bytes(path)) is not None
