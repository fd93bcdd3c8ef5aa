"""The C compiler's opinion on what Rust says of C: ``--cpython-sys-abi``.

The checker takes long to import, and most projects have no header: see `has_a_header` first.
"""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..context import BuildContext

__all__ = ["DEFAULT_HEADER", "has_a_header"]

DEFAULT_HEADER: Final = "wrapper.h"


def has_a_header(context: BuildContext) -> bool:
    """Tell whether any package of a workspace may have a C header that speaks for it."""
    return context.run.abi != "off" and any(
        package.metadata.get("cpython-sys")
        or os.path.isfile(os.path.join(package.root, DEFAULT_HEADER))
        for package in context.build.workspace.packages
    )
