"""Finds places in Rust source: layout blocks, ``include!`` and ``mod``; never what is compiled.

Since bindgen 0.70 a type's layout test is ``const _: () = { ["Size of T"][size_of::<T>() - N]; }``
(``codegen/mod.rs`` of bindgen). Line breaks vary with the formatter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from ..late import dataclass, regex
from .masking import closing, mask

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "KINDS",
    "LABEL",
    "AssertionKind",
    "Include",
    "LayoutAssertion",
    "LayoutBlock",
    "ModuleDeclaration",
    "SourceScan",
    "scan_source",
    "without_macros",
]

AssertionKind = Literal["size", "alignment", "offset"]

LABEL = regex(
    rb"(?P<what>Size of|Align(?:ment)? of|Offset of field:)"
    rb"(?P<template> template specialization:)?\s*(?P<subject>[^\"\s][^\"]*)"
)
_BLOCK = regex(rb"const\s+_\s*:\s*\(\s*\)\s*=\s*\{")
# Possessive quantifiers: a masked comment is a long run of spaces. The type may hold a semicolon,
# as in `size_of::<Box<[c_int; 4usize]>>()`, but no quote: that would be the next statement's.
_STATEMENT = regex(
    rb'\[\s*+"(?P<words>[^"]*)"\s*+(?:,\s*+)?\]\s*+\[[^"]*?'
    rb"-\s*+(?P<recorded>[0-9][0-9_]{0,39})(?:usize)?\s*+(?:,\s*+)?\]\s*+(?:;|(?=\}))"
)
_ELEMENT = regex(rb'\[\s*+"([^"]*)"')
KINDS: dict[str, AssertionKind] = {"S": "size", "A": "alignment", "O": "offset"}
"""By how a label of bindgen's begins."""
# These begin with letters, and are checked for a word's begin after: a pattern that begins with
# `\b` is searched several times as slowly.
_MACRO = regex(rb"\bmacro(?:_rules\s*+!)?\s++\w++\s*+([({\[])")
_PLACE = regex(
    rb"(?P<block>const\s+_\s*:\s*\(\s*\)\s*=\s*(?=\{))"
    rb"|(?P<module>mod\s++(?:r#)?(?P<name>[\w\x80-\xff]+)\s*+(?P<end>[;{]))"
    rb"|(?P<include>include\s*+!\s*+(?P<bracket>[({\[]))|[{}]"
)
_WORD = regex(rb"\w")
_PATH = regex(rb'\bpath\s*+=\s*+(?:r(#*)"(?P<raw>.*?)"\1|"(?P<plain>[^"]*)")', re.DOTALL)
_HINTS = (b"Size of", b"Align", b"Offset of", b"include", b"mod")


@dataclass(frozen=True)
class LayoutAssertion:
    """One statement of a block. Offsets are in bytes, lines count from 1."""

    kind: AssertionKind
    field: str | None
    recorded: int
    """Bytes, as the bindings have it."""
    start: int
    end: int
    line: int

    @property
    def what(self) -> str:
        """What it is about, for a table."""
        return f"offset of {self.field}" if self.field else self.kind


@dataclass(frozen=True)
class LayoutBlock:
    """The layout test of one type."""

    type_name: str
    test_name: str
    """What bindgen's old style calls it."""
    modules: tuple[str, ...]
    """Inline modules around it, outermost first."""
    start: int
    end: int
    line: int

    def assertions(self, source: bytes) -> list[LayoutAssertion]:
        """Return its statements; ``source`` is the file it was found in.

        Worked out when asked for: only a failure needs them.
        """
        text = source[self.start : self.end]
        found = []
        for statement in _STATEMENT.finditer(mask(text)):
            words = LABEL.fullmatch(text, *statement.span("words"))
            if words is None:
                continue
            kind = KINDS[chr(words["what"][0])]
            subject = words["subject"].decode("utf-8", "replace").strip()
            found.append(
                LayoutAssertion(
                    kind=kind,
                    field=subject.rpartition("::")[2] if kind == "offset" else None,
                    recorded=int(statement["recorded"].replace(b"_", b"")),
                    start=self.start + statement.start(),
                    end=self.start + statement.end(),
                    line=self.line + text.count(b"\n", 0, statement.start()),
                )
            )
        return found


@dataclass(frozen=True)
class Include:
    """An ``include!`` and its argument, as written, with its place in bytes."""

    argument: str
    modules: tuple[str, ...]
    line: int
    span: tuple[int, int]
    defined: bool = False
    """Whether it stands in the definition of a macro, which may be called anywhere."""


@dataclass(frozen=True)
class ModuleDeclaration:
    """A ``mod x;``: its body is in another file."""

    name: str
    path: str | None
    """The value of a ``#[path]`` attribute."""
    modules: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class SourceScan:
    """What one source file holds."""

    blocks: tuple[LayoutBlock, ...] = ()
    includes: tuple[Include, ...] = ()
    declarations: tuple[ModuleDeclaration, ...] = ()


def scan_source(source: bytes, masked: bytes | None = None) -> SourceScan:
    """Return the layout blocks, includes and module declarations of a file.

    ``masked``: the source without what is not to be looked at; by default without comments and
    strings. Never raises, whatever the bytes.
    """
    if not any(hint in source for hint in _HINTS):
        return SourceScan()
    return _Scanner(source, mask(source) if masked is None else masked).scan()


class _Scanner:
    def __init__(self, source: bytes, masked: bytes) -> None:
        self._source = source
        self._masked = masked
        self._counted = (0, 1)
        self._definitions = list(_definitions(masked))
        self._opened: list[str] = []
        """The name of each module that is open, and nothing for any other brace."""
        self._blocks: list[LayoutBlock] = []
        self._includes: list[Include] = []
        self._declarations: list[ModuleDeclaration] = []

    @property
    def _modules(self) -> tuple[str, ...]:
        return tuple(filter(None, self._opened))

    def scan(self) -> SourceScan:
        """Go through all braces: what is open at a place says which modules are around it."""
        masked = self._masked
        position = 0
        while (match := _PLACE.search(masked, position)) is not None:
            position = match.end()
            start = match.start()
            if match[0] == b"{":
                self._opened.append("")
            elif match[0] == b"}":
                del self._opened[-1:]
            elif start and _WORD.match(masked, start - 1):
                position = start + 1
            elif match["block"]:
                position = self._block(start, position)
            elif match["include"]:
                position = self._include(match)
            elif match["end"] == b"{":
                self._opened.append(match["name"].decode("utf-8", "replace"))
            else:
                self._declaration(match)
        return SourceScan(tuple(self._blocks), tuple(self._includes), tuple(self._declarations))

    def _block(self, start: int, opened: int) -> int:
        """Take note of a constant if it is a layout block, and return where to go on."""
        _, end = closing(self._masked, opened + 1, b"{")
        for element in _ELEMENT.finditer(self._masked, opened, end):
            words = LABEL.fullmatch(self._source, *element.span(1))
            if words is None:
                continue
            if _BLOCK.search(self._masked, opened, element.start()):
                return opened  # a constant around another one
            subject = words["subject"].decode("utf-8", "replace").strip()
            if words["what"][:1] == b"O":
                subject = subject.rpartition("::")[0]
            name = f"bindgen_test_layout_{subject}"
            self._blocks.append(
                LayoutBlock(
                    type_name=subject,
                    test_name=f"__{name}_instantiation" if words["template"] else name,
                    modules=self._modules,
                    start=start,
                    end=end,
                    line=self._line(start),
                )
            )
            return end
        return opened

    def _include(self, match: re.Match[bytes]) -> int:
        start = match.end()
        end, _ = closing(self._masked, start, match["bracket"])
        argument = self._source[start:end].decode("utf-8", "replace").strip()
        defined = any(first <= start < last for first, last in self._definitions)
        line = self._line(match.start())
        self._includes.append(Include(argument, self._modules, line, (start, end), defined))
        return end + 1

    def _declaration(self, match: re.Match[bytes]) -> None:
        start = match.start()
        item = max(self._masked.rfind(edge, 0, start) for edge in (b";", b"{", b"}")) + 1
        value = _PATH.search(self._source, item, start)
        path = (value["raw"] or value["plain"] or b"").decode("utf-8", "replace") if value else None
        name = match["name"].decode("utf-8", "replace")
        self._declarations.append(ModuleDeclaration(name, path, self._modules, self._line(start)))

    def _line(self, position: int) -> int:
        # Asked for in the file's order: so each line end is counted once.
        at, line = self._counted
        line += self._source.count(b"\n", at, position)
        self._counted = position, line
        return line


def _definitions(masked: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the bodies of macros are."""
    done = 0
    for match in _MACRO.finditer(masked):
        if match.start() >= done:
            done, _ = closing(masked, match.end(), match[1])
            yield match.end(), done


def without_macros(masked: bytes) -> bytes:
    """Return the source with spaces for the bodies of macros: what is in there is no item."""
    parts: list[bytes] = []
    done = 0
    for start, end in _definitions(masked):
        parts += masked[done:start], b" " * (end - start)
        done = end
    return b"".join((*parts, masked[done:])) if parts else masked
