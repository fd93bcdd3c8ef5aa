"""Python files that import a module which nobody has installed: what is said, and what still runs.

Nothing is built for them here (``cpython_sys_extensions = "off"``), so that no crate needs pyo3.
"""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

OFF = "[pytest]\ncpython_sys_extensions = off\ncpython_sys_policies = off\n"
MANIFEST = """
[package]
name = "ham-native"
version = "0.1.0"
edition = "2021"
[lib]
crate-type = ["cdylib", "rlib"]
"""
MATURIN = """
[build-system]
requires = ["maturin>=1.9.4,<2"]
build-backend = "maturin"
[project]
name = "ham"
version = "0.1.0"
[tool.maturin]
module-name = "ham._native"
bindings = "pyo3"
python-source = "python"
"""
SETUPTOOLS_RUST = """
[build-system]
requires = ["setuptools", "setuptools-rust"]
build-backend = "setuptools.build_meta"
[project]
name = "ham"
version = "0.1.0"
[[tool.setuptools-rust.ext-modules]]
target = "ham._native"
"""
SETUP = """
from setuptools import setup
from setuptools_rust import Binding, RustExtension
setup(
    name="ham",
    packages=["ham"],
    rust_extensions=[RustExtension("ham._native", "Cargo.toml", binding=Binding.PyO3)],
)
"""
SOURCE = "pub fn f() {}\n#[test] fn ok() {}\n"
PACKAGE = {
    "Cargo.toml": MANIFEST,
    "pytest.ini": OFF,
    "src/lib.rs": SOURCE,
    "python/ham/__init__.py": "from . import _native\n",
    "tests/test_ham.py": "import ham\ndef test_ham(): pass\n",
    "tests/test_other.py": "def test_other(): pass\n",
}
WITH_MATURIN = {**PACKAGE, "pyproject.toml": MATURIN}
MISSED = "ham._native, the extension module of ham-native, is not installed:"
AUTO = '    to let pytest build it, set cpython_sys_extensions = "auto"'
REST = "no test ran: add --continue-on-collection-errors to run the tests that were collected"


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def hints(result: pytest.RunResult) -> list[str]:
    """Return what is said of a missing module."""
    lines = itertools.dropwhile(lambda line: not line.startswith("ham._native"), result.outlines)
    found = [*itertools.islice(lines, 1)]
    found += itertools.takewhile(lambda line: line.startswith("    "), lines)
    assert all(len(line) <= 80 for line in found)
    return found


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"pyproject.toml": MATURIN}, "maturin develop"),
        ({"pyproject.toml": SETUPTOOLS_RUST}, "pip install -e ."),
        ({"setup.py": SETUP}, "pip install -e ."),
    ],
    ids=["maturin", "setuptools-rust", "setup.py"],
)
@pytest.mark.parametrize(
    "code",
    [
        "import ham",
        "import ham._native",
        "from ham import _native",
        "from ham._native import add",
    ],
)
def test_the_way_of_the_build_backend(
    pytester: pytest.Pytester,
    write: Write,
    workers: list[str],
    files: dict[str, str],
    command: str,
    code: str,
) -> None:
    """The package is found in none of these, or in one without the module."""
    write({**PACKAGE, **files, "tests/test_ham.py": f"{code}\ndef test_ham(): pass\n"})
    result = run(pytester, *workers)
    assert hints(result) == [MISSED, f"    to install it, run `{command}`", AUTO]
    # Workers of pytest-xdist run what they have.
    assert (REST in result.outlines) == ("passed" not in result.parseoutcomes()) == (not workers)


@pytest.mark.parametrize(
    "code", ["from . import _native", "from ._native import f", "import ham._native as native"]
)
def test_a_package_that_imports_the_module(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """Python speaks of a circular import: the package is found, and the module in it is not."""
    write({**WITH_MATURIN, "python/ham/__init__.py": f"{code}\n"})
    monkeypatch.setenv("PYTHONPATH", str(pytester.path / "python"))
    result = run(pytester)
    assert hints(result) == [MISSED, "    to install it, run `maturin develop`", AUTO]
    assert REST in result.outlines
    rest = run(pytester, "--continue-on-collection-errors")
    assert outcomes(rest) == {
        "src/lib.rs::ok": "passed",
        "tests/test_other.py::test_other": "passed",
    }
    rest.stdout.fnmatch_lines([MISSED])
    rest.stdout.no_fnmatch_line(REST)


def test_tests_beside_the_crate(pytester: pytest.Pytester, write: Write) -> None:
    """A directory of Python tests alone, of a project whose crate lies elsewhere in it."""
    files = {name: text for name, text in PACKAGE.items() if not name.startswith(("Car", "src"))}
    manifest = MATURIN + 'manifest-path = "rust/native/Cargo.toml"\n'
    rust = {"rust/native/Cargo.toml": MANIFEST, "rust/native/src/lib.rs": SOURCE}
    project = {**files, **rust, "pyproject.toml": manifest}
    root = write(
        {f"project/{name}": text for name, text in project.items() if name != "pytest.ini"}
    )
    write({"pytest.ini": OFF})
    result = run(pytester, "project/tests")
    assert hints(result) == [MISSED, "    to install it, run `maturin develop` in project", AUTO]
    result.stdout.no_fnmatch_line("*no cargo package*")
    (root / "project" / "tests" / "test_ham.py").unlink()
    result = run(pytester, "project/tests", "-W", "error")
    assert result.parseoutcomes() == {"passed": 1}
    assert not hints(result)


def test_no_word_of_what_is_not_missing(pytester: pytest.Pytester, write: Write) -> None:
    """Other modules are missing, and other names; one run ends all the same."""
    write(
        {
            **WITH_MATURIN,
            "tests/test_ham.py": "import no_such_module\n",
            "tests/test_more.py": "from os import hamster\n",
        }
    )
    result = run(pytester)
    assert not hints(result)
    result.stdout.fnmatch_lines([REST])


@pytest.mark.parametrize("where", ["", "tests/"])
def test_a_conftest_that_imports_the_package(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """pytest ends before anything is collected, with the words of the conftest."""
    write({**WITH_MATURIN, f"{where}conftest.py": "import ham\n"})
    monkeypatch.setenv("PYTHONPATH", str(pytester.path / "python"))
    result = run(pytester, *(["tests"] if where else []))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    lines = [line.removeprefix("E   ") for line in result.stderr.lines]
    start = lines.index(MISSED)
    rest = "to run the Rust tests anyway, add --noconftest --continue-on-collection-errors"
    assert lines[start : start + 4] == [
        MISSED,
        "    to install it, run `maturin develop`",
        AUTO,
        rest,
    ]
    assert not any("Traceback" in line for line in result.stderr.lines)
    alone = run(pytester, *rest.split()[-2:])
    assert outcomes(alone)["src/lib.rs::ok"] == "passed"
    # Without the plugin these are pytest's words alone.
    plain = pytester.runpytest(*(["tests"] if where else []))
    plain.stderr.no_fnmatch_line(f"*{MISSED}")


def test_a_wheel_for_another_python(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = f"_native.cpython-3{sys.version_info.minor + 1}-x86_64-linux-gnu.so"
    info = "site/ham-0.1.0.dist-info"
    write(
        {
            **WITH_MATURIN,
            "pytest.ini": OFF,
            "site/ham/__init__.py": "from . import _native\n",
            f"site/ham/{other}": "",
            f"{info}/METADATA": "Metadata-Version: 2.1\nName: ham\nVersion: 0.1.0\n",
            f"{info}/RECORD": f"ham/__init__.py,,\nham/{other},,\n",
        }
    )
    monkeypatch.setenv("PYTHONPATH", str(pytester.path / "site"))
    result = run(pytester)
    assert hints(result) == [
        "ham._native is installed for another Python:",
        f"    {other}",
        "    to install it, run `pip install .`",
    ]


LIBRARY = """
use pyo3::prelude::*;

#[pymodule]
fn _native(_: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}

#[test]
fn ok() {}
"""


def test_with_pyo3_it_is_built_or_said(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, pyo3_target: Path
) -> None:
    """The package imports the module; nothing is installed."""
    monkeypatch.setenv("CARGO_TARGET_DIR", str(pyo3_target))
    manifest = f'{MANIFEST}[dependencies]\npyo3 = "0.29"\n'
    write({**WITH_MATURIN, "Cargo.toml": manifest, "src/lib.rs": LIBRARY})
    monkeypatch.setenv("PYTHONPATH", str(pytester.path / "python"))
    off = run(pytester)
    assert off.ret == pytest.ExitCode.INTERRUPTED
    off.stdout.fnmatch_lines(["*cannot import name '_native' from partially initialized*"])
    assert hints(off) == [MISSED, "    to install it, run `maturin develop`", AUTO]
    built = run(pytester, "-ocpython_sys_extensions=auto")
    assert built.parseoutcomes() == {"passed": 3}
    assert "ham._native: built from ham-native (not installed)" in built.outlines
    assert MISSED not in built.outlines
