"""What is written can be read again, in the same order everywhere."""

from __future__ import annotations

import re
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


REMEDY = "correct the file, or delete it and write a new one with --cpython-sys-update-ledger"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("b = 1\na = 2\n", ": unknown key `a` (valid keys: files, unexplained)"),
        ("files = 1\n", ": files must be a table"),
        ("unexplained = []\n", ": unexplained must be a table"),
        ("[files]\n'x.rs' = 1\n", ": files.'x.rs' must be a table"),
        ("[unexplained]\n'x.rs' = 1\n", ": unexplained.'x.rs' must be a table"),
        (
            "[files.'x.rs']\nz = 1\ny = 1\n",
            ": unknown key `y` in files.'x.rs' (valid keys: blocks, functions, impls, traits)",
        ),
        (
            "[files.'x.rs']\nblocks = -1\n",
            ": files.'x.rs'.blocks must be a number, 0 or greater, not -1",
        ),
        (
            "[files.'x.rs']\nblocks = true\n",
            ": files.'x.rs'.blocks must be a number, 0 or greater, not True",
        ),
        (
            "[files.'x.rs']\nblocks = 1.5\n",
            ": files.'x.rs'.blocks must be a number, 0 or greater, not 1.5",
        ),
        (
            "[unexplained.'x.rs']\nf = '1'\n",
            ": unexplained.'x.rs'.f must be a number, 0 or greater, not '1'",
        ),
    ],
)
def test_what_is_wrong_in_one(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / LEDGER).write_text(text, encoding="utf-8")
    with pytest.raises(LedgerError) as raised:
        read_ledger(str(tmp_path))
    between = "" if words.startswith(":") else " "
    assert str(raised.value) == f"{LEDGER}{between}{words}: {REMEDY}"


def test_one_that_is_not_toml(tmp_path: Path) -> None:
    (tmp_path / LEDGER).write_bytes(b"\xff")
    with pytest.raises(LedgerError, match=rf"^{re.escape(LEDGER)} is not TOML \(.+\): {REMEDY}$"):
        read_ledger(str(tmp_path))


def test_nothing_may_be_counted(tmp_path: Path) -> None:
    (tmp_path / LEDGER).write_text("[files.'x.rs']\nblocks = 0\nimpls = 1\n", encoding="utf-8")
    assert read_ledger(str(tmp_path)) == Ledger({"x.rs": {"blocks": 0, "impls": 1}})
