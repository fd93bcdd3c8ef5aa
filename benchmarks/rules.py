"""Measures how long the policies that use clippy and rustfmt take, beyond the build.

    python benchmarks/rules.py [--rounds 5]

Each round changes all sources of a crate of 5,000 lines, builds it, and runs the items of each
policy twice. The time of a policy is the difference between the first run and the second. Prints a
Markdown table of medians: wall-clock seconds, and processor seconds, which depend less on the load
of the machine.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.measuring import pytest_command

if TYPE_CHECKING:
    from collections.abc import Sequence

MANIFEST = """
[package]
name = "thing"
version = "0.1.0"
edition = "2021"
[workspace]
[package.metadata.cpython-sys]
policies = ["unsafe", "fmt", "clippy"]
"""
FUNCTION = """/// Adds things up.
pub fn f{number}(values: &[u64], seed: u64) -> u64 {{
    let mut total = seed;
    for (index, value) in values.iter().enumerate() {{
        total = total.wrapping_mul(31).wrapping_add(*value ^ index as u64);
    }}
    // {word}: it is a reference.
    total + u64::from(unsafe {{ *(&1u8 as *const u8) }})
}}
"""
FILES, FUNCTIONS = 10, 55
UPDATE = "--cpython-sys-update-ledger"
RULES = {
    "`@unsafe`": ("unsafe",),
    "`@unsafe`, ledger by function": ("unsafe", UPDATE),
    "`@fmt`": ("fmt",),
    "`@clippy`": ("clippy",),
}


def make_crate(root: Path) -> Path:
    """Write the crate; each fifth use of `unsafe` lacks its words."""
    (root / "src").mkdir(parents=True)
    (root / "Cargo.toml").write_text(MANIFEST)
    for file in range(FILES):
        words = ["Note" if number % 5 == 0 else "SAFETY" for number in range(FUNCTIONS)]
        text = [FUNCTION.format(number=n, word=word) for n, word in enumerate(words)]
        (root / "src" / f"m{file}.rs").write_text("\n".join(text))
    modules = [f"pub mod m{file};\n" for file in range(FILES)]
    (root / "src" / "lib.rs").write_text("".join(modules))
    return root


def cost(argv: Sequence[str], root: Path) -> tuple[float, float]:
    """Run a command; return the seconds that it took, and those of processors."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(argv, cwd=root, capture_output=True, check=False)
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, used


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    os.environ.pop("PYTEST_ADDOPTS", None)
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        root = make_crate(Path(name) / "crate")
        lines = sum(len(path.read_text().splitlines()) for path in root.glob("src/*.rs"))
        for number in range(rounds):
            for path in root.glob("src/m*.rs"):
                path.write_text(f"{path.read_text()}// {number}\n")
            nothing = pytest_command("--cpython-sys", "--collect-only")
            found.setdefault("for comparison: the build", []).append(cost(nothing, root))
            for rule, (level, *more) in RULES.items():
                warm = pytest_command("--cpython-sys", "-k", level)
                first, second = cost([*warm, *more], root), cost(warm, root)
                pair = first[0] - second[0], first[1] - second[1]
                found.setdefault(rule, []).append(pair)
                found.setdefault(f"{rule}, unchanged", []).append(second)
            (root / "cpython-sys-unsafe.toml").unlink()
            found.setdefault("collecting, unchanged", []).append(cost(nothing, root))
            (root / "src" / "lib.rs").touch()
            found.setdefault("for comparison: `cargo clippy`", []).append(
                cost(["cargo", "clippy"], root)
            )
    print(f"{lines} lines, {rounds} rounds\n")
    print("| what | seconds | processor seconds |\n|---|---:|---:|")
    for rule, pairs in found.items():
        wall, used = (statistics.median(pair[index] for pair in pairs) for index in (0, 1))
        print(f"| {rule} | {wall:.2f} | {used:.2f} |")


if __name__ == "__main__":
    main()
