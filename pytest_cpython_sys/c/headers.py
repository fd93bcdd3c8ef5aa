"""Which C header speaks for a package, and how it is compiled."""

from __future__ import annotations

import os.path
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..late import dataclass
from ..python.build_environment import CPYTHON_SYS
from ..python.checkout import find_checkout
from ..python.makefile import split_flags
from ..rust.metadata import Fault, MetadataError, elsewhere, fault
from ..rust.tables.abi import AbiTable, read_abi
from . import DEFAULT_HEADER
from .compiler import Compiler, CompilerError
from .target_compiler import TargetCompilerError, choose_compiler

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..cargo import Cargo, Package, Workspace
    from ..python.interpreter import Interpreter
    from ..rust.context import BuildContext

__all__ = ["HeaderSource", "check_files", "compiler_in_words", "find_header"]

# They change no layout, and some of them need a whole program or a file that is not ours.
_DROPPED: Final = ("-Werror", "-O", "-g", "-flto", "-fprofile", "-MD", "-MMD", "-fdiagnostics")
# What another compiler than Python's own must be told, too. All else may be unknown to it.
_KEPT: Final = (
    *("-D", "-U", "-std=", "-fpack-struct", "-fshort-enums", "-fshort-wchar", "-fms-extensions"),
    *("-fsigned-char", "-funsigned-char"),
)


@dataclass(frozen=True)
class HeaderSource:
    """A header, and what the package that has it says about it."""

    owner: Package
    path: str
    table: AbiTable
    """With the names, initialisers and known differences of the package that is checked."""
    explicit: bool
    """Whether it must compile; else it is there by its usual name, and may need more flags."""

    def compiler(self, context: BuildContext) -> Compiler:
        """Return the compiler for the target, with the target Python's flags and the package's own.

        Raises CompilerError.
        """
        python = context.interpreter
        environ = context.build.environment
        build = context.build
        choice = choose_compiler(context.cargo, build.workspace, build.target, python, environ)
        flags: list[str] = []
        if python is not None:
            if choice.is_pythons:
                flags += [flag for flag in python.cflags if not flag.startswith(_DROPPED)]
            else:
                flags += [flag for flag in python.cflags if flag.startswith(_KEPT)]
            flags += _bindgen_flags(self.owner, python, environ)
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
        return Compiler(choice.argv, tuple(flags), self.owner.root, environ)


def _bindgen_flags(owner: Package, python: Interpreter, environ: Mapping[str, str]) -> list[str]:
    """Return what bindgen is told of directories and macros: both have to read the same headers."""
    build_dir, cppflags = python.build_dir, list(python.cppflags)
    if owner.name == CPYTHON_SYS:  # Its build script goes by these, whoever has set them.
        build_dir = environ.get("PYTHON_BUILD_DIR") or build_dir
        cppflags = split_flags(environ.get("PY_CPPFLAGS")) or cppflags
    # First, as the sources may have a pyconfig.h of another build.
    flags = [f"-I{build_dir}", *cppflags]
    # A header of a checkout may name files from its root, wherever that was built.
    root = find_checkout(owner.root) or python.source_dir
    if root is not None:
        flags += [f"-I{root}", f"-I{os.path.join(root, 'Include')}"]
    return flags


def _is_known(package: Package, table: AbiTable) -> bool:
    """Tell whether all that a package's header needs is known, so that it must compile.

    A manifest names it, or bindgen reads it with the flags of a checkout, which are known.
    """
    if table.header is not None:
        return True
    made = any(one.name == "bindgen" and one.kind == "build" for one in package.dependencies)
    return made and find_checkout(package.root) is not None


def find_header(workspace: Workspace, package: Package) -> HeaderSource | None:
    """Return a package's own header, or that of the nearest package it depends on.

    Raises MetadataError for a table that cannot be used, which `@metadata` tells in full.
    """
    table = _table(package)
    own = _own_header(package, table)
    if own is not None:
        return HeaderSource(package, own, table, explicit=_is_known(package, table))
    for other in _needed(workspace, package):
        theirs = _table(other)
        path = _own_header(other, theirs)
        if path is not None:
            own_dirs = (os.path.join(package.root, one) for one in table.include_dirs)
            merged = replace(
                table,
                include_dirs=(*theirs.include_dirs, *own_dirs),
                flags=(*theirs.flags, *table.flags),
                names={**theirs.names, **table.names},
            )
            return HeaderSource(other, path, merged, explicit=_is_known(other, theirs))
    return None


def _own_header(package: Package, table: AbiTable) -> str | None:
    path = os.path.join(package.root, table.header or DEFAULT_HEADER)
    return os.path.normpath(path) if os.path.isfile(path) else None


def _table(package: Package) -> AbiTable:
    try:
        table = read_abi(package.metadata)
        check_files(package, table)
    except MetadataError:
        raise MetadataError(Fault(elsewhere(package))) from None
    return table


def check_files(package: Package, table: AbiTable) -> None:
    """Raise MetadataError for files that are not there: a compiler would not mention them all."""
    faults = []
    if table.header is not None:
        path = os.path.join(package.root, table.header)
        if os.path.isdir(path):
            example = os.path.join(table.header, "NAME.h")
            text = f"`header`: {table.header} is a directory: name a header file, such as {example}"
            faults.append(fault(text, "header"))
        elif not os.path.isfile(path):
            faults.append(_absent("header", table.header))
    for directory in table.include_dirs:
        path = os.path.join(package.root, directory)
        if os.path.isfile(path):
            text = f"`include-dirs`: {directory} is a file: name its directory"
            faults.append(fault(text, "include-dirs"))
        elif not os.path.isdir(path):
            faults.append(_absent("include-dirs", directory))
    if faults:
        raise MetadataError(*faults)


def _absent(key: str, name: str) -> Fault:
    advice = "write its path relative to the directory of this Cargo.toml"
    return fault(f"`{key}`: {name} does not exist: {advice}", key)


def compiler_in_words(
    cargo: Cargo,
    workspace: Workspace,
    target: str | None,
    python: Interpreter | None,
    environ: Mapping[str, str],
) -> Iterator[str]:
    """Yield which C compiler speaks for a target, where any package has a header.

    Of the machine itself (None) that is told where it is not what is taken anyway.
    """
    if not any(map(_may_have_header, workspace.packages)):
        return
    try:
        choice = choose_compiler(cargo, workspace, target, python, environ)
    except CompilerError as error:
        # That this machine has none, tests that need one say.
        if isinstance(error, TargetCompilerError):
            yield f"C compiler for {target or cargo.toolchain.host}: none: {error.brief}"
    else:
        if target is not None or choice.named:
            yield f"C compiler for {target or cargo.toolchain.host}: {choice.describe()}"


def _may_have_header(package: Package) -> bool:
    try:
        return _own_header(package, _table(package)) is not None
    except MetadataError:
        return True


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
