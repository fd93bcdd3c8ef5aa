"""One ``pytest`` for a project of Python and Rust: what its Python tests import is built before.

Real pyo3, real maturin and real setuptools-rust, in an environment of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, python_with_headers, replace_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Write = Callable[[Mapping[str, str]], Path]
    Run = Callable[..., pytest.RunResult]

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")

MANIFEST = """
[package]
name = "ham-native"
version = "0.1.0"
edition = "2021"
[lib]
crate-type = ["cdylib", "rlib"]
[features]
loud = []
extension-module = ["pyo3/extension-module"]
[dependencies]
pyo3 = "0.29"
"""

LIBRARY = """
use pyo3::prelude::*;

#[pyfunction]
pub fn add(a: i64, b: i64) -> i64 {
    a + b
}

#[pymodule]
fn _native(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("LOUD", cfg!(feature = "loud"))?;
    m.add_function(wrap_pyfunction!(add, m)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn adds() {
        assert_eq!(super::add(2, 3), 5);
        assert!(std::env::vars().all(|(name, _)| !name.starts_with("PYTEST_CPYTHON_SYS")));
    }
}
"""

PYPROJECT = """
[build-system]
requires = ["maturin>=1.9.4,<2"]
build-backend = "maturin"
[project]
name = "ham"
version = "0.1.0"
[tool.maturin]
module-name = "ham._native"
python-source = "python"
"""

TEST = """
import subprocess
import sys

import ham

def test_add():
    assert ham.add(2, 3) == 5

def test_in_a_process_of_its_own():
    code = "import ham; print(ham.add(2, 3))"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert done.stdout.split() == [b"5"]
"""

PROJECT = {
    "Cargo.toml": MANIFEST,
    "pyproject.toml": PYPROJECT,
    "src/lib.rs": LIBRARY,
    "python/ham/__init__.py": "from . import _native\nfrom ._native import add\n",
    "tests/test_ham.py": TEST,
}
GREEN = {
    "src/lib.rs::tests::adds": "passed",
    "tests/test_ham.py::test_add": "passed",
    "tests/test_ham.py::test_in_a_process_of_its_own": "passed",
}
RED = dict.fromkeys(GREEN, "failed")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment to install into, which also sees all that this one holds."""
    directory = tmp_path_factory.mktemp("environment").resolve()
    venv.create(directory, symlinks=True, with_pip=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(directory)}))
    outer = sysconfig.get_path("purelib")
    (packages / "outer.pth").write_text(
        f"import site; site.addsitedir({outer!r})\n", encoding="utf-8"
    )
    return directory


@pytest.fixture(autouse=True)
def _shell(monkeypatch: pytest.MonkeyPatch, pyo3_target: Path, environment: Path) -> None:
    """The environment is active."""
    monkeypatch.setenv("CARGO_TARGET_DIR", str(pyo3_target))
    for name in ("PYO3_BUILD_EXTENSION_MODULE", "PYTHONHOME", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VIRTUAL_ENV", str(environment))
    here = os.path.dirname(sys.executable)
    path = [str(environment / "bin"), here, os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(path))


@pytest.fixture
def installed(environment: Path) -> Iterator[None]:
    """Whatever a test installs is gone afterwards."""
    yield
    for name in ("ham", "spam"):
        pip(environment, "uninstall", "-qy", name)


def pip(environment: Path, *arguments: str) -> None:
    subprocess.run([environment / "bin" / "python", "-m", "pip", *arguments], check=True)


def maturin(*arguments: str, root: Path) -> None:
    program = Path(sys.executable).parent / "maturin"
    subprocess.run([program, *arguments], cwd=root, check=True)


@pytest.fixture
def run(pytester: pytest.Pytester, environment: Path) -> Run:
    """Run pytest in the environment, as its users do."""

    def run(*arguments: str) -> pytest.RunResult:
        return pytester.run(
            environment / "bin" / "python", "-m", "pytest", "--cpython-sys", "-rA",
            "-p", "no:cacheprovider", "-o", "cpython_sys_policies=off", *arguments,
        )  # fmt: skip

    return run


def built(result: pytest.RunResult) -> list[str]:
    """Return what the header says of modules that were built."""
    return [line for line in result.outlines if ": built from " in line]


# -- not installed ---------------------------------------------------------------------------------


def test_a_fresh_clone(write: Write, run: Run) -> None:
    write(PROJECT)
    result = run()
    assert outcomes(result) == GREEN
    assert built(result) == ["ham._native: built from ham-native (not installed)"]
    assert result.ret == 0


def test_a_package_that_asks_for_its_version(write: Write, run: Run) -> None:
    write(
        {
            **PROJECT,
            "python/ham/__init__.py": "from importlib.metadata import version\n"
            "from ._native import add\n__version__ = version('ham')\n",
        }
    )
    assert run("tests").ret == 0


def test_with_workers(write: Write, run: Run) -> None:
    root = write({**PROJECT, "conftest.py": "import ham\n"})
    result = run("-n2")
    assert set(outcomes(result).values()) == {"passed"}
    assert result.ret == 0
    replace_once(root / "src/lib.rs", "a + b", "a - b")
    assert run("-n2", "-p", "no:randomly").ret == 1


@pytest.mark.parametrize("where", ["conftest.py", "tests/conftest.py"])
def test_a_conftest_file_imports_it(write: Write, run: Run, where: str) -> None:
    write({**PROJECT, where: "import ham\nassert ham.add(1, 2) == 3\n"})
    result = run()
    assert outcomes(result) == GREEN
    assert result.ret == 0


def test_python_tests_alone(write: Write, run: Run) -> None:
    root = write(PROJECT)
    result = run("tests")
    assert result.ret == 0
    assert built(result) == ["ham._native: built from ham-native (not installed)"]
    replace_once(root / "src/lib.rs", "a + b", "a - b")
    assert run("tests/test_ham.py::test_add").ret == 1


def test_the_name_is_in_the_library_alone(write: Write, run: Run) -> None:
    """No ``pyproject.toml``: the module is called what it exports."""
    write(
        {
            "Cargo.toml": MANIFEST.replace('["cdylib", "rlib"]', '["cdylib"]'),
            "src/lib.rs": LIBRARY,
            "tests/test_ham.py": "import _native\ndef test_add(): assert _native.add(2, 3) == 5\n",
        }
    )
    result = run()
    assert outcomes(result)["tests/test_ham.py::test_add"] == "passed"
    assert result.ret == 0


def test_what_is_around_it_is_as_it_was(write: Write, run: Run) -> None:
    root = write(
        {
            **PROJECT,
            "tests/test_ham.py": "import ham\n"
            "def test_file():\n"
            "    with open('file', 'w') as file: file.write(ham.__file__)\n",
        }
    )
    assert run("tests").ret == 0
    assert (root / "file").read_text() == str(root / "python/ham/__init__.py")
    assert [path.name for path in root.rglob("*.so")] == []


def test_no_test_no_build(write: Write, run: Run, cargo_calls: Callable[[], list[str]]) -> None:
    write({**PROJECT, "scripts/tool.py": "", "python/ham/__init__.py": ""})
    for words in (["--help"], ["--version"], ["--markers"], ["--fixtures"], ["--cache-show"]):
        run(*words)
        assert {"build", "test"}.isdisjoint(cargo_calls()), words
    run("scripts")
    assert "build" not in cargo_calls()
    run("src/lib.rs")
    assert cargo_calls().count("build") == 0


def test_a_list_of_a_conftest_file(
    write: Write, run: Run, cargo_calls: Callable[[], list[str]]
) -> None:
    nested = {f"nested/{name}": text for name, text in PROJECT.items()}
    write(
        {
            **nested,
            "conftest.py": "collect_ignore = ['nested']\n",
            "tests/test_it.py": "def test_it(): pass\n",
        }
    )
    assert run("-k", "test_it").ret == 0
    assert {"build", "test"}.isdisjoint(cargo_calls())


# -- what the build backend is told ----------------------------------------------------------------


def test_features_of_the_backend(write: Write, run: Run) -> None:
    """``extension-module`` is for the module: the Rust tests link to libpython without it."""
    more = 'features = ["extension-module", "loud"]\n'
    write(
        {
            **PROJECT,
            "pyproject.toml": PYPROJECT + more,
            "tests/test_loud.py": "import ham\ndef test_it(): assert ham._native.LOUD\n",
        }
    )
    result = run()
    assert outcomes(result) == {**GREEN, "tests/test_loud.py::test_it": "passed"}
    assert result.ret == 0
    assert run("--cargo-features=loud", "-k", "test_it").ret == 0


def test_setuptools_rust_and_several_modules(write: Write, run: Run) -> None:
    """Two crates, two modules, one in a namespace package: no package is installed."""
    second = MANIFEST.replace("ham-native", "spam-native")
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["rust/*"]\nresolver = "2"\n',
            "rust/ham/Cargo.toml": MANIFEST,
            "rust/ham/src/lib.rs": LIBRARY,
            "rust/spam/Cargo.toml": second,
            "rust/spam/src/lib.rs": LIBRARY.replace("_native", "rust").replace("a + b", "a * b"),
            "python/ham/__init__.py": "from ._native import add\n",
            "python/space/spam/__init__.py": "from space.rust import add\n",
            "pyproject.toml": """
[build-system]
requires = ["setuptools", "setuptools-rust"]
build-backend = "setuptools.build_meta"
[project]
name = "ham"
version = "0.1.0"
[tool.setuptools.packages.find]
where = ["python"]
[[tool.setuptools-rust.ext-modules]]
target = "ham._native"
path = "rust/ham/Cargo.toml"
[[tool.setuptools-rust.ext-modules]]
target = "space.rust"
path = "rust/spam/Cargo.toml"
""",
            "tests/test_both.py": "import ham, space.spam\n"
            "def test_both(): assert (ham.add(2, 3), space.spam.add(2, 3)) == (5, 6)\n",
        }
    )
    result = run("tests")
    assert outcomes(result) == {"tests/test_both.py::test_both": "passed"}
    assert len(built(result)) == 2


@pytest.mark.usefixtures("installed")
def test_nothing_but_rust(write: Write, run: Run) -> None:
    """maturin installs such a module within a package of its name."""
    test = "import ham\nimport ham.ham\n" + TEST.partition("import ham\n")[2]
    names = "\ndef test_names():\n    assert ham.__file__.endswith('__init__.py')\n"
    files = {
        "Cargo.toml": MANIFEST,
        "pyproject.toml": PYPROJECT.partition("[tool.maturin]")[0],
        "src/lib.rs": LIBRARY.replace("_native", "ham"),
        "tests/test_ham.py": "import subprocess, sys\n" + test + names,
    }
    files["Cargo.toml"] = MANIFEST.replace("[lib]", '[lib]\nname = "ham"')
    root = write(files)
    green = {**GREEN, "tests/test_ham.py::test_names": "passed"}
    result = run()
    assert outcomes(result) == green
    assert built(result) == ["ham.ham: built from ham-native (not installed)"]
    maturin("develop", "-q", root=root)
    result = run()
    assert outcomes(result) == green
    assert built(result) == []


def test_libraries_of_one_name(write: Write, run: Run, pytester: pytest.Pytester) -> None:
    """Cargo writes them over each other: each is built where the other is not."""
    files = {"Cargo.toml": '[workspace]\nmembers = ["one", "two"]\nresolver = "2"\n'}
    for name, sign in (("one", "+"), ("two", "-")):
        manifest = MANIFEST.replace("ham-native", name).replace("[lib]", '[lib]\nname = "_native"')
        files |= {
            f"{name}/Cargo.toml": manifest,
            f"{name}/src/lib.rs": LIBRARY.replace("a + b", f"a {sign} b").partition("#[cfg")[0],
            f"{name}/pyproject.toml": PYPROJECT.replace("ham", name),
            f"{name}/python/{name}/__init__.py": "from ._native import add\n",
        }
    files["tests/test_both.py"] = (
        "import one, two\n"
        "def test_both(): assert (one.add(5, 3), two.add(5, 3)) == (8, 2)\n"
        "def test_fixture(rust_extension):\n"
        "    assert [rust_extension(name).add(5, 3) for name in ('one', 'two')] == [8, 2]\n"
    )
    write(files)
    result = run("-o", "cpython_sys_policies=auto")
    assert set(outcomes(result).values()) == {"passed"}
    assert len(built(result)) == 2


def test_a_project_among_the_tests_of_another(write: Write, run: Run) -> None:
    """The outer one is what is tested. There is one module of it, for the fixture too."""
    inner = {f"tests/data/{name}": text for name, text in PROJECT.items() if "test" not in name}
    inner["tests/data/src/lib.rs"] = LIBRARY.replace("a + b", "a - b")
    test = "def test_one(rust_extension): assert rust_extension('ham-native') is ham._native\n"
    write({**PROJECT, **inner, "tests/test_ham.py": TEST + test})
    result = run("tests/test_ham.py")
    assert result.ret == 0
    assert len(built(result)) == 1


def test_modules_that_need_each_other(write: Write, run: Run) -> None:
    """The package around a module imports another one of this run, and asks for its version."""
    init = "from importlib.metadata import version\nfrom . import _one, _two\nversion('ham')\n"
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["one", "two"]\nresolver = "2"\n',
        "python/ham/__init__.py": init,
        "tests/test_ham.py": "import ham\ndef test_it(): assert ham._one.add(1, 2) == 3\n",
        "pyproject.toml": PYPROJECT.partition("[tool.maturin]")[0].replace("maturin", "setuptools")
        + '[tool.setuptools.packages.find]\nwhere = ["python"]\n',
    }
    for name in ("one", "two"):
        files["pyproject.toml"] += (
            f'[[tool.setuptools-rust.ext-modules]]\ntarget = "ham._{name}"\n'
            f'path = "{name}/Cargo.toml"\n'
        )
        files[f"{name}/Cargo.toml"] = MANIFEST.replace("ham-native", name)
        files[f"{name}/src/lib.rs"] = LIBRARY.replace("_native", f"_{name}")
    write(files)
    result = run("-o", "cpython_sys_policies=auto")
    assert set(outcomes(result).values()) == {"passed"}
    assert outcomes(result)["two/src/lib.rs::@module::imports"] == "passed"


# -- installed -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("installed")
def test_maturin_develop_and_a_change(write: Write, run: Run) -> None:
    root = write(PROJECT)
    maturin("develop", "-q", root=root)
    result = run()
    assert outcomes(result) == GREEN
    assert built(result) == []

    replace_once(root / "src/lib.rs", "a + b", "a - b")
    result = run()
    assert outcomes(result) == RED
    assert len(built(result)) == 1
    assert re.search(r"\(the installed module is \d+ (s|min) older\)", built(result)[0])

    # What it was made of is there again, and newer by its time: as after a checkout.
    replace_once(root / "src/lib.rs", "a - b", "a + b")
    result = run()
    assert outcomes(result) == GREEN
    assert built(result) == []

    replace_once(root / "src/lib.rs", "a + b", "a * b")
    result = run("tests", "-o", "cpython_sys_stale=warn")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*ham._native: the installed module is * older than its sources*"])
    assert run("tests", "-o", "cpython_sys_extensions=off").ret == 0
    result = run("tests", "-o", "cpython_sys_stale=error")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: ham._native: the installed module is * older than*"])


def test_what_another_environment_has_left(write: Write, run: Run, environment: Path) -> None:
    """A library in the sources installs no package."""
    root = write(PROJECT)
    maturin("develop", "-q", root=root)
    pip(environment, "uninstall", "-qy", "ham")
    assert list(root.glob("python/ham/*.so"))
    result = run()
    assert outcomes(result) == GREEN
    assert built(result) == ["ham._native: built from ham-native (not installed)"]


@pytest.mark.usefixtures("installed")
def test_another_checkout_is_installed(write: Write, run: Run, tmp_path: Path) -> None:
    """Python files of one and a module of the other would be nobody's project."""
    root = write(PROJECT)
    other = tmp_path / "other"
    shutil.copytree(root, other)
    maturin("develop", "-q", root=other)
    replace_once(root / "src/lib.rs", "a + b", "a - b")
    result = run("tests")
    assert result.ret == 0
    assert built(result) == []
    line = f"ham._native: the installed module is from {other}: run `maturin develop` here"
    result.stdout.fnmatch_lines([line])
    assert run("tests", "-o", "cpython_sys_stale=error").ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.usefixtures("installed")
def test_a_file_that_rustc_alone_knows_of(write: Write, run: Run) -> None:
    words = 'a + b - 5 + include_str!("words.txt").len() as i64 * 5'
    library = LIBRARY.replace("a + b", words)
    root = write({**PROJECT, "src/words.txt": "5", "src/lib.rs": library})
    maturin("develop", "-q", root=root)
    assert built(run()) == []
    (root / "src/words.txt").write_text("55")
    result = run()
    assert outcomes(result) == RED
    assert len(built(result)) == 1


@pytest.mark.usefixtures("installed")
def test_what_else_cargo_looks_at(write: Write, run: Run) -> None:
    """A file that a path dependency includes; cargo's own configuration."""
    words = 'a + b - 5 + helper::words().len() as i64 * 5 + option_env!("MORE").map_or(0, |_| 1)'
    root = write(
        {
            **PROJECT,
            "Cargo.toml": f'{MANIFEST}helper = {{ path = "../helper" }}\n',
            "src/lib.rs": LIBRARY.replace("a + b", words),
            "../helper/Cargo.toml": "helper",
            "../helper/words.txt": "5",
            "../helper/src/lib.rs": "pub fn words() -> &'static str {\n"
            '    include_str!("../words.txt")\n}\n',
        }
    )
    maturin("develop", "-q", root=root)
    assert built(run()) == []
    for name, before, after in (
        ("../helper/words.txt", "5", "55"),
        (".cargo/config.toml", "", '[env]\nMORE = "1"\n'),
    ):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(after)
        result = run()
        assert outcomes(result) == RED, name
        assert len(built(result)) == 1
        (root / name).write_text(before)
    assert outcomes(run()) == GREEN


@pytest.mark.usefixtures("installed")
def test_a_wheel_is_what_is_tested(write: Write, run: Run, environment: Path) -> None:
    root = write(PROJECT)
    pip(environment, "install", "-q", "--no-build-isolation", "--no-deps", str(root))
    replace_once(root / "src/lib.rs", "a + b", "a - b")
    result = run("tests")
    assert outcomes(result) == {name: word for name, word in GREEN.items() if "tests/" in name}
    assert built(result) == []
    result.stdout.fnmatch_lines(["*ham._native: the installed module is * older than its sources*"])

    packages = Path(sysconfig.get_path("platlib", vars={"platbase": str(environment)}))
    (file,) = (packages / "ham").glob("*.so")
    record = next(packages.glob("ham-*.dist-info")) / "RECORD"
    other = file.with_name("_native.cpython-39-x86_64-linux-gnu.so")
    file.rename(other)
    record.write_text(record.read_text().replace(file.name, other.name))
    result = run("tests")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*ham._native: the installed module is for another Python (*"])

    other.unlink()
    result = run("tests", "-o", "cpython_sys_stale=error")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: ham._native: the installed package has no such module: run *"]
    )


# -- bad input -------------------------------------------------------------------------------------


def test_a_module_that_ends_the_process(write: Write, run: Run) -> None:
    root = write(PROJECT)
    replace_once(root / "src/lib.rs", "m.add(", "std::process::abort();\n    m.add(")
    result = run("--continue-on-collection-errors")
    assert outcomes(result)["src/lib.rs::tests::adds"] == "passed"
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    line = (
        "ham._native: built from ham-native, but cannot be imported: the import ended the process"
    )
    result.stdout.fnmatch_lines([f"{line} (*"])


def test_a_module_that_ends_the_process_well(write: Write, run: Run) -> None:
    """An exit code of 0 would be taken for a green run, with no test in it."""
    root = write(PROJECT)
    replace_once(root / "src/lib.rs", "m.add(", "std::process::exit(0);\n    m.add(")
    result = run("--continue-on-collection-errors")
    assert outcomes(result)["src/lib.rs::tests::adds"] == "passed"
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    line = "ham._native: built from *, but cannot be imported: the import ended the process"
    result.stdout.fnmatch_lines([f"{line} (*0)*"])


def test_two_names_of_one_module(write: Write, run: Run) -> None:
    root = write(PROJECT)
    replace_once(root / "src/lib.rs", "fn _native", "fn _other")
    result = run("tests")
    line = "ham._native: lib*.so exports PyInit__other, not PyInit__native"
    rename = "rename the #[[]pymodule[]] to _native (without pyo3, the function to PyInit__native)"
    write_name = 'write module-name = "ham._other" in [[]tool.maturin[]]'
    result.stdout.fnmatch_lines([f"{line}: {rename}, or {write_name}"])
    assert sum("PyInit__other" in line for line in result.outlines) == 1
    assert result.ret == pytest.ExitCode.INTERRUPTED


def test_a_module_that_does_not_build(write: Write, run: Run) -> None:
    root = write(PROJECT)
    replace_once(root / "src/lib.rs", "a + b", "a + missing")
    result = run("--continue-on-collection-errors")
    assert outcomes(result)["src/lib.rs::@build"] == "failed"
    line = "ham._native: ham-native does not build: error[[]E0425[]]: cannot find value `missing`*"
    result.stdout.fnmatch_lines([line])
    result = run("tests")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert str(result.stdout).count("error[E0425]: cannot find value `missing`") == 2
    assert "finder.py" not in str(result.stdout)


def test_a_symbol_that_is_missing(write: Write, run: Run) -> None:
    root = write(PROJECT)
    library = root / "src/lib.rs"
    replace_once(library, "    a + b", "    unsafe { nowhere() };\n    a + b")
    library.write_text(library.read_text() + 'unsafe extern "C" { fn nowhere(); }\n')
    (root / "build.rs").write_text(
        'fn main() { println!("cargo:rustc-link-arg=-Wl,--unresolved-symbols=ignore-all"); }'
    )
    result = run("tests", "--continue-on-collection-errors")
    assert result.ret != 0
    result.stdout.fnmatch_lines(
        ["ham._native: built from *cannot be imported: undefined symbol: *nowhere (lib*.so)"]
    )


def test_another_python_in_the_shell(
    write: Write, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = python_with_headers("3.12" if sys.version_info[:2] != (3, 12) else "3.13")
    monkeypatch.setenv("PYO3_PYTHON", str(other.executable))
    write(PROJECT)
    result = run("--continue-on-collection-errors")
    assert outcomes(result)["src/lib.rs::tests::adds"] == "passed"
    line = "ham._native: ham-native is built with PYO3_PYTHON=*, not for *: unset PYO3_PYTHON,"
    result.stdout.fnmatch_lines([f"{line} or *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_two_packages_that_give_one_module(write: Write, run: Run) -> None:
    second = MANIFEST.replace("ham-native", "spam-native")
    told = '[package.metadata.cpython-sys]\nmodule = "ham._native"\n'
    write(
        {
            **PROJECT,
            "Cargo.toml": MANIFEST + '[workspace]\nmembers = ["second"]\n',
            "second/Cargo.toml": second + told,
            "second/src/lib.rs": LIBRARY,
        }
    )
    result = run("--continue-on-collection-errors")
    assert outcomes(result)["src/lib.rs::tests::adds"] == "passed"
    assert outcomes(result)["second/src/lib.rs::tests::adds"] == "passed"
    line = "ham._native is the extension module of 2 packages, ham-native (*), spam-native (second)"
    result.stdout.fnmatch_lines([f"{line}: choose *"])
    result = run("-o", "cpython_sys_extensions=ham-native")
    assert set(outcomes(result).values()) == {"passed"}
    assert run("-o", "cpython_sys_extensions=hum-native", "tests/test_ham.py", "second").ret != 4
    result = run("-o", "cpython_sys_extensions=hum-native")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ['ERROR: *cpython_sys_extensions*: no package "hum-native" has a cdylib: *ham-native*']
    )


def test_a_key_in_a_project_without_a_cdylib(write: Write, run: Run) -> None:
    write({**PROJECT, "Cargo.toml": MANIFEST.replace('"cdylib"', '"rlib"')})
    result = run("-o", "cpython_sys_extensions=ham-native")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    words = 'no package of this project has a cdylib: remove "ham-native" or the key'
    assert f"ERROR: -o cpython_sys_extensions: {words}" in result.errlines


def test_a_python_source_that_is_not_there(write: Write, run: Run) -> None:
    root = write(PROJECT)
    replace_once(root / "pyproject.toml", '"python"', '"pyton"')
    result = run("--continue-on-collection-errors")
    assert outcomes(result)["src/lib.rs::tests::adds"] == "passed"
    result.stdout.fnmatch_lines(['*: python-source = "pyton" is not a directory: *'])


def test_a_backend_that_nobody_knows(write: Write, run: Run) -> None:
    root = write(PROJECT)
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["snake"]\nbuild-backend = "snake.build"\n'
        '[project]\nname = "ham"\nversion = "0.1.0"\n'
    )
    result = run("--continue-on-collection-errors")
    assert outcomes(result)["src/lib.rs::tests::adds"] == "passed"
    result.stdout.fnmatch_lines(["*snake.build*module = *"])


@pytest.mark.pytest_side
def test_the_key_in_a_typed_table(write: Write, run: Run) -> None:
    if pytest.version_tuple < (9,):
        pytest.skip("pytest 8 has no typed tables")
    root = write(PROJECT)
    for value, found in (('"off"', 0), ('"auto"', 1), ('["ham-native"]', 1)):
        (root / "pytest.toml").write_text(f"[pytest]\ncpython_sys_extensions = {value}\n")
        assert len(built(run("tests"))) == found
