"""Members of archives in both forms, and which names are nobody's choice."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.checkers.symbol.checker import is_smelly
from pytest_cpython_sys.object_files.exports import (
    _members,
    archive_symbols,
    library_symbols,
    needed_symbols,
)
from pytest_cpython_sys.object_files.reader import Symbol

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
int first(void) { return 1; }
static int second(void) { return 2; }
__attribute__((visibility("hidden"))) int third(void) { return second(); }
int _ZN4spam5innerE, _RNvC4spam, __rustc_debug_gdb_scripts_section__;
int data = 3;
const int fixed = 4;
"""


@pytest.fixture
def compiler() -> str:
    found = shutil.which("cc")
    if found is None:
        pytest.skip("no C compiler")
    return found


def test_a_shared_library(tmp_path: Path, compiler: str) -> None:
    (tmp_path / "x.c").write_text(CODE, encoding="utf-8")
    # Stripped, as libraries are that are installed.
    argv = [compiler, "-shared", "-fPIC", "-s", "x.c", "-o", "x.so"]
    subprocess.run(argv, cwd=tmp_path, check=True)
    found = library_symbols(str(tmp_path / "x.so"))
    assert found == [Symbol("data", True), Symbol("first", False), Symbol("fixed", False)]


def test_an_archive_holds_other_crates_too(tmp_path: Path, compiler: str) -> None:
    names = ["spam-0123456789abcdef.spam.0123456789abcdef-cgu.0.rcgu.o", "std-0.o", "spam.x.o"]
    for number, name in enumerate(names):
        code = CODE if number == 0 else f"int more{number}(void) {{ return 1; }}"
        (tmp_path / "x.c").write_text(code, encoding="utf-8")
        subprocess.run([compiler, "-c", "x.c", "-o", name], cwd=tmp_path, check=True)
    subprocess.run(["ar", "qc", "x.a", *names], cwd=tmp_path, check=True)
    found = archive_symbols(str(tmp_path / "x.a"), {"spam"})
    assert found is not None
    assert [symbol.name for symbol in found] == ["data", "first", "fixed", "more2"]


def test_what_is_wanted_of_others(tmp_path: Path, compiler: str) -> None:
    texts = (
        "void one(void); void start(void) { one(); }",
        "void two(void); void go(void) { two(); }",
    )
    for name, text in zip("xy", texts, strict=True):
        (tmp_path / f"{name}.c").write_text(f"void declared(void); {text}", encoding="utf-8")
    subprocess.run([compiler, "-c", "x.c"], cwd=tmp_path, check=True)
    subprocess.run(["ar", "qc", "x.a", "x.o"], cwd=tmp_path, check=True)
    subprocess.run([compiler, "-shared", "-fPIC", "y.c", "-o", "y.so"], cwd=tmp_path, check=True)
    paths = [str(tmp_path / name) for name in ("x.a", "y.so", "y.c", "nowhere.so")]
    found = needed_symbols(paths)
    assert found is not None
    assert {"one", "two"} <= found
    assert not {"declared", "start", "go"} & found
    assert needed_symbols(paths[2:]) is None


def test_what_is_no_elf(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for content in (b"", b"\xcf\xfa\xed\xfe", b"!<arch>\n", b"!<arch>\n" + b"x" * 70):
        path.write_bytes(content)
        assert library_symbols(str(path)) is None
        assert archive_symbols(str(path), {"spam"}) is None


def test_smelly_names() -> None:
    assert not is_smelly(Symbol("PyThing", False))
    assert not is_smelly(Symbol("_Py_thing", False))
    assert not is_smelly(Symbol("PY_TIMEOUT_MAX", False))
    assert not is_smelly(Symbol("data", True))
    assert is_smelly(Symbol("thing", False))
    assert is_smelly(Symbol("PY_THING", False))


def archive(*members: tuple[bytes, bytes]) -> bytes:
    """Return an archive of members as they are named in its heads."""
    data = b"!<arch>\n"
    for name, content in members:
        data += name.ljust(16) + b"0".ljust(32) + str(len(content)).encode().ljust(10) + b"`\n"
        data += content + b"\n" * (len(content) % 2)
    return data


def test_members_of_archives_in_both_forms() -> None:
    long = b"spam-0123456789abcdef.o"
    index = b"other.o/\n" + long + b"/\nlast.o/\n"
    gnu = archive(
        (b"/", b"symbols"), (b"//", index), (b"/9", b"odd"), (b"/0", b"even"), (b"short.o/", b"")
    )
    assert list(_members(gnu)) == [
        ("", b"symbols"),
        ("", index),
        (long.decode(), b"odd"),
        ("other.o", b"even"),
        ("short.o", b""),
    ]
    bsd = archive((b"#1/24", long + b"\0" + b"content"), (b"short.o", b"more"), (b"x\xff", b"end"))
    assert list(_members(bsd)) == [
        (long.decode(), b"content"),
        ("short.o", b"more"),
        ("x\ufffd", b"end"),
    ]


def test_members_of_an_archive_that_is_cut_off() -> None:
    data = archive((b"a.o/", b"1"), (b"b.o/", b"2"))
    assert [name for name, _ in _members(data[:-30])] == ["a.o"]
    assert [name for name, _ in _members(data.replace(b"1".ljust(10), b"x".ljust(10), 1))] == []


def test_a_library_that_nobody_can_read_hides_no_other(tmp_path: Path, compiler: str) -> None:
    (tmp_path / "x.c").write_text("void one(void); void go(void) { one(); }", encoding="utf-8")
    subprocess.run([compiler, "-c", "x.c"], cwd=tmp_path, check=True)
    subprocess.run(["ar", "qc", "x.a", "x.o"], cwd=tmp_path, check=True)
    found = needed_symbols([str(tmp_path / "nowhere.so"), str(tmp_path / "x.a")])
    assert found is not None
    assert "one" in found
