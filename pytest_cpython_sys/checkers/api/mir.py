"""What functions call: rustc's MIR, as ``-Zunpretty=mir`` prints it with spans and whole paths.

A body begins with ``fn PATH(_1: TYPE) -> TYPE {``. A call is the last statement of a block,
``_0 = CALLEE(ARGUMENTS) -> [return: bb1, unwind continue];``; in the comment after it stands where
it is in the source, and below that the type of each function that it names.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Final

from ...late import dataclass, regex

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Body",
    "Call",
    "Panic",
    "matching",
    "read_mir",
    "split_top",
    "trait_of",
    "without_generics",
]

_HEADER: Final = regex(r"fn (?P<name>.+?)\((?=\)|_1: )(?P<rest>.*) \{$")
_TWICE: Final = "// MIR FOR CTFE"
_PLACE: Final = regex(r"// (?:.* )?(?:in )?scope \d+ at (?P<file>.+?):(?P<line>\d+):\d+: \d+:")
_CALL: Final = regex(r"\) -> (?:\[return: [^\]]*\]|bb\d+|unwind \S+)(?:, unwind[^;]*)?;")
_ASSERT: Final = regex(r"\s*assert\(.*?, \"(?P<words>(?:[^\"\\]|\\.)*)\".*unwind terminate\(abi\)")
_TYPE: Final = regex(
    r"\s*// \+ (?:const_|literal): Const \{ ty: "
    r"(?:for<[^>]*> )?(?P<unsafe>unsafe )?(?:extern \"(?P<abi>[^\"]*)\" )?fn\("
)
_ABORTS: Final = "unwind terminate(abi)"
_CLOSURE: Final = regex(r"(?P<owner>.+?)(?:::\{[a-z][a-z -]*#\d+\})+")
_BRACKETS: Final = regex(r"->|=>|[<>()\[\]{}]")
_OPENING: Final = "<([{"


@dataclass(frozen=True)
class Call:
    """A call in a body."""

    callee: str
    """As MIR writes it: a path, ``<T as Trait>::f``; empty for one through a pointer."""
    unsafe: bool = False
    abi: str = ""
    """Empty for Rust's own."""
    file: str = ""
    """As rustc names it: relative to where it ran, or absolute."""
    line: int = 0


@dataclass(frozen=True)
class Panic:
    """An assertion of the compiler's, in a function that may not unwind."""

    words: str
    file: str
    line: int


@dataclass
class Body:
    """A function, or a closure in one."""

    name: str
    signature: str
    """Its parameters and what it returns, as written after the name."""
    file: str = ""
    line: int = 0
    calls: list[Call] = field(default_factory=list)
    panics: list[Panic] = field(default_factory=list)
    aborts: bool = False
    """Whether it may not unwind, as MIR says where something that it calls may panic."""

    @property
    def owner(self) -> str | None:
        """The function that a closure stands in; None for what is no closure."""
        match = _CLOSURE.fullmatch(self.name)
        return match["owner"] if match is not None else None


def read_mir(text: str) -> list[Body]:
    """Return the functions and closures of a crate, in its order."""
    found: list[Body] = []
    body: Body | None = None
    call: Call | None = None
    before = ""
    for line in text.split("\n"):
        if line[:3] == "fn ":
            match = _HEADER.match(line)
            body = call = None
            if match is not None and before != _TWICE:
                body = Body(match["name"], match["rest"])
                found.append(body)
        elif line[:1] == "}":
            body = call = None
        elif body is not None:
            if call is not None:
                call = _typed(body, call, line)
            if call is None:
                call = _statement(body, line)
        before = line
    return found


def _statement(body: Body, line: str) -> Call | None:
    """Take note of what a line says; return a call whose type stands in a line to come."""
    place = None
    if not body.line:
        place = _PLACE.search(line)
        if place is not None:
            body.file, body.line = place["file"], int(place["line"])
    if " -> " not in line:
        return None
    place = _PLACE.search(line)
    file, number = (place["file"], int(place["line"])) if place is not None else ("", 0)
    panics = _ASSERT.match(line)
    if panics is not None:
        body.aborts = True
        body.panics.append(Panic(panics["words"], file, number))
        return None
    if _CALL.search(line) is None:
        return None
    callee = _callee(line)
    if callee is None:
        return None
    body.aborts |= _ABORTS in line
    call = Call(callee, file=file, line=number)
    body.calls.append(call)
    return call if callee else None


def _typed(body: Body, call: Call, line: str) -> Call | None:
    """Complete the last call of a body by a comment; return it while that has not come."""
    match = _TYPE.match(line)
    if match is None:
        return call if line.lstrip()[:2] == "//" else None
    body.calls[-1] = Call(
        call.callee, bool(match["unsafe"]), match["abi"] or "", call.file, call.line
    )
    return None


def _callee(line: str) -> str | None:
    """Return what a line calls; empty for a pointer, None where it calls nothing."""
    start = next(split_top(line, " = "), None)
    if start is None:
        return None  # a drop, a switch
    begin = start + 3
    depth = 0
    for match in _BRACKETS.finditer(line, begin):
        sign = match[0]
        if sign == "(" and not depth:
            words = line[begin : match.start()]
            pointer = words[:5] in ("", "copy ", "move ")
            return "" if pointer else words
        if sign in _OPENING:
            depth += 1
        elif len(sign) == 1:
            depth -= 1
    return None


def split_top(text: str, separator: str) -> Iterator[int]:
    """Yield where a separator stands outside of all brackets."""
    depth = 0
    for match in re.finditer(rf"->|=>|[<>()\[\]{{}}]|{re.escape(separator)}", text):
        sign = match[0]
        if sign == separator:
            if not depth:
                yield match.start()
        elif sign in _OPENING:
            depth += 1
        elif len(sign) == 1:
            depth -= 1


def matching(text: str, start: int) -> int:
    """Return where the bracket closes that opens at ``start``."""
    depth = 0
    for match in _BRACKETS.finditer(text, start):
        sign = match[0]
        if sign in _OPENING:
            depth += 1
        elif len(sign) == 1:
            depth -= 1
            if not depth:
                return match.start()
    return len(text) - 1


def trait_of(path: str) -> str:
    """Return the trait of ``<T as Trait>::f``; empty where there is none."""
    inside = path[1 : matching(path, 0)]
    split = next(split_top(inside, " as "), None)
    return inside[split + 4 :] if split is not None else ""


def without_generics(path: str) -> str:
    """Return a path without its arguments: ``Py::<T>::f::<U>`` is ``Py::f``."""
    parts: list[str] = []
    position = 0
    while True:
        start = path.find("<", position)
        if start < 0:
            return "".join([*parts, path[position:]])
        end = matching(path, start) + 1
        before = path[position:start]
        if path.startswith("impl ", start + 1) or not (before or parts):
            parts.append(path[position:end])  # `<impl T>` and `<T as Trait>` are names
        else:
            parts.append(before.removesuffix("::"))
        position = end
