"""What is made when it is first used is the same as if it had been made at once."""

from __future__ import annotations

import dataclasses
import pickle
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError, field, replace
from threading import Barrier, Thread

import pytest

from pytest_cpython_sys.late import dataclass, regex

PICKLED_AND_READ = """
import pickle, sys
from tests.test_late import Point
raw = sys.stdin.buffer.read()
first, second = pickle.loads(raw), pickle.loads(raw)
assert first == second, "not made when it was unpickled"
print(first)
"""


@dataclass(frozen=True)
class Point:
    """A class with all that a dataclass may have."""

    x: int
    y: int = 0
    names: list[str] = field(default_factory=list, compare=False)

    def __post_init__(self) -> None:
        self.names.append(f"{self.x}/{self.y}")


@dataclass(frozen=True)
class Spot(Point):
    """One with fields of another, which nobody has made an instance of."""

    color: str = "red"


@dataclass
class Counter:
    """One that may change."""

    count: int = 0


def test_it_is_a_dataclass() -> None:
    one = Point(1, y=2)
    assert one == Point(1, 2) != Point(1, 3)
    assert hash(one) == hash(Point(1, 2))
    assert repr(one) == "Point(x=1, y=2, names=['1/2'])"
    assert replace(one, x=3) == Point(3, 2)
    assert [each.name for each in dataclasses.fields(one)] == ["x", "y", "names"]
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(FrozenInstanceError):
        one.x = 3  # type: ignore[misc]
    with pytest.raises(TypeError, match="x"):
        Point()  # type: ignore[call-arg]


def test_fields_of_a_base() -> None:
    assert repr(Spot(1, color="blue")) == "Spot(x=1, y=0, names=['1/0'], color='blue')"
    assert Spot(1) != Point(1)


def test_one_that_may_change() -> None:
    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(counter)


def test_what_a_class_says_itself_stays() -> None:
    @dataclass(frozen=True)
    class Own:
        value: int

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

    assert (repr(Own(1)), hash(Own(1)), Own(1) == Own(2)) == ("own", 7, True)


def test_one_that_is_compared_by_identity() -> None:
    @dataclass(eq=False)
    class Single:
        value: int

    one = Single(1)
    assert one != Single(1)
    assert len({one, one, Single(1)}) == 2


def test_what_is_not_shown_and_not_compared() -> None:
    @dataclass(frozen=True)
    class Partly:
        value: int
        secret: str = field(default="", repr=False)

    assert repr(Partly(1, "x")).endswith("Partly(value=1)")
    assert Partly(1, "x") != Partly(1, "y")


def test_one_that_is_unpickled_before_any_is_made() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PICKLED_AND_READ],
        input=pickle.dumps(Point(1)),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().strip() == "Point(x=1, y=0, names=['1/0'])"


def test_threads_make_the_first_one_together() -> None:
    @dataclass(frozen=True)
    class Fresh:
        value: int

    barrier, found = Barrier(8), []

    def make(number: int) -> None:
        barrier.wait()
        found.append(Fresh(number))

    threads = [Thread(target=make, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {Fresh(number) for number in range(8)}


def test_a_regular_expression() -> None:
    words = regex(r"(?P<first>a+)(b)?", re.IGNORECASE)
    match = words.fullmatch("AAb")
    assert match is not None
    assert match["first"] == "AA"
    assert words.groups == 2
    assert words.sub("-", "xaby") == "x-y"
    assert regex(rb"\d+").findall(b"1 22") == [b"1", b"22"]


def test_a_mistake_in_a_regular_expression_is_told_when_it_is_used() -> None:
    wrong = regex("(")
    with pytest.raises(re.error):
        wrong.match("")


def test_all_of_ours_are_regular_expressions() -> None:
    """Nobody finds a mistake at import time any more: here all are compiled."""
    import importlib
    import pkgutil

    import pytest_cpython_sys
    from pytest_cpython_sys.late import _LatePattern

    count = 0
    for module in pkgutil.walk_packages(pytest_cpython_sys.__path__, "pytest_cpython_sys."):
        if ".probe." in module.name:
            continue  # runs in another Python
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, _LatePattern):
                re.compile(value.pattern, value.flags)
                count += 1
    assert count > 100
