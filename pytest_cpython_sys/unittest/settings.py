"""The options that ``make_load_tests`` takes, and the variable that adds to them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ..rust.context import Settings
from ..rust.option_table import LISTS, OPTIONS, read, split_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..rust.option_table import Option

__all__ = ["VARIABLE", "OptionsError", "read_settings"]

VARIABLE: Final = "CPYTHON_SYS_OPTIONS"


class OptionsError(Exception):
    """An option makes no sense; the message names it."""


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
        added = split_words(environ.get(VARIABLE, ""))
    except ValueError as error:
        raise OptionsError(f"${VARIABLE}={error}") from None
    _values(options, "make_load_tests")
    return Settings.of(_values([*options, *added], f"${VARIABLE}"))
