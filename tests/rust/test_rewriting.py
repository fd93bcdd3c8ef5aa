"""Rewritten sources keep their lines, and a place in them is found again."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.rust.rewriting import Edit, Rewritten, emptied, split
from pytest_cpython_sys.rust.source_scan import scan_source
from pytest_cpython_sys.rust.sources import SourceFile

BLOCK = """const _: () = {
    ["Size of T"][::core::mem::size_of::<T>() - 8usize];
    ["Alignment of T"][::core::mem::align_of::<T>() - 4usize];
    ["Offset of field: T::x"][::core::mem::offset_of!(T, x) - 0usize];
};
"""
TWO = "struct T;\n" + BLOCK + "const X: u8 = 1; /* \N{SNOWMAN} */\n" + BLOCK.replace("T", "U")


def source_file(text: str) -> SourceFile:
    source = text.encode()
    return SourceFile("/w/lib.rs", source)


@pytest.mark.parametrize("text", [TWO, TWO.replace("\n", " "), TWO.replace("\n", "\r\n")])
def test_each_statement_is_a_block_in_the_same_line(text: str) -> None:
    file = source_file(text)
    copy = Rewritten(file, split(file.source, file.scan.blocks[1:]))
    assert copy.text.count(b"const _") == 4
    assert copy.text.count(b"\n") == file.source.count(b"\n")
    blocks = scan_source(copy.text).blocks
    assert [len(block.assertions(copy.text)) for block in blocks] == [3, 1, 1, 1]
    original = file.scan.blocks[1].assertions(file.source)
    for block, statement in zip(blocks[1:], original, strict=True):
        own = block.assertions(copy.text)[0]
        for position in (own.start, own.end - 1):
            hit = copy.statement_at(position, file.scan.blocks[1:])
            assert hit is not None
            assert hit[1] == statement
        assert own.line == statement.line


def test_nothing_is_left_in_an_empty_block() -> None:
    file = source_file(TWO)
    copy = Rewritten(file, emptied(file.source, file.scan.blocks[:1]))
    assert len(copy.text) == len(file.source)
    assert [block.type_name for block in scan_source(copy.text).blocks] == ["U"]
    assert [line == b"" for line in copy.text.split(b"\n")].count(True) == 1
    assert b"const _: () = {" in copy.text


def test_places_before_between_and_after_edits() -> None:
    file = source_file("abcdef")
    copy = Rewritten(file, [Edit(4, 5, b""), Edit(1, 3, b"12345")])
    assert copy.text == b"a12345df"
    assert [copy.moved(position) for position in (0, 3, 5)] == [0, 6, 7]
    assert copy.statement_at(0, []) is None
