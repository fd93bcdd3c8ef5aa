"""The rules of an API crate, held against what rustc and rustdoc say of it."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from ...late import dataclass
from ...rust.tables.api import API
from .graph import Graph
from .mir import without_generics
from .names import Names, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ...rust.tables.api import ApiTable
    from .graph import Node
    from .mir import Body, Call
    from .surface import Function, Surface, TypeItem

__all__ = ["Finding", "Judge", "Judgement"]

# Casts and the like, as functions; what runs destructors is none of them.
_OF_POINTERS: Final = ("std::ptr::", "core::ptr::")
_NOT_THOSE: Final = "drop_in_place"


@dataclass(frozen=True)
class Finding:
    """What is against a rule, and where: a file as rustc names it, and a line."""

    file: str
    line: int
    text: str


@dataclass
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


_NO_C: Final = (
    "not evaluated: the crate declares no C function: if a dependency declares the C functions, "
    f'name it in [{API}]: sys = ["NAME"]'
)


class Judge:
    """A crate and its rules."""

    def __init__(
        self,
        surface: Surface,
        bodies: Sequence[Body],
        table: ApiTable,
        systems: Mapping[str, bool],
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self._surface = surface
        self._names = Names(surface)
        self._table = table
        self._renamed = renamed or {}
        self._graph = Graph(bodies, surface, systems, renamed)
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
        if rule in ("capability", "ffi-module") and not self._graph.knows_c:
            said.problems.append(_NO_C)
        if rule == "capability":
            unknown = sorted(self._graph.unknown.items())
            said.limits = ", ".join(f"{what}: {count}" for what, count in unknown)
        found = dict.fromkeys(said.findings)
        said.findings = sorted(found, key=lambda one: (one.file, one.line, one.text))
        return said

    # -- names ----------------------------------------------------------------------------------

    def _exempt(self) -> Iterator[str]:
        """Yield the ids of the functions that the table exempts."""
        for name in self._table.allow:
            try:
                found = self._names.function("allow", name)
                if found is None:
                    raise self._names.no_function("allow", name)
                yield found
            except UnknownNameError as error:
                self._problems.append(str(error))

    def _type(self, said: Judgement, rule: str, name: str) -> TypeItem | None:
        """Return the type of the crate by a name."""
        try:
            return self._surface.items[self._names.type(rule, name)]
        except UnknownNameError as error:
            said.problems.append(str(error))
        return None

    def _types(self, said: Judgement, rule: str, names: Sequence[str]) -> dict[str, str]:
        """Return the names of types by their ids, wherever they come from; of all or of none."""
        found: dict[str, str] = {}
        for name in names:
            try:
                found.update(dict.fromkeys(self._names.any_type(rule, name), name))
            except UnknownNameError as error:
                said.problems.append(str(error))
        return found if not said.problems else {}

    # -- functions ------------------------------------------------------------------------------

    def _public(self) -> Iterator[Function]:
        """Yield the functions that others can call, without those that are exempt."""
        for key in self._surface.public:
            function = self._surface.functions[key]
            if key not in self._audited and not function.is_drop:
                yield function

    def _capability(self, said: Judgement, rule: str, names: tuple[str, ...]) -> None:
        ids = self._types(said, rule, names)
        if not ids:
            return
        types = self._surface.types
        for function in self._public():
            node = self._graph.by_id.get(function.id)
            if function.unsafe or function.abi or node is None:
                continue
            said.look(function.file)
            inputs = types.projected(
                function.signature["inputs"], self._surface.associated(function)
            )
            if node.reaches and not any(types.holds(raw, ids, function.own) for _, raw in inputs):
                said.findings.append(Finding(*node.place, node.way()))

    def _ffi_module(self, said: Judgement, rule: str, names: tuple[str, ...]) -> None:
        try:
            inside = self._names.module(rule, names[0])
        except UnknownNameError as error:
            said.problems.append(str(error))
            return
        for node in self._graph.nodes:
            function = node.function
            if function is not None and function.id in self._audited:
                continue
            said.look(node.place[0])
            if f"{node.module}::".startswith(f"{inside}::"):
                continue
            for call, targets in node.calls:
                of_c = self._graph.c_function(call, targets)
                if of_c:
                    where = call.line if call.file == node.place[0] else node.place[1]
                    text = f"{node.shown} -> {of_c}"
                    said.findings.append(Finding(node.place[0], where, text))

    def _catch_unwind(self, said: Judgement, rule: str, names: tuple[str, ...]) -> None:
        ids: set[str] = set()
        paths: set[str] = set()
        called = {
            without_generics(call.callee)
            for node in self._graph.nodes
            for call, targets in node.calls
            if not any(one.function for one in targets)
        }
        for name in names:
            try:
                found = self._names.function(rule, name)
                if found is not None:
                    ids.add(found)
                    paths.add(self._surface.written(self._surface.functions[found]))
                else:
                    crate, sign, rest = name.removeprefix("::").partition("::")
                    whole = f"{self._renamed.get(crate, crate)}{sign}{rest}"
                    paths.add(self._names.outside(rule, whole, called))
            except UnknownNameError as error:
                said.problems.append(str(error))
        if said.problems:
            return
        for node in self._graph.nodes:
            if node.is_closure or not self._is_for_c(node):
                continue
            said.look(node.place[0])
            for call, targets in node.calls:
                if not self._is_guard(call, targets, ids, paths):
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

    @staticmethod
    def _is_guard(
        call: Call, targets: Sequence[Node], ids: Collection[str], paths: Collection[str]
    ) -> bool:
        """Tell whether a call is one of a guard: its body by its id, what has none by its path."""
        path = without_generics(call.callee)
        if path.startswith(_OF_POINTERS) and not path.endswith(_NOT_THOSE):
            return True
        known = [one.function.id for one in targets if one.function is not None]
        return all(key in ids for key in known) if known else path in paths

    @staticmethod
    def _callee(call: Call, targets: Sequence[Node]) -> str:
        if targets:
            return targets[0].shown
        return without_generics(call.callee) or "a function pointer"

    def _no_mut_ref(self, said: Judgement, rule: str, names: tuple[str, ...]) -> None:
        ids = self._types(said, rule, names)
        if not ids:
            return
        types = self._surface.types
        for function in self._public():
            said.look(function.file)
            parts = (
                ("takes", [raw for _, raw in function.signature["inputs"]]),
                ("returns", [function.signature["output"]]),
                ("takes", [function.generics]),
            )
            associated = self._surface.associated(function)
            for word, written in parts:
                raw = types.projected(written, associated)
                if types.mutably(raw, ids, function.own):
                    named = [
                        name
                        for one, name in ids.items()
                        if types.mutably(raw, (one,), function.own)
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
                    text = f"{'::'.join(item.path)} lacks #[must_use]"
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
                    + (f": see {one.place[0]}:{one.place[1]}" if one.place else "")
                    for one in found
                ]
            elif any(not one.condition for one in found):
                texts = []
            elif found:
                texts = [f"{shown} is {trait} only where {one.condition}" for one in found]
            else:
                texts = [f"{shown} is not {trait}"]
            said.findings += [Finding(item.file, item.line, text) for text in texts]
