"""Functions and variables: redeclared as Rust declares them, for C to agree or not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .c_questions import refusals
from .c_types import UntranslatableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...c.compiler import Compiler, Problem
    from .c_types import Speller
    from .subjects import Subject

__all__ = ["Prototypes"]

_WAYS: Final = 16
_CONST = re.compile(r"\b(?:const|__const|__const__)\b")
_TYPE = r"'(.*?)'(?: \{aka '(.*?)'\}|$)"
_HAVE = re.compile(rf"; have {_TYPE}")
_PREVIOUS = re.compile(rf"previous (?:declaration|definition) of '\w+' with type {_TYPE}")


class Prototypes:
    """Asks about many at once; ``lines`` may hold others of the same form."""

    def __init__(self, speller: Speller) -> None:
        self._speller = speller
        self.lines: dict[str, str] = {}
        self._ways: dict[str, list[str]] = {}
        self._refused: dict[str, Problem] = {}
        self._const_only: set[str] = set()

    def ask(self, subject: Subject) -> None:
        """Ask about a function or a variable."""
        item = subject.item
        assert item is not None  # noqa: S101 - found in Rust
        assert item.type is not None  # noqa: S101 - functions and statics have one
        key = f"{subject.kind} {item.id}"
        name = f"abi_{subject.kind}_{item.id}"
        # First that C knows the name at all: a second declaration alone would create it.
        self.lines[f"{key} known"] = f"extern __typeof__({subject.c_name}) {name};"
        try:
            if subject.kind == "fn":
                ways = self._speller.function(item.type, "\x03")
            else:
                ways = self._speller.declarations(item.type, "\x03")
            self._ways[key] = [text.replace("\x03", "@") for text in ways][:_WAYS]
        except UntranslatableError:
            self._ways[key] = []
        for number, text in enumerate(self._ways[key]):
            own = f"{name}_{number}"
            self.lines[f"{key} {number}"] = (
                f"extern __typeof__({subject.c_name}) {own}; extern {text.replace('@', own)};"
            )

    def compile(self, prefix: str, compiler: Compiler, work: str) -> None:
        """Ask C. Raises CompilerError."""
        self._refused = refusals(prefix, self.lines, compiler, work, "prototypes")
        again = {
            key: _CONST.sub("", line) for key, line in self.lines.items() if key in self._refused
        }
        if again:
            refused = refusals(_CONST.sub("", prefix), again, compiler, work, "without-const")
            self._const_only = again.keys() - refused.keys()

    def agrees(self, keys: Iterable[str]) -> tuple[bool, bool, Problem | None]:
        """Return whether C takes any of some lines, whether it would but for const, and why not."""
        keys = list(keys)
        if not keys or any(key not in self._refused for key in keys):
            return True, False, None
        const = any(key in self._const_only for key in keys)
        return False, const, self._refused[keys[0]]

    def compare(self, subject: Subject) -> tuple[str | None, str | None, str]:
        """Return what differs, why nothing can be said, and what differs in const alone."""
        item = subject.item
        assert item is not None  # noqa: S101 - found in Rust
        key = f"{subject.kind} {item.id}"
        unknown = self._refused.get(f"{key} known")
        if unknown is not None:
            return None, f"C says nothing of {subject.c_name}: {unknown.text}", ""
        ways = [f"{key} {number}" for number in range(len(self._ways[key]))]
        good, const, problem = self.agrees(ways)
        if good or problem is None:
            return None, None, ""
        rust = self._ways[key][0].replace("(@)", subject.c_name).replace("@", subject.c_name)
        text = "\n".join(prototype_lines(problem, " ".join(rust.split())))
        if const:
            if subject.kind == "static":  # Rust says by `mut`, and not by the type, what changes
                return None, None, ""
            return None, None, f"{subject.name} differs from C in const alone\n{text}"
        return f"{subject.name} is declared otherwise in C\n{text}", None, ""


def prototype_lines(problem: Problem, rust: str) -> Iterable[str]:
    """Yield what C has and what Rust has, in C's own words."""
    have = _HAVE.search(problem.text)
    previous = next(filter(None, (_PREVIOUS.search(note) for note in problem.notes)), None)
    if previous is not None:
        yield f"    C     {_in_words(previous)}"
        yield f"    Rust  {_in_words(have) if have is not None else rust}"
    else:
        yield f"    Rust  {rust}"
        yield f"    C     {re.sub(r'abi_[a-z]+_[0-9_]+', 'it', problem.text)}"


def _in_words(match: re.Match[str]) -> str:
    """Return a type as the compiler has it; a typedef's own name alone says nothing."""
    text, meaning = match[1], match[2]
    shown = f"{text}, that is {meaning}" if meaning and text.isidentifier() else text
    return " ".join(shown.split())
