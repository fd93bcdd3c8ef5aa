"""How tests are given to workers: as `tests/conftest.py` has it, unless a developer says how."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "scheduler"),
    [
        (["-n2"], "Scheduler"),
        (["-n2", "--dist=load"], "LoadScheduling"),
        (["-n2", "-d"], "LoadScheduling"),
        (["-n2", "--dist", "loadfile"], "LoadFileScheduling"),
    ],
    ids=str,
)
def test_who_gives_tests_to_workers(arguments: list[str], scheduler: str) -> None:
    command = [sys.executable, "-m", "pytest", "-v", "tests/test_case.py", *arguments]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"scheduling tests via {scheduler}\n" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
