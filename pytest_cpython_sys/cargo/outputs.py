"""Which files cargo and its build scripts wrote.

Where they lie says nothing: a target directory may be inside the package, and ``OUT_DIR`` anywhere.
"""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from .files import is_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .messages import BuildScript
    from .metadata import Workspace

__all__ = [
    "built_for",
    "option_values",
    "output_directories",
    "target_directories",
    "target_directory_of",
]


def target_directories(
    workspace: Workspace, command: Sequence[str], environment: Mapping[str, str]
) -> frozenset[str]:
    """Return the real paths of the directories in which cargo builds.

    ``command`` and ``environment`` are cargo's own, in the workspace's root.
    """
    shared = (
        workspace.target_directory,
        workspace.build_directory,
        *option_values(command, "--target-dir"),
        *filter(None, [environment.get("CARGO_BUILD_BUILD_DIR")]),
    )
    return frozenset(os.path.realpath(os.path.join(workspace.root, path)) for path in shared)


def output_directories(
    workspace: Workspace, targets: Iterable[str], scripts: Iterable[BuildScript]
) -> frozenset[str]:
    """Return the real paths of the directories that a build writes to.

    A target directory that a member lies in is left out: the rest of it may be anybody's.
    """
    members = [os.path.realpath(member.root) for member in workspace.packages]
    own = {path for path in targets if not any(is_inside(member, path) for member in members)}
    return frozenset(own | {os.path.realpath(script.out_dir) for script in scripts})


def target_directory_of(path: str, targets: Iterable[str]) -> str | None:
    """Return the nearest of the directories in which cargo builds that a real path lies in."""
    return max((one for one in targets if is_inside(path, one)), key=len, default=None)


def built_for(path: str, targets: Iterable[str]) -> str:
    """Return the triple in the path of a built file; empty without: it is the host's own.

    See https://doc.rust-lang.org/cargo/reference/build-cache.html
    """
    real = os.path.realpath(path)
    base = target_directory_of(real, targets)
    if base is None:
        return ""
    *directories, _ = os.path.relpath(real, base).split(os.sep)
    if directories[-1:] in (["deps"], ["examples"]):
        directories.pop()
    return directories[0] if len(directories) > 1 else ""


def option_values(words: Sequence[str], option: str) -> Iterator[str]:
    """Yield what an option is given, in one word or in two."""
    for word, following in zip(words, [*words[1:], ""], strict=False):
        if word == option:
            yield following
        elif word.startswith(f"{option}="):
            yield word.partition("=")[2]
