"""The C compiler: what it makes of a header, and which of our lines it refuses."""

from __future__ import annotations

import errno
import os
import re
import shutil
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final

from ..cargo.files import is_inside
from ..cargo.run_program import run_to_end
from ..late import dataclass, regex
from ..object_files.reader import ObjectFile
from .header_trouble import explain_refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .header_trouble import Refusal

__all__ = [
    "AbiError",
    "Compiler",
    "CompilerError",
    "Header",
    "HeaderRefusedError",
    "Problem",
    "run_tool",
]

_LIMIT: Final = 600.0
"""Seconds that a compiler may take."""
QUESTIONS: Final = "abi-questions.c"
"""What our own lines are called in the compiler's messages."""

# Warnings and debug information are nobody's concern here, and what is compiled is data.
_ALWAYS: Final = ("-w", "-O0", "-g0", "-fno-lto")
# Without the lines that errors are about, of which there may be thousands: it takes half the time.
_OF_GCC: Final = ("-fno-diagnostics-show-caret",)
_OF_CLANG: Final = ("-fno-caret-diagnostics", "-ferror-limit=0")
_OF_PREPROCESSOR: Final = ("-D", "-U", "-include", "-imacros")
_READ_ALL_AS_C: Final[set[tuple[str, ...]]] = set()
"""Compilers that do not take what went through the preprocessor for what it is."""
_LINE_MARK = regex(r'^# \d+ "((?:[^"\\]|\\.)*)"', re.MULTILINE)
# The end of the line stays: lines are counted from the last line marker on.
_DIRECTIVE = regex(r"^[ \t]*#[ \t]*(?:define|undef)\b.*", re.MULTILINE)
_NOT_C = regex(r"^[ \t]*#.*$", re.MULTILINE)
_DEFINE = regex(r"^#define (\w+)(\([^)]*\))? ?(.*)$", re.MULTILINE)
_UNDEF = regex(r"^#undef (\w+)", re.MULTILINE)
_MESSAGE = regex(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):(?:\d+:)? (?P<level>fatal error|error|note): (?P<text>.*)$"
)


class AbiError(Exception):
    """A package cannot be compared with C: the message says why."""


class CompilerError(AbiError):
    """The compiler cannot be started, or cannot read the header: the message says which."""


class HeaderRefusedError(CompilerError):
    """The compiler does not take the header; ``refusal`` is the message in its parts."""

    def __init__(self, refusal: Refusal, directory: str) -> None:
        """Keep the place relative to the directory, if it is below."""
        path = os.path.join(directory, refusal.file)
        if refusal.file and is_inside(path, directory):
            refusal = replace(refusal, file=os.path.relpath(path, directory))
        super().__init__(refusal.text)
        self.refusal = refusal


@dataclass(frozen=True)
class Problem:
    """An error, with the notes that belong to it."""

    file: str
    line: int
    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Macro:
    """A ``#define``: its parameters in parentheses, or None, and what it stands for."""

    parameters: str | None
    body: str


@dataclass(frozen=True)
class Header:
    """A header after the preprocessor."""

    path: str
    """The header itself."""
    source: str = field(repr=False)
    """What the compiler proper reads: no directive but line markers and pragmas."""
    text: str = field(repr=False)
    """The same without any directive."""
    macros: Mapping[str, Macro] = field(repr=False)
    files: tuple[str, ...] = ()
    """All files that were read."""


def run_tool(argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
    """Run a program to its end; return exit code, standard output and standard error.

    Raises OSError when it cannot be started, or has not ended after ten minutes.
    """
    done = run_to_end(argv, cwd=cwd, env=env, limit=_LIMIT)
    if done.expired:
        raise TimeoutError(errno.ETIMEDOUT, f"timed out after {_LIMIT:g} s")
    return done.exit_code, done.raw.decode("utf-8", "replace"), done.stderr


@dataclass(frozen=True)
class Compiler:
    """A C compiler with the flags that a package's header is compiled with."""

    argv: tuple[str, ...]
    flags: tuple[str, ...]
    directory: str
    """Where it runs: the package's root, so that relative paths mean what they say there."""
    environ: Mapping[str, str] = field(repr=False)
    is_clang: bool = False
    """Known once a header went through it: its options are not gcc's."""

    @property
    def program(self) -> str | None:
        """The path of the program; None if there is none."""
        return shutil.which(self.argv[0], path=self.environ.get("PATH"))

    def _run(self, *arguments: str) -> tuple[int, str, str]:
        env = {**self.environ, "LC_ALL": "C"}
        argv = [*self.argv, *self.flags, *_ALWAYS, *arguments]
        try:
            return run_tool(argv, self.directory, env)
        except OSError as error:
            raise CompilerError(
                f"the C compiler {self.argv[0]} cannot be run ({error.strerror}): install it, or "
                "set $CC_<target> to another one, for example $CC_x86_64_unknown_linux_gnu"
            ) from None

    def machine(self, work: str) -> str:
        """Return what a file is for that it makes (`ObjectFile.machine`). Raises CompilerError."""
        source, target = os.path.join(work, "machine.i"), os.path.join(work, "machine.o")
        _write(source, "int machine;\n")
        problems = self.compile(source, target)
        if problems:
            words = f"the C compiler {self.argv[0]} rejects an empty program: {problems[0].text}"
            raise CompilerError(words)
        return ObjectFile.read(target).machine

    def preprocess(self, header: str, work: str) -> Header:
        """Return a header after the preprocessor. Raises CompilerError."""
        source = os.path.join(work, "header.c")
        _write(source, f'#include "{include_name(header)}"\n')
        code, text, words = self._run("-E", "-dD", source)
        if code:
            refusal = explain_refusal(header, list(_problems(words)), words, text)
            raise HeaderRefusedError(refusal, self.directory)
        macros: dict[str, Macro] = {}
        for match in _DEFINE.finditer(text):
            macros[match[1]] = Macro(match[2], match[3].strip())
        for match in _UNDEF.finditer(text):
            # One that was defined again afterwards has a later #define.
            if text.rfind(f"#define {match[1]} ") < match.start():
                macros.pop(match[1], None)
        files = dict.fromkeys(
            name
            for name in _LINE_MARK.findall(text)
            if not name.startswith("<") and name != source and not name.endswith("/")
        )
        text = _DIRECTIVE.sub("", text)
        absolute = tuple(os.path.normpath(os.path.join(self.directory, name)) for name in files)
        return Header(header, text, _NOT_C.sub("", text), macros, absolute)

    def expand(self, header: str, lines: Sequence[str], work: str) -> list[str]:
        """Return lines with the macros of a header expanded, each still on one line."""
        source = os.path.join(work, "macros.c")
        mark = "abi_line_mark"
        body = "".join(f"{mark} {number} {line}\n" for number, line in enumerate(lines))
        _write(source, f'#include "{include_name(header)}"\n{body}')
        _, text, _ = self._run("-E", "-P", source)
        found = [""] * len(lines)
        _, *parts = re.split(rf"\b{mark} (\d+)", text)
        for number, part in zip(parts[::2], parts[1::2], strict=True):
            found[int(number)] = " ".join(_NOT_C.sub("", part).split())
        return found

    def compile(self, source: str, target: str, *flags: str) -> list[Problem]:
        """Compile a preprocessed file, ``.i``; return its errors. Raises CompilerError."""
        words = [*(_OF_CLANG if self.is_clang else _OF_GCC), *flags, "-c", source, "-o", target]
        code, problems = 1, []
        if self.argv not in _READ_ALL_AS_C:
            code, _, said = self._run(*words)
            problems = list(_problems(said))
        if code and not problems:
            # zig hands such a file to clang under names of processors that are not clang's. What
            # the preprocessor has done it may do once more, but for the macros of flags.
            plain = replace(self, flags=tuple(_without_macros(self.flags)))
            code, _, said = plain._run("-x", "c", *words)
            problems = list(_problems(said))
            if problems or not code:
                _READ_ALL_AS_C.add(self.argv)
        if code and not problems:
            raise CompilerError(f"{self.argv[0]} failed (exit code {code}):\n{said.strip()}")
        return problems


def _without_macros(flags: Sequence[str]) -> Iterator[str]:
    """Yield flags without those that the preprocessor has heeded already."""
    waiting = iter(flags)
    for flag in waiting:
        if flag in _OF_PREPROCESSOR:
            next(waiting, None)
        elif not flag.startswith(_OF_PREPROCESSOR):
            yield flag


def _problems(words: str) -> list[Problem]:
    found: list[Problem] = []
    for line in words.splitlines():
        match = _MESSAGE.match(line)
        if match is None:
            continue
        if match["level"] != "note":
            found.append(Problem(match["file"], int(match["line"]), match["text"]))
        elif found:
            last = found[-1]
            found[-1] = Problem(last.file, last.line, last.text, (*last.notes, match["text"]))
    return found


def include_name(path: str) -> str:
    """Return a path as it can stand between the quotes of an ``#include``."""
    if any(character in path for character in '"\n\r\0'):
        raise CompilerError(f"{path!r} cannot be included: its path has a quote or a line break")
    return path


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
