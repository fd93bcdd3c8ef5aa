"""The ledger of `unsafe`: how many uses each file of a workspace may have.

A TOML file in the workspace's root, a table a file:

    [files."spam/src/python.rs"]
    blocks = 8
    functions = 4
"""

from __future__ import annotations

import os
import tomllib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["KINDS", "LEDGER", "Counts", "LedgerError", "differences", "read_ledger", "write_ledger"]

LEDGER: Final = "cpython-sys-unsafe.toml"
KINDS: Final = ("blocks", "functions", "impls", "traits")
Counts = dict[str, int]

_UPDATE: Final = "--cpython-sys-update-ledger"
_HEADING: Final = f"""\
# How often each file uses `unsafe`. The numbers may only fall.
# Written by `pytest --cpython-sys {_UPDATE}`.

"""
_REMEDY: Final = f"correct it, or delete it and let {_UPDATE} write a new one"


class LedgerError(Exception):
    """The ledger cannot be used: the message says why, in one line."""


def read_ledger(root: str) -> dict[str, Counts] | None:
    """Return the counts by file, relative to the workspace's root; None without a ledger.

    Raises LedgerError.
    """
    path = os.path.join(root, LEDGER)
    try:
        with open(path, "rb") as file:
            raw = tomllib.load(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerError(f"{LEDGER} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LedgerError(f"{LEDGER} is not TOML ({error}): {_REMEDY}") from None
    unknown = sorted(raw.keys() - {"files"})
    if unknown:
        raise LedgerError(f"{LEDGER} has an unknown key {unknown[0]!r}: {_REMEDY}")
    files = raw.get("files", {})
    if not isinstance(files, dict):
        raise LedgerError(f"{LEDGER}: files is no table: {_REMEDY}")
    return {name: _counts(name, counts) for name, counts in files.items()}


def _counts(name: str, raw: object) -> Counts:
    if not isinstance(raw, dict):
        raise LedgerError(f"{LEDGER}: files.{name!r} is no table: {_REMEDY}")
    unknown = sorted(raw.keys() - {*KINDS})
    if unknown:
        allowed = ", ".join(KINDS)
        raise LedgerError(
            f"{LEDGER}: files.{name!r} has an unknown key {unknown[0]!r} (it may have {allowed}): "
            f"{_REMEDY}"
        )
    for kind, count in raw.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise LedgerError(f"{LEDGER}: files.{name!r}.{kind}: {count!r} is no count: {_REMEDY}")
    return dict(raw)


def write_ledger(root: str, counts: Mapping[str, Mapping[str, int]]) -> None:
    """Write the ledger, in the same order on every machine. Raises LedgerError."""
    import toml

    tables = {
        name: {kind: counts[name][kind] for kind in KINDS if counts[name].get(kind)}
        for name in sorted(counts)
        if any(counts[name].values())
    }
    text = _HEADING + toml.dumps({"files": tables})
    try:
        with open(os.path.join(root, LEDGER), "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise LedgerError(f"{LEDGER} cannot be written: {error.strerror}") from None


def differences(
    old: Mapping[str, int], new: Mapping[str, int], *, more: bool
) -> Iterator[tuple[str, int, int]]:
    """Yield each kind of which there is more than before, or less, with both counts."""
    for kind in KINDS:
        before, now = old.get(kind, 0), new.get(kind, 0)
        if (now > before) if more else (now < before):
            yield kind, before, now
