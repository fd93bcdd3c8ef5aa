"""Tests of programs that do not run on this machine: each is named, and skipped with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...rust.foreign_target import NOT_LINKED, expanded_tests, unlinked
from .cases import CaseMaker, Executable, program_case

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...case import Case
    from ...rust.context import BuildContext

__all__ = ["foreign_cases", "is_foreign", "unlinked_programs"]


def is_foreign(executable: Executable) -> bool:
    """Tell whether a program does not run here, and nobody is named who runs it."""
    foreign = executable.context.foreign
    return foreign is not None and foreign.holds(executable.path)


def unlinked_programs(contexts: Sequence[BuildContext]) -> Iterator[Executable]:
    """Yield the programs that do not run here, and that only a linker is missing for."""
    for context in contexts:
        for package, target in context.build.workspace.targets():
            if context.selects(package.name) and unlinked(context, package, target):
                yield Executable(context, package, target, "")


def foreign_cases(executable: Executable, ignored: str) -> Iterator[Case]:
    """Yield the tests of a program as rustc names them; ``ignored`` is why some never run."""
    context, foreign = executable.context, executable.context.foreign
    assert foreign is not None  # noqa: S101 - else the program is asked
    reason = foreign.reason
    if not executable.path:
        errors = context.build.errors(executable.package.id, executable.target)
        why = errors[0].headline if errors else "a dependency was not linked"
        reason = f"{reason}{NOT_LINKED}{why}"
    try:
        tests = expanded_tests(context, executable.package, executable.target)
    except ValueError as error:
        message = f"cannot list its tests: {error}\n{reason}"
        yield program_case(executable, "@build", "build", message=message)
        return
    if tests is None:
        yield replace(program_case(executable, "@main", "harness"), skip=reason)
        return
    if not tests and executable.target.kind == "test":
        words = f"no test in {executable.target.label}"
        yield replace(program_case(executable, "@empty", "integration"), skip=words)
    maker = CaseMaker(executable)
    for test in tests:
        yield maker.make(test, test.skip_reason(context.run.ignored, ignored) or reason)
