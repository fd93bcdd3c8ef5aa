"""Making many objects that stay: no time for Python's cyclic garbage collector."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["settle", "without_collector"]


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


def settle() -> Callable[[], None]:
    """Spare the garbage collector all that there is now; return what undoes that."""
    if gc.get_freeze_count():
        return lambda: None  # somebody else has a use for it
    gc.freeze()
    return gc.unfreeze
