"""Times what the C compiler's opinion costs on bindings to the whole C API, beyond a run without.

    python benchmarks/abi.py [--rounds 3] [--python PATH]

Cold: nothing is kept of an earlier run; the cargo build is warm throughout. The commands take
turns; each cell is the median. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

CRATE = Path(__file__).parents[1] / "example_crate" / "cpython-sys"
MODES = ("off", "auto", "all")


def run(python: str, mode: str, *arguments: str) -> float:
    """Return how long one run takes."""
    command = [sys.executable, "-m", "pytest", "--cpython-sys", f"--cpython-sys-abi={mode}"]
    command += [f"--cpython-sys-python={python}", "-q", "-m", "rust_abi", "-p", "no:cacheprovider"]
    started = time.perf_counter()
    done = subprocess.run([*command, *arguments], cwd=CRATE, capture_output=True, check=False)
    if done.returncode not in (0, 5):
        raise SystemExit(done.stdout.decode())
    return time.perf_counter() - started


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
    cells: dict[tuple[str, str], list[float]] = {}
    for _ in range(options.rounds):
        for mode in MODES:
            forget()
            cells.setdefault((mode, "cold"), []).append(run(options.python, mode))
            cells.setdefault((mode, "warm"), []).append(run(options.python, mode))
            collect = run(options.python, mode, "--collect-only")
            cells.setdefault((mode, "collect"), []).append(collect)
    print("| | cold | warm | warm, `--collect-only` |")
    print("|---|---|---|---|")
    for mode in MODES:
        times = [statistics.median(cells[mode, how]) for how in ("cold", "warm", "collect")]
        base = [statistics.median(cells["off", how]) for how in ("cold", "warm", "collect")]
        shown = [
            f"{mine:.2f} s" + ("" if mode == "off" else f" ({mine - theirs:+.2f})")
            for mine, theirs in zip(times, base, strict=True)
        ]
        print(f"| `{mode}` | {' | '.join(shown)} |")


if __name__ == "__main__":
    main()
