"""Which C header speaks for a package, and how it is compiled."""

from __future__ import annotations

import os.path
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ..rust.metadata import AbiTable, MetadataError, read_abi
from . import DEFAULT_HEADER
from .compiler import Compiler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..cargo import Package, Workspace
    from ..rust.context import BuildContext

__all__ = ["HeaderSource", "find_header"]

# They change no layout, and some of them need a whole program or a file that is not ours.
_DROPPED: Final = ("-Werror", "-O", "-g", "-flto", "-fprofile", "-MD", "-MMD", "-fdiagnostics")


@dataclass(frozen=True)
class HeaderSource:
    """A header, and what the package that has it says about it."""

    owner: Package
    path: str
    table: AbiTable
    """With the names, initialisers and known differences of the package that is checked."""
    explicit: bool
    """Whether a manifest names it; else it is there by its usual name."""

    def compiler(self, context: BuildContext) -> Compiler:
        """Return the compiler of the target Python with its flags and the package's own."""
        python = context.interpreter
        environ = context.build.environment
        flags: list[str] = []
        argv: tuple[str, ...] = ("cc",)
        if python is not None:
            argv = python.cc
            flags += [flag for flag in python.cflags if not flag.startswith(_DROPPED)]
            flags += python.cppflags
            # Headers may name files of a checkout from its root, wherever that was built.
            if python.source_dir is not None:
                flags.append(f"-I{python.source_dir}")
            # The internal headers include one another by their bare names, and mimalloc's too.
            for directory in python.include_dirs:
                for inner in ("internal", os.path.join("internal", "mimalloc")):
                    path = os.path.join(directory, inner)
                    if os.path.isdir(path):
                        flags.append(f"-I{path}")
            if environ.get("PY_GIL_DISABLED") == "1" and not python.gil_disabled:
                flags.append("-DPy_GIL_DISABLED=1")
        flags += [
            f"-I{os.path.join(self.owner.root, directory)}" for directory in self.table.include_dirs
        ]
        flags += self.table.flags
        return Compiler(argv, tuple(flags), self.owner.root, environ)


def find_header(workspace: Workspace, package: Package) -> HeaderSource | None:
    """Return a package's own header, or that of the nearest package it depends on.

    Raises MetadataError for a table that cannot be used, or a header that is not there.
    """
    table = read_abi(package.metadata)
    own = _own_header(package, table)
    if own is not None:
        return HeaderSource(package, own, table, explicit=table.header is not None)
    for other in _needed(workspace, package):
        theirs = read_abi(other.metadata)
        path = _own_header(other, theirs)
        if path is not None:
            merged = replace(
                table,
                include_dirs=theirs.include_dirs,
                flags=(*theirs.flags, *table.flags),
                names={**theirs.names, **table.names},
            )
            return HeaderSource(other, path, merged, explicit=theirs.header is not None)
    return None


def _own_header(package: Package, table: AbiTable) -> str | None:
    path = os.path.join(package.root, table.header or DEFAULT_HEADER)
    if os.path.isfile(path):
        return os.path.normpath(path)
    if table.header is not None:
        raise MetadataError(f"package.metadata.cpython-sys.header: there is no {path}")
    return None


def _needed(workspace: Workspace, package: Package) -> Iterator[Package]:
    """Yield the members that a package depends on, near ones first."""
    by_root = {os.path.realpath(other.root): other for other in workspace.packages}
    waiting, seen = [package], {package.id}
    while waiting:
        for dependency in waiting.pop(0).dependencies:
            root = os.path.realpath(dependency.path) if dependency.path else ""
            other = by_root.get(root)
            if other is not None and dependency.kind == "normal" and other.id not in seen:
                seen.add(other.id)
                waiting.append(other)
                yield other
