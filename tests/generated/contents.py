"""What a target holds: leaves, and the nodes around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import containers, documented, leaves, macros

if TYPE_CHECKING:
    import random

    from .model import Node

__all__ = ["PREDICATES", "Contents"]

PREDICATES: Final = (
    "test",
    "not(test)",
    'feature = "extra"',
    'not(feature = "extra")',
    'feature = "live"',
    "any()",
    "all()",
    "unix",
    "windows",
    'target_pointer_width = "64"',
    "debug_assertions",
    'panic = "unwind"',
    "from_build",
    'level = "high"',
    "flagged",
    "wasm",
    'all(unix, not(feature = "live"))',
    'any(test, feature = "extra")',
    "doctest",
    "true",
    "false",
    'target_feature = "sse2"',
    'panic = "abort"',
    'target_has_atomic = "64"',
)
_OWN: Final = (
    'feature = "extra"',
    'not(feature = "extra")',
    'not(feature = "extra")',
    'feature = "live"',
    "from_build",
    "flagged",
    "wasm",
    "test",
    "not(test)",
)
_NAMES: Final = ("same", "it_works", "r#type", "größe", "bindgen_test_layout_Same")
_DEPTH: Final = 3
_DOCTESTS: Final = 3
_COMMON: Final = ("pass", "pass", "pass", "fail", "should-panic", "ignored", "err")
# A process that ends early costs one more process for each other test.
_RARE: Final = ("exit-0", "exit-3", "exit-101", "abort", "ends-badly")


class Contents:
    """Chooses contents, and gives each node its number."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._last = 0
        self._doctests = _DOCTESTS

    def next(self) -> int:
        """Return a number that no other node has."""
        self._last += 1
        return self._last

    def several(self, kind: str, *, has_tests: bool) -> list[Node]:
        """Return what the root file of a target of this kind holds."""
        count = self._draw.choices((0, 1, 2, 3), (5, 35, 40, 20))[0]
        nodes = [self._node(kind, 0, has_tests=has_tests, body=False) for _ in range(count)]
        named = known = False
        if kind != "bench" and self._chance(0.3):
            tests = [self._test(body=False) for _ in range(self._draw.randint(1, 2))]
            nodes.append(
                containers.InlineModule(self.next(), name="tests", cfg="test", children=list(tests))
            )
        for node in _all(nodes):
            if isinstance(node, leaves.Test) and not named and self._chance(0.2):
                node.name, named = self._draw.choice(_NAMES), True
            elif isinstance(node, leaves.Block) and not known and self._chance(0.15):
                node.name, known = "Same", True
        return nodes

    def leaves(self) -> list[Node]:
        """Return a test and a block."""
        return [
            self._test(body=False),
            leaves.Block(self.next(), fault=self._draw.choice(("", "", "size"))),
        ]

    def _chance(self, probability: float) -> bool:
        return self._draw.random() < probability

    def _node(self, kind: str, depth: int, *, has_tests: bool, body: bool) -> Node:
        if depth < _DEPTH and self._chance(0.6 - 0.1 * depth):
            node = self._container()
            body = body or (isinstance(node, macros.Macro) and "called" in node.how)
            count = self._draw.choices((1, 2), (70, 30))[0]
            if isinstance(node, macros.Macro) and "cfg-if" in node.how and self._chance(0.4):
                # As `-sys` crates choose between what is generated and what is checked in.
                included = containers.OutputInclude(
                    self.next(), how=self._draw.choice(containers.OUTPUTS)
                )
                included.children = [self._leaf(kind, has_tests=has_tests, body=body)]
                node.children = [included]
                return node
            node.children = [
                self._node(kind, depth + 1, has_tests=has_tests, body=body) for _ in range(count)
            ]
            return node
        return self._leaf(kind, has_tests=has_tests, body=body)

    def _container(self) -> Node:
        draw, uid = self._draw, self.next()
        ending = draw.choices(("lf", "crlf", "bom"), (90, 6, 4))[0]
        call = draw.choice(containers.CALLS)
        which = draw.choices(
            ("inline", "file", "include", "output", "cfg", "macro"), (10, 15, 18, 18, 18, 21)
        )[0]
        if which == "inline":
            return containers.InlineModule(uid)
        if which == "file":
            return containers.FileModule(
                uid, how=draw.choice(containers.FILE_MODULES), ending=ending
            )
        if which == "include":
            how = draw.choice(containers.INCLUDES)
            manifest_dir = self._chance(0.2)
            return containers.Include(
                uid, how=how, call=call, manifest_dir=manifest_dir, ending=ending
            )
        if which == "output":
            return containers.OutputInclude(uid, how=draw.choice(containers.OUTPUTS), call=call)
        # Half of them ask for what differs between projects.
        predicate = draw.choice(PREDICATES if self._chance(0.5) else _OWN)
        if which == "cfg":
            position = draw.choice(containers.CFG_POSITIONS)
            return containers.Cfg(uid, predicate=predicate, position=position)
        how = draw.choice(macros.MACROS)
        return macros.Macro(uid, how=how, call=call, predicate=predicate)

    def _test(self, *, body: bool) -> Node:
        draw = self._draw
        group = draw.choices((_COMMON, tuple(leaves.BEHAVIOURS), _RARE), (70, 27, 3))[0]
        behaviour = draw.choice([name for name in group if group is _RARE or name not in _RARE])
        marker = draw.choice(leaves.MARKERS) if self._chance(0.12) else "#[test]"
        return leaves.Test(self.next(), behaviour=behaviour, marker=marker)

    def _leaf(self, kind: str, *, has_tests: bool, body: bool) -> Node:
        draw = self._draw
        weights = {"test": 30, "block": 36, "doctest": 14, "old": 6, "odd": 3, "text": 8, "docs": 3}
        if kind != "lib":
            weights["doctest"] = 2
        if not self._doctests or body:
            weights["docs"] = 0
        if not self._doctests:
            weights["doctest"] = 0
        if not has_tests:
            weights["test"] = weights["old"] = 0
        which = draw.choices(list(weights), list(weights.values()))[0]
        if which == "test":
            return self._test(body=body)
        uid = self.next()
        if which == "block":
            style = draw.choice(leaves.BLOCK_STYLES)
            faults = [*leaves.FAULTS[1:], "size"]
            fault = draw.choice(faults) if self._chance(0.35) else ""
            shape = draw.choices(
                ("plain", "by-test", "in-function", "instantiation"), (84, 6, 4, 6)
            )[0]
            return leaves.Block(uid, style=style, fault=fault, kind=shape)
        if which == "old":
            return leaves.OldStyleBlock(uid, wrong=self._chance(0.4))
        if which == "odd":
            return leaves.OddBlock(uid, kind=draw.choice(leaves.ODD_BLOCKS))
        if which == "text":
            return leaves.ReadText(uid, reader=draw.choice(leaves.READERS))
        self._doctests -= 1
        if which == "docs":
            numbers = draw.choice(((1, 2, 1), (1, 1, 1), (2, 1), (1, 1, 2)))
            return documented.MacroDoctests(uid, numbers=numbers)
        behaviour = draw.choice(list(documented.DOCTESTS))
        return documented.Doctest(uid, behaviour=behaviour, host=draw.choice(documented.HOSTS))


def _all(nodes: list[Node]) -> list[Node]:
    found = list(nodes)
    for node in nodes:
        found += _all(node.children)
    return found
