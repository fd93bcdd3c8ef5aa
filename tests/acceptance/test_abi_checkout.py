"""A crate of a checkout, built anywhere: the C compiler reads the headers that bindgen reads."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, replace_once, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

VERSION = ".".join(map(str, sys.version_info[:2]))
TAG = f"cp{sys.version_info[0]}{sys.version_info[1]}"
NUMBERS = zip(("MAJOR", "MINOR", "MICRO"), platform.python_version_tuple(), strict=True)
CRATE = "source/Modules/cpython-sys"
LIB = f"{CRATE}/src/lib.rs"
# As much as tells that a directory is a checkout.
FILES = {
    "source/Makefile.pre.in": "",
    "source/Lib/os.py": "",
    "source/Python/ceval.c": "",
    "source/Python/names.h": "#define NAMES 3\n",
    "source/Include/patchlevel.h": "".join(f"#define PY_{a}_VERSION {b}\n" for a, b in NUMBERS),
    "source/Include/shapes.h": """
#ifdef Py_GIL_DISABLED
struct object { unsigned local, shared; void *type; };
#define object_HEAD_INIT { 0xffffffffu, 0, 0 }
#else
struct object { long count; void *type; };
#define object_HEAD_INIT { 0xffffffffl, 0 }
#endif
""",
    "source/Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["Modules/*"]\n',
    # Stands in for the real one, which takes half a minute to compile.
    "source/Tools/bindgen/Cargo.toml": "bindgen",
    "source/Tools/bindgen/src/lib.rs": "",
    f"{CRATE}/Cargo.toml": """
[package]
name = "cpython-sys"
version = "0.1.0"
edition = "2021"
[build-dependencies]
bindgen = { path = "../../Tools/bindgen" }
""",
    f"{CRATE}/build.rs": """
fn main() {
    println!("cargo::rerun-if-env-changed=PYTHON_BUILD_DIR");
    println!("cargo::rustc-check-cfg=cfg(free)");
    let config = format!("{}/pyconfig.h", std::env::var("PYTHON_BUILD_DIR").unwrap());
    if std::fs::read_to_string(config).unwrap().contains("Py_GIL_DISABLED 1") {
        println!("cargo::rustc-cfg=free");
    }
}
""",
    f"{CRATE}/wrapper.h": """
#include "pyconfig.h"
#include "shapes.h"
#include "Python/names.h"
#define Py_Promise ((void *)1)
""",
    LIB: """
#![allow(non_camel_case_types, non_upper_case_globals)]
use std::ffi::{c_int, c_long, c_uint, c_void};
#[cfg(free)] #[repr(C)]
pub struct object { pub local: c_uint, pub shared: c_uint, pub r#type: *mut c_void }
#[cfg(not(free))] #[repr(C)]
pub struct object { pub count: c_long, pub r#type: *mut c_void }
#[cfg(free)]
pub const object_HEAD_INIT: object =
    object { local: c_uint::MAX, shared: 0, r#type: std::ptr::null_mut() };
#[cfg(not(free))]
pub const object_HEAD_INIT: object =
    object { count: c_uint::MAX as c_long, r#type: std::ptr::null_mut() };
pub const NAMES: c_int = 3;
// In C it is a pointer, of another name.
pub const PY_PROMISE: usize = 1;
""",
}
ITEMS = ("const::NAMES", "const::PY_PROMISE", "init::object_HEAD_INIT", "layout::object")


def abi(result: pytest.RunResult) -> dict[str, str]:
    return {name.removeprefix(f"{LIB}::"): how for name, how in outcomes(result).items()}


@pytest.fixture
def builds(write: Write) -> list[str]:
    """The options that name two builds of the checkout beside its sources, GIL and free-threaded.

    The sources themselves hold what ``./configure`` has left of a third one.
    """
    root = write(FILES)
    write({"source/pyconfig.h": "#error another build's\n"})
    for name, text in (("gil", ""), ("free", "#define Py_GIL_DISABLED 1\n")):
        makefile = (
            f"srcdir=../../source\nVERSION={VERSION}\nCC=cc\nPY_CPPFLAGS=-I$(srcdir)/Include\n"
        )
        write({f"out/{name}/Makefile": makefile, f"out/{name}/pyconfig.h": text})
    return [f"--cpython-sys-python={root / 'out' / name}" for name in ("gil", "free")]


def test_builds_outside_of_the_sources(
    pytester: pytest.Pytester, builds: list[str], cargo_calls: Callable[[], list[str]]
) -> None:
    for build in builds:
        result = run(pytester, "-mrust_abi", build, "source")
        assert abi(result) == {f"@abi::{name}": "passed" for name in ITEMS}
    # Right for the build that everybody has, and for it alone.
    replace_once(pytester.path / LIB, "local: c_uint::MAX", "local: 0")
    replace_once(pytester.path / LIB, "PY_PROMISE: usize = 1", "PY_PROMISE: usize = 2")
    result = run(pytester, "-mrust_abi", *builds, "source")
    expected = {
        f"@{TAG}{flavour}::@abi::{name}": "passed" for name in ITEMS for flavour in ("", "t")
    }
    assert abi(result) == {
        **expected,
        f"@{TAG}::@abi::const::PY_PROMISE": "failed",
        f"@{TAG}t::@abi::const::PY_PROMISE": "failed",
        f"@{TAG}t::@abi::init::object_HEAD_INIT": "failed",
    }
    result.stdout.re_match_lines(
        [rf"{TAG} +{TAG}t", rf"ok +failed +{LIB}::@abi::init::object_HEAD_INIT"]
    )


def test_an_installed_python_in_a_checkout(pytester: pytest.Pytester, write: Write) -> None:
    write(FILES)
    (pytester.path / CRATE / "src" / "lib.rs").write_text("pub const NAMES: std::ffi::c_int = 3;\n")
    result = run(pytester, "-mrust_abi", f"--cpython-sys-python={sys.executable}", "source")
    assert abi(result) == {"@abi::const::NAMES": "passed"}


def test_flags_of_the_shell_count_for_both(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build script of `cpython-sys` goes by these variables, and so must the C compiler."""
    library = "pub const SHELL: std::ffi::c_int = 5;\npub const WHERE: std::ffi::c_int = 7;\n"
    root = write(
        {
            "Cargo.toml": "cpython-sys",
            "wrapper.h": "#include <shell.h>\n#define SHELL GIVEN\n",
            "src/lib.rs": library,
            "built/shell.h": "#define WHERE 7\n",
        }
    )
    monkeypatch.setenv("PYTHON_BUILD_DIR", str(root / "built"))
    monkeypatch.setenv("PY_CPPFLAGS", "-D GIVEN=5 -D OTHER")
    result = run(pytester, "-mrust_abi")
    assert {name.partition("::")[2]: how for name, how in abi(result).items()} == {
        "@abi::const::SHELL": "passed",
        "@abi::const::WHERE": "passed",
    }


def test_a_header_that_only_bindgen_takes(
    pytester: pytest.Pytester, write: Write, builds: list[str]
) -> None:
    header = {f"{CRATE}/wrapper.h": "#error not for you\n"}
    write(header)
    result = run(pytester, "-mrust_abi", builds[0], "source")
    assert abi(result) == {"@abi::header": "error"}
    result.stdout.fnmatch_lines(["*wrapper.h:1: wrapper.h does not compile: #error not for you*"])
    assert result.ret == 1
    # Where bindgen does not read a header, nobody knows what it is for.
    write({f"{CRATE}/Cargo.toml": "cpython-sys"})
    result = run(pytester, "-mrust_abi", builds[0], "source")
    assert abi(result) == {}
    assert result.parseoutcomes().keys() <= {"skipped", "deselected"}
