"""What may steer a terminal, or is no XML, does not pass; checkers have all of their protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_cpython_sys.case import Case, Checker, Verdict, completed, printable

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
