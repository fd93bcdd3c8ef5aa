"""The sections of an object file that hold debug information: ELF, COFF and Mach-O.

What the linker will add to an offset in them is added here; all sections are taken to begin at 0.
"""

from __future__ import annotations

import struct
from dataclasses import field
from typing import TYPE_CHECKING, Final

from ..late import dataclass
from .reader import elf_sections

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .reader import ElfSection

__all__ = ["DebugSections", "read_debug_sections"]

_PREFIXES: Final = (".debug_", "__debug_")
_SYMTAB, _RELA = 2, 4
_MACH_O: Final = {
    b"\xcf\xfa\xed\xfe": ("<", True),
    b"\xce\xfa\xed\xfe": ("<", False),
    b"\xfe\xed\xfa\xcf": (">", True),
    b"\xfe\xed\xfa\xce": (">", False),
}
_SEGMENT, _SEGMENT_64 = 0x01, 0x19


@dataclass(frozen=True)
class DebugSections:
    """Sections by what they hold: ``info``, ``abbrev``, ``str``."""

    order: str
    """``<`` or ``>``."""
    data: Mapping[str, bytes] = field(repr=False)
    offsets: Mapping[int, int] = field(repr=False)
    """By place in ``info``: the offset that the linker will put there, where the file has none."""


def read_debug_sections(data: bytes) -> DebugSections | None:
    """Return the debug sections of an object file; None if its format is not known."""
    try:
        elf = elf_sections(data)
        if elf is not None:
            return _elf(data, *elf)
        if data[:4] in _MACH_O:
            order, wide = _MACH_O[data[:4]]
            return DebugSections(order, dict(_mach_o(data, order, wide=wide)), {})
        return DebugSections("<", dict(_coff(data)), {})
    except (struct.error, IndexError, OverflowError):
        return None


def _known(name: bytes) -> str:
    """Return what a section holds by its name; empty if it is nothing of ours."""
    text = name.split(b"\0", 1)[0].decode("ascii", "replace")
    return next((text[len(one) :] for one in _PREFIXES if text.startswith(one)), "")


def _elf(data: bytes, order: str, wide: bool, sections: Sequence[ElfSection]) -> DebugSections:
    """Format: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.sheader.html."""
    (index,) = struct.unpack_from(f"{order}H", data, 0x3E if wide else 0x32)
    names = sections[index if index != 0xFFFF else sections[0].link].offset
    found: dict[str, bytes] = {}
    info = -1
    for number, section in enumerate(sections):
        at = names + section.name
        word = _known(data[at : data.index(b"\0", at)])
        if word and word not in found:  # relocations of it are called `.rela.debug_info`
            found[word] = data[section.offset : section.offset + section.size]
            info = number if word == "info" else info
    offsets: dict[int, int] = {}
    for section in sections:
        if section.type == _RELA and section.info == info and section.entry:
            offsets.update(_addends(data, order, section, sections, wide=wide))
    return DebugSections(order, found, offsets)


def _addends(
    data: bytes, order: str, table: ElfSection, sections: Sequence[ElfSection], *, wide: bool
) -> Iterator[tuple[int, int]]:
    """Yield where an offset belongs and what it is; ``REL`` tables keep it in the place itself."""
    symbols = sections[table.link]
    form = f"{order}QQq" if wide else f"{order}IIi"
    for at in range(table.offset, table.offset + table.size, table.entry):
        place, symbol, addend = struct.unpack_from(form, data, at)
        number = symbol >> (32 if wide else 8)
        start = symbols.offset + number * symbols.entry
        (value,) = struct.unpack_from(
            f"{order}{'Q' if wide else 'I'}", data, start + (8 if wide else 4)
        )
        yield place, value + addend


def _coff(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Format: https://learn.microsoft.com/en-us/windows/win32/debug/pe-format."""
    _, count, _, symbols, symbol_count, optional, _ = struct.unpack_from("<HHIIIHH", data)
    texts = symbols + 18 * symbol_count
    for number in range(count):
        at = 20 + optional + 40 * number
        name = data[at : at + 8].rstrip(b"\0")
        if name.startswith(b"/"):
            start = texts + int(name[1:])
            name = data[start : data.index(b"\0", start)]
        _, _, size, offset = struct.unpack_from("<IIII", data, at + 8)
        word = _known(name)
        if word:
            yield word, data[offset : offset + size]


def _mach_o(data: bytes, order: str, *, wide: bool) -> Iterator[tuple[str, bytes]]:
    """Format: https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h."""
    (count,) = struct.unpack_from(f"{order}I", data, 16)
    at = 32 if wide else 28
    for _ in range(count):
        command, length = struct.unpack_from(f"{order}II", data, at)
        if command == (_SEGMENT_64 if wide else _SEGMENT):
            (sections,) = struct.unpack_from(f"{order}I", data, at + (64 if wide else 48))
            for number in range(sections):
                start = at + (72 + 80 * number if wide else 56 + 68 * number)
                form = f"{order}QQI" if wide else f"{order}III"
                _, size, offset = struct.unpack_from(form, data, start + 32)
                word = _known(data[start : start + 16])
                if word:
                    yield word, data[offset : offset + size]
        at += length
