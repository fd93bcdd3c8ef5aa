"""Which source files a target was compiled from, and where generated ones are included."""

from __future__ import annotations

import os.path
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ..place import is_inside
from .scan import Include, SourceScan, scan_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ...cargo import Build, Package, Target, Unit

__all__ = ["Site", "SourceFile", "Sources", "resolve_include"]

_LITERAL = re.compile(r'r(#*)"(.*?)"\1|"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ENV = re.compile(r'(?:(?:std|core)::)?env\s*!\s*[({\[]\s*"(\w+)"\s*(?:,[^)}\]]*)?[)}\]]')
_CONCAT = re.compile(r"(?:(?:std|core)::)?concat\s*!\s*[({\[]|[)}\]]")
_BLANK = re.compile(r"(?:[\s,]|//[^\n]*|/\*.*?\*/)+", re.DOTALL)


def resolve_include(argument: str, env: Mapping[str, str], including: str) -> str | None:
    """Return the absolute path that ``include!(argument)`` reads; None where unknown.

    String literals, ``concat!`` and ``env!`` are understood, see
    https://doc.rust-lang.org/std/macro.include.html
    """
    parts: list[str] = []
    position = 0
    while position < len(argument):
        # The parts of nested concat! follow one another: how they nest does not matter.
        skipped = _BLANK.match(argument, position) or _CONCAT.match(argument, position)
        literal = _LITERAL.match(argument, position)
        variable = _ENV.match(argument, position)
        if skipped is not None:
            position = skipped.end()
        elif literal is not None:
            plain = literal[3]
            parts.append(literal[2] if plain is None else re.sub(r"\\(.)", r"\1", plain))
            position = literal.end()
        elif variable is not None and variable[1] in env:
            parts.append(env[variable[1]])
            position = variable.end()
        else:
            return None
    if not parts:
        return None
    return os.path.normpath(os.path.join(os.path.dirname(including), "".join(parts)))


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A source file that was read: its bytes and what was found in them."""

    path: str
    source: bytes
    scan: SourceScan


@dataclass(frozen=True, slots=True)
class Site:
    """Where a file stands for the user: a tracked file, and what is around it there."""

    file: str
    line: int
    modules: tuple[str, ...] = ()
    cfgs: tuple[str, ...] = ()
    generated: bool = False


@lru_cache(maxsize=4096)
def read_source(path: str, stamp: tuple[int, int]) -> SourceFile:
    """Return a scanned file; ``stamp`` (size, nanoseconds) tells its versions apart."""
    del stamp
    with open(path, "rb") as file:
        source = file.read()
    return SourceFile(path, source, scan_source(source))


def _load(path: str) -> SourceFile | None:
    try:
        status = os.stat(path)
        return read_source(path, (status.st_size, status.st_mtime_ns))
    except OSError:
        return None


class Sources:
    """The source files of one target, as this build read them.

    From dep-info where the build names it; else what the module declarations of the package's
    own files and this build's ``OUT_DIR`` lead to.
    """

    def __init__(self, build: Build, package: Package, target: Target, units: Sequence[Unit]):
        self._build = build
        self._package = package
        self._target = target
        self._root = os.path.realpath(package.root)
        script = build.script(package.id)
        self._env = {"CARGO_MANIFEST_DIR": package.root}
        if script is not None:
            self._env.update(script.env)
            self._env["OUT_DIR"] = script.out_dir
        listed = [self._build.sources(unit) for unit in units]
        known = dict.fromkeys(path for paths in listed if paths for path in paths)
        self.exact = bool(known)
        """Whether the compiler itself named the files."""
        paths = list(known) if known else list(self._walk(target.src_path))
        files = [_load(path) for path in paths if path.endswith(".rs") or build.wrote(path)]
        self.files = [file for file in files if file is not None]

    def is_tracked(self, path: str) -> bool:
        """Tell whether a file is one of the package's own, not a generated one."""
        return is_inside(os.path.realpath(path), self._root) and not self._build.wrote(path)

    def sites(self, file: SourceFile) -> list[Site]:
        """Return where a file stands: itself if it is tracked, else where it is included."""
        if self.is_tracked(file.path):
            return [Site(file.path, 1)]
        return self._included(file.path, set()) or [Site(self._target.src_path, 1, generated=True)]

    def sites_of(self, path: str) -> list[Site]:
        """Return where a file that is not tracked is included; nothing if no file says so."""
        return self._included(path, set())

    def _included(self, path: str, seen: set[str]) -> list[Site]:
        if path in seen:
            return []
        seen.add(path)
        found = []
        for file in self.files:
            for include in file.scan.includes:
                if not self.leads_to(include, file.path, path):
                    continue
                if self.is_tracked(file.path):
                    outer = [Site(file.path, include.line)]
                else:
                    outer = self._included(file.path, seen)
                found += [
                    Site(
                        site.file,
                        site.line,
                        (*site.modules, *include.modules),
                        (*site.cfgs, *include.cfgs),
                        generated=True,
                    )
                    for site in outer
                ]
        return found

    def leads_to(self, include: Include, including: str, path: str) -> bool:
        """Tell whether an ``include!`` in one file reads another."""
        resolved = resolve_include(include.argument, self._env, including)
        if resolved is not None:
            return os.path.realpath(resolved) == os.path.realpath(path)
        # A variable that nobody told us of: the last literal still names the file.
        literals = [match[2] or match[3] or "" for match in _LITERAL.finditer(include.argument)]
        base = os.path.basename(literals[-1]) if literals else ""
        return bool(base) and base == os.path.basename(path)

    def _walk(self, root: str) -> Iterator[str]:
        """Yield the files that module declarations and includes lead to."""
        waiting = [(os.path.normpath(root), True)]
        seen = set()
        while waiting:
            path, owns_directory = waiting.pop(0)
            if path in seen:
                continue
            seen.add(path)
            file = _load(path)
            if file is None:
                continue
            yield path
            waiting += self._children(file, owns_directory=owns_directory)

    def _children(self, file: SourceFile, *, owns_directory: bool) -> Iterator[tuple[str, bool]]:
        here = os.path.dirname(file.path)
        stem = os.path.splitext(os.path.basename(file.path))[0]
        base = here if owns_directory else os.path.join(here, stem)
        for include in file.scan.includes:
            path = resolve_include(include.argument, self._env, file.path)
            if path is not None:
                yield path, owns_directory
        for declaration in file.scan.declarations:
            directory = os.path.join(base, *declaration.modules)
            if declaration.path is not None:
                origin = directory if declaration.modules else here
                yield os.path.normpath(os.path.join(origin, declaration.path)), True
            else:
                yield os.path.join(directory, f"{declaration.name}.rs"), False
                yield os.path.join(directory, declaration.name, "mod.rs"), True
