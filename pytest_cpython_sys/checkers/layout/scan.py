"""Finds bindgen's compile-time layout blocks in Rust source.

Since bindgen 0.70 a type's layout test is ``const _: () = { ["Size of T"][size_of::<T>() - N]; }``
(``codegen/mod.rs`` of bindgen). Line breaks vary with the formatter.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from .masking import mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "AssertionKind",
    "Include",
    "LayoutAssertion",
    "LayoutBlock",
    "ModuleDeclaration",
    "SourceScan",
    "scan_source",
]

AssertionKind = Literal["size", "alignment", "offset"]

_BLOCK = re.compile(rb"const\s+_\s*:\s*\(\s*\)\s*=\s*\{")
# Possessive quantifiers: a masked comment is a long run of spaces. The type may hold a semicolon,
# as in `size_of::<Box<[c_int; 4usize]>>()`, but no quote: that would be the next statement's.
_STATEMENT = re.compile(
    rb'\[\s*+(?P<words>"[^"]*")\s*+(?:,\s*+)?\]\s*+\[[^"]*?'
    rb"-\s*+(?P<recorded>[0-9][0-9_]{0,39})(?:usize)?\s*+(?:,\s*+)?\]\s*+(?:;|(?=\}))"
)
_WORDS = re.compile(
    rb'"(?P<what>Size of|Align(?:ment)? of|Offset of field:)'
    rb'(?P<template> template specialization:)?\s*(?P<subject>[^"]*)"'
)
_KINDS: dict[bytes, AssertionKind] = {b"S": "size", b"A": "alignment", b"O": "offset"}
_BRACES = re.compile(rb"[{}]")
_MODULE = re.compile(rb"\bmod\s++(?:r#)?([\w\x80-\xff]+)\s*+$")
_MACRO = re.compile(rb"\b(\w+)!\s*+(?:[({\[]\s*+)?$")
_CFG = re.compile(rb"#\s*+(?P<inner>!\s*+)?\[\s*+(?P<name>cfg|cfg_attr|path)\b\s*+(?:\(|=)")
# A file may begin with a byte order mark and a shebang line.
_INNER = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?(?:#!(?!\s*+\[)[^\n]*)?)?\s*+#\s*+!\s*+\[")
# These begin with letters, and are checked for a word's begin after: a pattern that begins with
# `\b` is searched several times as slowly.
_DECLARATION = re.compile(rb"mod\s++(?:r#)?([\w\x80-\xff]+)\s*+;")
_INCLUDE = re.compile(rb"include\s*+!\s*+([({\[])")
_MACRO_RULES = re.compile(rb"macro_rules\s*+!\s*+\w*\s*+([({\[])")
_WORD = re.compile(rb"\w")
_PATH = re.compile(rb'\s*+(?:r(#*)"(?P<raw>.*?)"\1|"(?P<plain>[^"]*)")', re.DOTALL)
_BRACKETS = {b"(": re.compile(rb"[()]"), b"{": _BRACES, b"[": re.compile(rb"[\[\]]")}
_HINTS = (b"Size of", b"Align", b"Offset of", b"include", b"mod")
_DEEPEST = 500
"""Levels of braces that are looked at. It bounds what hostile input costs."""


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class LayoutBlock:
    """The layout test of one type."""

    type_name: str
    test_name: str
    """What bindgen's old style calls it."""
    modules: tuple[str, ...]
    """Inline modules around it, outermost first."""
    cfgs: tuple[str, ...]
    """Predicates of the ``cfg`` attributes around it."""
    start: int
    end: int
    line: int

    def assertions(self, source: bytes) -> list[LayoutAssertion]:
        """Return its statements; ``source`` is the file it was found in.

        Worked out when asked for: only a failure needs them.
        """
        text = source[self.start : self.end]
        found = []
        for statement, words in _statements(text, mask(text), 0, len(text)):
            kind = _KINDS[words["what"][:1]]
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


def _statements(
    source: bytes, masked: bytes, start: int, end: int
) -> Iterator[tuple[re.Match[bytes], re.Match[bytes]]]:
    """Yield bindgen's statements: where one is, and what its text says."""
    for statement in _STATEMENT.finditer(masked, start, end):
        words = _WORDS.fullmatch(source, *statement.span("words"))
        if words is not None:
            yield statement, words


@dataclass(frozen=True, slots=True)
class Include:
    """An ``include!`` and its argument, as written, with its place in bytes."""

    argument: str
    modules: tuple[str, ...]
    cfgs: tuple[str, ...]
    line: int
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ModuleDeclaration:
    """A ``mod x;``: its body is in another file."""

    name: str
    path: str | None
    """The value of a ``#[path]`` attribute."""
    modules: tuple[str, ...]
    cfgs: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class SourceScan:
    """What one source file holds."""

    blocks: tuple[LayoutBlock, ...] = ()
    includes: tuple[Include, ...] = ()
    declarations: tuple[ModuleDeclaration, ...] = ()


@dataclass(frozen=True, slots=True)
class _Scope:
    """What stands around a place."""

    modules: tuple[str, ...] = ()
    cfgs: tuple[str, ...] = ()


def scan_source(source: bytes) -> SourceScan:
    """Return the layout blocks, includes and module declarations of a file.

    Never raises, whatever the bytes.
    """
    if any(hint in source for hint in _HINTS):
        return _Scanner(source).scan()
    return SourceScan()


class _Scanner:
    def __init__(self, source: bytes) -> None:
        self._source = source
        self._masked = _without_macro_rules(mask(source))
        self._counted = (0, 1)
        self._included = 0
        self._scopes: dict[int, _Scope] = {}
        self._file = _Scope(cfgs=tuple(self._inner_cfgs(0)))

    def scan(self) -> SourceScan:
        masked = self._masked
        starts = {match.end() - 1: match.start() for match in _BLOCK.finditer(masked)}
        others = [
            match
            for pattern in (_DECLARATION, _INCLUDE)
            for match in pattern.finditer(masked)
            if not _WORD.match(masked, max(0, match.start() - 1), match.start())
        ]
        others.sort(key=re.Match.start)
        blocks = self._flat_blocks(starts)
        if blocks is not None and not others:
            return SourceScan(tuple(_numbered(blocks)))
        return self._nested(starts, others)

    def _flat_blocks(self, starts: dict[int, int]) -> list[LayoutBlock] | None:
        """Return the blocks of a file that has all of them at its top level, else None.

        That is how bindgen writes most files. Counting braces between the blocks is enough then,
        and several times as fast as going through all of them.
        """
        masked = self._masked
        count, find = masked.count, masked.find
        blocks: list[LayoutBlock] = []
        done = 0
        for opened, start in starts.items():
            end = find(b"}", opened) + 1
            if (
                end == 0
                or count(b"{", done, opened) != count(b"}", done, opened)
                or count(b"{", opened, end) != 1
            ):
                return None
            done = end
            block = self._block(start, opened, end, ())
            if block is not None:
                blocks.append(block)
        return blocks

    def _nested(self, starts: dict[int, int], others: list[re.Match[bytes]]) -> SourceScan:
        """Go through all braces: what is open at a place says what stands around it."""
        masked = self._masked
        blocks: list[LayoutBlock] = []
        includes: list[Include] = []
        declarations: list[ModuleDeclaration] = []
        waiting = iter(others)
        following = next(waiting, None)
        stack: list[int] = []
        open_block: int | None = None
        for brace in _BRACES.finditer(masked):
            position = brace.start()
            while following is not None and following.start() < position:
                self._other(following, stack, includes, declarations)
                following = next(waiting, None)
            if masked[position] == 0x7B:
                if open_block is None and position in starts:
                    open_block = position
                stack.append(position)
            elif stack:
                opened = stack.pop()
                if opened == open_block:
                    open_block = None
                    block = self._block(starts[opened], opened, position + 1, stack)
                    if block is not None:
                        blocks.append(block)
        while following is not None:
            self._other(following, stack, includes, declarations)
            following = next(waiting, None)
        return SourceScan(tuple(_numbered(blocks)), tuple(includes), tuple(declarations))

    def _block(self, start: int, opened: int, end: int, stack: Sequence[int]) -> LayoutBlock | None:
        _, words = next(_statements(self._source, self._masked, opened, end), (None, None))
        if words is None:
            return None
        subject = words["subject"].decode("utf-8", "replace").strip()
        if words["what"][:1] == b"O":
            subject = subject.rpartition("::")[0]
        name = f"bindgen_test_layout_{subject}"
        scope = self._scope(stack)
        return LayoutBlock(
            type_name=subject,
            test_name=f"__{name}_instantiation" if words["template"] else name,
            modules=scope.modules,
            cfgs=(*scope.cfgs, *self._attributes(start)),
            start=start,
            end=end,
            line=self._line(start),
        )

    def _other(
        self,
        match: re.Match[bytes],
        stack: Sequence[int],
        includes: list[Include],
        declarations: list[ModuleDeclaration],
    ) -> None:
        if match.start() < self._included:
            return
        scope = self._scope(stack)
        line, cfgs = self._line(match.start()), (*scope.cfgs, *self._attributes(match.start()))
        if match.re is _DECLARATION:
            name = match[1].decode("utf-8", "replace")
            path = self._path_attribute(match.start())
            declarations.append(ModuleDeclaration(name, path, scope.modules, cfgs, line))
            return
        span = match.end(), _closing(self._masked, match.end(), match[1])
        self._included = span[1]
        argument = self._source[slice(*span)].decode("utf-8", "replace").strip()
        includes.append(Include(argument, scope.modules, cfgs, line, span))

    def _scope(self, stack: Sequence[int]) -> _Scope:
        """Return what the braces say that are open at a place."""
        known = min(len(stack), _DEEPEST)
        while known and stack[known - 1] not in self._scopes:
            known -= 1
        scope = self._scopes[stack[known - 1]] if known else self._file
        for brace in stack[known:_DEEPEST]:
            scope = self._scopes[brace] = self._inside(scope, brace)
        return scope

    def _inside(self, outer: _Scope, brace: int) -> _Scope:
        header = self._masked[self._item_start(brace) : brace]
        cfgs = (*outer.cfgs, *self._attributes(brace))
        module = _MODULE.search(header)
        if module is not None:
            name = module[1].decode("utf-8", "replace")
            return _Scope((*outer.modules, name), (*cfgs, *self._inner_cfgs(brace + 1)))
        macro = _MACRO.search(header)
        if macro is not None:
            # What a macro makes of its tokens cannot be known here.
            cfgs = (*cfgs, f"inside {macro[1].decode('utf-8', 'replace')}!")
        return _Scope(outer.modules, cfgs)

    def _item_start(self, position: int) -> int:
        start = 0
        for edge in (b";", b"{", b"}"):
            start = max(start, self._masked.rfind(edge, start, position) + 1)
        return start

    def _attributes(self, position: int) -> Iterator[str]:
        """Yield the predicates of the attributes before an item that starts there."""
        return self._cfgs(self._item_start(position), position)

    def _cfgs(self, start: int, end: int, *, inner: bool = False) -> Iterator[str]:
        while (match := _CFG.search(self._masked, start, end)) is not None:
            start = match.end()
            if match["name"] == b"path" or bool(match["inner"]) is not inner:
                continue
            start = _closing(self._masked, match.end(), b"(", end)
            text = self._source[match.end() : start].decode("utf-8", "replace").strip()
            if match["name"] == b"cfg":
                yield text
            elif re.search(r",\s*cfg\b", text):
                yield f"cfg_attr({text})"

    def _inner_cfgs(self, position: int) -> Iterator[str]:
        """Yield those of ``#![cfg(...)]`` at the begin of a file or of a module's body."""
        while (match := _INNER.match(self._masked, position)) is not None:
            position = _closing(self._masked, match.end(), b"[") + 1
            yield from self._cfgs(match.start(), position, inner=True)

    def _path_attribute(self, position: int) -> str | None:
        for match in _CFG.finditer(self._masked, self._item_start(position), position):
            if match["name"] == b"path":
                value = _PATH.match(self._source, match.end(), position)
                if value is not None:
                    return (value["raw"] or value["plain"] or b"").decode("utf-8", "replace")
        return None

    def _line(self, position: int) -> int:
        # Mostly asked for in the file's order: so each line end is counted once.
        at, line = self._counted
        if position < at:
            line -= self._source.count(b"\n", position, at)
        else:
            line += self._source.count(b"\n", at, position)
        self._counted = position, line
        return line


def _closing(masked: bytes, start: int, opening: bytes, end: int | None = None) -> int:
    """Return where the bracket closes that was opened just before ``start``, or the end."""
    end = len(masked) if end is None else end
    depth = 1
    for match in _BRACKETS[opening].finditer(masked, start, end):
        depth += 1 if match[0] == opening else -1
        if depth == 0:
            return match.start()
    return end


def _without_macro_rules(masked: bytes) -> bytes:
    """Return the source with spaces for the bodies of macros: what is in there is no item."""
    parts: list[bytes] = []
    done = 0
    for match in _MACRO_RULES.finditer(masked):
        if match.start() >= done:
            end = _closing(masked, match.end(), match[1])
            parts += masked[done : match.end()], b" " * (end - match.end())
            done = end
    return b"".join((*parts, masked[done:])) if parts else masked


def _numbered(blocks: list[LayoutBlock]) -> Iterator[LayoutBlock]:
    """Yield the blocks, instantiations of one name numbered as in the old style."""
    seen: Counter[tuple[tuple[str, ...], str]] = Counter()
    for block in blocks:
        key = (block.modules, block.test_name)
        count = seen[key]
        seen[key] += 1
        if count and block.test_name.startswith("__"):
            yield replace(block, test_name=f"{block.test_name}_{count}")
        else:
            yield block
