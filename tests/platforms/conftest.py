"""A second Rust toolchain with the libraries of other machines, and their Python's headers.

``python -m tests.platforms.fetch`` fetches it (two minutes, 1.8 GB). Until somebody has run that,
all tests that need it are skipped with that reason; in CI they fail.
"""

from __future__ import annotations

import subprocess

import pytest

from ..acceptance.conftest import _clean_environment, write
from ..missing import missing
from .fetch import Toolchain, find_toolchain, toolchain_directory

__all__ = ["_clean_environment", "write"]


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """Compilers for other machines."""
    found = find_toolchain()
    if found is None:
        where = toolchain_directory()
        missing(
            "platforms", f"no second toolchain in {where}: run `python -m tests.platforms.fetch`"
        )
    done = subprocess.run(
        [str(found.root / "bin" / "rustc"), "-vV"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        missing("platforms", f"the second toolchain does not start here: {done.stderr.strip()}")
    return found
