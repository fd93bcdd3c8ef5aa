"""Starts unittest and CPython's regrtest on a project, each in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COPIED", "MODULE", "REPOSITORY", "lines_of", "outcomes_of", "regrtest", "run_unittest"]

REPOSITORY: Final = Path(__file__).parents[2]
COPIED: Final = REPOSITORY / "docs" / "how-to" / "test_rust.py"
"""The file that users copy."""

MODULE: Final = """
import os
from pytest_cpython_sys.unittest import make_load_tests
load_tests = make_load_tests(__name__, os.path.dirname(os.path.abspath(__file__)))
"""
_LINE = re.compile(
    r"^(?P<id>\S+)(?: \(\S+\))? \.\.\. .*?"
    r"(?P<word>ok|FAIL|ERROR|skipped .*|expected failure|unexpected success)$"
)


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), **(more or {})}


def _run(
    command: list[str], root: Path, more: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=root,
        env=_environment(more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
    )


def run_unittest(
    root: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run unittest on the module ``test_rust``, the outcome of each test shown."""
    command = [sys.executable, "-m", "unittest", "-v", *arguments, "test_rust"]
    return _run(command, root, env)


def regrtest(
    root: Path,
    *arguments: str,
    python: str = sys.executable,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run CPython's own test program."""
    return _run([python, "-m", "test", *arguments], root, env)


def lines_of(text: str) -> dict[str, str]:
    """Return each test's id with the whole of its outcome, as ``-v`` shows it."""
    found = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is not None:
            found[match["id"]] = match["word"]
    return found


def outcomes_of(text: str) -> dict[str, str]:
    """Return each test's id behind the module's name, with one word."""
    return {
        name.partition("test_rust.")[2]: word.partition(" ")[0].lower()
        for name, word in lines_of(text).items()
    }
