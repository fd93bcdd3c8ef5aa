"""Verdicts: what both compilers' answers say of each thing that was compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ...case import Verdict
from .natures import resolved
from .prototypes import prototype_lines
from .subjects import item_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...case import Layouts
    from .c_questions import CAnswers
    from .constants import ConstantQuestions
    from .enums import EnumQuestions
    from .layouts import LayoutQuestions
    from .package import PackageAbi
    from .probe import Answers
    from .prototypes import Prototypes
    from .rustdoc import Crate, Item
    from .subjects import Subject

__all__ = ["Judge", "Results"]


@dataclass(frozen=True)
class Results:
    """Verdicts by the subject's place in the list, and what is to be told beside them."""

    verdicts: Sequence[Verdict]
    unanswered: Sequence[tuple[str, str]]
    facts: tuple[int, int]
    """Sizes, alignments and fields: how many there are, and how many C answered."""
    layouts: Sequence[Layouts | None]
    """What was compared, by the subject's place in the list."""
    needed: Sequence[str] | None
    """What the package uses of the symbols that the interpreter does not export, if known."""


class Judge:
    """Turns answers into verdicts."""

    def __init__(
        self,
        package: PackageAbi,
        crate: Crate,
        layouts: LayoutQuestions,
        enums: EnumQuestions,
        constants: ConstantQuestions,
        prototypes: Prototypes,
        rust: Answers,
        of_layouts: CAnswers,
        of_values: CAnswers,
    ) -> None:
        self._package = package
        self._crate = crate
        self._layouts = layouts
        self._enums = enums
        self._constants = constants
        self._prototypes = prototypes
        self._rust = rust
        self._of_layouts = of_layouts
        self._of_values = of_values

    @cached_property
    def _by_value(self) -> Mapping[str, str]:
        """Where a type is used by value, by its id."""
        found: dict[str, str] = {}
        for item in self._crate.items:
            kinds = [(field.type, f"{item.name}.{field.name}") for field in item.fields]
            # Of a static that is C's, only the address is taken.
            if item.type is not None and item.kind == "const":
                kinds.append((item.type, item.name))
            if item.type is not None and item.kind == "function":
                kinds += [(part, item.name) for part in item.type.parts]
            for kind_of, where in kinds:
                final = resolved(kind_of, self._crate)
                while final.kind == "array" and final.parts:
                    final = resolved(final.parts[0], self._crate)
                found.setdefault(final.id, where)
        found.pop("", None)
        return found

    def results(
        self, subjects: Sequence[Subject], counts: tuple[int, int], needed: Sequence[str] | None
    ) -> Results:
        """Return what became of all subjects."""
        verdicts = [self.verdict(subject) for subject in subjects]
        unanswered = [
            (f"{subject.kind}::{subject.name}", verdict.message)
            for subject, verdict in zip(subjects, verdicts, strict=True)
            if verdict.outcome == "skipped"
        ]
        pairs = [self.layouts(subject) for subject in subjects]
        return Results(verdicts, unanswered, counts, pairs, needed)

    def layouts(self, subject: Subject) -> Layouts | None:
        """Return what was compared, of a type with fields."""
        if subject.kind != "layout":
            return None
        return self._layouts.pair(subject, self._rust, self._of_layouts)

    def verdict(self, subject: Subject) -> Verdict:
        """Return what became of a subject."""
        if subject.kind == "symbol":
            return self._package.symbol_verdict(subject.c_name)
        if subject.kind == "opaque":
            return self._opaque(subject)
        const = remark = ""
        if subject.kind == "layout":
            different, unknown = self._layouts.compare(subject, self._rust, self._of_layouts)
            if different is None and unknown is None:
                different, remark = self._enums.compare(subject, self._rust, self._of_layouts)
                if subject.values:
                    values, _ = self._constants.compare(subject, self._rust, self._of_values)
                    different = different or values
                different = different or self._alias(subject) or _without_repr(item_of(subject))
        elif subject.kind in ("fn", "static"):
            different, unknown, const = self._prototypes.compare(subject)
        else:
            different, unknown = self._constants.compare(
                subject,
                self._rust,
                self._of_values,
                self._layouts.slots_of(item_of(subject).type, self._rust),
            )
        if const and self._package.const_is_an_error:
            different, const = const, ""
        if different is not None:
            return Verdict("failed", message=different)
        if unknown is not None:
            return Verdict("skipped", message=unknown)
        return Verdict("passed", output=const or remark)

    def _alias(self, subject: Subject) -> str | None:
        item = item_of(subject)
        if item.kind != "alias":
            return None
        keys = [f"alias {item.id} {number}" for number in range(64)]
        keys = [key for key in keys if key in self._prototypes.lines]
        good, const, problem = self._prototypes.agrees(keys)
        if good or const or problem is None:
            return None
        # Rust's atomic types are not atomic in C's sense; they are laid out as what they hold.
        if any("_Atomic" in text for text in (problem.text, *problem.notes)):
            return None
        rust = str(item.type)
        lines = "\n".join(prototype_lines(problem, rust))
        return f"{item.name} is another type in C\n{lines}"

    def _opaque(self, subject: Subject) -> Verdict:
        item = subject.item
        assert item is not None  # noqa: S101 - found in Rust
        size = self._of_layouts.numbers.get(f"size {item.id}")
        where = self._by_value.get(item.id)
        if size is None or where is None:
            return Verdict("passed")
        return Verdict(
            "failed",
            message=f"{item.name} is empty in Rust and used by value in {where}; C has "
            f"{size} bytes there. Use it behind a pointer alone, or write down its fields",
        )


def _without_repr(item: Item) -> str | None:
    if item.kind not in ("struct", "union") or item.repr in ("c", "transparent"):
        return None
    return (
        f"{item.name} has the fields of C's type and is not repr(C): "
        "that Rust lays it out in the same way now is chance"
    )
