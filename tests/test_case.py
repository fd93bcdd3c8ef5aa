"""What may steer a terminal, or is no XML, does not pass; checkers have all of their protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_cpython_sys.case import (
    Case,
    Checker,
    Layouts,
    TypeLayout,
    Verdict,
    _Completed,
    completed,
    counted,
    grouped,
    printable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext é\n", "plain\n\ttext é\n"),
        ("\x1b[31mred\x1b[0m \x1b[1;4:3mbold", "red bold"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(B\x1b=\x1b7kept", "kept"),
        ("\x1bPq payload\x1b\\end", "end"),
        ("a\r\nb", "a\nb"),
        (" 10%\r 20%\r", " 10%\n 20%\n"),
        ("nul \0, bell \a, delete \x7f", "nul ␀, bell ␇, delete ␡"),
        ("an escape alone \x1b", "an escape alone ␛"),
        ("\x9b31mred", "\\x9b31mred"),
        ("half \ud800 of one", "half \\ud800 of one"),
        ("\ufffe", "\\ufffe"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(alphabet=st.characters(), max_size=60))
def test_nothing_else_is_left(text: str) -> None:
    shown = printable(text)
    assert all(character >= " " or character in "\n\t" for character in shown)
    assert not any("\x7f" <= character <= "\x9f" for character in shown)
    assert printable(shown) == shown
    shown.encode("utf-8")


def test_verdicts_hold_nothing_else() -> None:
    verdict = Verdict("failed", message="\x1b[1ma", output="b\r", warnings=("c\0",), summary="\ad")
    assert (verdict.message, verdict.output, verdict.warnings, verdict.summary) == (
        "a",
        "b\n",
        ("c␀",),
        "␇d",
    )


class Least:
    """What a plugin's checker needs."""

    name = "least"

    def discover(self) -> list[Case]:
        return []

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        return iter(())


def test_a_checker_of_somebody_elses_is_completed() -> None:
    least = Least()
    checker = completed(cast("Checker", least))
    assert isinstance(checker, Checker)
    assert (checker.name, checker.discover(), list(checker.run([]))) == ("least", [], [])
    assert (list(checker.replaced()), list(checker.remarks())) == ([], [])
    assert list(checker.withheld()) == []
    assert list(checker.warnings(verbose=True)) == []
    assert completed(checker) is checker


class Whole:
    """A checker that has all of the protocol, and does not inherit from it."""

    name = "whole"

    def discover(self) -> list[str]:
        return ["discover"]

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        return ((case, Verdict("passed")) for case in cases)

    def replaced(self) -> list[str]:
        return ["replaced"]

    def untested(self) -> list[str]:
        return ["untested"]

    def withheld(self) -> list[str]:
        return ["withheld"]

    def under(self, case: str, tool: str) -> list[str]:
        return ["under", case, tool]

    def remarks(self) -> list[str]:
        return ["remarks"]

    def warnings(self, *, verbose: bool) -> list[str]:
        return ["warnings", str(verbose)]


class Part:
    """One that has the least, and has something else in the place of what is a method."""

    name = "part"
    remarks = "no method"

    def discover(self) -> list[Case]:
        return []

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        return ((case, Verdict("passed")) for case in cases)


def test_a_checker_of_others_keeps_what_it_has() -> None:
    checker = cast("Checker", Whole())
    for one in (completed(checker), _Completed(checker)):
        found: Any = one
        assert found.name == "whole"
        assert found.discover() == ["discover"]
        assert found.replaced() == ["replaced"]
        assert found.untested() == ["untested"]
        assert found.withheld() == ["withheld"]
        assert found.under("case", "tool") == ["under", "case", "tool"]
        assert found.remarks() == ["remarks"]
        assert found.warnings(verbose=True) == ["warnings", "True"]
        case = Case("f", ("a",), "unit", "whole", "p", "t", "a")
        assert list(found.run([case])) == [(case, Verdict("passed"))]


def test_a_checker_of_others_gets_what_it_has_not() -> None:
    found = completed(cast("Checker", Part()))
    assert isinstance(found, Checker)
    assert list(found.remarks()) == []
    assert list(found.warnings(verbose=False)) == []
    assert (found.replaced(), found.untested(), list(found.withheld())) == ((), (), [])
    assert found.under(Case("f", ("a",), "unit", "part", "p", "t", "a"), ["gdb"]) is None


def test_a_case_is_told_from_others_by_its_place() -> None:
    case = Case("f.rs", ("a", "b-2"), "unit", "c", "p", "t", "m::b", skip="\x1b[1mwhy\0")
    assert case.key == ("f.rs", ("a", "b-2"))
    assert case.own_level == "b"
    assert case.skip == "why␀"
    assert Case("f.rs", (), "unit", "c", "p", "t", "alone").own_level == "alone"


def test_a_summary_is_one_line() -> None:
    assert Verdict("failed", summary="a\nb\nc").summary == "a b c"


def test_layouts_agree_if_nothing_differs() -> None:
    one = TypeLayout("s", 8, 4, ())
    assert Layouts(one, TypeLayout("S", 8, 4, ())).agree
    assert not Layouts(one, one, ("a",)).agree
    assert not Layouts(one, TypeLayout("s", 4, 4, ())).agree
    assert not Layouts(one, TypeLayout("s", 8, 8, ())).agree


def test_things_are_counted_in_words() -> None:
    kept = [counted(number, "file is kept", "files are kept") for number in (1, 2)]
    assert kept == ["1 file is kept", "2 files are kept"]
    words = [counted(number, "test") for number in (0, 1, 2)]
    assert words == ["0 tests", "1 test", "2 tests"]


def test_things_are_grouped_in_their_order() -> None:
    assert grouped("banana", str.upper) == {"B": ["b"], "A": ["a"] * 3, "N": ["n"] * 2}
    assert list(grouped("cab", str.upper)) == ["C", "A", "B"]
