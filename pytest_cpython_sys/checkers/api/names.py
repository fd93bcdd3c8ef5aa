"""What the names of the table lead to: one rule for functions, types and modules.

The whole path from the crate's root comes first. Else a name is the end of one path, and no more.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ...late import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from .surface import Function, Surface

__all__ = ["Names", "UnknownNameError", "pick"]

_ROOT: Final = regex(r"(?<![\w:>])(?:crate)?::")
_LIBRARY: Final = regex(r"(?<![\w:>])(?:std|core|alloc)::")
_SPACE: Final = regex(r"\s*([<>,&])\s*")
_TYPES: Final = frozenset(("struct", "union", "enum", "type_alias", "typedef", "foreign_type"))
_ALIASES: Final = ("type_alias", "typedef")
_NEAR: Final = 3


class UnknownNameError(Exception):
    """A name that leads to nothing, or to several things."""


def pick(name: str, crate: str, paths: Iterable[str]) -> list[str]:
    """Return the paths that a name may mean: the whole path if there is one, else all ends."""
    known = set(paths)
    if name in known:
        return [name]
    plain = _ROOT.sub("", name)
    rooted = plain != name
    if not rooted and plain.startswith(f"{crate}::"):
        plain, rooted = plain[len(crate) + 2 :], True
    if plain in known:
        return [plain]
    return [] if rooted else sorted(path for path in known if path.endswith(f"::{name}"))


class Names:
    """The names in a crate."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface
        self._own: dict[str, list[str]] = {}
        """The ids of the crate's types, by path."""
        self._others: dict[str, list[str]] = {}
        """Those of other crates' types."""
        self._kinds: dict[str, str] = {}
        for item in surface.items.values():
            self._own.setdefault("::".join(item.path), []).append(item.id)
            self._kinds[item.id] = item.kind
        for key, one in surface.paths.items():
            if one["kind"] in _TYPES and key not in self._kinds:
                crate, *rest = one["path"]
                own = crate == surface.crate and rest
                found = self._own if own else self._others
                found.setdefault("::".join(rest if own else one["path"]), []).append(key)
                self._kinds[key] = one["kind"]

    # -- types ----------------------------------------------------------------------------------

    def type(self, key: str, name: str) -> str:
        """Return the id of a type of the crate. Raises UnknownNameError."""
        found = self._pick(key, name, "types", self._own)
        if found is None:
            others = pick(name, "", self._others)
            if others:
                raise UnknownNameError(
                    f"`api.{key}`: {name!r} is a type of the crate {others[0].partition('::')[0]}, "
                    "not of this one: write the rule in the manifest of that crate"
                )
            raise UnknownNameError(_nothing(key, name, "type", self._own))
        return self._checked(key, name, self._own[found])[0]

    def any_type(self, key: str, name: str) -> list[str]:
        """Return the ids of a type of whatever crate; this one's own comes first."""
        for known in (self._own, self._others):
            found = self._pick(key, name, "types", known)
            if found is not None:
                return self._checked(key, name, known[found])
        raise UnknownNameError(_nothing(key, name, "type", self._own))

    def _checked(self, key: str, name: str, ids: list[str]) -> list[str]:
        kind = self._kinds[ids[0]]
        if kind == "trait" or (kind in _ALIASES and ids[0] in self._surface.items):
            what = "a trait: name a type" if kind == "trait" else "an alias: name the type itself"
            raise UnknownNameError(f"`api.{key}`: {name!r} is {what}")
        return ids

    @cached_property
    def _written(self) -> dict[str, list[Function]]:
        """The functions by their whole names."""
        found: dict[str, list[Function]] = {}
        for one in self._surface.functions.values():
            found.setdefault(_plain(self._surface.written(one)), []).append(one)
        return found

    # -- functions and modules ------------------------------------------------------------------

    def function(self, key: str, name: str) -> str | None:
        """Return the id of a function; None if the crate has none. Raises UnknownNameError."""
        found = list(self._functions(name))
        written = {self._surface.written(one): one for one in found}
        if len(written) > 1:
            raise UnknownNameError(_several(key, name, "functions", sorted(written)))
        return found[0].id if found else None

    def _functions(self, name: str) -> Iterator[Function]:
        """Yield the functions that a name may mean."""
        wanted = _plain(_ROOT.sub("", name))
        functions = self._surface.functions.values()
        exact = self._written.get(wanted)
        if exact:
            yield from exact
        elif "<" in wanted:
            for one in functions:
                if wanted == _plain(one.shown) or wanted in self._spellings(one):
                    yield one
        else:
            paths = ["::".join(one.path) for one in functions]
            meant = pick(name, self._surface.crate, paths)
            yield from (one for one in functions if "::".join(one.path) in meant)

    def _spellings(self, function: Function) -> set[str]:
        """Return how the method of a trait, or of a type with arguments, may be written."""
        written = self._surface.written(function)
        if " as " not in written:
            return {
                _plain(f"{one}::{function.name}") for one in _ends(written[: written.rfind("::")])
            }
        of, trait = self._surface.written_parts(function)
        return {
            _plain(f"<{one} as {other}>::{function.name}")
            for one in _ends(of)
            for other in _ends(trait)
        }

    def no_function(self, key: str, name: str) -> UnknownNameError:
        """Return what to say of a name that no function has."""
        functions = self._surface.functions.values()
        known = {"::".join(one.path) for one in functions} | {one.shown for one in functions}
        return UnknownNameError(_nothing(key, name, "function", known))

    def outside(self, key: str, name: str, called: Collection[str]) -> str:
        """Return the path, one of several, of what is called. Raises UnknownNameError."""
        found = pick(name, "", called)
        if len(found) > 1:
            raise UnknownNameError(_several(key, name, "functions", found))
        if not found:
            raise self.no_function(key, name)
        return found[0]

    def module(self, key: str, name: str) -> str:
        """Return the path of a module. Raises UnknownNameError."""
        known: dict[str, list[str]] = {
            "::".join(path): [] for path in self._surface.modules if path
        }
        found = self._pick(key, name, "modules", known)
        if found is None:
            raise UnknownNameError(_nothing(key, name, "module", known))
        return found

    def _pick(
        self, key: str, name: str, kinds: str, known: Mapping[str, Sequence[str]]
    ) -> str | None:
        found = pick(name, self._surface.crate, known)
        if len(found) > 1:
            raise UnknownNameError(_several(key, name, kinds, found))
        return found[0] if found else None


def _plain(name: str) -> str:
    """Return a name without what may be left out: spaces, and the standard library's name."""
    return _LIBRARY.sub("", _SPACE.sub(r"\1", " ".join(name.split())))


def _ends(path: str) -> Iterator[str]:
    """Yield a path with arguments and all ends of it, with and without the arguments."""
    head, bracket, rest = path.partition("<")
    parts = head.split("::")
    for start in range(len(parts)):
        end = "::".join(parts[start:])
        yield f"{end}{bracket}{rest}"
        yield end


def _nothing(key: str, name: str, kind: str, known: Collection[str]) -> str:
    size = name.count("::") + 1
    pool = {path if "<" in path else "::".join(path.split("::")[-size:]) for path in known}
    near = get_close_matches(name, sorted(pool | set(known)), _NEAR)
    last = name.rpartition("::")[2]
    near += sorted(path for path in known if path.rpartition("::")[2] == last)
    near = list(dict.fromkeys(near))[:_NEAR]
    advice = f": did you mean {' or '.join(map(repr, near))}?" if near else ": correct it"
    return f"`api.{key}`: the crate has no {kind} {name!r}{advice}"


def _several(key: str, name: str, kinds: str, paths: Sequence[str]) -> str:
    return (
        f"`api.{key}`: {name!r} is the name of several {kinds}: write more of the path "
        f"({', '.join(paths)})"
    )
