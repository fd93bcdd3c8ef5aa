"""Settings: one frozen dataclass out of the command line and the ini file."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ..cargo import CargoError
from ..late import dataclass
from ..python.checkout import target_python
from ..python.introspect import InterpreterError
from ..python.selection import load_named
from ..rust.context import Settings
from ..rust.option_table import OPTIONS, read
from .pytest_compat.configuration import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..python.interpreter import Interpreter
    from ..python.selection import NamedPython
    from ..rust.option_table import Option
    from .arguments import Scope
    from .modules.early import EarlyConfig

__all__ = ["FoundPythons", "PytestSettings", "find_pythons", "read_settings"]


@dataclass(frozen=True)
class PytestSettings(Settings):
    """What the user asked of a run of pytest."""

    from_ini: bool
    """Switched on by the ini file: then a missing cargo is an item's error, not an exit."""
    debugger: tuple[str, ...]
    """The command under which the one selected test runs, if there is one."""
    layouts: Path | None
    """Where drawings of layouts go."""
    report: Path | None
    """The page about the run, if one is to be written."""
    extensions: tuple[str, ...]
    """Packages whose extension modules are built for Python tests, or ``auto`` alone."""
    stale: str
    """What becomes of an installed module that is older than its sources."""
    junit_properties: bool
    """Whether Rust tests have properties in JUnit XML."""


def _place(
    config: pytest.Config | EarlyConfig, values: Mapping[str, Any], option: str
) -> Path | None:
    """Return an option's path: relative to where pytest was called, a key's to rootdir."""
    name = values[option]
    if not name:
        return None
    typed = config.getoption(option, None) is not None
    base = config.invocation_params.dir if typed else config.rootpath
    return Path(os.path.abspath(base / os.path.expanduser(name)))


def read_settings(config: pytest.Config | EarlyConfig) -> PytestSettings:
    """Return the settings in force. Raises pytest.UsageError for what makes no sense."""
    values = {option.name: _value(config, option) for option in OPTIONS}
    return PytestSettings.of(
        values,
        from_ini=config.getoption("cpython_sys", None) is None,
        debugger=values["cargo_debugger"],
        layouts=_place(config, values, "cpython_sys_layouts"),
        report=_place(config, values, "cpython_sys_report"),
        extensions=values["cpython_sys_extensions"] or ("auto",),
        stale=values["cpython_sys_stale"],
        junit_properties=values["cpython_sys_junit_properties"],
    )


def _value(config: pytest.Config | EarlyConfig, option: Option) -> Any:
    """Return an option's value: the command line first, then the ini key of the same name."""
    raw = config.getoption(option.name, None) if option.command_line else None
    typed = raw is not None
    try:
        if raw is None and option.key:
            raw = words_of(config, option.name)
        if typed and raw == "" and option.choices:
            raise ValueError(f" is empty: choose one of {', '.join(option.choices)}")
        return read(option, raw)
    except ValueError as error:
        written = f"{option.name} = " if option.key and not typed else f"{option.words[0]}="
        raise pytest.UsageError(f"{written}{error}") from None


class FoundPythons(NamedTuple):
    """The Pythons that were named, the one that counts, and what is wrong if there is none."""

    named: Sequence[NamedPython] = ()
    interpreter: Interpreter | None = None
    """Of several, the first."""
    problem: CargoError | None = None


def find_pythons(settings: PytestSettings, scope: Scope) -> FoundPythons:
    """Return the target Pythons. Raises pytest.UsageError where the user named a bad one."""
    names = settings.pythons
    if not names and not scope.places:
        return FoundPythons()
    try:
        named = load_named(names, partial(target_python, scope.place))
        interpreter = named[0].interpreter if named else target_python(scope.place)
    except InterpreterError as error:
        if names and not settings.from_ini:
            raise pytest.UsageError(str(error)) from None
        needed = names or scope.in_checkout
        return FoundPythons(problem=CargoError(str(error)) if needed else None)
    return FoundPythons(named, interpreter)
