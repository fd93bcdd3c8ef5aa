"""Which names a package's sources declare, in this build or in another one."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_written"]


def is_written(directory: str, name: str) -> bool:
    """Tell whether a source file below a directory declares a name.

    What ``cfg`` leaves out is not known to rustdoc; its file may not even be read.
    """
    words = rf"\b(?:const|static|fn|type|struct|union|enum)\s+(?:mut\s+)?(?:r#)?{re.escape(name)}\b"
    declared = re.compile(words.encode())
    return any(declared.search(text) for text in _sources(directory))


def _sources(directory: str) -> Iterator[bytes]:
    for folder, folders, names in os.walk(directory):
        folders[:] = [one for one in folders if one != "target" and not one.startswith(".")]
        for name in names:
            if name.endswith(".rs"):
                try:
                    with open(os.path.join(folder, name), "rb") as file:
                        yield file.read()
                except OSError:
                    continue
