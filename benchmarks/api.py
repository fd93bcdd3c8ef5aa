"""Measures how long the rules of an API crate take, beyond a run without them.

    python benchmarks/api.py [--rounds 5]

A crate of 5,000 lines is generated next to one that declares C functions, and built once. In a cold
run the plugin has no output of rustc and rustdoc from an earlier run. The runs take turns. Prints a
Markdown table of medians: wall-clock seconds, and processor seconds, which depend less on the load
of the machine.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PACKAGE = '[package]\nname = "{}"\nversion = "0.1.0"\nedition = "2021"\n'
RULES = """
[dependencies]
sys = { path = "../sys", package = "spam-sys" }
[package.metadata.cpython-sys.api]
capability = ["ThreadContext"]
ffi-module = "c_api"
catch-unwind = ["c_api::guard"]
not-send = ["ThreadContext"]
must-use = ["PyErrRaised"]
no-mut-ref = ["PyAny"]
"""
SYS = """
#[repr(C)] pub struct PyObject { pub count: isize }
extern "C" { pub fn PyObject_Repr(object: *mut PyObject) -> *mut PyObject; }
"""
LIB = """
use std::marker::PhantomData;
pub struct ThreadContext<'a>(PhantomData<&'a *mut ()>);
pub struct PyAny(());
#[must_use] pub struct PyErrRaised(());
pub mod c_api {
    pub unsafe fn repr(o: *mut sys::PyObject) -> *mut sys::PyObject { sys::PyObject_Repr(o) }
    pub fn guard<R>(f: impl FnOnce() -> R) -> R { f() }
}
"""
TYPE = """
/// A type.
pub struct Type{number} {{
    pub name: String,
    pub object: *mut sys::PyObject,
    items: Vec<usize>,
}}

impl Type{number} {{
    /// Makes one.
    pub fn new(name: &str, _: &ThreadContext<'_>) -> Result<Self, PyErrRaised> {{
        let object = unsafe {{ crate::c_api::repr(std::ptr::null_mut()) }};
        Ok(Self {{ name: name.to_string(), object, items: vec![1, 2, {number}] }})
    }}

    pub fn total(&self) -> usize {{
        self.items.iter().map(|x| x * 2).filter(|x| x % 3 != 0).sum::<usize>() + self.name.len()
    }}
}}
"""
FILES, TYPES = 10, 26
KEPT = "target/cpython-sys-cache/api"


def generate(root: Path) -> int:
    """Write the workspace; return how many lines the crate has."""
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["sys", "api"]\nresolver = "2"\n',
        "sys/Cargo.toml": PACKAGE.format("spam-sys"),
        "sys/src/lib.rs": SYS,
        "api/Cargo.toml": PACKAGE.format("spam-api") + RULES,
        "api/src/lib.rs": LIB + "".join(f"pub mod part{number};\n" for number in range(FILES)),
    }
    code = "".join(TYPE.format(number=number) for number in range(TYPES))
    for number in range(FILES):
        files[f"api/src/part{number}.rs"] = f"use crate::{{PyErrRaised, ThreadContext}};\n{code}"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sum(text.count("\n") for name, text in files.items() if name.startswith("api/src"))


def timed(root: Path, *more: str) -> tuple[float, float]:
    """Return seconds and seconds of processor time of a run."""
    command = [sys.executable, "-m", "pytest", "--cpython-sys", "-q", "-p", "no:cacheprovider"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run([*command, *more], cwd=root, capture_output=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 5):
        raise SystemExit(done.stdout.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, spent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    cells: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        lines = generate(root)
        timed(root)
        for _ in range(options.rounds):
            off = timed(root, "--cpython-sys-policies=off")
            cells.setdefault("no rules", []).append(off)
            shutil.rmtree(root / KEPT, ignore_errors=True)
            cells.setdefault("rules, cold", []).append(timed(root))
            cells.setdefault("rules, warm", []).append(timed(root))
    print(f"{lines} lines")
    print("| run | s | more than without rules | processor s | more than without rules |")
    print("|---|---:|---:|---:|---:|")
    medians = {
        name: [statistics.median(column) for column in zip(*times, strict=True)]
        for name, times in cells.items()
    }
    seconds, spent = medians["no rules"]
    for name, (mine, own) in medians.items():
        more = ("", "") if name == "no rules" else (f"{mine - seconds:+.2f}", f"{own - spent:+.2f}")
        print(f"| {name} | {mine:.2f} | {more[0]} | {own:.2f} | {more[1]} |")


if __name__ == "__main__":
    main()
