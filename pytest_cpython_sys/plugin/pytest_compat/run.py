"""The run: who takes part in it, what is set up, how it ends."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["capture_suspended", "is_alone", "nodes_set_up", "takes_no_part", "turn_red"]

# pytest itself, and plugins whose hooks step aside for all but Python functions.
_BYSTANDERS: Final = frozenset({"_pytest", "_hypothesis_pytestplugin"})
# What leaves nothing to be done when the process ends: plugins, and what these import.
_QUIET: Final = frozenset({"_pytest", "pytest_cpython_sys", "xdist"})
_LIBRARIES: Final = frozenset(
    {"__main__", "_distutils_hack", "colorama", "exceptiongroup", "execnet", "iniconfig"}
    | {"packaging", "pluggy", "py", "pygments", "pytest", "tomli", "toml"}
)
_PROGRAMS: Final = frozenset({"pytest", "py.test", "pytest.__main__"})


def takes_no_part(plugin: object) -> bool:
    """Tell whether a plugin is known to do nothing to an item without a Python function."""
    return _package_of(plugin) in _BYSTANDERS


def _package_of(plugin: object) -> str:
    module = getattr(plugin, "__module__", None) or getattr(plugin, "__name__", "")
    return str(module).partition(".")[0]


def is_alone(config: pytest.Config) -> bool:
    """Tell whether no code but that of pytest, of pytest-xdist and ours runs in this process."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    name = os.path.basename(sys.argv[0]) if spec is None else spec.name
    if name not in _PROGRAMS or not all(
        _package_of(plugin) in _QUIET for plugin in config.pluginmanager.get_plugins()
    ):
        return False
    # `sitecustomize`, or what a key of the ini file names, is no plugin.
    known = _QUIET | _LIBRARIES | sys.stdlib_module_names
    loaded = {module.partition(".")[0] for module in sys.modules}
    return all(module.startswith("_sysconfigdata") for module in loaded - known)


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
