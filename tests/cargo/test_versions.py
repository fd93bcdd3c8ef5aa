"""Versions are compared alike with packaging and without it."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest

from pytest_cpython_sys.cargo.versions import Toolchain, major_minor, parse_version, read_toolchain

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


RUSTC = """rustc 1.95.0 (abc 2026-04-01)
binary: rustc
host: x86_64-unknown-linux-gnu
release: 1.95.0
LLVM version: 22.1: a note
"""


def test_what_toolchains_print() -> None:
    found = read_toolchain("cargo 1.95.0 (def 2026-04-01)", RUSTC)
    assert found == Toolchain("1.95.0", "1.95.0", "x86_64-unknown-linux-gnu")
    assert not found.is_unstable
    assert read_toolchain("cargo 1.97.0-nightly (x)", "error: no rustc") == Toolchain(
        "1.97.0-nightly", "unknown", ""
    )
    assert read_toolchain("cargo 1.0.0", "host: a: b\nrelease: 1.0.0") == Toolchain(
        "1.0.0", "1.0.0", "a: b"
    )
    assert read_toolchain("no cargo", RUSTC) is None


@pytest.mark.parametrize(
    ("rustc", "unstable"),
    [("1.97.0-nightly", True), ("1.97.0-dev", True), ("1.96.0-beta.1", False)],
)
def test_which_need_no_permission(rustc: str, unstable: bool) -> None:
    assert Toolchain("1.0.0", rustc, "host").is_unstable == unstable
