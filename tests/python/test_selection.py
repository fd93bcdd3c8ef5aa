"""Which Pythons a run is about, and what they are called."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.python.interpreter import InterpreterError, current
from pytest_cpython_sys.python.selection import fits_running, for_running, load_named

if TYPE_CHECKING:
    from pathlib import Path

HERE = current()


def build_directory(path: Path, *, debug: bool = False, free: bool = False) -> Path:
    """Write what a configured CPython 3.13 build directory holds, as far as it is read."""
    (path / "Include").mkdir(parents=True)
    numbers = {"MAJOR": 3, "MINOR": 13, "MICRO": 5}
    (path / "Include" / "patchlevel.h").write_text(
        "".join(f"#define PY_{name}_VERSION {number}\n" for name, number in numbers.items())
    )
    (path / "pyconfig.h").write_text(
        f"#define Py_DEBUG {int(debug)}\n#define Py_GIL_DISABLED {int(free)}\n"
    )
    (path / "Makefile").write_text("VERSION=\t3.13\nsrcdir=\t.\nCC=\tcc\n")
    return path


def test_labels_are_tags_and_more_where_these_are_not_enough(tmp_path: Path) -> None:
    names = {
        "regular": {},
        "debug": {"debug": True},
        "free": {"free": True},
        "regular2": {},
        "debug2": {"debug": True},
    }
    paths = [str(build_directory(tmp_path / name, **flags)) for name, flags in names.items()]
    labels = [python.label for python in load_named(paths)]
    assert labels == ["cp313", "cp313d", "cp313t", "cp313-2", "cp313d-2"]
    assert [python.label for python in load_named(paths[1:3])] == ["cp313", "cp313t"]


def test_one_of_two_names_is_used_once(tmp_path: Path) -> None:
    directory = build_directory(tmp_path / "build")
    (tmp_path / "link").symlink_to(directory)
    names = [str(directory), sys.executable, str(tmp_path / "link"), sys.executable]
    first, second = load_named(names)
    assert first.names == (names[0], names[2])
    assert second.names == (sys.executable, sys.executable)
    assert first.describe() == (
        f"Python 3.13.5 (cp313, not built), {names[0]}; given again as {names[2]}, used once"
    )


def test_a_bad_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match=f"no pyconfig.h in {tmp_path}"):
        load_named([sys.executable, str(tmp_path)])


def test_the_python_that_runs_is_preferred() -> None:
    older = replace(HERE, version="3.8.1")
    free = replace(HERE, gil_disabled=not HERE.gil_disabled)
    other = replace(HERE, executable="/elsewhere/python")
    debug = replace(other, debug=not sysconfig.get_config_var("Py_DEBUG"))
    assert not fits_running(older)
    assert not fits_running(free)
    assert for_running([older, free]) is None
    assert for_running([older, debug, other, free]) is other
    assert for_running([debug, other, HERE]) is HERE
