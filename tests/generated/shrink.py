"""Smaller projects: each with one node less, one node replaced by what is in it, or made plain."""

from __future__ import annotations

import copy
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .model import Node
    from .project import Project

__all__ = ["smaller"]

_KEPT = ("uid", "children", "seed", "name", "kind", "path", "file", "recorded")


def smaller(project: Project) -> Iterator[Project]:
    """Yield projects that are smaller in one place, the most so first."""
    places = sorted(_places(project), key=lambda place: -_size(_at(project, place)))
    for place in places:
        candidate = copy.deepcopy(project)
        parent = _at(candidate, place[:-1])
        del parent.children[place[-1]]
        if candidate.packages():
            yield candidate
    for place in places:
        node = _at(project, place)
        if node.transparent and node.children:
            candidate = copy.deepcopy(project)
            parent = _at(candidate, place[:-1])
            parent.children[place[-1] : place[-1] + 1] = _at(candidate, place).children
            yield candidate
    yield from _plainer(project, [(), *places])


def _plainer(project: Project, places: list[tuple[int, ...]]) -> Iterator[Project]:
    for place in places:
        node: Any = _at(project, place)
        for field in fields(node):
            default = field.default
            if field.default_factory is not MISSING:
                default = field.default_factory()
            if field.name in _KEPT or default is MISSING or getattr(node, field.name) == default:
                continue
            candidate = copy.deepcopy(project)
            setattr(_at(candidate, place), field.name, default)
            yield candidate


def _places(node: Node, place: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    for index, child in enumerate(node.children):
        yield (*place, index)
        yield from _places(child, (*place, index))


def _at(node: Node, place: tuple[int, ...]) -> Node:
    for index in place:
        node = node.children[index]
    return node


def _size(node: Node) -> int:
    return 1 + sum(map(_size, node.children))
