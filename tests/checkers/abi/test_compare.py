"""Which layouts agree, and how a difference is shown."""

from __future__ import annotations

from pytest_cpython_sys.checkers.abi.compare import (
    Layout,
    Slot,
    compare_bytes,
    compare_integers,
    compare_layouts,
)


def layout(size: int, *slots: Slot, align: int = 8, hidden: bool = False) -> Layout:
    return Layout("struct s", size, align, slots, hidden)


A = Slot("a", 0, 4)
B = Slot("b", 8, 8)


def test_the_same() -> None:
    assert compare_layouts("s", layout(16, A, B), layout(16, A, B)) is None


def test_side_by_side() -> None:
    text = compare_layouts("s", layout(16, A, B), layout(16, A, Slot("b", 4, 8), align=4))
    assert text is not None
    assert text.splitlines() == [
        "s is laid out otherwise in C: b: C offset 8, 8 bytes; Rust offset 4, 8 bytes",
        "    alignment: C 8, Rust 4",
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
    assert compare_layouts("s", c, layout(4, Slot("type_", 0, 4), align=4)) is None


def test_another_name_at_the_same_place_is_no_fault() -> None:
    assert compare_layouts("s", layout(16, A, B), layout(16, Slot("x", 0, 4), B)) is None


def test_a_field_that_holds_several_of_c() -> None:
    c = layout(16, A, Slot("low", 8, 4), Slot("high", 12, 4))
    assert compare_layouts("s", c, layout(16, A, Slot("both", 8, 8))) is None


def test_bit_fields_in_a_plain_integer() -> None:
    c = layout(4, Slot("one", 0, None, (0, 1)), Slot("two", 0, None, (1, 7)), align=4)
    assert compare_layouts("s", c, layout(4, Slot("bits", 0, 4), align=4)) is None


def test_padding_is_not_missing_in_c_but_covers_nothing() -> None:
    padded = Slot("__bindgen_padding_0", 4, 4)
    assert compare_layouts("s", layout(16, A, B), layout(16, A, padded, B)) is None
    text = compare_layouts("s", layout(16, A, Slot("new", 4, 4), B), layout(16, A, padded, B))
    assert text is None or "new" in text
    text = compare_layouts("s", layout(16, A, Slot("new", 4, 1), B), layout(16, A, padded, B))
    assert text is not None
    assert "new: C offset 4, 1 byte; Rust has no such field" in text


def test_private_fields_may_be_anywhere() -> None:
    assert compare_layouts("s", layout(16, A, B), layout(16, hidden=True)) is None


def test_an_array_of_unknown_length() -> None:
    c, rust = Slot("tail", 16, None), Slot("tail", 16, 0)
    assert compare_layouts("s", layout(16, A, B, c), layout(16, A, B, rust)) is None


def test_integers() -> None:
    assert compare_integers("X", "X", 8, 8) is None
    assert compare_integers("X", "x", 8, 16) == "X is 8 in C (x), 16 (0x10) in Rust"
    text = compare_integers("X", "X", 0xFFFFFFFF, -1)
    assert text is not None
    assert text.endswith("the same bits, another sign")


def test_bytes() -> None:
    none: frozenset[int] = frozenset()
    zeros = bytes(16)
    assert compare_bytes("X", (zeros, none), (zeros, none)) is None
    text = compare_bytes("X", (zeros, none), (bytes(9) + b"\1" + bytes(6), none), [A, B])
    assert text is not None
    assert text.splitlines() == [
        "X has other bytes in C, first at offset 9 (b)",
        "  >     8  C 00 00 00 00 00 00 00 00   Rust 00 01 00 00 00 00 00 00",
    ]
    pointer = frozenset({8})
    assert compare_bytes("X", (zeros, pointer), (zeros, pointer)) is None
    assert compare_bytes("X", (zeros, pointer), (zeros, none)) is not None
    # Where it cannot be seen whether it is null, nothing is said.
    assert compare_bytes("X", (zeros, pointer), (zeros, None)) is None
