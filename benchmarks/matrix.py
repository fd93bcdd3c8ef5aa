"""Compares the time of a run with two Pythons with the times of runs with one.

    python benchmarks/matrix.py --python PATH --python PATH [--rounds 5] [--crate DIR]

The runs take turns, are warm, and use a copy of the crate. Without ``--crate``, the crate is a
generated ``cpython-sys`` with 1,000 layout tests and 1,000 tests that do nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.measuring import medians, pytest_command, seconds
from benchmarks.projects import CONST, TYPE

BUILD_SCRIPT = """
use std::{env, fs, path::Path};
fn main() {
    println!("cargo::rerun-if-env-changed=PYTHON_BUILD_DIR");
    assert!(Path::new(&env::var("PYTHON_BUILD_DIR").unwrap()).join("pyconfig.h").is_file());
    println!("cargo::rerun-if-changed=types.rs");
    fs::copy("types.rs", Path::new(&env::var("OUT_DIR").unwrap()).join("c_api.rs")).unwrap();
}
"""


def make_crate(root: Path, count: int = 1000) -> Path:
    """Write a crate ``cpython-sys`` with ``count`` layouts and ``count`` tests."""
    (root / "src").mkdir(parents=True)
    (root / "Cargo.toml").write_text(
        '[package]\nname = "cpython-sys"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'
    )
    (root / "build.rs").write_text(BUILD_SCRIPT)
    (root / "types.rs").write_text("".join((TYPE + CONST).format(n=n) for n in range(count)))
    tests = "".join(f"#[test] fn t{n}() {{}}\n" for n in range(count))
    (root / "src" / "lib.rs").write_text(
        'include!(concat!(env!("OUT_DIR"), "/c_api.rs"));\n' + tests
    )
    return root


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", action="append", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--crate", type=Path)
    options = parser.parse_args()
    if len(options.python) != 2:
        parser.error("give --python twice")
    os.environ.pop("PYTEST_ADDOPTS", None)
    os.environ.pop("RUST_BACKTRACE", None)
    pythons = [f"--cpython-sys-python={path}" for path in options.python]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "crate"
        if options.crate is None:
            make_crate(root)
        else:
            ignored = shutil.ignore_patterns("target", "pregenerated")
            shutil.copytree(options.crate, root, ignore=ignored)
        found = medians(
            {
                "first": lambda: seconds(pytest_command("--cpython-sys", pythons[0]), root),
                "second": lambda: seconds(pytest_command("--cpython-sys", pythons[1]), root),
                "both": lambda: seconds(pytest_command("--cpython-sys", *pythons), root),
            },
            options.rounds,
        )
    one = max(found["first"], found["second"])
    mean = (found["first"] + found["second"]) / 2
    print("| rounds | both / one | first Python | second Python | both |")
    print("|---:|---:|---:|---:|---:|")
    print(
        f"| {options.rounds} | {found['both'] / mean:.2f} ({found['both'] / one:.2f} if one "
        "is the slower) "
        f"| {found['first']:.2f} s | {found['second']:.2f} s | {found['both']:.2f} s |"
    )


if __name__ == "__main__":
    main()
