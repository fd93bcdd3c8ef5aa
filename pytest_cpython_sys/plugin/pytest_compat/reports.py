"""Reports, and the failures in them, in the form that pytest and other plugins read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from _pytest._code.code import (
    ExceptionChainRepr,
    ReprEntry,
    ReprEntryNative,
    ReprFileLocation,
    ReprTraceback,
    TerminalRepr,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    _Place = tuple[str, int, str]  # a path, a line counted from 1, and words

__all__ = [
    "TerminalRepr",
    "add_field",
    "amend_report",
    "copy_report",
    "current_fields",
    "failure_repr_of",
    "identity",
    "replace_error",
]


def failure_repr_of(
    lines: Sequence[str], place: _Place | None, crash: _Place, style: Any, more: str = ""
) -> ExceptionChainRepr:
    """Return a failure in pytest's own form, which other processes and JUnit can carry.

    Other plugins look for an entry with a ``place``, as a Python test's has (8.3 to 9.2).
    """
    entry: Any = ReprEntry(lines, None, None, place and ReprFileLocation(*place), style)
    if style == "native":
        entry = ReprEntryNative([f"{line}\n" for line in lines])
    traceback = ReprTraceback([entry], extraline=more or None, style=style)
    return ExceptionChainRepr([(traceback, ReprFileLocation(*crash), None)])


def replace_error(where: Any, error: BaseException) -> None:
    """Make an error what a call, or that of a collector's report, ended with (8.3 to 9.2)."""
    getattr(where, "call", where).excinfo = pytest.ExceptionInfo.from_exception(error)


def amend_report(
    report: pytest.TestReport,
    *,
    seconds: float,
    longrepr: TerminalRepr | None = None,
    extras: Sequence[dict[str, Any]] = (),
) -> None:
    """Give a report the test's own duration, words, and what pytest-html (4) shows beside it."""
    report.duration = seconds
    if longrepr is not None:
        report.longrepr = longrepr
    if extras:
        report.extras = [*getattr(report, "extras", ()), *extras]  # type: ignore[attr-defined]


def add_field(report: pytest.TestReport, name: str, value: object) -> None:
    """Let a report carry plain values, which pytest-xdist hands on with its own (8.3 to 9.2)."""
    setattr(report, name, value)


def current_fields(report: pytest.TestReport) -> dict[str, Any]:
    """Return what a report is made of, as it is now: whoever is given one may change it."""
    return dict(report.__dict__)


def copy_report(fields: dict[str, Any], **changes: Any) -> pytest.TestReport:
    """Return a report with the fields of another one, and changes.

    A fast way: a copy costs a fraction of a new report. It is its fields, in 8.3 to 9.2.
    """
    report = object.__new__(pytest.TestReport)
    # One by one: all reports then have one table of names in common, as new ones have. A table of
    # its own is five times as large, and takes long to be given back.
    for name, value in (fields | changes).items():
        setattr(report, name, value)
    return report


def identity(item: pytest.Item) -> Any:
    """Return what a report is to be told of whose it is.

    pytest (9.2) has more than the words, and takes them apart again where it is given no more.
    """
    return item.id if hasattr(pytest.Item, "id") else item.nodeid
