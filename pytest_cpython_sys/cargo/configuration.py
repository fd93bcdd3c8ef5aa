"""The few things that must be known of cargo's configuration files.

Format and order: https://doc.rust-lang.org/cargo/reference/config.html
"""

from __future__ import annotations

import os
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["configuration_files", "configured_environment", "rustflags"]


def configuration_files(environ: Mapping[str, str], directory: str) -> Iterator[str]:
    """Yield the configuration files that count in a directory, the nearest first."""
    home = environ.get("CARGO_HOME") or os.path.join(os.path.expanduser("~"), ".cargo")
    places = []
    current = directory
    while True:
        places.append(os.path.join(current, ".cargo"))
        parent = os.path.dirname(current)
        if parent == current:
            break
        current = parent
    for place in dict.fromkeys([*places, home]):
        for name in ("config", "config.toml"):
            path = os.path.join(place, name)
            if os.path.isfile(path):
                yield path
                break


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [str(word) for word in value] if isinstance(value, list) else []


def rustflags(environ: Mapping[str, str], directory: str) -> list[str]:
    """Return the flags that cargo passes to rustc for a workspace, in cargo's own order.

    The environment wins; then come the tables of targets, taken together, then ``[build]``.
    """
    encoded = environ.get("CARGO_ENCODED_RUSTFLAGS")
    if encoded is not None:
        return encoded.split("\x1f") if encoded else []
    if environ.get("RUSTFLAGS"):
        return environ["RUSTFLAGS"].split()
    of_targets: list[str] = []
    of_build: list[str] = []
    for path in configuration_files(environ, directory):
        try:
            with open(path, "rb") as file:
                raw: dict[str, Any] = tomllib.load(file)
        except (OSError, ValueError):
            continue
        tables = raw.get("target")
        for table in tables.values() if isinstance(tables, dict) else ():
            if isinstance(table, dict):
                of_targets += _words(table.get("rustflags"))
        build = raw.get("build")
        if isinstance(build, dict):
            of_build += _words(build.get("rustflags"))
    return of_targets or of_build


def configured_environment(environ: Mapping[str, str], directory: str) -> dict[str, str]:
    """Return what ``[env]`` sets for what cargo starts; the nearest file wins.

    See https://doc.rust-lang.org/cargo/reference/config.html#env
    """
    found: dict[str, str] = {}
    for path in configuration_files(environ, directory):
        try:
            with open(path, "rb") as file:
                table = tomllib.load(file).get("env")
        except (OSError, ValueError):
            continue
        base = os.path.dirname(os.path.dirname(path))
        for name, entry in table.items() if isinstance(table, dict) else ():
            options = entry if isinstance(entry, dict) else {"value": entry}
            value = str(options.get("value", ""))
            if options.get("relative"):
                value = os.path.join(base, value)
            if name not in found and (options.get("force") or name not in environ):
                found[name] = value
    return found
