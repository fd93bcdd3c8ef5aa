"""What is asked of C about types: a variable for each, whose debug information says all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....late import dataclass
from .agreement import Agreement
from .rust_graph import RustTypes, nested

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ....c.types import CTypes, Use
    from ..c_questions import CAnswers, CQuestions
    from ..c_types import Speller
    from ..cdecls import Declarations
    from ..probe import Answers
    from ..rustdoc import Crate, Item
    from ..rusttypes import RustType

__all__ = ["Declared", "Sides"]


class Declared:
    """Declares what has a name in C: types, functions, variables."""

    def __init__(
        self, crate: Crate, declarations: Declarations, speller: Speller, questions: CQuestions
    ) -> None:
        self._crate = crate
        self._typedefs = declarations.typedefs
        self._speller = speller
        self._questions = questions
        self._asked: set[RustType] = set()
        self._variables: dict[str, str] = {}

    def declare(self, key: str, text: str) -> None:
        """Ask what C's ``text`` is, the name of a type, or ``__typeof__`` of something."""
        if key not in self._variables:
            variable = self._variables[key] = f"abi_type_{len(self._variables)}"
            self._questions.declare(f"type {key}", f"{text} *{variable};")

    def declare_item(self, item: Item) -> None:
        """Ask what C's counterpart of a type of the crate is."""
        spelling = self._speller.spelling(item)
        if spelling is not None:
            if spelling.definition:
                self._questions.declare(f"define {item.id}", spelling.definition)
            self.declare(item.id, spelling.text)
        for field in item.fields:
            if item.kind == "union" and field.name in self._typedefs:
                self.declare(f"named {field.name}", field.name)
            self.declare_all(field.type)

    def declare_all(self, kind_of: RustType) -> None:
        """Ask about each type that one of Rust's names."""
        for one in nested(kind_of, self._crate, self._asked):
            item = self._crate.types.get(one.id) if one.kind == "path" else None
            if item is not None:
                self.declare_item(item)
            elif one.kind == "path":
                text = self._speller.foreign(one)
                if text is not None:
                    self.declare(one.name, text)

    def answer(self, key: str, types: CTypes) -> Use | None:
        """Return what C says; None where it was not asked, or knows nothing of the name."""
        variable = self._variables.get(key)
        return types.pointee(variable) if variable is not None else None


@dataclass(frozen=True)
class Sides:
    """What both compilers have said."""

    rust: Answers
    c: CAnswers
    rust_types: RustTypes
    agreement: Agreement
    declared: Declared

    @classmethod
    def of(
        cls,
        crate: Crate,
        predefined: Mapping[str, str],
        rust: Answers,
        c: CAnswers,
        declared: Declared,
    ) -> Sides:
        """Put together what belongs together."""
        types = c.types

        def twin(key: str) -> Use | None:
            return declared.answer(key, types)

        rust_types = RustTypes(crate, predefined, types.pointer_size, rust.numbers, twin)
        agreement = Agreement(lambda name: declared.answer(f"named {name}", types))
        return cls(rust, c, rust_types, agreement, declared)

    def c_use(self, key: str) -> Use | None:
        """Return what C says of a key."""
        return self.declared.answer(key, self.c.types)
