"""The lines of pytest's header that say what is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cargo import Toolchain
    from ..matrix import Matrix
    from ..project import Project
    from ..python.interpreter import Interpreter
    from ..python.selection import NamedPython

__all__ = ["header_lines"]


def header_lines(
    toolchain: Toolchain,
    project: Project | Matrix,
    interpreter: Interpreter | None,
    pythons: Sequence[NamedPython],
) -> list[str]:
    """Return versions, packages, and what is added to an environment."""
    several = len(pythons) > 1
    parts = [f"cargo {toolchain.cargo}", f"rustc {toolchain.rustc}"]
    if interpreter is not None and not several:
        parts.append(interpreter.describe())
    lines = [f"cpython-sys: {', '.join(parts)}"]
    for python in pythons:
        if several:
            lines.append(f"@{python.label}: {python.describe()}")
        elif len(python.names) > 1:
            lines.append(f"one Python: {python.describe()}")
    lines.append(f"packages: {', '.join(package.name for package in project.packages)}")
    for whose, added in (
        ("cargo's", project.additions()),
        ("the tests'", project.additions_to_tests()),
    ):
        if added:
            lines.append(f"added to {whose} environment: {', '.join(added)}")
    lines += project.c_compilers()
    if several:
        for python in pythons:
            lines += (f"@{python.label}: {text}" for text in python.interpreter.remarks)
    elif interpreter is not None:
        lines += interpreter.remarks
    return lines
