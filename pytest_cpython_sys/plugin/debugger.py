"""``--cargo-debugger``: the one selected test under a debugger, on the terminal."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
from typing import TYPE_CHECKING, Final

import pytest

from ..cargo.run_program import describe_exit
from ..case import Verdict
from ..evaluator import Evaluator
from ..failure_text import node_id
from ..rust.option_table import OPTIONS, read
from .pytest_compat.run import capture_suspended

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..case import Case, Program
    from ..plan import Plan
    from .modules.early import EarlyConfig

__all__ = ["DebuggedEvaluator", "check_debugger", "check_selection", "debug_command"]

_OPTION: Final = next(option for option in OPTIONS if option.name == "cargo_debugger")
_WORD: Final = _OPTION.words[0]
# What comes with Rust on most platforms; see `rustup component list`.
_USUAL: Final = "rust-lldb --" if sys.platform == "darwin" else "rust-gdb --args"
_STDIN: Final = 0
_NO_PROGRAM: Final = (
    f"{_WORD}: no test binary runs this item: select a test function, a doctest or a test target "
    "with harness = false"
)
_PROGRAMS: Final = ("libtest", "doctest")
"""Checkers whose tests are programs."""
_ELSEWHERE: Final = ("package", "timeout", "isolate", "no_doctests", "debugger")
_REPEATED: Final = [
    option
    for option in OPTIONS
    if option.command_line
    and (option.name.startswith("cargo_") or option.name == "cpython_sys_python")
    and option.name.removeprefix("cargo_") not in _ELSEWHERE
]
"""Options that change what is built, and so what a test is."""


def check_debugger(early: EarlyConfig) -> None:
    """Look for the debugger before anything is built. Raises pytest.UsageError."""
    typed = early.getoption(_OPTION.name)
    if typed is None:
        return
    try:
        words = read(_OPTION, typed)
    except ValueError as error:
        raise pytest.UsageError(f"{_WORD}={error}") from None
    if not words:
        raise pytest.UsageError(f'{_WORD}= is empty: write {_WORD}="{_USUAL}"')
    if shutil.which(words[0]) is None:
        raise pytest.UsageError(
            f"{_WORD}={typed}: the program {words[0]} was not found: install it, or give its path"
        )
    if early.getoption("numprocesses") or early.getoption("tx"):
        raise pytest.UsageError(
            f"{_WORD} needs the terminal, which workers of pytest-xdist do not have: add -n0"
        )


def check_selection(items: Sequence[pytest.Item], cases: Sequence[Case]) -> None:
    """Raise pytest.UsageError where it is not clear which test is meant, or it is not to run.

    ``cases`` are those of the items that are Rust tests. Python's alone run as ever: an editor may
    give the option for whatever is to be debugged. Of nothing at all pytest speaks.
    """
    if not cases:
        return
    if len(items) > 1:
        raise pytest.UsageError(
            f"{_WORD} runs one Rust test, but {len(items)} tests are selected: give the id of one"
        )
    if cases[0].skip is not None:
        hint = ": add --cargo-run-ignored=only" if "ignore" in cases[0].skip else ""
        raise pytest.UsageError(f"{_WORD}: the test is skipped ({cases[0].skip}){hint}")


class DebuggedEvaluator(Evaluator):
    """Runs each test that it is asked for under a debugger, and knows no verdict of it."""

    def __init__(self, config: pytest.Config, plan: Plan, tool: Sequence[str]) -> None:
        super().__init__(plan.checkers)
        self._config = config
        self._plan = plan
        # The test starts in its package's directory.
        program = os.path.abspath(tool[0]) if os.sep in tool[0] else tool[0]
        self._tool = (program, *tool[1:])

    def evaluate(self, case: Case) -> Verdict:
        """Return how the debugger ended: of the test itself nobody tells us."""
        if case.kind == "build":
            return super().evaluate(case)
        checker = self._plan.checkers[case.checker]
        program = checker.under(case, self._tool)
        if program is None:
            return Verdict("error", message=_NO_PROGRAM)
        name = shlex.join(self._tool)
        started = time.monotonic()
        with capture_suspended(self._config, stdin=True), _keyboard_left_to_others():
            sys.stdout.write(f"\n{shlex.join(program.argv)}\n")
            sys.stdout.flush()
            try:
                code = _run(program)
            except OSError as error:
                return Verdict("error", message=f"{name} cannot be started: {error.strerror}")
        how = f"ran under {name} ({describe_exit(code)})"
        seconds = time.monotonic() - started
        if code:
            return Verdict("failed", seconds, how)
        return Verdict("skipped", seconds, f"{how}; it is not known whether the test passed")


def _run(program: Program) -> int:
    """Run a program on the terminal to its end, and return its exit code; a signal's is negative.

    It stays in our process group, which is the terminal's.
    """
    process = subprocess.Popen(program.argv, cwd=program.cwd, env=program.env)
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise


@contextlib.contextmanager
def _keyboard_left_to_others() -> Iterator[None]:
    """Leave Ctrl-C and SIGQUIT's key to the program that runs; give the terminal back as it was."""
    is_main = threading.current_thread() is threading.main_thread()
    numbers = [signal.SIGINT, signal.SIGQUIT] if is_main else []
    # A handler, as what is ignored would be ignored by the program, too.
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    modes = None
    with contextlib.suppress(termios.error):  # there is no terminal
        modes = termios.tcgetattr(_STDIN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if modes is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(_STDIN, termios.TCSADRAIN, modes)


def debug_command(case: Case, config: pytest.Config) -> str:
    """Return what to type to run a test under a debugger; "" for one that is no program."""
    if case.checker.rpartition("/")[2] not in _PROGRAMS:
        return ""
    words = ["pytest", node_id(case, config.invocation_params.dir)]
    if not config.getini("cpython_sys"):
        words.append("--cpython-sys")
    for option in _REPEATED:
        value = config.getoption(option.name)
        if value is None:
            continue
        if option.kind == "flag":
            words.append((option.words if value else option.opposites)[0])
        else:
            values = value if option.kind == "several" else [value]
            words += (f"{option.words[0]}={one}" for one in values)
    return f'{shlex.join(words)} {_WORD}="{_USUAL}"'
