"""What is known of other plugins' own state, and of nobody else."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    import pytest

__all__ = [
    "expected_attributes",
    "limit_of_pytest_timeout",
    "queued_items",
    "read_ids_of_rust",
    "repetitions",
    "select_in_spite_of_testmon",
]

# Options of plugins that make several of a Python test: whether, how many, what as a whole.
_REPEATING: Final = {
    "pytest_flakefinder": ("flake_finder_enable", "flake_runs", None),  # 1.1
    "pytest_loop": (None, "loop", "loop_scope"),  # 1.0
    "pytest_repeat": (None, "count", "repeat_scope"),  # 0.9.3 to 0.9.4
}


def _nothing() -> None: ...


vars(_nothing)["_pytest_duplicated"] = True  # what pytest-flakefinder has not to repeat

# What plugins look at in any item, whatever it is, and find in those with a function alone.
_ATTRIBUTES: Final[dict[str, tuple[str, object]]] = {
    "pytest_docker_tools.plugin": ("funcargs", {}),  # 3.1
    "pytest_flakefinder": ("function", _nothing),  # 1.1
    "pytest_trio.plugin": ("obj", _nothing),  # 0.8
}


def limit_of_pytest_timeout(config: pytest.Config) -> object:
    """Return the seconds that pytest-timeout (2.3 to 2.4) gives each test; None without it.

    They come out of its option, its variable and its ini key, which it alone puts in order.
    """
    return getattr(config, "_env_timeout", None)


def queued_items(session: pytest.Session) -> Iterator[pytest.Item]:
    """Yield what this worker of pytest-xdist has in its queue; nothing where that cannot be seen.

    Nobody else knows what a worker will run next. Known in xdist 3.6 to 3.8.
    """
    plugins = session.config.pluginmanager.get_plugins()
    worker: Any = next((plugin for plugin in plugins if hasattr(plugin, "torun")), None)
    try:
        with worker.torun.lock() as queue:
            waiting = [worker.nextitem_index, *queue]
        for index in waiting:
            if isinstance(index, int):
                yield session.items[index]
    except (AttributeError, IndexError, TypeError):
        return


def _names_of_plugins(config: pytest.Config) -> set[str]:
    return {getattr(plugin, "__name__", "") for plugin in config.pluginmanager.get_plugins()}


def repetitions(config: pytest.Config) -> tuple[int, str]:
    """Return how often each test is to run, and what is repeated as a whole: "function", ...

    The plugins do it where Python functions are given their parameters.
    """
    for name in _names_of_plugins(config) & _REPEATING.keys():
        switch, number, whole = _REPEATING[name]
        count = config.getoption(number, None) if not switch or config.getoption(switch) else 1
        if isinstance(count, int) and count > 1:
            return count, str(config.getoption(whole)) if whole else "function"
    return 1, "function"


def expected_attributes(config: pytest.Config) -> dict[str, object]:
    """Return what the plugins that are there look at in any item, with values that say nothing."""
    return dict(_ATTRIBUTES[name] for name in _names_of_plugins(config) & _ATTRIBUTES.keys())


def read_ids_of_rust() -> None:
    """Let pytest-csv (3.0) read ids of files that are not Python's: it raises for each of them."""
    utils: Any = sys.modules.get("pytest_csv.column._utils")
    pattern = getattr(utils, "__NODE_ID__", None)
    if isinstance(pattern, re.Pattern) and r"\.py(?:" in pattern.pattern:
        utils.__NODE_ID__ = re.compile(pattern.pattern.replace(r"\.py(?:", r"\.(?:py|rs)(?:"))


def select_in_spite_of_testmon(config: pytest.Config, files: Container[str]) -> bool:
    """Keep pytest-testmon (2.1 to 2.2) from leaving Rust tests out; tell whether it selects.

    It knows which lines of Python a test runs, and takes those of Rust for unchanged. ``files``
    are the real paths of those with Rust tests.
    """
    select: Any = config.pluginmanager.get_plugin("TestmonSelect")
    if select is None:
        return False
    for name in ("deselected_files", "deselected_tests"):
        kept_out: list[str] = getattr(select, name, [])
        kept_out[:] = [
            one
            for one in kept_out
            if os.path.realpath(config.rootpath / one.partition("::")[0]) not in files
        ]
    return bool(getattr(getattr(config, "testmon_config", None), "select", True))
