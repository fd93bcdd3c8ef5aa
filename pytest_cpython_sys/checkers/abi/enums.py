"""The values of enums: C's enumerators beside the variants of Rust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...late import regex
from .probe import rust_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .c_questions import CAnswers, CQuestions
    from .c_types import Speller
    from .cdecls import Declarations
    from .probe import Answers, Probe
    from .rustdoc import Item
    from .subjects import Subject

__all__ = ["EnumQuestions", "counterparts"]

_LISTED: Final = 12
_WORDS: Final = regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


class EnumQuestions:
    """The enums of one package that have nothing but values."""

    def __init__(self, declarations: Declarations, speller: Speller) -> None:
        self._declarations = declarations
        self._speller = speller

    def _c_names(self, item: Item) -> tuple[str, ...]:
        """Return the names of C's values; none where C has no such enum."""
        spelling = self._speller.spelling(item)
        return self._declarations.enumerators_of(spelling.text) if spelling is not None else ()

    def ask_rust(self, subject: Subject, probe: Probe) -> None:
        """Ask for the value of each variant."""
        item = _item(subject)
        for name in item.variants:
            probe.ask_integer(f"variant {item.id} {name}", rust_path((*item.path, name)))

    def ask_c(self, subject: Subject, questions: CQuestions) -> None:
        """Ask for the value of each of C's names."""
        item = _item(subject)
        if not item.variants:
            return
        for name in self._c_names(item):
            questions.ask_number(f"enumerator {name}", name)
            questions.ask_number(f"enumerator {name} negative", f"({name}) < 0")

    def compare(self, subject: Subject, rust: Answers, c: CAnswers) -> tuple[str | None, str]:
        """Return what to tell about an enum whose values differ, and what is not known of one."""
        item = _item(subject)
        if not item.variants:
            return None, ""
        names = self._c_names(item)
        if not names:
            return None, (
                f"{item.name} is not an enum in C, so values that C has and Rust lacks cannot be "
                "found"
            )
        theirs = {name: value for name in names if (value := _c_value(name, c)) is not None}
        ours = {
            name: value for name in item.variants if (value := _value(item, name, rust)) is not None
        }
        found = list(_differences(item.name, ours, theirs))
        if not found:
            return None, ""
        lines = [f"values of {item.name} differ from C: {found[0]}"]
        lines += [f"    {one}" for one in found[1:_LISTED]]
        if len(found) > _LISTED:
            lines.append(f"    ... and {len(found) - _LISTED} more")
        return "\n".join(lines), ""


def _item(subject: Subject) -> Item:
    assert subject.item is not None  # noqa: S101 - found in Rust
    return subject.item


def _c_value(name: str, c: CAnswers) -> int | None:
    value = c.numbers.get(f"enumerator {name}")
    if value is not None and c.numbers.get(f"enumerator {name} negative"):
        return value - (1 << 64)
    return value


def _value(item: Item, variant: str, rust: Answers) -> int | None:
    low = rust.numbers.get(f"variant {item.id} {variant} low")
    high = rust.numbers.get(f"variant {item.id} {variant} high")
    if low is None or high is None:
        return None
    return low - (1 << 64) if high >> 63 else low


def _differences(name: str, ours: Mapping[str, int], theirs: Mapping[str, int]) -> Iterator[str]:
    """Yield what one has and the other has not: other values, and values without a name."""
    named = counterparts(name, tuple(ours), tuple(theirs))
    for variant, value in ours.items():
        other = named.get(variant)
        if other is not None and theirs[other] != value:
            known = "" if other == variant else f" ({other})"
            yield f"{variant} is {theirs[other]} in C{known}, {value} in Rust"
        elif other is None and value not in theirs.values():
            yield f"{variant} is {value} in Rust, but C has no enumerator with that value"
    told = {*ours.values(), *(theirs[other] for other in named.values())}
    for other, value in theirs.items():
        if value not in told:
            told.add(value)
            yield (
                f"{other} is {value} in C, but Rust has no variant with that value: receiving it "
                "from C is undefined behaviour"
            )


def counterparts(enum: str, variants: Sequence[str], enumerators: Sequence[str]) -> dict[str, str]:
    """Return which of C's names stands for each variant: the same, or with a prefix before it.

    ``Round`` is ``SHAPE_ROUND`` if that begins as the enum is called, or as most others begin.
    """
    words = {name: _words(name) for name in enumerators}
    own = _words(enum)

    def is_prefix(text: str) -> bool:
        begun = sum(one.startswith(text) for one in words.values())
        return text == own or 2 * begun > len(words)

    found: dict[str, str] = {}
    for variant in variants:
        plain = variant.rstrip("_")
        if variant in words or plain in words:
            found[variant] = variant if variant in words else plain
            continue
        wanted = _words(variant)
        good = [
            name
            for name, one in words.items()
            if wanted and one.endswith(wanted) and is_prefix(one.removesuffix(wanted))
        ]
        if len(good) == 1:
            found[variant] = good[0]
    return found


def _words(name: str) -> str:
    """Return a name as both ``RoundEdge`` and ``ROUND_EDGE`` have it."""
    return "".join(f"_{word.lower()}" for word in _WORDS.findall(name))
