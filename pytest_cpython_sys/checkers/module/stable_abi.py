"""The stable ABI: whether a library uses nothing else of Python, and whether its file says so.

Which symbols are in it, and since when, is the list of the package ``abi3info``, made from
CPython's own ``Misc/stable_abi.toml``. See https://docs.python.org/3/c-api/stable.html
"""

from __future__ import annotations

import os.path
from dataclasses import field
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, NamedTuple

from ...case import Verdict, counted
from ...late import dataclass, regex
from ...object_files.mach_o import undefined_in_mach_o
from ...object_files.reader import undefined_symbols

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "Entry",
    "StableAbi",
    "StableList",
    "file_fault",
    "has_list",
    "imported_symbols",
    "judge_symbols",
    "read_list",
]

_PYTHONS: Final = regex(r"_?Py(?!Init_|ModExport_)[A-Z_]\w*")
_KINDS: Final = ("abi3", "abi3t")


@dataclass(frozen=True)
class StableAbi:
    """Which stable ABI a module is built for."""

    kind: str
    """``abi3``, or ``abi3t`` for the one that free-threaded Pythons have, too."""
    minor: int
    """The oldest Python 3 that it is for."""
    said: str
    """How the module says so."""


class Entry(NamedTuple):
    """What is known of a symbol in the stable ABI."""

    minor: int
    """The Python 3 that it is part of it since."""
    where: str = ""
    """Where it is there alone: ``on Windows``, say."""


@dataclass(frozen=True)
class StableList:
    """The symbols of the stable ABI."""

    source: str
    """Who says so."""
    entries: Mapping[str, Entry] = field(repr=False)

    @property
    def newest(self) -> int:
        """The newest Python 3 that is known."""
        return max((entry.minor for entry in self.entries.values()), default=0)


def has_list() -> bool:
    """Tell whether there is a list of what is in the stable ABI."""
    try:
        return bool(read_list().entries)
    except ImportError:
        return False


@cache
def read_list() -> StableList:
    """Return what is in the stable ABI. Raises ImportError."""
    import abi3info

    entries = {
        symbol.name: Entry(one.added.minor, one.ifdef.doc if one.ifdef is not None else "")
        for symbol, one in (*abi3info.FUNCTIONS.items(), *abi3info.DATAS.items())
    }
    return StableList(f"abi3info {version('abi3info')}", entries)


def imported_symbols(path: str) -> list[str] | None:
    """Return what a library wants of Python, sorted; None where its format is not known.

    Raises OSError.
    """
    with open(path, "rb") as file:
        data = file.read()
    found = undefined_symbols(data, dynamic=True)
    if found is None:
        found = undefined_in_mach_o(data)
    return sorted(filter(_PYTHONS.fullmatch, found)) if found is not None else None


def judge_symbols(abi: StableAbi, symbols: Iterable[str] | None, known: StableList) -> Verdict:
    """Judge what a library imports; what cannot be known is skipped."""
    if symbols is None:
        return Verdict(
            "skipped",
            message="the imported symbols are not known: the library is not in the ELF or "
            "Mach-O format",
        )
    symbols = list(symbols)
    if not symbols:
        return Verdict(
            "skipped",
            message="the library imports no symbol of Python: libpython is linked into it "
            "statically, so the symbols that it uses are not known",
        )
    faults = list(_faults(abi, symbols, known))
    unlisted = [name for name in symbols if name not in known.entries]
    if unlisted and abi.minor > known.newest:
        return Verdict(
            "skipped",
            message=f"{known.source} covers the stable ABI up to 3.{known.newest}, but the module "
            f"declares {abi.said}: run `pip install --upgrade abi3info`",
        )
    notes = [
        f"{name} is part of the stable ABI only {where}"
        for name in symbols
        if (where := known.entries.get(name, Entry(0)).where)
    ]
    notes.append(f"{counted(len(symbols), 'symbol')} checked with {known.source}")
    output = "\n".join(notes)
    if faults:
        return Verdict("failed", message="\n".join(faults), output=output)
    return Verdict("passed", output=output)


def _faults(abi: StableAbi, symbols: Iterable[str], known: StableList) -> Iterator[str]:
    for name in symbols:
        entry = known.entries.get(name)
        if entry is None:
            yield f"{name} is not part of the stable ABI; the module declares {abi.said}"
        elif entry.minor > abi.minor:
            since = f"since 3.{entry.minor}"
            yield f"{name} is part of the stable ABI {since}; the module declares {abi.said}"


def file_fault(abi: StableAbi | None, path: str, python: str) -> str:
    """Return what is wrong with the name of an installed module; empty if nothing is.

    ``python`` is the one that a module without a stable ABI is built for. On Windows a name says
    nothing. See https://docs.python.org/3/c-api/stable.html#stable-abi
    """
    stem, _, suffix = os.path.basename(path).partition(".")
    if suffix.endswith("pyd"):
        return ""
    named = next((kind for kind in _KINDS if suffix.startswith(f"{kind}.")), None)
    if abi is None:
        if named is None:
            return ""
        return f"{path} is named like a module of the stable ABI, but was built for {python} only"
    if named == abi.kind:
        return ""
    right = f"{stem}.{abi.kind}.so"
    return f"{path} must be named {right}: the module declares {abi.said}"
