"""What a run selects: the places that its arguments name, before anything is collected."""

from __future__ import annotations

import os
import shlex
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..cargo import enclosing_manifest, is_inside, upwards
from ..late import dataclass
from ..node_ids import unescape
from ..python.checkout import CRATES, find_checkout, has_entries_of_checkout, is_standard_library
from .pytest_compat.configuration import set_arguments
from .pytest_compat.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..cargo import Package
    from ..case import Key
    from .modules.early import EarlyConfig

__all__ = ["Scope", "has_rust_around", "no_package", "read_scope"]


@dataclass
class Scope:
    """Absolute paths that were selected."""

    places: list[str] = field(default_factory=list)
    """Those that can hold Rust tests."""
    named: list[str] = field(default_factory=list)
    """Those to warn of if there is no package."""
    typed: list[Key] = field(default_factory=list)
    """Files that were typed, with the levels of an id if there are any."""
    added: list[str] = field(default_factory=list)
    """Places beside pytest's own arguments (``testpaths``): their Rust tests are added."""
    outside: set[str] = field(default_factory=set)
    """Files of selected packages that lie elsewhere: real paths."""
    here: str = "."
    """Where pytest was started."""
    crates_alone: bool = False
    """In a checkout of CPython, without arguments: nothing but the crates is collected."""

    @property
    def place(self) -> str:
        """Where the target Python is looked for."""
        return next(iter(self.places), self.here)

    @property
    def in_checkout(self) -> bool:
        """Whether that is a checkout of CPython."""
        return find_checkout(self.place) is not None

    def holds(self, file: str) -> bool:
        """Tell whether a file lies in what was selected, or belongs to a package that does."""
        places = map(os.path.realpath, (*self.places, *self.added))
        return file in self.outside or _is_below(file, places)

    def asks_for(self, key: Key) -> bool:
        """Tell whether an id lies below one of those that were typed, where its file has such."""
        file, levels = key
        typed = [names for path, names in self.typed if os.path.realpath(path) == file]
        return not typed or any(levels[: len(names)] == names for names in typed)

    def extend(
        self, config: pytest.Config, files: Iterable[str], packages: Sequence[Package]
    ) -> None:
        """Add files that pytest's own arguments do not reach.

        Those of ``added`` places, and of targets that lie outside their package. Where only the
        crates are wanted, the directories of the packages are the arguments.
        """
        if self.crates_alone:
            crates = [
                package
                for package in sorted({os.path.abspath(package.root) for package in packages})
                # One in the root itself holds the standard library too.
                if find_checkout(package) != package and not refusal(config, Path(package))
            ]
            set_arguments(config, crates)
        own = [os.path.realpath(_path_of(argument, config)) for argument in config.args]
        elsewhere = set(_directories_elsewhere(packages, own))
        more = []
        for file in sorted(files):
            if _is_below(file, own):
                continue
            if _is_below(file, elsewhere):
                self.outside.add(file)
                more.append(file)
            elif _is_below(file, map(os.path.realpath, self.added)):
                more.append(file)
        set_arguments(config, [*config.args, *more])

    def keeps_out(self, config: pytest.Config | EarlyConfig, directory: str) -> bool:
        """Tell whether the user has asked to pass a directory by, given its real path.

        Paths count as they were typed: a symbolic link is not what it leads to.
        """
        for place in self.places:
            real = os.path.realpath(place)
            if directory.startswith(os.path.join(real, "")):
                typed = Path(place, os.path.relpath(directory, real))
                return refusal(config, typed) is not None
        return False


def _is_below(file: str, directories: Iterable[str]) -> bool:
    return any(is_inside(file, path) for path in directories)


def _directories_elsewhere(packages: Iterable[Package], own: Sequence[str]) -> Iterator[str]:
    """Yield where selected packages have a target that no argument leads to, not even by a link."""
    for package in packages:
        root = os.path.realpath(package.root)
        if _is_below(root, own):
            for target in package.targets:
                relative = os.path.relpath(target.src_path, package.root)
                if not _is_below(os.path.normpath(os.path.join(root, relative)), own):
                    yield os.path.dirname(os.path.realpath(target.src_path))


def _path_of(argument: str, config: pytest.Config) -> str:
    return os.path.abspath(config.invocation_params.dir / argument.partition("::")[0])


def _rust_below(directory: str, config: pytest.Config) -> bool:
    """Tell whether a directory holds a Rust source or a manifest, as far down as it takes."""
    if is_standard_library(directory):
        return False
    for parent, directories, files in os.walk(directory):
        crates = has_entries_of_checkout({*directories, *files})
        directories[:] = [
            name
            for name in ((CRATES,) if crates else directories)
            if not name.startswith(".")
            and name not in ("target", "node_modules", "site-packages")
            and refusal(config, Path(parent, name)) is None
        ]
        if any(name.endswith(".rs") or name == "Cargo.toml" for name in files):
            return True
    return False


def has_rust_around(config: pytest.Config, place: str) -> bool:
    """Tell whether a package lies around a place, or beside it in its Python project.

    Up to rootdir: what Python tests import is built from there.
    """
    for directory in upwards(os.path.realpath(place)):
        if os.path.isfile(os.path.join(directory, "Cargo.toml")):
            return True
        names = ("pyproject.toml", "setup.py")
        is_project = any(os.path.isfile(os.path.join(directory, name)) for name in names)
        if is_project or directory == os.path.realpath(config.rootpath):
            return is_project and _rust_below(directory, config)
    return False


def no_package(config: pytest.Config, place: str) -> str:
    """Return what to say of a place without a package: what to run for one that encloses it."""
    manifest = enclosing_manifest(os.path.realpath(place))
    advice = "give the directory of one"
    if manifest is not None:
        directory = os.path.dirname(manifest)
        path = os.path.relpath(directory, os.path.realpath(config.invocation_params.dir))
        command = shlex.join(["pytest", "--cpython-sys", *([path] if path != "." else [])])
        advice = f"for {_named(manifest)} in {directory}, run `{command}`"
    return f"no cargo package at or below {place}: {advice}"


def _named(manifest: str) -> str:
    """Return what a manifest is of; one that cannot be read is for cargo to explain."""
    import tomllib

    try:
        name = tomllib.loads(Path(manifest).read_text(encoding="utf-8"))["package"]["name"]
    except (OSError, ValueError, LookupError, TypeError):
        return "the workspace"
    return f"the package `{name}`"


def _can_hold_rust(path: str, config: pytest.Config) -> bool:
    if os.path.isdir(path):
        return _rust_below(path, config)
    return path.endswith(".rs") or os.path.basename(path) == "Cargo.toml"


def _manifest_to_directory(argument: str, config: pytest.Config) -> str:
    """Return the directory that a typed ``Cargo.toml`` stands for, else the argument."""
    path = _path_of(argument, config)
    is_manifest = os.path.basename(path) == "Cargo.toml" and os.path.isfile(path)
    return os.path.dirname(path) if is_manifest and "::" not in argument else argument


def _typed(arguments: Iterable[str], config: pytest.Config) -> Iterator[Key]:
    for argument in arguments:
        path = _path_of(argument, config)
        if os.path.isfile(path) and path.endswith(".rs"):
            # A Rust name has no bracket that is not escaped: one tells items of a test apart.
            names = argument.partition("::")[2].partition("[")[0]
            yield path, tuple(map(unescape, names.split("::"))) if names else ()


def read_scope(config: pytest.Config) -> Scope:
    """Return what the arguments select; manifests among them become their directories."""
    here = str(config.invocation_params.dir)
    scope = Scope(here=here)
    source = config.args_source
    if source == pytest.Config.ArgsSource.ARGS:
        set_arguments(config, [_manifest_to_directory(name, config) for name in config.args])
        named = [_path_of(argument, config) for argument in config.args]
        scope.named = [path for path in named if os.path.isdir(path) or path.endswith(".rs")]
        scope.typed = list(_typed(config.args, config))
    else:
        named = [here]
        scope.named = [here]
        if find_checkout(here) is not None:
            scope.crates_alone = True
            scope.added = [here]
            set_arguments(config, ())
        elif source == pytest.Config.ArgsSource.TESTPATHS:
            scope.added = [here]
    scope.places = [path for path in dict.fromkeys(named) if _can_hold_rust(path, config)]
    return scope
