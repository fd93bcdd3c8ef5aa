"""A checkout of CPython's sources: where it is, which of its builds is meant, where its crates are.

Reads files and looks into a few directories; nothing is searched, ``Lib/`` least of all.
"""

from __future__ import annotations

import os
import os.path
from typing import TYPE_CHECKING, Final

from ..cargo import upwards
from ..cargo.versions import major_minor
from .introspect import InterpreterError
from .makefile import header_version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from .interpreter import Interpreter

__all__ = [
    "CRATES",
    "build_directories",
    "find_checkout",
    "has_entries_of_checkout",
    "is_standard_library",
    "target_python",
]

CRATES: Final = "Modules"
"""The directory below which crates are looked for that no workspace names."""

_ENTRIES: Final = frozenset({"Include", "Lib", "Makefile.pre.in", CRATES, "Python"})
_FILES: Final = (
    "Makefile.pre.in",
    os.path.join("Include", "patchlevel.h"),
    os.path.join("Lib", "os.py"),
    os.path.join("Python", "ceval.c"),
)
_NAME_ONE: Final = "choose a build directory or an interpreter with --cpython-sys-python"


def has_entries_of_checkout(names: Collection[str]) -> bool:
    """Tell whether a directory with these entries is the root of a checkout."""
    return _ENTRIES.issubset(names)


def find_checkout(place: str) -> str | None:
    """Return the root of the checkout in which a file or directory lies; None if in none."""
    for directory in upwards(os.path.abspath(place)):
        if all(os.path.isfile(os.path.join(directory, name)) for name in _FILES):
            return directory
    return None


def is_standard_library(place: str) -> bool:
    """Tell whether a file or directory is a checkout's ``Lib/``, or lies in it: no crate does."""
    root = find_checkout(place)
    if root is None:
        return False
    library = os.path.join(root, "Lib")
    return (os.path.abspath(place) + os.sep).startswith(library + os.sep)


def build_directories(root: str) -> list[str]:
    """Return the build directories of a checkout in which ``./configure`` came to its end."""
    return [path for path in _places(root) if not _missing(path)]


def _places(root: str) -> Iterator[str]:
    """Yield where a build directory may be, each once: a link to another counts as that."""
    seen = set()
    for path in (
        root,
        os.path.join(root, "build"),
        os.path.join(root, "debug"),
        *_subdirectories(os.path.join(root, "build")),
        *_subdirectories(os.path.join(root, "cross-build")),
    ):
        real = os.path.realpath(path)
        if real not in seen:
            seen.add(real)
            yield path


def _subdirectories(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return sorted(entry.path for entry in entries if entry.is_dir())
    except OSError:
        return []


def _missing(path: str) -> list[str]:
    """Return what ``./configure`` writes and is not there."""
    return [name for name in ("Makefile", "pyconfig.h") if not _is_file(path, name)]


def _only_build(root: str) -> str:
    """Return the one build directory of a checkout. Raises InterpreterError if it is not clear."""
    found = build_directories(root)
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(os.path.relpath(path) for path in found)
        raise InterpreterError(
            f"{root} has several configured builds: {names}. Choose one with --cpython-sys-python"
        )
    for path in _places(root):
        missing = _missing(path)
        if len(missing) == 1 or _is_file(path, "config.log") or _is_file(path, "config.status"):
            raise InterpreterError(
                f"{path} is half configured, it has no {' and no '.join(missing)}: run configure "
                f"there again, or {_NAME_ONE}"
            )
    raise InterpreterError(f"{root} is not configured: run ./configure there, or {_NAME_ONE}")


def target_python(
    place: str, named: str | None = None, environ: Mapping[str, str] = os.environ
) -> Interpreter:
    """Return the Python that the crates at a place are built against.

    The one that is ``named``, as an interpreter or a build directory. Else, in a checkout of
    CPython, that of ``PYTHON_BUILD_DIR`` or its only configured build, which need not be built;
    elsewhere the Python that runs us. Raises InterpreterError, which says what to do.
    """
    from .interpreter import current, load  # not needed to know what a checkout is

    root = find_checkout(place)
    if named is not None:
        return _checked(load(named), root)
    if root is None:
        return current()
    variable = environ.get("PYTHON_BUILD_DIR")
    if not variable:
        return _checked(load(_only_build(root)), root)
    try:
        return _checked(load(os.path.join(os.curdir, variable)), root)
    except InterpreterError as error:
        raise InterpreterError(f"PYTHON_BUILD_DIR: {error}") from None


def _checked(python: Interpreter, root: str | None) -> Interpreter:
    """Return a Python if its headers are those of a checkout, which its crates read."""
    if root is None:
        return python
    include = os.path.join(root, "Include")
    if python.source_dir is not None:
        # A tree of links is the tree that it leads to.
        theirs = os.path.join(python.source_dir, "Include", "patchlevel.h")
        if not os.path.samefile(theirs, os.path.join(include, "patchlevel.h")):
            raise InterpreterError(
                f"{python.build_dir} was configured for the sources in {python.source_dir}, not "
                f"for {root}: name one of its own builds with --cpython-sys-python"
            )
        return python
    version = header_version(include)
    if version is None or major_minor(version) != major_minor(python.version):
        raise InterpreterError(
            f"{python.executable} is Python {python.version}, the headers in {root} are of "
            f"{version or 'no known version'}: name one of its builds with --cpython-sys-python"
        )
    return python


def _is_file(directory: str, name: str) -> bool:
    return os.path.isfile(os.path.join(directory, name))
