"""Which fields stand for which, and all that is said of each difference."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.c.types import Kind, Member, Type, Use
from pytest_cpython_sys.case import Layouts, TypeLayout
from pytest_cpython_sys.case import Member as Field
from pytest_cpython_sys.checkers.abi.layout.compare import Layout, compare_layouts, side_by_side
from pytest_cpython_sys.checkers.abi.layout.slots import Slot
from pytest_cpython_sys.checkers.abi.types.agreement import Agreement

AGREEMENT = Agreement(lambda name: None)
INT = Use(Type("integer", "int", 4, signed=True), text="int")
UNSIGNED = Use(Type("integer", "unsigned", 4, signed=False), text="unsigned")
FLOAT = Use(Type("float", "float", 4), text="float")
POINTER = Use(Type("pointer", "void *", 4), text="void *")
A = Slot("a", 0, 4)
B = Slot("b", 8, 8)
P = Slot("p", 0, 4, use=POINTER)


def layout(size: int, *slots: Slot, align: int = 8, name: str = "s", **more: bool) -> Layout:
    return Layout(name, size, align, slots, **more)


def texts(c: Layout, rust: Layout) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the faults in their order, and the minor differences."""
    text, letters = compare_layouts("s", c, rust, AGREEMENT)
    lines = text.partition("\n\n")[0].splitlines() if text is not None else []
    faults = [line.removeprefix("layout of s differs from C: ").strip() for line in lines]
    return faults, [(one.kind, one.text) for one in letters]


def record(kind: Kind, *members: tuple[str, int, Use]) -> Use:
    """Return a record whose members lie at these bytes, four each."""
    inside = [Member(name, at * 8, 32, False, use) for name, at, use in members]
    return Use(Type(kind, "", 8, members=lambda: inside))


PAIR = record("struct", ("x", 0, INT), ("y", 4, INT))
EITHER = record("union", ("x", 0, INT), ("y", 0, INT))
FIELDS = (Slot("x", 8, 4, use=INT), Slot("y", 12, 4, use=INT))


def test_a_record_that_one_of_them_opens() -> None:
    closed = layout(16, A, Slot("pair", 8, 8, use=PAIR))
    opened = layout(16, A, *FIELDS)
    assert texts(closed, opened) == (
        [],
        [("split", "the bytes at offset 8 are pair in C, the members of pair in Rust")],
    )
    assert texts(opened, closed) == (
        [],
        [("split", "the bytes at offset 8 are the members of pair in C, pair in Rust")],
    )
    inner = Slot("anonymous", 8, 8, use=EITHER)
    both = layout(16, A, Slot("x", 8, 4, use=INT), Slot("y", 8, 4, use=INT))
    assert texts(both, layout(16, A, inner)) == (
        [],
        [("name", "the bytes at offset 8 are the members of anonymous in C, anonymous in Rust")],
    )
    wrong = layout(16, A, Slot("pair", 8, 8, use=record("struct", ("x", 0, FLOAT), ("y", 4, INT))))
    faults, _ = texts(opened, wrong)
    assert faults == [
        "x is a signed integer in C, a floating-point number in Rust (C: int, Rust: float)"
    ]


def test_many_faults_are_counted() -> None:
    def fields(number: int, first: int) -> Layout:
        slots = [Slot(f"f{index}", first + index * 4, 4) for index in range(number)]
        return layout(128, *slots)

    for number, more in ((12, None), (13, None), (14, "1 more"), (17, "4 more")):
        # The first field of one is where the second of the other is.
        c, rust = fields(number, 0), fields(number, 64)
        faults, _ = texts(c, rust)
        assert len(faults) == min(number, 13) + (more is not None)
        assert faults[0] == "f0 is at offset 0, size 4 in C; at offset 64, size 4 in Rust"
        assert (faults[-1] == f"... and {more} differences") == (more is not None)


def test_sizes_are_told_at_the_end_of_the_smaller() -> None:
    faults, _ = texts(layout(16, A, B), layout(24, A, Slot("b", 12, 8), align=4))
    assert faults == [
        "b is at offset 8, size 8 in C; at offset 12, size 8 in Rust",
        "size is 16 bytes in C, 24 in Rust",
        "alignment is 8 bytes in C, 4 in Rust",
    ]


def test_where_no_field_is_known_size_and_alignment_are_compared() -> None:
    for c, rust in (
        (layout(16, open=True), layout(24, A, B)),
        (layout(16, A, B), layout(24, open=True)),
    ):
        assert texts(c, rust)[0] == ["size is 16 bytes in C, 24 in Rust"]


def test_one_that_is_cut_short() -> None:
    short = layout(8, A, truncated=True)
    assert texts(layout(16, A, B), short) == ([], [])
    late = layout(16, A, Slot("late", 4, 4), B)
    assert texts(late, short)[0] == ["late is at offset 4, size 4 in C; Rust has no such field"]


def test_a_field_that_nobody_has_in_rust() -> None:
    assert texts(layout(16, A, B, Slot("none", 16, 0)), layout(16, A, B)) == ([], [])
    # Beyond the end there is nothing to be lost.
    assert texts(layout(16, A, B, Slot("tail", 16, 4)), layout(16, A, B)) == ([], [])
    assert texts(layout(16, A, B, Slot("in", 10, 2)), layout(16, A, B)) == ([], [])
    faults, _ = texts(layout(16, A, Slot("lost", 4, 2), B), layout(16, A, B))
    assert faults == ["lost is at offset 4, size 2 in C; Rust has no such field"]


@pytest.mark.parametrize(
    ("slot", "faults", "letters"),
    [
        (Slot("x", 4, 4), [], [("hole", "x is at offset 4, size 4 in Rust, where C has a hole")]),
        (
            Slot("x", 16, 4, use=INT),
            ["x is at offset 16, size 4 in Rust; C has no such field"],
            [],
        ),
        (
            Slot("x", 20, 4),
            [],
            [("hole", "x is at offset 20, size 4 in Rust, where C has a hole")],
        ),
        (Slot("x", 24, 4), ["x is at offset 24, size 4 in Rust; C has no such field"], []),
        (Slot("_x", 24, 4), [], []),
        (Slot("__bindgen_padding_0", 24, 4), [], []),
        (Slot("none", 24, 0), [], []),
    ],
)
def test_a_field_that_nobody_has_in_c(
    slot: Slot, faults: list[str], letters: list[tuple[str, str]]
) -> None:
    c = layout(24, A, B, Slot("last", 16, 4, use=FLOAT))
    rust = layout(24, A, B, Slot("last", 16, 4, use=FLOAT), slot)
    assert texts(c, rust) == (faults, letters)


def test_a_member_of_a_union_is_told_by_what_is_in_it() -> None:
    c = layout(4, Slot("i", 0, 4, use=INT), Slot("f", 0, 4, use=FLOAT), align=4)
    rust = layout(
        4,
        Slot("real", 0, 4, use=FLOAT),
        Slot("whole", 0, 4, use=INT),
        align=4,
        is_union=True,
    )
    assert texts(c, rust) == (
        [],
        [
            ("name", "the field at offset 0 is f in C, real in Rust"),
            ("name", "the field at offset 0 is i in C, whole in Rust"),
        ],
    )
    more = layout(4, Slot("i", 0, 4, use=INT), Slot("f", 0, 4, use=FLOAT), P, is_union=True)
    assert texts(layout(4, *c.slots), more) == (
        [],
        [("name", "p is at offset 0, size 4 in Rust; C has no such member")],
    )
    # The one that agrees to the letter comes before one that differs by it.
    c = layout(4, Slot("u", 0, 4, use=UNSIGNED), Slot("i", 0, 4, use=INT), align=4)
    rust = layout(4, Slot("n", 0, 4, use=INT), align=4, is_union=True)
    assert ("name", "the field at offset 0 is i in C, n in Rust") in texts(c, rust)[1]


def test_members_of_a_union_do_not_add_up() -> None:
    c = layout(8, Slot("i", 0, 4, use=INT), Slot("d", 0, 8, use=INT))
    rust = layout(8, Slot("i", 0, 4, use=INT), Slot("d", 0, 4, use=FLOAT), is_union=True)
    assert texts(c, rust)[0] == ["d is at offset 0, size 8 in C; at offset 0, size 4 in Rust"]


def test_another_name_and_another_type() -> None:
    c, rust = (layout(8, A, Slot(name, 4, 4, use=use)) for name, use in (("x", INT), ("y", FLOAT)))
    assert texts(c, rust) == (
        [
            (
                "the field at offset 4 is x in C, y in Rust; x is a signed integer in C, "
                "a floating-point number in Rust (C: int, Rust: float)"
            )
        ],
        [],
    )
    text, _ = compare_layouts("s", c, rust, AGREEMENT)
    assert text is not None
    (row,) = (line for line in text.splitlines() if "first difference" in line)
    assert " x " in row
    assert " y " in row


def test_bytes_that_are_cut_up_otherwise() -> None:
    whole = Use(Type("integer", "long", 8, signed=True))
    halves = (Slot("low", 8, 4, use=UNSIGNED), Slot("high", 12, 4, use=UNSIGNED))
    split = "the bytes at offset 8 are low, high in C, both in Rust"
    c, rust = layout(16, A, *halves), layout(16, A, Slot("both", 8, 8, use=whole))
    assert texts(c, rust) == ([], [("split", split)])
    assert texts(rust, c) == (
        [],
        [("split", "the bytes at offset 8 are both in C, low, high in Rust")],
    )
    floats = (Slot("low", 8, 4, use=FLOAT), Slot("high", 12, 4, use=FLOAT))
    faults, _ = texts(layout(16, A, *floats), rust)
    assert "both is at offset 8, size 8 in Rust; C has no such field" in faults
    # Padding of Rust's holds nothing of C's.
    padded = layout(16, A, Slot("__bindgen_padding_0", 8, 4), Slot("other", 12, 4, use=UNSIGNED))
    faults, _ = texts(c, padded)
    assert faults == ["low is at offset 8, size 4 in C; Rust has no such field"]


def bits(name: str, first: int, count: int, use: Use | None = None) -> Slot:
    return Slot(name, 0, None, (first, count), use)


def test_bit_fields() -> None:
    c = layout(4, bits("one", 0, 3, INT), bits("two", 3, 5, INT), align=4)
    assert texts(c, layout(4, *c.slots, align=4)) == ([], [])
    moved = layout(4, bits("one", 0, 3, INT), bits("two", 4, 5, INT), align=4)
    assert texts(c, moved) == (["two is at bit 3, width 5 in C; at bit 4, width 5 in Rust"], [])
    wider = layout(4, bits("one", 0, 4, INT), bits("two", 3, 5, INT), align=4)
    assert texts(c, wider)[0] == ["one is at bit 0, width 3 in C; at bit 0, width 4 in Rust"]
    unsigned = layout(4, bits("one", 0, 3, UNSIGNED), bits("two", 3, 5, UNSIGNED), align=4)
    assert texts(c, unsigned)[0] == [
        "one is a signed integer in C, an unsigned integer in Rust",
        "two is a signed integer in C, an unsigned integer in Rust",
    ]
    assert texts(unsigned, c)[0] == [
        "one is an unsigned integer in C, a signed integer in Rust",
        "two is an unsigned integer in C, a signed integer in Rust",
    ]
    # A plain integer that holds all bits of one of C's name has its own sign.
    plain = layout(4, Slot("one", 0, 4, use=UNSIGNED), align=4)
    assert texts(layout(4, bits("one", 0, 3, INT), align=4), plain) == ([], [])
    real = layout(4, Slot("one", 0, 4, use=FLOAT), align=4)
    assert texts(layout(4, bits("one", 0, 3, INT), align=4), real)[0] == [
        "one is a bit-field in C, a floating-point number in Rust"
    ]
    # Where nothing is known of the type, the place has to do.
    unknown = layout(4, bits("one", 0, 3), align=4)
    assert texts(unknown, layout(4, bits("one", 0, 3, INT), align=4)) == ([], [])
    assert texts(unknown, real) == ([], [])
    # An integer of Rust's does not become bits of C's.
    faults, _ = texts(layout(4, Slot("one", 0, 4), align=4), layout(4, bits("one", 0, 3), align=4))
    assert faults == ["one is at offset 0, size 4 in C; at bit 0, width 3 in Rust"]


@pytest.mark.parametrize(
    ("c", "rust", "fault"),
    [
        (Slot("tail", 16, None), Slot("tail", 16, 0), None),
        (Slot("tail", 16, 4), Slot("tail", 16, None), None),
        (
            Slot("tail", 16, None),
            Slot("tail", 20, 0),
            "is at offset 16 in C; at offset 20, size 0 in Rust",
        ),
        (
            Slot("tail", 16, 4),
            Slot("tail", 16, 0),
            "is at offset 16, size 4 in C; at offset 16, size 0 in Rust",
        ),
        (
            Slot("tail", 16, 1),
            Slot("tail", 16, 2),
            "is at offset 16, size 1 in C; at offset 16, size 2 in Rust",
        ),
    ],
)
def test_an_array_of_unknown_length_has_a_place_and_no_size(
    c: Slot, rust: Slot, fault: str | None
) -> None:
    faults, _ = texts(layout(24, A, B, c), layout(24, A, B, rust))
    assert faults == ([] if fault is None else [f"tail {fault}"])


def test_a_field_that_is_written_out_under_its_own_name() -> None:
    c = layout(8, Slot("x", 0, 8), align=4)
    rust = layout(8, Slot("x", 0, 4), Slot("x_high", 4, 4), align=4)
    assert texts(c, rust) == (
        [],
        [("split", "the bytes at offset 0 are x in C, x, x_high in Rust")],
    )
    for smaller in (
        layout(8, Slot("x", 0, 4), align=4),
        layout(8, Slot("x", 0, 2), Slot("y", 4, 4)),
    ):
        faults, _ = texts(c, smaller)
        assert any(
            one.startswith("x is at offset 0, size 8 in C; at offset 0, size ") for one in faults
        )


def test_both_beside_one_another() -> None:
    """Names are marked where there is a fault, and not for a minor difference."""
    c = layout(16, A, bits("one", 64, 3), name="struct s")
    rust = layout(16, A, bits("one", 65, 3), name="s")
    assert side_by_side(c, rust, AGREEMENT) == Layouts(
        TypeLayout("struct s", 16, 8, (Field("a", 0, 32), Field("one", 64, 67, True))),
        TypeLayout("s", 16, 8, (Field("a", 0, 32), Field("one", 65, 68, True))),
        ("one",),
    )
    renamed = side_by_side(layout(16, A, B), layout(16, Slot("x", 0, 4), B), AGREEMENT)
    assert (renamed.marked, renamed.agree) == ((), True)
    both = side_by_side(layout(16, A, B), layout(24, Slot("x", 0, 4), B), AGREEMENT)
    assert both.marked == ("a", "x")
