"""The vocabulary that all layers share: a Case, its Verdict, and the Checker that links them.

Everything here is a frozen dataclass of plain values, so that it crosses to another process, or
into a cache, as it is. Nothing here imports pytest.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

from .late import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

# What others may use: docs/reference/public-names.md. The rest is for this package's own layers.
__all__ = [
    "Case",
    "Checker",
    "Key",
    "Kind",
    "Layouts",
    "Location",
    "Member",
    "Outcome",
    "Program",
    "TypeLayout",
    "Verdict",
]

_One = TypeVar("_One")
_Shared = TypeVar("_Shared")

Key = tuple[str, tuple[str, ...]]
"""What tells a case from all others of a session: its file, and the levels below that."""

Kind = Literal[
    "layout",
    "unit",
    "integration",
    "example",
    "bench",
    "doctest",
    "harness",
    "build",
    "abi",
    "policy",
    "table",
]
Outcome = Literal["passed", "failed", "skipped", "error"]

# Control sequences of ECMA-48, operating system commands (titles, links), and shorter ones.
_SEQUENCE: Final = regex(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])"
)
# The last but two groups turn the direction in which a line is written.
_CONTROL: Final = regex(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_PICTURES: Final = 0x2400
_DELETE: Final = "\x7f"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a source file: an absolute path and a line counted from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Case:
    """A test that a checker found.

    ``file`` is the absolute path of the tracked file that it belongs to, ``levels`` its path below
    that file (the parts that ``::`` separates in an id, not yet escaped for pytest).
    """

    file: str
    levels: tuple[str, ...]
    kind: Kind
    checker: str
    """Name of the checker that gives this case's verdict."""
    package: str
    target: str
    """Name of the cargo target, as cargo prints it."""
    rust_test: str
    """The test's name as cargo prints it."""
    line: int = 1
    """Line in ``file``, counted from 1."""
    generated: Location | None = None
    """Where the test stands in a generated file, if it does."""
    command: str = ""
    """What to type to run it with cargo alone."""
    group: str = ""
    """Cases of one group are evaluated together (a test executable's path, say)."""
    skip: str | None = None
    """Why it is not to be run; None if it is."""
    ordinal: int = 1
    """Which one of several tests of this name, where a harness has such, in its own order."""
    xfail: str | None = None
    """Why it is known to fail; None if it is to pass."""

    def __post_init__(self) -> None:
        """Keep what a source says of a test from steering terminals."""
        if self.skip:
            object.__setattr__(self, "skip", printable(self.skip))

    @property
    def own_level(self) -> str:
        """The last level as its checker has named it: a plan numbers a second one of a name."""
        return self.rust_test.rpartition("::")[2]

    @property
    def key(self) -> Key:
        """What tells this case from all others of a session."""
        return (self.file, self.levels)


class Member(NamedTuple):
    """A field at its place: first bit, and the one after its last (None where not known)."""

    name: str
    start: int
    end: int | None
    bits: bool = False
    """Whether it is a bit-field."""


@dataclass(frozen=True, slots=True)
class TypeLayout:
    """The layout of a type. Size and alignment are in bytes."""

    name: str
    size: int
    align: int
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Layouts:
    """Two layouts of one type."""

    left: TypeLayout
    right: TypeLayout
    marked: tuple[str, ...] = ()
    """Names of the members that differ."""
    titles: tuple[str, str] = ("C", "Rust")
    """Who says so."""

    @property
    def agree(self) -> bool:
        """Whether nothing differs; one side may know less than the other."""
        left, right = self.left, self.right
        return not self.marked and (left.size, left.align) == (right.size, right.align)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a case.

    ``error`` means that the test was not evaluated; it is never shown as passed.
    """

    outcome: Outcome
    duration: float = 0.0
    """Seconds that the test itself took."""
    message: str = ""
    """What to tell the user, without any terminal markup."""
    location: Location | None = None
    """Where the failure is, if that is known better than where the test is."""
    output: str = ""
    """What the test wrote."""
    warnings: tuple[str, ...] = ()
    """What the user should know besides, whatever the outcome."""
    layouts: Layouts | None = None
    """What was compared, of a type that two lay out."""
    summary: str = ""
    """One line, where the first of the message is not it. ``location`` is shown with it."""
    asserted: bool = False
    """Whether a failed test is one whose assertion did not hold, and nothing else went wrong."""

    def __post_init__(self) -> None:
        """Keep what tests and compilers print from steering terminals."""
        for name in ("message", "output", "summary"):
            text = getattr(self, name)
            if text:
                object.__setattr__(self, name, printable(text))
        if "\n" in self.summary:
            object.__setattr__(self, "summary", self.summary.replace("\n", " "))
        if self.warnings:
            object.__setattr__(self, "warnings", tuple(map(printable, self.warnings)))


@dataclass(frozen=True, slots=True)
class Program:
    """How one test is started."""

    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str] = field(repr=False)
    """All of its environment."""


@runtime_checkable
class Checker(Protocol):
    """Finds cases in a build, and gives verdicts for those it is asked for.

    One that inherits from this class need not have what has a default.
    """

    name: str
    """What ``Case.checker`` holds for this checker's cases."""

    @abstractmethod
    def discover(self) -> Iterable[Case]:
        """Return all cases of this checker."""

    @abstractmethod
    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield each case with its verdict, in any order, as soon as it is known."""

    def replaced(self) -> Sequence[Case]:
        """Return targets that cargo alone does not build, and that are tested all the same."""
        return ()

    def untested(self) -> Sequence[Case]:
        """Return programs without a test, which are no items: how they end counts all the same."""
        return ()

    def withheld(self) -> Iterable[tuple[str, Sequence[Case]]]:
        """Return what cannot be evaluated here, below what it needs.

        Such a case is an item only where its id is typed; the summary counts the others.
        """
        return ()

    def under(self, case: Case, tool: Sequence[str]) -> Program | None:  # noqa: ARG002
        """Return how one test runs under a tool such as a debugger; None where nothing runs."""
        return None

    def remarks(self) -> Iterable[tuple[str, Sequence[str]]]:
        """Return what is to be told beside the verdicts: sentences with their details."""
        return ()

    def warnings(self, *, verbose: bool) -> Iterable[str]:  # noqa: ARG002 - of those that have any
        """Return sentences to warn with."""
        return ()


class _Completed(Checker):
    """Somebody else's checker, which need not inherit from ours to have some of it."""

    def __init__(self, checker: Checker) -> None:
        self.name = checker.name
        self._checker = checker
        for more in ("replaced", "untested", "withheld", "under", "remarks", "warnings"):
            if callable(getattr(checker, more, None)):
                setattr(self, more, getattr(checker, more))

    def discover(self) -> Iterable[Case]:
        return self._checker.discover()

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        return self._checker.run(cases)


def completed(checker: Checker) -> Checker:
    """Return a checker with all of the protocol, given one with a name and the two methods."""
    return checker if isinstance(checker, Checker) else _Completed(checker)


def counted(number: int, word: str) -> str:
    """Return how many things there are."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def grouped(cases: Iterable[_One], key: Callable[[_One], _Shared]) -> dict[_Shared, list[_One]]:
    """Return cases, or the like, by what they have in common, in their order."""
    groups: dict[_Shared, list[_One]] = {}
    for case in cases:
        groups.setdefault(key(case), []).append(case)
    return groups


def _picture(match: re.Match[str]) -> str:
    character = match[0]
    if character < " ":
        return chr(_PICTURES + ord(character))
    return "\u2421" if character == _DELETE else character.encode("unicode_escape").decode()


def printable(text: str) -> str:
    r"""Return a text whose only control characters are newlines and tabs.

    Colours and the like are dropped; any other character is shown by its picture (``␀``), or
    escaped. A line that was written over (``\r``) is a line of its own.
    """
    if _CONTROL.search(text) is None:
        return text
    text = _SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub(_picture, text)
