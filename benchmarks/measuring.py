"""Code that the benchmarks share: the environment that they run in, and timing of commands.

The environment is a separate virtual environment with the wheel of this repository, pytest and
pytest-xdist, and no other plugin, because importing a developer's other plugins takes longer than
what is measured. It is in ``.cache`` of the repository, and is created again if the sources change.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "pytest_cpython_sys"

_HOME = REPOSITORY / ".cache" / "benchmarks"
# What changes how tests run or what is written, and what a shell may have set.
_DROPPED = ("PYTEST_", "PYTHON", "RUST_", "CARGO_TARGET", "VIRTUAL_ENV")


class Sample(NamedTuple):
    """What one run took: seconds, processor seconds of all processes, peak memory in 10**6 bytes.

    The peak is that of the largest process.
    """

    wall: float
    processor: float
    memory: float


def _fingerprint() -> str:
    sources = sorted(path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".pth"))
    digest = hashlib.sha1(sys.version.encode(), usedforsecurity=False)
    for path in (REPOSITORY / "pyproject.toml", *sources):
        digest.update(f"{path.relative_to(REPOSITORY)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


@functools.cache
def environment() -> Path:
    """Return the Python of the environment; make it if the sources have changed."""
    root = _HOME / _fingerprint()
    python = root / "bin" / "python"
    if (root / "complete").exists():
        return python
    print(f"creating the environment {root}", file=sys.stderr, flush=True)
    shutil.rmtree(_HOME, ignore_errors=True)
    venv.create(root, symlinks=True, with_pip=True)
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    for words in (
        ["wheel", "--no-deps", "--wheel-dir", str(root), str(REPOSITORY)],
        ["install", "pytest", "pytest-xdist"],
    ):
        subprocess.run([*pip, *words], env=clean_environment(), check=True)
    (wheel,) = root.glob("*.whl")
    # bindgen's libclang, for a checkout of CPython: no plugin, nothing imports it.
    words = ["install", f"{wheel}[bindgen]"]
    subprocess.run([*pip, *words], env=clean_environment(), check=True)
    (root / "complete").touch()
    return python


def site_packages() -> Path:
    """Return where the environment's packages lie."""
    (found,) = environment().parents[1].glob("lib/python*/site-packages")
    return found


def clean_environment() -> dict[str, str]:
    """Return the variables of the shell, without what changes how commands run."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}


def pytest_command(*arguments: str) -> list[str]:
    """Return a quiet pytest of the environment."""
    return [str(environment()), "-m", "pytest", "-q", *arguments]


def run(
    command: Sequence[str], cwd: Path, more: Mapping[str, str] | None = None, *, ends: str = "0145"
) -> Sample:
    """Time a command with all that it starts; ``more`` is added to its variables.

    ``ends``: the exit codes that it may have.
    """
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**clean_environment(), **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        _, status, usage = os.wait4(process.pid, 0)
        taken = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if str(process.returncode) not in ends:
            output.seek(0)
            words = output.read().decode(errors="replace")
            sys.exit(f"{command} ended with {process.returncode} in {cwd}:\n{words}")
    return Sample(taken, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def seconds(command: Sequence[str], cwd: Path, more: Mapping[str, str] | None = None) -> float:
    """Return how long a command takes; any exit code of tests and of no tests will do."""
    return run(command, cwd, more).wall


def in_turns(tasks: Mapping[str, Callable[[], Sample]], rounds: int) -> list[dict[str, Sample]]:
    """Run all tasks once, so that they are warm, and then in turns; return what each round took.

    A machine that slows down slows all of them.
    """
    for task in tasks.values():
        task()
    return [{name: task() for name, task in tasks.items()} for _ in range(rounds)]


def medians(tasks: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Run all tasks in turns; return the median of each."""
    for task in tasks.values():
        task()  # warm
    found = [{name: task() for name, task in tasks.items()} for _ in range(rounds)]
    return {name: statistics.median(taken[name] for taken in found) for name in tasks}


def machine() -> str:
    """Return one line of what the figures were taken on."""
    model = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    code = "import pytest; print(pytest.__version__)"
    pytest = subprocess.check_output([environment(), "-c", code], text=True).strip()
    rustc = subprocess.check_output(["rustc", "--version"], text=True).split()[1]
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, pytest {pytest}, rustc {rustc}; load before: {load}"
    )
