"""Names that pytest cannot carry go through one reversible escape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_cpython_sys.node_ids import escape, unescape


@pytest.mark.parametrize("name", ["tests", "r_type", "bindgen_test_layout_X", "@build", "é"])
def test_a_name_that_rust_could_have_stays(name: str) -> None:
    assert escape(name) == name


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("a[1]", "a%5B1%5D"),
        ("two words", "two%20words"),
        ("50%", "50%25"),
        ("", "%"),
        (":x", "%3Ax"),
    ],
)
def test_a_name_that_pytest_would_cut(name: str, escaped: str) -> None:
    assert escape(name) == escaped
    assert unescape(escaped) == name


@given(st.text(max_size=20))
def test_every_name_comes_back(name: str) -> None:
    escaped = escape(name)
    assert unescape(escaped) == name
    assert not set(escaped) & set("[] \t\n\r")
    assert "::" not in escaped
    assert escaped
