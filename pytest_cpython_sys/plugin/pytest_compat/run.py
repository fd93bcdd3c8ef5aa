"""The run: who takes part in it, what is set up, how it ends."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["capture_suspended", "nodes_set_up", "takes_no_part", "turn_red"]

# pytest itself, and plugins whose hooks step aside for all but Python functions.
_BYSTANDERS: Final = frozenset({"_pytest", "_hypothesis_pytestplugin"})


def takes_no_part(plugin: object) -> bool:
    """Tell whether a plugin is known to do nothing to an item without a Python function."""
    module = getattr(plugin, "__module__", None) or getattr(plugin, "__name__", "")
    return str(module).partition(".")[0] in _BYSTANDERS


def nodes_set_up(session: pytest.Session) -> Iterable[object] | None:
    """Return what is set up and not yet torn down; None if that cannot be seen.

    pytest tells nobody; known in 8.3 to 9.2.
    """
    stack = getattr(getattr(session, "_setupstate", None), "stack", None)
    return stack if isinstance(stack, dict) else None


def turn_red(session: pytest.Session) -> None:
    """Make a run that nothing failed in end with 1: no hook returns the exit code (8.3 to 9.2)."""
    session.exitstatus = pytest.ExitCode.TESTS_FAILED


@contextlib.contextmanager
def capture_suspended(config: pytest.Config, *, stdin: bool = False) -> Iterator[None]:
    """Let output be seen, whoever is in charge of it; nothing changes where nobody captures.

    ``stdin``: let input be read as well. pytest has a fixture for output, nothing for a conftest
    file that is imported, and for input what its own debugger uses (8.3 to 9.2).
    """
    manager: Any = config.pluginmanager.get_plugin("capturemanager")
    suspended = getattr(manager, "global_and_fixture_disabled", contextlib.nullcontext)
    with suspended():
        if stdin and manager is not None:
            manager.suspend_global_capture(in_=True)  # what ends it gives input back as well
        yield
