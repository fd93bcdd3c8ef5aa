"""What rustc says there is in a crate: rustdoc's JSON, read into plain items.

Format: https://doc.rust-lang.org/nightly/nightly-rustc/rustdoc_json_types/
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from ...c.compiler import AbiError
from ...late import dataclass
from ...rust.tools import rustdoc_json
from ...rust.tools.rustdoc_json import NEWEST_FORMAT, read_document
from .attributes import is_exported, representation, symbol
from .rusttypes import RustType, other_abi, read_signature, read_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Accessor", "Crate", "Field", "FormatError", "Item", "read_crate"]

ItemKind = Literal["struct", "union", "enum", "alias", "const", "static", "function", "const fn"]
_KINDS: Final[dict[str, ItemKind]] = {
    "struct": "struct",
    "union": "union",
    "enum": "enum",
    "type_alias": "alias",
    "constant": "const",
    "assoc_const": "const",
    "static": "static",
    "function": "function",
}


class FormatError(AbiError):
    """The file is not what this rustdoc was expected to write."""


@dataclass(frozen=True)
class Field:
    """A field of a struct or a union."""

    name: str
    type: RustType
    public: bool


@dataclass(frozen=True)
class Item:
    """A public item, at the shortest path that reaches it."""

    id: str
    kind: ItemKind
    name: str
    path: tuple[str, ...]
    """Below the crate's root."""
    file: str
    """As rustc was given it: relative to where it ran, or absolute."""
    line: int
    last_line: int = 0
    repr: str = ""
    """``c``, ``transparent``, a primitive's name; empty for Rust's own."""
    generic: bool = False
    fields: tuple[Field, ...] = ()
    variants: tuple[str, ...] = ()
    """Of an enum that has nothing but values."""
    uninhabited: bool = False
    """An enum without variants."""
    type: RustType | None = None
    """Of a constant, a static, an alias, a function."""
    symbol: str = ""
    """What a function or a static is called where it is linked."""
    defined: bool = False
    """A function or a static that Rust defines for C, not one that C has."""
    abi: str = ""
    """A function's, as `extern` has it; empty for C's."""

    @property
    def rust_path(self) -> str:
        """The path below the crate's root, as Rust has it."""
        return "::".join(self.path)


@dataclass(frozen=True)
class Accessor:
    """A method that may return a bit-field: where it stands, and of what type that is."""

    file: str
    first: int
    last: int
    """Lines."""
    result: RustType


@dataclass(frozen=True)
class Crate:
    """The public items of a crate, what it declares of C's, and all of its types by their id."""

    name: str
    items: tuple[Item, ...]
    types: Mapping[str, Item]
    """Structs, unions, enums and aliases, private ones too."""
    accessors: Mapping[str, tuple[Accessor, ...]] = field(default_factory=dict)
    """By the id of a struct with bit-fields: its methods."""
    format: int = NEWEST_FORMAT
    """The number of rustdoc's format."""

    @property
    def doubt(self) -> str | None:
        """What to say of a format that came after those known here; None of these."""
        if self.format <= NEWEST_FORMAT:
            return None
        return (
            f"rustdoc writes JSON format {self.format}, but this pytest-cpython-sys knows formats "
            f"up to {NEWEST_FORMAT}: new kinds of entries are ignored. Upgrade pytest-cpython-sys "
            "if there is a newer version"
        )


def read_crate(path: str) -> Crate:
    """Return what a file of rustdoc holds, whatever its format is called. Raises FormatError."""
    try:
        with read_document(path) as raw:
            return replace(_Reader(raw).crate(), format=raw["format_version"])
    except rustdoc_json.FormatError as error:
        raise FormatError(str(error)) from error


class _Reader:
    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._index: Mapping[str, Any] = raw["index"]
        self._paths: Mapping[str, Any] = raw["paths"]
        self._root = str(raw["root"])

    def crate(self) -> Crate:
        found: dict[str, Item] = {}
        for path, raw in self._reachable():
            item = self._item(raw, path)
            if item is not None and (
                item.id not in found or len(found[item.id].path) > len(item.path)
            ):
                found[item.id] = item
        items = list(found.values())
        for item in found.values():
            if item.kind in ("struct", "union", "enum"):
                items += self._associated(item)
        items += self._private_declarations(found)
        types: dict[str, Item] = {}
        for key, raw in self._index.items():
            if raw["crate_id"] == 0 and next(iter(raw["inner"])) in (
                "struct",
                "union",
                "enum",
                "type_alias",
            ):
                item = found.get(key) or self._item(raw, (raw["name"],))
                if item is not None:
                    types[key] = item
        accessors = {
            item.id: tuple(self._methods(item))
            for item in found.values()
            if any(one.type.name == "__BindgenBitfieldUnit" for one in item.fields)
        }
        name = str(self._index[self._root]["name"])
        return Crate(name, tuple(items), types, accessors)

    def _private_declarations(self, found: Mapping[str, Item]) -> Iterator[Item]:
        """Yield what of C's is declared where no other crate sees it: a signature says it all."""
        for key, raw in self._index.items():
            inner = raw["inner"]
            foreign = "static" in inner and not inner["static"]["expr"]
            if "function" in inner:
                foreign = not inner["function"]["has_body"]
            if foreign and key not in found and raw["crate_id"] == 0:
                item = self._item(raw, (raw["name"],))
                if item is not None:
                    yield item

    def _reachable(self) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
        """Yield all that another crate can name, with a path to it."""
        waiting: list[tuple[str, tuple[str, ...]]] = [(self._root, ())]
        seen: set[tuple[str, tuple[str, ...]]] = set()
        while waiting:
            module, path = waiting.pop(0)
            if (module, path) in seen or len(path) > 12:
                continue
            seen.add((module, path))
            for key in self._contents(module):
                raw = self._index.get(str(key))
                if raw is None or raw["visibility"] != "public":
                    continue
                inner = raw["inner"]
                if "use" in inner:
                    target, name = str(inner["use"]["id"]), inner["use"]["name"]
                    used = self._index.get(target)
                    if used is None:
                        continue
                    if inner["use"]["is_glob"]:
                        waiting.append((target, path))
                    elif "module" in used["inner"]:
                        waiting.append((target, (*path, name)))
                    else:
                        yield (*path, name), used
                elif "module" in inner:
                    waiting.append((str(key), (*path, raw["name"])))
                else:
                    yield (*path, raw["name"] or ""), raw

    def _contents(self, module: str) -> list[int]:
        raw = self._index.get(module)
        contents = raw["inner"].get("module") if raw is not None else None
        return list(contents["items"]) if contents else []

    def _item(self, raw: Mapping[str, Any], path: tuple[str, ...]) -> Item | None:
        word, inner = next(iter(raw["inner"].items()))
        kind = _KINDS.get(word)
        span = raw["span"]
        if kind is None or raw["crate_id"] != 0 or span is None or not path[-1]:
            return None
        item = Item(
            id=str(raw["id"]),
            kind=kind,
            name=path[-1],
            path=path,
            file=str(span["filename"]),
            line=int(span["begin"][0]),
            last_line=int(span["end"][0]),
            repr=representation(raw["attrs"]),
            generic=_is_generic(inner),
        )
        if kind in ("struct", "union"):
            return replace(item, fields=tuple(self._fields(inner)))
        if kind == "enum":
            return replace(item, variants=self._variants(inner), uninhabited=not inner["variants"])
        if kind == "function":
            return self._function(item, inner, raw)
        if kind == "static":
            # One without a value is C's.
            defined = bool(inner["expr"]) and is_exported(raw["attrs"])
            if inner["expr"] and not defined:
                return None
            linked = symbol(raw["attrs"]) or str(raw["name"])
            kind_of = read_type(inner["type"], self._paths)
            return replace(item, type=kind_of, symbol=linked, defined=defined)
        if kind in ("const", "alias"):
            return replace(item, type=read_type(inner["type"], self._paths))
        return item

    def _function(
        self, item: Item, inner: Mapping[str, Any], raw: Mapping[str, Any]
    ) -> Item | None:
        defined = bool(inner["has_body"])
        if defined and not is_exported(raw["attrs"]):
            if not inner["header"]["is_const"]:
                return None
            return replace(item, kind="const fn", type=read_signature(inner["sig"], self._paths))
        abi = other_abi(inner["header"]["abi"])
        signature = read_signature(inner["sig"], self._paths)
        linked = symbol(raw["attrs"]) or str(raw["name"])
        return replace(item, type=signature, symbol=linked, defined=defined, abi=abi)

    def _fields(self, inner: Mapping[str, Any]) -> Iterator[Field]:
        if "fields" in inner:  # a union's
            keys = inner["fields"]
        else:
            kind = inner["kind"]
            if isinstance(kind, str):  # a unit struct
                return
            keys = kind["tuple"] if "tuple" in kind else kind["plain"]["fields"]
        for key in keys:
            raw = self._index.get(str(key))
            if raw is None:  # a private one that was stripped
                yield Field("", RustType("other"), public=False)
                continue
            kind_of = read_type(raw["inner"]["struct_field"], self._paths)
            yield Field(str(raw["name"]), kind_of, raw["visibility"] == "public")

    def _variants(self, inner: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the names of an enum's variants; none if one of them has fields."""
        found = [self._index[str(key)] for key in inner["variants"]]
        if any(raw["inner"]["variant"]["kind"] != "plain" for raw in found):
            return ()
        return tuple(str(raw["name"]) for raw in found)

    def _inherent(self, item: Item) -> Iterator[Mapping[str, Any]]:
        inner = self._index[item.id]["inner"][item.kind]
        for key in inner["impls"]:
            block = self._index.get(str(key))
            if block is None or block["inner"]["impl"]["trait"] is not None:
                continue
            for child in block["inner"]["impl"]["items"]:
                raw = self._index.get(str(child))
                if raw is not None:
                    yield raw

    def _associated(self, item: Item) -> Iterator[Item]:
        """Yield the public constants of a type."""
        for raw in self._inherent(item):
            if "assoc_const" in raw["inner"] and raw["visibility"] == "public":
                path = (*item.path, str(raw["name"]))
                constant = self._item(raw, path)
                if constant is not None:
                    own = item.name
                    kind_of = constant.type
                    if kind_of == RustType("other", "generic"):
                        kind_of = RustType("path", own, item.id)
                    yield replace(constant, name=f"{own}::{raw['name']}", type=kind_of)

    def _methods(self, item: Item) -> Iterator[Accessor]:
        for raw in self._inherent(item):
            if "function" in raw["inner"] and raw["span"] is not None:
                span, output = raw["span"], raw["inner"]["function"]["sig"]["output"]
                yield Accessor(
                    str(span["filename"]),
                    int(span["begin"][0]),
                    int(span["end"][0]),
                    read_type(output, self._paths),
                )


def _is_generic(inner: Any) -> bool:
    generics = inner.get("generics") if isinstance(inner, dict) else None
    if not generics:
        return False
    return any("lifetime" not in parameter["kind"] for parameter in generics["params"])
