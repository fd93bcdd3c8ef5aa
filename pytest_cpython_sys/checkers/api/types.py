"""Types in rustdoc's JSON: how rustc writes them, what they lead to, what is in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ...late import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["ANY", "Types", "normalised"]

_LIFETIME: Final = regex(r"'(?:\w+|\{erased\})(?: \+ | )?")
_PREFIX: Final = regex(r"(?<![\w>])(?:\w+::)+(?=\w)")
_EMPTY: Final = regex(r"<(?:, ?)*>|(?<=<)(?:, ?)+|(?:, ?)+(?=>)")
ANY: Final = ".+"
_CONST: Final = "const"
_NOTHING: Final = "(?!)"
# What owns the value that it is made of, and what stands for one.
_OWNERS: Final = frozenset({"Arc", "Box", "ManuallyDrop", "Pin", "Rc", "Ref", "RefMut"})
_PHANTOM: Final = "PhantomData"


def normalised(text: str) -> str:
    """Return a type as rustc writes it, without lifetimes and without the modules of its names."""
    text = _PREFIX.sub("", _LIFETIME.sub("", text)).replace("::<", "<").replace(" ", "")
    return _EMPTY.sub("", text)


class Types:
    """What a file of rustdoc says of types; ``index`` and ``paths`` are the file's own."""

    def __init__(self, index: Mapping[str, Any], paths: Mapping[str, Any]) -> None:
        self._index, self._paths = index, paths

    def path(self, key: object) -> tuple[str, ...]:
        """Return the path of an item, its crate's name first; none where nobody knows it."""
        found = self._paths.get(str(key))
        return tuple(found["path"]) if found is not None else ()

    def path_of(self, raw: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the whole path of what a ``resolved_path`` or a trait leads to."""
        return self.path(raw["id"]) or tuple(str(raw.get("path") or raw.get("name")).split("::"))

    # -- how it is written ----------------------------------------------------------------------

    def pattern(self, raw: Any, free: frozenset[str] = frozenset(), unknown: str = _NOTHING) -> str:
        """Return a pattern of what `normalised` makes of a type.

        ``free`` may be anything; ``unknown`` is what stands for what only rustc knows.
        """
        if raw is None:
            return r"\(\)"
        kind: str
        value: Any
        kind, value = next(iter(raw.items())) if isinstance(raw, dict) else (str(raw), None)

        def inside(one: Any) -> str:
            return self.pattern(one, free, unknown)

        if kind == "generic":
            return ANY if value in free or value == _CONST else re.escape(value)
        if kind == "primitive":
            return "!" if value == "never" else re.escape(value)
        if kind == "borrowed_ref":
            return f"&{'mut' if value['is_mutable'] else ''}{inside(value['type'])}"
        if kind == "raw_pointer":
            return rf"\*{'mut' if value['is_mutable'] else 'const'}{inside(value['type'])}"
        if kind == "slice":
            return rf"\[{inside(value)}\]"
        if kind == "array":
            return rf"\[{inside(value['type'])};.+\]"
        if kind == "tuple":
            return rf"\({','.join(map(inside, value))},?\)"
        if kind == "resolved_path":
            return self.path_pattern(value, free, unknown)
        return {"function_pointer": ".*fn\\(.*", "dyn_trait": ".*dyn.+"}.get(kind, unknown)

    def path_pattern(
        self, raw: Mapping[str, Any], free: frozenset[str] = frozenset(), unknown: str = _NOTHING
    ) -> str:
        """Return the pattern of a ``resolved_path``, or of a trait, with its arguments."""
        item, known = self._index.get(str(raw["id"])), self._paths.get(str(raw["id"]))
        if item is not None and "type_alias" in item["inner"]:
            alias = item["inner"]["type_alias"]
            if alias["generics"]["params"]:
                return unknown
            return self.pattern(alias["type"], free, unknown)
        if known is not None and known["kind"] in ("type_alias", "typedef"):
            return unknown  # rustc writes what it stands for
        arguments = list(self.arguments(raw))
        name = re.escape(self.path_of(raw)[-1])
        if not arguments:
            return f"{name}(?:<.+>)?"
        return f"{name}<{','.join(self.pattern(one, free, unknown) for one in arguments)}(?:,.+)?>"

    def shown(self, raw: Any) -> str:
        """Return the name of a type as people know it."""
        if isinstance(raw, dict):
            (kind, value), *_ = raw.items()
            if kind == "resolved_path":
                return self.path_of(value)[-1]
            if kind in ("generic", "primitive"):
                return str(value)
            if kind == "borrowed_ref":
                return f"&{'mut ' if value['is_mutable'] else ''}{self.shown(value['type'])}"
        return "_"

    def written(self, raw: Any, crate: str, free: frozenset[str] = frozenset()) -> str:
        """Return a type with its path, below the root for one of this crate, and its arguments.

        They are left out where all of them are ``free``.
        """
        raw = self.resolved(raw)
        kind: str
        value: Any
        kind, value = next(iter(raw.items())) if isinstance(raw, dict) else ("", None)
        if kind == "resolved_path":
            path = self.path_of(value)
            name = "::".join(path[1:] if path[0] == crate and len(path) > 1 else path)
            arguments = [self.written(one, crate, free) for one in self.arguments(value)]
            return f"{name}<{', '.join(arguments)}>" if set(arguments) - free else name
        if kind == "borrowed_ref":
            of = self.written(value["type"], crate, free)
            return f"&{'mut ' if value['is_mutable'] else ''}{of}"
        if kind == "raw_pointer":
            of = self.written(value["type"], crate, free)
            return f"*{'mut' if value['is_mutable'] else 'const'} {of}"
        if kind == "tuple":
            return f"({', '.join(self.written(one, crate, free) for one in value)})"
        if kind == "slice":
            return f"[{self.written(value, crate, free)}]"
        if kind == "array":
            return f"[{self.written(value['type'], crate, free)}; {value['len']}]"
        return str(value) if kind in ("generic", "primitive") else "_"

    @staticmethod
    def arguments(raw: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the types and constants that a path has as arguments."""
        generic = (raw.get("args") or {}).get("angle_bracketed") or {}
        for argument in generic.get("args", ()):
            if isinstance(argument, dict) and "type" in argument:
                yield argument["type"]
            elif isinstance(argument, dict) and "const" in argument:
                yield {"generic": _CONST}

    # -- what it leads to -----------------------------------------------------------------------

    def resolved(self, raw: Any, own: Any = None) -> Any:
        """Return what an alias or ``Self`` (``own``) stands for; other types as they are."""
        for _ in range(8):
            if raw == {"generic": "Self"} and own is not None:
                raw = own
                continue
            path = raw.get("resolved_path") if isinstance(raw, dict) else None
            item = self._index.get(str(path["id"])) if path is not None else None
            if item is None or "type_alias" not in item["inner"]:
                return raw
            raw = item["inner"]["type_alias"]["type"]
        return raw

    def projected(self, raw: Any, more: Mapping[str, Any]) -> Any:
        """Return a piece of JSON with ``Self::NAME`` replaced by what it stands for."""
        if isinstance(raw, list):
            return [self.projected(one, more) for one in raw]
        if not isinstance(raw, dict):
            return raw
        path = raw.get("qualified_path")
        if path is not None and path["self_type"] == {"generic": "Self"} and path["name"] in more:
            return more[path["name"]]
        return {name: self.projected(value, more) for name, value in raw.items()}

    @staticmethod
    def is_one_of(raw: Any, ids: Collection[str]) -> bool:
        """Tell whether a type is one of several, by their ids."""
        path = raw.get("resolved_path") if isinstance(raw, dict) else None
        return path is not None and str(path["id"]) in ids

    def local(self, raw: Any) -> Iterator[str]:
        """Yield the ids of all types of this crate in a piece of JSON."""
        if isinstance(raw, dict):
            path = raw.get("resolved_path")
            if path is not None and str(path["id"]) in self._index:
                yield str(path["id"])
            for value in raw.values():
                yield from self.local(value)
        elif isinstance(raw, list):
            for value in raw:
                yield from self.local(value)

    def fields(self, key: str) -> Iterator[Mapping[str, Any]]:
        """Yield the fields of a struct or a union."""
        inner = self._index[key]["inner"]
        keys: list[object] = []
        if "union" in inner:
            keys = inner["union"]["fields"]
        elif "struct" in inner and isinstance(inner["struct"]["kind"], dict):
            kind = inner["struct"]["kind"]
            keys = kind["tuple"] if "tuple" in kind else kind["plain"]["fields"]
        for one in keys:
            found = self._index.get(str(one))
            if found is not None:
                yield found

    def holds(self, raw: Any, ids: Collection[str], own: Any = None) -> bool:
        """Tell whether whoever has a value of a type has one of others, by their ids."""
        return self._holds(raw, ids, own, inside=False, seen=set())

    def _holds(
        self, raw: Any, ids: Collection[str], own: Any, *, inside: bool, seen: set[str]
    ) -> bool:
        raw = self.resolved(raw, own)
        if not isinstance(raw, dict):
            return False
        if self.is_one_of(raw, ids):
            return True
        (kind, value), *_ = raw.items()
        again: list[Any] = []
        if kind == "borrowed_ref":
            again = [value["type"]]
        elif kind == "tuple":
            again = value
        elif kind == "resolved_path":
            key, name = str(value["id"]), self.path_of(value)[-1]
            item = self._index.get(key)
            if item is not None and "struct" in item["inner"]:
                if key in seen:
                    return False
                seen.add(key)
                inside = True
                again = [one["inner"]["struct_field"] for one in self.fields(key)]
            elif item is None and (name in _OWNERS or (inside and name == _PHANTOM)):
                again = list(self.arguments(value))
        return any(self._holds(one, ids, own, inside=inside, seen=seen) for one in again)

    def mutably(self, raw: Any, ids: Collection[str], own: Any) -> bool:
        """Tell whether ``&mut`` of a type, by its id, is anywhere in a piece of JSON."""
        if isinstance(raw, list):
            return any(self.mutably(one, ids, own) for one in raw)
        if not isinstance(raw, dict):
            return False
        found = self.resolved(raw, own)
        if found is not raw:
            return self.mutably(found, ids, None)
        reference = raw.get("borrowed_ref")
        if reference is not None and reference["is_mutable"]:
            pointee = self.resolved(reference["type"], own)
            while isinstance(pointee, dict) and ("slice" in pointee or "array" in pointee):
                pointee = pointee.get("slice") or pointee["array"]["type"]
            if self.is_one_of(self.resolved(pointee, own), ids):
                return True
        return any(self.mutably(value, ids, own) for value in raw.values())
