"""Finds places in Rust source where bindings to C can be made wrong, and what to write there.

This reads text, as an editor would: an item that it overlooks is one that is not made wrong. Each
fault is one that the C compiler must object to on a machine with 64 bits, never a minor difference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RECORDS", "Fault", "faults", "initialisers", "without_layout_tests"]

# Records of four and of eight bytes to put where C has a number.
RECORDS: Final = "".join(
    f"\n#[repr(C)]\n#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]\n"
    f"pub struct SeededRecord{size} {{\n    pub seeded: u{size * 8},\n}}\n"
    for size in (4, 8)
)


@dataclass(frozen=True)
class Fault:
    """One change of a text: it makes one item wrong."""

    kind: str
    item: str
    """Kind and name as in an item's id: ``fn::open``."""
    start: int
    end: int
    text: str
    before: str
    uses: frozenset[str] = frozenset()
    """Types that the item holds by value: what is wrong with them is wrong with it."""


_INTEGERS: Final = {
    "i8": (1, True),
    "i16": (2, True),
    "i32": (4, True),
    "i64": (8, True),
    "u8": (1, False),
    "u16": (2, False),
    "u32": (4, False),
    "u64": (8, False),
    "c_short": (2, True),
    "c_ushort": (2, False),
    "c_int": (4, True),
    "c_uint": (4, False),
    "c_long": (8, True),
    "c_ulong": (8, False),
    "size_t": (8, False),
    "usize": (8, False),
}
_FLOATS: Final = {"f32": 4, "f64": 8, "c_float": 4, "c_double": 8}
_PATH: Final = r"(?:::)?(?:(?:std|core|libc|ctypes|ffi|os|raw)::)*"
_NUMBER = re.compile(rf"{_PATH}({'|'.join((*_INTEGERS, *_FLOATS))})")
_POINTER = re.compile(r"\*\s*(mut|const)\s+(.+)", re.DOTALL)
_ARRAY = re.compile(r"\[\s*(.+?)\s*;\s*([^;]+?)\s*\]", re.DOTALL)
_FUNCTION = re.compile(r"\bfn\s+(\w+)\s*\(")
_ARGUMENT = re.compile(r"\s*(\w+)\s*:\s*(.+?)\s*", re.DOTALL)
_RESULT = re.compile(r"\s*->\s*([^;,{}]+?)\s*(?=[;,}])", re.DOTALL)
_CONSTANT = re.compile(
    r"\bpub const (\w+)\s*:\s*[\w:]+\s*=\s*-?"
    r"(0x[0-9a-fA-F_]+|\d[\d_]*)(?:[iu](?:8|16|32|64))?\s*;"
)
_RECORD = re.compile(r"((?:#\[[^\]]*\]\s*)+)pub\s+(struct|union)\s+(\w+)\s*\{")
_ENUM = re.compile(r"((?:#\[[^\]]*\]\s*)+)pub\s+enum\s+(\w+)\s*\{")
_FIELD = re.compile(r"^[ \t]*pub\s+(?:r#)?(\w+)\s*:\s*([^\n]+?),?[ \t]*\n", re.MULTILINE)
_VARIANT = re.compile(r"^\s*(\w+)\s*=\s*(-?\d+|0x[0-9a-fA-F]+)\s*,", re.MULTILINE)
_ALIAS = re.compile(r"\bpub type (\w+)\s*=\s*([^;]+);")
_IMPL = re.compile(r"^impl (\w+) \{", re.MULTILINE)
_GETTER = re.compile(r"\._bitfield_\d+\s*\.get\((\d+)usize, (\d+)u8\)")
_INITIALISER = re.compile(r"pub const (\w+_INIT): \w+ = \{.*?^\};", re.MULTILINE | re.DOTALL)
_SET = re.compile(r"^    value\.\w+ = (\d+);", re.MULTILINE)
_BYTES: Final = ("c_char", "c_void", "c_uchar", "u8", "i8", "c_schar")
_LAYOUT_TESTS = re.compile(
    r"^[ \t]*#\[allow\(clippy::unnecessary_operation[^\n]*\n"
    r"[ \t]*const _: \(\) = \{.*?^[ \t]*\};\n",
    re.MULTILINE | re.DOTALL,
)


def without_layout_tests(text: str) -> str:
    """Return bindings without the assertions that would keep wrong ones from being compiled."""
    return _LAYOUT_TESTS.sub("", text)


def initialisers(text: str) -> str:
    """Return a constant for each struct with a version, named as C may name the initialiser.

    All is null but the version, which is 1; each integer is set by a statement of its own.
    """
    found = []
    for match in _RECORD.finditer(text):
        end = _closing(text, match.end())
        fields = _FIELD.finditer(text, match.end(), end)
        numbers = [one[1] for one in fields if _number(one[2]) in _INTEGERS]
        if "cfg(" in text[match.start() : end]:
            continue
        if match[2] == "struct" and "version" in numbers:
            lines = [f"    value.{one} = {int(one == 'version')};" for one in numbers]
            head = f"pub const {match[3].upper()}_INIT: {match[3]} = {{"
            zero = f"    let mut value: {match[3]} = unsafe {{ ::std::mem::zeroed() }};"
            found.append("\n".join(["", head, zero, *lines, "    value", "};", ""]))
    return "".join(found)


def _number(kind_of: str) -> str:
    match = _NUMBER.fullmatch(kind_of)
    return match[1] if match is not None else ""


def faults(text: str) -> Iterator[Fault]:
    """Yield each fault that can be seeded into a file."""
    yield from _constants(text)
    yield from _functions(text)
    yield from _records(text)
    yield from _enums(text)
    yield from _aliases(text)
    yield from _bitfields(text)
    yield from _initialisers(text)


def _closing(text: str, start: int) -> int:
    """Return where the bracket closes that was opened just before ``start``."""
    depth = 1
    for match in re.finditer(r"[(){}\[\]]", text[start:]):
        depth += 1 if match[0] in "({[" else -1
        if depth == 0:
            return start + match.start()
    return len(text)


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield begin and end of what commas separate outside of all brackets."""
    depth, first = 0, start
    for match in re.finditer(r"->|[(){}\[\]<>,]", text[start:end]):
        at = start + match.start()
        if match[0] == "," and depth == 0:
            yield first, at
            first = at + 1
        elif match[0] not in (",", "->"):
            depth += 1 if match[0] in "({[<" else -1
    if text[first:end].strip():
        yield first, end


def _wrong_types(kind_of: str) -> Iterator[tuple[str, str]]:
    """Yield what a type can be made, and the kind of fault that this is."""
    number = _NUMBER.fullmatch(kind_of)
    if number is not None and number[1] in _INTEGERS:
        size, signed = _INTEGERS[number[1]]
        mark = "i" if signed else "u"
        yield "width", f"{mark}{64 if size == 4 else 32}"
        if size > 1 or number[1] == "u8":
            yield "sign", f"{'u' if signed else 'i'}{size * 8}"
        if size in (4, 8):
            yield "float for an integer", f"f{size * 8}"
            yield "record", f"crate::SeededRecord{size}"
        if size == 8:
            yield "pointer and value", "*mut u8"
    elif number is not None:
        yield "float for an integer", f"i{_FLOATS[number[1]] * 8}"
    pointer = _POINTER.fullmatch(kind_of)
    if pointer is None:
        return
    pointee = pointer[2].strip()
    plain = pointee.rpartition("::")[2]
    yield "pointer and value", "usize"
    if plain not in ("c_void", *_BYTES):
        yield "depth of a pointer", f"*{pointer[1]} *mut {pointee}"
    if _POINTER.fullmatch(pointee) and "c_void" not in pointee:
        yield "depth of a pointer", pointee
    inner = _NUMBER.fullmatch(pointee)
    if inner is not None and inner[1] not in _BYTES:
        size = _FLOATS.get(inner[1]) or _INTEGERS[inner[1]][0]
        yield "pointer to another size", f"*{pointer[1]} i{32 if size == 8 else 64}"


def _typed(
    item: str, text: str, start: int, end: int, place: str, uses: frozenset[str]
) -> Iterator[Fault]:
    """Yield the faults of one type at its place."""
    kind_of = text[start:end]
    for kind, wrong in _wrong_types(kind_of):
        yield Fault(f"{kind}, {place}", item, start, end, wrong, kind_of, uses)
    array = _ARRAY.fullmatch(kind_of)
    if array is not None:
        for kind, wrong in _wrong_types(array[1]):
            new = f"[{wrong}; {array[2]}]"
            yield Fault(f"{kind}, element", item, start, end, new, kind_of, uses)


def _constants(text: str) -> Iterator[Fault]:
    for match in _CONSTANT.finditer(text):
        old = match[2]
        new = str(int(old.replace("_", ""), 0) ^ 1)
        yield Fault("value of a constant", f"const::{match[1]}", *match.span(2), new, old)


def _functions(text: str) -> Iterator[Fault]:
    none: frozenset[str] = frozenset()
    for match in _FUNCTION.finditer(text):
        end = _closing(text, match.end())
        result = _RESULT.match(text, end + 1)
        after = result.end() if result is not None else end + 1
        rest = text[after:].lstrip()[:1]
        inside = text[match.end() : end]
        if rest not in (";", ",", "}") or "//" in inside or "self" in inside or "#[" in inside:
            continue
        item = f"fn::{match[1]}"
        spans = list(_parts(text, match.end(), end))
        for first, last in spans:
            argument = _ARGUMENT.fullmatch(text[first:last])
            if argument is not None:
                start = first + argument.start(2)
                stop = first + argument.end(2)
                yield from _typed(item, text, start, stop, "argument", none)
        if result is not None:
            yield from _typed(item, text, result.start(1), result.end(1), "returned", none)
        if spans and "..." not in inside:
            first = spans[-1][0] - (len(spans) > 1)
            old = text[first:end]
            yield Fault("number of arguments", item, first, end, "", old)
            more = f"seeded: i32, {inside}"
            yield Fault("number of arguments", item, match.end(), end, more, inside)


def _by_value(fields: list[re.Match[str]]) -> frozenset[str]:
    types = [field[2] for field in fields if not field[2].startswith("*")]
    return frozenset(word for kind_of in types for word in re.findall(r"\w+", kind_of))


def _records(text: str) -> Iterator[Fault]:
    for match in _RECORD.finditer(text):
        if not re.search(r"repr\(C\b", match[1]):
            continue
        end = _closing(text, match.end())
        body = text[match.end() : end]
        if body.count(":") > 4 * body.count("\n") or "(" in body.replace("pub(", ""):
            continue  # function pointers over several lines
        found = list(_FIELD.finditer(text, match.end(), end))
        own = [one for one in found if not one[1].startswith("_")]
        item, uses = f"layout::{match[3]}", _by_value(found)
        for one in own:
            yield from _typed(item, text, one.start(2), one.end(2), "field", uses)
            line = (one.start(), one.end())
            if len(own) > 1:
                yield Fault("missing field", item, *line, "", one[0], uses)
            if match[2] == "struct":
                more = f"{one[0]}    pub seeded: i32,\n"
                yield Fault("extra field", item, *line, more, one[0], uses)
        for one, other in pairwise(own):
            if match[2] == "struct" and one.end() == other.start() and one[2] != other[2]:
                swapped = other[0].rstrip().rstrip(",") + ",\n" + one[0]
                both = (one.start(), other.end())
                yield Fault("order of fields", item, *both, swapped, one[0] + other[0], uses)


def _enums(text: str) -> Iterator[Fault]:
    for match in _ENUM.finditer(text):
        if "repr(" not in match[1]:
            continue
        end = _closing(text, match.end())
        variants = list(_VARIANT.finditer(text, match.end(), end))
        if not variants:
            continue
        high = max(int(one[2], 0) for one in variants)
        for number, one in enumerate(variants):
            new = str(high + 3 + number)
            item = f"layout::{match[2]}"
            yield Fault("value of an enum's variant", item, one.start(2), one.end(2), new, one[2])


def _aliases(text: str) -> Iterator[Fault]:
    for match in _ALIAS.finditer(text):
        item, kind_of = f"layout::{match[1]}", match[2].strip()
        uses = frozenset(re.findall(r"\w+", kind_of))
        start = match.start(2)
        for kind, wrong in _wrong_types(kind_of):
            yield Fault(f"{kind}, alias", item, start, match.end(2), wrong, kind_of, uses)
        call = re.search(r"\bfn\s*\(", text[start : match.end(2)])
        if call is None:
            continue
        for first, last in _parts(text, start + call.end(), _closing(text, start + call.end())):
            argument = re.fullmatch(r"(\s*(?:\w+\s*:\s*)?)(.+?)\s*", text[first:last], re.DOTALL)
            if argument is None:
                continue
            at = first + argument.end(1)
            for kind, wrong in _wrong_types(argument[2]):
                name = f"{kind}, function-pointer alias"
                yield Fault(name, item, at, at + len(argument[2]), wrong, argument[2], uses)


def _bitfields(text: str) -> Iterator[Fault]:
    for match in _IMPL.finditer(text):
        end = _closing(text, match.end())
        for one in _GETTER.finditer(text, match.end(), end):
            first, count = int(one[1]), int(one[2])
            item, start = f"layout::{match[1]}", one.start(1)
            stop = one.end(2)
            moved, wider = f"{first + 1}usize, {count}", f"{first}usize, {count + 1}"
            yield Fault("bit-field", item, start, stop, moved, text[start:stop])
            yield Fault("bit-field", item, start, stop, wider, text[start:stop])


def _initialisers(text: str) -> Iterator[Fault]:
    for match in _INITIALISER.finditer(text):
        for one in _SET.finditer(text, *match.span()):
            new = str(int(one[1]) + 1)
            yield Fault("initialiser", f"init::{match[1]}", *one.span(1), new, one[1])
