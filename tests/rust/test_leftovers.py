"""What runs have left on the disk: how old it is, how large, and who is in it."""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.rust.leftovers import KEPT_DAYS, find_leftovers, note_use, remove

if TYPE_CHECKING:
    from pathlib import Path

DAY = 24 * 60 * 60


def age(directory: Path, days: float) -> None:
    """Make all that is in a directory as old as that."""
    moment = time.time() - days * DAY
    for parent, directories, files in os.walk(directory):
        for name in (".", *directories, *files):
            os.utime(os.path.join(parent, name), (moment, moment))


def build(directory: Path, size: int = 100_000) -> Path:
    (directory / "debug" / "deps").mkdir(parents=True)
    (directory / "CACHEDIR.TAG").touch()
    (directory / "debug" / ".cargo-lock").touch()
    (directory / "debug" / "deps" / "libc.rlib").write_bytes(b"x" * size)
    return directory


def test_what_no_run_has_used_for_a_month_is_unused(tmp_path: Path) -> None:
    old, new = build(tmp_path / "cpython-sys/cp312-old"), build(tmp_path / "cpython-sys/cp313-new")
    age(old, KEPT_DAYS + 1)
    age(new, KEPT_DAYS - 1)
    assert [(os.path.basename(one.path), one.unused) for one in find_leftovers(str(tmp_path))] == [
        ("cp312-old", True),
        ("cp313-new", False),
    ]


def test_a_run_that_changes_nothing_uses_it(tmp_path: Path) -> None:
    directory = build(tmp_path / "cpython-sys/cp312")
    age(directory, 100)
    note_use(str(directory))
    (found,) = find_leftovers(str(tmp_path))
    assert not found.unused
    age(directory, 50)
    (found,) = find_leftovers(str(tmp_path))
    assert found.unused
    assert time.time() - found.used == pytest.approx(50 * DAY, abs=60)


def test_cargos_own_directories_are_none_of_ours(tmp_path: Path) -> None:
    build(tmp_path)
    build(tmp_path / "x86_64-unknown-linux-gnu")
    build(tmp_path / "cpython-sys-second")
    (tmp_path / "cpython-sys").mkdir()
    (tmp_path / "cpython-sys" / "libclang-1").symlink_to(tmp_path)
    age(tmp_path, 100)
    (found,) = find_leftovers(str(tmp_path))
    assert os.path.basename(found.path) == "cpython-sys-second"
    assert found.unused
    note_use(str(tmp_path))
    (found,) = find_leftovers(str(tmp_path))
    assert not found.unused


def test_a_profile_of_the_users_may_have_our_name(tmp_path: Path) -> None:
    (tmp_path / "cpython-sys" / "deps").mkdir(parents=True)
    age(tmp_path, 100)
    assert not list(find_leftovers(str(tmp_path)))


def test_the_room_of_a_file_with_two_names_counts_once(tmp_path: Path) -> None:
    directory = build(tmp_path / "cpython-sys/cp312", size=1_000_000)
    (directory / "debug/program").hardlink_to(directory / "debug/deps/libc.rlib")
    (found,) = find_leftovers(str(tmp_path))
    assert 1_000_000 <= found.size < 1_200_000


def test_where_cargo_builds_stays(tmp_path: Path) -> None:
    directory = build(tmp_path / "cpython-sys/cp312")
    age(directory, 100)
    with (directory / "debug/.cargo-lock").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        (found,) = find_leftovers(str(tmp_path))
        assert (found.busy, found.unused) == (True, False)
    (found,) = find_leftovers(str(tmp_path))
    assert found.unused


def test_what_was_begun_to_be_removed_is_removed(tmp_path: Path) -> None:
    build(tmp_path / "cpython-sys/cp312.unused")
    (found,) = find_leftovers(str(tmp_path))
    assert found.unused
    remove(found)
    assert not list(find_leftovers(str(tmp_path)))


def test_removing(tmp_path: Path) -> None:
    directory = build(tmp_path / "cpython-sys/cp312")
    (found,) = find_leftovers(str(tmp_path))
    remove(found)
    assert not directory.exists()
    assert not list(find_leftovers(str(tmp_path)))
