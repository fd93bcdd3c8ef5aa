"""What a preprocessed C header declares: names, and the members of its structs.

This reads names only. What they mean (sizes, offsets, types) is asked of the compiler, and a name
that is read wrongly here is one that the compiler does not know.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Literal

from ...late import dataclass, regex

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Declarations", "Member", "attributes_around", "members", "scan"]

Tag = Literal["struct", "union", "enum"]

_LITERAL = r'"(?:\\.|[^"\\])*+"|\'(?:\\.|[^\'\\])*+\''
_INSIDE = rf"(?:[^()\"\']|{_LITERAL})*+"
for _ in range(5):  # as deep as parentheses stand in one another
    _INSIDE = rf"(?:[^()\"\']|{_LITERAL}|\({_INSIDE}\))*+"
_ATTRIBUTE = (
    r"(?:__attribute__|__attribute|__declspec|_Alignas|__asm__|__asm|asm|__typeof__|typeof)"
    rf"\s*\({_INSIDE}\)"
)
_ATTRIBUTES = regex(_ATTRIBUTE)
_TAG = regex(rf"\b(struct|union|enum)\b\s*(?:{_ATTRIBUTE}\s*)*(\w+)?\s*(\{{)?")
_HEAD = regex(rf"\b(?:struct|union|enum)\b\s*(?:{_ATTRIBUTE}\s*)*\w*\s*(?:{_ATTRIBUTE}\s*)*$")
_TOKEN = regex(rf"[{{}}();]|{_LITERAL}")
_BRACE = regex(rf"[{{}}]|{_LITERAL}")
_NESTED = regex(rf"[(){{}}\[\],]|{_LITERAL}")
_WORD = regex(r"[A-Za-z_]\w*")
_CALLED = regex(r"([A-Za-z_]\w*)\s*\(")
_WRAPPED = regex(r"\(\s*([A-Za-z_]\w*)\s*\)\s*\(")
_POINTER_NAME = regex(r"(?:\(\s*[*^][\s*]*(?:(?:const|volatile)\s+)*)+([A-Za-z_]\w*)")
_BITS = regex(r"([A-Za-z_]\w*)?\s*:\s*([^,;]+)$")
_TAG_ALONE = regex(r"\s*(?:struct|union|enum)\s+\w+\s*")
_NOT_NAMES = frozenset(
    re.findall(
        r"\w+",
        "auto char const double enum extern float inline int long register restrict short signed "
        "static struct typedef union unsigned void volatile _Bool __extension__ __inline __const "
        "__restrict __inline__ __restrict__ _Noreturn _Thread_local _Atomic __thread",
    )
)


@dataclass
class Declarations:
    """The names that a translation unit declares at its outermost level, and all its tags."""

    text: str = field(repr=False)
    bodies: dict[tuple[str, str], int] = field(default_factory=dict)
    """By kind and name of a tag: where the brace of its definition stands."""
    tags: set[tuple[str, str]] = field(default_factory=set)
    """Kind and name of each tag that is mentioned, defined or not."""
    typedefs: dict[str, int] = field(default_factory=dict)
    """By name: where the brace of the struct stands that it names, or -1."""
    pointees: dict[str, int] = field(default_factory=dict)
    """By a typedef of a pointer: where the brace of the struct stands that it points to, or -1."""
    function_types: set[str] = field(default_factory=set)
    """Names of typedefs for functions, not for pointers to them."""
    functions: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    enumerators: set[str] = field(default_factory=set)
    enums: dict[str, int | str] = field(default_factory=dict)
    """By a typedef: where the brace of its enum stands, or what else may name an enum."""
    _enumerators: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    _members: dict[int, tuple[Member, ...]] = field(default_factory=dict, repr=False)

    def members(self, brace: int) -> tuple[Member, ...]:
        """Return the members of the struct whose body begins with the brace at a position."""
        known = self._members.get(brace)
        if known is None:
            known = self._members[brace] = tuple(members(self.text, brace))
        return known

    def enumerators_of(self, spelling: str) -> tuple[str, ...]:
        """Return the names of an enum's values, in order; none where it is not defined."""
        known = self._enumerators.get(spelling)
        if known is None:
            known = self._enumerators[spelling] = self._read_enumerators(spelling)
        return known

    def _read_enumerators(self, spelling: str) -> tuple[str, ...]:
        place: int | str | None = spelling
        for _ in range(32):
            if isinstance(place, str):
                word, _, tag = place.rpartition(" ")
                place = self.bodies.get((word, tag)) if word else self.enums.get(tag)
        if not isinstance(place, int):
            return ()
        return tuple(_enumerators(self.text[place + 1 : _closing(self.text, place + 1)]))


@dataclass(frozen=True)
class Member:
    """A member of a struct or a union; an anonymous one has no name."""

    name: str
    bits: bool = False
    kind: str = ""
    """``struct`` or ``union`` where its type is defined in place."""
    body: int = -1
    """Where the brace of that definition stands."""


def scan(text: str) -> Declarations:
    """Return what a preprocessed text declares, in which no line is a directive."""
    found = Declarations(text)
    for match in _TAG.finditer(text):
        kind, name, brace = match.groups()
        if name:
            found.tags.add((kind, name))
            if brace:
                found.bodies.setdefault((kind, name), match.start(3))
        if brace and kind == "enum":
            end = _closing(text, match.end())
            found.enumerators.update(_enumerators(text[match.end() : end]))
    for start, end, brace in _outermost(text):
        _declare(found, start, end, brace)
    return found


def _outermost(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield begin and end of each declaration, and where its first brace stands (or -1)."""
    start, brace, braces, parentheses = 0, -1, 0, 0
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark == "{":
            if braces == 0 and parentheses == 0 and brace < 0:
                brace = match.start()
            braces += 1
        elif mark == "}":
            braces -= 1
            if braces == 0 and parentheses == 0 and brace >= 0:
                head = text[start:brace]
                if not _HEAD.search(head) and "=" not in head:
                    yield start, brace, -1  # a function with its body
                    start, brace = match.end(), -1
        elif mark == "(":
            parentheses += not braces
        elif mark == ")":
            parentheses -= not braces
        elif mark == ";" and braces == 0 and parentheses == 0:
            yield start, match.start(), brace
            start, brace = match.end(), -1


def _closing(text: str, start: int) -> int:
    """Return where the brace closes that was opened just before ``start``."""
    depth = 1
    for match in _BRACE.finditer(text, start):
        if match[0] == "{":
            depth += 1
        elif match[0] == "}":
            depth -= 1
            if depth == 0:
                return match.start()
    return len(text)


def _enumerators(body: str) -> Iterator[str]:
    for part in _top_level(body):
        match = _WORD.search(part)
        if match is not None:
            yield match[0]


_ATOMIC = regex(r"\b_Atomic\s*\((?:[^()]|\([^()]*\))*\)")
_IS_TYPEDEF = regex(r"\btypedef\b")
_LENGTH = regex(r"\[[^\]]*\]")


def _plain(text: str) -> str:
    """Return declarators without what could be taken for a name: attributes, array lengths."""
    return _LENGTH.sub("[]", _ATOMIC.sub(" int ", _ATTRIBUTES.sub(" ", text)))


def _top_level(text: str) -> list[str]:
    """Split at commas that no bracket encloses."""
    parts, depth, start = [], 0, 0
    for match in _NESTED.finditer(text):
        if match[0] == ",":
            if depth == 0:
                parts.append(text[start : match.start()])
                start = match.end()
        elif len(match[0]) == 1:
            depth += 1 if match[0] in "({[" else -1
    parts.append(text[start:])
    return parts


def _declare(found: Declarations, start: int, end: int, brace: int) -> None:
    text = found.text
    if brace >= 0:
        head = text[start:brace]
        if "=" in head:
            declarators = head.partition("=")[0]
        else:
            declarators = "int " + text[_closing(text, brace + 1) + 1 : end]
    else:
        head = declarators = text[start:end]
    declarators = _plain(declarators)
    is_typedef = _IS_TYPEDEF.search(head) is not None
    for index, part in enumerate(_top_level(declarators)):
        name = _declared(part, first=index == 0)
        if not name:
            continue
        if is_typedef:
            plain = brace >= 0 and "*" not in part and "[" not in part and "(" not in part
            is_enum = plain and _kind_before(text, start, brace) == "enum"
            body = brace if plain and not is_enum else -1
            if brace < 0:
                body = _tag_body(found, part)
            found.typedefs.setdefault(name, body)
            pointed = part.count("*") == 1 and "[" not in part and "(" not in part
            if pointed and brace >= 0 and _kind_before(text, start, brace) != "enum":
                found.pointees.setdefault(name, brace)
            elif pointed and brace < 0 and re.match(r"\s*typedef\s+(?:struct|union)\b", part):
                found.pointees.setdefault(name, _tag_body(found, part.replace("*", " ")))
            enum = brace if is_enum else _named_enum(part) if brace < 0 else ""
            found.enums.setdefault(name, enum)
            if _is_called(part, name) or _is_function_type(found, part, name):
                found.function_types.add(name)
        elif _is_called(part, name):
            found.functions.add(name)
        elif not _TAG_ALONE.fullmatch(part):
            found.variables.add(name)


def _is_called(part: str, name: str) -> bool:
    """Tell whether a declarator says that a name is a function: ``name(`` or ``(name)(``."""
    at = part.find(name)
    while at >= 0:
        rest = part[at + len(name) :].lstrip()
        before = part[:at].rstrip()
        if not part[at - 1 : at].isidentifier() and not rest[:1].isalnum():
            if rest.startswith("("):
                return True
            if before.endswith("(") and rest.startswith(")"):
                return rest[1:].lstrip().startswith("(")
        at = part.find(name, at + 1)
    return False


def _is_function_type(found: Declarations, part: str, name: str) -> bool:
    """Tell whether ``typedef known name`` gives a function's type another name."""
    match = re.fullmatch(r"\s*typedef\s+(\w+)\s+(\w+)\s*", part)
    return match is not None and match[2] == name and match[1] in found.function_types


def _tag_body(found: Declarations, part: str) -> int:
    """Return where the struct is defined that ``typedef struct tag`` names, if it is."""
    match = re.match(r"\s*typedef\s+(struct|union)\s+(\w+)\s+\w+\s*$", part)
    return found.bodies.get((match[1], match[2]), -1) if match is not None else -1


def _named_enum(part: str) -> str:
    """Return the enum or the other typedef that a typedef is another name for, or nothing."""
    match = re.fullmatch(r"\s*typedef\s+((?:enum\s+)?\w+)\s+\w+\s*", part)
    return " ".join(match[1].split()) if match is not None else ""


def _kind_before(text: str, start: int, brace: int) -> str:
    words = re.findall(r"\b(struct|union|enum)\b", text[start:brace])
    return words[-1] if words else ""


def _declared(part: str, *, first: bool) -> str:
    """Return the name that a declarator declares; the first one has the type before it."""
    pointer = _POINTER_NAME.search(part)
    # Unless it is the parenthesis of a function's parameters, one of which is a pointer.
    if pointer is not None and pointer.start() == part.find("("):
        return pointer[1]
    before = part.partition("=")[0]
    before = before.replace("[]", " ")
    # In parentheses, a name is no call of a macro of the same name: `int (name)(int)`.
    wrapped = _WRAPPED.search(before)
    if wrapped is not None and wrapped.start() == before.find("("):
        return wrapped[1]
    called = next((match for match in _CALLED.finditer(before) if match[1] not in _NOT_NAMES), None)
    if called is not None:
        return called[1]
    words = [word for word in _WORD.findall(before) if word not in _NOT_NAMES]
    typed = len(_WORD.findall(before)) > 1 or not first
    return words[-1] if words and typed else ""


def members(text: str, brace: int) -> list[Member]:
    """Return the members of the struct whose body begins with the brace at a position."""
    start, end = brace + 1, _closing(text, brace + 1)
    found: list[Member] = []
    position = start
    while position < end:
        stop, inner = _statement(text, position, end)
        found += _members_of(text, position, stop, inner)
        position = stop + 1
    return found


def _statement(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the end of a member declaration, and where its first brace stands (or -1)."""
    inner, braces = -1, 0
    for match in _TOKEN.finditer(text, start, end):
        if match[0] == "{":
            if braces == 0 and inner < 0:
                inner = match.start()
            braces += 1
        elif match[0] == "}":
            braces -= 1
        elif match[0] == ";" and braces == 0:
            return match.start(), inner
    return end, inner


def _members_of(text: str, start: int, stop: int, inner: int) -> Iterator[Member]:
    kind, body = "", -1
    if inner >= 0:
        match = list(_TAG.finditer(text, start, inner + 1))
        if not match:
            return
        kind, tag = match[-1][1], match[-1][2]
        declarators = _plain(text[_closing(text, inner + 1) + 1 : stop])
        if not declarators.strip():
            if kind != "enum" and not tag:
                yield Member("", kind=kind, body=inner)
            return
        if kind == "enum":
            kind = ""
        else:
            body = inner
    else:
        declarators = _plain(text[start:stop]).strip()
        if not declarators or declarators.startswith(("_Static_assert", "static_assert")):
            return
    for index, part in enumerate(_top_level(declarators)):
        bits = _BITS.search(part) if ":" in part and "(" not in part.partition(":")[0] else None
        if bits is not None:
            words = _WORD.findall(part.partition(":")[0])
            typed = index > 0 or inner >= 0 or len(words) > 1
            if words and typed and words[-1] not in _NOT_NAMES:
                yield Member(words[-1], bits=True)
            continue
        name = _declared(part, first=index == 0 and inner < 0)
        if name:
            plain = "*" not in part and "(" not in part
            yield Member(name, kind=kind if plain else "", body=body if plain else -1)


def attributes_around(text: str, brace: int) -> tuple[str, str]:
    """Return the attributes of a struct without a name: before its body, and behind it."""
    end = _closing(text, brace + 1) + 1
    before = _HEAD.search(text[text.rfind(";", 0, brace) + 1 : brace])
    behind = text[end : text.find(";", end)]
    return tuple(
        " ".join(_ATTRIBUTES.findall(part)) for part in (before[0] if before else "", behind)
    )  # type: ignore[return-value]
