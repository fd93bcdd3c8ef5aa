"""A failed test's output, taken apart: the panic's place and words, and all the rest."""

from __future__ import annotations

import re

from ...late import dataclass, regex
from ..source_scan import KINDS

__all__ = [
    "Panic",
    "fatal_panic",
    "find_panic",
    "is_assertion",
    "layout_values",
    "without_panic",
]

# "thread 'tests::bad' (1234) panicked at src/lib.rs:3:60:" and, before Rust 1.73, the message
# first: "thread 'x' panicked at 'message', src/lib.rs:3:60".
_PANIC = regex(
    r"^\n?thread '(?P<thread>[^\n]*)' (?:\(\d+\) )?panicked at (?P<file>[^\n]+?):(?P<line>\d+)"
    r":(?P<column>\d+):\n"
    r"(?P<message>.*?)"
    r"(?=^note: run with `RUST_BACKTRACE|^note: Some details are omitted|^stack backtrace:"
    r"|^\n?thread '[^\n]*' (?:\(\d+\) )?panicked at |\Z)",
    re.MULTILINE | re.DOTALL,
)
_NOTES = regex(
    r"^note: run with `RUST_BACKTRACE[^\n]*\n?|^note: Some details are omitted[^\n]*\n?",
    re.MULTILINE,
)
_BACKTRACE = regex(r"^stack backtrace:\n(?:^ +[^\n]*\n?)*", re.MULTILINE)
_LAYOUT = regex(
    r"(?P<what>Size of(?: template specialization)?|Align(?:ment)? of(?: template specialization)?"
    r"|Offset of field):?\s+(?P<subject>[^\n]+)\n\s*left: (?P<left>\d+)\n\s*right: (?P<right>\d+)"
)
# What Rust says where a panic has come to the end of what can unwind, after the panic itself.
_CANNOT_UNWIND = ("panic in a function that cannot unwind", "panic in a destructor during cleanup")
# The words of the standard library's own assertions, where nobody has given others.
_ASSERTED = ("assertion failed", "assertion `")
# A macro's call: "assert!(", "std::assert_eq!(", "assert_matches!(", "prop_assert!(".
_ASSERTION = regex(r"(?:\w+\s*::\s*)*\w*assert\w*\s*!")


@dataclass(frozen=True)
class Panic:
    """Where a test panicked, and what it said."""

    file: str
    line: int
    column: int
    message: str


def find_panic(output: str, name: str) -> Panic | None:
    """Return the test's own panic in its output, else the last one of any thread."""
    found = list(_PANIC.finditer(output))
    own = [match for match in found if match["thread"] == name] or found
    if not own:
        return None
    return _panic(own[-1])


def _panic(match: re.Match[str]) -> Panic:
    return Panic(
        match["file"], int(match["line"]), int(match["column"]), match["message"].rstrip("\n")
    )


def fatal_panic(output: str) -> Panic | None:
    """Return the panic that has ended a process, of whatever thread."""
    own = (_panic(match) for match in _PANIC.finditer(output))
    found = [panic for panic in own if not panic.message.startswith(_CANNOT_UNWIND)]
    return found[-1] if found else None


def is_assertion(panic: Panic, source: str = "") -> bool:
    """Tell whether an assertion has panicked; ``source`` is the line that the panic names."""
    if panic.message.startswith(_ASSERTED):
        return True
    return _ASSERTION.match(source, panic.column - 1) is not None


def without_panic(output: str, panic: Panic | None) -> str:
    """Return the output less the panic that is shown elsewhere, and less its notes."""
    if panic is None:
        return output

    def keep(match: re.Match[str]) -> str:
        shown = (match["file"], int(match["line"]), match["message"].rstrip("\n")) == (
            panic.file,
            panic.line,
            panic.message,
        )
        return "" if shown else match[0]

    return _NOTES.sub("", _PANIC.sub(keep, output)).lstrip("\n")


def layout_values(message: str) -> tuple[str, int, int] | None:
    """Return what, recorded and rustc's value of a layout test of bindgen's old style."""
    match = _LAYOUT.search(message)
    if match is None:
        return None
    kind = KINDS[match["what"][0]]
    label = f"offset of {match['subject'].rpartition('::')[2]}" if kind == "offset" else kind
    return label, int(match["right"]), int(match["left"])
