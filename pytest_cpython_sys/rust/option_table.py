"""All options: the one table for pytest's command line, ini keys, ``make_load_tests`` and the docs.

Light to import: every pytest run on the machine pays for it.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    Kind = Literal["flag", "text", "seconds", "several", "names", "arguments", "limits"]

__all__ = ["LISTS", "OPTIONS", "Option", "read", "split_words"]


class Option:
    """An option, and where it can be given."""

    # Written out: making a dataclass or a tuple takes longer than all the rest of this module.
    def __init__(
        self,
        name: str,
        kind: Kind,
        help: str,  # noqa: A002 - argparse's word
        metavar: str = "",
        *,
        choices: tuple[str, ...] = (),
        default: float | None = None,
        alias: str = "",
        command_line: bool = True,
        key: bool = True,
        unittest: bool = True,
    ) -> None:
        self.name = name
        """Its ini key; on the command line with ``-`` for ``_``."""
        self.kind = kind
        """Of what its value is made; for a list see `LISTS`."""
        self.help = help
        self.choices = choices
        """The first is the default."""
        self.default = default
        self.alias = alias
        self.command_line, self.key, self.unittest = command_line, key, unittest
        self.value = "|".join(choices) or metavar
        """What stands for the value in help."""

    @property
    def words(self) -> list[str]:
        """What is typed."""
        word = "--" + self.name.replace("_", "-")
        return [word, self.alias] if self.alias else [word]

    @property
    def opposites(self) -> list[str]:
        """What is typed to say no to a flag, or yes to one that says no by its name."""
        return [
            word.replace("-no-", "-") if "-no-" in word else f"--no-{word[2:]}"
            for word in self.words
        ]


OPTIONS: Final = (
    Option("cpython_sys", "flag", "collect Rust tests", alias="--cargo", unittest=False),
    Option("cargo_package", "several", "only packages whose name matches; can be repeated", "GLOB"),
    Option("cargo_features", "names", "features to activate", "A,B"),
    Option("cargo_all_features", "flag", "activate all features"),
    Option("cargo_no_default_features", "flag", "do not activate the default features"),
    Option("cargo_profile", "text", "the profile to build with", "NAME"),
    Option("cargo_target", "text", "the target to build for", "TRIPLE"),
    Option("cargo_target_dir", "text", "the target directory of cargo's builds", "DIR"),
    Option(
        "cargo_args",
        "arguments",
        'more arguments for cargo, for example --cargo-args="--locked --offline"',
        "ARGS",
    ),
    Option("cargo_timeout", "seconds", "time limit of one Rust test", "SECONDS"),
    Option(
        "cargo_timeouts",
        "limits",
        "lines GLOB=SECONDS: time limits of the Rust tests whose node id matches",
        "GLOB=SECONDS",
        command_line=False,
    ),
    Option(
        "cargo_grace",
        "seconds",
        "seconds between SIGTERM and SIGKILL for a process that timed out",
        "SECONDS",
        default=2.0,
        command_line=False,
    ),
    Option("cargo_isolate", "flag", "run each Rust test in its own process"),
    Option(
        "cargo_debugger",
        "arguments",
        'run the one selected test under COMMAND, for example --cargo-debugger="rust-gdb --args"',
        "COMMAND",
        key=False,
        unittest=False,
    ),
    Option(
        "cargo_run_ignored",
        "text",
        "which tests run: those without #[ignore], only those with it, or all",
        choices=("default", "only", "all"),
    ),
    Option("cargo_no_doctests", "flag", "do not run doctests"),
    Option(
        "cargo_leaks",
        "text",
        "warn or fail if a process outlives its test",
        choices=("warn", "fail"),
        command_line=False,
    ),
    Option(
        "cpython_sys_python",
        "several",
        "the interpreter or build directory to build against; can be repeated",
        "PATH",
    ),
    Option(
        "cpython_sys_abi",
        "text",
        "which declarations are compared with C: hand-written ones, all, or none",
        choices=("auto", "all", "off"),
    ),
    Option(
        "cpython_sys_extensions",
        "names",
        "packages whose extension modules are built for Python tests",
        "auto|off|PACKAGES",
        command_line=False,
        unittest=False,
    ),
    Option(
        "cpython_sys_stale",
        "text",
        "what to do if an installed extension module is older than its sources",
        choices=("auto", "warn", "error"),
        command_line=False,
        unittest=False,
    ),
    Option(
        "cpython_sys_policies",
        "text",
        "which policies (lints, formatting, modules, ...) are checked",
        choices=("auto", "all", "off"),
    ),
    Option(
        "cpython_sys_layouts",
        "text",
        "write an SVG for each type whose layout was compared",
        "DIR",
        unittest=False,
    ),
    Option(
        "cpython_sys_report",
        "text",
        "write a page about the run: verdicts, layouts drawn, build times",
        "FILE.html",
        unittest=False,
    ),
    Option(
        "cpython_sys_fast",
        "flag",
        "skip pytest's own work for Rust tests where that changes no result",
        default=True,
        command_line=False,
        unittest=False,
    ),
    Option(
        "cpython_sys_junit_properties",
        "flag",
        "whether Rust tests have <properties> in JUnit XML",
        default=True,
        command_line=False,
        unittest=False,
    ),
    Option(
        "cpython_sys_env",
        "flag",
        "print the environment variables that are added for cargo and tests, and exit",
        key=False,
        unittest=False,
    ),
    Option(
        "cpython_sys_clean",
        "flag",
        "remove build directories that were not used for 30 days, and exit",
        key=False,
        unittest=False,
    ),
    Option(
        "cpython_sys_update_ledger",
        "flag",
        "check `unsafe`, and write how often each file uses it to cpython-sys-unsafe.toml",
        key=False,
        unittest=False,
    ),
)


def read(option: Option, raw: Any) -> Any:
    """Return the value of what was typed or written; the default for None and for nothing.

    Raises ValueError, with what was written.
    """
    split = LISTS.get(option.kind)
    if split is not None:
        items = [raw] if isinstance(raw, str) else raw or ()
        return tuple(word for item in items if item for word in split(str(item)) if word)
    if option.kind == "flag":
        if raw not in (None, True, False):
            raise ValueError(f"{raw}: write true or false")
        return bool(option.default if raw is None else raw)
    if raw in (None, ""):
        return option.choices[0] if option.choices else option.default
    if option.kind == "seconds":
        number = _seconds(raw)
        if number is None:
            raise ValueError(f"{raw}: give a number of seconds above 0")
        return number
    if option.choices and str(raw) not in option.choices:
        raise ValueError(f"{raw}: choose one of {', '.join(option.choices)}")
    return str(raw)


def _seconds(value: Any) -> float | None:
    """Return a number above 0 and not endless; None for anything else."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None


def split_words(text: str) -> list[str]:
    """Return the words of a line, as a shell has them. Raises ValueError, which says what to do."""
    try:
        return shlex.split(text)
    except ValueError as error:
        unclosed = "quotation" in str(error)
        what = "a quotation mark is not closed: add the second one"
        if not unclosed:
            what = "the backslash at the end stands before nothing: remove it, or write two"
        raise ValueError(f"{text}: {what}") from None


def _limit(text: str) -> list[tuple[str, float]]:
    glob, _, number = text.rpartition("=")
    seconds = _seconds(number)
    if not glob or seconds is None:
        raise ValueError(f"{text}: write GLOB=SECONDS, seconds above 0")
    return [(glob, seconds)]


LISTS: Final[dict[str, Any]] = {
    "several": lambda text: [text],
    "names": lambda text: text.replace(",", " ").split(),
    "arguments": split_words,
    "limits": _limit,
}
"""Kinds of options whose value is a list: what splits a word that was typed."""
