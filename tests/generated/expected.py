"""Which items a project is to have, and with which outcomes: the truth under its node ids."""

from __future__ import annotations

import os.path
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .truth import stuck_targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from .model import Owner, Placed
    from .project import Project
    from .truth import Truth

__all__ = ["ABSENT", "Expectation", "Item", "expect"]

ABSENT: Final = "absent"
_UNSAFE = re.compile(r"[%\[\]\s\x00-\x1f\x7f]|^:|:$|::")
_WORST: Final = ("failed", "error", "passed")


@dataclass(frozen=True)
class Item:
    """An item that is to be there under one of these ids, with one of these outcomes."""

    ids: tuple[str, ...]
    outcomes: frozenset[str]

    @property
    def good(self) -> bool:
        """Tell whether it leaves the run green."""
        return not self.outcomes <= {"failed", "error"}


@dataclass
class Expectation:
    """What is to be seen of a project."""

    items: list[Item] = field(default_factory=list)
    failing: list[frozenset[str]] = field(default_factory=list)
    """Of each of these sets of ids, at least one is to be red."""
    exit_codes: frozenset[int] = frozenset({0})
    cargo_code: int = 0
    more_errors: bool = False
    """Whether items that nobody knows by name are to be there, all of them errors."""


def escaped(level: str) -> str:
    """Return a level of an id as pytest can carry it."""
    return _UNSAFE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), level)


def node_id(file: str, levels: Iterable[str]) -> str:
    """Return the id of what stands in a file."""
    return "::".join([file, *map(escaped, levels)])


def _ids(owner: Owner, files: Iterable[str], levels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ids that something of a target may have."""
    own = (f"@{owner.kind}-{owner.name}",)
    return tuple(
        dict.fromkeys(
            node_id(file, levels if owner.primary or file == owner.root else own + levels)
            for file in files
        )
    )


def expect(project: Project, truth: Truth, place: Path) -> Expectation:
    """Return what is to be seen; ``place`` is where the truth was found."""
    found = Expectation(cargo_code=truth.code)
    broken = any(unit.state != "ok" for unit in truth.units)
    found.items += _blocks(truth)
    with_blocks = {item.ids[0].partition("::")[0] for item in found.items}
    # Their tests need not be there.
    stuck = stuck_targets(truth.book, {u.owner for u in truth.units if u.state == "broken"})
    for process in truth.processes:
        tests = _tests(truth, process.owner, process.verdicts)
        if process.owner in stuck:
            tests = [Item(item.ids, item.outcomes | {ABSENT}) for item in tests]
        found.items += tests
        if not process.verdicts and process.owner.kind == "test":
            outcomes = {"skipped"} | ({ABSENT} if process.owner.root in with_blocks else set())
            found.items.append(Item((f"{process.owner.root}::@empty",), frozenset(outcomes)))
    found.items += _doctests(truth, place, project.base, optional=broken)
    found.items += _broken_targets(truth)
    found.items += _unknown_modules(truth, all_of_them=not all(item.good for item in found.items))
    if project.layout == "below-python":
        found.items.append(Item(("py/test_python.py::test_python",), frozenset({"passed"})))
    found.more_errors = any(child.tag == "conftest:raising-checker" for child in project.children)
    _endings(truth, found)
    _exit_code(found)
    found.items = list(_numbered(found.items))
    return found


def _numbered(items: list[Item]) -> Iterator[Item]:
    """Yield the items; a test and a block of one name in one place are told apart by a number."""
    same: dict[tuple[str, ...], list[Item]] = {}
    for item in items:
        same.setdefault(item.ids, []).append(item)
    for ids, found in same.items():
        names = ids + tuple(
            f"{name}-{number + 1}" for number in range(1, len(found)) for name in ids
        )
        outcomes = frozenset().union(*(item.outcomes for item in found))
        yield from (Item(names, outcomes) for _ in found)


def _exit_code(found: Expectation) -> None:
    good = all(item.good for item in found.items) and not found.failing and not found.more_errors
    if not good or found.cargo_code:
        found.exit_codes = frozenset({1})
    elif not any(ABSENT not in item.outcomes for item in found.items):
        found.exit_codes = frozenset({0, 5})


def _tests(truth: Truth, owner: Owner, verdicts: dict[str, str]) -> list[Item]:
    placed: dict[str, Placed] = {
        entry.key: entry
        for entry in truth.book.placed
        if entry.owner == owner and entry.what in ("test", "main")
    }
    items = []
    for name, outcome in verdicts.items():
        leaf = name if owner.program else name.rpartition("::")[2]
        entry = placed.get(leaf)
        if entry is None:
            continue
        levels = tuple(name.split("::"))
        outcomes = {outcome, "failed"} if outcome == "error" else {outcome}
        items.append(Item(_ids(owner, entry.files, levels), frozenset(outcomes)))
    return items


def _blocks(truth: Truth) -> list[Item]:
    units = defaultdict(list)
    for unit in truth.units:
        units[unit.owner].append(unit)
    items: dict[tuple[str, ...], Item] = {}
    for entry in truth.book.placed:
        if "block" not in entry.what:
            continue
        outcomes: set[str] = set()
        for unit in units[entry.owner]:
            compiled = unit.compiled.intersection(entry.sizes)
            if not compiled:
                continue
            right = entry.holds and compiled == {entry.recorded}
            if entry.what == "odd block" and unit.state != "ok":
                outcomes |= {"skipped", "error", ABSENT}
            elif unit.state == "blocked":
                outcomes |= {"error", ABSENT}
            elif unit.state == "broken":
                name = entry.key.partition("_open0")[0]
                outcomes.add("failed" if name in unit.reported and not right else "error")
            elif entry.what == "odd block":
                outcomes.add("skipped")
            else:
                outcomes.add("passed" if right else "failed")
        worst = next((name for name in _WORST if name in outcomes), None)
        if worst is not None and ABSENT not in outcomes:
            outcomes = {worst}
        if outcomes:
            name = f"bindgen_test_layout_{entry.key}"
            if entry.key.endswith("_close0"):
                name = f"__{name}_instantiation"
            levels = (*entry.modules, name)
            ids = _ids(entry.owner, entry.files, levels)
            items[ids] = Item(ids, frozenset(outcomes))
    return list(items.values())


def _doctests(truth: Truth, place: Path, base: str, *, optional: bool) -> list[Item]:
    assert truth.doctests is not None
    libraries = {owner.name: owner for owner in truth.book.owners.values() if owner.kind == "lib"}
    verdicts: dict[tuple[str, str, int, str], str] = {}
    for line in truth.doctests.doctests:
        file = os.path.normpath(os.path.join(place, base, line.file))
        owner = libraries.get(line.crate)
        if owner is None:
            continue
        stands = _tracked(truth, owner, os.path.relpath(file, place))
        key = (stands, file, line.line, line.path)
        if verdicts.get(key) != "failed":
            verdicts[key] = line.outcome
    counts: Counter[tuple[str, str]] = Counter()
    items = []
    for (stands, _, _, path), outcome in sorted(verdicts.items(), key=lambda entry: entry[0][1:3]):
        counts[stands, path] += 1
        levels = ("@doctest", *(path.split("::") if path else ()), str(counts[stands, path]))
        outcomes = {outcome} | ({ABSENT} if optional else set())
        items.append(Item((node_id(stands, levels),), frozenset(outcomes)))
    return items


def _tracked(truth: Truth, owner: Owner, file: str) -> str:
    """Return the file that a doctest stands under, given the one that rustdoc names."""
    for (package, name), stands in truth.book.folders.items():
        if package == owner.package and file.endswith(f"/out/{name}"):
            return stands
    inside = not owner.directory or file.startswith(f"{owner.directory}/")
    return file if inside else truth.book.outside.get(file, owner.root)


def _broken_targets(truth: Truth) -> list[Item]:
    items = {}
    libraries = {owner for owner in truth.book.owners.values() if owner.kind == "lib"}
    broken = {unit.owner for unit in truth.units if unit.state != "ok"}
    for owner in broken:
        items[owner] = Item((f"{owner.root}::@build",), frozenset({"failed", "error"}))
    for owner in libraries if broken else ():
        ids = (f"{owner.root}::@build",)
        items.setdefault(owner, Item(ids, frozenset({"failed", "error", ABSENT})))
    return list(items.values())


def _unknown_modules(truth: Truth, *, all_of_them: bool) -> list[Item]:
    """Of a library that was not built, nobody knows whether it is an extension module.

    One that no test needs is not built by cargo, whether or not it could be.
    """
    built = {unit.owner for unit in truth.units if unit.state == "ok"}
    return [
        Item((f"{owner.root}::@module::imports",), frozenset({"skipped", ABSENT}))
        for owner in truth.book.owners.values()
        if owner.kind == "lib" and (all_of_them or owner not in built)
    ]


def _endings(truth: Truth, found: Expectation) -> None:
    """A process that fails without a failed test: one of its items is an error."""
    for process in truth.processes:
        # Tests may be divided among processes, by workers of pytest-xdist or since a harness speaks
        # text alone: each of these ends so, whether or not another one's test fails.
        split = not process.owner.ends_well or any(
            entry.ends_badly for entry in truth.book.placed if entry.owner == process.owner
        )
        if not process.failed or (
            not split and not {"failed", "error"}.isdisjoint(process.verdicts.values())
        ):
            continue
        files = {
            process.owner.root,
            *(e.files[0] for e in truth.book.placed if e.owner == process.owner),
        }
        mine = [
            index
            for index, item in enumerate(found.items)
            if item in _tests(truth, process.owner, process.verdicts)
        ]
        for index in mine:
            item = found.items[index]
            found.items[index] = Item(item.ids, item.outcomes | {"error", "failed"})
        ids = {name for index in mine for name in found.items[index].ids}
        found.failing.append(frozenset(ids or {f"{file}::*" for file in files}))
