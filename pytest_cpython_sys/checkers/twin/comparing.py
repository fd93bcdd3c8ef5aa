"""What two modules show to their users, side by side."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ...rust.tables.twin import TwinTable

    _Entries = Mapping[str, Mapping[str, Any]]

__all__ = ["twin_differences"]

_SHOWN: Final = 12


def twin_differences(ours: _Entries, theirs: _Entries, table: TwinTable) -> Iterator[str]:
    """Yield a text for each difference that the table does not know, and each that is gone.

    Of a twin in part, its names alone are compared. Names are those of the modules; what is
    compared of one follows it: ``crc32.__doc__``, ``crc32.__signature__``.
    """
    unused = dict(table.known)
    names = {*ours, *theirs}
    if table.names is not None:
        for pattern in table.names:
            if not any(fnmatchcase(name, pattern) for name in names):
                advice = "correct `twin-names`"
                if "." in pattern:
                    advice = "list names of the module in `twin-names`, not their attributes"
                yield (
                    f"    {pattern}: neither this module nor {table.twin} has this name: {advice}"
                )
        names = {name for name in names if _is_of(table.names, name)}
    for name, text in _all(names, ours, theirs, table.twin):
        matching = [pattern for pattern in table.known if fnmatchcase(name, pattern)]
        for pattern in matching:
            unused.pop(pattern, None)
        if not matching:
            yield f"    {name}: {text}"
    for pattern in unused:
        why = "no longer differs"
        if table.names is not None and not _is_of(table.names, pattern):
            why = "is not among `twin-names`"
        yield f"    {pattern}: {why}: remove it from `twin-known`"


def _is_of(patterns: Iterable[str], name: str) -> bool:
    """Tell whether a name, or the class that it is in, is one that is meant."""
    names = (name, name.rpartition(".")[0])
    return any(fnmatchcase(one, pattern) for one in names if one for pattern in patterns)


def _all(names: set[str], ours: _Entries, theirs: _Entries, twin: str) -> Iterator[tuple[str, str]]:
    for name in sorted(names):
        parent = name.rpartition(".")[0]
        if parent in names and (parent not in ours or parent not in theirs):
            continue  # that its class is missing says it all
        if name not in ours:
            shown = theirs[name].get("signature") or ""
            yield name, f"missing; {twin} has {name.rpartition('.')[2]}{shown}"
        elif name not in theirs:
            yield name, f"{twin} does not have this name"
        else:
            yield from _one(name, ours[name], theirs[name], twin)


def _one(
    name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], twin: str
) -> Iterator[tuple[str, str]]:
    kinds = ours.get("kind"), theirs.get("kind")
    if kinds[0] != kinds[1]:
        yield name, f"the kind is {kinds[0]}, but {kinds[1]} in {twin}"
        return
    # Where the twin says nothing of its arguments there is nothing to be like.
    wanted = theirs.get("signature")
    if wanted is not None and ours.get("signature") != wanted:
        have = ours.get("signature") or "unknown: the docstring does not begin with a signature"
        yield f"{name}.__signature__", f"{have}\n        in {twin}: {wanted}"
    old, new = str(theirs.get("doc", "")), str(ours.get("doc", ""))
    if old != new:
        key = name if name == "__doc__" else f"{name}.__doc__"
        diff = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm=""))
        lines = [line for line in diff[2:] if not line.startswith("@@")]
        more = ["..."] if len(lines) > _SHOWN else []
        shown = "".join(f"\n        {line}" for line in [*lines[:_SHOWN], *more])
        yield key, f"the docstring differs (-: {twin}, +: this module){shown}"
