"""Which names a package's sources declare, in this build or in another one."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from ...cargo import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_written"]

_DECLARED: Final = rb"\b(?:mod|const|static|fn|type|struct|union|enum)\s+(?:mut\s+)?(?:r#)?%b\b"


def is_written(directory: str, path: str) -> bool:
    """Tell whether source files below a directory declare all names of a path.

    What ``cfg`` leaves out is not known to rustdoc; its file may not even be read.
    """
    wanted = {name: re.compile(_DECLARED % re.escape(name.encode())) for name in path.split("::")}
    for text in _sources(directory):
        wanted = {name: one for name, one in wanted.items() if not one.search(text)}
    return not wanted


def _sources(directory: str) -> Iterator[bytes]:
    for folder, folders, names in os.walk(directory):
        folders[:] = [one for one in folders if one != "target" and not one.startswith(".")]
        for name in names:
            if name.endswith(".rs"):
                yield read_bytes(os.path.join(folder, name))
