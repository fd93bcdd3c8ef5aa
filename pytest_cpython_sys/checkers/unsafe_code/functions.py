"""The function that a place is in: rustc's own MIR of each crate says where its bodies are.

``-Zunpretty=mir -Zmir-include-spans=on`` prints each body with the path of its function, and the
place of each statement. An ``impl`` has no name there, just its place: the text at it is shown.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ...cargo import read_bytes
from ...late import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["OUTSIDE", "Functions"]

OUTSIDE: Final = "outside functions"
"""What stands in no function, such as a constant without a name."""

_Position = tuple[int, int]
_IMPL: Final = regex(r"<impl at (?P<file>[^>]*?):(?P<place>\d+:\d+: \d+:\d+)>")
_HEADER: Final = regex(
    r"(?:fn|const|static(?: mut)?) (?P<path>(?:<impl at [^>]*>|\{[^}]*\}|(?!: )[^<{(])*)"
)
_HEAD: Final = regex(r"^(?:fn|const|static) .* \{$", re.MULTILINE)
_SPAN: Final = regex(r" scope \d+ at (?P<file>.+?):(?P<place>\d+:\d+: \d+:\d+)$", re.MULTILINE)
_RETURN_PLACE: Final = "// return place in scope "
_RETURN: Final = "\n        return; "
# Closures and the like belong to what they stand in, and so does what `thread_local!` makes.
_PART: Final = regex(
    r"::(?:\{[a-z_ ]+(?:#\d+)?\}|promoted\[\d+\]|__init\b|__rust_std_internal_\w+)"
)
_NAMED: Final = regex(r"(?:impl|trait|fn)\b.*", re.DOTALL)
_BLOCK: Final = regex(r"unsafe\s*\{")
_FUNCTION: Final = regex(r"fn\s+(?:r#)?(\w+)")
_LIFETIMES: Final = regex(r"<\s*'\w+(?:\s*,\s*'\w+)*\s*>")
_BRACKETS: Final = {"<": 1, "(": 1, "[": 1, ">": -1, ")": -1, "]": -1}


class _Body(NamedTuple):
    """Where a body of a function, constant or static is: lines and columns counted from 1."""

    begin: _Position
    end: _Position
    name: str


class Functions:
    """The bodies of all crates of a workspace, by the files that they stand in.

    ``root`` is what rustc's relative paths begin from, ``paths`` are files with MIR.
    """

    def __init__(self, root: str, paths: Iterable[str]) -> None:
        self._root = root
        self._bodies: dict[str, set[_Body]] = {}
        for path in paths:
            text = read_bytes(path).decode("utf-8", "replace")
            for file, body in self._read(text):
                self._bodies.setdefault(file, set()).add(body)

    def name(self, span: Mapping[str, Any]) -> str:
        """Return what the ledger calls the function that a diagnostic's span is in, or is of.

        What a macro says is the macro's. What has no body has the words of its head.
        """
        expansion = span.get("expansion")
        if expansion:
            return str(expansion["macro_decl_name"])
        begin = (span["line_start"], span["column_start"])
        end = (span["line_end"], span["column_end"])
        bodies = self._bodies.get(span["file_name"], set())
        text = " ".join("\n".join(map(_highlighted, span["text"])).split())
        if not _BLOCK.match(text) and (head := _NAMED.search(text)):
            # The place of what is returned is in the head, or at its end.
            own = [body for body in bodies if begin <= body.begin <= end]
            if own:
                return min(own).name
            function = _FUNCTION.match(head[0])
            return f"fn {function[1]}" if function else head[0].rstrip(" {}")
        around = [body for body in bodies if body.begin <= begin <= body.end]
        # The innermost; a file may be part of several crates.
        first = max((body.begin for body in around), default=None)
        return min((body.name for body in around if body.begin == first), default=OUTSIDE)

    def _read(self, text: str) -> Iterator[tuple[str, _Body]]:
        """Yield the bodies that MIR tells of: many lines, of which few are looked at."""
        stop = 0
        while (head := _HEAD.search(text, stop)) is not None:
            start, stop = head.end(), text.find("\n}\n", head.end())
            if stop < 0:
                return
            place = text.find(_RETURN_PLACE, start, stop)
            first = _SPAN.search(text, place, stop) if place >= 0 else None
            name = _HEADER.match(head[0])
            if first is None or name is None:
                continue
            file, (begin, end) = first["file"], _ends(first)
            # Where the function returns is its end. One that never does ends with what is last.
            last = text.rfind(_RETURN, start, stop)
            if last >= 0:
                spans = [_SPAN.search(text, last, stop)]
            else:
                spans = [*_SPAN.finditer(text, start, stop)]
            ends = [_ends(span)[1] for span in spans if span is not None and span["file"] == file]
            yield file, _Body(begin, max([end, *ends]), self._shown(name["path"]))

    def _shown(self, path: str) -> str:
        """Return a path as people write it: ``module::Type::method``."""
        return _IMPL.sub(
            lambda found: self._impl(found["file"], found["place"]), _PART.sub("", path)
        )

    def _impl(self, file: str, place: str) -> str:
        """Return the type that an ``impl`` is of, and the trait, as its head has them."""
        first, _, second = place.partition(": ")
        (top, left), (bottom, right) = _position(first), _position(second)
        content = read_bytes(os.path.join(self._root, file)).decode("utf-8", "replace")
        lines = content.split("\n")[top - 1 : bottom]
        if not lines:
            return "impl"
        lines[-1] = lines[-1][: right - 1]
        lines[0] = lines[0][left - 1 :]
        return _type_of(" ".join(" ".join(lines).split()))


def _ends(span: re.Match[str]) -> tuple[_Position, _Position]:
    first, _, second = span["place"].partition(": ")
    return _position(first), _position(second)


def _position(text: str) -> _Position:
    line, _, column = text.partition(":")
    return int(line), int(column)


def _highlighted(line: Mapping[str, Any]) -> str:
    text: str = line["text"]
    return text[line["highlight_start"] - 1 : line["highlight_end"] - 1]


def _type_of(head: str) -> str:
    """Return what the head of an ``impl`` is about: ``Type``, or ``<Type as Trait>``."""
    rest = head[re.search(r"\bimpl\b|$", head).end() :].strip()  # type: ignore[union-attr]
    generic = rest.startswith("<")
    if generic:
        rest = rest[_closing(rest) :].strip()
    rest = _cut(rest, " where ")[0]
    trait, found, of = _cut(rest, " for ")
    if found:
        return f"<{of.strip()} as {trait.strip()}>"
    name = _LIFETIMES.sub("", rest.strip())
    return name[: name.index("<")] if generic and "<" in name and name[0] not in "<&[(*" else name


def _closing(text: str) -> int:
    """Return where the brackets that a text begins with are closed."""
    depth = 0
    for index, character in enumerate(text):
        if text[index - 1 : index + 1] != "->":
            depth += _BRACKETS.get(character, 0)
        if not depth:
            return index + 1
    return len(text)


def _cut(text: str, word: str) -> tuple[str, str, str]:
    """Split a text at a word outside all brackets."""
    depth = 0
    for index, character in enumerate(text):
        if text[index - 1 : index + 1] != "->":
            depth += _BRACKETS.get(character, 0)
        if not depth and text.startswith(word, index):
            return text[:index], word, text[index + len(word) :]
    return text, "", ""
