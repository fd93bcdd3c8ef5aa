"""Who calls whom in a crate, and how each function reaches C: MIR's bodies with rustdoc's names.

Direct paths inside the crate are followed: functions, methods, associated functions, methods of
traits where the type is known, and closures, which belong to the function that they stand in.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import field
from typing import TYPE_CHECKING, Final

from ...late import dataclass, regex
from .mir import matching, split_top, trait_of, without_generics
from .types import ANY, normalised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from .mir import Body, Call
    from .surface import Function, Impl, Surface

__all__ = ["Graph", "Node"]

_BLOCK: Final = regex(
    r"(?P<around>.*?)<impl at (?P<file>.+?):(?P<line>\d+):(?P<column>\d+): \d+:\d+>"
    r"::(?P<name>\w+)(?P<rest>.*)"
)
_INHERENT: Final = regex(r"(?:\w+::)*<impl (?P<of>.+)>::(?P<rest>.+)")


@dataclass(eq=False)
class Node:
    """A body, and what rustdoc says of it; nothing of a function inside another."""

    body: Body
    function: Function | None = None
    module: str = ""
    """The path of what it stands in, as far as it is made of modules and functions."""
    calls: list[tuple[Call, list[Node]]] = field(default_factory=list)
    closures: list[Node] = field(default_factory=list)
    to_c: str = ""
    """The C function that it calls itself, if it calls any."""
    following: Node | None = None
    """The next on the shortest way to C."""
    reaches: bool = False

    @property
    def is_closure(self) -> bool:
        """Whether it is a part of another."""
        return self.body.owner is not None

    @property
    def shown(self) -> str:
        """What to call it."""
        if self.function is not None:
            return self.function.shown
        match = _BLOCK.fullmatch(self.body.name)  # a function inside a method
        return f"{match['name']}{match['rest']}" if match is not None else self.body.name

    @property
    def place(self) -> tuple[str, int]:
        """Where it stands: a file as rustc names it, and a line."""
        if self.function is not None:
            return self.function.file, self.function.line
        return self.body.file, self.body.line

    def way(self) -> str:
        """Return how it reaches C: ``set_item -> raw_set -> sys::PyObject_SetItem``."""
        steps, node = [], self
        while node.following is not None:
            if not node.is_closure:
                steps.append(node.shown)
            node = node.following
        if not node.is_closure:
            steps.append(node.shown)
        return " -> ".join([*steps, node.to_c])


class Graph:
    """The functions of a crate.

    ``systems`` are the crates through which C is called: True for those that declare it;
    ``renamed`` the crates by the names that they have here, where these are others.
    """

    def __init__(
        self,
        bodies: Sequence[Body],
        surface: Surface,
        systems: Mapping[str, bool],
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self._surface = surface
        self._systems = systems
        self._renamed = renamed or {}
        self.nodes = [Node(body) for body in bodies]
        methods = ("::".join(one.path) for one in surface.functions.values())
        self._bodies = frozenset((*(body.name for body in bodies), *methods))
        self.by_id: dict[str, Node] = {}
        self._named: dict[str, list[Node]] = {}
        self._of_traits: dict[tuple[str, str], list[Function]] = {}
        self._provided: dict[tuple[str, str], list[Function]] = {}
        self._foreign = {
            "::".join(one.path)
            for one in surface.functions.values()
            if not one.has_body and not one.trait and one.impl is None
        }
        self.unknown: dict[str, int] = {}
        """What was not followed, and how often."""
        self._join()
        self._link()

    # -- which body is which function -----------------------------------------------------------

    def _join(self) -> None:
        free: dict[str, Function] = {}
        blocks: dict[tuple[str, int, int, str], list[Function]] = {}
        for function in self._surface.functions.values():
            impl = function.impl
            if impl is None:
                free["::".join(function.path)] = function
                if function.trait:
                    named = function.trait[-1], function.name
                    self._provided.setdefault(named, []).append(function)
            else:
                begin = impl.file, impl.line, impl.column, function.name
                blocks.setdefault(begin, []).append(function)
                if impl.trait is not None:
                    trait = self._surface.types.path_of(impl.trait)[-1]
                    self._of_traits.setdefault((trait, function.name), []).append(function)
        made: dict[tuple[str, str], list[Node]] = {}
        for node in self.nodes:
            match = _BLOCK.fullmatch(node.body.name)
            if match is None:
                node.module = node.body.name.rpartition("::")[0]
                self._take(node, free.get(node.body.name))
                continue
            node.module = match["around"].removesuffix("::")
            if match["rest"]:
                continue
            place = match["file"], int(match["line"]), int(match["column"]), match["name"]
            if len(blocks.get(place, ())) == 1:
                self._take(node, blocks.pop(place)[0])
            else:  # a macro wrote it, and MIR has the macro's own place
                file = self._surface.file_of(node.module)
                made.setdefault((file, match["name"]), []).append(node)
        self._join_made(made, [one for several in blocks.values() for one in several])
        for node in self.nodes:
            self._name(node)
        for function in self._surface.functions.values():
            if function.has_body and function.id not in self.by_id:
                self._count("functions from macros whose bodies cannot be distinguished")

    def _join_made(self, made: dict[tuple[str, str], list[Node]], left: Sequence[Function]) -> None:
        """Join what macros have written: by the file of the call, the name, and the signature.

        Both MIR and a file have things in the order in which they are defined.
        """
        there: dict[tuple[str, str], list[Function]] = {}
        for one in sorted(left, key=lambda one: (one.file, one.line)):
            there.setdefault((one.file, one.name), []).append(one)
        for place, nodes in made.items():
            open_ = [(re.compile(self._pattern(one)), one) for one in there.get(place, ())]
            if len(open_) != len(nodes):
                nodes = self._only_fits(nodes, [pattern for pattern, _ in open_])
            for node in nodes:
                written = normalised(f"({node.body.signature}")
                fitting = [pair for pair in open_ if pair[0].fullmatch(written)]
                # Of several the one that says most; of those that say as much the first.
                pair = min(fitting, key=lambda one: one[0].pattern.count(ANY), default=None)
                if pair is not None:
                    open_.remove(pair)
                    self._take(node, pair[1])

    @staticmethod
    def _only_fits(nodes: Sequence[Node], patterns: Sequence[re.Pattern[str]]) -> list[Node]:
        """Return the nodes whose signature one function has, and which nobody else has."""
        written = {node: normalised(f"({node.body.signature}") for node in nodes}
        fits = {text: [one for one in patterns if one.fullmatch(text)] for text in written.values()}
        taken = [one for found in fits.values() for one in found]
        texts = list(written.values())
        return [
            node
            for node, text in written.items()
            if len(fits[text]) == texts.count(text) == 1 and taken.count(fits[text][0]) == 1
        ]

    def _pattern(self, function: Function) -> str:
        """Return the pattern of a function's signature as it stands in MIR."""
        types, own = self._surface.types, function.own
        parts = [
            rf"_\d+:{types.pattern(_with_self(raw, own), unknown=ANY)}"
            for _, raw in function.signature["inputs"]
        ]
        result = types.pattern(_with_self(function.signature["output"], own), unknown=ANY)
        return rf"\({','.join(parts)}\)->{result}"

    def _take(self, node: Node, function: Function | None) -> None:
        node.function = function
        if function is not None:
            self.by_id[function.id] = node

    def _name(self, node: Node) -> None:
        """Take note of the paths by which others call a body."""
        function = node.function
        if function is not None and function.impl is not None and function.impl.trait is not None:
            return  # a trait's: by the type that it is for
        if function is not None:
            self._named.setdefault("::".join(function.path), []).append(node)
            return
        match = _BLOCK.fullmatch(node.body.name)
        if match is None:
            self._named.setdefault(node.body.name, []).append(node)
        elif match["rest"] and not node.is_closure:
            # A function inside a method: its name and the method's tell which one.
            self._named.setdefault(f"{match['name']}{match['rest']}", []).append(node)

    # -- who calls whom -------------------------------------------------------------------------

    def _link(self) -> None:
        owners: dict[str, list[Node]] = {}
        for node in self.nodes:
            if not node.is_closure:
                owners.setdefault(node.body.name, []).append(node)
        last: dict[str, Node] = {}
        for node in self.nodes:
            owner = node.body.owner
            if owner is None:
                last[node.body.name] = node
            elif owner in last:  # MIR has closures after what they stand in
                last[owner].closures.append(node)
            elif owner in owners:
                owners[owner][0].closures.append(node)
            free = self._free(node)
            for call in node.body.calls:
                targets = self._targets(call, free)
                node.calls.append((call, targets))
                if not node.to_c:
                    node.to_c = self.c_function(call, targets)

    @property
    def knows_c(self) -> bool:
        """Whether there is anything that would count as a function of C."""
        return bool(self._systems or self._foreign)

    @staticmethod
    def _free(node: Node) -> set[str]:
        """Return the types that are anything in a body: its generic parameters."""
        function = node.function
        if function is None:
            return {"Self"}
        names = {str(one["name"]) for one in function.generics["params"]}
        return names | (function.impl.free if function.impl is not None else {"Self"})

    def c_function(self, call: Call, targets: Collection[Node] = ()) -> str:
        """Return the name of the C function that is called; empty if it is none."""
        path = without_generics(call.callee)
        if path in self._foreign:
            return path
        if targets:
            return ""
        foreign = call.abi not in ("", "rust-call")
        around = path.rpartition("::")[0]
        if foreign and call.unsafe and (around in self._bodies or ">::" in around):
            return path  # of an `extern` block inside a function
        crate = self._crate_of(trait_of(path) if path[:1] == "<" else path)
        # What C has as `static inline` is Rust where C is declared.
        called = crate in self._systems and (foreign or (call.unsafe and self._systems[crate]))
        return path if called else ""

    def _crate_of(self, path: str) -> str:
        """Return the crate that a path leads to, also where `extern crate` gives it a name."""
        parts = path.split("::")
        if parts[0] in self._systems:
            return parts[0]
        size = 1
        while size < len(parts) and tuple(parts[:size]) in self._surface.modules:
            size += 1
        return self._renamed.get(parts[size - 1], "") if size < len(parts) else ""

    def _targets(self, call: Call, free: Collection[str]) -> list[Node]:
        """Return the bodies that a call may lead to; none where it leads out of what is seen."""
        callee = call.callee
        if not callee:
            self._count("calls through pointers")
            return []
        if callee[0] == "<":
            return self._of_trait(callee, free)
        match = _INHERENT.fullmatch(callee)
        if match is not None:
            callee = f"{match['of']}::{match['rest']}"
        path = without_generics(callee)
        found = self._named.get(path, [])
        if not found:
            parts = path.split("::")
            ends = ("::".join(parts[start:]) for start in range(1, len(parts) - 1))
            inside = (self._named.get(end, []) for end in ends)
            found = [node for nodes in inside for node in nodes if node.function is None]
        if len(found) > 1:  # an `impl` each for `Py<A>` and `Py<B>`
            own = normalised(next(_owners(callee), callee))
            found = [node for node in found if self._is_for(node.function, own)] or found
        return found

    def _is_for(self, function: Function | None, written: str) -> bool:
        if function is None or function.impl is None:
            return True
        pattern = self._surface.types.pattern(function.impl.of, function.impl.free)
        return re.fullmatch(pattern, written) is not None

    def _of_trait(self, callee: str, free: Collection[str]) -> list[Node]:
        """Return the method of a trait that is called for a type: ``<T as Trait>::f``."""
        end = matching(callee, 0)
        inside, rest = callee[1:end], without_generics(callee[end + 3 :])
        name, nested, _ = rest.partition("::")
        if nested:
            return self._named.get(rest, [])
        split = next(split_top(inside, " as "), None)
        if split is None:
            return []
        of, trait = normalised(inside[:split]), inside[split + 4 :]
        head = without_generics(trait).rpartition("::")[2]
        if head in ("Fn", "FnMut", "FnOnce") and of.startswith("{closure"):
            return []  # a part of whoever wrote it
        fitting = [
            one
            for one in self._of_traits.get((head, name), [])
            if of not in free and self._is_for(one, of) and self._fits_trait(one, normalised(trait))
        ]
        if (
            not fitting
            and of not in free
            and any(self._implements(one, head, of) for one in self._surface.impls)
        ):
            fitting = self._provided.get((head, name), [])
        nodes = [self.by_id[one.id] for one in fitting if one.id in self.by_id]
        if not nodes:
            self._count("calls of trait methods whose type or body is not known")
        return nodes

    def _implements(self, impl: Impl, trait: str, written: str) -> bool:
        types = self._surface.types
        return (
            impl.trait is not None
            and types.path_of(impl.trait)[-1] == trait
            and re.fullmatch(types.pattern(impl.of, impl.free), written) is not None
        )

    def _fits_trait(self, function: Function, written: str) -> bool:
        impl = function.impl
        if impl is None or impl.trait is None:
            return False
        pattern = self._surface.types.path_pattern(impl.trait, impl.free)
        return re.fullmatch(pattern, written) is not None

    def _count(self, what: str) -> None:
        self.unknown[what] = self.unknown.get(what, 0) + 1

    # -- the ways to C --------------------------------------------------------------------------

    def find_ways(self, audited: Collection[str]) -> None:
        """Find each body's shortest way to C; none leads through functions by these ids."""
        before: dict[Node, list[Node]] = {}
        for node in self.nodes:
            for _, targets in node.calls:
                for target in targets:
                    before.setdefault(target, []).append(node)
            for closure in node.closures:
                before.setdefault(closure, []).append(node)
        waiting = deque(node for node in self.nodes if node.to_c)
        for node in waiting:
            node.reaches = True
        while waiting:
            node = waiting.popleft()
            if node.function is not None and node.function.id in audited:
                continue
            for caller in before.get(node, ()):
                if not caller.reaches:
                    caller.reaches, caller.following = True, node
                    waiting.append(caller)


def _with_self(raw: object, own: object) -> object:
    """Return a piece of JSON in which ``Self`` is what it stands for."""
    if raw == {"generic": "Self"} and own is not None:
        return own
    if isinstance(raw, dict):
        return {key: _with_self(value, own) for key, value in raw.items()}
    if isinstance(raw, list):
        return [_with_self(value, own) for value in raw]
    return raw


def _owners(callee: str) -> Iterator[str]:
    """Yield what stands before the last name of a path."""
    positions = list(split_top(callee, "::"))
    names = [position for position in positions if callee[position + 2 : position + 3] != "<"]
    if names:
        yield callee[: names[-1]]
