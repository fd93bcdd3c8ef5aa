"""Times how tests run: speed, memory, crashes and sleepers, as ratios of one run.

    python benchmarks/running.py [--rounds 5] [--only speed memory crash sleep]

The commands take turns, round after round, so that a machine that slows down slows all of them;
each figure is the median. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.run import CONST, make_crate, make_floor, medians, pytest_command, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TRIVIAL = "#[test] fn t{n}() {{}}\n"
# A hook around each phase is somebody who takes part: items then go the ordinary way.
ORDINARY = "def pytest_runtest_setup(item):\n    pass\n"


def trivial_crate(directory: Path, name: str, count: int, more: str = "") -> Path:
    """Write a crate with ``count`` tests that do nothing."""
    root = directory / f"{name}{count}"
    (root / "src").mkdir(parents=True)
    (root / "Cargo.toml").write_text(
        f'[package]\nname = "{name}{count}"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'
        "[profile.test]\ndebug = false\nincremental = false\n"
    )
    tests = "".join(TRIVIAL.format(n=number) for number in range(count))
    (root / "src" / "lib.rs").write_text(f"#[cfg(test)] mod tests {{\n{tests}{more}}}\n")
    return root


def ordinary(root: Path, copy: Path) -> Path:
    """Return a copy of a project with a conftest that takes part; build outputs are shared."""
    shutil.copytree(root, copy, symlinks=True)
    with (copy / "conftest.py").open("a") as file:
        file.write(ORDINARY)
    return copy


def speed(directory: Path, rounds: int) -> None:
    """Print what 3,000 trivial tests and 5,000 layouts cost beside items that do nothing."""
    root, floor = trivial_crate(directory, "trivial", 3000), make_floor(directory, 3000)
    seconds(pytest_command("--cpython-sys"), root)
    slow_root = ordinary(root, directory / "ordinary")
    slow_floor = ordinary(floor, directory / "ordinary-floor")
    layouts, many = make_crate(directory, "const", 5000, CONST), make_floor(directory, 5000)

    def rust(where: Path) -> Callable[[], float]:
        return lambda: seconds(pytest_command("--cpython-sys"), where)

    def items(where: Path) -> Callable[[], float]:
        return lambda: seconds(pytest_command("-p", "no:cpython_sys"), where)

    found = medians(
        {
            "ours": rust(root),
            "items": items(floor),
            "ours, ordinary": rust(slow_root),
            "items, ordinary": items(slow_floor),
            "layouts": rust(layouts),
            "layout items": items(many),
            "nextest": lambda: seconds(["cargo", "nextest", "run"], root),
            "cargo": lambda: seconds(["cargo", "test", "--quiet", "--lib"], root),
        },
        rounds,
    )
    ours = found["ours"]
    print("| what | ratio | seconds |\n|---|---:|---:|")
    print(f"| 3,000 tests / as many items | {ours / found['items']:.2f} | {ours:.2f} |")
    slow = found["ours, ordinary"]
    print(f"| the same, ordinary way | {slow / found['items, ordinary']:.2f} | {slow:.2f} |")
    print(f"| nextest / 3,000 tests | {found['nextest'] / ours:.1f} | {found['nextest']:.2f} |")
    print(f"| 3,000 tests / cargo test | {ours / found['cargo']:.1f} | {found['cargo']:.2f} |")
    flat = found["layouts"]
    print(f"| 5,000 layouts / as many items | {flat / found['layout items']:.2f} | {flat:.2f} |")


def peak(command: Sequence[str], cwd: Path) -> tuple[float, float]:
    """Return seconds and the peak memory of pytest's own process: MB (10**6 bytes)."""
    code = (
        "import resource, subprocess, sys, time\n"
        "start = time.perf_counter()\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
        "taken = time.perf_counter() - start\n"
        "print(taken, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=cwd, capture_output=True, text=True, check=True
    )
    taken, memory = done.stdout.split()
    return float(taken), float(memory)


def memory(directory: Path, rounds: int) -> None:
    """Print how time and memory grow with the number of tests."""
    print("| tests | ours (s) | ms a test | ours (MB) | items (MB) | ours / items, memory |")
    print("|---:|---:|---:|---:|---:|---:|")
    for count in (1000, 10_000, 30_000):
        root, floor = trivial_crate(directory, "grow", count), make_floor(directory, count)
        seconds(pytest_command("--cpython-sys"), root)
        ours = [peak(pytest_command("--cpython-sys"), root) for _ in range(rounds)]
        items = [peak(pytest_command("-p", "no:cpython_sys"), floor) for _ in range(rounds)]
        taken = statistics.median(entry[0] for entry in ours)
        mine = statistics.median(entry[1] for entry in ours)
        theirs = statistics.median(entry[1] for entry in items)
        print(
            f"| {count} | {taken:.2f} | {taken / count * 1000:.2f} | {mine:.0f} | {theirs:.0f} "
            f"| {mine / theirs:.2f} |",
            flush=True,
        )


def crash(directory: Path, rounds: int) -> None:
    """Print what one crash among 3,000 tests costs, on two threads."""
    calm = trivial_crate(directory, "calm", 3000)
    loud = trivial_crate(
        directory, "loud", 3000, "#[test] fn t1500_crash() { std::process::abort() }\n"
    )
    os.environ["RUST_TEST_THREADS"] = "2"
    counts = {}
    for root in (calm, loud):
        seconds(pytest_command("--cpython-sys"), root)
        log = directory / f"{root.name}.log"
        runner = directory / f"{root.name}.sh"
        runner.write_text(f'#!/bin/sh\necho started >> {log}\nexec "$@"\n')
        runner.chmod(0o755)
        os.environ["CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER"] = str(runner)
        seconds(pytest_command("--cpython-sys"), root)
        del os.environ["CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER"]
        counts[root.name] = len(log.read_text().splitlines())
    found = medians(
        {
            "calm": lambda: seconds(pytest_command("--cpython-sys"), calm),
            "loud": lambda: seconds(pytest_command("--cpython-sys"), loud),
        },
        rounds,
    )
    more = counts[loud.name] - counts[calm.name]
    print(
        f"One crash among 3,000 tests: {found['loud'] / found['calm']:.2f} times as long, "
        f"{more} processes more."
    )
    del os.environ["RUST_TEST_THREADS"]


def sleep(directory: Path, rounds: int) -> None:
    """Print what 40 tests of 100 ms take."""
    tests = "".join(
        f"#[test] fn s{number}() {{ std::thread::sleep(std::time::Duration::from_millis(100)) }}\n"
        for number in range(40)
    )
    root = trivial_crate(directory, "sleepers", 0, tests)
    found = medians(
        {
            "cargo": lambda: seconds(["cargo", "test", "--quiet"], root),
            "ours": lambda: seconds(pytest_command("--cpython-sys"), root),
            "n2": lambda: seconds(pytest_command("--cpython-sys", "-n2"), root),
        },
        rounds,
    )
    print("| 40 tests of 100 ms | seconds | / cargo test |\n|---|---:|---:|")
    for name, label in (("cargo", "cargo test"), ("ours", "pytest"), ("n2", "pytest -n2")):
        print(f"| {label} | {found[name]:.2f} | {found[name] / found['cargo']:.2f} |")


PARTS: dict[str, Callable[[Path, int], None]] = {
    "speed": speed,
    "memory": memory,
    "crash": crash,
    "sleep": sleep,
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    for name in ("PYTEST_ADDOPTS", "RUST_BACKTRACE", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    for part in options.only:
        with tempfile.TemporaryDirectory() as name:
            print(f"\n## {part}\n", flush=True)
            PARTS[part](Path(name), options.rounds)


if __name__ == "__main__":
    main()
