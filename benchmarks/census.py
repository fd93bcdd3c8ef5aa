"""Measures how long the plugin takes to ask rustc for its layout blocks, and to read a kept answer.

    python benchmarks/census.py [--blocks 1400] [--rounds 7]

The measurements take turns, and each figure is a median. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measuring import pytest_command, seconds
from benchmarks.projects import CONST, make_crate
from pytest_cpython_sys.cargo import BuildOptions, Cargo, Unit
from pytest_cpython_sys.rust.census import Census

if TYPE_CHECKING:
    from collections.abc import Callable


def timed(function: Callable[[], object]) -> float:
    """Return how long a call takes, in seconds."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=1400)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    for name in ("PYTEST_ADDOPTS", "RUST_BACKTRACE", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as directory:
        ours = make_crate(Path(directory), "ours", options.blocks, CONST)
        plain = make_crate(Path(directory), "plain", options.blocks, CONST)
        no_op = ["cargo", "test", "--no-run", "--quiet"]
        cargo = Cargo()
        build = cargo.build(cargo.workspace(str(ours / "Cargo.toml")))
        package = build.workspace.packages[0]
        unit = next(unit for unit in build.units(package, package.targets[0]) if unit.test)

        def census(found: Unit = unit) -> float:
            return timed(lambda: Census(cargo, build, BuildOptions(), "").blocks(found))

        def forgotten() -> float:
            for path in ours.glob("target/cpython-sys-cache/census/*.json"):
                path.unlink()
            return census()

        def kept() -> float:
            counted = Census(cargo, build, BuildOptions(), "")
            if len(counted.blocks(unit)) != options.blocks:
                sys.exit("not all blocks were counted")
            counted.keep()
            return census()

        alone = "`cargo test --no-run` if rustc was never asked"
        tasks: dict[str, Callable[[], float]] = {
            "rustc is asked about a new unit": forgotten,
            "the answer is kept from an earlier run": kept,
            "`cargo test --no-run` after rustc was asked": lambda: seconds(no_op, ours),
            alone: lambda: seconds(no_op, plain),
        }
        seconds(pytest_command("--cpython-sys"), ours)
        for task in tasks.values():
            task()
        samples: dict[str, list[float]] = {name: [] for name in tasks}
        for _ in range(options.rounds):
            for name, task in tasks.items():
                samples[name].append(task())
    medians = {name: statistics.median(values) for name, values in samples.items()}
    print(f"| {options.blocks:,} blocks | seconds | / no-op of cargo |")
    print("|---|---:|---:|")
    for name, value in medians.items():
        print(f"| {name} | {value:.3f} | {value / medians[alone]:.2f} |")


if __name__ == "__main__":
    main()
