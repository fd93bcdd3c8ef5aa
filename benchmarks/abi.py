"""Times what the C compiler's opinion costs on bindings to the whole C API, beyond a run without.

    python benchmarks/abi.py [--rounds 3] [--python PATH]

Cold: nothing is kept of an earlier run; the cargo build is warm throughout. The commands take
turns; each cell is the median of seconds that passed, and of processor seconds that all processes
together took, which say more on a machine that others use. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

CRATE = Path(__file__).parents[1] / "example_crate" / "cpython-sys"
MODES = ("off", "auto", "all")


def run(python: str, mode: str, *arguments: str) -> tuple[float, float]:
    """Return the seconds and the processor seconds that one run takes."""
    command = [sys.executable, "-m", "pytest", "--cpython-sys", f"--cpython-sys-abi={mode}"]
    command += [f"--cpython-sys-python={python}", "-q", "-m", "rust_abi", "-p", "no:cacheprovider"]
    for name in ("html", "randomly", "reportlog", "rerunfailures", "timeout", "xdist"):
        command += ["-p", f"no:{name}"]
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, *arguments], cwd=CRATE, capture_output=True, check=False)
    if done.returncode not in (0, 5):
        raise SystemExit((done.stdout + done.stderr).decode())
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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
    cells: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(options.rounds):
        for mode in MODES:
            forget()
            cells.setdefault((mode, "cold"), []).append(run(options.python, mode))
            cells.setdefault((mode, "warm"), []).append(run(options.python, mode))
            collect = run(options.python, mode, "--collect-only")
            cells.setdefault((mode, "collect"), []).append(collect)
    for index, unit in enumerate(("seconds", "processor seconds")):
        print(f"| {unit} | cold | warm | warm, `--collect-only` |")
        print("|---|---|---|---|")
        for mode in MODES:
            shown = []
            for how in ("cold", "warm", "collect"):
                mine = statistics.median(times[index] for times in cells[mode, how])
                base = statistics.median(times[index] for times in cells["off", how])
                more = "" if mode == "off" else f" ({mine - base:+.2f})"
                shown.append(f"{mine:.2f} s{more}")
            print(f"| `{mode}` | {' | '.join(shown)} |")
        print()


if __name__ == "__main__":
    main()
