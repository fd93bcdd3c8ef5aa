"""How types differ, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ....case import counted
from ....late import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ....c.types import Type

__all__ = [
    "FAULT",
    "UNKNOWN",
    "Difference",
    "Place",
    "arguments",
    "by",
    "length",
    "pointers",
    "shape",
    "shown_letter",
    "shown_letters",
    "sign",
    "sized_integer",
    "told",
    "word",
]

FAULT: Final = ""
UNKNOWN: Final = "unknown"
_WORDS: Final = {
    "array": "an array",
    "character": "an integer",
    "enum": "an enum",
    "float": "a floating-point number",
    "integer": "an integer",
    "truth": "a bool",
    "void": "no value",
}


@dataclass(frozen=True)
class Difference:
    """What differs: one of the minor kinds, a fault, or what cannot be told."""

    kind: str
    text: str


@dataclass(frozen=True)
class Place:
    """Where two types are compared, and how each language writes its own there."""

    where: str
    c: str
    rust: str
    is_field: bool = False
    """It lies in memory, and is not passed: all that counts is what is there."""

    def says(self, kind: str, text: str) -> Difference:
        """Return a difference in words of its own."""
        return Difference(kind, f"{self.where}: {text}" if self.where else text)

    def differs(self, kind: str, verb: str, c: str, rust: str) -> Difference:
        """Return a difference with both sides, as a sentence about the place."""
        subject = f"{self.where} {verb} " if self.where else ""
        return Difference(kind, f"{subject}{c} in C, {rust} in Rust")

    def letter(self, kind: str) -> Difference:
        """Return a minor difference: both types say what it is."""
        return self.differs(kind, "is", self.c, self.rust)

    def fault(self, c: str, rust: str) -> Difference:
        """Return a fault: what C has, and what Rust has in its stead."""
        text = self.differs(FAULT, "is", c, rust).text
        return Difference(FAULT, f"{text} (C: {self.c}, Rust: {self.rust})")


def told(
    heading: str, differences: Iterator[Difference], c: str, rust: str
) -> tuple[str | None, str | None, list[Difference]]:
    """Return what to tell of a declaration, or why nothing can be said; and the letters."""
    found = list(differences)
    faults = [one for one in found if one.kind == FAULT]
    unknown = [one for one in found if one.kind == UNKNOWN]
    letters = [one for one in found if one.kind not in (FAULT, UNKNOWN)]
    if faults:
        lines = [heading, *(f"    {one.text}" for one in faults)]
        lines += [f"    C     {' '.join(c.split())}", f"    Rust  {rust}"]
        return "\n".join(lines), None, letters
    if unknown:
        return None, "; ".join(one.text for one in unknown), letters
    return None, None, letters


def shown_letters(letters: Sequence[Difference]) -> str:
    """Return minor differences, one a line, each with its kind."""
    return "\n".join(f"    {shown_letter(one)}" for one in letters)


def shown_letter(letter: Difference) -> str:
    """Return a minor difference with its kind."""
    return f"{letter.text} ({letter.kind})"


def sign(kind_of: Type) -> str:
    """Return whether a number has a sign, as a word before others; empty if that is unknown."""
    return {True: "signed ", False: "unsigned ", None: ""}[kind_of.signed]


def sized_integer(kind_of: Type) -> str:
    """Return how an integer is described where its size matters."""
    return f"{_integer(kind_of)} of {length(kind_of)}"


def word(kind_of: Type) -> str:
    """Return what kind of a type it is, with its article."""
    if kind_of.kind in ("integer", "character"):
        return _integer(kind_of)
    return _WORDS.get(kind_of.kind, f"a {kind_of.kind}")


def _integer(kind_of: Type) -> str:
    return f"{'a' if kind_of.signed else 'an'} {sign(kind_of)}integer"


def length(kind_of: Type) -> str:
    """Return how many bytes a type has."""
    size = kind_of.size
    if size is None:
        return "an unknown number of bytes"
    return counted(size, "byte")


def arguments(number: int) -> str:
    """Return how many arguments there are."""
    return counted(number, "argument")


def pointers(depth: int) -> str:
    """Return what a pointer of some depth is."""
    return "a pointer" if depth == 1 else f"a pointer to {'a pointer to ' * (depth - 2)}a pointer"


def shape(kind_of: Type) -> list[int | None]:
    """Return the lengths of an array, the outermost first; None for ``[]``."""
    found = []
    while kind_of.kind == "array" and kind_of.target is not None:
        found.append(kind_of.length)
        kind_of = kind_of.target.type
    return found


def by(lengths: Sequence[int | None]) -> str:
    """Return the lengths of an array in words."""
    return " by ".join("any number" if one is None else str(one) for one in lengths)
