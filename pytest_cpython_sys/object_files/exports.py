"""What a package's library shows to other programs: the symbols that somebody chose to export."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..late import regex
from .reader import Symbol, read_symbols, undefined_symbols

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = ["archive_symbols", "library_symbols", "needed_symbols"]

# What linkers and compilers put there by themselves.
_OWN: Final = regex(r"_init|_fini|_edata|_end|__bss_start|__rustc?_.*|rust_eh_personality")
_MANGLED: Final = regex(r"_R[A-Z0-9]|_ZN")
_ARCHIVE: Final = b"!<arch>\n"
_HEAD: Final = 60


def library_symbols(path: str) -> list[Symbol] | None:
    """Return what a shared library exports; None where its format is not known.

    Raises OSError.
    """
    with open(path, "rb") as file:
        found = read_symbols(file.read(), dynamic=True)
    return _chosen(found) if found is not None else None


def archive_symbols(path: str, crates: Collection[str]) -> list[Symbol] | None:
    """Return the unmangled globals of some crates in a static library, which holds all others too.

    None where its format is not known. Raises OSError.
    """
    with open(path, "rb") as file:
        data = file.read()
    if not data.startswith(_ARCHIVE):
        return None
    found: list[Symbol] = []
    known = False
    for name, content in _members(data):
        # rustc calls a crate's objects NAME-HASH.NAME.HASH-cgu.0.rcgu.o, or NAME.HASH-cgu...
        if re.split(r"[-.]", name)[0] not in crates:
            continue
        symbols = read_symbols(content, dynamic=False)
        known = known or symbols is not None
        found += symbols or []
    return _chosen(found) if known else None


def needed_symbols(paths: Iterable[str]) -> frozenset[str] | None:
    """Return what some libraries and programs want of others; None if none of them can be read."""
    found: set[str] = set()
    known = False
    for path in paths:
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            continue
        archive = data.startswith(_ARCHIVE)
        for content in (one for _, one in _members(data)) if archive else (data,):
            symbols = undefined_symbols(content, dynamic=not archive)
            known = known or symbols is not None
            found.update(symbols or ())
    return frozenset(found) if known else None


def _chosen(symbols: list[Symbol]) -> list[Symbol]:
    by_name = {
        symbol.name: symbol
        for symbol in symbols
        if not _OWN.fullmatch(symbol.name) and not _MANGLED.match(symbol.name)
    }
    return [by_name[name] for name in sorted(by_name)]


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of an archive in GNU's or BSD's form.

    Format: https://man.freebsd.org/cgi/man.cgi?query=ar&sektion=5
    """
    names = b""
    at = len(_ARCHIVE)
    while at + _HEAD <= len(data):
        head = data[at : at + _HEAD]
        try:
            size = int(head[48:58])
        except ValueError:
            return
        start, end = at + _HEAD, at + _HEAD + size
        name = head[:16].rstrip()
        if name == b"//":
            names = data[start:end]
        elif name.startswith(b"#1/"):
            start += int(name[3:])
            name = data[at + _HEAD : start].rstrip(b"\0")
        elif name.startswith(b"/") and name[1:].isdigit():
            offset = int(name[1:])
            name = names[offset : names.index(b"\n", offset)]
        yield name.rstrip(b"/").decode("utf-8", "replace"), data[start:end]
        at = end + (end & 1)
