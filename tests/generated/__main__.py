"""Runs generated projects: ``python -m tests.generated --count N [--seed S] [--xdist]``."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .coverage import coverage_table
from .generate import generate
from .running import write_files
from .trial import Result, shown, shrunk, try_seed


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.generated", description=__doc__)
    parser.add_argument("--count", type=int, default=40, help="number of projects (40)")
    parser.add_argument("--seed", type=int, help="seed of the first project (default: random)")
    parser.add_argument("--jobs", type=int, default=1, help="projects that run at a time (1)")
    parser.add_argument("--xdist", action="store_true", help="run each project again with -n2")
    parser.add_argument("--python", default=sys.executable, help="the Python to run pytest with")
    parser.add_argument("--no-shrink", action="store_true", help="do not shrink a project")
    parser.add_argument("--brief", action="store_true", help="do not print the files")
    parser.add_argument("--coverage", action="store_true", help="count pairs of features")
    parser.add_argument("--write", type=Path, help="only write the first project, to this path")
    parser.add_argument("--seeds", type=int, nargs="*", help="test only these seeds")
    return parser.parse_args()


def main() -> int:
    """Run them; return 1 if any differs."""
    options = _arguments()
    first = random.SystemRandom().randrange(10**9) if options.seed is None else options.seed
    seeds = options.seeds or list(range(first, first + options.count))
    if options.write:
        write_files(options.write, generate(seeds[0]).write_book().files)
        return 0
    print(f"seeds {seeds[0]} to {seeds[-1]}", flush=True)
    pairs: Counter[tuple[str, str]] = Counter()
    bad = mistakes = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(options.jobs) as pool:

        def judge(seed: int) -> Result:
            return try_seed(seed, Path(scratch), xdist=options.xdist, python=options.python)

        for result in pool.map(judge, seeds):
            pairs.update(result.pairs)
            if result.mistake:
                mistakes += 1
                print(
                    f"seed {result.seed}: a mistake of the generator\n{result.mistake}", flush=True
                )
            elif result.differences:
                bad += 1
                smallest = result
                if not options.no_shrink:
                    smallest = shrunk(result, Path(scratch), python=options.python)
                print(shown(smallest, files=not options.brief), flush=True)
    seconds = time.monotonic() - began
    if options.coverage:
        print(coverage_table(pairs))
    print(f"{len(seeds)} projects, {bad} that differ, {mistakes} mistakes, {seconds:.0f} s")
    return 1 if bad or mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
