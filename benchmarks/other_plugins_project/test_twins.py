"""Each of these does in Python what the test of its name in `src/lib.rs` does in Rust."""

from pathlib import Path

import pytest


def test_passes():
    print("said by one that passes")


def test_fails():
    print("said by one that fails")
    assert 1 + 1 == 3, "sums"


@pytest.mark.skip(reason="not today")
def test_skipped():
    pass


@pytest.mark.xfail(reason="not yet")
def test_expected():
    raise AssertionError("as a mark expects")


def test_recovers():
    seen = Path("recovers-python")
    again = seen.exists()
    seen.touch()
    assert again, "the first time"


def test_has_a_name_that_is_so_long_that_it_takes_more_than_a_line_of_eighty_columns_anywhere():
    pass


@pytest.mark.parametrize("value", [1, 2])
def test_with_parameters(value):
    pass
