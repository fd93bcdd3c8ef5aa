"""Times what a CPython checkout costs: finding its build, and collecting at its root.

    python benchmarks/checkout.py [--rounds 5]

It needs a built CPython: run `python tests/cpython/build.py` first. The commands take turns, round
after round, so that a machine that slows down slows all of them. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.run import make_floor, medians, pytest_command, seconds
from pytest_cpython_sys.cargo import Cargo
from pytest_cpython_sys.python.build_environment import Surroundings
from pytest_cpython_sys.python.checkout import target_python
from tests.cpython.build import cache_directory, find_trees
from tests.cpython.conftest import Checkout, make_checkout, place

FIND = """
import os, sys, time
wall, own = time.perf_counter(), time.process_time()
from pytest_cpython_sys.python.checkout import target_python
target_python(sys.argv[1])
used = os.times()
own = time.process_time() - own
print(time.perf_counter() - wall, own + used.children_user + used.children_system)
"""


INTERNAL = """\
#define Py_BUILD_CORE 1
#include "Python.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_runtime.h"
"""


def find(root: Path, which: int) -> float:
    """Return the seconds in which a fresh Python finds a checkout's build, imports included.

    ``which``: 0 for those that pass, 1 for those of a processor (children's included), which a busy
    machine does not change.
    """
    done = subprocess.run(
        [sys.executable, "-c", FIND, str(root)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[which])


def noop(root: Path) -> float:
    """Return the seconds of cargo's build with nothing to do, as the plugin calls it."""
    cargo = Cargo()
    workspace = cargo.workspace(str(root / "Cargo.toml"))
    base = os.path.join(workspace.target_directory, "cpython-sys")
    extra, tag = Surroundings(target_python(str(root))).additions(workspace, cargo.environ, base)
    target = os.path.join(base, tag)
    os.environ.update(extra)
    try:
        return seconds(
            ["cargo", "test", "--workspace", "--no-run", "--no-fail-fast", "--target-dir", target],
            root,
        )
    finally:
        for name in extra:
            del os.environ[name]


def count(root: Path) -> int:
    """Return how many items there are at a checkout's root."""
    done = subprocess.run(
        pytest_command("--cpython-sys", "--collect-only"),
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return sum("::" in line for line in done.stdout.splitlines())


def collecting(path: Path, rounds: int) -> str:
    """Return the row of the table for what is at a checkout's root."""
    items = count(path)
    with tempfile.TemporaryDirectory() as name:
        floor = make_floor(Path(name), items)
        found = medians(
            {
                "collect": lambda: seconds(pytest_command("--cpython-sys", "--collect-only"), path),
                "noop": lambda: noop(path),
                "items": lambda: seconds(
                    pytest_command("-p", "no:cpython_sys", "--collect-only"), floor
                ),
            },
            rounds,
        )
    ratio = found["collect"] / (found["items"] + found["noop"])
    return (
        f"| `--collect-only` at the root, {items} items / (as many items + cargo's no-op) "
        f"| {ratio:.2f} | {found['collect']:.2f} | 1.3 at most |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    for name in ("PYTEST_ADDOPTS", "RUST_BACKTRACE", "PYTHON_BUILD_DIR"):
        os.environ.pop(name, None)
    trees = find_trees(cache_directory())
    if trees is None:
        sys.exit("no CPython is built: run `python tests/cpython/build.py`")
    print("| what | ratio | seconds | wanted |\n|---|---:|---:|---:|")
    with place(cache_directory()) as (path, target):
        make_checkout(path, trees.source)
        os.environ["CARGO_TARGET_DIR"] = str(target)
        checkout = Checkout(path, trees)
        for name in ("debug", "regular"):
            build = checkout.add_build(name)
            tasks = {"wall": lambda: find(path, 0), "processor": lambda: find(path, 1)}
            for what, taken in medians(tasks, rounds).items():
                print(f"| finding the build, {name}, {what} | | {taken:.2f} | 0.3 at most |")
            if name == "debug":
                build.unlink()
        print(collecting(path, rounds), flush=True)
        # As many as the crates of CPython's fork have.
        checkout.write("Modules/cpython-sys/wrapper.h", INTERNAL)
        print(collecting(path, rounds), flush=True)


if __name__ == "__main__":
    main()
