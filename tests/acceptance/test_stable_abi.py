"""Modules that are built for the stable ABI: what they use of Python, and how their file is called.

Most of them declare what they call themselves, as anybody may; those with pyo3 share one build.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, replace_once, run
from .module_crate import module
from .test_modules import write_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

ITEM = "src/lib.rs::@module::stable_abi"

# What a module calls, the version that it says, and what is wrong with that.
SAMPLES = {
    "too_new": ("PyUnicode_AsUTF8AndSize", "3.9", "is part of the stable ABI since 3.10"),
    "new_enough": ("PyUnicode_AsUTF8AndSize", "3.10", ""),
    "old": ("PyUnicode_FromObject", "3.9", ""),
    "buffer_too_new": ("PyObject_GetBuffer", "3.10", "is part of the stable ABI since 3.11"),
    "buffer": ("PyObject_GetBuffer", "3.11", ""),
    "never": ("PyUnicode_AsUTF8", "3.13", "is not part of the stable ABI"),
    "was_a_macro": ("PyList_GET_SIZE", "3.13", "is not part of the stable ABI"),
    "private": ("_PyObject_GC_New", "3.9", ""),
    "private_too_new": ("_Py_IncRef", "3.9", "is part of the stable ABI since 3.10"),
    "private_and_never": ("_PyObject_GetDictPtr", "3.13", "is not part of the stable ABI"),
    "data": ("PyExc_BaseException", "3.9", ""),
    "data_too_new": ("Py_Version", "3.10", "is part of the stable ABI since 3.11"),
    "data_never": ("Py_BytesWarningFlag", "3.13", "is not part of the stable ABI"),
}
DATA = ("PyExc_", "Py_Version", "Py_BytesWarningFlag")


def package(name: str, symbol: str, version: str) -> dict[str, str]:
    is_data = symbol.startswith(DATA)
    declared = f"static {symbol}: Object;" if is_data else f"fn {symbol}(object: Object) -> Object;"
    use = f"&raw const {symbol} as Object" if is_data else f"{symbol}(null_mut())"
    table = f'[package.metadata.cpython-sys]\nstable-abi = "{version}"\n'
    return module(
        name,
        slots=(),
        code=f'extern "C" {{ {declared} }}',
        functions={"used": use},
        metadata=table,
    )


def test_what_a_module_uses(pytester: pytest.Pytester) -> None:
    packages = {name: package(name, one[0], one[1]) for name, one in SAMPLES.items()}
    write_workspace(pytester.path, packages)
    result = run(pytester, "-k", "stable_abi")
    found = outcomes(result)
    expected = {name: "failed" if words else "passed" for name, (_, _, words) in SAMPLES.items()}
    assert found == {f"{name}/{ITEM}": outcome for name, outcome in expected.items()}
    for name, (symbol, version, words) in SAMPLES.items():
        if words:
            said = f'the module declares stable-abi = "{version}"'
            line = f"{name}/src/lib.rs:*: {symbol} {words}; {said} *"
            result.stdout.fnmatch_lines_random([line])


def test_no_stable_abi_no_item(pytester: pytest.Pytester, write: Write) -> None:
    write(module(slots=()))
    result = run(pytester, "--collect-only", "-q")
    assert not [line for line in result.outlines if "stable_abi" in line]


@pytest.mark.parametrize("value", ['"3"', "3.9", '"2.7"', '"3.1"', '"3.14t"', '"cp39"', "true"])
def test_a_version_that_is_none(pytester: pytest.Pytester, write: Write, value: str) -> None:
    write(module(metadata=f"[package.metadata.cpython-sys]\nstable-abi = {value}\n"))
    result = run(pytester, "-k", "imports or metadata")
    result.assert_outcomes(errors=2)
    words = f"must be a string, not {value}: write stable-abi = *"
    if value.startswith('"'):
        words = f"{value} is not a version of the stable ABI (the oldest *: write one such as *"
    result.stdout.fnmatch_lines([f"*`stable-abi`* {words}"])


def test_without_the_list_nothing_passes(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the extra is not installed."""
    write({**package("eggs", "PyUnicode_AsUTF8AndSize", "3.9"), "hide/sitecustomize.py": HIDE})
    monkeypatch.setenv("PYTHONPATH", str(pytester.path / "hide"))
    result = run(pytester, ITEM)
    assert result.parseoutcomes() == {"skipped": 1}
    result.stdout.fnmatch_lines(["SKIPPED *: *run `pip install abi3info`"])


HIDE = """
import sys
class Hide:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "abi3info":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hide)
"""

# -- with pyo3 ---------------------------------------------------------------------------------

MANIFEST = """
[package]
name = "eggs"
version = "0.1.0"
edition = "2021"
[lib]
crate-type = ["cdylib", "rlib"]
[features]
abi3 = ["pyo3/abi3"]
abi3-py39 = ["pyo3/abi3-py39"]
abi3-py310 = ["pyo3/abi3-py310"]
[dependencies]
pyo3 = "0.29"
"""
LIBRARY = """
use pyo3::prelude::*;
use std::ffi::c_char;

extern "C" {
    fn @USED@(object: *mut pyo3::ffi::PyObject, size: *mut isize) -> *const c_char;
}

#[pyfunction]
fn size(object: Bound<'_, PyAny>) -> isize {
    let mut size = 0;
    unsafe { @USED@(object.as_ptr(), &mut size) };
    size
}

#[pymodule]
fn eggs(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(size, m)?)
}

#[test]
fn ok() {}
"""
USED = "PyUnicode_AsUTF8AndSize"


@pytest.fixture
def with_pyo3(write: Write, pyo3_target: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CARGO_TARGET_DIR", str(pyo3_target))
    return write({"Cargo.toml": MANIFEST, "src/lib.rs": LIBRARY.replace("@USED@", USED)})


def test_the_features_of_pyo3(pytester: pytest.Pytester, with_pyo3: Path) -> None:
    """pyo3 says for which version it was built; its own calls are in the stable ABI."""

    def said(*features: str) -> pytest.RunResult:
        return run(pytester, "-k", "stable_abi", *(f"--cargo-features={one}" for one in features))

    result = said("abi3-py39")
    assert outcomes(result) == {ITEM: "failed"}
    words = "is part of the stable ABI since 3.10; the module declares abi3-py39"
    result.stdout.fnmatch_lines([f"src/lib.rs:6: {USED} {words}"])  # where it stands
    assert outcomes(said("abi3-py310")) == {ITEM: "passed"}
    assert outcomes(said("abi3-py310", "abi3-py39")) == {ITEM: "failed"}  # as pyo3 takes it
    assert outcomes(said()) == {}
    assert outcomes(said("abi3")) == {ITEM: "passed"}  # that of the Python at hand
    replace_once(with_pyo3 / "src" / "lib.rs", f"fn {USED}", "fn PyUnicode_AsUTF8")
    replace_once(with_pyo3 / "src" / "lib.rs", f"{{ {USED}", "{ PyUnicode_AsUTF8")
    result = said("abi3")
    assert outcomes(result) == {ITEM: "failed"}
    here = f"abi3, built for Python {sys.version_info.major}.{sys.version_info.minor}"
    words = f"PyUnicode_AsUTF8 is not part of the stable ABI; the module declares {here}"
    result.stdout.fnmatch_lines([f"src/lib.rs:*: {words}"])


# -- as the build backend builds it, and as it is installed ------------------------------------

PYPROJECT = """
[build-system]
requires = ["maturin>=1.9.4,<2"]
build-backend = "maturin"
[project]
name = "eggs"
version = "0.1.0"
[tool.maturin]
features = [@FEATURES@]
"""
EXT_SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))


def test_the_features_of_the_build_backend(pytester: pytest.Pytester, with_pyo3: Path) -> None:
    """What the tests are built with says nothing of the module."""
    told = PYPROJECT.replace("@FEATURES@", '"abi3-py39"')
    (with_pyo3 / "pyproject.toml").write_text(told, encoding="utf-8")
    result = run(pytester, "-k", "stable_abi")
    assert outcomes(result) == {ITEM: "failed"}
    words = "is part of the stable ABI since 3.10; the module declares abi3-py39"
    result.stdout.fnmatch_lines([f"src/lib.rs:6: {USED} {words}"])


@pytest.mark.parametrize(
    ("features", "name", "words"),
    [
        ('"abi3-py310"', "eggs.abi3.so", ""),
        ('"abi3-py310"', f"eggs{EXT_SUFFIX}", "must be named eggs.abi3.so"),
        ('"abi3-py310"', "eggs.so", "must be named eggs.abi3.so"),
        ("", "eggs.abi3.so", "is named like a module of the stable ABI, but was built for Py"),
        ("", f"eggs{EXT_SUFFIX}", None),
    ],
    ids=["abi3", "one", "none", "of one", "one of one"],
)
def test_the_name_of_the_installed_file(
    pytester: pytest.Pytester,
    with_pyo3: Path,
    monkeypatch: pytest.MonkeyPatch,
    features: str,
    name: str,
    words: str | None,
) -> None:
    """In a package of its name, as maturin has it: how it came there is nothing to its name."""
    told = PYPROJECT.replace("@FEATURES@", features)
    (with_pyo3 / "pyproject.toml").write_text(told, encoding="utf-8")
    installed = with_pyo3 / "installed" / "eggs" / name
    installed.parent.mkdir(parents=True)
    installed.write_bytes(b"")
    (installed.parent / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(with_pyo3 / "installed"))
    result = run(pytester, "-k", "stable_abi")
    assert outcomes(result) == ({} if words is None else {ITEM: "failed" if words else "passed"})
    if words:
        result.stdout.fnmatch_lines([f"src/lib.rs:*: {installed} {words}*"])


def test_what_another_member_asks_of_pyo3(
    pytester: pytest.Pytester, write: Write, with_pyo3: Path
) -> None:
    """The tests of both are built with one pyo3; a module is built alone."""
    plain = MANIFEST.replace('name = "eggs"', 'name = "ham"')
    library = (with_pyo3 / "src" / "lib.rs").read_text(encoding="utf-8")
    stable = MANIFEST.replace('pyo3 = "0.29"', 'pyo3 = { version = "0.29", features = ["abi3"] }')
    (with_pyo3 / "src" / "lib.rs").unlink()
    write(
        {
            "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["eggs", "ham"]\n',
            "eggs/Cargo.toml": stable,
            "eggs/src/lib.rs": library,
            "ham/Cargo.toml": re.sub("(?m)^abi3.*\n", "", plain),
            "ham/src/lib.rs": library.replace("fn eggs", "fn ham"),
        }
    )
    result = run(pytester, "-k", "stable_abi")
    assert outcomes(result) == {f"eggs/{ITEM}": "passed"}
