"""Why a header is refused, in one line, and what to do about it."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Final

from ..case import counted
from ..late import dataclass, regex
from ..rust.metadata import TABLE
from .machine import foreign_configuration, read_macros

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .compiler import Problem

__all__ = ["Refusal", "explain_refusal", "first_problem", "foreign_python", "refusal_of_header"]

# gcc's words, and clang's.
_OPTION: Final = regex(r"unrecogni[sz]ed (?:command-line )?option|unknown (?:argument|option)")
_MISSING: Final = regex(r"^(?:'(?P<clang>[^']+)' file not found|(?P<gcc>.+): No such file)")
_PYTHONS: Final = ("Python.h", "pyconfig.h", "patchlevel.h")
# https://en.cppreference.com/w/c/header: those that no compiler brings without a C library.
_LIBRARYS: Final = frozenset(
    (
        *("assert.h", "complex.h", "ctype.h", "errno.h", "fenv.h", "inttypes.h", "locale.h"),
        *("math.h", "setjmp.h", "signal.h", "stdio.h", "stdlib.h", "string.h", "tgmath.h"),
        *("threads.h", "time.h", "uchar.h", "wchar.h", "wctype.h"),
    )
)

# What headers of glibc and of Linux include of their own; it depends on the machine.
_DIRECTORIES: Final = ("asm", "bits", "gnu")


@dataclass(frozen=True)
class Refusal:
    """What a compiler says of a header that it refuses, and what to do about it."""

    words: str
    """One line, without the place."""
    advice: str
    file: str = ""
    """Where it is, as the compiler has it; empty if it names no place."""
    line: int = 1
    option: bool = False
    """It refuses one of its options, whatever is in the header."""

    @property
    def without_advice(self) -> str:
        """The place and the words."""
        return f"{self.file}:{self.line}: {self.words}" if self.file else self.words

    @property
    def text(self) -> str:
        """All of it in one line."""
        return f"{self.without_advice} ({self.advice})"


def explain_refusal(
    header: str, problems: Sequence[Problem], words: str, macros: str = ""
) -> Refusal:
    """Return what a preprocessor says of a header that it refuses, and the cure.

    ``words`` are all of the compiler's, ``macros`` the directives that it came to.
    """
    heading = f"{os.path.basename(header)} does not compile"
    if not problems:
        said = first_problem(words)
        if _OPTION.search(said):
            cure = f"correct `flags` in [{TABLE}]"
            return Refusal(f"the C compiler refuses a flag: {said}", cure, option=True)
        return Refusal(f"{heading}: {said}", _flags())
    first = problems[0]
    more = f", and {counted(len(problems) - 1, 'more error')}" if len(problems) > 1 else ""
    cure = _cure(first, macros)
    return Refusal(f"{heading}: {first.text}{more}", cure, first.file, first.line)


def refusal_of_header(header: str, problems: Sequence[Problem], questions: str) -> Refusal:
    """Return what a compiler says of a header that the preprocessor took, and the cure.

    ``questions``: what the lines are called that we add below it. What ends in the middle of a
    declaration is refused there, and we have written that: it is no place to show.
    """
    heading = f"{os.path.basename(header)} does not compile"
    first = next((one for one in problems if one.file != questions), None)
    if first is None:
        return Refusal(f"{heading}: after its last line: {problems[0].text}", _flags())
    return Refusal(f"{heading}: {first.text}", _flags(), first.file, first.line)


def _cure(problem: Problem, macros: str) -> str:
    foreign = foreign_configuration(read_macros(macros))
    if foreign is not None:
        return foreign_python(foreign)
    match = _MISSING.match(problem.text)
    if match is None:
        return _flags()
    directory, _, file = (match["clang"] or match["gcc"]).rpartition("/")
    if file in _PYTHONS:
        return (
            "install Python's headers (python3-dev, python3-devel), or select a Python that has "
            "them with --cpython-sys-python"
        )
    if file in _LIBRARYS or directory in _DIRECTORIES or (directory, file) == ("sys", "cdefs.h"):
        return (
            "the C compiler has no C library headers for this target: install them "
            "(libc6-dev, libc6-dev-ARCH-cross; gcc-multilib for -m32), or set $CC_<target> to a "
            "compiler that includes them"
        )
    return (
        f"correct the #include, or add the directory that contains "
        f"{match['clang'] or match['gcc']} to `include-dirs` in [{TABLE}]; if a macro leaves the "
        "#include out, define the macro in `flags`"
    )


def _flags() -> str:
    return (
        "correct the header; if it needs a macro or another flag, add that to `flags` in "
        f"[{TABLE}]; if it needs another header first, write a header that includes both and set "
        "`header` to its path"
    )


def foreign_python(difference: str) -> str:
    """Return what to do where Python's headers are those of another platform."""
    return (
        f"pyconfig.h is for another platform ({difference}): pass the Python of this target, or "
        "the directory where it is unpacked, with --cpython-sys-python"
    )


def first_problem(words: str) -> str:
    """Return in one line what a compiler has complained of."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line]
    return next(iter(errors or lines), "it printed no message")
