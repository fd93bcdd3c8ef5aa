"""rustc's diagnostics lead to the right statement of the right block."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_cpython_sys.rust.constant_errors import (
    LayoutMismatch,
    Spot,
    actual_value,
    explain,
    find_block,
    primary_spots,
)
from pytest_cpython_sys.rust.source_scan import LayoutAssertion, scan_source

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


WORDS = ["index out of bounds: the length is 1 but the index is 8", "x panicked at 'Size of"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(WORDS),
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
                    "byte_start",
                    "expansion",
                    "span",
                    "label",
                    "message",
                    "children",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


OFFSET = LayoutAssertion("offset", "b", recorded=4, start=92, end=157, line=4)


@given(st.dictionaries(st.sampled_from(["spans", "message", "children"]), JSON))
def test_never_raises_on_what_is_no_diagnostic(diagnostic: dict[str, Any]) -> None:
    for spot in primary_spots(diagnostic):
        find_block(scan_source(SOURCE).blocks, spot, SOURCE)
    explain(diagnostic, None)
    explain(diagnostic, OFFSET)


def diagnostic(message: str, label: str, offset: int = 92, column: int = 5) -> dict[str, Any]:
    """Return what rustc says of line 4 of ``lib.rs``."""
    span = {
        "is_primary": True,
        "file_name": "lib.rs",
        "byte_start": offset,
        "line_start": 4,
        "column_start": column,
        "label": label,
        "expansion": None,
    }
    return {"message": message, "code": {"code": "E0080"}, "spans": [span], "children": []}


def of_both_forms(words: str) -> list[dict[str, Any]]:
    """Return what rustc 1.95 and rustc 1.85 say."""
    return [
        diagnostic(words, "evaluation of `_` failed here"),
        diagnostic("evaluation of constant value failed", words),
    ]


@pytest.mark.parametrize(
    "raw", of_both_forms("index out of bounds: the length is 1 but the index is 4")
)
def test_a_value_that_is_greater_than_recorded(raw: dict[str, Any]) -> None:
    text = "index out of bounds: the length is 1 but the index is 4"
    assert explain(raw, OFFSET) == LayoutMismatch("offset", "b", 4, 8, text, 4)
    assert explain(raw, None) == LayoutMismatch(None, None, None, None, text, 4)


@pytest.mark.parametrize(
    "raw", of_both_forms("attempt to compute `2_usize - 4_usize`, which would overflow")
)
def test_a_value_that_is_less_than_recorded(raw: dict[str, Any]) -> None:
    text = "attempt to compute `2_usize - 4_usize`, which would overflow"
    assert explain(raw, OFFSET) == LayoutMismatch("offset", "b", 4, 2, text, 4)
    assert explain(raw, None) == LayoutMismatch(None, None, 4, 2, text, 4)


@pytest.mark.parametrize(
    ("words", "kind", "field"),
    [
        ("evaluation panicked: Size of u32", "size", None),
        ("the evaluated program panicked at 'Size of X', src/lib.rs:3:17", "size", None),
        ("evaluation panicked: Alignment of X", "alignment", None),
        ("evaluation panicked: Offset of field: X::b", "offset", "b"),
        ("the evaluated program panicked at 'Offset of field: X::b', l.rs:3:17", "offset", "b"),
    ],
)
def test_a_panic_names_what_differs(words: str, kind: str, field: str | None) -> None:
    for raw in of_both_forms(words):
        mismatch = explain(raw, None)
        assert (mismatch.kind, mismatch.field) == (kind, field)
        assert (mismatch.recorded, mismatch.actual, mismatch.text) == (None, None, words)


def test_a_panic_in_other_words_is_shown_in_them() -> None:
    words = "the evaluated program panicked at 'assertion failed: a == 8', src/lib.rs:3:17"
    raw = diagnostic("evaluation of constant value failed", words)
    assert explain(raw, None) == LayoutMismatch(None, None, None, None, words, 4)


def test_the_line_of_a_panic_is_the_users() -> None:
    raw = diagnostic("evaluation panicked: Size of X", "evaluation of `_` failed here")
    span = raw["spans"][0]
    span["expansion"] = {"span": dict(span, line_start=3, expansion=None)}
    span.update(file_name="/rustc/0123/library/core/src/panic.rs", line_start=62)
    assert explain(raw, None).line == 3


def test_other_errors_are_repeated_without_values() -> None:
    raw = diagnostic("no field `zz` on type `X`", "unknown field")
    text = "no field `zz` on type `X`"
    assert explain(raw, OFFSET) == LayoutMismatch("offset", "b", 4, None, text, 4)
    assert explain({}, None) == LayoutMismatch(None, None, None, None, "", 0)


PLAIN = (
    "pub struct X;\n"
    'const _: () = { ["Size of X"][size_of::<X>() - 8usize]; };\n'
    'const _: () = { /* é */ ["Size of Y"][size_of::<Y>() - 8usize]; };\n'
)
FILES = {
    "plain": PLAIN,
    "crlf": PLAIN.replace("\n", "\r\n"),
    "bom": "\ufeff" + PLAIN,
    "bom, one line": "\ufeff" + PLAIN.replace("\n", " "),
    "no line end": PLAIN.rstrip(),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("known", [True, False], ids=["bytes", "columns"])
def test_places_as_rustc_counts_them(name: str, known: bool) -> None:
    text = FILES[name]
    source = text.encode()
    for type_name in "XY":
        at = text.index(f"size_of::<{type_name}>")
        line_start = text.rfind("\n", 0, at) + 1
        spot = Spot(
            "lib.rs",
            line=text.count("\n", 0, at) + 1,
            # A byte order mark is no column, yet it is three bytes: seen with rustc 1.77 to 1.95.
            column=len(text[line_start:at].lstrip("\ufeff")) + 1,
            offset=len(text[:at].encode()) if known else None,
        )
        hit = find_block(scan_source(source).blocks, spot, source)
        assert hit is not None
        assert hit[0].type_name == type_name
        assert hit[1] is not None
        assert hit[1].kind == "size"


def test_an_offset_of_another_line_is_not_believed() -> None:
    source = PLAIN.encode()
    spot = Spot("lib.rs", line=2, column=20, offset=source.index(b"size_of::<Y>"))
    hit = find_block(scan_source(source).blocks, spot, source)
    assert hit is not None
    assert hit[0].type_name == "X"


def test_the_offset_comes_from_the_span() -> None:
    (spot,) = primary_spots(diagnostic("", "", offset=92))
    assert spot == Spot("lib.rs", 4, 5, 92)
