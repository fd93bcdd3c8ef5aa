"""Which files a target was compiled from, and which modules of the crate each of them is."""

from __future__ import annotations

import os.path
import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from ..cargo import read_bytes, stamp
from ..late import dataclass, regex
from .source_scan import SourceScan, scan_source
from .test_location import is_inside, is_own, real_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..cargo import Build, Package, Target, Unit
    from .source_scan import Include, ModuleDeclaration

__all__ = ["Site", "SourceFile", "Sources"]

# What `include!(concat!(env!("OUT_DIR"), "/x.rs"))` is made of.
_PART = regex(r'env\s*!\s*[({\[]\s*"(\w+)"[^)}\]]*|r(#*)"(.*?)"\2|"((?:[^"\\]|\\.)*)"', re.DOTALL)


@dataclass(frozen=True)
class SourceFile:
    """A source file that was read: its bytes, and what is found in them when asked for."""

    path: str
    source: bytes

    @cached_property
    def scan(self) -> SourceScan:
        """What it holds, as far as text tells."""
        return scan_source(self.source)


@dataclass(frozen=True)
class Site:
    """A file as a part of a crate: the module it is, and where that stands for the user."""

    path: str
    """The file itself."""
    inside: tuple[str, ...]
    """Path of the module in the crate that the file's text is in."""
    file: str
    """The same file if it is tracked, else the tracked one whose text leads to it."""
    line: int
    """In ``file``, from 1."""
    around: tuple[str, ...]
    """Path of the module in the crate that the text of ``file`` is in."""
    owns_directory: bool = True
    anywhere: bool = False
    """Whether a macro includes ``file``, which may then be other modules as well."""

    @property
    def generated(self) -> bool:
        """Whether something else stands for the file."""
        return self.file != self.path


@lru_cache(maxsize=4096)
def _read(version: tuple[str, int, int]) -> SourceFile:
    return SourceFile(version[0], read_bytes(version[0]))


def _load(path: str) -> SourceFile | None:
    return _read(stamp(path)) if os.path.isfile(path) else None


class Sources:
    """The files of one target, as the compiler named them for this build.

    The files of some crate that was not compiled are what its text leads to.
    """

    def __init__(self, build: Build, package: Package, target: Target, units: Sequence[Unit]):
        self._build = build
        self._package = package
        self._target = target
        self._units = units

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """What the compiler read; empty where it did not say."""
        listed = map(self._build.sources, self._units)
        return tuple(dict.fromkeys(path for paths in listed if paths for path in paths))

    @cached_property
    def _environments(self) -> list[dict[str, str]]:
        """What ``env!`` may be: a package that is built in two ways has a directory for each."""
        own = {"CARGO_MANIFEST_DIR": self._package.root}
        scripts = [one for one in self._build.scripts if one.package_id == self._package.id]
        read = [
            script
            for script in scripts
            if any(is_inside(path, script.out_dir) for path in self.paths)
        ]
        found = [own | dict(one.env) | {"OUT_DIR": one.out_dir} for one in read or scripts]
        return found or [own]

    @cached_property
    def files(self) -> list[SourceFile]:
        """All files there are."""
        paths = self.paths or dict.fromkeys(site.path for site in self.sites)
        return [file for path in paths if (file := _load(path)) is not None]

    @cached_property
    def _by_path(self) -> dict[str, SourceFile]:
        return {real_path(file.path): file for file in self.files}

    def file(self, path: str) -> SourceFile | None:
        """Return a file of the unit by its path."""
        return self._by_path.get(real_path(path))

    def is_tracked(self, path: str) -> bool:
        """Tell whether a file is one of the package's own, not a generated one."""
        return is_own(self._package, path) and not self._build.wrote(path)

    @cached_property
    def sites(self) -> list[Site]:
        """All parts that the text of the root file leads to, itself first."""
        root = os.path.normpath(self._target.src_path)
        found = [Site(root, (), root, 1, ())]
        known: set[tuple[str, tuple[str, ...]]] = {(root, ())}
        for site in found:
            for other in self._parts(site):
                if (other.path, other.inside) not in known and len(other.inside) < 100:
                    known.add((other.path, other.inside))
                    found.append(other)
        return found

    def _parts(self, site: Site) -> Iterator[Site]:
        file = _load(site.path)
        for include in file.scan.includes if file is not None else ():
            for path in self._included(include, site.path):
                anywhere = site.anywhere or (include.defined and self.is_tracked(path))
                yield self._part(site, include.line, include.modules, path, anywhere=anywhere)
        for declaration in file.scan.declarations if file is not None else ():
            modules = (*declaration.modules, declaration.name)
            for path, owns in _module_files(declaration, site):
                if self._exists(path):
                    yield self._part(site, declaration.line, modules, path, owns_directory=owns)
                    break

    def _part(
        self, site: Site, line: int, modules: tuple[str, ...], path: str, **flags: bool
    ) -> Site:
        """Return the part that a line of a site leads to, in these inline modules."""
        inside = (*site.inside, *modules)
        if self.is_tracked(path):
            return Site(path, inside, path, 1, inside, **flags)
        line = site.line if site.generated else line
        return Site(path, inside, site.file, line, site.around, **flags)

    def _exists(self, path: str) -> bool:
        return path in self.paths if self.paths else os.path.isfile(path)

    def _included(self, include: Include, including: str) -> list[str]:
        paths = [_resolved(include.argument, env, including) for env in self._environments]
        found = [path for path in dict.fromkeys(paths) if self._exists(path)]
        if found:
            return found
        # Made of what nobody told us of: its name is there all the same.
        name = os.path.basename(paths[0])
        return [other for other in self.paths if name and os.path.basename(other) == name]

    def leads_to(self, include: Include, including: str, path: str) -> bool:
        """Tell whether an ``include!`` in one file reads another."""
        return any(
            real_path(found) == real_path(path) for found in self._included(include, including)
        )


def _resolved(argument: str, env: Mapping[str, str], including: str) -> str:
    """Return the path that ``include!`` reads, as far as literals and ``env!`` tell it."""
    parts = []
    for variable, _, raw, plain in _PART.findall(argument):
        literal = re.sub(r"\\(.)", r"\1", plain)
        parts.append(env.get(variable, "") if variable else raw or literal)
    return os.path.normpath(os.path.join(os.path.dirname(including), "".join(parts)))


def _module_files(declaration: ModuleDeclaration, site: Site) -> Iterator[tuple[str, bool]]:
    """Yield where ``mod x;`` may find its file, and whether that one owns its directory.

    See https://doc.rust-lang.org/reference/items/modules.html#module-source-filenames
    """
    here = os.path.dirname(site.path)
    stem = os.path.splitext(os.path.basename(site.path))[0]
    base = here if site.owns_directory else os.path.join(here, stem)
    directory = os.path.join(base, *declaration.modules)
    if declaration.path is not None:
        origin = directory if declaration.modules else here
        yield os.path.normpath(os.path.join(origin, declaration.path)), True
    yield os.path.join(directory, f"{declaration.name}.rs"), False
    yield os.path.join(directory, declaration.name, "mod.rs"), True
