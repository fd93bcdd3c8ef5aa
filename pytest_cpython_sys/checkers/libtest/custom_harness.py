"""Targets with ``harness = false``: cargo's metadata leaves that out, the manifest has it."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Any

from ...cargo import read_toml

if TYPE_CHECKING:
    from ...cargo import Package, Target

__all__ = ["custom_harnesses"]


def custom_harnesses(package: Package) -> list[Target]:
    """Return the targets of a package that bring a main function of their own.

    See https://doc.rust-lang.org/cargo/reference/cargo-targets.html#the-harness-field
    """
    manifest = read_toml(package.manifest_path)
    found = []
    for target in package.targets:
        told = manifest.get(target.kind, [])
        entries = [told] if target.kind == "lib" else told
        own = [one for one in entries if isinstance(one, dict) and one.get("harness") is False]
        if own and (target.kind == "lib" or any(_names(one, package, target) for one in own)):
            found.append(target)
    return found


def _names(entry: dict[str, Any], package: Package, target: Target) -> bool:
    """Tell whether a table of the manifest is about a target: by its name, else by its path."""
    if "name" in entry:
        return bool(entry["name"] == target.name)
    path = os.path.normpath(os.path.join(package.root, str(entry.get("path", ""))))
    return path == target.src_path
