"""Settings: one frozen dataclass out of the command line and the ini file."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ..cargo import BuildOptions, CargoError
from ..python.checkout import target_python
from ..python.introspect import InterpreterError
from ..python.selection import load_named
from ..rust.context import RunOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..python.interpreter import Interpreter
    from ..python.selection import NamedPython
    from .arguments import Scope

__all__ = ["FoundPythons", "Settings", "find_pythons", "read_settings"]

_IGNORED = ("default", "only", "all")
_LEAKS = ("warn", "fail")
_ABI = ("auto", "all", "off")
_POLICIES = ("auto", "all", "off")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked for; see the reference of options in the documentation."""

    enabled: bool
    from_ini: bool
    """Switched on by the ini file: then a missing cargo is an item's error, not an exit."""
    package_globs: tuple[str, ...]
    build: BuildOptions
    run: RunOptions
    pythons: tuple[str, ...]
    timeouts: tuple[tuple[str, float], ...] = ()
    """Globs of node ids with seconds; the last that matches counts."""
    layouts: Path | None = None
    """Where drawings of layouts go."""

    def selects(self, package: str) -> bool:
        """Tell whether ``--cargo-package`` leaves a package in."""
        return not self.package_globs or any(
            fnmatchcase(package, glob) for glob in self.package_globs
        )


class _Reader:
    """Reads one setting: the command line first, then the ini key of the same name."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def raw(self, name: str) -> Any:
        value = self._config.getoption(name, None)
        return self._config.getini(name) if value is None else value

    def text(self, name: str) -> str | None:
        value = self.raw(name)
        return str(value) if value not in (None, "") else None

    def flag(self, name: str) -> bool:
        return bool(self.raw(name))

    def words(self, name: str, split: Callable[[str], list[str]]) -> tuple[str, ...]:
        value = self.raw(name)
        if value is None:
            return ()
        items: Iterable[str] = [value] if isinstance(value, str) else value
        return tuple(word for item in items for word in split(str(item)) if word)

    def seconds(self, name: str) -> float | None:
        value = self.raw(name)
        if value in (None, ""):
            return None
        number = _seconds(value)
        if number is None:
            raise pytest.UsageError(f"{_option(name)}={value}: give a number of seconds above 0")
        return number

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name) or choices[0]
        if value not in choices:
            allowed = ", ".join(choices)
            raise pytest.UsageError(f"{_option(name)}={value}: choose one of {allowed}")
        return value


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _shell_words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise pytest.UsageError(f"--cargo-args={text}: {error}") from None


def _whole(text: str) -> list[str]:
    return [text]


def _seconds(value: Any) -> float | None:
    """Return a number above 0 and not endless; None for anything else."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None


def _limit(text: str) -> tuple[str, float]:
    glob, _, number = text.rpartition("=")
    seconds = _seconds(number)
    if not glob or seconds is None:
        raise pytest.UsageError(f"cargo_timeouts: {text}: write GLOB=SECONDS, seconds above 0")
    return glob, seconds


def _by_comma(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _directory(config: pytest.Config, name: str | None) -> Path | None:
    """Return an option's directory: relative to where pytest was called, a key's to rootdir."""
    if name is None:
        return None
    typed = config.getoption("cpython_sys_layouts", None) is not None
    base = config.invocation_params.dir if typed else config.rootpath
    return Path(os.path.abspath(base / os.path.expanduser(name)))


def read_settings(config: pytest.Config) -> Settings:
    """Return the settings in force. Raises pytest.UsageError for what makes no sense."""
    option = config.getoption("cpython_sys", None)
    reader = _Reader(config)
    grace = reader.seconds("cargo_grace")
    layouts = reader.text("cpython_sys_layouts")
    return Settings(
        enabled=bool(config.getini("cpython_sys")) if option is None else bool(option),
        from_ini=option is None,
        package_globs=reader.words("cargo_package", _whole),
        build=BuildOptions(
            features=reader.words("cargo_features", _by_comma),
            all_features=reader.flag("cargo_all_features"),
            no_default_features=reader.flag("cargo_no_default_features"),
            profile=reader.text("cargo_profile"),
            target=reader.text("cargo_target"),
            target_dir=reader.text("cargo_target_dir"),
            extra=reader.words("cargo_args", _shell_words),
        ),
        run=RunOptions(
            timeout=reader.seconds("cargo_timeout"),
            grace=2.0 if grace is None else grace,
            isolate=reader.flag("cargo_isolate"),
            ignored=reader.choice("cargo_run_ignored", _IGNORED),
            doctests=not reader.flag("cargo_no_doctests"),
            leaks_fail=reader.choice("cargo_leaks", _LEAKS) == "fail",
            abi=reader.choice("cpython_sys_abi", _ABI),
            layouts=bool(layouts),
            policies=reader.choice("cpython_sys_policies", _POLICIES),
            ledgers={} if config.getoption("cpython_sys_update_ledger", None) else None,
        ),
        pythons=reader.words("cpython_sys_python", _whole),
        layouts=_directory(config, layouts),
        timeouts=tuple(map(_limit, reader.words("cargo_timeouts", _whole))),
    )


class FoundPythons(NamedTuple):
    """The Pythons that were named, the one that counts, and what is wrong if there is none."""

    named: Sequence[NamedPython] = ()
    interpreter: Interpreter | None = None
    """Of several, the first."""
    problem: CargoError | None = None


def find_pythons(settings: Settings, scope: Scope) -> FoundPythons:
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
