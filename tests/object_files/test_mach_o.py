"""What a library for macOS wants, in files of a real linker."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.object_files.mach_o import undefined_in_mach_o

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
extern int PyExc_there, PyList_New(int), _Py_private(void), unused(void);
static int hidden(void) { return PyList_New(1); }
int shared_variable;
int PyInit_ham(void) { return hidden() + PyExc_there + _Py_private() + shared_variable; }
"""


@pytest.mark.skipif(find_spec("ziglang") is None, reason="no linker for macOS: pip install ziglang")
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_what_a_library_wants(tmp_path: Path, machine: str) -> None:
    (tmp_path / "ham.c").write_text(SOURCE, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "ziglang", "cc", "-target", f"{machine}-macos", "-shared", "-g",
         "-Wl,-undefined,dynamic_lookup", "ham.c", "-o", "ham.dylib"],
        cwd=tmp_path,
        check=True,
    )  # fmt: skip
    found = undefined_in_mach_o((tmp_path / "ham.dylib").read_bytes())
    assert found is not None
    pythons = {name for name in found if "Py" in name}  # beside those of the compiler's own
    assert pythons == {"PyExc_there", "PyList_New", "_Py_private"}


def test_what_is_no_such_file_or_is_cut_short() -> None:
    assert undefined_in_mach_o(b"\x7fELF") is None
    assert undefined_in_mach_o(bytes.fromhex("cffaedfe") + b"\xff" * 40) is None
    assert undefined_in_mach_o(bytes.fromhex("cafebabe") + bytes(40)) is None
