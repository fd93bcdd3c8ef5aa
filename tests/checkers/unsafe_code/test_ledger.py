"""What is written can be read again, in the same order everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.checkers.unsafe_code.ledger import (
    LEDGER,
    Ledger,
    LedgerError,
    differences,
    read_ledger,
    write_ledger,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_round_trip(tmp_path: Path) -> None:
    counts = {"b/x.rs": {"impls": 1, "blocks": 2}, 'a/ü "q".rs': {"functions": 1}}
    missing = {"b/x.rs": {"z": 1, '<Vec<T> as Of<"x">>::f': 2, "m::T::g": 1, "say!": 3}}
    write_ledger(str(tmp_path), Ledger(counts, missing))
    assert read_ledger(str(tmp_path)) == Ledger(counts, missing)
    text = (tmp_path / LEDGER).read_text(encoding="utf-8")
    backwards = {"b/x.rs": dict(reversed(missing["b/x.rs"].items()))}
    write_ledger(str(tmp_path), Ledger(dict(reversed(counts.items())), backwards))
    assert (tmp_path / LEDGER).read_text(encoding="utf-8") == text
    assert text.index("blocks") < text.index("impls")
    # A line a function, so that branches that meet rarely change the same.
    assert '\n"m::T::g" = 1\n"say!" = 3\nz = 1\n' in text


def test_nothing_is_written_of_nothing(tmp_path: Path) -> None:
    nothing = {"x.rs": {"blocks": 0}, "y.rs": {}}
    write_ledger(str(tmp_path), Ledger(nothing, nothing))
    assert read_ledger(str(tmp_path)) == Ledger()


def test_no_ledger(tmp_path: Path) -> None:
    assert read_ledger(str(tmp_path)) is None


def test_one_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / LEDGER).mkdir()
    with pytest.raises(LedgerError, match=r"cannot be read: Is a directory"):
        read_ledger(str(tmp_path))
    with pytest.raises(LedgerError, match=r"cannot be written: Is a directory"):
        write_ledger(str(tmp_path), Ledger())


def test_differences() -> None:
    old, new = {"blocks": 2, "impls": 1}, {"blocks": 3, "traits": 1}
    assert list(differences(old, new, more=True)) == [("blocks", 2, 3), ("traits", 0, 1)]
    assert list(differences(old, new, more=False)) == [("impls", 1, 0)]
