"""What pytest knows before it has read a conftest file: such a file may import the module."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..pytest_compat.configuration import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

__all__ = [
    "EarlyConfig",
    "check_junit_path",
    "holds_python_tests",
    "is_off",
    "is_worker",
    "only_asks",
    "project_roots",
]

_ONLY_ASKS: Final = ("help", "version", "markers", "showfixtures", "show_fixtures_per_test")
_PROJECT: Final = ("pyproject.toml", "setup.py", "setup.cfg", "Cargo.toml")
_PRUNED: Final = frozenset({"target", "node_modules", "__pycache__", "site-packages", "venv"})


class EarlyConfig:
    """Pytest's configuration as it is while conftest files are read, asked as it is later on."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def __getattr__(self, name: str) -> Any:
        return getattr(self._config, name)

    def getoption(self, name: str, default: Any = None) -> Any:
        """Return what was typed."""
        return getattr(self._config.known_args_namespace, name, default)


def only_asks(early: EarlyConfig) -> bool:
    """Tell whether pytest is only asked about itself: then nothing is built."""
    asked = any(early.getoption(name) for name in _ONLY_ASKS)
    return asked or early.getoption("cacheshow") is not None


def is_off(early: EarlyConfig) -> bool:
    """Tell whether no module is to be built."""
    return words_of(early, "cpython_sys_extensions") in ("off", ["off"], [])


def is_worker() -> bool:
    """Tell whether this is a worker of pytest-xdist, whose controller has built everything.

    What a test starts inherits a worker's variable. Workers alone are started with code.
    """
    return "PYTEST_XDIST_WORKER" in os.environ and sys.argv[:1] == ["-c"]


def check_junit_path(early: EarlyConfig) -> None:
    """Make the folder of the JUnit file, as pytest does in the end: what it cannot do is said now.

    Raises pytest.UsageError.
    """
    typed = early.getoption("xmlpath")
    if not typed:
        return
    path = Path(os.path.abspath(os.path.expanduser(os.path.expandvars(typed))))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        existed = path.exists()
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        import pytest

        # What exists, and is no folder, is in the way.
        words = os.strerror(errno.ENOTDIR) if error.errno == errno.EEXIST else error.strerror
        why = f"{words}: {error.filename or path}"
        raise pytest.UsageError(
            f"--junitxml={typed} cannot be written ({why}): choose another file"
        ) from None
    if not existed:
        with contextlib.suppress(OSError):
            path.unlink()


def project_roots(early: EarlyConfig) -> list[str]:
    """Return the projects around what was typed, else around where tests are looked for."""
    here, root = Path(early.invocation_params.dir), Path(early.rootpath)
    typed = [here / str(one).partition("::")[0] for one in early.getoption("file_or_dir") or ()]
    places = [path for path in typed if path.exists()]
    if not typed:
        below = here == root and [root / name for name in early.getini("testpaths")]
        places = [path for path in below or () if path.exists()] or [here]
    return list(dict.fromkeys(str(_project_around(path, root)) for path in places))


def _project_around(path: Path, root: Path) -> Path:
    """Return the nearest directory with a manifest; rootdir where there is none below it."""
    path = path.absolute()
    start = path if path.is_dir() else path.parent
    for directory in (start, *start.parents):
        if any((directory / name).is_file() for name in _PROJECT):
            return directory
        if directory == root:
            break
    return root if start.is_relative_to(root) else start


def holds_python_tests(config: pytest.Config) -> bool:
    """Tell whether what was selected can hold a Python test."""
    if config.option.pyargs:
        return True
    if not config.pluginmanager.has_plugin("python"):
        return False
    patterns = config.getini("python_files")
    if config.getoption("doctestmodules", False):
        patterns = [*patterns, "*.py"]
    for argument in config.args:
        path = Path(config.invocation_params.dir, argument.partition("::")[0])
        if path.is_dir():
            if any(fnmatch(name, pattern) for name in _files(path) for pattern in patterns):
                return True
        elif path.suffix != ".rs" and path.name != "Cargo.toml":
            return True
    return False


def _files(directory: Path) -> Iterator[str]:
    for _, directories, files in os.walk(directory):
        directories[:] = [
            name for name in directories if name not in _PRUNED and not name.startswith(".")
        ]
        yield from files
