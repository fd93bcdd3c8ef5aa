"""A directory from which a built library is imported under its own name."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .extension import Place

__all__ = ["stage"]

_SUFFIXES: Final = (".so", ".pyd", ".dylib")


def stage(directory: str, place: Place) -> str:
    """Lay out what is around a module; return the path of its file without the suffix.

    The packages around it are directories of their own, filled with links to what the project
    has in them: a module that was installed there before is left out.
    """
    here, source = directory, place.source
    for package, inner in itertools.pairwise(place.parts):
        here = os.path.join(here, package)
        os.mkdir(here)
        source = os.path.join(source, package) if source is not None else None
        if source is None or not os.path.isdir(source):
            source = None
            continue
        for entry in os.listdir(source):
            if entry not in (inner, "__pycache__") and not _is_module(entry, inner):
                os.symlink(os.path.join(source, entry), os.path.join(here, entry))
    return os.path.join(here, place.parts[-1])


def _is_module(entry: str, name: str) -> bool:
    return entry.partition(".")[0] == name and entry.endswith(_SUFFIXES)
