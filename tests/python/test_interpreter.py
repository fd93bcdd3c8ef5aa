"""A build directory as its files describe it, and what is said of one that is none."""

from __future__ import annotations

import os
import sys
import sysconfig
import venv
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_cpython_sys.python.interpreter import current, load
from pytest_cpython_sys.python.introspect import InterpreterError
from pytest_cpython_sys.python.selection import is_same_python

from .test_checkout import configure, make_tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path / "cpython")


def refusal(path: Path | str) -> str:
    with pytest.raises(InterpreterError) as caught:
        load(str(path))
    words = str(caught.value)
    assert "\n" not in words
    return words


def test_headers_of_a_build_beside_its_sources(tree: Path) -> None:
    (tree / "Include" / "internal" / "mimalloc").mkdir(parents=True)
    build = configure(tree / "build" / "x", tree)
    python = load(str(build))
    include = tree / "Include"
    assert python.include_dirs == tuple(
        map(str, (build, include, include / "internal", include / "internal" / "mimalloc"))
    )
    assert python.cppflags == tuple(f"-I{path}" for path in python.include_dirs)
    assert python.cc == ("gcc", "-pthread")


def test_headers_of_a_build_in_the_tree(tree: Path) -> None:
    python = load(str(configure(tree, tree)))
    assert python.source_dir == python.build_dir == str(tree)
    assert python.include_dirs == (str(tree), str(tree / "Include"))


def test_a_relative_place_becomes_absolute(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tree / "build", tree)
    monkeypatch.chdir(tree)
    assert load("build").build_dir == str(tree / "build")


def test_the_interpreter_in_a_build_stands_for_it(tree: Path) -> None:
    build = configure(tree / "build", tree)
    (build / "python").write_text("#!/bin/sh\nexit 1\n")
    (build / "python").chmod(0o755)
    python = load(str(build / "python"))
    assert (python.build_dir, python.executable) == (str(build), None)
    assert python.remarks


def test_free_threaded_and_debug_are_told_by_pyconfig(tree: Path) -> None:
    build = configure(tree / "build", tree)
    (build / "pyconfig.h").write_text("#define Py_GIL_DISABLED 1\n/* #undef Py_DEBUG */\n")
    python = load(str(build))
    assert (python.tag, python.debug) == ("cp313t", False)
    environment = python.build_environment()
    assert environment["PY_GIL_DISABLED"] == "1"
    assert "PY_DEBUG" not in environment


def test_an_interpreter_of_another_configuration_is_not_used(tree: Path) -> None:
    build = configure(tree / "build", tree)
    (build / "python").symlink_to(sys.executable)
    version = ".".join(map(str, sys.version_info[:3]))
    python = load(str(build))
    if version == python.version:
        pytest.skip("the sources here are meant to be of another version")
    assert python.executable is None
    assert python.remarks[0].endswith("was built before ./configure last ran: run make again")


@pytest.mark.parametrize("name", ["Makefile", "pyconfig.h"])
def test_what_configure_did_not_write(tree: Path, name: str) -> None:
    build = configure(tree / "build", tree)
    (build / name).unlink()
    assert refusal(build).startswith(f"no {name} in {build}: run ./configure there, or ")


def test_makefile_whose_sources_are_gone(tree: Path) -> None:
    build = configure(tree / "build", tree)
    (tree / "Include" / "patchlevel.h").unlink()
    assert "where there is no Include/patchlevel.h" in refusal(build)


def test_include_directory_and_prefix_are_no_build(tmp_path: Path) -> None:
    include = os.path.dirname(sysconfig.get_config_h_filename())
    if os.path.isfile(os.path.join(include, "patchlevel.h")):
        assert "is the include directory of an installed Python" in refusal(include)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").touch()
    assert refusal(tmp_path) == (
        f"{tmp_path} is not a build directory: did you mean {tmp_path}/bin/python3?"
    )
    assert "does not exist" in refusal(tmp_path / "nothing")


def test_installed_python_has_nothing_to_say_of_linking() -> None:
    assert "BLDSHARED_ARGS" not in current().build_environment()


# -- one Python by any name --------------------------------------------------------------------


@pytest.fixture(scope="module", params=[True, False], ids=["links", "copies"])
def environments(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    """Two virtual environments of the Python that runs this."""
    found = [tmp_path_factory.mktemp(name) for name in ("one", "two")]
    for directory in found:
        venv.create(directory, symlinks=request.param, with_pip=False)
    return found


def test_all_environments_of_a_python_are_one_to_build_for(environments: list[Path]) -> None:
    names = ("python", "python3", f"python{sysconfig.get_python_version()}")
    paths = [directory / "bin" / name for directory in environments for name in names]
    found = [load(str(path)) for path in paths if path.exists()]
    assert len(found) >= 4
    assert {one.fingerprint for one in found} == {current().fingerprint}
    assert {one.base_executable for one in found} == {current().base_executable}
    assert len({one.executable for one in found}) >= 2
    assert all(one.in_virtual_environment for one in found)
    base = load(str(current().base_executable))
    assert (base.fingerprint, base.in_virtual_environment) == (current().fingerprint, False)


@pytest.mark.parametrize(
    "change",
    [
        {"version": "3.8.99"},
        {"debug": True},
        {"build_dir": "/elsewhere"},
        {"include_dirs": ("/elsewhere",)},
        {"cflags": ("-O9",)},
        {"cppflags": ("-DSPAM",)},
        {"cc": ("another",)},
        {"libdir": "/elsewhere"},
        {"libpython": "libelse.so"},
        {"linking": (("LIBPYTHON", "-lspam"),)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_makes_another_build(change: dict[str, Any]) -> None:
    python = current()
    assert replace(python, **change).fingerprint != python.fingerprint
    assert replace(python, executable="/another").fingerprint == python.fingerprint


@pytest.mark.parametrize("library", ["libpython3.13.a", "libpython3.13.so"])
def test_a_build_directory_is_the_same_once_it_is_built(tree: Path, library: str) -> None:
    configure(tree, tree)
    with (tree / "Makefile").open("a", encoding="utf-8") as file:
        file.write(f"LDLIBRARY=\t{library}\n")
    configured = load(str(tree))
    (tree / library).touch()
    built = load(str(tree))
    assert (configured.libpython, built.libpython) == (None, library)
    assert configured.fingerprint == built.fingerprint
    assert replace(built, library="libpython3.13d.a").fingerprint != built.fingerprint


def test_a_name_of_the_same_python(environments: list[Path], tmp_path: Path) -> None:
    one, two = (load(str(directory / "bin" / "python")) for directory in environments)
    assert is_same_python(str(two.executable), one)
    assert is_same_python(str(one.base_executable), one)
    link = tmp_path / "snake"
    link.symlink_to(str(two.executable))
    assert is_same_python(str(link), two)
    assert not is_same_python("/no/such/python", one)
    assert not is_same_python(str(one.executable), replace(one, executable="", version="3.8.99"))
