"""How long single tests may take: marks, globs of the ini file, and pytest-timeout's limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..cargo.run_program import Limit
from .pytest_compat.companions import limit_of_pytest_timeout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..case import Key
    from ..rust.context import Settings
    from .nodes import RustItem

__all__ = ["limits"]


def limits(
    config: pytest.Config, settings: Settings, items: Iterable[RustItem]
) -> Iterator[tuple[Key, float]]:
    """Yield the seconds of each case that has a limit of its own.

    What is said of a test wins over what is said of all; what is said to us wins over
    pytest-timeout. Raises pytest.UsageError for a mark that makes no sense.
    """
    of_all = limit_of_pytest_timeout(config) if settings.run.timeout is None else None
    for item in items:
        seconds = _own(item, settings) or _of_pytest_timeout(item, of_all)
        if seconds:
            yield item.case.key, seconds


def _own(item: RustItem, settings: Settings) -> float | None:
    mark = item.get_closest_marker("cargo_timeout")
    if mark is None:
        return settings.timeout(item.nodeid)
    values = (*mark.args, *mark.kwargs.values())
    value = values[0] if len(values) == 1 and mark.kwargs.keys() <= {"seconds"} else None
    is_flag = isinstance(value, bool)  # which Python takes for a number
    if is_flag or not isinstance(value, int | float) or not 0 < value < float("inf"):
        named = (f"{name}={given!r}" for name, given in mark.kwargs.items())
        shown = ", ".join((*map(repr, mark.args), *named))
        words = "the mark needs one number of seconds above 0, as in cargo_timeout(5)"
        raise pytest.UsageError(f"cargo_timeout({shown}) at {item.nodeid}: {words}")
    return Limit(value, "the mark cargo_timeout")


def _of_pytest_timeout(item: RustItem, of_all: object) -> float | None:
    mark = item.get_closest_marker("timeout")
    value, origin = of_all, "pytest-timeout"
    if mark is not None:
        value, origin = (
            mark.args[0] if mark.args else mark.kwargs.get("timeout"),
            "the mark timeout",
        )
    return Limit(value, origin) if isinstance(value, int | float) and value > 0 else None
