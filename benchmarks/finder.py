"""Measures what it costs to build extension modules for Python tests, if nothing has changed.

    python benchmarks/finder.py [--rounds 21]

Runs a small project with pyo3 with ``cpython_sys_extensions = "auto"`` and ``"off"`` in turns. The
result is the median of the differences between neighbouring runs, in milliseconds. There are four
cases: the project is installed with ``maturin develop`` or not, and its module is built with the
features of the tests or with other features. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

MANIFEST = """[package]
name = "ham-native"
version = "0.1.0"
edition = "2021"
[lib]
crate-type = ["cdylib", "rlib"]
[features]
loud = []
[dependencies]
pyo3 = "0.29"
"""
LIBRARY = """use pyo3::prelude::*;
#[pyfunction]
pub fn add(a: i64, b: i64) -> i64 { a + b }
#[pymodule]
fn _native(m: &Bound<'_, PyModule>) -> PyResult<()> { m.add_function(wrap_pyfunction!(add, m)?) }
#[cfg(test)]
mod tests { #[test] fn adds() { assert_eq!(super::add(2, 3), 5); } }
"""
PYPROJECT = """[build-system]
requires = ["maturin>=1.9.4,<2"]
build-backend = "maturin"
[project]
name = "ham"
version = "0.1.0"
[tool.maturin]
module-name = "ham._native"
python-source = "python"
"""
# What is imported takes its time without a finder, too.
TEST = "def test_it(): assert True\n"


def make(root: Path, more: str) -> Path:
    """Write the project."""
    files = {
        "Cargo.toml": MANIFEST,
        "src/lib.rs": LIBRARY,
        "pyproject.toml": PYPROJECT + more,
        "python/ham/__init__.py": "from ._native import add\n",
        "tests/test_it.py": TEST,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def milliseconds(python: Path, root: Path, value: str, environment: dict[str, str]) -> float:
    """Return how long a run takes."""
    command = [str(python), "-m", "pytest", "-q", "--cpython-sys", "-p", "no:cacheprovider"]
    started = time.perf_counter()
    words = [*command, "-o", f"cpython_sys_extensions={value}"]
    subprocess.run(words, cwd=root, env=environment, check=True, capture_output=True)
    return 1000 * (time.perf_counter() - started)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    print(
        "| module | installed | time of a run (ms) | more than with `off` (ms) |\n"
        "|---|---|---:|---:|"
    )
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name).resolve()
        cases = (
            ("built with the features of the tests", ""),
            ("built with other features", 'features = ["loud"]\n'),
        )
        for title, more in cases:
            root = make(directory / title.replace(" ", "-"), more)
            home = directory / f"{root.name}-environment"
            venv.create(home, symlinks=True, with_pip=True)
            outer = next(path for path in sys.path if path.endswith("site-packages"))
            packages = next(home.glob("lib/python*/site-packages"))
            (packages / "outer.pth").write_text(f"import site; site.addsitedir({outer!r})\n")
            python = home / "bin" / "python"
            environment = {**os.environ, "VIRTUAL_ENV": str(home)}
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            for installed in ("no", "`maturin develop`"):
                if installed != "no":
                    program = Path(sys.executable).parent / "maturin"
                    command = [str(program), "develop", "-q"]
                    subprocess.run(command, cwd=root, env=environment, check=True)
                for value in ("auto", "off", "auto", "off"):
                    milliseconds(python, root, value, environment)
                pairs = [
                    [milliseconds(python, root, value, environment) for value in ("auto", "off")]
                    for _ in range(rounds)
                ]
                median = statistics.median(auto for auto, _ in pairs)
                more_time = statistics.median(auto - off for auto, off in pairs)
                print(f"| {title} | {installed} | {median:.0f} | {more_time:.0f} |", flush=True)


if __name__ == "__main__":
    main()
