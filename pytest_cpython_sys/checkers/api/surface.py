"""What is in a crate, and what of it others can reach: read from rustdoc's JSON."""

from __future__ import annotations

from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ...late import dataclass, regex
from .types import Types

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["AutoTrait", "Function", "Impl", "Surface", "TypeItem"]

_TYPES: Final = frozenset({"struct", "union", "enum", "trait", "type_alias"})
_RUST: Final = "Rust"
# As the source has it, and as rustc prints its own tree; since format 54 there is structure.
_MUST_USE: Final = regex(r"#\[(?:must_use|attr = MustUse)\b")


@dataclass(frozen=True)
class Impl:
    """An implementation block, of a trait or a type's own."""

    file: str
    line: int
    column: int
    of: Any
    """The type that it is for."""
    trait: Mapping[str, Any] | None
    free: frozenset[str]
    """The names of its generic parameters."""
    associated: Mapping[str, Any] = field(default_factory=dict)
    """What its associated types stand for."""


@dataclass(frozen=True)
class Function:
    """A function, a method, or one that a trait asks for."""

    id: str
    path: tuple[str, ...]
    """Below the crate's root; of a method the path of its type, and its name."""
    shown: str
    file: str
    """As rustc names it: relative to where it ran, or absolute."""
    line: int
    unsafe: bool
    abi: str
    """Empty for Rust's own."""
    has_body: bool
    signature: Mapping[str, Any]
    generics: Any
    impl: Impl | None = None
    trait: tuple[str, ...] = ()
    """The path of the trait that declares it."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path[-1]

    @property
    def own(self) -> Any:
        """What ``Self`` stands for."""
        return self.impl.of if self.impl is not None else None

    @property
    def is_drop(self) -> bool:
        """Whether it is what the compiler calls where a value ends; nobody else can."""
        return self.shown.endswith(" as Drop>::drop")


@dataclass(frozen=True)
class AutoTrait:
    """How a type has ``Send`` or ``Sync``: always, or where something holds."""

    condition: str = ""
    place: tuple[str, int] | None = None
    """Where that is written; None where the compiler concludes it."""


@dataclass(frozen=True)
class TypeItem:
    """A type or a trait of the crate."""

    id: str
    path: tuple[str, ...]
    kind: str
    file: str
    line: int
    must_use: bool


class Surface:
    """The items of a crate, and which of them are public: reachable from another crate."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._index: Mapping[str, Any] = raw["index"]
        self._root = str(raw["root"])
        self.paths: Mapping[str, Any] = raw["paths"]
        self.types = Types(self._index, self.paths)
        self.crate = str(self._index[self._root]["name"])
        self.modules: dict[tuple[str, ...], str] = {}
        self.functions: dict[str, Function] = {}
        self.items: dict[str, TypeItem] = {}
        self.impls: list[Impl] = []
        self._methods: dict[str, list[str]] = {}
        """By the id of an `impl` or a trait: its functions."""
        self._read_module(self._root, ())
        for key, item in self._index.items():
            if item["crate_id"] == 0:
                self._read_item(key, item)

    # -- what there is --------------------------------------------------------------------------

    def _read_module(self, key: str, path: tuple[str, ...]) -> None:
        self.modules[path] = key
        for child in self._index[key]["inner"]["module"]["items"]:
            item = self._index.get(str(child))
            if item is None:
                continue
            if "module" in item["inner"]:
                self._read_module(str(child), (*path, str(item["name"])))
            elif "function" in item["inner"]:
                self._add_function(str(child), item, path)

    def file_of(self, module: str) -> str:
        """Return the file that a module stands in; empty for what is none, such as a function."""
        key = self.modules.get(tuple(module.split("::")) if module else ())
        span = self._index[key]["span"] if key is not None else None
        return str(span["filename"]) if span is not None else ""

    def _read_item(self, key: str, item: Mapping[str, Any]) -> None:
        (kind, inner), *_ = item["inner"].items()
        if kind in _TYPES:
            path = self.types.path(key)[1:] or (str(item["name"]),)
            span = item["span"]
            if span is not None:
                must = any(map(_is_must_use, item["attrs"]))
                file, line = str(span["filename"]), int(span["begin"][0])
                self.items[key] = TypeItem(key, path, kind, file, line, must)
        if kind == "trait":
            self._methods[key] = [
                str(child)
                for child in inner["items"]
                if self._add_function(str(child), self._index.get(str(child)), path, trait=path)
            ]
        elif kind == "impl" and not inner["is_synthetic"] and not inner["blanket_impl"]:
            self._read_impl(key, item, inner)

    def _read_impl(self, key: str, item: Mapping[str, Any], inner: Mapping[str, Any]) -> None:
        children = [(str(one), self._index.get(str(one))) for one in inner["items"]]
        span = item["span"]
        if span is None:
            return
        impl = Impl(
            file=str(span["filename"]),
            line=int(span["begin"][0]),
            column=int(span["begin"][1]),
            of=inner["for"],
            trait=inner["trait"],
            free=frozenset(str(one["name"]) for one in inner["generics"]["params"]),
            associated={
                str(child["name"]): child["inner"]["assoc_type"].get("type")
                for _, child in children
                if child is not None and "assoc_type" in child["inner"]
            },
        )
        self.impls.append(impl)
        path = self._head(inner["for"])
        self._methods[key] = [
            child for child, raw in children if self._add_function(child, raw, path, impl)
        ]

    def associated(self, function: Function) -> Mapping[str, Any]:
        """Return what ``Self::NAME`` stands for in a method: its trait may have it of another."""
        impl = function.impl
        if impl is None:
            return {}
        return {**self._associated.get(repr(impl.of), {}), **impl.associated}

    @cached_property
    def _associated(self) -> dict[str, dict[str, Any]]:
        """What associated types stand for, by the type that all the implementations are for."""
        found: dict[str, dict[str, Any]] = {}
        for impl in self.impls:
            found.setdefault(repr(impl.of), {}).update(impl.associated)
        return found

    def written(self, function: Function) -> str:
        """Return the name that only one function has: ``a::Two::f``, ``<a::Two as a::T>::f``."""
        of, trait = self.written_parts(function)
        if trait:
            return f"<{of} as {trait}>::{function.name}"
        return f"{of}::{function.name}" if of else "::".join(function.path)

    def written_parts(self, function: Function) -> tuple[str, str]:
        """Return the type whose method a function is, and the trait; empty where there is none."""
        impl = function.impl
        if impl is None:
            return "", ""
        parts = (impl.of, {"resolved_path": impl.trait} if impl.trait is not None else None)
        of, trait = (
            self.types.written(raw, self.crate, impl.free) if raw is not None else ""
            for raw in parts
        )
        return of, trait

    def _head(self, raw: Any) -> tuple[str, ...]:
        """Return the path of a type: below the root for one of this crate."""
        raw = self.types.resolved(raw)
        if isinstance(raw, dict) and "resolved_path" in raw:
            path = self.types.path_of(raw["resolved_path"])
            return path[1:] if path[0] == self.crate and len(path) > 1 else path
        return (self.types.shown(raw),)

    def _add_function(
        self,
        key: str,
        item: Mapping[str, Any] | None,
        path: tuple[str, ...],
        impl: Impl | None = None,
        *,
        trait: tuple[str, ...] = (),
    ) -> bool:
        if item is None or "function" not in item["inner"] or item["span"] is None:
            return False
        inner, name = item["inner"]["function"], str(item["name"])
        header = inner["header"]
        shown = "::".join((*path, name))
        if impl is not None and impl.trait is not None:
            of = self.types.path_of(impl.trait)[-1]
            shown = f"<{self.types.shown(impl.of)} as {of}>::{name}"
        abi = header["abi"]
        self.functions[key] = Function(
            id=key,
            path=(*path, name),
            shown=shown,
            file=str(item["span"]["filename"]),
            line=int(item["span"]["begin"][0]),
            unsafe=bool(header.get("is_unsafe", header.get("unsafe"))),
            abi="" if abi == _RUST else next(iter(abi)) if isinstance(abi, dict) else str(abi),
            has_body=bool(inner.get("has_body", True)),
            signature=inner["sig"],
            generics=inner["generics"],
            impl=impl,
            trait=trait,
        )
        return True

    # -- what others reach ----------------------------------------------------------------------

    @cached_property
    def public(self) -> frozenset[str]:
        """The ids of the functions that another crate can call."""
        functions: set[str] = set()
        known: set[str] = set()
        waiting = list(self._exported())
        while waiting:
            key = waiting.pop()
            if key in known or key not in self._index:
                continue
            known.add(key)
            found = list(self._callable(key))
            functions.update(found)
            for one in found:
                function = self.functions[one]
                waiting += self.types.local([function.signature, function.generics])
            waiting += self._seen_through(key)
        for key, item in self._index.items():
            if "impl" in item["inner"] and key in self._methods:
                functions.update(self._implemented(key, item["inner"]["impl"], known))
        return frozenset(functions)

    def _exported(self) -> Iterator[str]:
        """Yield all that another crate can name."""
        waiting, seen = [self._root], set()
        while waiting:
            module = waiting.pop()
            if module in seen:
                continue
            seen.add(module)
            for key in self._index[module]["inner"]["module"]["items"]:
                item = self._index.get(str(key))
                if item is None or item["visibility"] != "public":
                    continue
                target = str(key)
                if "use" in item["inner"]:
                    target = str(item["inner"]["use"]["id"])
                    item = self._index.get(target)
                if item is None:
                    continue
                if "module" in item["inner"]:
                    waiting.append(target)
                else:
                    yield target

    def _callable(self, key: str) -> Iterator[str]:
        """Yield the functions that whoever reaches an item can call, without those of traits."""
        if key in self.functions:
            yield key
        inner = next(iter(self._index[key]["inner"].values()))
        if key in self._methods and "impl" not in self._index[key]["inner"]:
            yield from self._methods[key]  # a trait's
        for block in inner.get("impls", ()) if isinstance(inner, dict) else ():
            raw = self._index.get(str(block))
            if raw is None or raw["inner"]["impl"]["trait"] is not None:
                continue
            for one in self._methods.get(str(block), ()):
                if self._index[one]["visibility"] == "public":
                    yield one

    def _seen_through(self, key: str) -> Iterator[str]:
        """Yield the types that whoever reaches an item comes to through its public fields.

        Also that of a constant, and the traits that a trait asks for.
        """
        item = self._index[key]
        for kind in ("type_alias", "constant", "static"):
            if kind in item["inner"]:
                yield from self.types.local(item["inner"][kind]["type"])
        if "trait" in item["inner"]:
            for bound in item["inner"]["trait"]["bounds"]:
                if "trait_bound" in bound:
                    yield str(bound["trait_bound"]["trait"]["id"])
        for one in self.types.fields(key):
            if one["visibility"] == "public":
                yield from self.types.local(one["inner"])
        inner = next(iter(item["inner"].values()))
        for block in inner.get("impls", ()) if isinstance(inner, dict) else ():
            raw = self._index.get(str(block))
            if raw is not None and raw["inner"]["impl"]["trait"] is not None:
                for child in raw["inner"]["impl"]["items"]:
                    associated = self._index.get(str(child))
                    if associated is not None and "assoc_type" in associated["inner"]:
                        yield from self.types.local(associated["inner"])

    def _implemented(self, key: str, inner: Mapping[str, Any], known: set[str]) -> Iterator[str]:
        """Yield the methods of a trait for a type, if both can be reached."""
        trait = inner["trait"]
        if trait is None:
            return
        head = next(self.types.local(inner["for"]), None)
        parts = [str(trait["id"]), *([head] if head is not None else [])]
        if all(part in known or part not in self._index for part in parts):
            yield from self._methods[key]

    # -- auto traits ----------------------------------------------------------------------------

    def auto_traits(self, item: TypeItem, trait: str) -> list[AutoTrait]:
        """Return the ways in which a type has ``Send`` or ``Sync``; none if it has not."""
        inner = self._index[item.id]["inner"][item.kind]
        own = set(self._bounds(inner["generics"]))
        found = []
        for key in inner.get("impls", ()):
            raw = self._index.get(str(key))
            block = raw["inner"]["impl"] if raw is not None else None
            if block is None or block["trait"] is None or block["blanket_impl"]:
                continue
            if block["is_negative"] or self.types.path_of(block["trait"])[-1] != trait:
                continue
            bounds = [one for one in self._bounds(block["generics"]) if one not in own]
            arguments = list(self.types.arguments(block["for"]["resolved_path"]))
            if any("generic" not in one for one in arguments if isinstance(one, dict)):
                bounds.append(
                    f"it is {item.path[-1]}<{', '.join(map(self.types.shown, arguments))}>"
                )
            span = raw["span"] if raw is not None and not block["is_synthetic"] else None
            place = (str(span["filename"]), int(span["begin"][0])) if span else None
            found.append(AutoTrait(" and ".join(bounds), place))
        return found

    def _bounds(self, generics: Mapping[str, Any]) -> Iterator[str]:
        """Yield what generic parameters must be: ``T: Send``."""
        for parameter in generics["params"]:
            kind = parameter["kind"]
            if "type" in kind:
                yield from self._traits(str(parameter["name"]), kind["type"]["bounds"])
        for predicate in generics["where_predicates"]:
            bound = predicate.get("bound_predicate")
            if bound is not None:
                yield from self._traits(self.types.shown(bound["type"]), bound["bounds"])

    def _traits(self, name: str, bounds: list[Any]) -> Iterator[str]:
        for bound in bounds:
            trait = bound.get("trait_bound")
            if trait is not None and trait["modifier"] != "maybe":
                path = self.types.path_of(trait["trait"])[-1]
                if path != "Sized":
                    yield f"{name}: {path}"


def _is_must_use(attribute: Any) -> bool:
    if isinstance(attribute, dict):
        return "must_use" in attribute or _is_must_use(str(attribute.get("other", "")))
    return attribute == "must_use" or _MUST_USE.match(str(attribute)) is not None
