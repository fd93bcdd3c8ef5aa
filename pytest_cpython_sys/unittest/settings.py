"""The options that ``make_load_tests`` takes, and the variable that adds to them."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from ..cargo import BuildOptions
from ..rust.context import RunOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: give a number of seconds above 0")
    return number


def _limit(text: str) -> tuple[str, float]:
    glob, _, number = text.rpartition("=")
    if not glob:
        raise argparse.ArgumentTypeError(f"{text}: write GLOB=SECONDS")
    return glob, _seconds(number)


def _names(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from None


def _parser() -> _Parser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    add = parser.add_argument
    add("--cargo-package", action="append", default=[])
    add("--cargo-features", action="extend", type=_names, default=[])
    add("--cargo-all-features", action="store_true")
    add("--cargo-no-default-features", action="store_true")
    add("--cargo-profile")
    add("--cargo-target")
    add("--cargo-target-dir")
    add("--cargo-args", action="extend", type=_words, default=[])
    add("--cargo-timeout", type=_seconds)
    add("--cargo-timeouts", action="append", type=_limit, default=[])
    add("--cargo-grace", type=_seconds, default=2.0)
    add("--cargo-isolate", action="store_true")
    add("--cargo-run-ignored", choices=("default", "only", "all"), default="default")
    add("--cargo-no-doctests", action="store_true")
    add("--cargo-leaks", choices=("warn", "fail"), default="warn")
    add("--cpython-sys-python")
    add("--cpython-sys-abi", choices=("auto", "all", "off"), default="auto")
    add("--cpython-sys-policies", choices=("auto", "all", "off"), default="auto")
    return parser


def read_settings(options: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Return what is in force: what the variable says comes last, and so it counts.

    Raises OptionsError.
    """
    parser = _parser()
    try:
        added = shlex.split(environ.get(VARIABLE, ""))
    except ValueError as error:
        raise OptionsError(f"${VARIABLE}: {error}") from None
    try:
        parser.parse_args(options)
    except OptionsError as error:
        raise OptionsError(f"make_load_tests: {error}") from None
    try:
        found = parser.parse_args([*options, *added])
    except OptionsError as error:
        raise OptionsError(f"${VARIABLE}: {error}") from None
    return Settings(
        package_globs=tuple(found.cargo_package),
        build=BuildOptions(
            features=tuple(found.cargo_features),
            all_features=found.cargo_all_features,
            no_default_features=found.cargo_no_default_features,
            profile=found.cargo_profile,
            target=found.cargo_target,
            target_dir=found.cargo_target_dir,
            extra=tuple(found.cargo_args),
        ),
        run=RunOptions(
            timeout=found.cargo_timeout,
            grace=found.cargo_grace,
            isolate=found.cargo_isolate,
            ignored=found.cargo_run_ignored,
            doctests=not found.cargo_no_doctests,
            leaks_fail=found.cargo_leaks == "fail",
            abi=found.cpython_sys_abi,
            policies=found.cpython_sys_policies,
        ),
        python=found.cpython_sys_python,
        timeouts=tuple(found.cargo_timeouts),
    )
