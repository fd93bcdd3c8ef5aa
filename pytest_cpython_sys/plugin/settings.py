"""Settings: one frozen dataclass out of the command line and the ini file."""

from __future__ import annotations

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
from .pages.place import path_of
from .pytest_compat.configuration import assignment, key_in_words, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..python.interpreter import Interpreter
    from ..python.selection import NamedPython
    from ..rust.option_table import Option
    from .arguments import Scope
    from .modules.early import EarlyConfig

__all__ = [
    "FoundPythons",
    "PytestSettings",
    "find_pythons",
    "in_words_of_key",
    "no_such_package",
    "read_settings",
]


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
    name = values[option]
    return Path(path_of(config, option, name)) if name else None


def read_settings(config: pytest.Config | EarlyConfig) -> PytestSettings:
    """Return the settings in force. Raises pytest.UsageError for what makes no sense."""
    origins: dict[str, str] = {}
    values = {option.name: _value(config, option, origins) for option in OPTIONS}
    return PytestSettings.of(
        values,
        origins,
        from_ini=config.getoption("cpython_sys", None) is None,
        debugger=values["cargo_debugger"],
        layouts=_place(config, values, "cpython_sys_layouts"),
        report=_place(config, values, "cpython_sys_report"),
        extensions=values["cpython_sys_extensions"] or ("auto",),
        stale=values["cpython_sys_stale"],
        junit_properties=values["cpython_sys_junit_properties"],
    )


def _value(config: pytest.Config | EarlyConfig, option: Option, origins: dict[str, str]) -> Any:
    """Return an option's value: the command line first, then the ini key of the same name.

    ``origins`` receives the key's name if that gives the value.
    """
    raw = config.getoption(option.name, None) if option.command_line else None
    typed = raw is not None
    try:
        if raw is None and option.key:
            raw = words_of(config, option.name)
            if raw:
                origins[option.name] = key_in_words(config, option.name)
        if typed and raw == "" and option.choices:
            raise ValueError(f" is empty: choose one of {', '.join(option.choices)}")
        return read(option, raw)
    except ValueError as error:
        from_ini = option.key and not typed
        start = assignment(config, option.name) if from_ini else f"{option.words[0]}="
        raise pytest.UsageError(f"{start}{error}") from None


class FoundPythons(NamedTuple):
    """The Pythons that were named, the one that counts, and what is wrong if there is none."""

    named: Sequence[NamedPython] = ()
    interpreter: Interpreter | None = None
    """Of several, the first."""
    problem: CargoError | None = None


def no_such_package(
    config: pytest.Config, settings: PytestSettings, known: Iterable[str]
) -> pytest.UsageError:
    """Return what to say where no package is of a name that was asked for."""
    typed = config.getoption("cargo_package") is not None
    said = "--cargo-package=" if typed else assignment(config, "cargo_package")
    globs, names = ", ".join(settings.package_globs), ", ".join(sorted(known))
    return pytest.UsageError(f"{said}{globs} matches no package: choose from {names}")


def in_words_of_key(error: InterpreterError, settings: PytestSettings) -> str:
    """Return what is said of a Python that was named; of the ini key where that has named it."""
    origin = settings.run.origin("cpython_sys_python")
    words, option = str(error), "--cpython-sys-python"
    if origin == option:
        return words if option in words else f"{option}: {words}"
    return f"{origin}: {words.replace(option, 'cpython_sys_python')}"


def find_pythons(settings: PytestSettings, scope: Scope) -> FoundPythons:
    """Return the target Pythons. Raises pytest.UsageError where the user named a bad one."""
    names = settings.pythons
    if not names and not scope.places:
        return FoundPythons()
    try:
        named = load_named(names, partial(target_python, scope.place))
        interpreter = named[0].interpreter if named else target_python(scope.place)
    except InterpreterError as error:
        words = in_words_of_key(error, settings) if names else str(error)
        if names and not settings.from_ini:
            raise pytest.UsageError(words) from None
        needed = names or scope.in_checkout
        return FoundPythons(problem=CargoError(words) if needed else None)
    return FoundPythons(named, interpreter)
