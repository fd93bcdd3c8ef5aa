"""Another platform's Python, as packages of headers are unpacked: a Debian sysroot, a prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.python.interpreter import InterpreterError, load

if TYPE_CHECKING:
    from pathlib import Path

PATCHLEVEL = "#define PY_MAJOR_VERSION 3\n#define PY_MINOR_VERSION 13\n#define PY_MICRO_VERSION 5\n"
MAKEFILE = "CC=\taarch64-linux-gnu-gcc -pthread\nPY_CFLAGS=\t-DNDEBUG $(OPT)\nOPT=-O2\n"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def debian(root: Path, multiarch: str = "aarch64-linux-gnu") -> None:
    write(
        root,
        {
            "usr/include/python3.13/Python.h": "",
            "usr/include/python3.13/patchlevel.h": PATCHLEVEL,
            "usr/include/python3.13/pyconfig.h": "#include <ARCH/python3.13/pyconfig.h>\n",
            f"usr/include/{multiarch}/python3.13/pyconfig.h": "#define Py_GIL_DISABLED 1\n",
            f"usr/lib/python3.13/config-3.13-{multiarch}/Makefile": MAKEFILE,
        },
    )


def refusal(path: Path) -> str:
    with pytest.raises(InterpreterError) as caught:
        load(str(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_sysroot_of_debians(tmp_path: Path) -> None:
    debian(tmp_path)
    write(tmp_path, {"usr/lib/aarch64-linux-gnu/libpython3.13.a": ""})
    include = tmp_path / "usr" / "include"
    for place in (tmp_path, tmp_path / "usr", include / "python3.13"):
        python = load(str(place))
        assert (python.version, python.tag, python.executable) == ("3.13.5", "cp313t", None)
        assert python.build_dir == str(include / "aarch64-linux-gnu" / "python3.13")
        assert python.cc == ("aarch64-linux-gnu-gcc", "-pthread")
        assert python.cflags == ("-DNDEBUG", "-O2")
        # Debian's own pyconfig.h names the real one from the directory around all headers.
        assert python.cppflags == (
            f"-I{include / 'python3.13'}",
            f"-idirafter{include}",
            f"-idirafter{include / 'aarch64-linux-gnu'}",
        )
        words = "holds the headers of a Python, and no interpreter that starts here"
        assert python.remarks == (f"{place} {words}",)
        assert python.describe() == "Python 3.13.5 (cp313t, does not run)"


def test_a_sysroot_of_two_architectures(tmp_path: Path) -> None:
    """The compiler's macros choose among them."""
    debian(tmp_path)
    debian(tmp_path, "s390x-linux-gnu")
    assert load(str(tmp_path)).build_dir == str(tmp_path / "usr" / "include" / "python3.13")


def test_a_prefix_with_an_interpreter_that_does_not_start(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "include/python3.13/Python.h": "",
            "include/python3.13/patchlevel.h": PATCHLEVEL,
            "include/python3.13/pyconfig.h": "/* */",
            "bin/python3": "\x7fELF of another machine",
        },
    )
    (tmp_path / "bin" / "python3").chmod(0o755)
    python = load(str(tmp_path))
    assert (python.version, python.cc) == ("3.13.5", ("cc",))
    assert python.build_dir == str(tmp_path / "include" / "python3.13")


def test_windows_headers_alone(tmp_path: Path) -> None:
    names = ("Python.h", "pyconfig.h")
    write(tmp_path, {f"include/{name}": "" for name in names})
    write(tmp_path, {"include/patchlevel.h": PATCHLEVEL})
    assert load(str(tmp_path)).include_dirs == (str(tmp_path / "include"),)


def test_what_is_not_whole(tmp_path: Path) -> None:
    (tmp_path / "usr" / "include").mkdir(parents=True)
    assert refusal(tmp_path).startswith(f"no Python.h in {tmp_path}, nor in include/python3.* or ")
    assert "unpack the headers of that platform's Python there" in refusal(tmp_path)
    include = tmp_path / "usr" / "include" / "python3.13"
    write(include, {"Python.h": ""})
    assert refusal(tmp_path).startswith(f"no patchlevel.h in {include}, where Python.h is: unpack")
    write(include, {"patchlevel.h": PATCHLEVEL})
    assert "Debian's is libpython3.13-dev" in refusal(tmp_path)
    write(include, {"pyconfig.h": ""})
    assert load(str(tmp_path)).version == "3.13.5"
    write(tmp_path / "usr" / "include" / "python3.11", {"Python.h": ""})
    assert "holds the headers of several Pythons: name one of " in refusal(tmp_path)
