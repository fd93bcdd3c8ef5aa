"""Which modules are to be built: those that are not installed, or not as their sources are now."""

from __future__ import annotations

import os
from dataclasses import field
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from ...cargo import is_inside, read_bytes, read_depinfo, read_toml
from ...cargo.versions import parse_version
from ...extensions.finder import Modules
from ...late import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...cargo import Build
    from ...extensions.installed import Installed
    from ...extensions.module_builds import Candidate
    from ...extensions.told import Told

__all__ = ["Wanted"]


@dataclass
class Wanted:
    """What is to be built, and what there is to say of modules."""

    rebuilds: bool = True
    """Whether what is installed to be changed is built where it has been."""
    pending: dict[str, tuple[Candidate, str]] = field(default_factory=dict)
    """Modules to build, each with what is installed of it in words."""
    current: dict[str, tuple[Candidate, Installed]] = field(default_factory=dict)
    """Modules that are installed, and as their sources are, as far as is known."""
    stale: list[str] = field(default_factory=list)
    """What is installed, is not as its sources are now, and stays."""
    troubles: list[str] = field(default_factory=list)
    """What is wrong, each in one line with what to do."""

    def look_at(self, named: Iterable[tuple[Candidate, str]]) -> Modules:
        """Decide which modules are to be built, by what is installed; return what they need."""
        modules = Modules()
        groups: dict[str, list[Candidate]] = {}
        for candidate, name in named:
            groups.setdefault(name, []).append(candidate)
            if candidate.told is not None and candidate.told.problem:
                self.troubles.append(candidate.told.problem.replace(f"{candidate.base}/", ""))
        for name, found in groups.items():
            candidates = _outermost(found)
            if len(candidates) > 1:
                modules.broken[name] = _several(name, candidates)
                self.troubles.append(modules.broken[name])
                for one in candidates:
                    _add_surroundings(one, name, modules)
            else:
                self._look_at(name, candidates[0], modules)
        return modules

    def _look_at(self, name: str, candidate: Candidate, modules: Modules) -> None:
        from ...extensions.installed import find_installed

        installed = find_installed(name, candidate.told)
        if installed is None:
            _add_surroundings(candidate, name, modules)
            self.pending[name] = candidate, "not installed"
        elif installed.elsewhere is not None:
            # Its Python files are from there, too: a module from here would not belong to them.
            self.stale.append(
                f"{name}: the installed module is from {installed.elsewhere}: "
                f"{_again(candidate, installed).removesuffix(' again')} here"
            )
        elif installed.fits:
            self._compare(name, candidate, installed)
        else:
            what = (
                f"the installed module is for another Python ({os.path.basename(installed.file)})"
                if installed.file
                else "the installed package has no such module"
            )
            self.stale.append(f"{name}: {what}: {_again(candidate, installed)}")

    def look_again(self, builds: Sequence[Build]) -> None:
        """Compare what is installed with files that rustc says a library was made of."""
        for name, (candidate, installed) in list(self.current.items()):
            files = [file for build in builds for file in _made_of(candidate, build)]
            if files:
                self._compare(name, candidate, installed, files)

    def _compare(
        self, name: str, candidate: Candidate, installed: Installed, files: Sequence[str] = ()
    ) -> None:
        age = _age(candidate, name, installed, files)
        self.current.pop(name, None)
        if not age:
            self.current[name] = candidate, installed
        elif self.rebuilds and not installed.is_wheel:
            self.pending[name] = candidate, f"the installed module is {age}"
        else:
            again = _again(candidate, installed)
            self.stale.append(f"{name}: the installed module is {age} than its sources: {again}")


def _several(name: str, candidates: Sequence[Candidate]) -> str:
    packages = sorted(candidate.package.name for candidate in candidates)
    places = ", ".join(sorted(f"{one.package.name} ({one.place})" for one in candidates))
    advice = f'choose one with cpython_sys_extensions = ["{packages[0]}"]'
    if len(set(packages)) < len(packages):
        advice = "give pytest the directory of the one to test"
    return f"{name} is the extension module of {len(packages)} packages, {places}: {advice}"


def _outermost(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """Return the one whose workspace lies around all others: theirs are matter for its tests."""
    roots = {os.path.realpath(one.workspace.root) for one in candidates}
    for one in candidates:
        root = os.path.realpath(one.workspace.root)
        inner = [other for other in roots if other != root]
        if len(inner) == len(candidates) - 1 and all(is_inside(other, root) for other in inner):
            return [one]
    return candidates


def _add_surroundings(candidate: Candidate, name: str, modules: Modules) -> None:
    """Let the packages around a module be found that nobody has installed."""
    told = candidate.told
    if told is not None and told.distribution is not None:
        version = _version(candidate, told)
        from ...extensions.installed import find_distribution

        if version is not None and find_distribution(told.distribution) is None:
            modules.versions[told.distribution] = version
    if told is not None and told.is_wrapped:
        package = name.partition(".")[0]
        modules.packages[package] = _wrapper(candidate, package)
    elif told is not None and told.source is not None:
        modules.paths.append(told.source)
    elif told is None or not told.problem:
        parts = name.split(".")
        modules.parents += (".".join(parts[:end]) for end in range(1, len(parts)))


def _version(candidate: Candidate, told: Told) -> str | None:
    """Return the version that a project would be installed as; None if only its backend knows."""
    project = read_toml(os.path.join(told.directory, "pyproject.toml")).get("project")
    version = project.get("version") if isinstance(project, dict) else None
    if isinstance(version, str):
        return version
    return str(parse_version(candidate.package.version)) if told.backend == "maturin" else None


# As maturin has it: all that the module has is the package's, and the module lies in it.
_WRAPPER: Final = """from . import {name}
from .{name} import *

globals().update((key, vars({name})[key]) for key in ("__all__", "__doc__") if key in vars({name}))
"""


def _wrapper(candidate: Candidate, name: str) -> str:
    """Return the path of the ``__init__.py`` of a package around a module, written if need be."""
    base = candidate.options.directory(candidate.workspace)
    path, text = os.path.join(base, "cpython-sys-packages", name, "__init__.py"), _WRAPPER
    if read_bytes(path) != text.format(name=name).encode():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.format(name=name))
    return path


def _made_of(candidate: Candidate, build: Build) -> Iterator[str]:
    """Yield the files that rustc says a library and those it needs were made of.

    But for those that are made. What rustc says stands beside what it has written.
    """
    workspace = candidate.workspace
    from ...extensions.installed import needed_directories

    directories = needed_directories(workspace, candidate.package)
    made = [workspace.target_directory, candidate.options.directory(workspace)]
    for artifact in build.artifacts:
        url = artifact.package_id.partition("#")[0].rpartition("file://")[2]
        if artifact.target.kind != "lib" or os.path.realpath(unquote(url)) not in directories:
            continue
        for path in artifact.filenames:
            place, name = os.path.split(os.path.splitext(path)[0])
            for stem in (name, name.removeprefix("lib")):
                for file in read_depinfo(os.path.join(place, f"{stem}.d"), workspace.root) or ():
                    if os.path.isfile(file) and not any(is_inside(file, one) for one in made):
                        yield file


def _age(candidate: Candidate, name: str, installed: Installed, files: Sequence[str]) -> str:
    """Return in words how much older than its sources a module is; empty if it is not."""
    from ...extensions.installed import Sources

    sources = Sources(candidate.workspace, candidate.package, files)
    base = candidate.options.directory(candidate.workspace)
    record = os.path.join(base, "cpython-sys-cache", "installed", f"{name}.json")
    # What a backend is told counts, and not all else that stands in the same file.
    if not sources.differ(installed, record, repr(candidate.told)):
        return ""
    seconds = sources.newest() - installed.changed
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} older"
    return "older"


def _again(candidate: Candidate, installed: Installed) -> str:
    told = candidate.told
    if told is None:
        return "install it again"
    return f"run `{told.command(editable=not installed.is_wheel)}` again"
