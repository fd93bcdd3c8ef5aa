"""A PyO3 project: one run in place of ``cargo test``, ``maturin develop`` and ``pytest``.

pyo3 itself is compiled here, once for each interpreter and set of features.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_cpython_sys.python.embedding import embedding_environment
from pytest_cpython_sys.python.interpreter import current, load

from .conftest import outcomes, replace_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Write = Callable[[Mapping[str, str]], Path]
    Run = Callable[..., pytest.RunResult]


VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

MANIFEST = """
[package]
name = "adder"
version = "0.1.0"
edition = "2021"
[lib]
crate-type = ["cdylib", "rlib"]
[features]
default = ["extension-module"]
extension-module = ["pyo3/extension-module"]
[dependencies]
pyo3 = "0.29"
[dev-dependencies]
pyo3 = { version = "0.29", features = ["auto-initialize"] }
"""
# As recent pyo3 wants it: without the feature.
PLAIN = MANIFEST.replace('["extension-module"]', "[]", 1)

LIBRARY = """
use pyo3::prelude::*;

#[pyfunction]
pub fn add(a: i64, b: i64) -> i64 {
    a + b
}

#[pymodule]
pub fn adder(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(add, m)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds() {
        assert_eq!(add(2, 3), 5);
    }

    #[test]
    fn adds_in_python() {
        Python::attach(|py| {
            let module = PyModule::new(py, "adder").unwrap();
            adder(&module).unwrap();
            let sum = module.getattr("add").unwrap().call1((2, 3)).unwrap();
            assert_eq!(sum.extract::<i64>().unwrap(), 5);
        });
    }
}
"""

API = """
use pyo3::prelude::*;

#[test]
fn is_used_by_rust() {
    assert_eq!(adder::add(2, 3), 5);
}

#[test]
fn embeds() {
    Python::attach(|py| {
        py.run(CODE, None, None).unwrap();
    });
}

const CODE: &std::ffi::CStr = c"
import json, os, sys
with open('facts.json', 'w') as file:
    json.dump({'prefix': sys.prefix, 'executable': sys.executable, 'path': sys.path}, file)
exec(os.environ.get('MORE_CODE', ''))
";
"""

PYPROJECT = """
[build-system]
requires = ["maturin>=1.9.4,<2"]
build-backend = "maturin"
[project]
name = "adder"
version = "0.1.0"
"""

PROJECT = {
    "Cargo.toml": MANIFEST,
    "pyproject.toml": PYPROJECT,
    "src/lib.rs": LIBRARY,
    "tests/api.rs": API,
    "tests/test_python.py": "def test_python(): assert 2 + 3 == 5\n",
}
PLAIN_PROJECT = {**PROJECT, "Cargo.toml": PLAIN}

ALL_PASSED = {
    "src/lib.rs::tests::adds": "passed",
    "src/lib.rs::tests::adds_in_python": "passed",
    "tests/api.rs::is_used_by_rust": "passed",
    "tests/api.rs::embeds": "passed",
    "tests/test_python.py::test_python": "passed",
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with a module of its own."""
    directory = tmp_path_factory.mktemp("environment").resolve()
    venv.create(directory, symlinks=True, with_pip=False)
    packages = directory / "lib" / f"python{VERSION}" / "site-packages"
    (packages / "only_in_the_environment.py").write_text("", encoding="utf-8")
    return directory


@pytest.fixture(autouse=True)
def _shell(monkeypatch: pytest.MonkeyPatch, pyo3_target: Path) -> None:
    monkeypatch.setenv("CARGO_TARGET_DIR", str(pyo3_target))
    for name in ("LIBRARY_PATH", "PYO3_BUILD_EXTENSION_MODULE", "PYTHONHOME", "VIRTUAL_ENV"):
        monkeypatch.delenv(name, raising=False)
    # No environment is active.
    path = os.environ["PATH"].split(os.pathsep)
    here = os.path.dirname(sys.executable)
    monkeypatch.setenv("PATH", os.pathsep.join(part for part in path if part != here))


@pytest.fixture
def run(pytester: pytest.Pytester, environment: Path) -> Run:
    """Run pytest with the environment's interpreter as the target, or another."""

    def run(*arguments: str, python: Path | None = None, policies: str = "off") -> pytest.RunResult:
        chosen = python or environment / "bin" / "python"
        return pytester.runpytest(
            "--cpython-sys", "-rAP", "-p", "no:cacheprovider", "-o",
            f"cpython_sys_policies={policies}", f"--cpython-sys-python={chosen}", *arguments,
        )  # fmt: skip

    return run


def added(result: pytest.RunResult, to: str) -> list[str]:
    """Return the variables that the header names."""
    start = f"added to {to} environment: "
    lines = [line for line in result.outlines if line.startswith(start)]
    return lines[0].removeprefix(start).split(", ") if lines else []


def embedded(root: Path) -> dict[str, Any]:
    """Return what the embedded Python wrote of itself."""
    path = root / "facts.json"
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    return facts


# -- one run -----------------------------------------------------------------------------------


def test_rust_and_python_in_one_run(write: Write, run: Run) -> None:
    write(PLAIN_PROJECT)
    result = run()
    assert outcomes(result) == ALL_PASSED
    assert result.ret == 0
    assert added(result, "cargo's") == ["PYO3_PYTHON"]


def test_the_module_itself(write: Write, run: Run) -> None:
    """PyO3 makes a module once a process, and says what it supports."""
    write(PLAIN_PROJECT)
    result = run("-m", "rust_policy", policies="auto")
    found = outcomes(result)
    assert found["src/lib.rs::@module::imports"] == "passed"
    assert set(found.values()) == {"passed"}
    assert result.ret == 0


def test_a_library_for_python_alone_is_not_found_by_rust(write: Write, run: Run) -> None:
    """What ``maturin new`` writes: unit tests run, integration tests do not compile."""
    root = write(PLAIN_PROJECT)
    replace_once(root / "Cargo.toml", '"cdylib", "rlib"', '"cdylib"')
    result = run("src", "tests/api.rs")
    assert outcomes(result) == {
        "src/lib.rs::tests::adds": "passed",
        "src/lib.rs::tests::adds_in_python": "passed",
        "tests/api.rs::@build": "failed",
    }
    result.stdout.fnmatch_lines(
        ['tests/api.rs:*: Rust crates cannot use *"cdylib"[]]: write crate-type = *"rlib"*']
    )


# -- extension-module --------------------------------------------------------------------------

REMEDY = r".*the linker found no Python symbols.*`extension-module` turns that link off.*"


def test_extension_module_by_default(write: Write, run: Run) -> None:
    write(PROJECT)
    result = run()
    assert outcomes(result) == {
        "src/lib.rs::@build": "failed",
        "tests/api.rs::@build": "failed",
        "tests/test_python.py::test_python": "passed",
    }
    result.stdout.re_match_lines_random([REMEDY, ".*--cargo-no-default-features.*"])
    text = result.stdout.str()
    assert text.index("the linker found no Python symbols") < text.index("linking with")

    assert outcomes(run("--cargo-no-default-features")) == ALL_PASSED


def test_the_variable_that_builds_an_extension_module(
    write: Write, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What maturin sets for its own build does the same as the feature if the shell has it."""
    write(PLAIN_PROJECT)
    monkeypatch.setenv("PYO3_BUILD_EXTENSION_MODULE", "1")
    result = run("src")
    assert outcomes(result) == {"src/lib.rs::@build": "failed"}
    result.stdout.re_match_lines_random([REMEDY, r".*PYO3_BUILD_EXTENSION_MODULE.*not be set.*"])


# -- libpython ---------------------------------------------------------------------------------


def test_libpython_is_found_by_who_needs_it_through_another_crate(write: Write, run: Run) -> None:
    """The second run knows as much as the first, which began without a ``Cargo.lock``."""
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["adder", "user"]\nresolver = "2"\n',
            "adder/Cargo.toml": PLAIN,
            "adder/src/lib.rs": LIBRARY,
            "user/Cargo.toml": '[package]\nname = "user"\nversion = "0.1.0"\nedition = "2021"\n'
            '[dependencies]\nadder = { path = "../adder" }\n',
            "user/src/lib.rs": "#[test] fn uses() {\n"
            '    adder::with_python("import only_in_the_environment");\n}\n',
        }
    )
    with open("adder/src/lib.rs", "a", encoding="utf-8") as file:
        file.write(
            "pub fn with_python(code: &str) {\n"
            "    let code = std::ffi::CString::new(code).unwrap();\n"
            "    Python::initialize();\n"
            "    Python::attach(|py| py.run(&code, None, None).unwrap());\n}\n"
        )
    for _ in range(2):
        result = run("user")
        assert outcomes(result) == {"user/src/lib.rs::uses": "passed"}
        assert added(result, "the tests'") == ["LD_LIBRARY_PATH", "PATH"]


def test_a_libpython_that_the_loader_does_not_find(write: Write, run: Run, tmp_path: Path) -> None:
    """Nothing says that this crate needs one."""
    source = tmp_path / "python.c"
    source.write_text("int Py_Something(void) { return 1; }\n", encoding="utf-8")
    name = "libpython3.99.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", tmp_path / name, source],
        check=True,
    )
    write(
        {
            "Cargo.toml": "c",
            "build.rs": 'fn main() { println!("cargo:rustc-link-lib=python3.99");\n'
            f'println!("cargo:rustc-link-search=native={tmp_path}"); }}\n',
            "src/lib.rs": 'extern "C" { fn Py_Something() -> i32; }\n'
            "#[test] fn t() { assert_eq!(unsafe { Py_Something() }, 1); }\n",
        }
    )
    result = run()
    assert outcomes(result) == {"src/lib.rs::@build": "error"}
    result.stdout.fnmatch_lines(
        [
            "*error while loading shared libraries: libpython3.99.so*",
            "the loader did not find libpython*",
        ]
    )


# -- virtual environments ----------------------------------------------------------------------


def test_an_environment_that_is_not_active_is_the_tests_own(
    write: Write, run: Run, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python in Rust tests sees the packages that Python tests see."""
    root = write(PLAIN_PROJECT)
    monkeypatch.setenv("MORE_CODE", "import only_in_the_environment")
    result = run("tests/api.rs")
    assert outcomes(result)["tests/api.rs::embeds"] == "passed"
    assert added(result, "the tests'") == ["LD_LIBRARY_PATH", "PATH"]
    facts = embedded(root)
    assert facts["prefix"] == str(environment)
    assert facts["executable"] == str(environment / "bin" / "python3")
    path = facts["path"]
    assert sysconfig.get_path("stdlib") in path
    [packages] = [entry for entry in path if entry.endswith("site-packages")]
    assert packages == str(environment / "lib" / f"python{VERSION}" / "site-packages")


def test_an_active_environment_stays_as_it_is(
    write: Write, run: Run, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(PLAIN_PROJECT)
    monkeypatch.setenv("PATH", str(environment / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("VIRTUAL_ENV", str(environment))
    monkeypatch.setenv("MORE_CODE", "import only_in_the_environment")
    result = run("tests/api.rs")
    assert outcomes(result)["tests/api.rs::embeds"] == "passed"
    assert added(result, "the tests'") == ["LD_LIBRARY_PATH"]


def test_a_python_that_cargos_configuration_names_counts(
    write: Write,
    environment: Path,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is another name of the one at hand: what it is built for stays, and what tests see."""
    python = environment / "bin" / "python"
    root = write(
        {
            **PLAIN_PROJECT,
            ".cargo/config.toml": f'[env]\nPYO3_PYTHON = "{python}"\n',
        }
    )
    monkeypatch.setenv("MORE_CODE", "import only_in_the_environment")
    result = pytester.runpytest("--cpython-sys", "-rAP", "tests/api.rs")
    assert outcomes(result)["tests/api.rs::embeds"] == "passed"
    assert added(result, "cargo's") == ["PYO3_PYTHON"]
    assert embedded(root)["prefix"] == str(environment)


# -- interpreters that were moved --------------------------------------------------------------

NOWHERE = "/install"


def _rewritten(data: bytes, new_rpath: bytes | None) -> bytes:
    """Take the place where a Python was to be installed out of its machine code."""
    prefix = os.fsencode(sys.base_prefix)
    rpath = prefix + b"/lib\0"
    if new_rpath is not None and len(new_rpath) < len(rpath):
        data = data.replace(rpath, new_rpath.ljust(len(rpath), b"\0"))
    return data.replace(prefix + b"\0", b"/nowhere".ljust(len(prefix), b"x")[: len(prefix)] + b"\0")


def _move(directory: Path, configured: str, changes: Mapping[str, Any]) -> Path:
    """Copy the base Python so that it does not find the original; return its interpreter.

    ``configured`` is where its sysconfig says that it is, as in python-build-standalone.
    """
    variables = sysconfig.get_config_vars()
    if sys.platform != "linux" or not variables.get("Py_ENABLE_SHARED"):
        pytest.skip("this Python has no shared libpython to move")
    base = Path(sys.base_prefix)
    library = Path(variables["LIBDIR"]) / str(variables["INSTSONAME"])
    stdlib = Path(sysconfig.get_path("stdlib"))
    (directory / "bin").mkdir(parents=True)
    moved_stdlib = directory / "lib" / stdlib.name
    (moved_stdlib / "site-packages").mkdir(parents=True)
    for entry in stdlib.iterdir():
        if entry.name.startswith("_sysconfigdata") and entry.suffix == ".py":
            text = entry.read_text(encoding="utf-8").replace(str(base), configured)
            text += f"\nbuild_time_vars.update({dict(changes)!r})\n"
            (moved_stdlib / entry.name).write_text(text, encoding="utf-8")
        elif entry.name not in ("__pycache__", "site-packages"):
            (moved_stdlib / entry.name).symlink_to(entry)
    (directory / "include").symlink_to(base / "include")
    moved_library = directory / "lib" / library.name
    moved_library.write_bytes(_rewritten(library.read_bytes(), None))
    (directory / "lib" / str(variables["LDLIBRARY"])).symlink_to(library.name)
    real = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    python = directory / "bin" / f"python{VERSION}"
    python.write_bytes(_rewritten(Path(real).read_bytes(), b"$ORIGIN/../lib"))
    python.chmod(0o755)
    (directory / "bin" / "python3").symlink_to(python.name)
    return python


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _move(tmp_path_factory.mktemp("moved").resolve() / "python", NOWHERE, {})


def test_a_moved_python_finds_its_library(write: Write, run: Run, moved: Path) -> None:
    """As interpreters of python-build-standalone are: what they were configured with is gone."""
    root = write(PLAIN_PROJECT)
    result = run("src", "tests/api.rs", python=moved)
    assert outcomes(result).keys() == ALL_PASSED.keys() - {"tests/test_python.py::test_python"}
    assert set(outcomes(result).values()) == {"passed"}
    assert added(result, "cargo's") == ["PYO3_PYTHON", "LIBRARY_PATH"]
    assert added(result, "the tests'") == ["LD_LIBRARY_PATH", "PATH"]
    assert embedded(root)["prefix"] == str(moved.parents[1])

    # Without `python3` beside it, only PYTHONHOME helps.
    link = moved.with_name("python3")
    link.unlink()
    try:
        result = run("tests/api.rs", python=moved)
        assert outcomes(result)["tests/api.rs::embeds"] == "passed"
        assert added(result, "the tests'") == ["LD_LIBRARY_PATH", "PYTHONHOME"]
        assert embedded(root)["prefix"] == str(moved.parents[1])

        # The user's own stays, be it good or bad.
        config = root / ".cargo" / "config.toml"
        config.parent.mkdir()
        config.write_text('[env]\nPYTHONHOME = "/somewhere"\n', encoding="utf-8")
        result = run("tests/api.rs", python=moved)
        assert outcomes(result) == {
            "tests/api.rs::is_used_by_rust": "passed",
            "tests/api.rs::embeds": "failed",
        }
        assert added(result, "the tests'") == ["LD_LIBRARY_PATH"]
        result.stdout.fnmatch_lines(
            [
                "*an embedded Python did not find its standard library: put *",
                "*PYTHONHOME = '/somewhere'*",
                "*No module named 'encodings'*",
            ]
        )
    finally:
        link.symlink_to(moved.name)


def test_a_moved_python_whose_configuration_was_corrected(tmp_path: Path) -> None:
    """uv writes the real place into sysconfig; the machine code has the old one all the same."""
    directory = tmp_path.resolve() / "python"
    interpreter = load(str(_move(directory, str(directory), {})))
    assert not interpreter.moved
    environ = {"PATH": os.defpath}
    path = {"PATH": f"{directory}/bin{os.pathsep}{os.defpath}"}
    assert embedding_environment(interpreter, environ) == path
    assert embedding_environment(interpreter, path) == {}
    assert embedding_environment(interpreter, {**environ, "PYTHONHOME": "/somewhere"}) == {}


@pytest.mark.parametrize("flag", ["moved", "standalone"])
def test_on_macos_a_moved_python_gets_its_home(flag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """There an embedded Python does not look on PATH."""
    interpreter = replace(current(), moved=False, standalone=False)
    monkeypatch.setattr("sys.platform", "darwin")
    assert embedding_environment(interpreter, {}) == {}
    changed = replace(interpreter, moved=flag == "moved", standalone=flag == "standalone")
    assert embedding_environment(changed, {}) == {"PYTHONHOME": interpreter.prefix}


def test_an_installed_python_needs_nothing() -> None:
    interpreter = load(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    assert not interpreter.in_virtual_environment
    for path in (os.defpath, "/nowhere", os.environ["PATH"]):
        assert embedding_environment(interpreter, {"PATH": path}) == {}


# -- interpreters without a shared libpython ---------------------------------------------------

STATIC_MANIFEST = """
[package]
name = "still"
version = "0.1.0"
edition = "2021"
[features]
auto-initialize = ["pyo3/auto-initialize"]
[dependencies]
pyo3 = "0.29"
"""
STATIC_TEST = """
use pyo3::prelude::*;

#[test]
fn embeds() {
    Python::initialize();
    Python::attach(|py| {
        py.run(c"import sys", None, None).unwrap();
    });
}

#[test]
fn imports_a_module_in_c() {
    Python::initialize();
    Python::attach(|py| {
        py.run(c"import MODULE", None, None).unwrap();
    });
}
"""


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python as it is built without ``--enable-shared``, as far as a build can tell."""
    archive = f"libpython{VERSION}{sys.abiflags}.a"
    source = Path(str(sysconfig.get_config_var("LIBPL"))) / archive
    if not source.is_file():
        pytest.skip(f"this Python has no {archive}")
    directory = tmp_path_factory.mktemp("static").resolve() / "python"
    changes = {"Py_ENABLE_SHARED": 0, "LDLIBRARY": archive, "INSTSONAME": archive}
    python = _move(directory, str(directory), changes)
    (directory / "lib" / str(sysconfig.get_config_var("LDLIBRARY"))).unlink()
    shutil.copy(source, directory / "lib")
    return python


def test_a_static_libpython(write: Write, run: Run, static: Path) -> None:
    """It is linked to; the standard library's modules in C need its symbols exported."""
    dynload = Path(sysconfig.get_path("stdlib")) / "lib-dynload"
    name = next(
        (
            module
            for module in ("_ctypes", "_bisect", "_heapq", "_json")
            if any(dynload.glob(f"{module}.*"))
        ),
        None,
    )
    if name is None:
        pytest.skip("this Python has no modules in files of their own")
    root = write(
        {
            "Cargo.toml": STATIC_MANIFEST,
            "src/lib.rs": STATIC_TEST.replace("MODULE", name),
        }
    )
    result = run(python=static)
    assert outcomes(result) == {
        "src/lib.rs::embeds": "passed",
        "src/lib.rs::imports_a_module_in_c": "failed",
    }
    result.stdout.fnmatch_lines(
        ["a module of the standard library found no Python symbols*rustc-link-arg=-rdynamic*"]
    )

    (root / "build.rs").write_text(
        'fn main() { println!("cargo:rustc-link-arg=-rdynamic"); }\n', encoding="utf-8"
    )
    assert set(outcomes(run(python=static)).values()) == {"passed"}

    result = run("--cargo-features=auto-initialize", python=static)
    assert outcomes(result) == {"src/lib.rs::@build": "failed"}
    result.stdout.fnmatch_lines(["*this Python has no shared libpython*--enable-shared*"])
