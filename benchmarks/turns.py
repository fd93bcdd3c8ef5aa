"""Counts the crates that `cargo test`, `maturin develop` and pytest compile if they run in turns.

    python benchmarks/turns.py [--pyo3 0.29]

The project is a small one with pyo3, in a separate virtual environment with maturin and this
plugin. The commands run in three rounds, first without pytest, and then with pytest after each of
the others. Prints a Markdown table: the crates that each command compiles in each round.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REPOSITORY = Path(__file__).parents[1]
ROUNDS = 3
COMPILING = re.compile(r"^ +Compiling (\S+)", re.MULTILINE)
FILES = {
    "Cargo.toml": """
[package]
name = "turns"
version = "0.1.0"
edition = "2021"
[lib]
crate-type = ["cdylib", "rlib"]
[dependencies]
pyo3 = "PYO3"
[dev-dependencies]
pyo3 = { version = "PYO3", features = ["auto-initialize"] }
""",
    "pyproject.toml": """
[build-system]
requires = ["maturin>=1.9.4,<2"]
build-backend = "maturin"
[project]
name = "turns"
version = "0.1.0"
""",
    "src/lib.rs": """
use pyo3::prelude::*;

#[pyfunction]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

#[pymodule]
fn turns(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(add, m)?)
}

#[test]
fn adds() {
    assert_eq!(add(2, 3), 5);
}
""",
    "tests/test_turns.py": "import turns\n\ndef test_add():\n    assert turns.add(2, 3) == 5\n",
}


class Shell:
    """A shell with an active environment, in which cargo's standard error is written down."""

    def __init__(self, directory: Path) -> None:
        environment = directory / "environment"
        venv.create(environment, symlinks=True, with_pip=True)
        self._log = directory / "cargo.log"
        proxy = directory / "bin" / "cargo"
        proxy.parent.mkdir()
        real = shutil.which("cargo")
        proxy.write_text(f'#!/bin/sh\nexec "{real}" "$@" 2>>"{self._log}"\n')
        proxy.chmod(0o755)
        path = f"{proxy.parent}{os.pathsep}{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        dropped = ("PYO3_", "PYTEST_", "CARGO_TARGET", "CONDA_", "PYTHON")
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(dropped)},
            "PATH": path,
            "CARGO": str(proxy),
            "VIRTUAL_ENV": str(environment),
        }
        self._run(["python", "-m", "pip", "install", "-q", "maturin", str(REPOSITORY)], directory)

    def compiled(self, command: Sequence[str], cwd: Path) -> list[str]:
        """Run a command that must succeed; return the crates that were compiled."""
        self._log.write_text("")
        self._run(command, cwd)
        return COMPILING.findall(self._log.read_text())

    def _run(self, command: Sequence[str], cwd: Path) -> None:
        program = shutil.which(command[0], path=self._env["PATH"])
        done = subprocess.run(
            [str(program), *command[1:]],
            cwd=cwd,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            log = self._log.read_text() if self._log.exists() else ""
            sys.exit(f"{command} failed:\n{done.stdout.decode(errors='replace')}\n{log}")


COMMANDS = {
    "`cargo test`": ["cargo", "test"],
    "`maturin develop`": ["maturin", "develop"],
    "`pytest --cpython-sys`": ["pytest", "--cpython-sys", "-p", "no:cacheprovider"],
}


def turns(shell: Shell, root: Path, pyo3: str, order: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield how many crates each command compiles, round after round, in a new project."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip().replace("PYO3", pyo3))
    for _ in range(ROUNDS):
        for name in order:
            yield name, len(shell.compiled(COMMANDS[name], root))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pyo3", default="0.29")
    options = parser.parse_args()
    cargo, maturin, pytest = COMMANDS
    orders = {"without pytest": [maturin, cargo], "with pytest": [maturin, pytest, cargo, pytest]}
    print("| order | command | crates compiled, in turn |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name).resolve()
        shell = Shell(directory)
        for number, (title, order) in enumerate(orders.items()):
            found: dict[str, list[str]] = {}
            for command, count in turns(shell, directory / str(number), options.pyo3, order):
                found.setdefault(command, []).append(str(count))
            for command, counts in found.items():
                print(f"| {title} | {command} | {', '.join(counts)} |", flush=True)


if __name__ == "__main__":
    main()
