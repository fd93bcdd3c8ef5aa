"""Which layouts agree, and how a difference is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.c.types import Type, Use
from pytest_cpython_sys.checkers.abi.compare_values import (
    compare_bytes,
    compare_integers,
    compare_texts,
    shown_number,
)
from pytest_cpython_sys.checkers.abi.layout.compare import Layout, compare_layouts
from pytest_cpython_sys.checkers.abi.layout.slots import Slot
from pytest_cpython_sys.checkers.abi.types.agreement import Agreement

if TYPE_CHECKING:
    from pytest_cpython_sys.checkers.abi.natures import Form


def layout(size: int, *slots: Slot, align: int = 8, hidden: bool = False) -> Layout:
    return Layout("struct s", size, align, slots, hidden)


def compared(c: Layout, rust: Layout) -> tuple[str | None, list[str]]:
    """Return what differs, and the kinds of the minor differences."""
    text, letters = compare_layouts("s", c, rust, Agreement(lambda name: None))
    return text, [one.kind for one in letters]


A = Slot("a", 0, 4)
B = Slot("b", 8, 8)


def test_the_same() -> None:
    assert compared(layout(16, A, B), layout(16, A, B)) == (None, [])


def test_side_by_side() -> None:
    text, _ = compared(layout(16, A, B), layout(16, A, Slot("b", 4, 8), align=4))
    assert text is not None
    assert text.splitlines() == [
        ("layout of s differs from C: b is at offset 8, size 8 in C; at offset 4, size 8 in Rust"),
        "    alignment is 8 bytes in C, 4 in Rust",
        "",
        "      C: struct s                           Rust: struct s",
        "      offset   size                       offset   size",
        "           0      4  a                         0      4  a",
        "  >        4      4  (hole)                    4      8  b   <- first difference",
        "  >        8      8  b",
        "                                              12      4  (hole)",
        "  >       16         end, aligned to 8        16         end, aligned to 4",
    ]


def test_keywords_have_an_underscore_in_rust() -> None:
    c = layout(4, Slot("type", 0, 4), align=4)
    assert compared(c, layout(4, Slot("type_", 0, 4), align=4)) == (None, [])


def test_another_name_at_the_same_place_is_no_fault() -> None:
    assert compared(layout(16, A, B), layout(16, Slot("x", 0, 4), B)) == (None, ["name"])


def test_a_fault_and_not_a_mere_name_comes_first() -> None:
    text, letters = compared(layout(16, A, B), layout(24, Slot("x", 0, 4), Slot("b", 16, 8)))
    assert text is not None
    assert text.startswith(
        "layout of s differs from C: b is at offset 8, size 8 in C; at offset 16, "
    )
    assert letters == ["name"]


def test_a_name_in_a_hole_is_no_fault_and_one_beside_it_is() -> None:
    assert compared(layout(16, A, B), layout(16, A, Slot("x", 4, 4), B)) == (None, ["hole"])
    text, _ = compared(layout(16, A, B), layout(24, A, B, Slot("x", 16, 8)))
    assert text is not None
    assert "x is at offset 16, size 8 in Rust; C has no such field" in text


def test_a_field_that_holds_several_of_c() -> None:
    c = layout(16, A, Slot("low", 8, 4), Slot("high", 12, 4))
    assert compared(c, layout(16, A, Slot("both", 8, 8))) == (None, ["split"])


INT = Use(Type("integer", "int", 4, signed=True))
FLOAT = Use(Type("float", "float", 4))


def pair(kind: Use) -> Slot:
    return Slot("at", 8, 8, use=Use(Type("array", size=8, target=kind, length=2)))


def test_an_array_that_is_written_out() -> None:
    fields = Slot("x", 8, 4, use=INT), Slot("y", 12, 4, use=INT)
    c = layout(16, A, pair(INT))
    assert compared(c, layout(16, A, *fields)) == (None, ["split", "split"])
    text, _ = compared(layout(16, A, pair(FLOAT)), layout(16, A, *fields))
    assert text is not None
    assert (
        "the field at offset 8 is at[0] in C, x in Rust; at[0] is a "
        "floating-point number in C, a signed integer in Rust" in text
    )
    text, _ = compared(c, layout(16, A, fields[0]))
    assert text is not None
    assert "at[1] is at offset 12, size 4 in C; Rust has no such field" in text


def test_bit_fields_in_a_plain_integer() -> None:
    c = layout(4, Slot("one", 0, None, (0, 1)), Slot("two", 0, None, (1, 7)), align=4)
    assert compared(c, layout(4, Slot("bits", 0, 4), align=4)) == (None, ["split"])


def test_signs_of_bit_fields() -> None:
    signed = layout(4, Slot("one", 0, None, (0, 1), INT), align=4)
    unsigned = Use(Type("integer", "unsigned", 4, signed=False))
    assert compared(signed, signed) == (None, [])
    text, _ = compared(signed, layout(4, Slot("one", 0, None, (0, 1), unsigned), align=4))
    assert text is not None
    assert "one is a signed integer in C, an unsigned integer in Rust" in text


def test_padding_is_not_missing_in_c_but_covers_nothing() -> None:
    padded = Slot("__bindgen_padding_0", 4, 4)
    assert compared(layout(16, A, B), layout(16, A, padded, B)) == (None, [])
    for size in (1, 4):
        c = layout(16, A, Slot("new", 4, size), B)
        text, _ = compared(c, layout(16, A, padded, B))
        assert text is not None
        assert "new is at offset 4, " in text
        assert "Rust has no such field" in text
    c = layout(16, A, Slot("pad", 4, 4), B)
    assert compared(c, layout(16, A, Slot("_pad", 4, 4), B)) == (None, ["name"])


def test_private_fields_may_be_anywhere() -> None:
    assert compared(layout(16, A, B), layout(16, hidden=True)) == (None, [])


def test_integers() -> None:
    assert compare_integers("X", "X", (8, 4), (8, 8)) == (None, [])
    text, letters = compare_integers("X", "x", (8, 4), (16, 4))
    assert (text, letters) == ("X is 8 in C (x), 16 (0x10) in Rust", [])
    assert compare_integers("X", "X", (8, 8), (4, 8)) == ("X is 8 in C, 4 in Rust", [])


@pytest.mark.parametrize(
    ("value", "shown"), [(9, "9"), (10, "10 (0xa)"), (-9, "-9"), (-10, "-10 (-0xa)")]
)
def test_large_numbers_have_both_notations(value: int, shown: str) -> None:
    assert shown_number(value) == shown


def test_the_same_bits_are_as_many() -> None:
    text, letters = compare_integers("X", "X", (0xFFFFFFFF, 4), (-1, 4))
    assert text is None
    assert [one.kind for one in letters] == ["sign"]
    assert letters[0].text.endswith("same bits, different sign")
    for c, rust in (((0xFFFFFFFF, 4), (-1, 8)), ((-1, 4), (2**64 - 1, 8)), ((-1, None), (255, 1))):
        text, letters = compare_integers("X", "X", c, rust)
        assert text is not None
        assert "same bits" not in text
        assert not letters


NONE: frozenset[int] = frozenset()
ZEROS = bytes(16)
POINTER = frozenset({8})


def test_bytes() -> None:
    assert compare_bytes("X", (ZEROS, NONE), (ZEROS, NONE)) is None
    text = compare_bytes("X", (ZEROS, NONE), (bytes(9) + b"\1" + bytes(6), NONE), [A, B])
    assert text is not None
    assert text.splitlines() == [
        "bytes of X differ from C, first at offset 9 (b)",
        "  >     8  C 00 00 00 00 00 00 00 00   Rust 00 01 00 00 00 00 00 00",
    ]
    text = compare_bytes("X", (ZEROS, NONE), (bytes(15), NONE))
    assert text == "X has 16 bytes in C, 15 in Rust"


def test_the_field_of_the_first_byte_is_named() -> None:
    """One in a hole has none; each field ends before the next."""
    firsts = []
    for index in (0, 3, 4, 8, 15):
        rust = bytearray(16)
        rust[index] = 1
        text = compare_bytes("X", (ZEROS, NONE), (bytes(rust), NONE), [A, B])
        assert text is not None
        firsts.append(text.splitlines()[0].partition("first at ")[2])
    assert firsts == ["offset 0 (a)", "offset 3 (a)", "offset 4", "offset 8 (b)", "offset 15 (b)"]


def test_rows_of_bytes() -> None:
    """From the first that differs to the end, those that differ marked; not more than a screen."""
    rust = bytearray(20)
    rust[8] = 0xAB
    rust[16] = 0xCD
    text = compare_bytes("X", (bytes(20), NONE), (bytes(rust), NONE))
    zeros = "00 00 00 00 00 00 00 00"
    assert text == (
        "bytes of X differ from C, first at offset 8\n"
        f"  >     8  C {zeros}   Rust ab {zeros[3:]}\n"
        "  >    16  C 00 00 00 00   Rust cd 00 00 00"
    )
    rust[16], rust[15] = 0, 1
    text = compare_bytes("X", (bytes(20), NONE), (bytes(rust), NONE))
    assert text is not None
    assert text.splitlines()[2] == "       16  C 00 00 00 00   Rust 00 00 00 00"
    for size, rows in ((128, 16), (136, 16)):
        text = compare_bytes("X", (bytes(size), NONE), (b"\1" * size, NONE))
        assert text is not None
        lines = text.splitlines()
        assert len([one for one in lines if one.startswith("  > ")]) == rows
        assert (lines[-1] == "    ...") == (size > 128)


def test_pointers_are_null_or_not() -> None:
    assert compare_bytes("X", (ZEROS, POINTER), (ZEROS, POINTER)) is None
    text = compare_bytes("X", (ZEROS, POINTER), (ZEROS, NONE))
    assert text == (
        "bytes of X differ from C, first at offset 8\n"
        "  >     8  C a pointer, not null       Rust 00 00 00 00 00 00 00 00"
    )
    assert compare_bytes("X", (ZEROS, NONE), (ZEROS, POINTER)) is not None


def test_where_it_cannot_be_seen_whether_a_pointer_is_null_nothing_is_said() -> None:
    """Its bytes are an address, of which nobody knows anything: those around it count."""
    address = bytes(8) + b"\1" * 8
    beside = b"\1" + bytes(15)
    for known in ((POINTER, None), (None, POINTER)):
        assert compare_bytes("X", (ZEROS, known[0]), (address, known[1])) is None
        assert compare_bytes("X", (ZEROS, known[0]), (beside, known[1])) is not None
    assert compare_bytes("X", (ZEROS, None), (address, None)) is not None
    # Four bytes on another machine.
    late = bytes(12) + b"\1" * 4
    assert compare_bytes("X", (ZEROS, POINTER), (late, None), word=4) is not None


@pytest.mark.parametrize(
    ("c", "rust", "form", "words"),
    [
        (b"a\0", b"b\0", "text", r'"a" in C, b"b\0" in Rust'),
        (b"a\0", b"a", "slice", r'"a" in C, b"a" in Rust, which lacks the `\0` at the end'),
        (b"a\0", b"a\0", "str", r'"a" in C, "a\0" in Rust'),
        (b'"\n\x01\0', b"\\\t\x01\0", "cstr", r'"\"\n\001" in C, c"\\\t\x01" in Rust'),
        ("é\0".encode(), "è".encode(), "str", '"é" in C, "è" in Rust'),
        (b"\xe9\0", b"\xe8\0", "text", r'"\351" in C, b"\xe8\0" in Rust'),
    ],
)
def test_texts_that_differ(c: bytes, rust: bytes, form: Form, words: str) -> None:
    assert compare_texts("X", c, rust, form) == f"X is {words}"


def test_texts_that_agree() -> None:
    assert compare_texts("X", b"a\0", b"a\0", "text") is None
    assert compare_texts("X", b"a\0", b"a", "str") is None
