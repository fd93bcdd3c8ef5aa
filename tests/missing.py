"""What hides a whole suite where it is missing: a skip for a developer, a failure in CI.

In CI (the variable ``CI`` is set, and neither 0 nor false) all that these suites need is there, or
the job says what it does without: ``CPYTHON_SYS_MAY_MISS=vscode,platforms``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SUITES", "VARIABLE", "may_miss", "missing"]

VARIABLE: Final = "CPYTHON_SYS_MAY_MISS"
SUITES: Final = {
    "actionlint": "python -m tests.release.actionlint",
    "cpython": "python tests/cpython/build.py",
    "platforms": "python -m tests.platforms.fetch",
    "regrtest": "a Python that is installed with its test suite",
    "runners": "pip install tox nox hatch uv",
    "vscode": "VSCODE_PYTHON_FILES=the directory python_files of VS Code's Python extension",
}
"""Each suite, and what brings what it needs."""


def may_miss(suite: str, environment: Mapping[str, str]) -> bool:
    """Return whether a suite may be skipped."""
    if environment.get("CI", "").lower() in ("", "0", "false"):
        return True
    allowed = {name.strip() for name in environment.get(VARIABLE, "").split(",")} - {""}
    unknown = allowed - SUITES.keys()
    if unknown:
        raise ValueError(
            f"{VARIABLE} names no suite: {', '.join(sorted(unknown))}; "
            f"there are {', '.join(SUITES)}"
        )
    return suite in allowed


def missing(suite: str, reason: str) -> NoReturn:
    """Skip the test that runs, or fail it in CI: its whole suite does not run for this reason."""
    if may_miss(suite, os.environ):
        pytest.skip(reason)
    pytest.fail(
        f"{reason}. In CI this suite must run: get it with `{SUITES[suite]}`, "
        f"or let it be skipped with {VARIABLE}={suite}",
        pytrace=False,
    )
