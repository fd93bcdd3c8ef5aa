"""All options: the one table for pytest's command line, ini keys, ``make_load_tests`` and the docs.

Light to import: every pytest run on the machine pays for it.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    Kind = Literal["flag", "text", "seconds", "several", "names", "arguments", "limits"]

__all__ = ["LISTS", "OPTIONS", "Option", "read"]


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
    Option("cargo_package", "several", "only packages of this name; may be given again", "GLOB"),
    Option("cargo_features", "names", "features to switch on", "A,B"),
    Option("cargo_all_features", "flag", "switch all features on"),
    Option("cargo_no_default_features", "flag", "leave the default features off"),
    Option("cargo_profile", "text", "the profile to build with", "NAME"),
    Option("cargo_target", "text", "the target to build for", "TRIPLE"),
    Option("cargo_target_dir", "text", "where cargo builds", "DIR"),
    Option(
        "cargo_args",
        "arguments",
        'more arguments for cargo, as in --cargo-args="--locked --offline"',
        "ARGS",
    ),
    Option("cargo_timeout", "seconds", "how long one Rust test may take", "SECONDS"),
    Option(
        "cargo_timeouts",
        "limits",
        "GLOB=SECONDS for node ids: how long such Rust tests may take",
        "GLOB=SECONDS",
        command_line=False,
    ),
    Option(
        "cargo_grace",
        "seconds",
        "seconds between asking a process to end and killing it",
        "SECONDS",
        default=2.0,
        command_line=False,
    ),
    Option("cargo_isolate", "flag", "a process of its own for each Rust test"),
    Option(
        "cargo_debugger",
        "arguments",
        'run the one selected test under this command, as in --cargo-debugger="rust-gdb --args"',
        "COMMAND",
        key=False,
        unittest=False,
    ),
    Option(
        "cargo_run_ignored",
        "text",
        "whether #[ignore] tests run",
        choices=("default", "only", "all"),
    ),
    Option("cargo_no_doctests", "flag", "leave doctests out"),
    Option(
        "cargo_leaks",
        "text",
        "warn or fail: what a process that outlives its test is",
        choices=("warn", "fail"),
        command_line=False,
    ),
    Option(
        "cpython_sys_python",
        "several",
        "the interpreter or build directory to build against; may be given again",
        "PATH",
    ),
    Option(
        "cpython_sys_abi",
        "text",
        "what the C compiler is asked about",
        choices=("auto", "all", "off"),
    ),
    Option(
        "cpython_sys_extensions",
        "names",
        "auto, off or packages: whose extension modules are built for Python tests",
        "auto|off|PACKAGES",
        command_line=False,
        unittest=False,
    ),
    Option(
        "cpython_sys_stale",
        "text",
        "what becomes of an installed extension module that is older than its sources",
        choices=("auto", "warn", "error"),
        command_line=False,
        unittest=False,
    ),
    Option(
        "cpython_sys_policies",
        "text",
        "which policies are checked",
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
        "do for Rust tests what pytest does for each test, where that is sure to be the same",
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
        "print what is added to cargo's environment and to that of tests, and end",
        key=False,
        unittest=False,
    ),
    Option(
        "cpython_sys_clean",
        "flag",
        "remove directories of builds that nobody has used for 30 days, and end",
        key=False,
        unittest=False,
    ),
    Option(
        "cpython_sys_update_ledger",
        "flag",
        "write how often each file uses `unsafe`",
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


def _arguments(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise ValueError(f"{text}: {error}") from None


def _limit(text: str) -> list[tuple[str, float]]:
    glob, _, number = text.rpartition("=")
    seconds = _seconds(number)
    if not glob or seconds is None:
        raise ValueError(f"{text}: write GLOB=SECONDS, seconds above 0")
    return [(glob, seconds)]


LISTS: Final[dict[str, Any]] = {
    "several": lambda text: [text],
    "names": lambda text: text.replace(",", " ").split(),
    "arguments": _arguments,
    "limits": _limit,
}
"""Kinds of options whose value is a list: what splits a word that was typed."""
