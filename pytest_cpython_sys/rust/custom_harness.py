"""Targets with ``harness = false``: cargo's metadata leaves that out, the manifest has it."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Any

from ..cargo import read_toml

if TYPE_CHECKING:
    from ..cargo import Package, Target

__all__ = ["custom_harnesses"]

_TABLES = {"bin": "bin", "test": "test", "example": "example", "bench": "bench"}


def custom_harnesses(package: Package) -> list[Target]:
    """Return the targets of a package that bring a main function of their own.

    See https://doc.rust-lang.org/cargo/reference/cargo-targets.html#the-harness-field
    """
    manifest = read_toml(package.manifest_path)
    found = []
    for target in package.targets:
        if target.kind == "lib":
            entries = [manifest.get("lib", {})]
        else:
            entries = [
                entry
                for entry in manifest.get(_TABLES.get(target.kind, ""), [])
                if isinstance(entry, dict) and _names(entry, package, target)
            ]
        if any(isinstance(entry, dict) and entry.get("harness") is False for entry in entries):
            found.append(target)
    return found


def _names(entry: dict[str, Any], package: Package, target: Target) -> bool:
    """Tell whether a table of the manifest is about a target: by its name, else by its path."""
    if "name" in entry:
        return bool(entry["name"] == target.name)
    path = os.path.normpath(os.path.join(package.root, str(entry.get("path", ""))))
    return path == target.src_path
