"""C's side: its compiler, and the header that speaks for a package."""

from __future__ import annotations

from typing import Final

__all__ = ["DEFAULT_HEADER"]

DEFAULT_HEADER: Final = "wrapper.h"
