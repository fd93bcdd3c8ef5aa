"""People type `cargo test` and `pytest` in turns: going back and forth compiles nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.python.interpreter import current
from pytest_cpython_sys.python.libclang import find_libclang

from .conftest import EXAMPLES, installed_program, seed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

COMPILED = re.compile(r"^ +Compiling (\S+)", re.MULTILINE)


def cargo(root: Path) -> list[str]:
    """Build with cargo alone; return the crates that were compiled."""
    done = subprocess.run(
        ["cargo", "test", "--no-run"], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return COMPILED.findall(done.stderr)


class Recorder:
    """Keeps what cargo compiled under pytest: a cargo that writes down its standard error."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._log = tmp_path / "cargo.log"
        proxy = tmp_path / "bin" / "cargo"
        proxy.parent.mkdir()
        proxy.write_text(
            f'#!/bin/sh\nexec {shutil.which("cargo")} "$@" 2>>"{self._log}"\n', encoding="utf-8"
        )
        proxy.chmod(0o755)
        self._proxy = str(proxy)
        self._monkeypatch = monkeypatch

    def compiled(self, pytester: pytest.Pytester) -> list[str]:
        self._log.write_text("", encoding="utf-8")
        with self._monkeypatch.context() as patch:
            patch.setenv("CARGO", self._proxy)
            result = pytester.runpytest("--cpython-sys", "-p", "no:cacheprovider")
        assert result.ret == 0, result.stdout.str()
        text = self._log.read_text(encoding="utf-8")
        return re.findall(r"Compiling (\S+) v", text)


def in_turns(pytester: pytest.Pytester, root: Path, recorder: Recorder) -> list[list[str]]:
    """Return what was compiled after the first round."""
    cargo(root)
    recorder.compiled(pytester)
    return [step for _ in range(2) for step in (cargo(root), recorder.compiled(pytester))]


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    return Recorder(tmp_path, monkeypatch)


def test_pregenerated(pytester: pytest.Pytester, pregenerated: Path, recorder: Recorder) -> None:
    assert in_turns(pytester, pregenerated, recorder) == [[], [], [], []]
    # Nothing is added to its environment, so it shares cargo's own directory.
    assert not (pregenerated / "target" / "cpython-sys").exists()


def test_example_crate(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    recorder: Recorder,
    example_target: Path,
) -> None:
    monkeypatch.setenv("CARGO_TARGET_DIR", str(example_target))
    shutil.copytree(
        EXAMPLES,
        pytester.path,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("target", "mixed", "pregenerated"),
    )
    libclang = find_libclang(os.environ)
    assert libclang is not None, "install the extra `bindgen`"
    for name, value in libclang.environment:
        monkeypatch.setenv(name, value)
    # Plain cargo asks `python3`, pytest is asked of the Python that runs it.
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable), prepend=os.pathsep)
    cargo(pytester.path)
    seed(example_target, current())
    assert in_turns(pytester, pytester.path, recorder) == [[], [], [], []]
    assert (example_target / "cpython-sys").is_dir()


def test_a_pyo3_crate(
    pytester: pytest.Pytester,
    write: Write,
    recorder: Recorder,
    pyo3_target: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CARGO_TARGET_DIR", str(pyo3_target))
    root = write(
        {
            "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
            '[dependencies]\npyo3 = { version = "0.29", features = ["auto-initialize"] }\n',
            "src/lib.rs": """
use pyo3::prelude::*;
#[pyfunction]
fn double(x: i64) -> i64 { x * 2 }
#[pymodule]
fn c(m: &Bound<'_, PyModule>) -> PyResult<()> { m.add_function(wrap_pyfunction!(double, m)?) }
#[cfg(test)]
mod tests {
    #[test] fn doubles() { assert_eq!(super::double(4), 8); }
}
""",
        }
    )
    assert in_turns(pytester, root, recorder) == [[], [], [], []]


def test_maturin_takes_turns(
    pytester: pytest.Pytester,
    write: Write,
    recorder: Recorder,
    pyo3_target: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It gives pyo3's build script other variables than cargo does; each compiles its own."""
    maturin = installed_program("maturin")
    monkeypatch.setenv("CARGO_TARGET_DIR", str(pyo3_target))
    root = write(
        {
            "Cargo.toml": '[package]\nname = "turns"\nversion = "0.1.0"\nedition = "2021"\n'
            '[lib]\ncrate-type = ["cdylib", "rlib"]\n[dependencies]\npyo3 = "0.29"\n',
            "pyproject.toml": '[build-system]\nrequires = ["maturin"]\nbuild-backend = "maturin"\n'
            '[project]\nname = "turns"\nversion = "0.1.0"\n',
            "src/lib.rs": "#[pyo3::pymodule]\nmod turns {}\n#[test] fn ok() {}\n",
        }
    )
    wheels = str(pytester.path / "wheels")
    build = [maturin, "build", "-q", "--profile=dev", "-i", sys.executable, "--out", wheels]
    found = []
    for _ in range(2):
        subprocess.run(build, cwd=root, check=True, capture_output=True)
        found.append(recorder.compiled(pytester))
        cargo(root)
        found.append(recorder.compiled(pytester))
    assert "turns" in found[0]
    assert found[1:] == [[], [], []]


def test_what_the_shell_has_already_is_not_added(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(
        {
            "Cargo.toml": '[package]\nname = "cpython-sys"\nversion = "0.1.0"\n',
            "src/lib.rs": "#[test] fn ok() {}\n",
        }
    )
    result = pytester.runpytest("--cpython-sys")
    result.stdout.fnmatch_lines(["added to cargo's environment: PYTHON_BUILD_DIR, PY_CC, *"])
    for name, value in current().build_environment().items():
        monkeypatch.setenv(name, value)
    shutil.rmtree(root / "target")
    result = pytester.runpytest("--cpython-sys")
    result.stdout.no_fnmatch_line("added to cargo's environment*")
    assert not (root / "target" / "cpython-sys").exists()
