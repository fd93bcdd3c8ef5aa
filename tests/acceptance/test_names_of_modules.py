"""Modules and Pythons by their names, with a real pyo3: one rule for both kinds of tests.

An ``@module`` item and the fixture ``rust_extension`` import a module under the same name.
"""

from __future__ import annotations

import os
import re
import shutil
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.cargo import Cargo
from pytest_cpython_sys.extensions.manifests import told
from pytest_cpython_sys.python.interpreter import current

from .conftest import installed_program, outcomes, python_with_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Write = Callable[[Mapping[str, str]], Path]

MANIFEST = """
[package]
name = "ham-native"
version = "0.1.0"
edition = "2021"
[lib]
name = "ham_native"
crate-type = ["cdylib", "rlib"]
[dependencies]
pyo3 = "0.29"
[dev-dependencies]
pyo3 = { version = "0.29", features = ["auto-initialize"] }
"""
LIBRARY = """
use pyo3::prelude::*;

#[pyfunction]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

#[pymodule]
fn NAME(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(add, m)?)
}

#[test]
fn adds() {
    assert_eq!(add(2, 3), 5);
}
"""
BUILD = '[build-system]\nrequires = []\nbuild-backend = "{}"\n[project]\nname = "ham"\n'
MATURIN = BUILD.format("maturin") + 'version = "0.1.0"\n[tool.maturin]\n'
SETUPTOOLS = BUILD.format("setuptools.build_meta") + "[[tool.setuptools-rust.ext-modules]]\n"


def crate(name: str, directory: str = "") -> dict[str, str]:
    """A crate that makes one module, in a directory of the project."""
    return {
        os.path.join(directory, "Cargo.toml"): MANIFEST,
        os.path.join(directory, "src/lib.rs"): LIBRARY.replace("NAME", name),
    }


def python_test(name: str, around: str = "") -> dict[str, str]:
    """A Python test that imports the module with the fixture; then what is around it."""
    lines = [f"import {around}", f"assert {around}.add(2, 3) == 5"] if around else []
    more = "".join(f"\n    {line}" for line in lines)
    return {
        "tests/test_python.py": f"""
def test_add(rust_extension):
    module = rust_extension("ham-native")
    assert (module.__name__, module.add(2, 3)) == ({name!r}, 5){more}
"""
    }


@pytest.fixture(autouse=True)
def _shell(monkeypatch: pytest.MonkeyPatch, pyo3_target: Path) -> None:
    monkeypatch.setenv("CARGO_TARGET_DIR", str(pyo3_target))
    for name in ("LIBRARY_PATH", "PYO3_BUILD_EXTENSION_MODULE", "PYTHONHOME", "VIRTUAL_ENV"):
        monkeypatch.delenv(name, raising=False)


def passed(pytester: pytest.Pytester, directory: str = "") -> None:
    """Run all; the module must be imported by the item and by the fixture."""
    result = pytester.runpytest("--cpython-sys", "-rA", "-p", "no:cacheprovider")
    found = outcomes(result)
    assert found.pop("tests/test_python.py::test_add") == "passed"
    assert found.pop(os.path.join(directory, "src/lib.rs::@module::imports")) == "passed"
    assert set(found.values()) == {"passed"}
    assert result.ret == 0


# -- names and places --------------------------------------------------------------------------


def test_a_module_of_another_name_than_its_crate(pytester: pytest.Pytester, write: Write) -> None:
    """Nobody says how it is called but the library itself."""
    write({**crate("_native"), **python_test("_native")})
    passed(pytester)


@pytest.mark.parametrize("backend", ["maturin", "setuptools-rust"])
def test_a_crate_three_folders_below(pytester: pytest.Pytester, write: Write, backend: str) -> None:
    directory = "rust/bindings/native"
    text = {
        "maturin": f'{MATURIN}manifest-path = "{directory}/Cargo.toml"\n'
        'module-name = "ham._native"\npython-source = "python"\n',
        "setuptools-rust": f'{SETUPTOOLS}target = "ham._native"\npath = "{directory}/Cargo.toml"\n'
        '[tool.setuptools]\npackage-dir = { "" = "python" }\n',
    }[backend]
    write(
        {
            **crate("_native", directory),
            **python_test("ham._native", "ham"),
            "pyproject.toml": text,
            "python/ham/__init__.py": "from ._native import add\n",
        }
    )
    passed(pytester, directory)


def test_a_script_names_the_module(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            **crate("_native", "rust"),
            **python_test("ham._native", "ham"),
            "setup.py": "from setuptools import setup\nfrom setuptools_rust import RustExtension\n"
            'setup(name="ham", package_dir={"": "lib"}, rust_extensions=['
            'RustExtension("ham._native", path="rust/Cargo.toml")])\n',
            "lib/ham/__init__.py": "from ._native import add\n",
        }
    )
    passed(pytester, "rust")


def test_a_namespace_package(pytester: pytest.Pytester, write: Write) -> None:
    """There is no ``__init__.py`` beside the module, and none above."""
    target = 'target = "namespace_package.rust"\n'
    packages = '[tool.setuptools.packages.find]\nwhere = ["python"]\n'
    write(
        {
            **crate("rust"),
            **python_test("namespace_package.rust", "namespace_package.python"),
            "pyproject.toml": SETUPTOOLS + target + packages,
            "python/namespace_package/python/__init__.py": "from ..rust import add\n",
        }
    )
    passed(pytester)


def test_a_manifest_that_names_another_module(pytester: pytest.Pytester, write: Write) -> None:
    """What is exported counts; where it differs from what was said, both are named."""
    write(
        {
            **crate("other"),
            **python_test("other"),
            "pyproject.toml": MATURIN + 'module-name = "ham._native"\n',
            "ham/__init__.py": "",
        }
    )
    result = pytester.runpytest("--cpython-sys", "-rAP", "-p", "no:cacheprovider")
    assert outcomes(result)["src/lib.rs::@module::imports"] == "passed"
    result.stdout.fnmatch_lines(
        ["pyproject.toml names ham._native, but libham_native.so exports PyInit_other: write one *"]
    )


# -- what maturin makes of it ------------------------------------------------------------------

PYO3 = '[package]\nname = "pyo3"\nversion = "0.29.0"\nedition = "2021"\n'
BARE = '[package]\nname = "ham-crate"\nversion = "0.1.0"\nedition = "2021"\n'
BARE += '[lib]\ncrate-type = ["cdylib"]\nLIB[dependencies]\npyo3 = { path = "PATH" }\n'


@pytest.mark.parametrize(
    ("settings", "library", "files", "manifest"),
    [
        ("", 'name = "ham"\n', (), "Cargo.toml"),
        ("", 'name = "ham"\n', ("ham/__init__.py",), "Cargo.toml"),
        ("", "", (), "Cargo.toml"),
        ("", "", ("src/spam/__init__.py",), "rust/Cargo.toml"),
        ('module-name = "ham._ham"\n', "", ("ham/__init__.py",), "Cargo.toml"),
        ('module-name = "ham._ham"\n', "", ("ham/sub/__init__.py",), "Cargo.toml"),
        ('module-name = "ham._ham"\n', "", ("src/ham/__init__.py",), "Cargo.toml"),
        ('module-name = "ham._ham"\n', "", ("python/ham/__init__.py",), "Cargo.toml"),
        ('module-name = "ham.a._ham"\n', "", ("ham/a/b.py",), "Cargo.toml"),
        (
            'module-name = "ham._ham"\npython-source = "python"\n',
            "",
            ("python/ham/__init__.py",),
            "Cargo.toml",
        ),
        (
            'module-name = "ham._ham"\nmanifest-path = "a/b/c/Cargo.toml"\n',
            "",
            ("ham/__init__.py",),
            "a/b/c/Cargo.toml",
        ),
    ],
)
def test_it_is_where_maturin_puts_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: str,
    library: str,
    files: tuple[str, ...],
    manifest: str,
) -> None:
    """A wheel of maturin's own, and its place in there. The pyo3 is one of no code at all."""
    maturin = installed_program("maturin")
    monkeypatch.setenv("CARGO_TARGET_DIR", str(tmp_path / "target"))
    project = tmp_path / "project"
    pyo3 = tmp_path / "pyo3"
    texts = {
        pyo3 / "Cargo.toml": PYO3,
        pyo3 / "src/lib.rs": "",
        project / "pyproject.toml": MATURIN.replace('"ham"', '"spam"') + settings,
        project / manifest: BARE.replace("LIB", library).replace("PATH", str(pyo3)),
        (project / manifest).parent / "src/lib.rs": "",
        **{project / name: "" for name in files},
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    [package] = Cargo().workspace(str(project / manifest)).packages
    word = told(package)
    done = subprocess.run(
        [maturin, "build", "--offline", "-i", sys.executable, "--out", tmp_path / "wheels"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [wheel] = (tmp_path / "wheels").glob("*.whl")
    [library] = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".so")]
    installed = library.partition(".")[0].replace("/", ".")
    assert word is not None
    assert word.bindings == "pyo3"
    assert word.distribution == "spam"
    if word.source is None:
        # A package of the module's own name, which maturin makes, is around it.
        installed = installed.partition(".")[0]
    else:
        assert (Path(word.source) / installed.partition(".")[0]).is_dir()
    assert word.name == installed


# -- one Python by any name --------------------------------------------------------------------


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two virtual environments of one Python, in which this pytest can be imported."""
    found = []
    for name in ("one", "two"):
        directory = tmp_path_factory.mktemp(name).resolve()
        venv.create(directory, symlinks=True, with_pip=False)
        [packages] = directory.glob("lib/python*/site-packages")
        places = [path for path in site.getsitepackages() if os.path.isdir(path)]
        lines = [f"import site; site.addsitedir({path!r})\n" for path in places]
        (packages / "all.pth").write_text("".join(lines), encoding="utf-8")
        found.append(directory)
    return found[0], found[1]


def started_in(
    pytester: pytest.Pytester, environment: Path, *arguments: str, name: str = "python3"
) -> pytest.RunResult:
    """Run pytest with an environment's Python, by one of its names."""
    python = environment / "bin" / name
    assert python.exists()
    return pytester.run(python, "-m", "pytest", "--cpython-sys", "-rA", *arguments)


@pytest.mark.parametrize("name", ["python3", f"python3.{sys.version_info.minor}"])
def test_pyo3_python_is_the_running_one_by_another_name(
    pytester: pytest.Pytester,
    write: Write,
    environments: tuple[Path, Path],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment, other = environments
    monkeypatch.setenv("VIRTUAL_ENV", str(environment))
    write(crate("_native"))
    for named in (environment / "bin" / "python", other / "bin" / "python"):
        monkeypatch.setenv("PYO3_PYTHON", str(named))
        result = started_in(pytester, environment, name=name)
        found = outcomes(result)
        assert found["src/lib.rs::@module::imports"] == "passed"
        assert found["src/lib.rs::@module::leaks"] == "passed"
        result.stdout.no_fnmatch_line("*built with PYO3_PYTHON*")


IMPORT = "def test_import():\n    import _native\n    assert _native.add(2, 3) == 5\n"


def test_another_python_is_another(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, pyo3_target: Path
) -> None:
    """What is built for it is not imported here, and lies in a directory of its own."""
    other = python_with_headers("3.13")
    if other.tag == current().tag:
        pytest.skip("the only Python at hand")
    write({**crate("_native"), **python_test("_native"), "tests/test_import.py": IMPORT})
    monkeypatch.setenv("PYO3_PYTHON", str(other.executable))
    result = pytester.runpytest("--cpython-sys", "-rA")
    words = f"SKIPPED *built with PYO3_PYTHON={other.executable}, not for *"
    result.stdout.fnmatch_lines([words])
    skips = [line for line in result.outlines if line.startswith("SKIPPED ")]
    assert any("rust_extension('ham-native'): built with PYO3_PYTHON" in line for line in skips)
    assert outcomes(result) == {
        "src/lib.rs::adds": "passed",
        "tests/test_import.py::test_import": "failed",
    }
    result.stdout.fnmatch_lines(
        ["_native: ham-native is built with PYO3_PYTHON=*: unset PYO3_PYTHON, or *"]
    )
    assert (pyo3_target / "cpython-sys" / f"{other.tag}-{other.fingerprint}").is_dir()


COMPILING = re.compile(r"Compiling (\S+) v")


@pytest.mark.parametrize("told", [False, True])
def test_two_environments_of_one_python_in_turns(
    pytester: pytest.Pytester,
    write: Write,
    environments: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    pyo3_target: Path,
    told: bool,
) -> None:
    """They share a directory, and what is in it: pyo3 is compiled once."""
    log = tmp_path / "cargo.log"
    proxy = tmp_path / "cargo"
    proxy.write_text(f'#!/bin/sh\nexec {shutil.which("cargo")} "$@" 2>>"{log}"\n')
    proxy.chmod(0o755)
    monkeypatch.setenv("CARGO", str(proxy))
    write({**crate("_native"), **python_test("_native")})
    compiled = []
    for environment in (*environments, *environments):
        log.write_text("", encoding="utf-8")
        monkeypatch.setenv("VIRTUAL_ENV", str(environment))
        if told:
            monkeypatch.setenv("PYO3_PYTHON", str(environment / "bin" / "python"))
        result = started_in(pytester, environment)
        assert outcomes(result)["src/lib.rs::@module::imports"] == "passed"
        compiled.append(COMPILING.findall(log.read_text(encoding="utf-8")))
    assert "ham-native" in compiled[0]
    assert compiled[1:] == [[], [], []]
    python = current()
    own = pyo3_target / "cpython-sys" / f"{python.tag}-{python.fingerprint}"
    assert own.is_dir()
