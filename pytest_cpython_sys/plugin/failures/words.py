"""A failure in the style that ``--tb`` asks for: each does to it what it does to Python's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...cargo import read_line
from ...case import printable
from ...failure_text import failure_words
from ..debugger import debug_command
from ..pytest_compat.reports import failure_repr_of
from .errors import error_of

if TYPE_CHECKING:
    import pytest

    from ...case import Case, Verdict
    from ...failure_text import Words
    from ..pytest_compat.reports import TerminalRepr

__all__ = ["failure_repr"]


def failure_repr(case: Case, verdict: Verdict, config: pytest.Config) -> TerminalRepr:
    """Return a verdict that is no pass as pytest shows failures.

    As of Python's, the place is an absolute path, and in what is shown it is seen from where
    pytest was started.
    """
    words = failure_words(case, verdict, config.rootpath)
    command = debug_command(case, config) if verdict.started else ""
    below, command = _with_debugger(words, command)
    file = os.path.normpath(config.rootpath / words.path)
    shown = os.path.relpath(file, config.invocation_params.dir)
    crash = (file, words.line, words.summary)
    style = config.getoption("tbstyle", "auto")
    if style not in ("long", "short", "line", "native"):  # "auto", or what is not shown
        place = (shown, words.line, words.heading)
        return failure_repr_of([], place, crash, style="short", more="\n".join(below))
    kind = type(error_of(case, verdict)).__name__
    # rustc shows the lines of its errors itself.
    known = verdict.location is not None and case.generated is None and case.kind != "build"
    source = printable(read_line(file, words.line)).rstrip() if known else ""
    code = source.strip()
    told = [words.heading, *words.body]
    name = "::".join(case.levels)
    if style == "native":
        lines = ["Traceback (most recent call last):"]
        lines.append(f'  File "{file}", line {words.line}, in {name}')
        lines += [f"    {code}"] if code else []
        return failure_repr_of(
            [*lines, f"{kind}: {told[0]}", *told[1:]], None, crash, style="native"
        )
    if style == "line":
        return failure_repr_of(_marked(told), None, crash, style="line")
    if style == "short":
        place = (shown, words.line, f"in {name}")
        lines = [f"    {code}"] if code else []
        return failure_repr_of([*lines, *_marked(told)], place, crash, style="short")
    indent = " " * (len(source) - len(source.lstrip()))
    lines = [f">   {source}"] if code else []
    return failure_repr_of(
        [*lines, *_marked(told, indent)],
        (shown, words.line, kind),
        crash,
        style="long",
        more=f"\n{command}" if command else "",
    )


def _with_debugger(words: Words, command: str) -> tuple[tuple[str, ...], str]:
    """Return the lines below a heading, and what to type alone, with a debugger's command added."""
    if not (words.command and command):
        return words.below, words.command
    line = f"in a debugger: {command}"
    return (*words.below, line), f"{words.command}\n{line}"


def _marked(lines: list[str], indent: str = "") -> list[str]:
    """Return lines as pytest shows what an exception says."""
    return [f"E   {indent}{line}" for line in lines]
