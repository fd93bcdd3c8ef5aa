"""Which of Rust's items have a counterpart in C: found by name, with nothing compiled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from .c_types import UntranslatableError, field_names
from .natures import constant_form, is_opaque, resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...c.compiler import Header
    from ...rust.metadata import AbiTable
    from .c_types import Speller, Spelling
    from .cdecls import Declarations
    from .rustdoc import Crate, Item

__all__ = ["Subject", "Survey", "Unmatched"]

SubjectKind = Literal["layout", "const", "init", "fn", "static", "opaque", "symbol"]

_OWN: Final = ("__Bindgen", "__IncompleteArrayField", "__bindgen_marker")


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that both languages have, to be compared."""

    kind: SubjectKind
    name: str
    """The last level of its id."""
    item: Item | None
    """None for a symbol that only the package's table names."""
    c_name: str = ""
    """C's name or initialiser, where that is not found through types."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """What Rust has and C has not, or nothing can be said about."""

    name: str
    reason: str


class Survey:
    """Goes through a crate; ``is_generated`` tells of a file whether people wrote it."""

    def __init__(
        self,
        crate: Crate,
        header: Header,
        declarations: Declarations,
        speller: Speller,
        table: AbiTable,
        *,
        everything: bool,
        is_generated: Callable[[str], bool],
    ) -> None:
        self._crate = crate
        self._header = header
        self._found = declarations
        self._speller = speller
        self._table = table
        self._everything = everything
        self._is_generated = is_generated
        self._values = {
            *(name for name, macro in header.macros.items() if macro.parameters is None),
            *declarations.enumerators,
            *declarations.variables,
        }
        self._by_case: dict[str, list[str]] = {}
        for name in self._values:
            self._by_case.setdefault(name.casefold(), []).append(name)
        self._type_names = {item.name for item in crate.types.values()}
        self.unmatched: list[Unmatched] = []

    def subjects(self) -> Iterator[Subject]:
        """Yield what can be compared; afterwards, ``unmatched`` is complete."""
        for item in self._crate.items:
            if item.name.startswith(_OWN) or self._table.names.get(item.name) == "":
                continue
            if not self._everything and self._is_generated(item.file):
                continue
            if item.kind in ("struct", "union", "enum"):
                yield from self._type(item)
            elif item.kind == "alias":
                yield from self._alias(item)
            elif item.kind == "const":
                yield from self._constant(item)
            else:
                yield from self._declared(item)
        for name in self._table.symbols:
            declared = next((one for one in self._crate.items if one.symbol == name), None)
            yield Subject("symbol", name, declared, name)

    def _none(self, item: Item, reason: str) -> None:
        self.unmatched.append(Unmatched(item.rust_path, reason))

    def _type(self, item: Item) -> Iterator[Subject]:
        spelling = self._speller.spelling(item)
        if item.kind != "enum" and item.repr not in ("c", "transparent"):
            if spelling is not None and self._has_fields_of(item, spelling):
                yield Subject("layout", item.name, item)
            elif spelling is not None:
                self._none(item, "it is not repr(C): Rust may lay it out as it likes")
        elif item.generic:
            self._none(item, "it is generic: C has no such types")
        elif spelling is None:
            self._none(item, "C has no type of that name")
        elif item.kind == "enum" and not item.repr:
            self._none(item, "it has no repr of C's")
        else:
            yield Subject("opaque" if is_opaque(item) else "layout", item.name, item)

    def _has_fields_of(self, item: Item, spelling: Spelling) -> bool:
        """Tell whether a type is meant to be C's: all of its fields are."""
        if spelling.body < 0 or item.generic:
            return False
        theirs = {member.name for member in self._found.members(spelling.body)}
        ours = [field_names(field.name) for field in item.fields if field.public]
        return len(ours) == len(item.fields) > 0 and all(theirs & {*names} for names in ours)

    def _alias(self, item: Item) -> Iterator[Subject]:
        assert item.type is not None  # noqa: S101 - every alias has one
        if self._speller.spelling(item) is None or item.generic:
            if not item.generic and item.type.kind in ("primitive", "function"):
                self._none(item, "C has no type of that name")
            return
        if item.name in self._found.function_types:
            self._none(item, "it is a function in C, and a pointer to one in Rust")
            return
        final = resolved(item.type, self._crate)
        target = self._crate.types.get(final.id)
        if final.name == "c_void" or (target is not None and is_opaque(target)):
            return  # there is nothing to measure
        yield Subject("layout", item.name, item)

    def _constant(self, item: Item) -> Iterator[Subject]:
        assert item.type is not None  # noqa: S101 - every constant has one
        form = constant_form(item.type, self._crate)
        associated = "::" in item.name
        if item.name in self._table.inits and form:
            yield Subject("init", item.name, item, self._table.inits[item.name])
            return
        if associated or not form:
            if not associated:
                self._none(item, f"a constant of type {item.type} cannot be compared")
            return
        if form == "struct":
            macro = self._header.macros.get(item.name)
            if macro is None:
                self._none(item, "C has no initialiser of that name")
                return
            count = 0
            if macro.parameters is not None and macro.parameters.strip("() "):
                count = macro.parameters.count(",") + 1
            call = "" if macro.parameters is None else f"({', '.join(['0'] * count)})"
            yield Subject("init", item.name, item, item.name + call)
            return
        name = self._value_name(item)
        if name is not None:
            yield Subject("const", item.name, item, name)

    def _value_name(self, item: Item) -> str | None:
        wanted = self._table.names.get(item.name, item.name)
        if wanted in self._values:
            return wanted
        if self._is_generated(item.file):
            for index, character in enumerate(wanted):
                # bindgen puts the name of the enum, or of the struct around it, before it.
                before, after = wanted[:index], wanted[index + 1 :]
                known = before in self._type_names and after in self._found.enumerators
                if character == "_" and known:
                    return after
        others = self._by_case.get(wanted.casefold(), [])
        if len(others) == 1:
            return others[0]
        if others:
            self._none(item, f"several names of C's differ from it in case: {', '.join(others)}")
        else:
            self._none(item, "C has no constant of that name")
        return None

    def _declared(self, item: Item) -> Iterator[Subject]:
        assert item.type is not None  # noqa: S101 - functions and statics have one
        known = self._found.functions if item.kind == "function" else self._found.variables
        # A symbol may have an underscore that C's name has not, as on macOS.
        usual = item.symbol if item.symbol in known else item.name
        name = self._table.names.get(item.name, usual)
        if name not in known:
            if not item.defined:
                kind = "function" if item.kind == "function" else "variable"
                self._none(item, f"C declares no {kind} {name}")
            return
        try:
            next(iter(self._speller.declarations(item.type, name)))
        except UntranslatableError as error:
            self._none(item, f"its type cannot be said in C: {error}")
            return
        yield Subject("fn" if item.kind == "function" else "static", item.name, item, name)
