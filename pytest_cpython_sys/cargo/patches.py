"""Packages that a manifest or cargo's configuration puts in the place of published ones.

Formats: https://doc.rust-lang.org/cargo/reference/overriding-dependencies.html and
https://doc.rust-lang.org/cargo/reference/config.html#patch
"""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Any

from .configuration import configuration_tables
from .files import read_bytes, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["patched_manifests"]


def patched_manifests(manifest: str, environ: Mapping[str, str]) -> set[str]:
    """Return the real paths of the manifests that stand in for a published package in a workspace.

    ``manifest`` is that of its root: cargo reads these tables nowhere else.
    """
    directory = os.path.dirname(manifest)
    # Most have none: reading TOML takes longer than all else here. An escape may hide the word.
    text = read_bytes(manifest)
    may_hold = any(word in text for word in (b"patch", b"replace", b"\\"))
    own = read_toml(manifest) if may_hold else {}
    files = [(directory, own), *configuration_tables(environ, directory)]
    return {path for base, raw in files for table in _patches(raw) for path in _paths(table, base)}


def _tables(value: object) -> Iterator[dict[str, Any]]:
    """Yield the tables in a table."""
    if isinstance(value, dict):
        yield from (inner for inner in value.values() if isinstance(inner, dict))


def _patches(raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from _tables(raw.get("patch"))
    if isinstance(raw.get("replace"), dict):
        yield raw["replace"]


def _paths(table: dict[str, Any], base: str) -> Iterator[str]:
    for entry in _tables(table):
        if isinstance(entry.get("path"), str):
            yield os.path.realpath(os.path.join(base, entry["path"], "Cargo.toml"))
