"""What a library for macOS wants of others.

Format: ``mach-o/loader.h`` and ``mach-o/nlist.h``, https://github.com/apple-oss-distributions/xnu
"""

from __future__ import annotations

import struct
from typing import Final

__all__ = ["undefined_in_mach_o"]

# Of 32 and of 64 bits, as a little-endian machine and as a big-endian one writes them.
_HEADS: Final = {
    bytes.fromhex("cefaedfe"): ("<", 28, "IBBHI"),
    bytes.fromhex("cffaedfe"): ("<", 32, "IBBHQ"),
    bytes.fromhex("feedface"): (">", 28, "IBBHI"),
    bytes.fromhex("feedfacf"): (">", 32, "IBBHQ"),
}
_SYMTAB: Final = 2
_DEBUG, _TYPE, _EXTERNAL = 0xE0, 0x0E, 0x01


def undefined_in_mach_o(data: bytes) -> frozenset[str] | None:
    """Return what a file wants of others, as C calls it; None if it is no Mach-O.

    A file for several machines (universal) is none.
    """
    head = _HEADS.get(data[:4])
    if head is None:
        return None
    order, at, form = head
    entry = struct.Struct(f"{order}{form}")
    found: set[str] = set()
    try:
        (commands,) = struct.unpack_from(f"{order}I", data, 16)
        for _ in range(commands):
            command, size = struct.unpack_from(f"{order}II", data, at)
            if command == _SYMTAB:
                first, count, names, _ = struct.unpack_from(f"{order}IIII", data, at + 8)
                for number in range(count):
                    name, kind, _, _, value = entry.unpack_from(data, first + number * entry.size)
                    # With a value it is a variable without a place so far, and no one else's.
                    if kind & (_DEBUG | _TYPE | _EXTERNAL) == _EXTERNAL and not value:
                        end = data.index(b"\0", names + name)
                        text = data[names + name : end].decode("ascii", "replace")
                        found.add(text.removeprefix("_"))
            at += size
    except (struct.error, ValueError):
        return None
    return frozenset(found)
