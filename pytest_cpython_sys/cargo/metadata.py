"""Workspaces, packages and targets, as ``cargo metadata`` gives them.

Format: https://doc.rust-lang.org/cargo/commands/cargo-metadata.html
"""

from __future__ import annotations

import json
import os.path
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal

from ..late import dataclass
from .files import upwards

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "Dependency",
    "Package",
    "Target",
    "TargetKind",
    "Workspace",
    "enclosing_manifest",
    "parse_metadata",
]

TargetKind = Literal["lib", "bin", "test", "example", "bench", "custom-build"]

_LIBRARY_KINDS = {"lib", "rlib", "dylib", "cdylib", "staticlib", "proc-macro"}


@dataclass(frozen=True)
class Target:
    """A library, binary, integration test, example, bench or build script of a package."""

    name: str
    kind: TargetKind
    crate_types: tuple[str, ...]
    """The types of library that cargo builds (``lib``, ``cdylib``), or ``bin``."""
    src_path: str
    """The path of the root file."""
    edition: str = "2015"
    doctest: bool = False
    test: bool = False
    """Whether ``cargo test`` builds it as a test by default."""
    required_features: tuple[str, ...] = ()

    @property
    def crate_name(self) -> str:
        """The name that cargo passes to rustc, with ``_`` instead of ``-``."""
        return self.name.replace("-", "_")

    @property
    def flag(self) -> tuple[str, ...]:
        """What selects it on cargo's command line."""
        return ("--lib",) if self.kind == "lib" else (f"--{self.kind}", self.name)

    @property
    def label(self) -> str:
        """How cargo names it in a sentence."""
        return "lib" if self.kind == "lib" else f'{self.kind} "{self.name}"'


@dataclass(frozen=True)
class Dependency:
    """A line of a ``[dependencies]`` table; ``path`` is set for those on this disk."""

    name: str
    kind: str
    path: str | None
    rename: str | None = None
    """What the package calls it, if something else."""


@dataclass(frozen=True)
class Package:
    """A member of a workspace."""

    id: str
    name: str
    version: str
    manifest_path: str
    targets: tuple[Target, ...]
    dependencies: tuple[Dependency, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    """What cargo shows of it in ``CARGO_PKG_*``: authors, description, licence and so on."""

    @property
    def root(self) -> str:
        """The directory that contains the manifest."""
        return os.path.dirname(self.manifest_path)

    @property
    def library(self) -> Target | None:
        """The library; None if the package has none."""
        return next((target for target in self.targets if target.kind == "lib"), None)


@dataclass(frozen=True)
class Workspace:
    """A cargo workspace: its members and its directories."""

    root: str
    target_directory: str
    build_directory: str
    packages: tuple[Package, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """``[workspace.metadata]``."""

    def targets(self) -> Iterator[tuple[Package, Target]]:
        """Yield each target of each member, after its package."""
        for package in self.packages:
            for target in package.targets:
                yield package, target

    def package(self, package_id: str) -> Package | None:
        """Return the member that has this package id; None if no member has it."""
        return next((package for package in self.packages if package.id == package_id), None)


def target_kind(kinds: list[str]) -> TargetKind:
    """Return the one kind that cargo's list of kinds stands for."""
    first = kinds[0] if kinds else "bin"
    if first in _LIBRARY_KINDS:
        return "lib"
    if first in ("bin", "test", "example", "bench", "custom-build"):
        return first  # type: ignore[return-value]
    return "bin"


def parse_target(raw: Mapping[str, Any]) -> Target:
    """Return the target that a JSON object of cargo's describes."""
    return Target(
        name=raw["name"],
        kind=target_kind(raw["kind"]),
        crate_types=tuple(raw.get("crate_types", ())),
        src_path=os.path.normpath(raw["src_path"]),
        edition=raw.get("edition", "2015"),
        doctest=raw.get("doctest", False),
        test=raw.get("test", False),
        required_features=tuple(raw.get("required-features", ())),
    )


def _about(raw: Mapping[str, Any]) -> dict[str, str]:
    texts = ("description", "homepage", "license", "license_file", "repository", "rust_version")
    about = {name.upper(): raw.get(name) or "" for name in texts}
    about["AUTHORS"] = ":".join(raw.get("authors") or ())
    readme = raw.get("readme")
    about["README"] = readme if isinstance(readme, str) else ""
    return about


def _parse_package(raw: Mapping[str, Any]) -> Package:
    return Package(
        id=raw["id"],
        name=raw["name"],
        version=raw["version"],
        manifest_path=raw["manifest_path"],
        targets=tuple(parse_target(target) for target in raw["targets"]),
        dependencies=tuple(
            Dependency(one["name"], one["kind"] or "normal", one.get("path"), one.get("rename"))
            for one in raw["dependencies"]
        ),
        metadata=raw["metadata"] or {},
        about=_about(raw),
    )


def parse_metadata(text: str | bytes) -> Workspace:
    """Return the workspace that ``cargo metadata --format-version 1`` printed.

    Raises ValueError or KeyError on anything else.
    """
    raw = json.loads(text)
    members = set(raw["workspace_members"])
    return Workspace(
        root=raw["workspace_root"],
        target_directory=raw["target_directory"],
        build_directory=raw.get("build_directory") or raw["target_directory"],
        packages=tuple(
            _parse_package(package) for package in raw["packages"] if package["id"] in members
        ),
        metadata=raw.get("metadata") or {},
    )


def enclosing_manifest(path: str) -> str | None:
    """Return the nearest ``Cargo.toml`` in or above a directory, or above a file; None without."""
    directory = path if os.path.isdir(path) else os.path.dirname(path)
    manifests = (os.path.join(place, "Cargo.toml") for place in upwards(directory))
    return next(filter(os.path.isfile, manifests), None)
