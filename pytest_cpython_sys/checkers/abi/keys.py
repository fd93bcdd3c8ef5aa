"""Which of Rust's items the keys of a package's table name, and which keys name nothing.

A key is an item's path in Rust or the end of one (``LIMIT``, ``limits::LIMIT``,
``thing::limits::LIMIT``), or what an item's id ends with (``@abi::const::LIMIT``).
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from ...late import regex
from ...rust.metadata import MetadataError, fault, shown
from ...rust.tables.abi import ITEM_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ...case import Case
    from .rustdoc import Crate, Item
    from .rusttypes import RustType

__all__ = ["Keys", "KnownItems", "check_keys", "nearest"]

_LEVEL: Final = "@abi::"
_LABEL: Final = regex(r"@(cp\d+t?)d?(?:-\d+)?::(?=@abi::)")
"""The level of one of several Pythons: its tag."""
_EXAMPLE: Final = ': write the end of an item\'s id, such as "fn::NAME", or remove the key'
_NAMED: Final = {"inits": ("const", "a constant"), "arguments": ("const fn", "a const fn")}
"""What the keys of a table name, if not just anything."""


def _rust_path(key: str) -> str:
    """Return what a key says of a path in Rust."""
    _, level, rest = key.rpartition(_LEVEL)
    if level:
        rest = rest.partition("::")[2]
    return rest.removeprefix("crate::")


def _ends(path: Sequence[str]) -> Iterator[str]:
    """Yield a path and all that it ends with, the longest first."""
    return ("::".join(path[start:]) for start in range(len(path)))


_Value = TypeVar("_Value")


class Keys(Generic[_Value]):
    """A table by keys that name items; the key that says most of a path counts."""

    def __init__(self, crate_name: str, table: Mapping[str, _Value]) -> None:
        self._crate_name = crate_name
        self._values = {_rust_path(key): value for key, value in table.items()}
        self._written = {_rust_path(key): key for key in table}

    def of(self, item: Item) -> _Value | None:
        """Return what the table has for an item."""
        return self._values.get(self._end_of(item))

    def key_of(self, item: Item) -> str:
        """Return the key that names an item, as it is written; empty if there is none."""
        return self._written.get(self._end_of(item), "")

    def _end_of(self, item: Item) -> str:
        if not self._values:
            return ""
        ends = _ends((self._crate_name, *item.path))
        return next((end for end in ends if end in self._values), "")

    def of_foreign(self, name: str) -> _Value | None:
        """Return what the table has for a type of another crate."""
        return self._values.get(name)


def check_keys(
    crate: Crate,
    tables: Mapping[str, Iterable[str]],
    is_written: Callable[[str], bool],
) -> list[str]:
    """Return which keys of some tables name what the sources have and this build has not.

    ``is_written`` tells whether the names of a path stand in the sources. Raises MetadataError
    for a key that names nothing at all.
    """
    if not any(tables.values()):
        return []
    items = [*crate.items, *crate.types.values()]
    every = _ends_of(crate, items)
    left_out, faults = [], []
    for table, keys in tables.items():
        kind, what = _NAMED.get(table, ("", "an item"))
        named = _ends_of(crate, [one for one in items if kind in ("", one.kind)])
        if table == "names":
            named |= {one.name for item in items for one in _types(item) if one.foreign}
        for key in keys:
            path = _rust_path(key).removeprefix(f"{crate.name}::")
            if path in named:
                continue
            if path not in every and is_written(path):
                left_out.append(f"{table}: {key}")
                continue
            near = nearest(path, named) or ": correct or remove the key"
            text = f"`{table}`: {shown(key)} is not {what} of {crate.name}{near}"
            faults.append(fault(text, table, key))
    if faults:
        raise MetadataError(*faults)
    return left_out


def _ends_of(crate: Crate, items: Iterable[Item]) -> set[str]:
    return {end for item in items for end in _ends((crate.name, *item.path))}


def _types(item: Item) -> Iterator[RustType]:
    waiting = [field.type for field in item.fields]
    if item.type is not None:
        waiting.append(item.type)
    while waiting:
        one = waiting.pop()
        yield one
        waiting += one.parts


def nearest(wanted: str, known: Iterable[str]) -> str:
    """Return the end of a message: the name that was probably meant."""
    near = get_close_matches(wanted, known, 1)
    if not near:  # in another module, or of another kind
        last = wanted.rpartition("::")[2]
        near = get_close_matches(last, {name.rpartition("::")[2] for name in known}, 1)
    return f": did you mean `{near[0]}`?" if near else ""


class KnownItems:
    """The items that a package's table says to differ, with a Python of some tag."""

    def __init__(self, crate_name: str, known: Mapping[str, str], tag: str = "") -> None:
        self._crate_name = crate_name
        self._known: dict[str, str] = {}
        self._of_others: list[str] = []
        for key, reason in known.items():
            label = _LABEL.search(key)
            if label is None or label[1] == tag:
                self._known[_LABEL.sub("", key)] = reason
            else:
                self._of_others.append(f"known: {key}")
        self._used: dict[str, set[str]] = {}
        """The kinds of items that each key names."""
        self._ids: list[str] = []

    def reason(self, case: Case, kind: str, item: Item | None) -> str | None:
        """Return why an item is known to fail; None if it is not."""
        key = self.key(case, kind, item)
        return self._known[key] if key is not None else None

    def key(self, case: Case, kind: str, item: Item | None) -> str | None:
        """Return the key that says of an item that it is known to fail; None if there is none."""
        if not self._known:
            return None
        full = f"{case.file}::{'::'.join(case.levels)}".replace("\\", "/")
        own = full.rpartition(_LEVEL)[2]
        self._ids.append(own)
        paths = set()
        if item is not None:
            ends = [*_ends((self._crate_name, *item.path))]
            paths = {*ends, *(f"{kind}::{end}" for end in ends)}
        found = None
        for key in self._known:
            before, level, rest = key.rpartition(_LEVEL)
            # The file, and the levels before ours, where the key has them.
            place = not before or f"::{full}".endswith((f"/{key}", f"::{key}"))
            if place and (rest == own or (not level and rest.replace("crate::", "") in paths)):
                self._used.setdefault(key, set()).add(kind)
                found = found or key
        return found

    def check(self, is_elsewhere: Callable[[str], bool], why_not: Mapping[str, str]) -> list[str]:
        """Return keys that name what this run leaves out; raises MetadataError for any other.

        ``is_elsewhere`` tells of a path in Rust whether it is left out, ``why_not`` why there is
        no item of a path.
        """
        left_out, faults = list(self._of_others), []
        for key, kinds in self._used.items():
            if len(kinds) > 1:
                ids = " or ".join(f'"{kind}::{key}"' for kind in sorted(kinds))
                text = f"`known`: {shown(key)} matches several items: write {ids}"
                faults.append(fault(text, "known", key))
        for key in sorted(self._known.keys() - self._used.keys()):
            kind, _, path = key.rpartition(_LEVEL)[2].partition("::")
            if kind not in ITEM_KINDS:
                path = key
            if is_elsewhere(path):
                left_out.append(f"known: {key}")
                continue
            reason = why_not.get(path)
            near = nearest(key.rpartition(_LEVEL)[2], self._ids) or _EXAMPLE
            words = f": {reason}" if reason else near
            text = f"`known`: {shown(key)} is not an item of this package{words}"
            faults.append(fault(text, "known", key))
        if faults:
            raise MetadataError(*faults)
        return left_out
