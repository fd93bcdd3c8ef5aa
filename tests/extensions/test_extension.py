from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_cpython_sys.extensions.extension import exports
from pytest_cpython_sys.extensions.place import Place
from pytest_cpython_sys.extensions.stage import stage

if TYPE_CHECKING:
    from pathlib import Path


def test_names_in_a_library(tmp_path: Path) -> None:
    library = tmp_path / "lib.so"
    library.write_bytes(b"\0PyInit_spam\0_PyInit_eggs\0PyModExport_ham\0xPyInit_no\0PyInit_spam\0")
    assert exports(str(library), "c") == ["PyInit_spam", "PyInit_eggs", "PyModExport_ham"]


def test_a_package_is_laid_out_without_what_was_installed_there(tmp_path: Path) -> None:
    inner = tmp_path / "source" / "ham" / "inner"
    inner.mkdir(parents=True)
    for name in ("__init__.py", "_ham.abi3.so", "_ham.cpython-313-x86_64-linux-gnu.so", "_ham.pyi"):
        (inner / name).touch()
    (inner.parent / "__init__.py").touch()
    root = tmp_path / "root"
    root.mkdir()
    stem = stage(str(root), Place("ham.inner._ham", str(tmp_path / "source")))
    assert stem == str(root / "ham" / "inner" / "_ham")
    names = {str(path.relative_to(root)) for path in root.rglob("*")}
    assert names == {
        "ham",
        "ham/__init__.py",
        "ham/inner",
        "ham/inner/__init__.py",
        "ham/inner/_ham.pyi",
    }
