"""Exported symbols: declared in a C header, named as CPython's own; and headers of cbindgen's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import SEE_METADATA, outcomes, python_with_headers, replace_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Write = Callable[[Mapping[str, str]], Path]
    Run = Callable[..., pytest.RunResult]

MANIFEST = """
[package]
name = "spam"
version = "0.1.0"
edition = "2021"
[lib]
crate-type = ["cdylib"]
[package.metadata.cpython-sys]
policies = ["symbols"]
"""
HEADED = f'{MANIFEST}header = "spam.h"\n'
LIB = """
#[no_mangle] pub extern "C" fn PyInit_spam() {}
#[no_mangle] pub extern "C" fn _PySpam_Eat(x: i32) -> i32 { x }
#[no_mangle] pub static mut PySpam_Count: i32 = 3;
pub fn inner() {}
"""
HEADER = """
int _PySpam_Eat(int);
extern int PySpam_Count;
typedef int PySpam_Type;
"""
FILES = {"Cargo.toml": HEADED, "src/lib.rs": LIB, "spam.h": HEADER}


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    def run(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest("--cpython-sys", "-rA", "-m", "rust_policy", *arguments)

    return run


def symbols(result: pytest.RunResult) -> dict[str, str]:
    prefix = "src/lib.rs::@symbol::"
    return {
        name.removeprefix(prefix): outcome
        for name, outcome in outcomes(result).items()
        if name.startswith(prefix)
    }


GOOD = dict.fromkeys(("PyInit_spam", "PySpam_Count", "_PySpam_Eat"), "passed")


@pytest.mark.parametrize("kind", ["cdylib", "staticlib", 'cdylib", "rlib'])
def test_declared_and_well_named(write: Write, run: Run, kind: str) -> None:
    write({**FILES, "Cargo.toml": HEADED.replace("cdylib", kind)})
    result = run()
    assert symbols(result) == GOOD
    assert result.ret == 0


@pytest.mark.parametrize("kind", ["cdylib", "staticlib"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("_PySpam_Other", "_PySpam_Other is exported, but spam.h does not declare it"),
        # A type of that name is no declaration of it.
        ("PySpam_Type", "PySpam_Type is exported, but spam.h does not declare it"),
        (
            "spam",
            "spam is exported, but breaks two rules: its name begins with neither Py *, and *",
        ),
    ],
)
def test_undeclared(write: Write, run: Run, kind: str, name: str, words: str) -> None:
    code = f'{LIB}#[no_mangle]\npub extern "C" fn {name}() {{}}\n'
    manifest = HEADED.replace("cdylib", kind)
    write({**FILES, "Cargo.toml": manifest, "src/lib.rs": code})
    result = run()
    assert symbols(result) == {**GOOD, name: "failed"}
    result.stdout.fnmatch_lines([f"src/lib.rs:7: {words}", "    C compiler: *"])
    allow = f'    allow it in the manifest: exports = [[]"{name}"[]] under *'
    ways = [
        "do one of these:",
        "    *declare it in spam.h",
        "    do not export it: remove *",
        allow,
    ]
    result.stdout.fnmatch_lines(ways, consecutive=True)
    write({"Cargo.toml": f'{manifest}exports = ["no_*", "{name[:-2]}*"]\n'})
    assert symbols(run()) == {**GOOD, name: "passed"}


def test_a_smelly_name_that_is_declared(write: Write, run: Run) -> None:
    code = f'{LIB}#[no_mangle] pub extern "C" fn spam_eat() {{}}\n'
    root = write({**FILES, "src/lib.rs": code, "spam.h": f"{HEADER}void spam_eat(void);\n"})
    result = run()
    assert symbols(result) == {**GOOD, "spam_eat": "failed"}
    result.stdout.fnmatch_lines(
        ["*spam_eat is exported, but its name begins with neither Py nor _Py"]
    )
    # What C knows is kept until a header changes.
    replace_once(root / "spam.h", "int _PySpam_Eat(int);", "")
    assert symbols(run()) == {**GOOD, "spam_eat": "failed", "_PySpam_Eat": "failed"}


def test_without_a_header_names_alone_count(write: Write, run: Run) -> None:
    code = f'{LIB}#[no_mangle] pub extern "C" fn spam_eat() {{}}\n'
    write({"Cargo.toml": MANIFEST, "src/lib.rs": code})
    assert symbols(run()) == {**GOOD, "spam_eat": "failed"}


def test_who_does_not_ask_has_none(write: Write, run: Run) -> None:
    write({**FILES, "Cargo.toml": MANIFEST.partition("[package.metadata")[0]})
    assert symbols(run()) == {}
    write({"Cargo.toml": HEADED.replace('["symbols"]', '["unsafe"]')})
    assert symbols(run()) == {}
    assert symbols(run("-o", "cpython_sys_policies=all")) == GOOD


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            'exports = "x"',
            '`exports` must be an array of strings, not *: write exports = [[]"x"[]]',
        ),
        ('exports = ["a b"]', '`exports`: "a b" is not valid: write a symbol\'s name*'),
        ('export = ["a"]', "unknown key `export`: did you mean `exports`[?]"),
        ('cbindgen = "/x.h"', '`cbindgen`: "/x.h" is not a relative path: *'),
    ],
)
def test_a_table_that_cannot_be_used(write: Write, run: Run, entry: str, words: str) -> None:
    write({**FILES, "Cargo.toml": f"{HEADED}{entry}\n"})
    result = run()
    assert symbols(result) == {"@exports": "error"}
    result.stdout.fnmatch_lines_random([f"Cargo.toml:*: {words}", SEE_METADATA])


def test_a_header_that_does_not_compile(write: Write, run: Run) -> None:
    write({**FILES, "spam.h": "int x = ;\n"})
    result = run()
    assert symbols(result) == {
        "PyInit_spam": "passed",
        "PySpam_Count": "error",
        "_PySpam_Eat": "error",
    }


# -- cbindgen -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def cbindgen() -> str:
    """The directory of a cbindgen: the one on the path, else one that is installed once."""
    found = shutil.which("cbindgen")
    if found is not None:
        return os.path.dirname(found)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    root = cache / "pytest-cpython-sys" / "cbindgen"
    if not (root / "bin" / "cbindgen").exists():
        argv = ["cargo", "install", "cbindgen", "--locked", "--root", str(root)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=1800)
        if done.returncode:
            pytest.skip(f"no cbindgen, and it cannot be installed: {done.stderr[-300:]}")
    return str(root / "bin")


BINDGEN = {
    "Cargo.toml": f'{HEADED}cbindgen = "spam.h"\n',
    "src/lib.rs": LIB,
    "cbindgen.toml": 'language = "C"\ninclude_guard = "SPAM_H"\nno_includes = true\n'
    'sys_includes = ["stdint.h"]\n',
}


@pytest.fixture
def generated(write: Write, cbindgen: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Write the package with the header that cbindgen makes of it."""
    monkeypatch.setenv("PATH", cbindgen, prepend=os.pathsep)
    root = write(BINDGEN)

    def generate() -> Path:
        subprocess.run(
            ["cbindgen", "--quiet", "--output", "spam.h"], cwd=root, check=True, timeout=300
        )
        return root

    return generate


def test_a_header_of_cbindgen(generated: Callable[[], Path], run: Run) -> None:
    python = python_with_headers(f"{sys.version_info.major}.{sys.version_info.minor}")
    root = generated()
    result = run(f"--cpython-sys-python={python.executable}")
    # It writes what is mangled too, and not what needs no header.
    assert symbols(result) == {**GOOD, "@cbindgen": "passed"}
    replace_once(
        root / "src" / "lib.rs", "_PySpam_Eat(x: i32) -> i32", "_PySpam_Eat(x: i64) -> i64"
    )
    result = run("-k", "cbindgen")
    assert symbols(result) == {"@cbindgen": "failed"}
    result.stdout.fnmatch_lines(
        ["*: spam.h is out of date: update it with *", "    -int32_t _PySpam_Eat(int32_t x);"]
    )
    # Asking has changed nothing.
    assert symbols(run("-k", "cbindgen")) == {"@cbindgen": "failed"}
    generated()
    assert symbols(run("-k", "cbindgen")) == {"@cbindgen": "passed"}


def test_a_header_of_cbindgen_that_clashes(
    generated: Callable[[], Path], write: Write, run: Run
) -> None:
    """Up to date, and of no use: Python has another thing of that name."""
    write(
        {"src/lib.rs": f'{LIB}#[no_mangle] pub extern "C" fn Py_IsInitialized() -> f64 {{ 0.5 }}'}
    )
    generated()
    result = run("-k", "cbindgen")
    assert symbols(result) == {"@cbindgen": "failed"}
    result.stdout.fnmatch_lines(
        [
            "*spam.h:1: spam.h does not compile together with Python.h",
            "*conflicting types*Py_IsInitialized*",
        ]
    )


def test_no_header_of_cbindgen(write: Write, run: Run) -> None:
    write({**FILES, "Cargo.toml": f'{HEADED}cbindgen = "other.h"\n'})
    result = run("-k", "cbindgen")
    assert symbols(result) == {"@cbindgen": "failed"}
    result.stdout.fnmatch_lines(["*: other.h does not exist: write it with `cbindgen *`"])


def test_no_cbindgen(
    write: Write, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({**BINDGEN, "spam.h": HEADER})
    if shutil.which("cbindgen") is not None:
        for name in ("cargo", "rustc", "rustdoc", "cc", "gcc", "ld", "as", "sh"):
            found = shutil.which(name)
            if found is not None:
                (tmp_path / name).symlink_to(found)
        monkeypatch.setenv("PATH", str(tmp_path))
    result = run("-k", "cbindgen")
    assert symbols(result) == {"@cbindgen": "error"}  # the manifest asks for it
    result.stdout.fnmatch_lines(
        ["*: not evaluated: cbindgen is not installed: run `cargo install cbindgen`"]
    )
