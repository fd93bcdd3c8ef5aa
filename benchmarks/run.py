"""Times us against cargo, nextest and do-nothing pytest items: ratios of one run.

    python benchmarks/run.py [--rounds 5] [--sizes 100 1000 5000]

The commands take turns, round after round, so that a machine that slows down slows all of them;
each cell is the median. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What the tests of this project need besides: each takes time to import, Hypothesis most.
_OTHERS = ("html", "html_fixtures", "metadata", "randomly", "reportlog", "rerunfailures", "timeout")
_UNUSED = ("hypothesispytest", "platformdirs", "pytest-subprocess")

FLOOR = """
import pytest

class Nothing(pytest.Item):
    def runtest(self):
        pass

class Many(pytest.File):
    def collect(self):
        for number in range({count}):
            yield Nothing.from_parent(self, name=f"bindgen_test_layout_Type{{number}}")

def pytest_collect_file(file_path, parent):
    if file_path.name == "many.txt":
        return Many.from_parent(parent, path=file_path)
"""

TYPE = """#[repr(C)]
pub struct Type{n} {{
    pub a: u32,
    pub b: u64,
    pub c: [u8; 5],
}}
"""
CONST = """#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {{
    ["Size of Type{n}"][::std::mem::size_of::<Type{n}>() - 24usize];
    ["Alignment of Type{n}"][::std::mem::align_of::<Type{n}>() - 8usize];
    ["Offset of field: Type{n}::a"][::std::mem::offset_of!(Type{n}, a) - 0usize];
    ["Offset of field: Type{n}::b"][::std::mem::offset_of!(Type{n}, b) - 8usize];
    ["Offset of field: Type{n}::c"][::std::mem::offset_of!(Type{n}, c) - 16usize];
}};
"""
OLD = """#[test]
fn bindgen_test_layout_Type{n}() {{
    assert_eq!(::std::mem::size_of::<Type{n}>(), 24usize, "Size of Type{n}");
    assert_eq!(::std::mem::align_of::<Type{n}>(), 8usize, "Alignment of Type{n}");
}}
"""


def make_crate(directory: Path, name: str, count: int, layout: str) -> Path:
    """Write a crate with ``count`` layout tests."""
    root = directory / f"{name}{count}"
    (root / "src").mkdir(parents=True)
    (root / "Cargo.toml").write_text(
        f'[package]\nname = "{name}{count}"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'
    )
    source = "".join((TYPE + layout).format(n=number) for number in range(count))
    (root / "src" / "lib.rs").write_text("#![allow(non_snake_case)]\n" + source)
    return root


def make_floor(directory: Path, count: int) -> Path:
    """Write a project with ``count`` do-nothing items."""
    root = directory / f"floor{count}"
    root.mkdir()
    (root / "conftest.py").write_text(FLOOR.format(count=count))
    (root / "many.txt").touch()
    return root


def seconds(command: Sequence[str], cwd: Path) -> float:
    """Return how long a command takes; any exit code of tests and of no tests will do."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, check=False)
    taken = time.perf_counter() - started
    if done.returncode not in (0, 1, 4, 5):
        sys.exit(f"{command} failed in {cwd}:\n{done.stdout.decode()}{done.stderr.decode()}")
    return taken


def medians(tasks: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Run all tasks in turns; return the median of each."""
    for task in tasks.values():
        task()  # warm
    samples: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            samples[name].append(task())
    return {name: statistics.median(values) for name, values in samples.items()}


def pytest_command(*arguments: str) -> list[str]:
    """Return a quiet pytest of this environment, with no other plugin but pytest-xdist."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    for name in (*_OTHERS, *_UNUSED):
        command += ["-p", f"no:{name}"]
    return [*command, *arguments]


def tasks_for(root: Path, floor: Path) -> dict[str, Callable[[], float]]:
    """Return what is timed for one crate."""
    tasks = {
        "ours": lambda: seconds(pytest_command("--cpython-sys"), root),
        "items": lambda: seconds(pytest_command("-p", "no:cpython_sys"), floor),
        "no-op": lambda: seconds(["cargo", "test", "--no-run", "--quiet"], root),
        "cargo": lambda: seconds(["cargo", "test", "--quiet", "--lib"], root),
    }
    if shutil.which("cargo-nextest"):
        tasks["nextest"] = lambda: seconds(["cargo", "nextest", "run"], root)
    return tasks


def scan_speed() -> float:
    """Return how fast generated source is scanned: MB (10**6 bytes) a second."""
    from pytest_cpython_sys.rust.source_scan import scan_source

    source = "".join((TYPE + CONST).format(n=number) for number in range(5000)).encode()
    best = min(_timed(scan_source, source) for _ in range(5))
    return len(source) / best / 1e6


def _timed(function: Callable[[bytes], object], argument: bytes) -> float:
    started = time.perf_counter()
    function(argument)
    return time.perf_counter() - started


def startup_cost(directory: Path, rounds: int) -> float:
    """Return what the installed plugin costs a run without the switch: milliseconds."""
    root = directory / "startup"
    root.mkdir()
    (root / "test_one.py").write_text("def test_one(): pass\n")
    found = medians(
        {
            "with": lambda: seconds(pytest_command(), root),
            "without": lambda: seconds(pytest_command("-p", "no:cpython_sys"), root),
        },
        rounds * 3,
    )
    return (found["with"] - found["without"]) * 1000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 5000])
    options = parser.parse_args()
    for name in ("PYTEST_ADDOPTS", "RUST_BACKTRACE", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    print(
        "| layouts | style | ours / (items + no-op) | ours / items | ours / cargo test "
        "| nextest / ours | ours (s) |"
    )
    print("|---:|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for count in options.sizes:
            floor = make_floor(directory, count)
            for style, layout in (("const", CONST), ("test", OLD)):
                root = make_crate(directory, style, count, layout)
                found = medians(tasks_for(root, floor), options.rounds)
                ours = found["ours"]
                nextest = f"{found['nextest'] / ours:.2f}" if "nextest" in found else "-"
                print(
                    f"| {count} | {style} | {ours / (found['items'] + found['no-op']):.2f} "
                    f"| {ours / found['items']:.2f} | {ours / found['cargo']:.2f} "
                    f"| {nextest} | {ours:.2f} |",
                    flush=True,
                )
        print(f"\nGenerated source is scanned at {scan_speed():.0f} MB/s.")
        print(
            f"Without the switch, the plugin costs {startup_cost(directory, options.rounds):.0f} "
            "ms a run."
        )


if __name__ == "__main__":
    main()
