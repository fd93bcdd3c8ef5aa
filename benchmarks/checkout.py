"""Measures how long the plugin takes to find the build of a CPython checkout.

    python benchmarks/checkout.py [--rounds 5]

It needs a built CPython: run `python tests/cpython/build.py` first. The commands take turns, so
that a machine that slows down affects all of them. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.measuring import Sample, clean_environment, medians, pytest_command, run
from benchmarks.projects import make_floor
from pytest_cpython_sys.cargo import Cargo
from pytest_cpython_sys.python.build_environment import Surroundings
from pytest_cpython_sys.python.checkout import target_python
from tests.cpython.build import cache_directory, find_trees
from tests.cpython.conftest import Checkout, make_checkout, place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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

# Where the checks before a release keep theirs.
_USERS = Path("~/.cache/pytest-cpython-sys").expanduser()


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


def no_op(root: Path, target: Path) -> Callable[[], Sample]:
    """Return the task of cargo's build with nothing to do, as the plugin calls it."""
    cargo = Cargo()
    os.environ["CARGO_TARGET_DIR"] = str(target)
    workspace = cargo.workspace(str(root / "Cargo.toml"))
    base = os.path.join(workspace.target_directory, "cpython-sys")
    extra, tag = Surroundings(target_python(str(root))).additions(workspace, cargo.environ, base)
    del os.environ["CARGO_TARGET_DIR"]
    command = ["cargo", "test", "--workspace", "--no-run", "--no-fail-fast", "--target-dir"]
    return functools.partial(run, [*command, os.path.join(base, tag)], root, extra, ends="0")


def count(root: Path, target: Path) -> int:
    """Return how many items there are at a checkout's root."""
    done = subprocess.run(
        pytest_command("--cpython-sys", "--collect-only"),
        cwd=root,
        env={**clean_environment(), "CARGO_TARGET_DIR": str(target)},
        capture_output=True,
        text=True,
        check=True,
    )
    return sum("::" in line for line in done.stdout.splitlines())


@contextlib.contextmanager
def throw_away() -> Iterator[tuple[Checkout, Path]]:
    """Yield a checkout that nobody else uses meanwhile, and a directory for cargo.

    Raises LookupError where no CPython is built.
    """
    found = ((find_trees(cache), cache) for cache in (cache_directory(), _USERS))
    trees, cache = next(((trees, cache) for trees, cache in found if trees), (None, _USERS))
    if trees is None:
        raise LookupError("no CPython is built: run `python tests/cpython/build.py`")
    with place(cache) as (path, target):
        make_checkout(path, trees.source)
        yield Checkout(path, trees), target


def collecting(directory: Path) -> Iterator[tuple[str, dict[str, Callable[[], Sample]]]]:
    """Yield what there is at a checkout's root, and what is timed of it; floors are made."""
    with throw_away() as (checkout, target):
        checkout.add_build("regular")
        for words in ("", " with internal headers"):
            if words:  # as many as the crates of CPython's fork have
                checkout.write("Modules/cpython-sys/wrapper.h", INTERNAL)
            items = count(checkout.path, target)
            command = pytest_command("--cpython-sys", "--collect-only")
            more = {"CARGO_TARGET_DIR": str(target)}
            nothing = pytest_command("-p", "no:cpython_sys", "--collect-only")
            floor = make_floor(directory, items)
            yield (
                f"{items:,} items{words}",
                {
                    "ours": functools.partial(run, command, checkout.path, more, ends="0"),
                    "items": functools.partial(run, nothing, floor, ends="0"),
                    "no-op": no_op(checkout.path, target),
                },
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    os.environ.pop("PYTHON_BUILD_DIR", None)
    print("| what | seconds | wanted |\n|---|---:|---:|")
    with throw_away() as (checkout, _):
        for name in ("debug", "regular"):
            build = checkout.add_build(name)
            path = checkout.path
            tasks = {
                "seconds": functools.partial(find, path, 0),
                "processor seconds": functools.partial(find, path, 1),
            }
            for what, taken in medians(tasks, rounds).items():
                print(f"| finding the build, {name}, {what} | {taken:.2f} | 0.3 at most |")
            build.unlink()


if __name__ == "__main__":
    main()
