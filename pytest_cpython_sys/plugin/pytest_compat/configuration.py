"""How pytest was configured: what stands in its files, what it was told to collect."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..modules.early import EarlyConfig

__all__ = [
    "assignment",
    "configured",
    "is_pytest_known",
    "key_in_words",
    "may_be_fast",
    "set_arguments",
    "words_of",
    "written",
]

# The fast ways do what pytest does; what that is, a new minor version may change.
_OLDEST: Final = (8, 3)
_NEWEST: Final = (9, 2)


def is_pytest_known() -> bool:
    """Tell whether this pytest is one of those that the fast ways were tested on."""
    return _OLDEST <= pytest.version_tuple[:2] <= _NEWEST


def may_be_fast(config: pytest.Config) -> bool:
    """Tell whether ways that stand in for pytest's own are wanted, and sure."""
    return config.getini("cpython_sys_fast") is not False and is_pytest_known()


@contextlib.contextmanager
def configured(config: pytest.Config) -> Iterator[None]:
    """Let all plugins configure themselves where no session follows, as ``--markers`` does.

    In ``_pytest/config/__init__.py``, the same in 8.3 to 9.2.
    """
    config._do_configure()
    try:
        yield
    finally:
        config._ensure_unconfigure()


def written(config: pytest.Config | EarlyConfig) -> Mapping[str, Any]:
    """Return what stands in the ini file."""
    written = getattr(config, "_inicfg", None)  # pytest 9; before that it had no underscore
    return config.inicfg if written is None else written


def words_of(config: pytest.Config | EarlyConfig, name: str) -> Any:
    """Return an ini key's value, list, or the one word that stands for a list.

    A typed table of TOML holds either; pytest 9 has no type for such a key, and refuses the word.
    What pytest cannot take for a truth value comes back as it was written, too, and so does a
    number: of ``-1`` pytest makes ``-1.0``, which is not what the user looks for.
    """
    try:
        value = config.getini(name)
        return _as_written(config, name, value) if isinstance(value, float) else value
    except (TypeError, ValueError, pytest.UsageError):
        found = written(config).get(name)
        value = getattr(found, "value", found)
        if isinstance(value, str):
            return value
        raise


def _as_written(config: pytest.Config | EarlyConfig, name: str, value: float) -> Any:
    typed = _overrides(config)
    if name in typed:
        return typed[name]
    found = written(config).get(name, value)
    return getattr(found, "value", found)


def _overrides(config: pytest.Config | EarlyConfig) -> dict[str, str]:
    """Return the ini keys that were typed with ``-o``: of several values the last counts."""
    words = (str(one).partition("=") for one in config.getoption("override_ini", None) or ())
    return {key: value for key, _, value in words}


def key_in_words(config: pytest.Config | EarlyConfig, name: str) -> str:
    """Return an ini key as the user knows it: ``cargo_timeout in pytest.ini``."""
    file = _file_of_key(config, name)
    return f"{name} in {file}" if file else f"-o {name}"


def assignment(config: pytest.Config | EarlyConfig, name: str) -> str:
    """Return what stands before an ini key's value: ``pytest.ini: cargo_timeout = ``."""
    file = _file_of_key(config, name)
    return f"{file}: {name} = " if file else f"-o {name}="


def _file_of_key(config: pytest.Config | EarlyConfig, name: str) -> str:
    """Return the name of the file that holds an ini key's value; "" if it was typed with ``-o``."""
    if config.inipath is None or name in _overrides(config):
        return ""
    return config.inipath.name


def set_arguments(config: pytest.Config, arguments: Iterable[str]) -> None:
    """Make these what pytest collects; what was typed stays in ``invocation_params``.

    No hook stands between the command line and the collection; in place, as others hold the list.
    """
    config.args[:] = arguments
