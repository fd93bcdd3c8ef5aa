"""Records in object files, found without knowing the file's format."""

from __future__ import annotations

import struct
import sys
import sysconfig
from pathlib import Path

import pytest

from pytest_cpython_sys.object_files.reader import (
    MAGIC,
    ORDER,
    ObjectFile,
    exported_symbols,
    undefined_symbols,
)


def record(number: int, data: bytes, order: str) -> bytes:
    return MAGIC + struct.pack(f"{order}QQ", ORDER, number) + bytes(32) + data


def test_both_byte_orders(tmp_path: Path) -> None:
    for order in "<>":
        path = tmp_path / "object"
        first = record(7, struct.pack(f"{order}QQ", 1, 2), order)
        path.write_bytes(b"junk" + first + b"more" + record(8, b"abc", order))
        found = ObjectFile.read(str(path))
        assert found.numbers(7, 2) == (1, 2)
        assert found.numbers(9, 1) == ()
        assert found.bytes(8, 3) == b"abc"
        assert found.pointers_in(7, 16) is None  # no format that is known


def test_a_broken_file_is_no_elf(tmp_path: Path) -> None:
    path = tmp_path / "object"
    path.write_bytes(b"\x7fELF\x02\x01" + b"\xff" * 100)
    assert ObjectFile.read(str(path)).pointers is None
    assert exported_symbols(str(path)) is None
    assert exported_symbols(str(tmp_path / "nothing")) is None


def interpreter_file() -> Path:
    """Return the file that holds the interpreter: the program, or the library that it loads."""
    library = sysconfig.get_config_var("INSTSONAME") or ""
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        return Path(sys.executable)
    return Path(sysconfig.get_config_var("LIBDIR"), library)


@pytest.mark.skipif(sys.platform != "linux", reason="another format of files")
def test_what_an_interpreter_exports() -> None:
    """What any module may link to, and nothing that the interpreter itself takes from others."""
    file = interpreter_file()
    assert file.is_file()
    names = exported_symbols(str(file))
    assert names is not None
    assert {"PyList_New", "PyObject_Repr", "PyType_Type", "Py_Initialize"} <= names
    wanted = undefined_symbols(file.read_bytes(), dynamic=True)
    assert wanted is not None
    assert "memcpy" in wanted
    assert not names & wanted
