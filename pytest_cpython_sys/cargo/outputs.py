"""Which files cargo and its build scripts wrote.

Where they lie says nothing: a target directory may be inside the package, and ``OUT_DIR`` anywhere.
"""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from .paths import is_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .messages import BuildScript
    from .metadata import Workspace

__all__ = ["output_directories"]


def output_directories(
    workspace: Workspace,
    command: Sequence[str],
    environment: Mapping[str, str],
    scripts: Iterable[BuildScript],
) -> frozenset[str]:
    """Return the real paths of the directories that a build writes to.

    ``command`` and ``environment`` are cargo's own, in the workspace's root. A target directory
    that a member lies in is left out: the rest of it may be anybody's.
    """
    shared = (
        workspace.target_directory,
        workspace.build_directory,
        *_values(command, "--target-dir"),
        *filter(None, [environment.get("CARGO_BUILD_BUILD_DIR")]),
    )
    found = {os.path.realpath(os.path.join(workspace.root, path)) for path in shared}
    members = [os.path.realpath(member.root) for member in workspace.packages]
    own = {path for path in found if not any(is_inside(member, path) for member in members)}
    return frozenset(own | {os.path.realpath(script.out_dir) for script in scripts})


def _values(words: Sequence[str], option: str) -> Iterator[str]:
    """Yield what an option is given, in one word or in two."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == option:
            yield following
        elif word.startswith(f"{option}="):
            yield word.partition("=")[2]
