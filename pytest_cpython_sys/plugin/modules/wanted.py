"""Which modules are to be built: those that are not installed, or not as their sources are now."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...extensions.finder import Modules
from ...extensions.installed import Installed, Sources, find_installed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...extensions.module_builds import Candidate

__all__ = ["Wanted", "look_at"]


@dataclass
class Wanted:
    """What is to be built, and what there is to say of modules."""

    pending: dict[str, tuple[Candidate, str]] = field(default_factory=dict)
    """Modules to build, each with what is installed of it in words."""
    stale: list[str] = field(default_factory=list)
    """What is installed, is not as its sources are now, and stays."""
    troubles: list[str] = field(default_factory=list)
    """What is wrong, each in one line with what to do."""


def look_at(named: Iterable[tuple[Candidate, str]], wanted: Wanted, *, rebuilds: bool) -> Modules:
    """Decide which modules are to be built, by what is installed; return what is needed for them.

    ``rebuilds`` tells whether that is done to what is installed to be changed, and has been.
    """
    modules = Modules()
    groups: dict[str, list[Candidate]] = {}
    for candidate, name in named:
        groups.setdefault(name, []).append(candidate)
        if candidate.told is not None and candidate.told.problem:
            wanted.troubles.append(candidate.told.problem)
    for name, (candidate, *more) in groups.items():
        if more:
            modules.broken[name] = _several(name, [candidate, *more])
            wanted.troubles.append(modules.broken[name])
            for one in (candidate, *more):
                _add_surroundings(one, name, modules)
            continue
        told = candidate.told
        installed = find_installed(name, told)
        if installed is None:
            _add_surroundings(candidate, name, modules)
            wanted.pending[name] = candidate, "not installed"
        elif not installed.fits:
            wanted.stale.append(
                f"{name}: what is installed is for another Python "
                f"({os.path.basename(installed.file)}): {_again(candidate, installed)}"
            )
        else:
            age = _age(candidate, name, installed)
            if age and rebuilds and not installed.is_wheel:
                wanted.pending[name] = candidate, f"installed: {age}"
            elif age:
                again = _again(candidate, installed)
                wanted.stale.append(f"{name}: what is installed is {age} than its sources: {again}")
    return modules


def _several(name: str, candidates: Sequence[Candidate]) -> str:
    packages = sorted(candidate.package.name for candidate in candidates)
    return (
        f"{name} is the extension module of {' and of '.join(packages)}: say which with "
        f'cpython_sys_extensions = ["{packages[0]}"]'
    )


def _add_surroundings(candidate: Candidate, name: str, modules: Modules) -> None:
    """Let the packages around a module be found that nobody has installed."""
    told = candidate.told
    if told is not None and told.source is not None:
        modules.paths.append(told.source)
    elif told is None or not told.problem:
        parts = name.split(".")
        modules.parents += (".".join(parts[:end]) for end in range(1, len(parts)))


def _age(candidate: Candidate, name: str, installed: Installed) -> str:
    """Return in words how much older than its sources a module is; empty if it is not."""
    told = candidate.told
    manifest = [told.manifest] if told is not None else []
    sources = Sources(candidate.workspace, candidate.package, manifest)
    base = candidate.options.directory(candidate.workspace)
    record = os.path.join(base, "cpython-sys-cache", "installed", f"{name}.json")
    if not sources.differ(installed, record):
        return ""
    seconds = sources.newest() - installed.changed
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} older"
    return "older"


def _again(candidate: Candidate, installed: Installed) -> str:
    told = candidate.told
    command = told.command(editable=not installed.is_wheel) if told is not None else "install it"
    return f"{command} again"
