"""What cargo alone says of a build: compilers and build scripts that ended badly, warnings.

What rustc says comes as messages; this is the rest, which stands on standard error. Format:
https://github.com/rust-lang/cargo/blob/master/src/cargo/core/compiler/mod.rs
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..late import dataclass, regex
from .run_program import describe_exit

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "CompilerFailure",
    "ScriptFailure",
    "cargo_warnings",
    "compiler_failures",
    "first_error",
    "how_cargo_ended",
    "people_words",
    "script_failures",
    "unit_label",
    "without_backtrace",
]

_COULD_NOT_COMPILE: Final = regex(
    r"^error: could not compile `(?P<package>[^`]+)` \((?P<unit>[^)]*)\)[^\n]*"
    r"(?P<chain>(?:\n\nCaused by:(?:\n  [^\n]*)+)*)",
    re.MULTILINE,
)
# "process didn't exit successfully: `...` (signal: 9, SIGKILL: kill)", and others.
_END: Final = regex(r"^  [^\n`]*: `[^\n]*` \(([^\n]*)\)$", re.MULTILINE)
_SCRIPT: Final = regex(
    r"^error: failed to run custom build command for `(?P<package>\S+) v[^\n]*$"
    r"(?P<words>.*?)(?=^(?:error|warning: build failed)|\Z)",
    re.MULTILINE | re.DOTALL,
)
_NOISE: Final = ("Running `", "Fresh ", "Dirty ", "Compiling ", "Finished `", "Building [")
# A compiler's command line fills a screen; a build script's is a path.
_CALL: Final = regex(
    r"^(  [^\n`]*: `)[^\n]*? --crate-name (\S+) [^\n]*(?=` \([^\n]*\)$)", re.MULTILINE
)
_BACKTRACE: Final = regex(
    r"^ *[Ss]tack backtrace:\n(?: +(?:\d+: |at |\[\.\.\.).*\n?)*", re.MULTILINE
)
_NOTE: Final = regex(r"^ *note: (?:run with|Some details).*RUST_BACKTRACE.*\n?", re.MULTILINE)
_REPORTED: Final = ("exit status: 1", "exit code: 1")
_ERROR: Final = regex(
    r"^ *(?P<error>error(?:\[\w+\])?: (?!could not compile|failed to run )[^\n]*)"
    r"(?P<chain>(?:\n\nCaused by:(?:\n  [^\n]*)+)*)",
    re.MULTILINE,
)
_CAUSE: Final = regex(r"^Caused by:\n +([^\n]*)", re.MULTILINE)
_OF_THE_SYSTEM: Final = regex(r"[^\n]* \(os error \d+\)")
_CONFLICT: Final = regex(r"^package `[^`\n]+` depends on [^\n]*", re.MULTILINE)
# cargo ends its verbs ("   Compiling syn v2.0.1") in the twelfth column.
_STATUS: Final = regex(r" {0,11}[A-Z][a-z]+ ")
_VERB_WIDTH: Final = 12
# Said in addition to what is shown anyway: how many warnings rustc had, and that cargo goes on.
_BESIDE: Final = regex(
    r"(`[^`]+` \([^)]*\) generated \d+ warning|build failed, waiting for other jobs)"
)
# What cargo calls a unit says whether it is a test, but for those that are nothing else.
_ALWAYS_TESTS: Final = ("test", "bench")


@dataclass(frozen=True)
class CompilerFailure:
    """A unit that was not compiled."""

    package: str
    unit: str
    """As cargo names it: ``lib test``, ``bin "x"``, ``build script``."""
    how: str
    """How rustc ended, if that was not the way in which it ends after errors."""
    words: str
    """What was printed since the failure before."""


@dataclass(frozen=True)
class ScriptFailure:
    """A build script that ended badly, or did not start."""

    package: str
    words: str
    """Cargo's, and all that the script has printed."""


def unit_label(kind: str, name: str, *, test: bool) -> str:
    """Return what cargo calls a unit where it could not be compiled."""
    if kind == "custom-build":
        return "build script"
    label = kind if kind == "lib" else f'{kind} "{name}"'
    return f"{label} test" if test and kind not in _ALWAYS_TESTS else label


def compiler_failures(stderr: str) -> Iterator[CompilerFailure]:
    """Yield the units that cargo says were not compiled, in its order."""
    before = 0
    for match in _COULD_NOT_COMPILE.finditer(stderr):
        ends = _END.findall(match["chain"])
        how = ends[0] if ends and ends[0] not in _REPORTED else ""
        words = people_words(stderr[before : match.end()])
        before = match.end()
        yield CompilerFailure(match["package"], match["unit"], how, words)


def script_failures(stderr: str) -> Iterator[ScriptFailure]:
    """Yield the build scripts that failed, in cargo's order."""
    for match in _SCRIPT.finditer(people_words(stderr)):
        yield ScriptFailure(match["package"], match[0].strip("\n"))


def cargo_warnings(stderr: str) -> list[str]:
    """Return what cargo and build scripts warn of, each once, in their words.

    A text of several lines ends where cargo says what it does next, or warns of something else.
    """
    found: list[list[str]] = []
    open_ended = False
    for line in stderr.split("\n"):
        if line.startswith("warning: "):
            found.append([line.removeprefix("warning: ")])
            open_ended = True
        elif line.startswith("error") or _is_status(line):
            open_ended = False
        elif open_ended:
            found[-1].append(line.rstrip())
    texts = ("\n".join(lines).rstrip("\n") for lines in found)
    return list(dict.fromkeys(text for text in texts if not _BESIDE.match(text)))


def _is_status(line: str) -> bool:
    match = _STATUS.match(line)
    return match is not None and match.end() == _VERB_WIDTH + 1


def people_words(stderr: str) -> str:
    """Return standard error without what only ``-v`` and the progress bar put there."""
    lines = [line for line in stderr.split("\n") if not line.lstrip().startswith(_NOISE)]
    return _CALL.sub(r"\1rustc --crate-name \2 ...", "\n".join(lines)).strip("\n")


def how_cargo_ended(code: int, command: str = "cargo") -> str:
    """Return what is told where cargo itself said nothing, or less than all."""
    return f"{command} {f'exited with code {code}' if code >= 0 else f'was {describe_exit(code)}'}"


def without_backtrace(words: str) -> str:
    """Return what a panic says without the way to it."""
    return _NOTE.sub("", _BACKTRACE.sub("", words))


def first_error(words: str) -> str:
    """Return in one line what cargo or rustc has marked as an error, and its innermost cause.

    Empty where nothing is.
    """
    match = _ERROR.search(words)
    if match is None:
        return ""
    error = match["error"].rstrip()
    causes = _CAUSE.findall(match["chain"])
    if not causes:
        conflict = _CONFLICT.search(words, match.end()) if "select a version" in error else None
        return f"{error.rstrip('.')}: {conflict[0]}" if conflict is not None else error
    if _OF_THE_SYSTEM.fullmatch(causes[-1]):
        # Such words do not say what was looked for: those above them do.
        return ": ".join([error, *causes[-2:]])
    outer = error.partition(": ")[2]
    return f"error: {causes[-1]} ({outer})"
