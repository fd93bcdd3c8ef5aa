"""The second build: all that is wrong in a layout block, and the tests of a crate that has one.

A crate with a wrong layout does not compile, and rustc names the first wrong statement of each
block alone. So where nothing else is wrong, everything is built once more, in a directory of its
own, from copies of these sources: once with each statement in a block of its own, for rustc's
words, and once without these blocks, for the tests. Only rustc reads the copies
(``rustc_wrapper.py``); cargo and build scripts see what is really there.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final

from ..cargo import configured_wrapper, locked, seed
from ..late import dataclass
from .constant_errors import (
    CONSTANT_ERROR,
    block_of,
    constant_module,
    explain,
    position_of,
    primary_spots,
)
from .layout_table import Row
from .source_copies import Crate, Trees
from .sources import Sources
from .test_location import real_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..cargo import Build, BuildListener, BuildOptions, Cargo, Diagnostic, Package, Target
    from .block_places import TextBlock

    _Told = tuple[tuple[str, ...] | None, Row]

__all__ = ["SecondBuild", "build_again"]

_DIRECTORY: Final = "cpython-sys-second"
_ROUNDS: Final = 8
"""Layouts of a crate may be seen only when the crates that it needs are built."""


@dataclass(frozen=True)
class SecondBuild:
    """What became of it."""

    builds: tuple[Build, ...]
    """That of the user's own sources first; what came of all others is in the last."""
    options: BuildOptions
    originally: BuildOptions
    """The options of the first build."""
    rows: Mapping[tuple[str, TextBlock], tuple[_Told, ...]] = field(default_factory=dict)
    """All that is wrong in a block, by the target's root file and the block's place; each with the
    module that the block is compiled in, where rustc tells it."""
    trouble: str = ""
    """Why there is none after all; empty if there is one."""


def build_again(
    cargo: Cargo,
    first: Build,
    options: BuildOptions,
    extra_environment: Mapping[str, str],
    listener: BuildListener | None = None,
) -> SecondBuild | None:
    """Build without the layouts that are wrong, if some crate has no other error.

    None where there is nothing to gain. Raises CargoMissingError.
    """
    if first.success or sys.platform == "win32":
        return None
    wrong = list(_repairable(first, {}))
    if not wrong:
        return None
    directory = os.path.join(options.directory(first.workspace), _DIRECTORY)
    trees = Trees(directory, configured_wrapper(first.environment, first.workspace.root))
    own = replace(options, target_dir=trees.target_directory)
    builds = [first]
    try:
        with locked(directory):
            seed(first, trees.target_directory)
            for _ in range(_ROUNDS):
                if not trees.add(wrong):
                    break
                trees.write()
                environment = {**extra_environment, **trees.environment()}
                build = cargo.build(
                    first.workspace, own, extra_environment=environment, listener=listener
                )
                wrong = list(_repairable(build, trees.crates))
                trouble = _trouble(build, trees, {crate.root for crate in wrong})
                if trouble:
                    return SecondBuild((first,), options, options, trouble=trouble)
                builds.append(build)
            rows = _rows(trees, builds[-1])
    except OSError as error:
        return SecondBuild((first,), options, options, trouble=str(error))
    return SecondBuild(tuple(builds), own, options, rows)


def _targets(build: Build) -> Iterator[tuple[Package, Target]]:
    for package, target in build.workspace.targets():
        if target.kind != "custom-build":
            yield package, target


def _repairable(build: Build, known: Mapping[str, Crate]) -> Iterator[Crate]:
    """Yield the crates that would build, as far as one can see, but for their layouts."""
    for package, target in _targets(build):
        errors = build.errors(package.id, target)
        if not errors or any(error.code != CONSTANT_ERROR for error in errors):
            continue
        crate = known.get(target.src_path) or _crate(build, package, target)
        places = [_place(error, crate, build.workspace.root) for error in errors]
        wrong = frozenset(place for place in places if place is not None)
        if None not in places and not wrong <= crate.wrong:
            yield replace(crate, wrong=wrong)


def _crate(build: Build, package: Package, target: Target) -> Crate:
    units = build.units(package, target)
    listed = frozenset(path for unit in units for path in build.sources(unit) or ())
    # A unit that rustc has not come to reads other files, perhaps: those that the text leads to.
    listed |= {site.path for site in Sources(build, package, target, []).sites}
    passed = frozenset(path for unit in units for path in build.passed_directories(unit))
    out_dirs = tuple(one.out_dir for one in build.scripts if one.package_id == package.id)
    sources = Sources(build, package, target, units)
    return Crate(package, target, sources, listed, passed, out_dirs, frozenset())


def _place(error: Diagnostic, crate: Crate, root: str) -> TextBlock | None:
    found = block_of(error.raw, root, crate.sources.file)
    return (real_path(found[0].path), found[1].start) if found is not None else None


def _trouble(build: Build, trees: Trees, more: set[str]) -> str:
    """Return why a second build does not serve; empty if it does, or another round may help."""
    for package, target in _targets(build):
        if target.src_path not in trees.crates or target.src_path in more:
            continue
        found = build.errors(package.id, target)
        errors = [error for error in found if not error.is_of_linker]
        if errors:
            return f"{package.name} ({target.label}): {errors[0].rendered.strip()}"
        # What does not link has been compiled: its layouts are known, and its own item tells.
        if not more and not found and not build.is_built(package, target):
            return build.words
    return ""


def _rows(trees: Trees, build: Build) -> dict[tuple[str, TextBlock], tuple[_Told, ...]]:
    """Return all that rustc found wrong, in the order of the statements."""
    found: dict[tuple[str, TextBlock], dict[tuple[int, object], _Told]] = {}
    for crate in trees.crates.values():
        units = build.units(crate.package, crate.target)
        paths = [unit.depinfo for unit in units]
        names = {os.path.basename(path).removesuffix(".d") for path in paths if path}
        for lines in trees.results(crate, names):
            for block, start, told in _mismatches(lines, trees, build.workspace.root):
                if block in crate.wrong:
                    found.setdefault((crate.root, block), {})[start, told[0]] = told
    return {
        key: tuple(rows[place] for place in sorted(rows, key=lambda place: place[0]))
        for key, rows in found.items()
    }


def _mismatches(
    lines: list[str], trees: Trees, root: str
) -> Iterator[tuple[TextBlock, int, _Told]]:
    """Yield the block and the first byte of each wrong statement, and what is wrong."""
    for line in lines:
        try:
            raw = json.loads(line)
            code = (raw.get("code") or {}).get("code")
        except (ValueError, AttributeError):
            continue
        if raw.get("level") != "error" or code != CONSTANT_ERROR:
            continue
        for spot in primary_spots(raw):
            path = real_path(os.path.join(root, spot.file))
            copy = trees.copy(path)
            if copy is None:
                continue
            hit = copy.statement_at(position_of(copy.text, spot), trees.blocks(path))
            if hit is not None:
                block, statement = hit
                actual = explain(raw, statement).actual
                row = Row(statement.what, statement.recorded, actual)
                yield (path, block.start), statement.start, (constant_module(raw), row)
