"""The copies of sources that the second build reads, and the program that hands them to rustc.

A tree has the paths of the file system below it: rewritten files, and symbolic links to all others
that the crates read. So relative paths in the sources lead to where they always lead.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..cargo import read_bytes, write_program
from ..late import dataclass
from .rewriting import Edit, Rewritten, emptied, split
from .test_location import real_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ..cargo import Package, Target
    from .source_scan import LayoutBlock
    from .sources import SourceFile, Sources

__all__ = ["Crate", "Trees"]

_OUT_DIR: Final = "CPYTHON_SYS_OUT_DIR"
"""Names the tree's copy of OUT_DIR, which is another one for each way to compile a crate."""
_PROGRAM: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rustc_wrapper.py")


@dataclass(frozen=True)
class Crate:
    """A crate with layouts that are wrong."""

    package: Package
    target: Target
    sources: Sources
    listed: frozenset[str]
    """Absolute paths of all files it was compiled from."""
    passed: frozenset[str]
    """Directories that must be there for these paths to lead anywhere."""
    out_dirs: tuple[str, ...]
    """Where its package's generated files are: of a crate compiled in two ways, two places."""
    wrong: frozenset[tuple[str, int]]
    """Blocks, by their file's real path and their first byte."""

    @property
    def root(self) -> str:
        """The path of its root file, as cargo has it."""
        return self.target.src_path


class Trees:
    """All that is written for a second build, in a directory of its own."""

    def __init__(self, directory: str, wrapper: str) -> None:
        self._directory = directory
        self._wrapper = wrapper
        self.crates: dict[str, Crate] = {}
        """By the path of the root file."""
        self._split: dict[str, Rewritten] = {}
        self._blocks: dict[str, list[LayoutBlock]] = {}
        self._digests: dict[str, str] = {}

    def _path(self, *names: str) -> str:
        return os.path.join(self._directory, *names)

    @property
    def target_directory(self) -> str:
        """Where cargo builds."""
        return self._path("build")

    def environment(self) -> dict[str, str]:
        """Return what cargo needs to use the trees."""
        return {
            "RUSTC_WRAPPER": self._path("rustc"),
            "CARGO_BUILD_BUILD_DIR": self.target_directory,
        }

    def add(self, crates: Iterable[Crate]) -> bool:
        """Add crates, and blocks of known ones; tell whether there was anything new."""
        new = False
        self._blocks.clear()
        for crate in crates:
            known = self.crates.get(crate.root)
            wrong = crate.wrong if known is None else known.wrong | crate.wrong
            new = new or known is None or wrong != known.wrong
            self.crates[crate.root] = replace(known or crate, wrong=wrong)
        return new

    def copy(self, path: str) -> Rewritten | None:
        """Return a file of the tree in which each statement is a block, by its real path."""
        return self._split.get(path)

    def blocks(self, path: str) -> Sequence[LayoutBlock]:
        """Return the wrong blocks of a file."""
        if path not in self._blocks:
            wrong = {place for crate in self.crates.values() for place in crate.wrong}
            file = self._file(path)
            blocks = file.scan.blocks if file is not None else ()
            self._blocks[path] = [block for block in blocks if (path, block.start) in wrong]
        return self._blocks[path]

    def _file(self, path: str) -> SourceFile | None:
        found = (crate.sources.file(path) for crate in self.crates.values())
        return next((file for file in found if file is not None), None)

    # -- what is written ------------------------------------------------------------------------

    def write(self) -> None:
        """Write trees, program and plan anew. Raises OSError."""
        os.makedirs(self._path("results"), exist_ok=True)
        os.makedirs(self._path("stamps"), exist_ok=True)
        for name in os.listdir(self._path("results")):
            if not name.endswith(".json"):  # what a run that was interrupted has left
                shutil.rmtree(self._path("results", name), ignore_errors=True)
        self._split = self._rewritten("split")
        tested = self._rewritten("tested")
        self._write_tree("split", self._split)
        self._write_tree("tested", tested)
        self._digests = {root: self._digest(crate, tested) for root, crate in self.crates.items()}
        script = shlex.join([sys.executable, "-I", "-S", _PROGRAM, self._path("plan.json")])
        write_program(self._path("rustc"), f'#!/bin/sh\nexec {script} "$@"\n')
        plan = {
            "wrapper": self._wrapper,
            "results": self._path("results"),
            "split": self._path("split"),
            "tested": self._path("tested"),
            "crates": {root: self._planned(crate) for root, crate in self.crates.items()},
        }
        _write(self._path("plan.json"), json.dumps(plan).encode())
        self._stamp()

    def _planned(self, crate: Crate) -> dict[str, object]:
        return {
            "digest": self._digests[crate.root],
            "out_dirs": {os.path.basename(os.path.dirname(path)): path for path in crate.out_dirs},
            "variable": _OUT_DIR,
            "stamp": self._path("stamps", _stamp_name(crate)),
        }

    def _stamp(self) -> None:
        """Touch the stamp of each crate whose last compilation is not the one that is wanted.

        A crate that another run has compiled without some blocks, and that nothing is known
        against now, is wanted whole.
        """
        wanted = dict.fromkeys(os.listdir(self._path("stamps")), b"")
        lost = set()
        for root, crate in self.crates.items():
            wanted[_stamp_name(crate)] = self._digests[root].encode()
            if not any(self.results(crate)):
                lost.add(_stamp_name(crate))
        for name, digest in wanted.items():
            path = self._path("stamps", name)
            if name in lost or read_bytes(path) != digest:
                _write(path, digest)

    def _rewritten(self, tree: str) -> dict[str, Rewritten]:
        """Return the files that differ from the originals, by their real paths."""
        change = split if tree == "split" else emptied
        edits: dict[str, list[Edit]] = {}
        for path in {path for crate in self.crates.values() for path, _ in crate.wrong}:
            file = self._file(path)
            if file is not None:
                edits[path] = list(change(file.source, self.blocks(path)))
        waiting = list(edits)
        while waiting:
            for includer, edit in self._includes(waiting.pop(), self._path(tree)):
                if includer not in edits:
                    waiting.append(includer)
                found = edits.setdefault(includer, [])
                if edit not in found:  # it reads a file for each way to compile its crate
                    found.append(edit)
        return {
            path: Rewritten(file, found)
            for path, found in edits.items()
            if (file := self._file(path)) is not None
        }

    def _includes(self, path: str, tree: str) -> Iterator[tuple[str, Edit]]:
        """Yield what makes each ``include!`` of a file lead to its copy."""
        seen: set[tuple[str, int]] = set()
        for crate in self.crates.values():
            included = crate.sources.file(path)
            if included is None:
                continue
            for file in crate.sources.files:
                for include in file.scan.includes:
                    mark = (real_path(file.path), include.span[0])
                    if mark in seen or not crate.sources.leads_to(
                        include, file.path, included.path
                    ):
                        continue
                    seen.add(mark)
                    lines = file.source.count(b"\n", *include.span)
                    text = os.fsencode(_read_from(tree, crate, included.path)) + b"\n" * lines
                    yield mark[0], Edit(*include.span, text)

    def _write_tree(self, name: str, files: Mapping[str, Rewritten]) -> None:
        tree = self._path(name)
        shutil.rmtree(tree, ignore_errors=True)
        for path in {path for crate in self.crates.values() for path in crate.passed}:
            os.makedirs(tree + path, exist_ok=True)
        for path in {path for crate in self.crates.values() for path in crate.listed}:
            target = tree + path
            os.makedirs(os.path.dirname(target), exist_ok=True)
            rewritten = files.get(real_path(path))
            if rewritten is None:
                os.symlink(path, target)
            else:
                _write(target, rewritten.text)

    def _digest(self, crate: Crate, tested: Mapping[str, Rewritten]) -> str:
        digest = hashlib.sha256()
        digest.update(read_bytes(_PROGRAM))
        for path in sorted(real_path(path) for path in crate.listed):
            for files in (self._split, tested):
                if path in files:
                    digest.update(os.fsencode(path) + b"\0" + files[path].text)
        return digest.hexdigest()

    # -- what came of it ------------------------------------------------------------------------

    def results(self, crate: Crate, names: Collection[str] | None = None) -> Iterator[list[str]]:
        """Yield rustc's words about the tree ``split`` for each compilation of a crate.

        ``names`` are those of the compilations that count: crate name and ``extra-filename``.
        """
        directory = self._path("results")
        for name in sorted(os.listdir(directory)):
            stem, extension = os.path.splitext(name)
            if extension != ".json" or (names is not None and stem not in names):
                continue
            try:
                raw = json.loads(read_bytes(os.path.join(directory, name)))
                if (raw["root"], raw["digest"]) == (crate.root, self._digests[crate.root]):
                    yield [str(line) for line in raw["lines"]]
            except (ValueError, KeyError, TypeError):
                continue


def _read_from(tree: str, crate: Crate, path: str) -> str:
    """Return the argument of an ``include!`` that reads a tree's copy of a file."""
    for directory in crate.out_dirs:
        if path.startswith(directory + os.sep):
            return f'concat!(env!("{_OUT_DIR}"), {_literal(path[len(directory) :])})'
    return _literal(f"{tree}{path}")


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _stamp_name(crate: Crate) -> str:
    return hashlib.sha256(os.fsencode(crate.root)).hexdigest()[:16]


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
