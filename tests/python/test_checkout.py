"""Which Python a place is built against, and what is said where that is not clear."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.python.checkout import (
    build_directories,
    find_checkout,
    has_entries_of_checkout,
    is_standard_library,
    target_python,
)
from pytest_cpython_sys.python.introspect import InterpreterError
from pytest_cpython_sys.rust.workspaces import find_manifests

if TYPE_CHECKING:
    from pathlib import Path

PATCHLEVEL = """\
#define PY_MAJOR_VERSION 3
#define PY_MINOR_VERSION {minor}
#define PY_MICRO_VERSION 5
"""


def make_tree(root: Path, minor: int = 13) -> Path:
    for name in ("Makefile.pre.in", "Lib/os.py", "Python/ceval.c", "Modules/main.c"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / "Include").mkdir()
    (root / "Include" / "patchlevel.h").write_text(PATCHLEVEL.format(minor=minor))
    return root


def configure(build: Path, source: Path, version: str = "3.13") -> Path:
    build.mkdir(parents=True, exist_ok=True)
    srcdir = os.path.relpath(source, build)
    (build / "Makefile").write_text(
        f"VERSION=\t{version}\nsrcdir=\t{srcdir}\nCC=\tgcc -pthread\nBUILDPYTHON=\tpython\n"
        "PY_CPPFLAGS=\t-I. -I$(srcdir)/Include\nMODSHARED_NAMES= a b\n"
        "BLDSHARED=\t$(CC) -shared -L. -Wl,-z,now\n"
    )
    (build / "pyconfig.h").write_text("#define Py_DEBUG 1\n")
    return build


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make_tree(tmp_path / "cpython")


def refusal(place: Path, named: str | None = None, variable: str = "") -> str:
    environ = {"PYTHON_BUILD_DIR": variable} if variable else {}
    with pytest.raises(InterpreterError) as caught:
        target_python(str(place), named, environ)
    words = str(caught.value)
    assert "\n" not in words
    assert "--cpython-sys-python" in words or "run ./configure" in words
    return words


def test_checkout_is_found_from_within(tree: Path) -> None:
    for place in (tree, tree / "Modules", tree / "Lib" / "os.py"):
        assert find_checkout(str(place)) == str(tree)
    assert find_checkout(str(tree.parent)) is None
    assert has_entries_of_checkout(os.listdir(tree))
    assert not has_entries_of_checkout(os.listdir(tree.parent))


def test_standard_library_is_told_by_its_place(tree: Path) -> None:
    assert is_standard_library(str(tree / "Lib"))
    assert is_standard_library(str(tree / "Lib" / "os.py"))
    assert not is_standard_library(str(tree / "Library"))
    assert not is_standard_library(str(tree))


@pytest.mark.parametrize(
    "place", [".", "build", "debug", "build/x", "cross-build/aarch64-linux-android"]
)
def test_the_only_build_is_taken(tree: Path, place: str) -> None:
    configure(tree / place, tree)
    python = target_python(str(tree / "Modules"), None, {})
    assert python.build_dir == os.path.normpath(tree / place)
    assert python.source_dir == str(tree)
    assert (python.version, python.debug, python.executable) == ("3.13.5", True, None)


def test_several_builds_are_listed_in_order(tree: Path) -> None:
    for place in ("cross-build/a", "debug", "build/x", "."):
        configure(tree / place, tree)
    (tree / "build" / "lib.linux-x86_64-3.13").mkdir()
    assert refusal(tree) == (
        f"{tree} has several configured builds: cpython, cpython/debug, cpython/build/x, "
        "cpython/cross-build/a. Choose one with --cpython-sys-python"
    )


def test_a_link_to_a_build_is_no_other_build(tree: Path) -> None:
    configure(tree / "build" / "x", tree)
    (tree / "debug").symlink_to(tree / "build" / "x")
    assert build_directories(str(tree)) == [str(tree / "debug")]
    assert target_python(str(tree), None, {}).build_dir == str(tree / "build" / "x")


def test_named_comes_before_the_variable_and_that_before_the_rest(tree: Path) -> None:
    for place in ("build", "debug", "elsewhere"):
        configure(tree / place, tree)
    named = target_python(str(tree), "cpython/debug", {"PYTHON_BUILD_DIR": "cpython/elsewhere"})
    assert named.build_dir == str(tree / "debug")
    shell = target_python(str(tree), None, {"PYTHON_BUILD_DIR": "cpython/elsewhere"})
    assert shell.build_dir == str(tree / "elsewhere")


def test_elsewhere_it_is_the_python_that_runs(tmp_path: Path) -> None:
    python = target_python(str(tmp_path), None, {"PYTHON_BUILD_DIR": "/nowhere"})
    assert python.version == ".".join(map(str, sys.version_info[:3]))


def test_not_configured(tree: Path) -> None:
    assert refusal(tree) == (
        f"{tree} is not configured: run ./configure there, or choose a build directory or an "
        "interpreter with --cpython-sys-python"
    )


@pytest.mark.parametrize("there", ["Makefile", "pyconfig.h", "config.log"])
def test_half_configured(tree: Path, there: str) -> None:
    (tree / "debug").mkdir()
    (tree / "debug" / there).touch()
    missing = " and no ".join(name for name in ("Makefile", "pyconfig.h") if name != there)
    assert refusal(tree).startswith(
        f"{tree}/debug is half configured, it has no {missing}: run configure there again, or "
    )


def test_makefile_of_another_version(tree: Path) -> None:
    configure(tree, tree, "3.12")
    assert refusal(tree).startswith(
        f"the Makefile in {tree} is of Python 3.12, the headers in {tree} are of 3.13.5: "
    )


def test_build_directory_of_another_tree(tree: Path, tmp_path: Path) -> None:
    other = make_tree(tmp_path / "other")
    configure(other / "build", other)
    expected = f"{other}/build was configured for the sources in {other}, not for {tree}: "
    assert refusal(tree, str(other / "build")).startswith(expected)
    words = refusal(tree, variable=str(other / "build"))
    assert words.startswith(f"PYTHON_BUILD_DIR: {expected}")


def test_a_tree_of_links_is_the_same_tree(tree: Path, tmp_path: Path) -> None:
    configure(tree / "build", tree)
    links = tmp_path / "links"
    links.mkdir()
    for entry in tree.iterdir():
        (links / entry.name).symlink_to(entry)
    assert target_python(str(links), None, {}).build_dir == str(tree / "build")


def test_installed_python_of_another_version(tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "cpython", minor=99)
    assert f"the headers in {tree} are of 3.99.5" in refusal(tree, sys.executable)


def test_interpreter_that_cannot_start_is_a_remark(tree: Path) -> None:
    build = configure(tree / "build", tree)
    (build / "python").write_text(
        "#!/bin/sh\necho 'Fatal Python error: no home' >&2\necho '  <no frame>' >&2\nexit 1\n"
    )
    (build / "python").chmod(0o755)
    python = target_python(str(tree), None, {})
    assert python.executable is None
    remark = (
        f"{build}/python did not answer as a Python interpreter would (exit code 1: Fatal Python "
        "error: no home): run make again, or choose another interpreter with --cpython-sys-python"
    )
    assert python.remarks == (remark,)
    assert python.describe() == "Python 3.13.5 (cp313, debug, does not run)"


def test_environment_says_how_modules_are_linked(tree: Path) -> None:
    build = configure(tree / "build", tree)
    environment = target_python(str(tree), None, {}).build_environment()
    assert environment["PYTHON_BUILD_DIR"] == str(build)
    assert environment["PY_CC"] == "gcc -pthread"
    assert environment["RUST_SHARED_BUILD"] == "1"
    assert environment["BLDSHARED_EXE"] == "gcc -pthread"
    assert environment["BLDSHARED_ARGS"] == f"-L{build} -Wl,-z,now"
    assert environment["LIBPYTHON"] == ""
    assert "LLVM_TARGET" not in environment


def test_of_a_checkout_only_the_folder_of_modules_is_searched(tree: Path) -> None:
    for place in (".", "Modules/a", "Lib/b", "Tools/c"):
        (tree / place).mkdir(parents=True, exist_ok=True)
        (tree / place / "Cargo.toml").touch()
    found = list(find_manifests(str(tree.parent), lambda _: False))
    assert found == [str(tree / "Cargo.toml"), str(tree / "Modules" / "a" / "Cargo.toml")]
