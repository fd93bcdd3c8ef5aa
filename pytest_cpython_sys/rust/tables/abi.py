"""What the table of a manifest says of C: the header, names, constants, known differences."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

from ...late import dataclass, regex
from ..metadata import HEADER_PATH, no_string, opened, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..metadata import Reader

__all__ = ["ITEM_KINDS", "LETTERS", "AbiTable", "read_abi"]

ITEM_KINDS: Final = ("layout", "const", "init", "fn", "static", "opaque", "macro", "symbol")
LETTERS: Final = {
    "bool": "_Bool in C, an integer of one byte in Rust",
    "bytes": "the same bytes, as an array of bytes or behind a pointer, with another type",
    "const": "a pointer to constant data in one language, to mutable data in the other",
    "enum": "an enum in one language, an integer or another enum of its size in the other",
    "hole": "a field in Rust where C has padding",
    "name": "another name for the same field, struct or union member",
    "opaque": "a pointer to a type whose contents are unknown in one language",
    "pointee": "pointers to types of the same size that differ in sign or name",
    "sign": "a constant with the same bits but another sign",
    "split": "one member in one language, several with the same bytes in the other",
    "void": "a pointer to void in one language, to a type in the other",
}
"""The kinds of differences between C and Rust that change neither layout nor call, in words."""
_TYPE_NAME = regex(r"(?:(?:struct|union|enum) )?[A-Za-z_]\w*|")
_ITEM_KIND: Final = f"(?:{'|'.join(ITEM_KINDS)})"
# As ids are printed: a file, a Python's label, the level, the kind.
_PRINTED: Final = rf'(?:(?:[^"\n\r\0]+::)?@abi::{_ITEM_KIND}::)?'
_SYMBOL = regex(rf"{_PRINTED}(?:\w+::)*[A-Za-z_]\w*")
_RUST_NAME = regex(rf"{_PRINTED}[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*")
_EXPRESSION = regex(r"[A-Za-z0-9_ (){}\[\],.+\-*/%<>|&^~!=?:]+")
_KNOWN = regex(rf'(?:(?:(?:[^"\n\r\0]+::)?@abi::)?{_ITEM_KIND}::)?[A-Za-z_]\w*(?:::\w+)*(?:-\d+)?')
_REASON: Final = regex(r"\s*\S.*", re.DOTALL)
# Written alike in both languages: a number (a zero before others would make it octal in C), or the
# name of a constant.
_ARGUMENT: Final = r"(?:-?(?:0x[0-9A-Fa-f]+|(?:0|[1-9]\d*)(?:\.\d+)?)|[A-Za-z_]\w*(?:::\w+)*)"
_ARGUMENTS: Final = regex(rf"{_ARGUMENT}(?:, *{_ARGUMENT})*|")
_ARGUMENTS_HINT: Final = "numbers or names of constants, separated by commas"
_ITEM: Final = "the name of a Rust item or its path, such as limits::LIMIT"


@dataclass(frozen=True)
class _Names:
    """A table of strings by names of Rust items."""

    key: str
    names: re.Pattern[str]
    name: str
    """What a name must be."""
    values: re.Pattern[str]
    value: str
    """What a value must be."""
    sample: str
    """A value to write."""

    @property
    def example(self) -> str:
        """A table to write."""
        name = "NAME" if self.names is _RUST_NAME else '"fn::NAME"'
        return f"{{ {name} = {shown(self.sample)} }}"

    def read(self, table: Reader) -> dict[str, str]:
        """Return the strings; what is none of them is refused."""
        key = self.key
        found = {}
        for name, value in table.table(key, self.example).items():
            if isinstance(value, dict) and value:
                whole = shown("::".join((name, next(iter(value)))))
                text = f"`{key}.{name}` is a table, not a string"
                table.refuse(f"{text}: write the whole key in quotes, such as {whole}", key, name)
            elif not self.names.fullmatch(name):
                text = f"{shown(name)} is not a valid key: write {self.name}"
                table.refuse(f"`{key}`: {text}", key, name)
            elif not isinstance(value, str):
                text = f"`{key}.{name}` {no_string(name, value, self.sample)}"
                table.refuse(text, key, name)
            elif not self.values.fullmatch(value):
                text = f"{shown(value)} is not {self.value}"
                table.refuse(f"`{key}.{name}`: {text}", key, name)
            else:
                found[name] = value
        return found


_NAMES: Final = _Names(
    "names",
    _RUST_NAME,
    _ITEM,
    _TYPE_NAME,
    'a C name: write one such as "struct spam"',
    "struct spam",
)
_KNOWN_ITEMS: Final = _Names(
    "known",
    _KNOWN,
    'the end of an item\'s id, such as "fn::NAME"',
    _REASON,
    "a reason: write why it differs",
    "why it differs",
)
_INITS: Final = _Names(
    "inits",
    _RUST_NAME,
    _ITEM,
    _EXPRESSION,
    "a C initialiser: write one without quotes and line ends in it",
    "SPAM_INIT",
)


@dataclass(frozen=True)
class AbiTable:
    """What a package says about its C header."""

    header: str | None = None
    """Relative to the package."""
    include_dirs: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """C's name for a Rust name; empty for one that has no counterpart in C."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Why an item (``layout::PyObject``) is known to differ."""
    inits: Mapping[str, str] = field(default_factory=dict)
    """C's initialiser for a Rust constant."""
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What a macro and its ``const fn`` are called with: the arguments of each call."""
    symbols: tuple[str, ...] = ()
    """What the interpreter must export."""
    const_is_an_error: bool = False
    letter: tuple[str, ...] | None = ()
    """Kinds of minor differences that are errors; None for all of them."""


def read_abi(metadata: Mapping[str, Any]) -> AbiTable:
    """Return the table of a package, empty if it has none. Raises MetadataError."""
    table = opened(metadata)
    read = AbiTable(
        header=table.string(
            "header",
            HEADER_PATH,
            "the path of a C header",
            "NAME.h",
        ),
        include_dirs=table.strings("include-dirs", example="include"),
        flags=table.strings("flags", example="-DNAME=1"),
        names=_NAMES.read(table),
        known=_KNOWN_ITEMS.read(table),
        inits=_INITS.read(table),
        arguments=_arguments(table),
        symbols=_symbols(table),
        const_is_an_error=_const_is_an_error(table),
        letter=_letter(table),
    )
    table.check()
    return read


def _symbols(table: Reader) -> tuple[str, ...]:
    hint = "write the name of a C function or variable"
    found = table.strings("symbols", _SYMBOL, hint, "PyObject_Repr")
    return tuple(one.rpartition("::")[2] for one in found)


def _const_is_an_error(table: Reader) -> bool:
    key = "const-is-an-error"
    strict = table.raw.get(key, False)
    if not isinstance(strict, bool):
        table.refuse(f"`{key}` must be true or false, not {shown(strict)}", key)
    return bool(strict)


def _arguments(table: Reader) -> dict[str, tuple[str, ...]]:
    """Return the calls of each ``const fn``: one text, or an array of them."""
    key = "arguments"
    found: dict[str, tuple[str, ...]] = {}
    for name, value in table.table(key, '{ NAME = "1, 2" }').items():
        if not _RUST_NAME.fullmatch(name):
            table.refuse(f"`{key}`: {shown(name)} is not a valid key: write {_ITEM}", key, name)
        calls = [value] if isinstance(value, str) else value
        if not isinstance(calls, list) or not all(isinstance(one, str) for one in calls):
            text = f"must be a string or an array of strings, not {shown(value)}"
            table.refuse(f'`{key}.{name}` {text}: write {name} = "1, 2"', key, name)
            continue
        if not calls or not all(map(_ARGUMENTS.fullmatch, calls)):
            table.refuse(
                f"`{key}.{name}`: {shown(value)} is not valid: write {_ARGUMENTS_HINT}, "
                "in one string, or an array of strings for several calls",
                *(key, name),
            )
            continue
        found[name] = tuple(calls)
    return found


def _letter(table: Reader) -> tuple[str, ...] | None:
    key = "letter"
    value = table.raw.get(key, [])
    if value == "error":
        return None
    if isinstance(value, list):
        return table.choices(key, "kind of difference", [*LETTERS])
    meant = f'["{value}"]' if value in LETTERS else '["const", "void"]'
    table.refuse(
        f'`{key}`: {shown(value)} is not valid: write {key} = "error" for all kinds of '
        f"differences, or an array such as {key} = {meant}",
        key,
        advice=f"valid kinds in `{key}` are {', '.join(LETTERS)}",
    )
    return ()
