"""Evaluates ``cfg`` predicates, with a third answer where one cannot be decided here.

Grammar: https://doc.rust-lang.org/reference/conditional-compilation.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["CfgSet", "Truth", "evaluate", "parse_cfg"]


class Truth(Enum):
    """What is known of a predicate."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2


# Set by the compiler alone: what it does not print is not set.
_COMPILERS_OWN = frozenset({"unix", "windows", "panic", "test", "doc", "doctest", "miri"})


@dataclass(frozen=True, slots=True)
class CfgSet:
    """What is set: names alone, and names with values."""

    names: frozenset[str] = frozenset()
    pairs: frozenset[tuple[str, str]] = frozenset()
    complete: bool = True
    """False where features and a build script's own names are not known."""

    def __or__(self, other: CfgSet) -> CfgSet:
        return CfgSet(
            self.names | other.names, self.pairs | other.pairs, self.complete and other.complete
        )

    def without(self, name: str) -> CfgSet:
        """Return the same less one name."""
        return replace(self, names=self.names - {name})

    def truth(self, name: str, value: str | None) -> Truth:
        """Return whether a name, or a name with a value, is set."""
        if (name in self.names) if value is None else ((name, value) in self.pairs):
            return Truth.TRUE
        decided = self.complete or name in _COMPILERS_OWN or name.startswith("target_")
        return Truth.FALSE if decided else Truth.UNKNOWN


_LINE = re.compile(r'^\s*(?:r#)?(\w+)\s*(?:=\s*"((?:[^"\\]|\\.)*)")?\s*$')
_TOKEN = re.compile(
    r'(?P<blank>\s+|//[^\n]*|/\*.*?\*/)|r(?P<hashes>#*)"(?P<raw>.*?)"(?P=hashes)'
    r'|"(?P<text>(?:[^"\\]|\\.)*)"|(?P<word>(?:r#)?\w+)|(?P<mark>[(),=])|(?P<junk>.)',
    re.DOTALL,
)
_Token = tuple[str, str]  # "text", "word" or "junk" with what it says; or a mark, twice


def parse_cfg(lines: Iterable[str]) -> CfgSet:
    """Return what lines like ``unix`` and ``feature="x"`` set.

    ``rustc --print cfg``, the ``--cfg`` values of a compiler call and those of a build script
    all have this form. Lines of any other form are left out.
    """
    names, pairs = set(), set()
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        if match[2] is None:
            names.add(match[1])
        else:
            pairs.add((match[1], _unescaped(match[2])))
    return CfgSet(frozenset(names), frozenset(pairs))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


class _UndecidableError(Exception):
    """The text is no predicate known here."""


def evaluate(predicate: str, cfg: CfgSet) -> Truth:
    """Return whether a predicate holds; UNKNOWN for what is no predicate known here.

    One such part does not hide what the others decide: ``any(unix, version("1.70"))`` holds
    on Unix.
    """
    tokens = list(_tokens(predicate))
    try:
        truth, end = _predicate(tokens, 0, cfg)
    except (_UndecidableError, IndexError, RecursionError):
        return Truth.UNKNOWN
    return truth if tokens[end:] in ([], [(",", ",")]) else Truth.UNKNOWN


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        if match["word"]:
            yield "word", match["word"]
        elif match["raw"] is not None:
            yield "text", match["raw"]
        elif match["text"] is not None:
            yield "text", _unescaped(match["text"])
        elif match["mark"]:
            yield match["mark"], match["mark"]
        elif match["junk"]:
            yield "junk", match["junk"]


def _predicate(tokens: list[_Token], at: int, cfg: CfgSet) -> tuple[Truth, int]:
    kind, word = tokens[at]
    if kind != "word" or word[0].isdigit():
        raise _UndecidableError
    following = tokens[at + 1][0] if at + 1 < len(tokens) else ""
    if following == "(":
        if word in ("all", "any", "not"):
            return _combined(word, tokens, at + 2, cfg)
        return Truth.UNKNOWN, _after_parentheses(tokens, at + 1)
    if following == "=":
        kind, value = tokens[at + 2]
        if kind != "text":
            raise _UndecidableError
        return cfg.truth(word.removeprefix("r#"), value), at + 3
    if word in ("true", "false"):
        return (Truth.TRUE if word == "true" else Truth.FALSE), at + 1
    return cfg.truth(word.removeprefix("r#"), None), at + 1


def _after_parentheses(tokens: list[_Token], at: int) -> int:
    depth = 0
    while True:
        depth += {"(": 1, ")": -1}.get(tokens[at][0], 0)
        at += 1
        if depth == 0:
            return at


def _combined(word: str, tokens: list[_Token], at: int, cfg: CfgSet) -> tuple[Truth, int]:
    values: list[Truth] = []
    while tokens[at][0] != ")":
        value, at = _predicate(tokens, at, cfg)
        values.append(value)
        if tokens[at][0] == ",":
            at += 1
        elif tokens[at][0] != ")":
            raise _UndecidableError
    if word == "not":
        if len(values) != 1:
            raise _UndecidableError
        return Truth(2 - values[0].value), at + 1
    numbers = [value.value for value in values]
    return Truth(min(numbers, default=2) if word == "all" else max(numbers, default=0)), at + 1
