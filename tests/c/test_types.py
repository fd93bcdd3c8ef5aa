"""C's types, out of what compilers for several machines and object formats say of them."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from pytest_cpython_sys.c.types import CTypes
from pytest_cpython_sys.checkers.abi.c_questions import DEBUG_FLAGS
from pytest_cpython_sys.object_files.debug_info import read_debug_info

if TYPE_CHECKING:
    from pathlib import Path

SOURCE: Final = """
enum hue { RED, GREEN = 7 }; enum heat { COLD = -1, WARM };
typedef long distance;
struct later;
struct all {
    int a : 3; unsigned b : 5; const char *const name;
    struct { short x, y; }; union { int whole; float part; };
    enum hue hue; enum heat heat; int table[3][4]; char tail_of[2];
    int (*call)(const char *const *, distance, ...); _Bool truth; unsigned char byte;
    struct later *later; volatile int changing; float _Complex pair; distance many[];
};
struct all *all; int function(int *restrict, struct later *, int (*)(void)); int old();
__typeof__(function) *declared; __typeof__(old) *unprototyped; struct later **twice;
int (*(*returns)(int))(long);
"""
TARGETS: Final = {
    "cc": (64, "<"),
    "x86_64-linux-gnu": (64, "<"),
    "s390x-linux-gnu": (64, ">"),
    "x86-linux-gnu": (32, "<"),
    "arm-linux-gnueabihf": (32, "<"),
    "aarch64-macos": (64, "<"),
    "x86_64-windows-gnu": (64, "<"),
}


@pytest.fixture(params=list(TARGETS))
def types(request: pytest.FixtureRequest, tmp_path: Path) -> CTypes:
    command = [shutil.which("cc") or ""]
    if request.param != "cc":
        if importlib.util.find_spec("ziglang") is None:
            pytest.skip("the wheel ziglang, which has a compiler for this target, is not there")
        command = [sys.executable, "-m", "ziglang", "cc", "-target", request.param]
    elif not command[0]:
        pytest.skip("no C compiler")
    flags = ["-gz", "-gsplit-dwarf", "-fdebug-types-section"]
    source, target = tmp_path / "types.c", tmp_path / "types.o"
    source.write_text(SOURCE, encoding="utf-8")
    subprocess.run(
        [*command, *flags, "-w", *DEBUG_FLAGS, "-c", str(source), "-o", str(target)],
        check=True,
        cwd=tmp_path,
    )
    info = read_debug_info(str(target))
    assert info is not None
    bits, order = TARGETS[request.param]
    assert (info.address_size * 8, info.order) == (bits, order)
    return CTypes(info)


def test_members(types: CTypes) -> None:
    word = types.pointer_size
    use = types.pointee("all")
    assert use is not None
    assert use.text == "struct all"
    members = {one.name: one for one in use.type.members() or ()}
    assert [*members] == [
        *("a", "b", "name", "x", "y", "whole", "part", "hue", "heat", "table", "tail_of", "call"),
        *("truth", "byte", "later", "changing", "pair", "many"),
    ]
    # Bit-fields from the begin of the whole, whichever end of a word that is.
    assert [(members[name].first, members[name].count) for name in "ab"] == [(0, 3), (3, 5)]
    assert [members[name].use.type.signed for name in "ab"] == [True, False]
    assert members["name"].first == word * 8
    assert members["x"].first + 16 == members["y"].first == members["whole"].first - 16
    assert members["whole"].first == members["part"].first
    kinds = {name: one.use.type.kind for name, one in members.items()}
    assert kinds["hue"] == kinds["heat"] == "enum"
    assert [members[name].use.type.signed for name in ("hue", "heat")] == [False, True]
    assert (kinds["truth"], kinds["byte"], kinds["part"]) == ("truth", "integer", "float")
    table = members["table"].use.type
    assert (table.length, table.size, members["table"].count) == (3, 48, 384)
    assert table.target is not None
    assert table.target.type.length == 4
    pair = members["pair"].use.type
    assert (pair.kind, pair.length, pair.size) == ("array", 2, 8)
    assert (members["many"].count, members["many"].use.type.length) in ((None, None), (0, 0))
    assert members["changing"].use.type.kind == "integer"


def test_words(types: CTypes) -> None:
    use = types.pointee("all")
    assert use is not None
    texts = {one.name: one.use.text for one in use.type.members() or ()}
    assert texts["name"] == "const char *const"
    assert texts["hue"] == "enum hue"
    assert texts["many"].startswith("distance")
    assert texts["call"] == "int (*)(const char *const *, distance, ...)"
    assert texts["later"] == "struct later *"
    returns = types.pointee("returns")
    assert returns is not None
    assert returns.text.replace(" int", "") == "int (*(int))(long)"


def test_functions(types: CTypes) -> None:
    declared, old, twice = map(types.pointee, ("declared", "unprototyped", "twice"))
    assert declared is not None
    assert old is not None
    assert twice is not None
    assert [one.type.kind for one in declared.type.parameters] == ["pointer"] * 3
    assert declared.type.prototyped
    assert not declared.type.variadic
    assert not old.type.prototyped
    assert twice.type.target is not None
    later = twice.type.target.type
    assert (later.kind, later.opaque, later.size, later.members()) == ("struct", True, None, None)
    assert declared.type.parameters[1].type.target is not None
    assert declared.type.parameters[1].type.target.type is later
    assert types.pointee("nowhere") is None


def test_what_has_no_debug_information(tmp_path: Path) -> None:
    path = tmp_path / "nothing.o"
    for content in (b"", b"\x7fELF\x02\x01", b"\xcf\xfa\xed\xfe" + bytes(40), bytes(100)):
        path.write_bytes(content)
        assert read_debug_info(str(path)) is None
