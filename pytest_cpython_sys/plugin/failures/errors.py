"""What a Rust test that is no pass raises, with Rust's own place for a traceback."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from ...case import Case, Verdict

__all__ = [
    "RustAssertionError",
    "RustError",
    "RustFailedError",
    "error_of",
    "set_place",
    "traceback_to",
]

# What a checker of ours has compared, and what bindgen asserts, has no other way to fail.
_COMPARED: Final = ("layout", "abi", "policy", "table")


class RustError(Exception):
    """Carries a verdict that is no pass to where pytest asks for its text."""

    # People read the name, without where it is from.
    __module__ = AssertionError.__module__

    def __init__(self, verdict: Verdict, *, late: bool = False) -> None:
        super().__init__(verdict.message)
        self.verdict = verdict
        self.late = late
        """Whether it is about a test binary: none of its tests, run alone, need show it."""


class RustFailedError(RustError):
    """A test that was evaluated and failed; this alone can have been expected."""

    __module__ = AssertionError.__module__


# A test whose assertion did not hold. Some tools ask for the class, and VS Code's for the name.
RustAssertionError: type[RustFailedError] = type(
    AssertionError.__name__,
    (RustFailedError, AssertionError),
    {"__module__": AssertionError.__module__},
)


def error_of(case: Case, verdict: Verdict) -> RustError:
    """Return what to raise for a verdict that is no pass."""
    if verdict.outcome != "failed":
        return RustError(verdict)
    asserted = verdict.asserted or case.kind in _COMPARED
    return RustAssertionError(verdict) if asserted else RustFailedError(verdict)


def set_place(error: RustError, case: Case) -> None:
    """Make the traceback of an error lead to Rust's sources, and nowhere else.

    The test's own file comes first, then the place of the failure where that is in another one.
    """
    location = error.verdict.location if case.generated is None else None
    name = "::".join(case.levels)
    places = [(case.file, case.line)]
    if location is not None:
        there = (location.file, location.line)
        places = [there] if location.file == case.file else [*places, there]
    error.with_traceback(traceback_to(places, name))


def traceback_to(places: Sequence[tuple[str, int]], name: str) -> TracebackType | None:
    """Return a traceback through files and lines (from 1) that Python has never run."""
    traceback: TracebackType | None = None
    for file, line in reversed(places):
        # No position in its code: a line in Rust has no columns that Python would know.
        traceback = TracebackType(traceback, _frame(file, name), -1, line)
    return traceback


def _frame(file: str, name: str) -> FrameType:
    """Return a frame of a file that Python has not run; Python makes one only by running."""
    code = compile("raise error", file, "exec").replace(co_name=name, co_qualname=name)
    reached = RuntimeError()
    try:
        exec(code, {"error": reached, "__name__": name})  # noqa: S102 - three words of our own
    except RuntimeError as error:
        traceback = error.__traceback__
        assert traceback is not None and traceback.tb_next is not None  # noqa: S101, PT018
        return traceback.tb_next.tb_frame
    raise AssertionError("unreachable")
