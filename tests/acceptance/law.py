"""The law: in a run that nobody narrowed or marked, pytest exits with 0 only if cargo test does."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["assert_law"]


def cargo_test(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run cargo's own tests of a whole workspace, as somebody would who has no pytest."""
    return subprocess.run(
        ["cargo", "test", "--workspace", "--no-fail-fast", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def assert_law(
    pytester: pytest.Pytester, directory: Path, *arguments: str, passes: bool
) -> dict[str, str]:
    """Run cargo and pytest in a directory, and compare how they end; return pytest's outcomes.

    ``passes`` says how cargo ends: a project is to be what its test takes it for. ``arguments`` are
    pytest's.
    """
    cargo = cargo_test(directory)
    words = cargo.stdout + cargo.stderr
    assert (cargo.returncode == 0) == passes, words
    result = pytester.runpytest("--cpython-sys", "-rA", "-p", "no:cacheprovider", *arguments)
    found = outcomes(result)
    if result.ret in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        assert cargo.returncode == 0, words
        assert set(found.values()) <= {"passed", "xfail"}
    else:
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        assert set(found.values()) & {"failed", "error"}
        # Nothing here is wrong that only we would find, as a layout in a bench.
        assert cargo.returncode != 0, words
    return found
