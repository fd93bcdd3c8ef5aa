"""However a run of unittest ends, nothing that it started is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from .bridge import MODULE, REPOSITORY, outcomes_of, run_unittest
from .conftest import is_running

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

HANGS = """
#[test] fn a_fails() { panic!("at once") }
#[test] fn b_hangs() {
    std::fs::write("started", "").unwrap();
    let mut child = std::process::Command::new("sleep").arg("62.75").spawn().unwrap();
    child.wait().unwrap();
}
#[test] fn c_hangs() { std::thread::sleep(std::time::Duration::from_secs(300)); }
"""


def interrupt_unittest(root: Path) -> None:
    """Send SIGINT once there is a file ``started``, and wait for the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "unittest", "-v", "test_rust"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while not (root / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (root / "started").exists()
    process.send_signal(signal.SIGINT)
    process.wait(30)


def test_ctrl_c_leaves_no_process_behind(write: Write) -> None:
    root = write({"test_rust.py": MODULE, "Cargo.toml": "c", "src/lib.rs": HANGS})
    interrupt_unittest(root)
    assert not is_running("sleep 62.75")
    assert not is_running(f"{root}/target/debug/deps/")


def test_ctrl_c_ends_a_build(write: Write) -> None:
    build = (
        "fn main() {\n"
        '    std::fs::write("started", "").unwrap();\n'
        '    std::process::Command::new("sleep").arg("64.25").status().unwrap();\n'
        "}\n"
    )
    root = write(
        {
            "test_rust.py": MODULE,
            "Cargo.toml": "c",
            "build.rs": build,
            "src/lib.rs": "#[test] fn t() {}\n",
        }
    )
    interrupt_unittest(root)
    assert not is_running("sleep 64.25")


def test_failfast_ends_what_runs(write: Write) -> None:
    root = write({"test_rust.py": MODULE, "Cargo.toml": "c", "src/lib.rs": HANGS})
    done = run_unittest(root, "-f")
    assert outcomes_of(done.stdout) == {"src/lib.rs::a_fails": "fail"}
    assert not is_running(f"{root}/target/debug/deps/")
