"""Reads values out of object files without running anything.

A record begins with bytes that stand nowhere else; behind them are a number that tells the
machine's byte order, the record's own number, and its data. Records are found by a plain search,
so that any object format will do. Only where a pointer was put is read from ELF's relocations: in
the file itself a pointer to something is zeros, as a null pointer is.
"""

from __future__ import annotations

import struct
from dataclasses import field
from typing import TYPE_CHECKING, Final, NamedTuple

from ..late import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "HEAD",
    "MAGIC",
    "ORDER",
    "ElfSection",
    "ObjectFile",
    "Symbol",
    "elf_sections",
    "exported_symbols",
    "read_symbols",
    "undefined_symbols",
]

MAGIC: Final = bytes.fromhex("b5c0a91f3e7d42d6864f1be2703ad95c")
ORDER: Final = 0x0102030405060708
HEAD: Final = 64
"""Bytes from the begin of a record to its data: the data may be aligned to as much."""

_SYMTAB, _RELA, _REL, _DYNSYM, _SYMTAB_SHNDX = 2, 4, 9, 11, 18
_MACH_O: Final = tuple(map(bytes.fromhex, ("cefaedfe", "cffaedfe", "feedface", "feedfacf")))
# Processors by number: https://gabi.xinuos.com/elf/a-emachine.html and others.
_ELF: Final = {
    2: "SPARC",
    3: "i386",
    8: "MIPS",
    20: "PowerPC",
    21: "PowerPC 64",
    22: "S390",
    40: "ARM",
    43: "SPARC 64",
    62: "x86-64",
    183: "AArch64",
    243: "RISC-V",
    258: "LoongArch",
}
_OF_MACH_O: Final = {7: "i386", 12: "ARM", 0x1000007: "x86-64", 0x100000C: "AArch64"}
_OF_COFF: Final = {0x14C: "i386", 0x1C4: "ARM", 0x8664: "x86-64", 0xAA64: "AArch64"}
_LORESERVE, _COMMON, _XINDEX = 0xFF00, 0xFFF2, 0xFFFF
_WRITE = 1


@dataclass(frozen=True)
class ObjectFile:
    """The records of an object file."""

    data: bytes = field(repr=False)
    records: dict[int, int]
    """By number: where the data begins."""
    order: str
    """``<`` or ``>``."""
    pointers: frozenset[int] | None = field(repr=False)
    """Where the linker will put addresses; None where the format is not known."""

    @property
    def machine(self) -> str:
        """What files of one machine alone have in common, in words.

        That is processor, format, width and byte order. COFF begins with its processor:
        https://learn.microsoft.com/windows/win32/debug/pe-format
        """
        data = self.data
        if data[:4] == b"\x7fELF":
            big = data[5] == 2
            number = int.from_bytes(data[18:20], "big" if big else "little")
            width = {1: 32, 2: 64}.get(data[4], data[4])
            order = "big-endian" if big else "little-endian"
            return f"{_ELF.get(number, f'processor {number}')} (ELF, {width} bits, {order})"
        if data[:4] in _MACH_O:
            big = data[0] == 0xFE
            number = int.from_bytes(data[4:8], "big" if big else "little")
            order = "big-endian" if big else "little-endian"
            return f"{_OF_MACH_O.get(number, f'processor {number}')} (Mach-O, {order})"
        if data[:4] == b"\0asm":
            return "WebAssembly"
        large = data[:4] == b"\0\0\xff\xff"  # with more sections than an ordinary one can have
        number = int.from_bytes(data[6:8] if large else data[:2], "little")
        return f"{_OF_COFF.get(number, f'processor {number:#x}')} (COFF)"

    @classmethod
    def read(cls, path: str) -> ObjectFile:
        """Read a file. Raises OSError."""
        with open(path, "rb") as file:
            data = file.read()
        records: dict[int, int] = {}
        order = "<"
        at = data.find(MAGIC)
        while at >= 0:
            mark = data[at + 16 : at + 24]
            order = "<" if mark == struct.pack("<Q", ORDER) else ">"
            (number,) = struct.unpack(f"{order}Q", data[at + 24 : at + 32])
            records[number] = at + HEAD
            at = data.find(MAGIC, at + 16)
        return cls(data, records, order, _relocated(data))

    def numbers(self, record: int, count: int) -> tuple[int, ...]:
        """Return unsigned numbers of 64 bits; none if there is no such record."""
        at = self.records.get(record)
        if at is None:
            return ()
        return struct.unpack(f"{self.order}{count}Q", self.data[at : at + 8 * count])

    def bytes(self, record: int, size: int) -> bytes | None:
        """Return the bytes of a record; those of addresses are whatever the file has there."""
        at = self.records.get(record)
        return None if at is None else self.data[at : at + size]

    def pointers_in(self, record: int, size: int) -> frozenset[int] | None:
        """Return the offsets in a record where addresses will be; None if nobody knows."""
        at = self.records.get(record)
        if at is None or self.pointers is None:
            return None
        return frozenset(place - at for place in self.pointers if at <= place < at + size)


@dataclass(frozen=True)
class ElfSection:
    """A header of a section, as the file has it."""

    name: int
    type: int
    flags: int
    offset: int
    size: int
    link: int
    info: int
    entry: int


def elf_sections(data: bytes) -> tuple[str, bool, list[ElfSection]] | None:
    """Return byte order, whether it is 64 bits, and the sections of an ELF file."""
    if data[:4] != b"\x7fELF":
        return None
    wide = data[4] == 2
    order = "<" if data[5] == 1 else ">"
    if wide:
        (start,) = struct.unpack_from(f"{order}Q", data, 0x28)
        size, count, _ = struct.unpack_from(f"{order}HHH", data, 0x3A)
    else:
        (start,) = struct.unpack_from(f"{order}I", data, 0x20)
        size, count, _ = struct.unpack_from(f"{order}HHH", data, 0x2E)
    if count == 0 and start:  # more than fit: the number is in the first section's size
        (count,) = struct.unpack_from(
            f"{order}{'Q' if wide else 'I'}", data, start + (0x20 if wide else 0x14)
        )
    form = f"{order}IIQQQQIIQQ" if wide else f"{order}IIIIIIIIII"
    found = []
    for number in range(count):
        name, kind, flags, _, offset, length, link, info, _, entry = struct.unpack_from(
            form, data, start + number * size
        )
        found.append(ElfSection(name, kind, flags, offset, length, link, info, entry))
    return order, wide, found


def _relocated(data: bytes) -> frozenset[int] | None:
    try:
        known = elf_sections(data)
        if known is None:
            return None
        order, wide, sections = known
        places = set()
        for section in sections:
            if section.type not in (_RELA, _REL) or not section.entry:
                continue
            base = sections[section.info].offset
            form = f"{order}{'Q' if wide else 'I'}"
            for at in range(section.offset, section.offset + section.size, section.entry):
                places.add(base + struct.unpack_from(form, data, at)[0])
        return frozenset(places)
    except (struct.error, IndexError, OverflowError):
        return None


class Symbol(NamedTuple):
    """An entry of an ELF symbol table that other files can link to."""

    name: str
    writable: bool
    """Whether it is data that may change."""


def read_symbols(data: bytes, *, dynamic: bool) -> list[Symbol] | None:
    """Return what an ELF file defines for others; None if it is none, or has no such table.

    ``dynamic``: what a library shows to the loader, else what an object file shows to the linker.
    Format: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.symtab.html
    """
    return _read_table(data, dynamic=dynamic, defined=True)


def undefined_symbols(data: bytes, *, dynamic: bool) -> frozenset[str] | None:
    """Return what an ELF file wants of others; None if it is none, or has no such table."""
    symbols = _read_table(data, dynamic=dynamic, defined=False)
    return frozenset(symbol.name for symbol in symbols) if symbols is not None else None


def _read_table(data: bytes, *, dynamic: bool, defined: bool) -> list[Symbol] | None:
    try:
        known = elf_sections(data)
        if known is None:
            return None
        _, _, sections = known
        tables = [
            section
            for section in sections
            if section.type == (_DYNSYM if dynamic else _SYMTAB) and section.entry
        ]
        found = [symbol for table in tables for symbol in _symbols(data, table, known, defined)]
        return found if tables else None
    except (struct.error, IndexError, OverflowError, ValueError):
        return None


def _symbols(
    data: bytes, table: ElfSection, known: tuple[str, bool, list[ElfSection]], defined: bool
) -> Iterator[Symbol]:
    order, wide, sections = known
    strings = sections[table.link]
    text = data[strings.offset : strings.offset + strings.size]
    indices = [one for one in sections if one.type == _SYMTAB_SHNDX and sections[one.link] is table]

    def is_writable(number: int, index: int) -> bool:
        if index == _COMMON:
            return True  # the linker will give it a place among the zeros
        if index == _XINDEX and indices:
            (index,) = struct.unpack_from(f"{order}I", data, indices[0].offset + 4 * number)
        elif index >= _LORESERVE:
            return False
        return index < len(sections) and bool(sections[index].flags & _WRITE)

    places = range(table.offset, table.offset + table.size, table.entry)
    for number, at in enumerate(places):
        if wide:
            name, info, other, index = struct.unpack_from(f"{order}IBBH", data, at)
        else:
            name, _, _, info, other, index = struct.unpack_from(f"{order}IIIBBH", data, at)
        # Not local, and neither hidden nor internal.
        if (index != 0) == defined and info >> 4 and other & 3 in (0, 3) and name:
            shown = text[name : text.index(b"\0", name)].decode("ascii", "replace")
            yield Symbol(shown, is_writable(number, index))


def exported_symbols(path: str) -> frozenset[str] | None:
    """Return what an ELF program or library exports; None if it is none, or has no such table."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    symbols = read_symbols(data, dynamic=True)
    return frozenset(symbol.name for symbol in symbols) if symbols is not None else None
