"""The options that ``make_load_tests`` takes, and the variable that adds to them."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ..rust.context import build_options, run_options
from ..rust.option_table import LISTS, OPTIONS, read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..cargo import BuildOptions
    from ..rust.context import RunOptions
    from ..rust.option_table import Option

__all__ = ["VARIABLE", "OptionsError", "Settings", "read_settings"]

VARIABLE: Final = "CPYTHON_SYS_OPTIONS"


class OptionsError(Exception):
    """An option makes no sense; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What was asked for, in the words that pytest's command line has for it."""

    package_globs: tuple[str, ...]
    build: BuildOptions
    run: RunOptions
    python: str | None
    """The Python to build against; None for the one that runs."""
    timeouts: tuple[tuple[str, float], ...]
    """Globs of ids with seconds; the last that matches counts."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise OptionsError(message)


def _parser() -> _Parser:
    parser = _Parser(add_help=False, allow_abbrev=False, argument_default=None)
    for option in OPTIONS:
        name, words = option.name, option.words
        if not option.unittest:
            continue
        if option.kind == "flag":
            parser.add_argument(*words, dest=name, action="store_true", default=None)
            parser.add_argument(*option.opposites, dest=name, action="store_false", default=None)
        else:
            action = "append" if option.kind in LISTS else "store"
            parser.add_argument(*words, dest=name, action=action)
    return parser


def _values(options: Sequence[str], origin: str) -> dict[str, Any]:
    """Return the values of all options, of those that unittest has not the defaults."""
    try:
        found = vars(_parser().parse_args(options))
        return {option.name: _value(option, found.get(option.name)) for option in OPTIONS}
    except OptionsError as error:
        raise OptionsError(f"{origin}: {error}") from None


def _value(option: Option, raw: Any) -> Any:
    try:
        return read(option, raw)
    except ValueError as error:
        raise OptionsError(f"argument {option.words[0]}: {error}") from None


def read_settings(options: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Return what is in force: what the variable says comes last, and so it counts.

    Raises OptionsError.
    """
    try:
        added = shlex.split(environ.get(VARIABLE, ""))
    except ValueError as error:
        raise OptionsError(f"${VARIABLE}: {error}") from None
    _values(options, "make_load_tests")
    values = _values([*options, *added], f"${VARIABLE}")
    pythons = values["cpython_sys_python"]
    return Settings(
        package_globs=values["cargo_package"],
        build=build_options(values),
        run=run_options(values),
        python=pythons[-1] if pythons else None,
        timeouts=values["cargo_timeouts"],
    )
