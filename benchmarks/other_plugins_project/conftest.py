"""Marks some Rust tests, as their Python twins are marked where they stand."""

import pytest

MARKS = {"expected": pytest.mark.xfail(reason="not yet")}


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("rust") and item.originalname in MARKS:
            item.add_marker(MARKS[item.originalname])
