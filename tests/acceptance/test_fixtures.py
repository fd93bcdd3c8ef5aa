"""Python tests that use a project's own Rust."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from .conftest import EXAMPLES, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

MODULE = {
    "Cargo.toml": '[package]\nname = "my-eggs"\nversion = "0.1.0"\nedition = "2021"\n'
    '[lib]\ncrate-type = ["cdylib"]\n[features]\nloud = []\n',
    # The smallest module there is: PyInit returns an error, or a module made by C's own function.
    "src/lib.rs": """
use std::ffi::{c_char, c_int, c_void};
#[repr(C)] pub struct Def { base: [usize; 5], name: *const c_char, doc: *const c_char,
    size: isize, rest: [usize; 5] }
static mut DEF: Def = Def { base: [1, 0, 0, 0, 0], name: c"my_eggs".as_ptr(),
    doc: if cfg!(feature = "loud") { c"LOUD".as_ptr() } else { c"eggs".as_ptr() },
    size: -1, rest: [0; 5] };
extern "C" { fn PyModule_Create2(def: *mut Def, version: c_int) -> *mut c_void; }
#[no_mangle] pub unsafe extern "C" fn PyInit_my_eggs() -> *mut c_void {
    unsafe { PyModule_Create2(&raw mut DEF, 1013) }
}
""",
    "tests/test_eggs.py": """
def test_eggs(rust_extension):
    module = rust_extension("my-eggs")
    assert module.__name__ == "my_eggs"
    assert module.__doc__ == "eggs"
    assert rust_extension("my-eggs") is module
""",
}


@pytest.mark.parametrize("arguments", [[], ["--cpython-sys"], ["--cpython-sys", "-n2"]])
def test_a_module_is_built_and_imported(
    pytester: pytest.Pytester, write: Write, arguments: list[str]
) -> None:
    write(MODULE)
    found = outcomes(pytester.runpytest("-rA", *arguments))
    assert found["tests/test_eggs.py::test_eggs"] == "passed"


@pytest.mark.parametrize(
    "told",
    [
        "[tool.maturin]\nmodule-name = 'my_eggs'\npython-source = 'python'\n",
        "[[tool.setuptools-rust.ext-modules]]\ntarget = 'my_eggs.my_eggs'\n",
    ],
)
def test_a_module_inside_a_python_package(
    pytester: pytest.Pytester, write: Write, told: str
) -> None:
    """The package need not be installed, and an older build that lies in it is not imported."""
    write(
        {
            **MODULE,
            "pyproject.toml": told,
            "python/my_eggs/__init__.py": "from .my_eggs import *\n__doc__ = my_eggs.__doc__\n",
            "python/my_eggs/my_eggs.py": "__doc__ = 'old'\n",
            "tests/test_eggs.py": """
def test_eggs(rust_extension):
    module = rust_extension("my-eggs")
    import my_eggs
    assert my_eggs.my_eggs is module
    assert my_eggs.__doc__ == "eggs"
""",
        }
    )
    pytester.runpytest().assert_outcomes(passed=1)


def test_a_module_with_an_undefined_symbol(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong stands before the path, and once."""
    monkeypatch.setenv("RUSTFLAGS", "-Clink-arg=-Wl,--unresolved-symbols=ignore-all")
    source = MODULE["src/lib.rs"].replace("PyModule_Create2", "eggs_missing")
    write({**MODULE, "src/lib.rs": source})
    result = pytester.runpytest("--cpython-sys", "-ocpython_sys_policies=all")
    text = result.stdout.str()
    symbol = "undefined symbol: eggs_missing"
    assert f"rust_extension('my-eggs'): cannot import `my_eggs`: {symbol} (libmy_eggs.so)" in text
    assert f": ImportError: {symbol} (my_eggs.cpython-" in text
    assert "During handling of" not in text


@pytest.mark.parametrize("policies", ["auto", "off"])
def test_an_import_that_needs_the_module_is_explained(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, policies: str
) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")  # as where a worker's test runs pytest
    write({**MODULE, "tests/test_eggs.py": "import my_eggs\n", "tests/test_no.py": "import ham\n"})
    settings = ["--cpython-sys", f"-ocpython_sys_policies={policies}"]
    missed = "my_eggs, the extension module of my-eggs, is not installed:"
    for more, cure in (
        (
            "-ocpython_sys_extensions=off",
            '    to let pytest build it, set cpython_sys_extensions = "auto"',
        ),
        # Nobody says that it is one, and there is nothing to install.
        (
            "-ocpython_sys_extensions=auto",
            "    to build and import it in a test, use the fixture rust_extension: *my-eggs*",
        ),
    ):
        result = pytester.runpytest(*settings, more)
        assert result.ret == pytest.ExitCode.INTERRUPTED
        result.stdout.fnmatch_lines([missed, cure], consecutive=True)
        result.stdout.no_fnmatch_line("ham, *")


def test_features_can_be_switched_on(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            **MODULE,
            "tests/test_eggs.py": "def test_loud(rust_extension):\n    module = rust_extension("
            '"my-eggs", features=["loud"])\n    assert module.__doc__ == "LOUD"\n',
        }
    )
    pytester.runpytest().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("source", "name", "words"),
    [
        ("fn f( {", "my-eggs", "*the package does not build:*"),
        (
            "",
            "my-eggs",
            "*exports no module (no PyInit_NAME): *#[[]pymodule]*PyInit_NAME()",
        ),
        ("", "ham", "*the project has no package `ham`; its packages are: my-eggs*"),
    ],
    ids=["broken", "no-init", "unknown"],
)
def test_what_cannot_be_imported_is_one_clear_failure(
    pytester: pytest.Pytester, write: Write, source: str, name: str, words: str
) -> None:
    write(
        {
            **MODULE,
            "src/lib.rs": source,
            "tests/test_eggs.py": f"def test_it(rust_extension):\n    rust_extension({name!r})\n",
        }
    )
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([words])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_library_that_is_no_cdylib_is_told(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "plain",
            "src/lib.rs": "",
            "test_it.py": 'def test_it(rust_extension):\n    rust_extension("plain")\n',
        }
    )
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*is not a cdylib: add *crate-type*"])


def test_the_wrapper_is_bound_to_the_project(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            **MODULE,
            "tests/test_eggs.py": """
def test_cargo(cargo):
    assert [package.name for package in cargo.packages] == ["my-eggs"]
    package = cargo.package("my-eggs")
    assert package.library.crate_name == "my_eggs"
    assert cargo.build_library(package).success
""",
        }
    )
    pytester.runpytest().assert_outcomes(passed=1)


def test_the_examples_python_tests(pytester: pytest.Pytester, example_target: Path) -> None:
    shutil.copytree(
        EXAMPLES,
        pytester.path,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("target", "mixed", "pregenerated"),
    )
    target = f"--cargo-target-dir={example_target}"
    result = pytester.runpytest("--cpython-sys", "spam", "-rA", target)
    found = outcomes(result)
    assert result.ret == 0
    assert found["spam/tests/test_spam.py::test_add"] == "passed"
    assert found["spam/src/arithmetic.rs::@doctest::arithmetic::add::1"] == "passed"
    assert sum("test_spam.py" in name for name in found) == 8
