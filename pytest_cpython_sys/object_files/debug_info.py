"""Reads what a compiler says of types: DWARF 4, of one compilation unit, as a tree of entries.

Format: https://dwarfstd.org/doc/DWARF4.pdf, chapter 7
"""

from __future__ import annotations

import struct
from dataclasses import field
from typing import TYPE_CHECKING, Final

from ..late import dataclass
from .debug_sections import read_debug_sections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .debug_sections import DebugSections

__all__ = ["DebugInfo", "Entry", "read_debug_info"]

# Names of section 7.5.3 and 7.5.4, as far as types are made of them.
_TAGS: Final = {
    0x01: "array",
    0x04: "enumeration",
    0x05: "parameter",
    0x0D: "member",
    0x0F: "pointer",
    0x13: "structure",
    0x15: "subroutine",
    0x16: "typedef",
    0x17: "union",
    0x18: "ellipsis",
    0x21: "subrange",
    0x24: "base",
    0x26: "const",
    0x28: "enumerator",
    0x34: "variable",
    0x35: "volatile",
    0x37: "restrict",
    0x3B: "unspecified",
    0x47: "atomic",
}
_ATTRIBUTES: Final = {
    0x03: "name",
    0x0B: "byte_size",
    0x0C: "bit_offset",
    0x0D: "bit_size",
    0x1C: "const_value",
    0x2F: "upper_bound",
    0x27: "prototyped",
    0x37: "count",
    0x38: "location",
    0x3C: "declaration",
    0x3E: "encoding",
    0x49: "type",
    0x6B: "data_bit_offset",
    0x2107: "vector",
}
_FIXED: Final = {
    0x0B: "B",
    0x05: "H",
    0x06: "I",
    0x07: "Q",  # data1, data2, data4, data8
    0x11: "B",
    0x12: "H",
    0x13: "I",
    0x14: "Q",  # ref1, ref2, ref4, ref8
    0x0C: "B",
    0x20: "Q",  # flag, ref_sig8
}
_OFFSETS: Final = frozenset({0x0E, 0x10, 0x17})  # strp, ref_addr, sec_offset
_BLOCKS: Final = {0x0A: "B", 0x03: "H", 0x04: "I"}
_PLUS_UCONST: Final = 0x23
_VERSIONS: Final = range(2, 5)

Value = int | str


@dataclass
class Entry:
    """An entry about a type, a member, a variable."""

    tag: str
    """The format's name without ``_type``; empty for what does not matter here."""
    values: dict[str, Value] = field(default_factory=dict)
    children: list[Entry] = field(default_factory=list)

    def number(self, name: str) -> int | None:
        """Return the value of an attribute if it is a number."""
        value = self.values.get(name)
        return value if isinstance(value, int) else None

    @property
    def name(self) -> str:
        """What it is called; empty if it has no name."""
        return str(self.values.get("name", ""))


@dataclass(frozen=True)
class DebugInfo:
    """The entries of one compilation unit."""

    order: str
    """``<`` or ``>``."""
    address_size: int
    entries: Mapping[int, Entry] = field(repr=False)
    """By what an attribute ``type`` refers to them with."""
    root: Entry = field(repr=False)


def read_debug_info(path: str) -> DebugInfo | None:
    """Return what an object file tells of types; None if there is nothing that can be read.

    Raises OSError.
    """
    with open(path, "rb") as file:
        data = file.read()
    sections = read_debug_sections(data)
    if sections is None or not {"info", "abbrev"} <= sections.data.keys():
        return None
    try:
        return _Reader(sections).unit()
    except (struct.error, IndexError, KeyError, ValueError):
        return None


class _Reader:
    def __init__(self, sections: DebugSections) -> None:
        self._order = sections.order
        self._data = sections.data["info"]
        self._abbreviations = sections.data["abbrev"]
        self._texts = sections.data.get("str", b"")
        self._offsets = sections.offsets
        self._at = 0
        self._offset_form, self._address_form = "I", "Q"

    def unit(self) -> DebugInfo | None:
        """Return the first unit, the only one of a C file."""
        if self._fixed("I") == 0xFFFFFFFF:
            self._fixed("Q")
            self._offset_form = "Q"
        version = self._fixed("H")
        if version not in _VERSIONS:
            return None
        table = self._table(self._offset())
        size = self._fixed("B")
        self._address_form = {4: "I", 8: "Q", 2: "H"}[size]
        entries: dict[int, Entry] = {}
        root = Entry("unit")
        open_ = [root]
        while open_ and self._at < len(self._data):
            start = self._at
            code = self._number()
            if code == 0:
                open_.pop()
                if len(open_) == 1:
                    break
                continue
            tag, has_children, attributes = table[code]
            entry = entries[start] = Entry(tag)
            for name, form in attributes:
                value = self._value(form)
                if name == "location" and isinstance(value, bytes):
                    value = _plus(value)
                if name and value is not None and not isinstance(value, bytes):
                    entry.values[name] = value
            open_[-1].children.append(entry)
            if has_children:
                open_.append(entry)
        return DebugInfo(self._order, size, entries, root.children[0])

    def _table(self, at: int) -> dict[int, tuple[str, bool, list[tuple[str, int]]]]:
        """Return tag, whether there are children, and attributes with their forms, by code."""
        data, self._data, back, self._at = self._data, self._abbreviations, self._at, at
        found: dict[int, tuple[str, bool, list[tuple[str, int]]]] = {}
        while (code := self._number()) != 0:
            tag, has_children = self._number(), self._fixed("B")
            attributes: list[tuple[str, int]] = []
            while True:
                name, form = self._number(), self._number()
                if not form:
                    break
                attributes.append((_ATTRIBUTES.get(name, ""), form))
            found[code] = _TAGS.get(tag, ""), bool(has_children), attributes
        self._data, self._at = data, back
        return found

    def _fixed(self, form: str) -> int:
        (value,) = struct.unpack_from(f"{self._order}{form}", self._data, self._at)
        self._at += struct.calcsize(f"={form}")
        return int(value)

    def _number(self, *, signed: bool = False) -> int:
        """Read LEB128."""
        value = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        return value - (1 << shift) if signed and byte & 0x40 else value

    def _offset(self) -> int:
        """Read an offset into another section."""
        known = self._offsets.get(self._at)
        value = self._fixed(self._offset_form)
        return value if known is None else known

    def _text(self, data: bytes, at: int) -> str:
        return data[at : data.index(b"\0", at)].decode("utf-8", "replace")

    def _value(self, form: int) -> Value | bytes | None:
        """Read an attribute's value."""
        if form in _FIXED:
            return self._fixed(_FIXED[form])
        if form in _OFFSETS:
            value = self._offset()
            return self._text(self._texts, value) if form == 0x0E else value
        if form == 0x08:
            text = self._text(self._data, self._at)
            self._at = self._data.index(b"\0", self._at) + 1
            return text
        if form in (0x0D, 0x0F, 0x15):  # sdata, udata, ref_udata
            return self._number(signed=form == 0x0D)
        if form == 0x19:  # flag_present
            return 1
        if form == 0x01:
            self._fixed(self._address_form)
            return None
        if form == 0x16:  # indirect
            return self._value(self._number())
        # block and exprloc count their bytes as LEB128
        length = self._fixed(_BLOCKS[form]) if form in _BLOCKS else self._block(form)
        self._at += length
        return self._data[self._at - length : self._at]

    def _block(self, form: int) -> int:
        if form not in (0x09, 0x18):
            raise ValueError(f"form {form:#x}")
        return self._number()


def _plus(expression: bytes) -> int | None:
    """Return the offset that an expression adds: how old compilers say where a member is."""
    if not expression or expression[0] != _PLUS_UCONST:
        return None
    value = 0
    for index, byte in enumerate(expression[1:]):
        value |= (byte & 0x7F) << (7 * index)
    return value
