"""Verdicts: what both compilers' answers say of each thing that was compared."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ...case import Verdict, counted
from ...late import dataclass
from .natures import values_in
from .prototypes import compare_prototype
from .subjects import item_of
from .types.differences import shown_letter, shown_letters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...case import Layouts
    from .c_questions import CAnswers
    from .constants import ConstantQuestions
    from .enums import EnumQuestions
    from .layout.layouts import LayoutQuestions
    from .package import PackageAbi
    from .rustdoc import Crate, Item
    from .subjects import Subject
    from .types.declared import Sides
    from .types.differences import Difference

__all__ = ["Judge", "Results"]


@dataclass(frozen=True)
class Results:
    """Verdicts by the subject's place in the list, and what is to be told beside them."""

    verdicts: Sequence[Verdict]
    unanswered: Sequence[tuple[int, str]]
    facts: tuple[int, int]
    """Sizes, alignments and fields: how many there are, and how many C answered."""
    layouts: Sequence[Layouts | None]
    """What was compared, by the subject's place in the list."""
    needed: Sequence[str] | None
    """What the package uses of the symbols that the interpreter does not export, if known."""
    letters: Sequence[tuple[int, str, str]]
    """Places of subjects with minor differences from C, each with the kinds and what differs."""


class Judge:
    """Turns answers into verdicts."""

    def __init__(
        self,
        package: PackageAbi,
        crate: Crate,
        layouts: LayoutQuestions,
        enums: EnumQuestions,
        constants: ConstantQuestions,
        sides: Sides,
        of_values: CAnswers,
    ) -> None:
        self._package = package
        self._crate = crate
        self._layouts = layouts
        self._enums = enums
        self._constants = constants
        self._sides = sides
        self._of_values = of_values
        self._letters: list[tuple[Subject, str, str]] = []

    @cached_property
    def _by_value(self) -> Mapping[str, str]:
        """Where a type is used by value, by its id."""
        found: dict[str, str] = {}
        for item in self._crate.items:
            for field in item.fields:
                for key in values_in(field.type, self._crate):
                    found.setdefault(key, f"{item.name}.{field.name}")
            if item.type is not None:
                # Of a static that is C's, only the address is taken; an alias is a name alone.
                named = item.kind in ("static", "alias")
                for key in values_in(item.type, self._crate, behind=named):
                    found.setdefault(key, item.name)
        found.pop("", None)
        return found

    def results(
        self, subjects: Sequence[Subject], counts: tuple[int, int], needed: Sequence[str] | None
    ) -> Results:
        """Return what became of all subjects."""
        verdicts = [self.verdict(subject) for subject in subjects]
        unanswered = [
            (place, verdict.message)
            for place, verdict in enumerate(verdicts)
            if verdict.outcome == "skipped"
        ]
        pairs = [self.layouts(subject) for subject in subjects]
        places = {id(subject): place for place, subject in enumerate(subjects)}
        letters = [(places[id(one)], kinds, told) for one, kinds, told in self._letters]
        return Results(verdicts, unanswered, counts, pairs, needed, letters)

    def layouts(self, subject: Subject) -> Layouts | None:
        """Return what was compared, of a type with fields."""
        if subject.kind != "layout":
            return None
        return self._layouts.pair(subject, self._sides)

    def verdict(self, subject: Subject) -> Verdict:
        """Return what became of a subject."""
        if subject.kind == "symbol":
            return self._package.symbol_verdict(subject.c_name)
        if subject.kind == "opaque":
            return self._opaque(subject)
        different, unknown, letters = self._compared(subject)
        remark = ""
        if subject.kind == "layout" and different is None and unknown is None:
            different, remark = self._beside_the_layout(subject)
        elif subject.kind == "layout" and different is not None:
            different += self._cause(item_of(subject))
        if different is not None:
            return Verdict("failed", message=different)
        if unknown is not None:
            return self._package.refused_initialiser(subject, unknown) or Verdict(
                "skipped", message=unknown
            )
        return self._by_the_letter(subject, letters, remark)

    def _compared(self, subject: Subject) -> tuple[str | None, str | None, Sequence[Difference]]:
        """Return what differs, why nothing can be said, and the minor differences."""
        item = item_of(subject)
        if subject.kind == "layout":
            return self._layouts.compare(subject, self._sides, self._by_value.get(item.id))
        if subject.kind in ("fn", "static"):
            return compare_prototype(subject, self._sides)
        slots = self._layouts.slots_of(item.type, self._sides)
        told = self._constants.compare(subject, self._sides.rust, self._of_values, slots)
        return *told, self._constants.letters.get(item.id, ())

    def _cause(self, item: Item) -> str:
        """Return a line that says why all of a layout differs; empty if nothing is known of it."""
        use = self._sides.c_use(item.id)
        theirs = use.type.kind if use is not None else item.kind
        if {theirs, item.kind} == {"struct", "union"}:
            return f"\n{item.name} is a {theirs} in C, a {item.kind} in Rust"
        if _without_repr(item) is None:
            return ""
        return f"\n{item.name} is not repr(C), so rustc chose its layout: add #[repr(C)]"

    def _beside_the_layout(self, subject: Subject) -> tuple[str | None, str]:
        """Return what differs in a type that is laid out as C's, and what is not known of it."""
        rust, c = self._sides.rust, self._sides.c
        different, remark = self._enums.compare(subject, rust, c)
        if subject.values:
            values, _ = self._constants.compare(subject, rust, self._of_values)
            different = different or values
        return different or _without_repr(item_of(subject)), remark

    def _by_the_letter(
        self, subject: Subject, letters: Sequence[Difference], remark: str
    ) -> Verdict:
        if not letters:
            return Verdict("passed", output=remark)
        kinds = sorted({one.kind for one in letters})
        text = f"{subject.name} has minor differences from C"
        shown = shown_letters(letters)
        strict = ", ".join(kind for kind in kinds if kind in self._package.strict)
        if strict:
            key = self._package.strict_key
            text += f", and {key} in the package's table makes these fail: {strict}"
            return Verdict("failed", message=f"{text}\n{shown}")
        text += f"\n{shown}"
        told = "; ".join(shown_letter(one) for one in letters)
        self._letters.append((subject, ", ".join(kinds), told))
        return Verdict("passed", output=f"{text}\n{remark}".rstrip())

    def _opaque(self, subject: Subject) -> Verdict:
        item = item_of(subject)
        use, where = self._sides.c_use(item.id), self._by_value.get(item.id)
        if use is None:
            why = self._sides.c.why_not(f"type {item.id}")
            return Verdict(
                "skipped", message=f"no answer from the C compiler for {item.name}: {why}"
            )
        if use.type.size is None or where is None:
            return Verdict("passed")
        return Verdict(
            "failed",
            message=f"{item.name} is empty in Rust but used by value in {where}, where C has "
            f"{counted(use.type.size, 'byte')}: use {item.name} only behind a pointer, or declare "
            "its fields",
        )


def _without_repr(item: Item) -> str | None:
    if item.kind not in ("struct", "union") or item.repr in ("c", "transparent"):
        return None
    return (
        f"{item.name} has the fields of C's type but is not repr(C), so rustc may change its "
        "layout: add #[repr(C)]"
    )
