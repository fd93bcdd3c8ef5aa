"""Real cargo, real rustc, real pytest: small workspaces, written where a test runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.python.interpreter import InterpreterError, load

from ..platforms.fetch_python import VERSIONS, find_newer_python, newer_directory

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator, Mapping

    from pytest_cpython_sys.python.interpreter import Interpreter

EXAMPLES = Path(__file__).parents[2] / "example_crate"

PACKAGE = '[package]\nname = "{}"\nversion = "0.1.0"\nedition = "2021"\n'
"""The manifest of a package, but for its name."""

SEE_METADATA = "*: not evaluated: see Cargo.toml::@metadata of the package `*`"
"""What each item says that a wrong table configures."""

# What a developer's own shell may hold, and what a test must not depend on.
_CLEARED = (
    "CARGO",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_DIR",
    "PYO3_PYTHON",
    "PYTEST_ADDOPTS",
    # Without their bytecode, pytest rewrites all modules of all plugins in each run.
    "PYTHONDONTWRITEBYTECODE",
    "PYTHON_BUILD_DIR",
    "PY_CC",
    "PY_CFLAGS",
    "PY_CPPFLAGS",
    "PY_GIL_DISABLED",
    "RUSTFLAGS",
    "RUST_BACKTRACE",
)


# Plugins that no test is about. Importing Hypothesis takes longer than all the rest of pytest.
UNUSED = ("hypothesispytest", "platformdirs", "pytest-subprocess")
# Tests of our own behaviour: what others do to it is the matter of test_company.
_OTHERS = (
    *("html", "html_fixtures", "metadata", "pytest-retry", "randomly", "reportlog"),
    *("rerunfailures", "run-parallel", "timeout"),
    *("allure_pytest", "flakefinder", "pytest-testmon", "repeat"),
)
_ALONE = " ".join(f"-p no:{name}" for name in (*_OTHERS, *UNUSED))

# pytester gives each test a home directory of its own: no place for a toolchain.
_HOMES = {
    name: os.environ.get(name) or str(Path.home() / directory)
    for name, directory in (("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup"))
}


@pytest.fixture(autouse=True)
def _clean_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "pytester" in request.fixturenames:
        request.getfixturevalue("pytester")  # it clears variables of its own
    for name in _CLEARED:
        monkeypatch.delenv(name, raising=False)
    for name, directory in _HOMES.items():
        monkeypatch.setenv(name, directory)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("PYTEST_ADDOPTS", _ALONE)
    # Debug information takes time to write and to link; no verdict follows from it.
    monkeypatch.setenv("CARGO_PROFILE_DEV_DEBUG", "0")


@pytest.fixture
def write(pytester: pytest.Pytester) -> Callable[[Mapping[str, str]], Path]:
    """Write files below the test's directory; a ``Cargo.toml`` may be just a package's name."""

    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = pytester.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.name == "Cargo.toml" and "[" not in text:
                text = PACKAGE.format(text)
            path.write_text(text, encoding="utf-8")
        return pytester.path

    return write


@pytest.fixture(scope="session")
def _built_pregenerated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pregenerated")
    source = EXAMPLES / "pregenerated"
    shutil.copytree(source, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("target"))
    return directory


@pytest.fixture
def pregenerated(pytester: pytest.Pytester, _built_pregenerated: Path) -> Path:
    """A copy of the workspace with checked-in bindings, where a test may change it."""
    shutil.copytree(_built_pregenerated, pytester.path, dirs_exist_ok=True)
    return pytester.path


@pytest.fixture(scope="session")
def example_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all tests of example_crate build. See the scheduler in tests/conftest.py."""
    return tmp_path_factory.mktemp("example-target")


@pytest.fixture(scope="session")
def pyo3_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all tests with a pyo3 crate build. See the scheduler in tests/conftest.py."""
    return tmp_path_factory.mktemp("pyo3-target")


def seed(target: Path, python: Interpreter) -> None:
    """Give a Python's build what another has compiled already: bindgen depends on no Python."""
    own = target / "cpython-sys" / f"{python.tag}-{python.fingerprint}" / "debug"
    others = [*target.glob("cpython-sys/*/debug"), *target.glob("debug")]
    if others and not own.exists():
        shutil.copytree(others[0], own, symlinks=True)


def find_program(name: str) -> str | None:
    """Return the path of a program of this environment's, or of the shell's."""
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    return shutil.which(name, path=path)


def installed_program(name: str) -> str:
    """Return the path of a program; skip without."""
    found = find_program(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def replace_once(path: Path, old: str, new: str) -> None:
    """Change the one place in a file where a text stands; keep rustc's mtime check awake."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")
    stamp = path.stat().st_mtime + 2
    os.utime(path, (stamp, stamp))


def outcomes(result: pytest.RunResult) -> dict[str, str]:
    """Return each item's id and outcome, out of ``-rA``."""
    found = {}
    for line in result.outlines:
        word, _, rest = line.partition(" ")
        if word in ("PASSED", "FAILED", "ERROR", "XFAIL") and "::" in rest:
            found[rest.partition(" - ")[0].strip()] = word.lower()
    return found


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run with the switch, the outcome of each item shown, and nothing kept for the next run."""
    return pytester.runpytest("--cpython-sys", "-rA", "-p", "no:cacheprovider", *arguments)


def is_running(words: str) -> bool:
    """Tell whether a process of this test is still there, five seconds later at most."""
    for _ in range(100):
        found = subprocess.run(["pgrep", "-f", words], capture_output=True, check=False)
        if not any(_is_ours(int(number)) for number in found.stdout.split()):
            return False
        time.sleep(0.05)
    return True


def _is_ours(process: int) -> bool:
    """Tell whether a process began in this test's directory, as far as the system says."""
    if not Path("/proc/self/cwd").exists():
        return True
    try:
        return Path(f"/proc/{process}/cwd").readlink().is_relative_to(Path.cwd())
    except OSError:  # it has ended
        return False


def interrupted(root: Path, number: signal.Signals, *arguments: str) -> bytes:
    """Send pytest a signal once a file `started` is there; return what pytest wrote."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--cpython-sys", "--junitxml=out.xml", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    deadline = time.monotonic() + 60
    while not (root / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (root / "started").exists()
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    return output


@pytest.fixture
def cargo_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Return what gives the first words of cargo's calls since it was last asked, sorted."""
    log = tmp_path / "calls"
    log.touch()
    proxy = tmp_path / "cargo"
    proxy.write_text(
        f'#!/bin/sh\necho "$1" >> {log}\nexec {shutil.which("cargo")} "$@"\n', encoding="utf-8"
    )
    proxy.chmod(0o755)
    monkeypatch.setenv("CARGO", str(proxy))

    def calls() -> list[str]:
        words = sorted(log.read_text(encoding="utf-8").split())
        log.write_text("", encoding="utf-8")
        return words

    return calls


def _candidates(version: str) -> Iterator[str]:
    if version == sysconfig.get_python_version():
        yield sys.executable
    found = shutil.which(f"python{version}")
    if found:
        yield found
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(root.glob(f"versions/{version}.*/bin/python")))
    fetched = find_newer_python(version)
    if fetched is not None:
        yield str(fetched)


def python_with_headers(version: str) -> Interpreter:
    """Return an installed Python of a minor version; skip the test if there is none."""
    for path in _candidates(version):
        try:
            interpreter = load(path)
        except InterpreterError:
            continue
        if interpreter.version.startswith(version + ".") and any(
            (Path(directory) / "Python.h").is_file() for directory in interpreter.include_dirs
        ):
            return interpreter
    hint = ""
    if version in VERSIONS:
        hint = f", nor in {newer_directory()}: run `python -m tests.platforms.fetch_python`"
    pytest.skip(f"no Python {version} with headers on this machine{hint}")
