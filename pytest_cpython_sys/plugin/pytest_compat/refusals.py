"""What keeps a path out: pytest decides for itself why it passes one by, and tells nobody."""

from __future__ import annotations

import fnmatch
import os
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.pathlib import absolutepath, fnmatch_ex

from .configuration import written

if TYPE_CHECKING:
    from pathlib import Path

    from ..modules.early import EarlyConfig

__all__ = ["hook_refusal", "is_of_pytest", "refusal", "skipped_by_default"]


def refusal(config: pytest.Config | EarlyConfig, path: Path) -> str | None:
    """Return what keeps a path out: an option, an ini key or a list of a conftest; None if nothing.

    The rules are those of ``pytest_ignore_collect`` in ``_pytest/main.py``, the same in 8.3 to 9.2.
    pytest's own ``norecursedirs`` keep no Rust test out: a package may be called ``build``.
    """
    for name in config.getoption("ignore", None) or ():
        if path == absolutepath(name):
            return f"--ignore={name}"
    for pattern in config.getoption("ignore_glob", None) or ():
        if fnmatch.fnmatch(str(path), str(absolutepath(pattern))):
            return f"--ignore-glob={pattern}"
    if path in _conftest_paths(config, "collect_ignore", path):
        return "collect_ignore"
    globs = _conftest_paths(config, "collect_ignore_glob", path)
    if any(fnmatch.fnmatch(str(path), str(pattern)) for pattern in globs):
        return "collect_ignore_glob"
    if _matches_norecursedirs(config, path) and _norecursedirs_are_written(config):
        return "norecursedirs"
    return None


def skipped_by_default(config: pytest.Config, path: Path) -> bool:
    """Tell whether pytest passes a directory by though nobody has asked for it."""
    return _matches_norecursedirs(config, path) and not _norecursedirs_are_written(config)


def hook_refusal(session: pytest.Session, path: Path) -> str | None:
    """Return whose hook keeps a path out, beside pytest's own; None if none does.

    The hooks are asked, as pytest asks them. Which of them answered, a hook's result does not say.
    """
    caller: Any = session.gethookproxy(path.parent).pytest_ignore_collect
    given = {"collection_path": path, "config": session.config}
    if pytest.version_tuple < (9,):
        from _pytest.compat import legacy_path

        caller = getattr(caller, "__wrapped__", caller)  # a function that adds a py.path
        given["path"] = legacy_path(path)
    for implementation in reversed(caller.get_hookimpls()):
        if implementation.hookwrapper or implementation.wrapper:
            continue
        if is_of_pytest(getattr(implementation.plugin, "__name__", "")):
            continue
        answer = implementation.function(*(given[name] for name in implementation.argnames))
        if answer is not None:
            return _owner(session, implementation.plugin_name) if answer else None
    return None


def is_of_pytest(module: str) -> bool:
    """Tell whether a module, by its full name, is one of pytest's own."""
    return module.partition(".")[0] == "_pytest"


def _owner(session: pytest.Session, name: str) -> str:
    """Return a plugin's name as people know it: of a conftest the path, seen from rootdir."""
    root = str(session.config.rootpath) + os.sep
    return f"the pytest_ignore_collect hook of {name.removeprefix(root)}"


def _conftest_paths(config: pytest.Config | EarlyConfig, name: str, path: Path) -> list[Path]:
    """Return what the nearest conftest says that has been loaded; only pytest knows which it is."""
    return config._getconftest_pathlist(name, path=path.parent) or []


def _matches_norecursedirs(config: pytest.Config | EarlyConfig, path: Path) -> bool:
    patterns = config.getini("norecursedirs")
    return path.is_dir() and any(fnmatch_ex(pattern, path) for pattern in patterns)


def _norecursedirs_are_written(config: pytest.Config | EarlyConfig) -> bool:
    """Tell whether the ini key is the user's own: ``getini`` gives pytest's default as well."""
    text = written(config)
    overrides = config.getoption("override_ini", None) or ()
    return "norecursedirs" in text or any(
        override.partition("=")[0] == "norecursedirs" for override in overrides
    )
