"""Versions are compared alike with packaging and without it."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest

from pytest_cpython_sys.cargo.versions import major_minor, parse_version

IN_ORDER = ("1.9.4", "1.74", "1.74.1", "1.100.0", "3.8", "3.8.10", "3.13.5", "3.14")


@pytest.fixture(params=["packaging", "the standard library alone"], autouse=True)
def without(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "packaging":
        monkeypatch.setitem(sys.modules, "packaging.version", None)


def test_versions_are_numbers() -> None:
    for older, newer in pairwise(IN_ORDER):
        assert parse_version(older) < parse_version(newer)
    assert parse_version("3.8") == parse_version("3.8.0")
    assert [major_minor(text) for text in ("3.13.5", "3.9")] == ["3.13", "3.9"]


def test_what_is_no_version() -> None:
    with pytest.raises(ValueError, match="nothing"):
        parse_version("nothing")
