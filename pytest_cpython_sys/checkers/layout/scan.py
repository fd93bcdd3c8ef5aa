"""Finds bindgen's compile-time layout blocks in Rust source.

Since bindgen 0.70 a type's layout test is ``const _: () = { ["Size of T"][size_of::<T>() - N]; }``
(``codegen/mod.rs`` of bindgen). Line breaks vary with the formatter.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from .masking import mask

if TYPE_CHECKING:
    from collections.abc import Iterator

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
_STATEMENT = re.compile(
    rb'\[\s*"(?P<what>Size of|Align(?:ment)? of|Offset of field:)'
    rb'(?P<template> template specialization:)?\s*(?P<subject>[^"]*)"\s*,?\s*\]'
    rb"\s*\[(?P<expression>[^;]*?)-\s*(?P<recorded>[0-9_]+)\s*usize\s*,?\s*\]\s*;?"
)
_KINDS: dict[bytes, AssertionKind] = {b"S": "size", b"A": "alignment", b"O": "offset"}
_BRACES = re.compile(rb"[{}]")
_MODULE = re.compile(rb"\bmod\s+(?:r#)?(\w+)\s*$")
_MACRO = re.compile(rb"\b(\w+)\s*!\s*(?:\w+\s*)?[({\[]?\s*$")
_CFG = re.compile(rb"#\s*(?P<inner>!)?\s*\[\s*(?P<name>cfg|cfg_attr|path)\b\s*(?P<open>\(|=)")
_INNER_CFG = re.compile(rb"#\s*!\s*\[\s*cfg\s*\(")
# These begin with letters, and are checked for a word's begin after: a pattern that begins with
# `\b` is searched several times as slowly.
_DECLARATION = re.compile(rb"mod\s+(?:r#)?(\w+)\s*;")
_INCLUDE = re.compile(rb"include\s*!\s*([({\[])")
_WORD = re.compile(rb"\w")
_CLOSING = {b"(": b")", b"{": b"}", b"[": b"]"}
_HINTS = (b"Size of", b"Align", b"Offset of")


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
        base = source.count(b"\n", 0, self.start) + 1
        return [
            _assertion(match, base + source.count(b"\n", self.start, match.start()))
            for match in _STATEMENT.finditer(source, self.start, self.end)
        ]


def _assertion(match: re.Match[bytes], line: int) -> LayoutAssertion:
    kind = _KINDS[match["what"][:1]]
    subject = match["subject"].decode("utf-8", "replace").strip()
    return LayoutAssertion(
        kind=kind,
        field=subject.rpartition("::")[2] if kind == "offset" else None,
        recorded=int(match["recorded"].replace(b"_", b"") or b"0"),
        start=match.start(),
        end=match.end(),
        line=line,
    )


@dataclass(frozen=True, slots=True)
class Include:
    """An ``include!`` and its argument, as written."""

    argument: str
    modules: tuple[str, ...]
    cfgs: tuple[str, ...]
    line: int


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
    """What stands around a place: modules, predicates, and whether a macro's body does."""

    modules: tuple[str, ...] = ()
    cfgs: tuple[str, ...] = ()
    in_macro_rules: bool = False


def scan_source(source: bytes) -> SourceScan:
    """Return the layout blocks, includes and module declarations of a file.

    Never raises, whatever the bytes.
    """
    has_blocks = any(hint in source for hint in _HINTS)
    has_others = b"include" in source or b"mod" in source
    if not has_blocks and not has_others:
        return SourceScan()
    return _Scanner(source).scan()


class _Scanner:
    def __init__(self, source: bytes) -> None:
        self._source = source
        self._masked = mask(source)
        self._newlines: list[int] | None = None
        self._scopes: dict[tuple[int, ...], _Scope] = {}

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
                self._other(following, tuple(stack), includes, declarations)
                following = next(waiting, None)
            if masked[position] == 0x7B:
                if open_block is None and position in starts:
                    open_block = position
                stack.append(position)
            elif stack:
                opened = stack.pop()
                if opened == open_block:
                    open_block = None
                    block = self._block(starts[opened], opened, position + 1, tuple(stack))
                    if block is not None:
                        blocks.append(block)
        while following is not None:
            self._other(following, tuple(stack), includes, declarations)
            following = next(waiting, None)
        return SourceScan(tuple(_numbered(blocks)), tuple(includes), tuple(declarations))

    def _block(
        self, start: int, opened: int, end: int, stack: tuple[int, ...]
    ) -> LayoutBlock | None:
        scope = self._scope(stack)
        if scope.in_macro_rules:
            return None
        for first in _STATEMENT.finditer(self._source, opened, end):
            if self._masked[first.start()] == 0x5B:  # not in a comment
                break
        else:
            return None
        subject = first["subject"].decode("utf-8", "replace").strip()
        if first["what"][:1] == b"O":
            subject = subject.rpartition("::")[0]
        name = f"bindgen_test_layout_{subject}"
        return LayoutBlock(
            type_name=subject,
            test_name=f"__{name}_instantiation" if first["template"] else name,
            modules=scope.modules,
            cfgs=(*scope.cfgs, *self._attributes(start)),
            start=start,
            end=end,
            line=self._line(start),
        )

    def _other(
        self,
        match: re.Match[bytes],
        stack: tuple[int, ...],
        includes: list[Include],
        declarations: list[ModuleDeclaration],
    ) -> None:
        scope = self._scope(stack)
        if scope.in_macro_rules:
            return
        line = self._line(match.start())
        cfgs = (*scope.cfgs, *self._attributes(match.start()))
        if match.re is _DECLARATION:
            name = match[1].decode("utf-8", "replace")
            path = self._path_attribute(match.start())
            declarations.append(ModuleDeclaration(name, path, scope.modules, cfgs, line))
            return
        start, end = match.end(), self._closing(match.end(), match[1])
        argument = self._source[start:end].decode("utf-8", "replace").strip()
        includes.append(Include(argument, scope.modules, cfgs, line))

    def _closing(self, start: int, opening: bytes) -> int:
        """Return where the bracket closes that was opened just before ``start``."""
        depth = 1
        pattern = re.compile(b"[" + re.escape(opening + _CLOSING[opening]) + b"]")
        for match in pattern.finditer(self._masked, start):
            depth += 1 if match[0] == opening else -1
            if depth == 0:
                return match.start()
        return len(self._masked)

    def _scope(self, stack: tuple[int, ...]) -> _Scope:
        """Return what the braces say that are open at a place."""
        known = self._scopes.get(stack)
        if known is not None:
            return known
        if not stack:
            # Inner attributes of a file come before any item.
            scope = _Scope(cfgs=tuple(self._inner_cfgs(0)))
        else:
            scope = self._inside(self._scope(stack[:-1]), stack[-1])
        self._scopes[stack] = scope
        return scope

    def _inside(self, outer: _Scope, brace: int) -> _Scope:
        start = self._item_start(brace)
        header = self._masked[start:brace]
        cfgs = [*outer.cfgs, *self._cfgs(start, brace)]
        module = _MODULE.search(header)
        if module is not None:
            name = module[1].decode("utf-8", "replace")
            cfgs += self._inner_cfgs(brace + 1)
            return _Scope((*outer.modules, name), tuple(cfgs), outer.in_macro_rules)
        macro = _MACRO.search(header)
        if macro is not None:
            if macro[1] == b"macro_rules":
                return _Scope(outer.modules, tuple(cfgs), in_macro_rules=True)
            # What another macro makes of its tokens cannot be known here.
            cfgs.append(f"inside {macro[1].decode('utf-8', 'replace')}!")
        return _Scope(outer.modules, tuple(cfgs), outer.in_macro_rules)

    def _item_start(self, position: int) -> int:
        masked = self._masked
        return 1 + max(masked.rfind(edge, 0, position) for edge in (b";", b"{", b"}"))

    def _attributes(self, position: int) -> list[str]:
        """Return the predicates of the attributes before an item that starts there."""
        return self._cfgs(self._item_start(position), position)

    def _cfgs(self, start: int, end: int) -> list[str]:
        found = []
        for match in _CFG.finditer(self._masked, start, end):
            if match["inner"] or match["name"] == b"path":
                continue
            close = self._parenthesis(match.end())
            text = self._source[match.end() : close].decode("utf-8", "replace").strip()
            if match["name"] == b"cfg":
                found.append(text)
            elif re.search(r",\s*cfg\b", text):
                found.append(f"cfg_attr({text})")
        return found

    def _inner_cfgs(self, position: int) -> Iterator[str]:
        """Yield ``#![cfg(...)]`` at the begin of a file or of a module's body."""
        inner = re.compile(rb"(?:\xef\xbb\xbf)?\s*#\s*!\s*\[")
        while (match := inner.match(self._masked, position)) is not None:
            close = self._closing(match.end(), b"[")
            cfg = _INNER_CFG.search(self._masked, match.start(), close)
            if cfg is not None:
                end = self._parenthesis(cfg.end())
                yield self._source[cfg.end() : end].decode("utf-8", "replace").strip()
            position = close + 1

    def _parenthesis(self, start: int) -> int:
        return self._closing(start, b"(")

    def _path_attribute(self, position: int) -> str | None:
        for match in _CFG.finditer(self._masked, self._item_start(position), position):
            if match["name"] == b"path":
                value = re.match(rb'\s*"([^"]*)"', self._source[match.end() : position])
                if value is not None:
                    return value[1].decode("utf-8", "replace")
        return None

    def _line(self, position: int) -> int:
        if self._newlines is None:
            self._newlines = [match.start() for match in re.finditer(rb"\n", self._source)]
        return bisect_right(self._newlines, position - 1) + 1


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
