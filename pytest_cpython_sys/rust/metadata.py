"""The table ``[package.metadata.cpython-sys]`` of a manifest: all that it may hold, checked.

Whatever is used in C source or on a command line is checked here: names are identifiers, and
expressions hold no quote, no line end and no directive.
"""

from __future__ import annotations

import os.path
import re
from dataclasses import field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from ..late import dataclass, regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "ABI_KEYS",
    "CPYTHON",
    "ITEM_KINDS",
    "LETTERS",
    "MODULE_NAME",
    "NAME_PATTERN",
    "PROMISES",
    "TABLE",
    "AbiTable",
    "ExportTable",
    "MetadataError",
    "Policy",
    "PolicyTable",
    "check_keys",
    "check_name",
    "is_plain",
    "raw_table",
    "read_abi",
    "read_exports",
    "read_policies",
    "texts",
]

TABLE: Final = "package.metadata.cpython-sys"
ABI_KEYS: Final = frozenset(
    {
        *("header", "include-dirs", "flags", "names", "arguments", "known", "inits", "symbols"),
        *("const-is-an-error", "letter"),
    }
)
ITEM_KINDS: Final = ("layout", "const", "init", "fn", "static", "opaque", "macro", "symbol")
LETTERS: Final = (
    *("bool", "bytes", "const", "enum", "hole", "name"),
    *("opaque", "pointee", "sign", "split", "void"),
)
"""The kinds of differences between C and Rust that change neither layout nor call."""
POLICY_KEYS: Final = frozenset(
    {
        *("policies", "module", "calls", "stable-abi"),
        *("exports", "cbindgen", "api"),
        *("twin", "twin-tests", "twin-names", "twin-known"),
    }
)
_KEYS: Final = ABI_KEYS | POLICY_KEYS
Policy = Literal["clippy", "fmt", "modules", "symbols", "unsafe"]
_POLICIES: Final = regex("|".join(get_args(Policy)))
_CHOICE: Final = f"choose from {', '.join(get_args(Policy))}"
MODULE_NAME: Final = regex(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
PROMISES: Final = (
    *("not-gil", "multi-phase", "PyModExport", "no-legacy-init"),
    *("immutable-types", "final-types"),
)
"""What a module may promise to declare, and of the types that it makes."""
_MODULE_KEYS: Final = ("name", "requires")
_STABLE: Final = regex(r"3\.(?:[2-9]|[1-9]\d+)|3\.(?:1[5-9]|[2-9]\d)t")
CPYTHON: Final = "cpython-sys"
_TYPE_NAME = regex(r"(?:(?:struct|union|enum) )?[A-Za-z_]\w*|")
_ITEM_KIND: Final = f"(?:{'|'.join(ITEM_KINDS)})"
# As ids are printed: a file, a Python's label, the level, the kind.
_PRINTED: Final = rf'(?:(?:[^"\n\r\0]+::)?@abi::{_ITEM_KIND}::)?'
_SYMBOL = regex(rf"{_PRINTED}(?:\w+::)*[A-Za-z_]\w*")
_RUST_NAME = regex(rf"{_PRINTED}[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*")
_EXPRESSION = regex(r"[A-Za-z0-9_ (){}\[\],.+\-*/%<>|&^~!=?:]+")
_KNOWN = regex(rf'(?:(?:(?:[^"\n\r\0]+::)?@abi::)?{_ITEM_KIND}::)?[A-Za-z_]\w*(?:::\w+)*(?:-\d+)?')
_REASON: Final = regex(r"\s*\S.*", re.DOTALL)
_NEAR: Final = 0.9
"""How alike the name of another tool's table and ours may not be."""
# Written alike in both languages: a number (a zero before others would make it octal in C), or the
# name of a constant.
_ARGUMENT: Final = r"(?:-?(?:0x[0-9A-Fa-f]+|(?:0|[1-9]\d*)(?:\.\d+)?)|[A-Za-z_]\w*(?:::\w+)*)"
_ARGUMENTS: Final = regex(rf"{_ARGUMENT}(?:, *{_ARGUMENT})*|")
_ARGUMENTS_HINT: Final = "numbers or names of constants, separated by commas"
_HINTS: Final = {"known": ': write the end of an item\'s id, such as "fn::NAME"'}
NAME_PATTERN: Final = regex(r"[\w*?\[\]!.$-]+")
_HINT: Final = "write a symbol's name, or a pattern such as spam_*"


class MetadataError(Exception):
    """The table holds what cannot be used: the message names the key."""


def check_name(metadata: Mapping[str, Any]) -> None:
    """Raise MetadataError if a table is called nearly as ours is: nobody reads that."""
    for name, table in metadata.items():
        plain = name.casefold().replace("_", "-")
        ours = get_close_matches(plain, (CPYTHON, f"pytest-{CPYTHON}"), 1, _NEAR)
        if ours and name != CPYTHON and isinstance(table, dict):
            raise MetadataError(f"unknown table [package.metadata.{name}]: did you mean [{TABLE}]?")


def raw_table(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the table of a package, empty if it has none. Raises MetadataError."""
    raw = metadata.get("cpython-sys", {})
    if not isinstance(raw, dict):
        raise MetadataError(f"`{TABLE}` must be a table: write [{TABLE}]")
    check_keys(raw, TABLE, _KEYS)
    module = raw.get("module")
    if isinstance(module, dict):
        check_keys(module, f"{TABLE}.module", _MODULE_KEYS)
        _requires(module)
    return raw


def check_keys(table: Mapping[str, Any], name: str, known: Iterable[str]) -> None:
    """Raise MetadataError for a key that is not one of those that are known."""
    unknown = sorted(table.keys() - known)
    if unknown:
        advice = _nearest(unknown[0], "valid keys are", known)
        raise MetadataError(f"unknown key `{unknown[0]}` in [{name}]: {advice}")


def _nearest(word: str, label: str, known: Iterable[str]) -> str:
    """Return a word's nearest neighbour, if it has one, and all that there are."""
    near = get_close_matches(word, sorted(known), 1)
    advice = f"did you mean `{near[0]}`? {label.capitalize()}" if near else label
    return f"{advice} {', '.join(known if isinstance(known, tuple) else sorted(known))}"


def _requires(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a module promises."""
    if not isinstance(table.get("requires", []), list):
        raise MetadataError(
            f'{TABLE}.module.requires must be an array: write requires = ["{PROMISES[0]}"]'
        )
    promised = texts({f"module.{key}": value for key, value in table.items()}, "module.requires")
    for word in promised:
        if word not in PROMISES:
            raise MetadataError(
                f"{TABLE}.module.requires: unknown promise `{word}`: "
                f"{_nearest(word, 'valid promises are', PROMISES)}"
            )
    return tuple(dict.fromkeys(promised))


def is_plain(text: str) -> bool:
    """Tell whether a text is one line with something in it."""
    return bool(text) and not any(character in text for character in "\n\r\0")


def texts(
    raw: Mapping[str, Any], key: str, pattern: re.Pattern[str] | None = None, hint: str = ""
) -> tuple[str, ...]:
    """Return an array of texts. Raises MetadataError; ``hint`` says what fits the pattern."""
    values = raw.get(key, [])
    if not isinstance(values, list):
        raise MetadataError(f'{TABLE}.{key} must be an array of strings: write {key} = ["..."]')
    for value in values:
        if not isinstance(value, str):
            raise MetadataError(f"{TABLE}.{key}: {value!r} is not a string: write it in quotes")
        if not is_plain(value) or (pattern is not None and not pattern.fullmatch(value)):
            advice = f": {hint}" if hint else ""
            raise MetadataError(f"{TABLE}.{key}: {value!r} is not valid{advice}")
    return tuple(values)


@dataclass(frozen=True)
class PolicyTable:
    """What a package says about policies."""

    policies: tuple[str, ...] | None = None
    """Which ones it asks for; None if it does not say."""
    module: str | None = None
    """The name that its extension module is imported by, with the packages around it."""
    calls: tuple[str, ...] = ()
    """Expressions that use the module, evaluated in its namespace."""
    requires: tuple[str, ...] = ()
    """What the module promises: of `PROMISES`."""
    stable_abi: str | None = None
    """The version of the stable ABI that it is built for, with a ``t`` that of abi3t."""


def read_policies(metadata: Mapping[str, Any]) -> PolicyTable:
    """Return what a package's table says of policies. Raises MetadataError."""
    raw = raw_table(metadata)
    table = raw.get("module")
    module = table.get("name") if isinstance(table, dict) else table
    if module is not None and not (isinstance(module, str) and MODULE_NAME.fullmatch(module)):
        key = "module.name" if isinstance(table, dict) else "module"
        raise MetadataError(f"{TABLE}.{key}: {module!r} is not a valid module name")
    calls = texts(raw, "calls")
    for call in calls:
        try:
            compile(call.strip(), "<calls>", "eval")
        except (SyntaxError, ValueError) as error:
            raise MetadataError(
                f"{TABLE}.calls: {call!r} is not a Python expression: {error}"
            ) from None
    stable = raw.get("stable-abi")
    if stable is not None and not (isinstance(stable, str) and _STABLE.fullmatch(stable)):
        raise MetadataError(
            f"{TABLE}.stable-abi: {stable!r} is not a version of the stable ABI: write the oldest "
            'Python that the module supports, such as "3.9" (for abi3t "3.15t" or newer)'
        )
    return PolicyTable(
        policies=texts(raw, "policies", _POLICIES, _CHOICE) if "policies" in raw else None,
        module=module,
        calls=calls,
        requires=_requires(table) if isinstance(table, dict) else (),
        stable_abi=stable,
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
    raw = raw_table(metadata)
    header = raw.get("header")
    if header is not None and (
        not isinstance(header, str) or not is_plain(header) or '"' in header
    ):
        raise MetadataError(f"{TABLE}.header must be the path of a C header, not {header!r}")
    strict = raw.get("const-is-an-error", False)
    if not isinstance(strict, bool):
        raise MetadataError(
            f"{TABLE}.const-is-an-error: {strict!r} is not valid: write true or false"
        )
    return AbiTable(
        header=header,
        include_dirs=texts(raw, "include-dirs"),
        flags=texts(raw, "flags"),
        names=_table(raw, "names", _RUST_NAME, _TYPE_NAME, "a C name in quotes"),
        known=_table(raw, "known", _KNOWN, _REASON, "the reason why it differs"),
        inits=_table(raw, "inits", _RUST_NAME, _EXPRESSION, "a C initialiser without quotes in it"),
        arguments=_arguments(raw),
        symbols=tuple(one.rpartition("::")[2] for one in texts(raw, "symbols", _SYMBOL)),
        const_is_an_error=strict,
        letter=_letter(raw),
    )


def _arguments(raw: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the calls of each ``const fn``: one text, or an array of them."""
    table = raw.get("arguments", {})
    if not isinstance(table, dict):
        raise MetadataError(f"{TABLE}.arguments must be a table")
    found: dict[str, tuple[str, ...]] = {}
    for name, value in table.items():
        if not _RUST_NAME.fullmatch(name):
            raise MetadataError(f"{TABLE}.arguments: {name!r} is not a Rust name")
        calls = [value] if isinstance(value, str) else value
        good = isinstance(calls, list) and calls and all(isinstance(one, str) for one in calls)
        if not good or not all(map(_ARGUMENTS.fullmatch, calls)):
            raise MetadataError(
                f"{TABLE}.arguments.{name}: {value!r} is not valid: write {_ARGUMENTS_HINT}, "
                "in one string, or an array of strings for several calls"
            )
        found[name] = tuple(calls)
    return found


def _letter(raw: Mapping[str, Any]) -> tuple[str, ...] | None:
    value = raw.get("letter", [])
    if value == "error":
        return None
    if not isinstance(value, list):
        meant = f'["{value}"]' if value in LETTERS else '["const", "void"]'
        raise MetadataError(
            f'{TABLE}.letter: {value!r} is not valid: write letter = "error" for all kinds of '
            f"differences, or an array such as letter = {meant}; "
            f"valid kinds are {', '.join(LETTERS)}"
        )
    kinds = texts(raw, "letter")
    for kind in kinds:
        if kind not in LETTERS:
            raise MetadataError(
                f"{TABLE}.letter: unknown kind of difference `{kind}`: "
                f"{_nearest(kind, 'valid kinds are', LETTERS)}"
            )
    return kinds


def _table(
    raw: Mapping[str, Any],
    key: str,
    names: re.Pattern[str],
    values: re.Pattern[str],
    wanted: str,
) -> dict[str, str]:
    table = raw.get(key, {})
    if not isinstance(table, dict):
        raise MetadataError(f"{TABLE}.{key} must be a table")
    for name, value in table.items():
        if not names.fullmatch(name):
            raise MetadataError(f"{TABLE}.{key}: {name!r} is not a valid key{_HINTS.get(key, '')}")
        if not isinstance(value, str) or not values.fullmatch(value):
            raise MetadataError(f"{TABLE}.{key}.{name} must be {wanted}, not {value!r}")
    return dict(table)


@dataclass(frozen=True)
class ExportTable:
    """What a package says about what its library exports."""

    allowed: tuple[str, ...] = ()
    """Patterns of names that need no declaration, and may be called as they like."""
    cbindgen: str | None = None
    """The committed header that cbindgen writes, relative to the package."""


def read_exports(metadata: Mapping[str, Any]) -> ExportTable:
    """Return what the table of a package says of exports. Raises MetadataError."""
    raw = raw_table(metadata)
    header = raw.get("cbindgen")
    if header is not None:
        good = isinstance(header, str) and is_plain(header) and '"' not in header
        if not good or os.path.isabs(header):
            raise MetadataError(
                f"{TABLE}.cbindgen: {header!r} is not the path of a header in the package"
            )
    return ExportTable(texts(raw, "exports", NAME_PATTERN, _HINT), header)
