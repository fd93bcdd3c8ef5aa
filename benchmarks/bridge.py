"""Compares the times of the bridge to unittest and of pytest, with the same tests.

    python benchmarks/bridge.py [--rounds 5]
    python benchmarks/bridge.py --build DIRECTORY      (a build directory of CPython)

The second form needs a checkout with crates and with ``Lib/test/test_rust.py``. The built
interpreter runs ``-m test``, and pytest uses the headers of this interpreter.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.measuring import medians, pytest_command
from benchmarks.projects import CONST, OLD, make_crate, trivial_crate

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = Path(__file__).parents[1]
MODULE = """
from pytest_cpython_sys.unittest import make_load_tests
load_tests = make_load_tests(__name__, {root!r})
"""


def seconds(command: Sequence[str], cwd: Path, **more: str) -> float:
    """Return how long a command takes that must succeed; ``more`` is added to its environment."""
    started = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    taken = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{command} failed in {cwd}:\n{done.stdout.decode(errors='replace')}")
    return taken


def row(
    what: str, bridge: Sequence[str], where: Path, theirs: Sequence[str], root: Path, rounds: int
) -> None:
    """Print one comparison; the two take turns."""
    found = medians(
        {
            "bridge": lambda: seconds(bridge, where, PYTHONPATH=str(REPOSITORY)),
            "pytest": lambda: seconds(theirs, root),
        },
        rounds,
    )
    ours, pytest = found["bridge"], found["pytest"]
    print(f"| {what} | {ours / pytest:.2f} | {ours:.2f} | {pytest:.2f} |", flush=True)


def synthetic(directory: Path, rounds: int) -> None:
    """Compare on crates made for it."""
    crates = {
        "100 layouts, `#[test]` style": make_crate(directory, "few", 100, OLD),
        "5,000 layouts, compile-time style": make_crate(directory, "many", 5000, CONST),
        "3,000 tests that do nothing": trivial_crate(directory, "trivial", 3000),
    }
    for what, root in crates.items():
        (root / "test_rust.py").write_text(MODULE.format(root=str(root)))
        bridge = [sys.executable, "-m", "unittest", "test_rust"]
        row(what, bridge, root, pytest_command("--cpython-sys"), root, rounds)


def real(build: Path, rounds: int) -> None:
    """Compare on a checkout of CPython."""
    bridge = [str(build / "python"), "-m", "test", "-u", "cpu", "test_rust"]
    code = "from test import support; print(support.REPO_ROOT)"
    root = Path(subprocess.check_output([bridge[0], "-c", code], text=True).strip())
    packages = sorted(str(path.parent) for path in (root / "Modules").glob("*/Cargo.toml"))
    # Policies start processes of their own: they would hide what is measured.
    os.environ["CPYTHON_SYS_OPTIONS"] = "--cpython-sys-policies=off"
    theirs = pytest_command(
        "--cpython-sys", f"--cpython-sys-python={build}", "-ocpython_sys_policies=off", *packages
    )
    row("the crates of a checkout, `./python -m test`", bridge, build, theirs, root, rounds)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", type=Path)
    options = parser.parse_args()
    for name in ("PYTEST_ADDOPTS", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    print("| what | bridge / pytest | bridge (s) | pytest (s) |\n|---|---:|---:|---:|", flush=True)
    if options.build is not None:
        real(options.build.absolute(), options.rounds)
        return
    with tempfile.TemporaryDirectory() as name:
        synthetic(Path(name), options.rounds)


if __name__ == "__main__":
    main()
