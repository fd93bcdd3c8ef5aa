"""Published crates: the same tests and the same verdicts as libtest's own JSON has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "differential.py"


@pytest.mark.parametrize("crate", ["heck", "indoc", "scopeguard", "libtest-mimic"])
def test_a_published_crate(crate: str) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), crate, "--workers=2"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 2 and "is not available" in done.stdout:
        pytest.skip(done.stdout.strip().splitlines()[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| same |" in done.stdout
