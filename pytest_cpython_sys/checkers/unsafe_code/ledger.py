"""The ledger of `unsafe`: how many uses each file of a workspace may have.

A TOML file in the workspace's root, with a table for each file. Uses that lack a `// SAFETY:`
comment or a `# Safety` section are counted by function, too; without that table none may lack it:

    [files."spam/src/python.rs"]
    blocks = 8
    functions = 4

    [unexplained."spam/src/python.rs"]
    "python::Context::enter" = 2
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import field
from typing import TYPE_CHECKING, Final

from ...late import dataclass
from ...rust.policies import LEDGER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "KINDS",
    "LEDGER",
    "UPDATE",
    "Counts",
    "Ledger",
    "LedgerError",
    "differences",
    "read_ledger",
    "write_ledger",
]

KINDS: Final = ("blocks", "functions", "impls", "traits")
Counts = dict[str, int]
_UNEXPLAINED: Final = "unexplained"

UPDATE: Final = "--cpython-sys-update-ledger"
_HEADING: Final = f"""\
# How often each file uses `unsafe`, and how many uses in each function lack a `// SAFETY:`
# comment or a `# Safety` section. An `@unsafe` item fails if there are more.
# Written by `pytest --cpython-sys {UPDATE}`; run it again to record new numbers.

"""
_REMEDY: Final = f"correct the file, or delete it and write a new one with {UPDATE}"


class LedgerError(Exception):
    """The ledger cannot be used: the message says why, in one line."""


@dataclass(frozen=True)
class Ledger:
    """What there may be, by file (relative to the workspace's root)."""

    files: dict[str, Counts] = field(default_factory=dict)
    """Uses by kind."""
    unexplained: dict[str, Counts] | None = None
    """Uses without words by function; None where nobody wrote of them."""


def read_ledger(root: str) -> Ledger | None:
    """Return the ledger of a workspace; None without one. Raises LedgerError."""
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
    unknown = sorted(raw.keys() - {"files", _UNEXPLAINED})
    if unknown:
        raise LedgerError(
            f"{LEDGER}: unknown key `{unknown[0]}` (valid keys: files, {_UNEXPLAINED}): {_REMEDY}"
        )
    unexplained = _table(raw, _UNEXPLAINED, None) if _UNEXPLAINED in raw else None
    return Ledger(_table(raw, "files", KINDS), unexplained)


def _table(raw: Mapping[str, object], key: str, allowed: Sequence[str] | None) -> dict[str, Counts]:
    files = raw.get(key, {})
    if not isinstance(files, dict):
        raise LedgerError(f"{LEDGER}: {key} must be a table: {_REMEDY}")
    return {name: _counts(f"{key}.{name!r}", counts, allowed) for name, counts in files.items()}


def _counts(name: str, raw: object, allowed: Sequence[str] | None) -> Counts:
    if not isinstance(raw, dict):
        raise LedgerError(f"{LEDGER}: {name} must be a table: {_REMEDY}")
    unknown = sorted(raw.keys() - {*allowed}) if allowed is not None else []
    if unknown:
        raise LedgerError(
            f"{LEDGER}: unknown key `{unknown[0]}` in {name} (valid keys: "
            f"{', '.join(allowed or ())}): {_REMEDY}"
        )
    for kind, count in raw.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise LedgerError(
                f"{LEDGER}: {name}.{kind} must be a number, 0 or greater, not {count!r}: {_REMEDY}"
            )
    return dict(raw)


def write_ledger(root: str, ledger: Ledger) -> None:
    """Write the ledger, in the same order on every machine. Raises LedgerError."""
    import toml

    tables = {"files": _plain(ledger.files, KINDS), _UNEXPLAINED: _plain(ledger.unexplained or {})}
    text = _HEADING + toml.dumps({key: table for key, table in tables.items() if table})
    try:
        with open(os.path.join(root, LEDGER), "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise LedgerError(f"{LEDGER} cannot be written: {error.strerror}") from None


def _plain(counts: Mapping[str, Counts], order: Sequence[str] | None = None) -> dict[str, Counts]:
    """Return what is not zero, sorted."""
    return {
        file: {name: found[name] for name in order or sorted(found) if found.get(name)}
        for file, found in sorted(counts.items())
        if any(found.values())
    }


def differences(
    old: Mapping[str, int], new: Mapping[str, int], *, more: bool
) -> Iterator[tuple[str, int, int]]:
    """Yield each thing of which there is more than before, or less, with both counts."""
    for name in (*KINDS, *sorted({*old, *new} - {*KINDS})):
        before, now = old.get(name, 0), new.get(name, 0)
        if (now > before) if more else (now < before):
            yield name, before, now
