"""What is installed of an extension module, and whether its sources are newer.

File times say when something changed, and a checkout changes all of them. So what the sources hold
is kept, for each module that was seen installed: while that is there, it is content that counts.
Which installations are editable: https://packaging.python.org/en/latest/specifications/direct-url/
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from typing import TYPE_CHECKING, Any, Final

from ..cargo import configuration_files, is_inside, keep_json, read_bytes, read_json, stamp, upwards
from ..late import dataclass
from .finder import others

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.metadata import Distribution

    from ..cargo import Package, Workspace
    from .manifests import Told

__all__ = ["Installed", "Sources", "find_distribution", "find_installed", "needed_directories"]

_SUFFIXES: Final = (".so", ".pyd", ".dylib")
# What a library is made of, as far as nobody has built it: its dep-info knows better.
_COMPILED: Final = (
    *(".rs", ".toml", ".lock"),
    *(".c", ".h", ".cc", ".cpp", ".hpp", ".cxx", ".s", ".S"),
)
# Cargo's directories for targets that are no part of a library, and what is nobody's source.
_NO_PART: Final = frozenset({"tests", "benches", "examples"})
_PRUNED: Final = frozenset({"target", "node_modules", "__pycache__", "site-packages"})


@dataclass(frozen=True)
class Installed:
    """A module as Python finds it without us, or a distribution that holds it for another."""

    file: str
    """The shared library; empty where a distribution lacks it."""
    is_wheel: bool
    """Whether it was copied there to stay; else building it again is what everybody expects."""
    fits: bool = True
    """Whether this Python can import it, by its name."""
    elsewhere: str | None = None
    """The directory of an editable installation, if it is another project than the one at hand."""

    @property
    def changed(self) -> float:
        """When it was written: seconds since the epoch."""
        return os.stat(self.file).st_mtime


def find_installed(name: str, told: Told | None) -> Installed | None:
    """Return what is installed of a module, without importing anything; None if nothing is.

    That is what this Python finds by itself. A library that lies in the sources alone may be what
    another environment has left there.
    """
    distribution = find_distribution(told.distribution) if told is not None else None
    file = _find(name)
    directory = _editable_directory(distribution) if distribution is not None else None
    editable = directory is not None
    if file is not None:
        in_place = told is not None and _is_in_sources(file, told.directory)
        other = None
        if directory and told is not None:
            same = os.path.realpath(directory) == os.path.realpath(told.directory)
            other = None if same else directory
        return Installed(file, is_wheel=not (editable or in_place), elsewhere=other)
    if distribution is None or editable:
        return None
    file = _for_another(distribution, name)
    if not file and told is not None and not _is_part(distribution, name, told):
        return None
    # A wheel that was installed is what is to be tested, also where the module is not in it.
    return Installed(file, is_wheel=True, fits=False)


def _find(name: str) -> str | None:
    """Return the shared library that a name stands for; packages around it are not imported."""
    finders = others(sys.meta_path)
    where: Iterable[str] | None = None
    *packages, _ = name.split(".")
    full = ""
    for part in packages:
        full = f"{full}.{part}" if full else part
        around = list(where) if where is not None else None
        try:
            spec = _spec(finders, full, around)
        except KeyError:
            # A namespace package within a package: Python wants that to be imported first.
            where = [found for one in around or () if os.path.isdir(found := f"{one}/{part}")]
            continue
        where = spec.submodule_search_locations if spec is not None else None
        if where is None:
            return None
    try:
        spec = _spec(finders, name, list(where) if where is not None else None)
    except KeyError:  # a directory of that name, and no module
        return None
    file = spec.origin if spec is not None else None
    return file if file is not None and file.endswith(_SUFFIXES) else None


def _spec(finders: Iterable[Any], name: str, path: Sequence[str] | None) -> Any:
    """Return what the first finder that knows a name says. Raises KeyError: see `_find`."""
    for finder in finders:
        try:
            spec = finder.find_spec(name, path)
        except (ImportError, AttributeError, ValueError, TypeError, OSError):
            continue  # somebody else's finder, that has no answer
        if spec is not None:
            return spec
    return None


def _is_in_sources(file: str, directory: str) -> bool:
    """Tell whether a file lies in a project itself, and not in an environment within it."""
    real, root = os.path.realpath(file), os.path.realpath(directory)
    between = [parent for parent in upwards(os.path.dirname(real)) if is_inside(parent, root)]
    installed = ("site-packages", "dist-packages")
    return is_inside(real, root) and not any(
        os.path.basename(parent) in installed or os.path.isfile(os.path.join(parent, "pyvenv.cfg"))
        for parent in between
    )


def find_distribution(name: str | None) -> Distribution | None:
    """Return what is installed under a name; None if nothing is."""
    from importlib import metadata

    try:
        return metadata.distribution(name) if name else None
    except (metadata.PackageNotFoundError, ValueError):
        return None


def _editable_directory(distribution: Distribution) -> str | None:
    """Return the project of an editable installation; None if it is none."""
    from urllib.parse import unquote, urlsplit

    try:
        raw = json.loads(distribution.read_text("direct_url.json") or "null")
    except ValueError:
        return None
    info = raw.get("dir_info") if isinstance(raw, dict) else None
    if not (isinstance(info, dict) and info.get("editable")):
        return None
    return unquote(urlsplit(str(raw.get("url"))).path)


def _is_part(distribution: Distribution, name: str, told: Told) -> bool:
    """Tell whether a module, which a distribution lacks, is to be in it."""
    package, dot, _ = name.partition(".")
    return told.is_certain or (bool(dot) and os.path.exists(str(distribution.locate_file(package))))


def _for_another(distribution: Distribution, name: str) -> str:
    """Return the file of a module that is named as another Python's; empty if there is none."""
    *packages, last = name.split(".")
    directory = str(distribution.locate_file("/".join(packages) or os.curdir))
    try:
        entries = sorted(os.listdir(directory))
    except OSError:
        return ""
    return next(
        (
            os.path.join(directory, entry)
            for entry in entries
            if entry.partition(".")[0] == last
            and entry.endswith(_SUFFIXES)
            and entry.removeprefix(last) not in EXTENSION_SUFFIXES
        ),
        "",
    )


class Sources:
    """The files that a package's library is made of, and those of packages that it needs."""

    def __init__(self, workspace: Workspace, package: Package, more: Iterable[str]) -> None:
        """``more`` are files that are known to count: manifests, what the library was made of."""
        roots = {os.path.realpath(one.root): one for one in workspace.packages}
        members = needed_directories(workspace, package)
        # A package in another one's directory is no part of that.
        nested = [root for root in roots if root not in members]
        found = {path for root in members for path in _walk(root, {*nested, *members})}
        found.update(path for path in more if os.path.isfile(path))
        found.add(os.path.join(workspace.root, "Cargo.lock"))
        found.add(os.path.join(workspace.root, "Cargo.toml"))
        found.update(configuration_files(os.environ, workspace.root))
        self.files = sorted(path for path in found if os.path.isfile(path))

    def newest(self) -> float:
        """Return when the last of them changed: seconds. Cargo itself writes the lock file."""
        return max((_changed(path) for path in self.files if not _is_lock(path)), default=0.0)

    def differ(self, installed: Installed, record: str, told: str) -> bool:
        """Tell whether they hold something else than what was installed was made of.

        ``record`` is the file in which it is kept what each held. Of a file that was not seen
        before, nothing is known but its time. ``told`` is what the build backend is told.
        """
        seen, changed = list(stamp(installed.file)), installed.changed
        raw: Any = read_json(record)
        known: dict[str, Any] = (
            raw if isinstance(raw, dict) and raw.get("installed") == seen else {}
        )
        kept: dict[str, list[Any]] = known.get("files") or {}
        found: dict[str, list[Any]] = {}
        for path in self.files:
            now: list[Any] = list(stamp(path)[1:])
            before = kept.get(path)
            if before is None and _changed(path) > changed and not _is_lock(path):
                return True
            if before is None or before[:2] != now:
                now.append(hashlib.sha256(read_bytes(path)).hexdigest())
                if before is not None and before[2:] != now[2:]:
                    return True
                found[path] = now
        if known.get("told", told) != told or not all(map(os.path.exists, kept)):
            return True
        if found or not kept:
            keep_json(record, {"installed": seen, "told": told, "files": kept | found})
        return False


def _is_lock(path: str) -> bool:
    return os.path.basename(path) == "Cargo.lock"


def needed_directories(workspace: Workspace, package: Package) -> set[str]:
    """Return the directories of a package and of those that it needs by a path: real ones."""
    roots = {os.path.realpath(one.root): one for one in workspace.packages}
    found: set[str] = set()
    waiting = [os.path.realpath(package.root)]
    while waiting:
        root = waiting.pop()
        if root in found:
            continue
        found.add(root)
        known = roots.get(root)
        if known is not None:
            waiting += (
                os.path.realpath(dependency.path)
                for dependency in known.dependencies
                if dependency.path is not None and dependency.kind != "dev"
            )
    return found


def _walk(root: str, others: set[str]) -> Iterator[str]:
    """Yield what may be compiled below a package's directory."""
    for parent, directories, files in os.walk(root):
        if parent != root and (os.path.realpath(parent) in others or "pyvenv.cfg" in files):
            directories.clear()
            continue
        directories[:] = [
            name
            for name in directories
            if not name.startswith(".")
            and name not in _PRUNED
            and not (parent == root and name in _NO_PART)
        ]
        yield from (os.path.join(parent, name) for name in files if name.endswith(_COMPILED))


def _changed(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
