"""Which crates a workspace is built from, and what each needs, as far as ``Cargo.lock`` knows."""

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING, Final

from ..late import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..cargo import Package

__all__ = ["PYO3", "crate_dependencies", "needed_by"]

PYO3: Final = frozenset({"pyo3", "pyo3-ffi"})

_LOCKED: Final = regex(
    r'^name = "(?P<name>[^"]+)"$(?P<rest>(?:\n(?!\[\[).*)*)',
    re.MULTILINE,
)
# "name", "name 1.2.3" or "name 1.2.3 (source)": as much as is needed to be unambiguous.
_LOCKED_DEPENDENCY: Final = regex(r'^ "([^" ]+)[^"]*",$', re.MULTILINE)


def crate_dependencies(root: str, packages: Iterable[Package]) -> dict[str, set[str]]:
    """Return the crates that a workspace is built from and what each needs, as far as is known.

    ``root`` is the directory of its ``Cargo.lock``: once there is one, that is all of them.
    """
    try:
        with open(os.path.join(root, "Cargo.lock"), encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        text = ""
    found: dict[str, set[str]] = {}
    for package in packages:
        needed = found.setdefault(package.name, set())
        needed.update(dependency.name for dependency in package.dependencies)
    for match in _LOCKED.finditer(text):
        needed = found.setdefault(match["name"], set())
        needed.update(_LOCKED_DEPENDENCY.findall(match["rest"]))
    for names in list(found.values()):
        for name in names:
            found.setdefault(name, set())
    if "bindgen" in found:
        found["bindgen"].add("clang-sys")
        found.setdefault("clang-sys", set())
    return found


def needed_by(name: str, dependencies: Mapping[str, set[str]]) -> set[str]:
    """Return a crate, what it needs, what that needs, and so on."""
    found = {name}
    waiting = [name]
    while waiting:
        more = dependencies.get(waiting.pop(), set()) - found
        found |= more
        waiting += more
    return found
