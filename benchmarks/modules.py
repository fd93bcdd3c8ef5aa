"""Measures how long the checks of an extension module take, beyond a run without them.

    python benchmarks/modules.py [--rounds 5] [--python PATH]

Nothing has to be built. The runs take turns: without the checks, with each of them alone, with all
of them, and a Python that does nothing. Prints a Markdown table of medians: wall-clock seconds, and
processor seconds, which depend less on the load of the machine.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

CRATE = Path(__file__).parents[1] / "example_crate" / "spam"
ITEMS = ("imports", "subinterpreters", "free_threading", "leaks")


def timed(command: list[str]) -> tuple[float, float]:
    """Return seconds and seconds of processor time of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(command, cwd=CRATE, capture_output=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 5):
        raise SystemExit(done.stdout.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, spent


def commands(python: str) -> dict[str, list[str]]:
    """Return the command of each row."""
    base = [sys.executable, "-m", "pytest", "--cpython-sys", f"--cpython-sys-python={python}"]
    base += ["-q", "-p", "no:cacheprovider", "-m", "rust_policy"]
    found = {"none": [*base, "-k", "no_such_item"]}
    for item in ITEMS:
        found[f"`{item}` alone"] = [*base, "-k", f"module and {item}"]
    found["all four"] = [*base, "-k", "module"]
    found["a Python that does nothing"] = [python, "-s", "-B", "-c", ""]
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    rows = commands(options.python)
    timed(rows["all four"])
    cells: dict[str, list[tuple[float, float]]] = {}
    for _ in range(options.rounds):
        for name, command in rows.items():
            cells.setdefault(name, []).append(timed(command))
    medians = {
        name: tuple(statistics.median(column) for column in zip(*times, strict=True))
        for name, times in cells.items()
    }
    print("| items | s | more than without checks | processor s | more than without checks |")
    print("|---|---:|---:|---:|---:|")
    for name, (seconds, spent) in medians.items():
        more = [
            f"{mine - none:+.2f}"
            for mine, none in zip((seconds, spent), medians["none"], strict=True)
        ]
        if name in ("none", "a Python that does nothing"):
            more = ["", ""]
        print(f"| {name} | {seconds:.2f} | {more[0]} | {spent:.2f} | {more[1]} |")


if __name__ == "__main__":
    main()
