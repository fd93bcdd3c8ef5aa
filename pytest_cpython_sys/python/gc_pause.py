"""Making many objects that stay: no time for Python's cyclic garbage collector."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Settled", "without_collector"]


@contextmanager
def without_collector() -> Iterator[None]:
    """Leave the garbage collector off, if it is on."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Settled:
    """Spares the garbage collector what there is at a time, until the end."""

    def __init__(self) -> None:
        self._begun = False

    def begin(self) -> None:
        """Hide what there is now; not if somebody else has a use for that."""
        if not gc.get_freeze_count():
            gc.freeze()
            self._begun = True

    def end(self) -> None:
        """Show it again."""
        if self._begun:
            gc.unfreeze()
