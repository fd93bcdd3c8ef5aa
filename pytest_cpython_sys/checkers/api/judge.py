"""The rules of an API crate, held against what rustc and rustdoc say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from .graph import Graph
from .mir import without_generics
from .table import API

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from .graph import Node
    from .mir import Body, Call
    from .surface import Function, Surface, TypeItem
    from .table import ApiTable

__all__ = ["Finding", "Judge", "Judgement"]

# Casts and the like, as functions; what runs destructors is none of them.
_OF_POINTERS: Final = ("std::ptr::", "core::ptr::")
_NOT_THOSE: Final = "drop_in_place"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is against a rule, and where: a file as rustc names it, and a line."""

    file: str
    line: int
    text: str


@dataclass(slots=True)
class Judgement:
    """What is to be said of one rule."""

    findings: list[Finding] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Why the rule, or a part of it, cannot be checked."""
    judged: dict[str, int] = field(default_factory=dict)
    """How much was looked at, by file."""
    limits: str = ""
    """What was not followed in this crate."""

    def look(self, file: str) -> None:
        """Count something that was looked at."""
        self.judged[file] = self.judged.get(file, 0) + 1


class Judge:
    """A crate and its rules."""

    def __init__(
        self, surface: Surface, bodies: Sequence[Body], table: ApiTable, systems: Mapping[str, bool]
    ) -> None:
        self._surface = surface
        self._table = table
        self._graph = Graph(bodies, surface, systems)
        self._problems: list[str] = []
        """Of the table of exemptions."""
        self._audited = frozenset(self._exempt())
        self._graph.find_ways(self._audited)

    def judge(self, rule: str) -> Judgement:
        """Return what there is to say of a rule."""
        said = Judgement()
        names = self._table.names[rule]
        {
            "capability": self._capability,
            "ffi-module": self._ffi_module,
            "catch-unwind": self._catch_unwind,
            "no-mut-ref": self._no_mut_ref,
            "must-use": self._must_use,
            "not-send": self._auto_trait,
            "send": self._auto_trait,
            "not-sync": self._auto_trait,
            "sync": self._auto_trait,
        }[rule](said, rule, names)
        if rule in ("capability", "ffi-module", "catch-unwind", "no-mut-ref"):
            said.problems += self._problems
        if rule == "capability":
            unknown = sorted(self._graph.unknown.items())
            said.limits = ", ".join(f"{count} {what}" for what, count in unknown)
        found = dict.fromkeys(said.findings)
        said.findings = sorted(found, key=lambda one: (one.file, one.line, one.text))
        return said

    # -- names ----------------------------------------------------------------------------------

    def _exempt(self) -> Iterator[str]:
        """Yield the ids of the functions that the table exempts."""
        functions = self._surface.functions.values()
        for name in self._table.allow:
            parts = tuple(name.split("::"))
            found = [one for one in functions if one.path[-len(parts) :] == parts]
            paths = sorted({"::".join(one.path) for one in found})
            if not found:
                known = {"::".join(one.path[-len(parts) :]) for one in functions}
                self._problems.append(_nothing("allow", name, "function", known))
            elif len(paths) > 1:
                self._problems.append(_several("allow", name, "functions", paths))
            else:
                yield from (one.id for one in found)

    def _type(self, said: Judgement, rule: str, name: str) -> TypeItem | None:
        """Return the type of the crate by a name."""
        parts = tuple(name.split("::"))
        items = [one for one in self._surface.items.values() if one.kind != "trait"]
        found = [one for one in items if one.path[-len(parts) :] == parts]
        if len(found) == 1:
            if found[0].kind == "type_alias":
                said.problems.append(f"{API}.{rule}: {name!r} is an alias: name the type itself")
                return None
            return found[0]
        if found:
            paths = sorted("::".join(one.path) for one in found)
            said.problems.append(_several(rule, name, "types", paths))
            return None
        others = [one for one in self._outside(name) if one[0] != self._surface.crate]
        if others:
            said.problems.append(
                f"{API}.{rule}: {name!r} is a type of the crate {others[0][0]}, not of this one: "
                "what is to hold of a type stands in the manifest of its own crate"
            )
        else:
            known = {"::".join(one.path[-len(parts) :]) for one in items}
            said.problems.append(_nothing(rule, name, "type", known))
        return None

    def _outside(self, name: str) -> list[tuple[str, ...]]:
        """Return the paths, of whatever crate, that end with a type's name."""
        parts = tuple(name.split("::"))
        kinds = ("struct", "union", "enum", "trait", "type_alias", "typedef", "foreign_type")
        return [
            tuple(one["path"])
            for one in self._surface.paths.values()
            if one["kind"] in kinds and tuple(one["path"][-len(parts) :]) == parts
        ]

    def _exists(self, said: Judgement, rule: str, names: Sequence[str]) -> bool:
        """Tell whether all types by these names are there, wherever they come from."""
        own = list(self._surface.items.values())
        for name in names:
            parts = tuple(name.split("::"))
            mine = any(one.path[-len(parts) :] == parts for one in own)
            if not mine and not self._outside(name):
                known = {"::".join(one.path[-len(parts) :]) for one in own}
                said.problems.append(_nothing(rule, name, "type", known))
        return not said.problems

    # -- functions ------------------------------------------------------------------------------

    def _public(self) -> Iterator[Function]:
        """Yield the functions that others can call, without those that are exempt."""
        for key in self._surface.public:
            function = self._surface.functions[key]
            if key not in self._audited and not function.is_drop:
                yield function

    def _capability(self, said: Judgement, rule: str, names: tuple[str, ...]) -> None:
        if not self._exists(said, rule, names):
            return
        types = self._surface.types
        for function in self._public():
            node = self._graph.by_id.get(function.id)
            if function.unsafe or function.abi or node is None:
                continue
            said.look(function.file)
            inputs = function.signature["inputs"]
            if node.reaches and not any(types.holds(raw, names, function.own) for _, raw in inputs):
                said.findings.append(Finding(*node.place, node.way()))

    def _ffi_module(self, said: Judgement, rule: str, names: tuple[str, ...]) -> None:
        parts = tuple(names[0].split("::"))
        paths = [path for path in self._surface.modules if path]
        found = sorted("::".join(path) for path in paths if path[-len(parts) :] == parts)
        if not found:
            known = {"::".join(path[-len(parts) :]) for path in paths}
            said.problems.append(_nothing(rule, names[0], "module", known))
            return
        if len(found) > 1 and names[0] not in found:
            said.problems.append(_several(rule, names[0], "modules", found))
            return
        inside = names[0] if names[0] in found else found[0]
        for node in self._graph.nodes:
            function = node.function
            if function is not None and function.id in self._audited:
                continue
            said.look(node.place[0])
            if f"{node.module}::".startswith(f"{inside}::"):
                continue
            for call, _ in node.calls:
                of_c = self._graph.c_function(call)
                if of_c:
                    where = call.line if call.file == node.place[0] else node.place[1]
                    text = f"{node.shown} -> {of_c}"
                    said.findings.append(Finding(node.place[0], where, text))

    def _catch_unwind(self, said: Judgement, rule: str, names: tuple[str, ...]) -> None:
        functions = self._surface.functions.values()
        called = {
            without_generics(one.callee) for node in self._graph.nodes for one in node.body.calls
        }
        for name in names:
            if not any(_ends("::".join(one.path), name) for one in functions) and not any(
                _ends(path, name) for path in called
            ):
                size = name.count("::") + 1
                known = {"::".join(one.path[-size:]) for one in functions}
                said.problems.append(_nothing(rule, name, "function", known))
        if said.problems:
            return
        for node in self._graph.nodes:
            if node.is_closure or not self._is_for_c(node):
                continue
            said.look(node.place[0])
            for call, targets in node.calls:
                if not self._is_guard(call, targets, names):
                    what = self._callee(call, targets)
                    said.findings.append(Finding(*node.place, f"{node.shown} -> {what}"))
            for panic in node.body.panics:
                text = f"{node.shown} may panic: {panic.words}"
                said.findings.append(Finding(*node.place, text))

    def _is_for_c(self, node: Node) -> bool:
        """Tell whether a function is `extern "C"`; of one in another MIR tells by its calls."""
        if node.function is not None:
            return bool(node.function.abi) and node.function.id not in self._audited
        return node.body.aborts

    def _is_guard(self, call: Call, targets: Sequence[Node], names: tuple[str, ...]) -> bool:
        paths = ["::".join(one.function.path) for one in targets if one.function is not None]
        paths.append(without_generics(call.callee))
        if paths[-1].startswith(_OF_POINTERS) and not paths[-1].endswith(_NOT_THOSE):
            return True
        return any(_ends(path, name) for path in paths for name in names)

    @staticmethod
    def _callee(call: Call, targets: Sequence[Node]) -> str:
        if targets:
            return targets[0].shown
        return without_generics(call.callee) or "a function pointer"

    def _no_mut_ref(self, said: Judgement, rule: str, names: tuple[str, ...]) -> None:
        if not self._exists(said, rule, names):
            return
        types = self._surface.types
        for function in self._public():
            said.look(function.file)
            more = function.impl.associated if function.impl is not None else {}
            parts = (
                ("takes", [raw for _, raw in function.signature["inputs"]]),
                ("gives", [function.signature["output"]]),
                ("takes", [function.generics]),
            )
            for word, raw in parts:
                if types.mutably(raw, names, function.own, more):
                    named = [
                        name for name in names if types.mutably(raw, (name,), function.own, more)
                    ]
                    text = f"{function.shown} {word} `&mut {named[0]}`"
                    said.findings.append(Finding(function.file, function.line, text))
                    break

    # -- types ----------------------------------------------------------------------------------

    def _must_use(self, said: Judgement, rule: str, names: tuple[str, ...]) -> None:
        for name in names:
            item = self._type(said, rule, name)
            if item is not None:
                said.look(item.file)
                if not item.must_use:
                    text = f"{'::'.join(item.path)} is not #[must_use]"
                    said.findings.append(Finding(item.file, item.line, text))

    def _auto_trait(self, said: Judgement, rule: str, names: tuple[str, ...]) -> None:
        trait = rule.rpartition("-")[2].capitalize()
        for name in names:
            item = self._type(said, rule, name)
            if item is None:
                continue
            said.look(item.file)
            found = self._surface.auto_traits(item, trait)
            shown = "::".join(item.path)
            if rule.startswith("not-"):
                texts = [
                    f"{shown} is {trait}"
                    + (f" where {one.condition}" if one.condition else "")
                    + (f": {one.place[0]}:{one.place[1]} says so" if one.place else "")
                    for one in found
                ]
            elif any(not one.condition for one in found):
                texts = []
            elif found:
                texts = [f"{shown} is {trait} only where {one.condition}" for one in found]
            else:
                texts = [f"{shown} is not {trait}"]
            said.findings += [Finding(item.file, item.line, text) for text in texts]


def _ends(path: str, name: str) -> bool:
    return path == name or path.endswith(f"::{name}")


def _nothing(key: str, name: str, kind: str, known: Collection[str]) -> str:
    near = get_close_matches(name, sorted(known), 3)
    advice = f": did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"{API}.{key}: the crate has no {kind} {name!r}{advice}"


def _several(key: str, name: str, kinds: str, paths: Sequence[str]) -> str:
    return (
        f"{API}.{key}: {name!r} may be several {kinds}: write more of the path ({', '.join(paths)})"
    )
