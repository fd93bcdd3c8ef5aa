"""Measures how long the comparison with C takes, for bindings to the whole C API.

    python benchmarks/abi.py [--rounds 3] [--python PATH]

In a cold run the plugin has no output of the compilers from an earlier run. The cargo build is
always warm. For comparison, pytest runs as many items as `all` has, which do nothing, without this
plugin. The commands run in turns. Each cell is a median: of wall-clock seconds in the first table,
of the processor seconds of all processes in the second. Prints two Markdown tables.
"""

from __future__ import annotations

import argparse
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import pytest_command
from benchmarks.projects import make_floor

CRATE = Path(__file__).parents[1] / "example_crate" / "cpython-sys"
MODES = ("off", "auto", "all")


class Run(NamedTuple):
    """What one run took: seconds, and processor seconds; and how many items passed."""

    seconds: float
    processor: float
    passed: int


def timed(command: list[str], directory: Path) -> Run:
    """Run a command that passes, or finds no tests."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 5):
        raise SystemExit(done.stdout + done.stderr)
    passed = re.search(r"(\d+) passed", done.stdout)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(seconds, processor, int(passed[1]) if passed else 0)


def run(python: str, mode: str, *arguments: str) -> Run:
    """Time one run of the plugin."""
    wanted = ("--cpython-sys", f"--cpython-sys-abi={mode}", f"--cpython-sys-python={python}")
    words = pytest_command(*wanted, "-m", "rust_abi", "-p", "no:xdist", *arguments)
    return timed(words, CRATE)


def nothing(floor: Path, *arguments: str) -> Run:
    """Time one run of items that do nothing."""
    return timed(pytest_command("-p", "no:cpython_sys", "-p", "no:xdist", *arguments), floor)


def forget() -> None:
    """Remove what earlier runs have kept."""
    for directory in CRATE.parent.glob("target/**/cpython-sys-abi"):
        shutil.rmtree(directory)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    run(options.python, "off")
    count = run(options.python, "all").passed
    cells: dict[tuple[str, str], list[Run]] = {}
    with tempfile.TemporaryDirectory() as directory:
        floor = make_floor(Path(directory), count)
        nothing(floor)
        for _ in range(options.rounds):
            cells.setdefault(("nothing", "warm"), []).append(nothing(floor))
            cells.setdefault(("nothing", "collect"), []).append(nothing(floor, "--collect-only"))
            for mode in MODES:
                forget()
                cells.setdefault((mode, "cold"), []).append(run(options.python, mode))
                cells.setdefault((mode, "warm"), []).append(run(options.python, mode))
                collect = run(options.python, mode, "--collect-only")
                cells.setdefault((mode, "collect"), []).append(collect)
    print_tables(cells, count)


def print_tables(cells: dict[tuple[str, str], list[Run]], count: int) -> None:
    """Print the medians, and the differences from `off`."""
    for index, unit in enumerate(("seconds", "processor seconds")):
        print(f"| {unit}, `--cpython-sys-abi=` | cold | warm | warm, `--collect-only` |")
        print("|---|---|---|---|")
        for mode in MODES:
            shown = []
            for how in ("cold", "warm", "collect"):
                mine = statistics.median(times[index] for times in cells[mode, how])
                base = statistics.median(times[index] for times in cells["off", how])
                more = "" if mode == "off" else f" ({mine - base:+.2f})"
                shown.append(f"{mine:.2f} s{more}")
            print(f"| `{mode}` | {' | '.join(shown)} |")
        floor = [
            f"{statistics.median(times[index] for times in cells['nothing', how]):.2f} s"
            for how in ("warm", "collect")
        ]
        print(f"| {count} items that do nothing | | {' | '.join(floor)} |")
        print()


if __name__ == "__main__":
    main()
