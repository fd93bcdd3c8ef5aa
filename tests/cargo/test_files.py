"""What lies in what, and what lies above."""

from __future__ import annotations

from itertools import islice

from pytest_cpython_sys.cargo import is_inside, upwards


def test_upwards_ends_at_the_root() -> None:
    assert list(upwards("/a/b")) == ["/a/b", "/a", "/"]
    assert list(upwards("/")) == ["/"]
    assert list(upwards("a/b")) == ["a/b", "a", ""]
    assert list(islice(upwards("/a/b/c"), 2)) == ["/a/b/c", "/a/b"]


def test_a_directory_holds_itself_and_no_namesake() -> None:
    assert is_inside("/a/b", "/a/b")
    assert is_inside("/a/b/c", "/a/b")
    assert is_inside("/a", "/")
    assert not is_inside("/a/bc", "/a/b")
