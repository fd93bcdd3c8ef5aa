"""A clone with nothing but the plugin installed: pytest can still say what it knows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_PROGRAM = (
    "import sys; sys.modules.update(hypothesis=None, xdist=None); import pytest; "
    "sys.exit(pytest.main(['--help', '-p', 'pytest_cpython_sys.plugin']))"
)


def test_help_needs_nothing_that_only_tests_need() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "--cpython-sys" in done.stdout
