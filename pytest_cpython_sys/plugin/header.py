"""The lines of pytest's header that say what is in force."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..cargo import Toolchain
    from ..matrix import Matrix
    from ..project import Project
    from ..python.interpreter import Interpreter
    from ..python.selection import NamedPython

__all__ = ["export_lines", "header_lines"]


def header_lines(
    toolchain: Toolchain,
    project: Project | Matrix,
    interpreter: Interpreter | None,
    pythons: Sequence[NamedPython],
    *,
    verbose: bool,
) -> list[str]:
    """Return versions, packages, and what is added to an environment: ``verbose``, its values."""
    several = len(pythons) > 1
    parts = [f"cargo {toolchain.cargo}", f"rustc {toolchain.rustc}"]
    if interpreter is not None and not several:
        parts.append(interpreter.describe())
    lines = [f"cpython-sys: {', '.join(parts)}"]
    for python in pythons:
        if several:
            lines.append(f"@{python.label}: {python.describe()}")
        elif len(python.names) > 1:
            lines.append(f"cpython_sys_python: {python.describe()}")
    lines.append(f"packages: {', '.join(package.name for package in project.packages)}")
    lines += _additions(project, verbose=verbose)
    lines += project.c_compilers()
    if several:
        for python in pythons:
            lines += (f"@{python.label}: {text}" for text in python.interpreter.remarks)
    elif interpreter is not None:
        lines += interpreter.remarks
    return lines


def _additions(project: Project | Matrix, *, verbose: bool) -> Iterator[str]:
    """Yield what is added to environments: names in one line, or each value in one of its own."""
    environments = list(project.environments())
    for whose, added in (
        ("cargo's", [(label, to_cargo) for label, to_cargo, _ in environments]),
        ("the tests'", [(label, to_tests) for label, _, to_tests in environments]),
    ):
        start = f"added to {whose} environment: "
        names = dict.fromkeys(name for _, values in added for name in values)
        if verbose:
            for label, values in added:
                of = f"@{label}: " if label else ""
                yield from (f"{of}{start}{name}={value}" for name, value in values.items())
        elif names:
            yield f"{start}{', '.join(names)}"


def export_lines(project: Project | Matrix) -> Iterator[str]:
    """Yield what is added to environments as lines for a shell."""
    for label, to_cargo, to_tests in project.environments():
        of = f" for @{label}" if label else ""
        for whose, added in (("cargo", to_cargo), ("the tests", to_tests)):
            yield f"# added for {whose}{of}{'' if added else ': nothing'}"
            yield from (f"export {name}={shlex.quote(value)}" for name, value in added.items())
