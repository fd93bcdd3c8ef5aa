"""rustc's diagnostics lead to the right statement of the right block."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_cpython_sys.checkers.layout.errors import (
    Spot,
    actual_value,
    find_block,
    primary_spots,
)
from pytest_cpython_sys.checkers.layout.scan import scan_source

SOURCE = (
    "// é\n"
    'const _: () = { ["Size of A"][size_of::<A>() - 8usize]; ["Alignment of A"]'
    "[align_of::<A>() - 4usize]; };\n"
    'const _: () = { /* é */ ["Size of B"][size_of::<B>() - 16usize]; };\n'
).encode()


@pytest.mark.parametrize(
    ("message", "recorded", "actual"),
    [
        ("index out of bounds: the length is 1 but the index is 8", 16, 24),
        ("attempt to compute `16_usize - 24_usize`, which would overflow", 24, 16),
        ("attempt to compute `0_usize - 4_usize`, which would overflow", 4, 0),
        ("evaluation panicked: Size of u32", 4, None),
        ("something new", 4, None),
    ],
)
def test_rustcs_value(message: str, recorded: int, actual: int | None) -> None:
    assert actual_value(message, recorded) == actual


@pytest.mark.parametrize(
    ("line", "text", "type_name", "what"),
    [
        (2, "size_of::<A>()", "A", "size"),
        (2, "align_of", "A", "alignment"),
        (3, "size_of::<B>()", "B", "size"),
        (3, "const _", "B", None),
    ],
)
def test_a_place_leads_to_its_statement(
    line: int, text: str, type_name: str, what: str | None
) -> None:
    column = SOURCE.decode().split("\n")[line - 1].index(text) + 1
    hit = find_block(scan_source(SOURCE).blocks, Spot("x.rs", line, column), SOURCE)
    assert hit is not None
    assert hit[0].type_name == type_name
    assert (hit[1].what if hit[1] else None) == what


@pytest.mark.parametrize("spot", [Spot("x", 1, 1), Spot("x", 99, 1), Spot("x", 0, 0)])
def test_a_place_outside_all_blocks(spot: Spot) -> None:
    assert find_block(scan_source(SOURCE).blocks, spot, SOURCE) is None


def test_expansions_lead_to_where_the_macro_was_called() -> None:
    span: dict[str, Any] = {
        "is_primary": True,
        "file_name": "inner.rs",
        "line_start": 3,
        "column_start": 4,
        "expansion": {"span": {"file_name": "outer.rs", "line_start": 7, "column_start": 1}},
    }
    assert list(primary_spots({"spans": [span, {"is_primary": False}]})) == [
        Spot("inner.rs", 3, 4),
        Spot("outer.rs", 7, 1),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "spans",
                    "is_primary",
                    "file_name",
                    "line_start",
                    "column_start",
                    "expansion",
                    "span",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["spans", "message"]), JSON))
def test_never_raises_on_what_is_no_diagnostic(diagnostic: dict[str, Any]) -> None:
    for spot in primary_spots(diagnostic):
        find_block(scan_source(SOURCE).blocks, spot, SOURCE)
