"""The table ``[package.metadata.cpython-sys]`` of a manifest: all that it may hold, checked.

Whatever is used in C source or on a command line is checked: names are identifiers, and
expressions hold no quote, no line end and no directive. What is said of C is in `tables.abi`.
"""

from __future__ import annotations

import json
import os.path
import textwrap
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from ..late import dataclass, regex

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping, Sequence

    from ..cargo import Package

__all__ = [
    "ABI_KEYS",
    "CPYTHON",
    "HEADER_PATH",
    "MODULE_NAME",
    "NAME_PATTERN",
    "POLICIES",
    "POLICY_KEYS",
    "PROMISES",
    "TABLE",
    "ExportTable",
    "Fault",
    "MetadataError",
    "Policy",
    "PolicyTable",
    "Reader",
    "check_name",
    "elsewhere",
    "fault",
    "is_plain",
    "nearest",
    "no_string",
    "opened",
    "raw_table",
    "read_exports",
    "read_policies",
    "shown",
]

TABLE: Final = "package.metadata.cpython-sys"
ABI_KEYS: Final = frozenset(
    {
        *("header", "include-dirs", "flags", "names", "arguments", "known", "inits", "symbols"),
        *("const-is-an-error", "letter"),
    }
)
POLICY_KEYS: Final = frozenset(
    {
        *("policies", "module", "calls", "stable-abi"),
        *("exports", "cbindgen", "api"),
        *("twin", "twin-tests", "twin-names", "twin-known"),
    }
)
_KEYS: Final = ABI_KEYS | POLICY_KEYS
Policy = Literal["clippy", "fmt", "modules", "symbols", "unsafe"]
POLICIES: Final = get_args(Policy)
MODULE_NAME: Final = regex(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
PROMISES: Final = (
    *("not-gil", "multi-phase", "PyModExport", "no-legacy-init"),
    *("immutable-types", "final-types"),
)
"""What a module may promise to declare, and of the types that it makes."""
_MODULE_KEYS: Final = ("name", "requires")
_STABLE: Final = regex(r"3\.(?:[2-9]|[1-9]\d+)|3\.(?:1[5-9]|[2-9]\d)t")
CPYTHON: Final = "cpython-sys"
_NEAR: Final = 0.9
"""How alike the name of another tool's table and ours may not be."""
HEADER_PATH: Final = regex(r'[^"\n\r\0]+')
NAME_PATTERN: Final = regex(r"[\w*?\[\]!.$-]+")
_HINT: Final = "write a symbol's name, or a pattern such as spam_*"
_WIDTH: Final = 76
_BARE: Final = regex(r"[A-Za-z0-9_-]+")
"""A key that TOML takes without quotes."""
_LONGEST: Final = 60
"""Characters of a value that are shown."""


class Fault(NamedTuple):
    """Something in the table that cannot be used."""

    text: str
    keys: tuple[str, ...] = ()
    """Where it stands: the keys below ``package.metadata``, the outermost first."""
    advice: str = ""
    """What is told once, however many faults have it in common."""


class MetadataError(Exception):
    """The table holds what cannot be used: each fault names its key."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("; ".join(fault.text for fault in faults))


def fault(text: str, *keys: str, advice: str = "") -> Fault:
    """Return a fault at a key of the table, given with the keys around it."""
    return Fault(text, (CPYTHON, *keys), advice)


def elsewhere(package: Package) -> str:
    """Return why nothing is evaluated that a wrong table configures: `@metadata` says it all."""
    return f"not evaluated: see Cargo.toml::@metadata of the package `{package.name}`"


def check_name(metadata: Mapping[str, Any]) -> None:
    """Raise MetadataError if a table is called nearly as ours is: nobody reads that."""
    for name, table in metadata.items():
        plain = name.casefold().replace("_", "-")
        ours = get_close_matches(plain, (CPYTHON, f"pytest-{CPYTHON}"), 1, _NEAR)
        if ours and name != CPYTHON and isinstance(table, dict):
            text = f"unknown table [package.metadata.{name}]: did you mean [{TABLE}]?"
            raise MetadataError(Fault(text, (name,)))


def raw_table(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the table of a package, empty if it has none.

    Raises MetadataError for unknown keys; values are not looked at.
    """
    table = opened(metadata)
    table.check()
    return table.raw


def opened(metadata: Mapping[str, Any]) -> Reader:
    """Return the table of a package, empty if it has none. Raises MetadataError if it is none."""
    raw = metadata.get("cpython-sys", {})
    if not isinstance(raw, dict):
        text = f"`{CPYTHON}` must be a table, not {shown(raw)}: write [{TABLE}]"
        raise MetadataError(fault(text))
    table = Reader(raw, _KEYS)
    if isinstance(raw.get("module"), dict):
        table.inside("module", _MODULE_KEYS)
    return table


def shown(value: object) -> str:
    """Return a value nearly as TOML writes it."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def no_string(key: str, value: object, example: str) -> str:
    """Return the end of a message about a value that must be a string, with one to write."""
    written = key if _BARE.fullmatch(key) else shown(key)
    return f"must be a string, not {shown(value)}: write {written} = {shown(example)}"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a question for the nearest of some words, or all of them to choose from."""
    words = [*known]
    near = get_close_matches(word, words, 1)
    return f"did you mean `{near[0]}`?" if near else f"choose from {', '.join(words)}"


def is_plain(text: str) -> bool:
    """Tell whether a text is one line with something in it."""
    return bool(text) and not any(character in text for character in "\n\r\0")


class Reader:
    """Reads a table, and keeps what is wrong with it: all of that is told at once."""

    def __init__(
        self,
        raw: Mapping[str, Any],
        known: Iterable[str],
        at: tuple[str, ...] = (),
        faults: list[Fault] | None = None,
    ) -> None:
        self.raw = raw
        self._at = at
        self._faults = faults if faults is not None else []
        self._inside: dict[str, Reader] = {}
        valid = sorted(known)
        for key in sorted(raw.keys() - {*valid}):
            self._refuse_key(key, valid)

    def _refuse_key(self, key: str, valid: Sequence[str]) -> None:
        text = f"unknown key `{self.name(key)}`"
        near = get_close_matches(key, valid, 1)
        if near and near[0] in self.raw:
            advice = f"remove it, because `{self.name(near[0])}` is set"
            self.refuse(f"{text}: {advice}", key)
            return
        if near:
            self.refuse(f"{text}: did you mean `{self.name(near[0])}`?", key)
            return
        keys = textwrap.fill(
            ", ".join(valid),
            _WIDTH,
            initial_indent="    ",
            subsequent_indent="    ",
            break_on_hyphens=False,
        )
        table = ".".join((TABLE, *self._at))
        self.refuse(text, key, advice=f"valid keys in [{table}] are\n{keys}")

    def name(self, key: str) -> str:
        """Return what a key is called in the whole table."""
        return ".".join((*self._at, key))

    def refuse(self, text: str, *keys: str, advice: str = "") -> None:
        """Keep a fault, at the keys below this table."""
        self._faults.append(fault(text, *self._at, *keys, advice=advice))

    def check(self) -> None:
        """Raise MetadataError if there is any fault."""
        if self._faults:
            raise MetadataError(*self._faults)

    def inside(self, key: str, known: Iterable[str]) -> Reader:
        """Return a table within this one, which shares its faults."""
        if key not in self._inside:
            self._inside[key] = Reader(self.raw[key], known, (*self._at, key), self._faults)
        return self._inside[key]

    def string(self, key: str, good: re.Pattern[str], wanted: str, example: str) -> str | None:
        """Return a string; None if there is none. ``wanted`` says what it must be."""
        value = self.raw.get(key)
        if value is None or (isinstance(value, str) and good.fullmatch(value)):
            return value
        if isinstance(value, str):
            text = f"{shown(value)} is not {wanted}: write one such as {shown(example)}"
            self.refuse(f"`{self.name(key)}`: {text}", key)
        else:
            self.refuse(f"`{self.name(key)}` {no_string(key, value, example)}", key)
        return None

    def strings(
        self,
        key: str,
        good: re.Pattern[str] | None = None,
        hint: str = "write a text of one line",
        example: str = "...",
    ) -> tuple[str, ...]:
        """Return an array of strings; ``hint`` says what fits the pattern."""
        values = self.raw.get(key, [])
        if not isinstance(values, list):
            one = shown(values if isinstance(values, str) else example)
            text = f"must be an array of strings, not {shown(values)}: write {key} = [{one}]"
            self.refuse(f"`{self.name(key)}` {text}", key)
            return ()
        for value in values:
            if not isinstance(value, str):
                text = f"must be an array of strings, but contains {shown(value)}: write {key} = "
                self.refuse(f"`{self.name(key)}` {text}[{shown(example)}]", key)
            elif not is_plain(value) or (good is not None and not good.fullmatch(value)):
                self.refuse(f"`{self.name(key)}`: {shown(value)} is not valid: {hint}", key)
        return tuple(value for value in values if isinstance(value, str))

    def choices(self, key: str, what: str, known: Sequence[str]) -> tuple[str, ...]:
        """Return an array of words, each one of those that are known and called ``what``."""
        found = self.strings(key, example=known[0])
        for word in found:
            if is_plain(word) and word not in known:
                self.refuse(f"unknown {what} `{word}`: {nearest(word, known)}", key)
        return tuple(dict.fromkeys(found))

    def table(self, key: str, example: str) -> Mapping[str, Any]:
        """Return a table within this one as it is; ``example`` is one to write."""
        value = self.raw.get(key, {})
        if isinstance(value, dict):
            return value
        words = f"must be a table, not {shown(value)}: write {key} = {example}"
        self.refuse(f"`{self.name(key)}` {words}", key)
        return {}


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
    table = opened(metadata)
    named, key = table, "module"
    requires: tuple[str, ...] = ()
    if isinstance(table.raw.get("module"), dict):
        named, key = table.inside("module", _MODULE_KEYS), "name"
        requires = named.choices("requires", "promise", PROMISES)
    module = named.string(key, MODULE_NAME, "a valid module name", "spam._native")
    meant = str(table.raw.get("stable-abi"))
    stable = table.string(
        "stable-abi",
        _STABLE,
        "a version of the stable ABI (the oldest Python that the module supports; for abi3t "
        '"3.15t" or newer)',
        meant if _STABLE.fullmatch(meant) else "3.9",
    )
    asks = "policies" in table.raw
    policies = table.choices("policies", "policy", POLICIES) if asks else None
    read = PolicyTable(policies, module, _calls(table), requires, stable)
    table.check()
    return read


def _calls(table: Reader) -> tuple[str, ...]:
    """Return the calls of a module; those that do not compile are refused."""
    calls = table.strings("calls", example="spam.eat(1)")
    for call in calls:
        try:
            compile(call.strip(), "<calls>", "eval")
        except (SyntaxError, ValueError) as error:
            said = error.msg if isinstance(error, SyntaxError) else error
            table.refuse(f"`calls`: {shown(call)} is not a Python expression: {said}", "calls")
    return calls


@dataclass(frozen=True)
class ExportTable:
    """What a package says about what its library exports."""

    allowed: tuple[str, ...] = ()
    """Patterns of names that need no declaration, and may be called as they like."""
    cbindgen: str | None = None
    """The committed header that cbindgen writes, relative to the package."""


def read_exports(metadata: Mapping[str, Any]) -> ExportTable:
    """Return what the table of a package says of exports. Raises MetadataError."""
    table = opened(metadata)
    header = table.string(
        "cbindgen",
        HEADER_PATH,
        "the path of a header, relative to the package",
        "NAME.h",
    )
    if header is not None and os.path.isabs(header):
        text = "is not a relative path: write it relative to the package"
        table.refuse(f"`cbindgen`: {shown(header)} {text}", "cbindgen")
    read = ExportTable(table.strings("exports", NAME_PATTERN, _HINT, "spam_*"), header)
    table.check()
    return read
