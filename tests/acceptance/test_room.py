"""What builds leave on the disk: shared where they are the same, removed where nobody uses it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import PACKAGE, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Write = Callable[[Mapping[str, str]], Path]

# A crate of this name is what asks for a libclang; its build script runs again as the real one's.
CLANG_SYS = {
    "Cargo.toml": PACKAGE.format("c") + '[dependencies]\nclang-sys = { path = "clang-sys" }\n',
    "src/lib.rs": "#[test] fn ok() {}\n",
    "clang-sys/Cargo.toml": "clang-sys",
    "clang-sys/src/lib.rs": "",
    "clang-sys/build.rs": """
use std::{env, fs, io::Write};
fn main() {
    println!("cargo:rerun-if-env-changed=LIBCLANG_PATH");
    let path = env::var("LIBCLANG_PATH").unwrap();
    let mut file = fs::OpenOptions::new().create(true).append(true).open("../runs").unwrap();
    writeln!(file, "{} {}", path, fs::canonicalize(&path).unwrap().display()).unwrap();
}
""",
}


def wheel(site: Path) -> Path:
    """Install something in a directory as `libclang-ng` would be there."""
    native = site / "clang" / "native"
    (native / "resource" / "include").mkdir(parents=True)
    for name in ("__init__.py", "native/__init__.py", "native/libclang.so"):
        (site / "clang" / name).write_text("", encoding="utf-8")
    (native / "resource" / "include" / "stddef.h").touch()
    return native


def run_with(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--cpython-sys", "-v", *arguments],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_environments_with_one_libclang_compile_once(write: Write, tmp_path: Path) -> None:
    if any(Path("/usr/lib").rglob("libclang[-.]*so*")):
        pytest.skip("the system's own libclang comes first")
    root = write(CLANG_SYS)
    one, two = tmp_path / "one", tmp_path / "two"
    native = wheel(one)
    wheel(two)

    first = run_with(one)
    assert "1 passed" in first.stdout
    assert "1 passed" in run_with(two).stdout
    shutil.rmtree(one)
    assert "1 passed" in run_with(two).stdout

    (line,) = (root / "runs").read_text(encoding="utf-8").splitlines()
    named, real = line.split()
    assert real == os.path.realpath(native)
    assert f"LIBCLANG_PATH={named}" in first.stdout, "what is shown is what cargo got"


def old(directory: Path) -> None:
    moment = time.time() - 31 * 24 * 60 * 60
    for parent, directories, files in os.walk(directory):
        for name in (".", *directories, *files):
            os.utime(os.path.join(parent, name), (moment, moment))


def test_directories_that_nobody_uses_are_removed(pytester: pytest.Pytester, write: Write) -> None:
    root = write(
        {
            "Cargo.toml": PACKAGE.format("c") + '[dependencies]\npyo3-ffi = { path = "ffi" }\n',
            "src/lib.rs": "#[test] fn ok() {}\n",
            "ffi/Cargo.toml": "pyo3-ffi",
            "ffi/src/lib.rs": "",
        }
    )
    run(pytester).assert_outcomes(passed=1)
    (used,) = (root / "target/cpython-sys").iterdir()
    unused = root / "target/cpython-sys/cp308-00000000"
    shutil.copytree(used, unused)
    old(unused)

    result = run(pytester, "--cpython-sys-clean")
    assert result.ret == 0
    result.stdout.re_match_lines(
        [
            r"removed target/cpython-sys/cp308-00000000: \d+ [kM]B, last used on \d{4}-\d\d-\d\d$",
            r"kept 4 directories that a run used in the last 30 days: \d+ [kM]B$",
            r"freed \d+ [kM]B$",
        ],
        consecutive=True,
    )
    assert not unused.exists()
    assert list((root / "target/cpython-sys").iterdir()) == [used]

    again = run(pytester, "--cpython-sys-clean")
    assert again.outlines[-1] == "freed 0 bytes"
    assert again.ret == 0
    run(pytester).assert_outcomes(passed=1)


def test_where_cargo_is_at_work_stays(pytester: pytest.Pytester, write: Write) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": "#[test] fn ok() {}\n"})
    lock = root / "target/cpython-sys/cp308-00000000/debug/.cargo-lock"
    lock.parent.mkdir(parents=True)
    (lock.parents[1] / "CACHEDIR.TAG").touch()
    lock.touch()
    old(lock.parents[1])
    with lock.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        result = run(pytester, "--cpython-sys-clean")
    assert result.outlines[-2:] == [
        "kept target/cpython-sys/cp308-00000000: cargo is using it",
        "freed 0 bytes",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is refused to root")
def test_what_cannot_be_removed_is_said(pytester: pytest.Pytester, write: Write) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": "#[test] fn ok() {}\n"})
    directory = root / "target/cpython-sys/cp308-00000000"
    directory.mkdir(parents=True)
    (directory / "CACHEDIR.TAG").touch()
    old(directory)
    directory.parent.chmod(0o555)
    try:
        result = run(pytester, "--cpython-sys-clean")
    finally:
        directory.parent.chmod(0o755)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["cannot remove target/cpython-sys/cp308-00000000: Permission *"])


def test_cleaning_needs_a_package(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--cpython-sys-clean")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    line = "ERROR: --cpython-sys-clean: no cargo package found: give the directory of one"
    result.stderr.fnmatch_lines([line])
