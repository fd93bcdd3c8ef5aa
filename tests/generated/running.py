"""Programs that judge: cargo, rustc and pytest, in an environment that nobody's shell changes."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["TIMEOUT", "environment", "run", "write_files"]

TIMEOUT = 240.0
"""Seconds after which a program counts as one that hangs."""
_KEPT = ("CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "RUSTUP_AUTO_INSTALL")
_FOREIGN = ("CARGO", "RUST", "PYTEST", "PYTHON", "PYO3", "PY_", "CPYTHON")


def environment(**more: str) -> dict[str, str]:
    """Return what is left of this process's environment, and more."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or not name.startswith(_FOREIGN)
    }
    return kept | more


def run(
    words: Sequence[str], directory: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program; both of its streams are one. Raises TimeoutError."""
    process = subprocess.Popen(
        words,
        cwd=directory,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise TimeoutError(f"{' '.join(words)} did not end in {TIMEOUT:.0f} s") from None
    text = output.decode("utf-8", "replace")
    return subprocess.CompletedProcess(list(words), process.returncode, text)


def write_files(directory: Path, files: Mapping[str, str]) -> None:
    """Write those files that are not there with this very text."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = text.encode()
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
