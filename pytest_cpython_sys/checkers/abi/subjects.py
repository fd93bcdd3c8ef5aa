"""What is compared: things that Rust has, and C's names for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ...late import dataclass

if TYPE_CHECKING:
    from .rustdoc import Item

__all__ = ["Subject", "Unmatched", "item_of"]

SubjectKind = Literal["layout", "const", "init", "fn", "static", "opaque", "macro", "symbol"]


@dataclass(frozen=True)
class Subject:
    """Something that both languages have, to be compared."""

    kind: SubjectKind
    name: str
    """The last level of its id."""
    item: Item | None
    """None for a symbol that only the package's table names."""
    c_name: str = ""
    """C's name or initialiser, where that is not found through types."""
    by_case: bool = False
    """C's name differs from Rust's in case alone: it may be that of another thing."""
    call: str = ""
    """What follows the path in Rust: the arguments of a ``const fn``, or the number inside."""
    values: tuple[Subject, ...] = ()
    """Of a macro: each call, as a constant. Of an enum: the variants that are macros in C."""


@dataclass(frozen=True)
class Unmatched:
    """What Rust has and C has not, or nothing can be said about."""

    name: str
    reason: str
    missing: bool
    """Whether C has nothing of that name; else it has, and the two cannot be compared."""


def item_of(subject: Subject) -> Item:
    """Return the thing of Rust that a subject is about; one of the table's symbols has none."""
    assert subject.item is not None  # noqa: S101 - None for symbols alone
    return subject.item
