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
"""The identity of a case: its file and its levels."""

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
"""The kinds of cases. The kind determines the marks of the item (``rust_layout``, ...)."""
Outcome = Literal["passed", "failed", "skipped", "error"]
"""The outcomes of a case. ``error`` means that the case was not evaluated."""

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
    """A test that a checker found. Each case becomes one pytest item."""

    file: str
    """The absolute path of the source file under which pytest lists the case."""
    levels: tuple[str, ...]
    """The parts of the node id after the file, not yet percent-encoded."""
    kind: Kind
    """The kind of the case, which determines the marks of its item."""
    checker: str
    """The name of the checker that gives the verdict of this case."""
    package: str
    """The name of the cargo package."""
    target: str
    """The name of the cargo target, as cargo prints it."""
    rust_test: str
    """The name of the test, as cargo prints it."""
    line: int = 1
    """The line in ``file``, counted from 1."""
    generated: Location | None = None
    """The location of the test in a generated file; None if it is not in such a file."""
    command: str = ""
    """The command that runs this test with cargo alone. A failure shows it."""
    group: str = ""
    """Cases of one group are evaluated together. For tests it is the path of the test binary."""
    skip: str | None = None
    """The reason why the case is skipped; None if it runs."""
    ordinal: int = 1
    """The number of the test among those of the same name that a custom harness lists."""
    xfail: str | None = None
    """The reason why the case is known to fail; None if it is expected to pass."""

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
        """The identity of the case in this session: its file and its levels."""
        return (self.file, self.levels)


class Member(NamedTuple):
    """A field and its position in the type, counted in bits."""

    name: str
    start: int
    """The offset of the first bit."""
    end: int | None
    """The offset of the first bit after the field; None if the size of the field is not known."""
    bits: bool = False
    """Whether the field is a bit-field."""


@dataclass(frozen=True, slots=True)
class TypeLayout:
    """The layout of a type. Size and alignment are in bytes."""

    name: str
    size: int
    align: int
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Layouts:
    """Two layouts of one type, to compare and to draw side by side."""

    left: TypeLayout
    right: TypeLayout
    marked: tuple[str, ...] = ()
    """The names of the members that differ."""
    titles: tuple[str, str] = ("C", "Rust")
    """The headings of the two sides."""

    @property
    def agree(self) -> bool:
        """Whether size and alignment are equal and no member is marked as different."""
        left, right = self.left, self.right
        return not self.marked and (left.size, left.align) == (right.size, right.align)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a case.

    The outcome ``error`` means that the case was not evaluated. It is never shown as passed.
    """

    outcome: Outcome
    duration: float = 0.0
    """The time that the test itself took, in seconds."""
    message: str = ""
    """The text of the failure. Control characters are removed."""
    location: Location | None = None
    """The location of the failure; None if it is that of the test."""
    output: str = ""
    """The output of the test."""
    warnings: tuple[str, ...] = ()
    """Sentences that pytest shows as warnings, whatever the outcome is."""
    layouts: Layouts | None = None
    """The layouts that were compared; None if the case compares no layouts."""
    summary: str = ""
    """The line for pytest's short summary; if empty, it is the first line of ``message``."""
    asserted: bool = False
    """Whether the test failed because an assertion was false, and for no other reason."""
    started: bool = True
    """Whether there is a program of the test: none of a doctest that does not compile."""

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
    """The command that runs a test."""

    argv: tuple[str, ...]
    """The program and its arguments."""
    cwd: str
    """The working directory."""
    env: Mapping[str, str] = field(repr=False)
    """The whole environment of the process."""


@runtime_checkable
class Checker(Protocol):
    """Finds cases in a build, and gives verdicts for the cases that pytest runs.

    A subclass must define ``name``, ``discover`` and ``run``. The other methods have defaults.
    """

    name: str
    """The name of the checker. The attribute ``checker`` of each of its cases has this value."""

    @abstractmethod
    def discover(self) -> Iterable[Case]:
        """Return all cases of this checker, whatever the user selects."""

    @abstractmethod
    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield each case with its verdict as soon as the verdict is known, in any order."""

    def replaced(self) -> Sequence[Case]:
        """Return the targets that do not build with cargo alone, but whose tests run."""
        return ()

    def untested(self) -> Sequence[Case]:
        """Return programs that have no tests and no item. A run fails if such a program fails."""
        return ()

    def withheld(self) -> Iterable[tuple[str, Sequence[Case]]]:
        """Return the cases that this Python cannot evaluate, each group after what it needs.

        The summary counts these cases. Such a case is an item only if the user types its id.
        """
        return ()

    def under(self, case: Case, tool: Sequence[str]) -> Program | None:  # noqa: ARG002
        """Return the command that runs a test under a tool such as a debugger, or None."""
        return None

    def remarks(self) -> Iterable[tuple[str, Sequence[str]]]:
        """Return sentences for pytest's summary, each with details that ``-v`` shows."""
        return ()

    def warnings(self, *, verbose: bool) -> Iterable[str]:  # noqa: ARG002 - of those that have any
        """Return sentences that become pytest warnings."""
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


def counted(number: int, one: str, several: str = "") -> str:
    """Return how many things there are; ``several`` is what more than one is called."""
    return f"{number} {one if number == 1 else several or f'{one}s'}"


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
