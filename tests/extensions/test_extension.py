from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.cargo import Package, Target
from pytest_cpython_sys.extensions.extension import Place, exports, find_place
from pytest_cpython_sys.extensions.stage import stage
from pytest_cpython_sys.rust.metadata import PolicyTable

if TYPE_CHECKING:
    from pathlib import Path


def package(root: Path) -> Package:
    manifest = str(root / "Cargo.toml")
    library = Target("ham-native", "lib", ("cdylib",), str(root / "src" / "lib.rs"))
    return Package("ham", "ham", "0.1.0", manifest, (library,))


def place(root: Path, pyproject: str, *packages: str, table: PolicyTable | None = None) -> object:
    (root / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    for one in packages:
        (root / one).mkdir(parents=True)
        (root / one / "__init__.py").touch()
    return find_place(package(root), table or PolicyTable())


MATURIN = "[tool.maturin]\n"


def test_nothing_is_said(tmp_path: Path) -> None:
    assert place(tmp_path, "") is None
    assert place(tmp_path, "[tool") is None


@pytest.mark.parametrize(
    ("pyproject", "packages", "name", "source"),
    [
        (MATURIN, (), "ham_native", None),
        (MATURIN, ("ham_native",), "ham_native.ham_native", "."),
        (MATURIN + 'module-name = "ham._ham"', ("ham",), "ham._ham", "."),
        (MATURIN + 'module-name = "ham._ham"', ("src/ham",), "ham._ham", "src"),
        (
            MATURIN + 'module-name = "ham._ham"\npython-source = "python"',
            ("python/ham", "ham"),
            "ham._ham",
            "python",
        ),
        (MATURIN + 'module-name = "ham._ham"', (), "ham._ham", None),
        ('[[tool.setuptools-rust.ext-modules]]\ntarget = "ham._ham"', ("ham",), "ham._ham", "."),
    ],
)
def test_where_build_backends_put_it(
    tmp_path: Path, pyproject: str, packages: tuple[str, ...], name: str, source: str | None
) -> None:
    directory = None if source is None else str((tmp_path / source).resolve())
    assert place(tmp_path, pyproject, *packages) == Place(name, directory)


def test_a_project_around_the_crate(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(MATURIN + 'manifest-path = "rust/Cargo.toml"\n')
    (tmp_path / "rust").mkdir()
    (tmp_path / "rust" / "Cargo.toml").touch()
    assert find_place(package(tmp_path / "rust"), PolicyTable()) == Place("ham_native")
    (tmp_path / "pyproject.toml").write_text(MATURIN + 'manifest-path = "other/Cargo.toml"\n')
    assert find_place(package(tmp_path / "rust"), PolicyTable()) is None


def test_what_the_metadata_says_wins(tmp_path: Path) -> None:
    table = PolicyTable(module="spam")
    assert place(tmp_path, MATURIN, table=table) == Place("spam")


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
