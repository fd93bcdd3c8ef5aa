"""Which of Rust's items have a counterpart in C: found by name, with nothing compiled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .c_names import CNames
from .c_types import field_names
from .constant_survey import ConstantSurvey
from .natures import is_opaque, resolved
from .rusttypes import RustType
from .subjects import Subject, Unmatched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...c.compiler import Header
    from ...rust.tables.abi import AbiTable
    from .c_names import What
    from .c_types import Speller, Spelling
    from .cdecls import Declarations
    from .rustdoc import Crate, Item

__all__ = ["Survey"]

_OWN: Final = ("__Bindgen", "__IncompleteArrayField", "__bindgen_marker")


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
        self._c_names = CNames(crate.name, header, declarations, table.names)
        self.unmatched: list[Unmatched] = []
        self._constants = ConstantSurvey(
            crate, table, self._c_names, is_generated=is_generated, none=self._none
        )

    def subjects(self) -> Iterator[Subject]:
        """Yield what can be compared; afterwards, ``unmatched`` is complete."""
        for item in self._crate.items:
            if item.name.startswith(_OWN) or self._c_names.given(item) == "":
                continue
            if not self._everything and self._is_generated(item.file):
                continue
            if item.kind in ("struct", "union", "enum"):
                yield from self._type(item)
            elif item.kind == "alias":
                yield from self._alias(item)
            elif item.kind == "const":
                yield from self._constants.constant(item)
            elif item.kind == "const fn":
                yield from self._constants.macro(item)
            else:
                yield from self._declared(item)
        for name in self._table.symbols:
            declared = next((one for one in self._crate.items if one.symbol == name), None)
            yield Subject("symbol", name, declared, name)

    def _none(self, item: Item, reason: str, *, missing: bool = False) -> None:
        self.unmatched.append(Unmatched(item.rust_path, reason, missing))

    def _type(self, item: Item) -> Iterator[Subject]:
        spelling = self._speller.spelling(item)
        if spelling is not None and is_opaque(item):
            yield Subject("opaque", item.name, item)
        elif item.kind != "enum" and item.repr not in ("c", "transparent"):
            if spelling is not None and self._has_fields_of(item, spelling):
                yield Subject("layout", item.name, item)
            elif spelling is not None:
                self._none(item, "the type is not repr(C), so rustc chooses its layout")
        elif spelling is None:
            self._none(item, self._c_names.no("type", item), missing=True)
        elif item.generic:
            self._none(item, "the type is generic, and C has no generic types")
        elif item.kind == "enum" and not item.repr:
            self._none(item, "the enum has neither repr(C) nor the repr of an integer")
        else:
            values = () if self._found.enumerators_of(spelling.text) else self._macros_of(item)
            yield Subject("layout", item.name, item, values=tuple(values))

    def _macros_of(self, item: Item) -> Iterator[Subject]:
        """Yield the variants of an enum that C has as macros, as constants."""
        for name in item.variants:
            if name in self._header.macros:
                variant = replace(
                    item,
                    id=f"{item.id} {name}",
                    kind="const",
                    name=f"{item.name}::{name}",
                    path=(*item.path, name),
                    type=RustType("path", item.name, item.id),
                )
                yield Subject("const", variant.name, variant, name)

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
                self._none(item, self._c_names.no("type", item), missing=True)
            return
        final = resolved(item.type, self._crate)
        target = self._crate.types.get(final.id)
        if final.name == "c_void" or (target is not None and is_opaque(target)):
            return  # there is nothing to measure
        yield Subject("layout", item.name, item)

    def _declared(self, item: Item) -> Iterator[Subject]:
        assert item.type is not None  # noqa: S101 - functions and statics have one
        known = self._found.functions | self._found.variables  # it may be the other in C
        # A symbol may have an underscore that C's name has not, as on macOS.
        usual = item.symbol if item.symbol in known else item.name
        name = self._c_names.given(item) or usual
        if name not in known:
            if item.defined:
                return
            if name in self._header.macros:
                self._none(item, "the header defines a macro of that name")
            else:
                kind: What = "function" if item.kind == "function" else "variable"
                self._none(item, self._c_names.no(kind, item), missing=True)
            return
        yield Subject("fn" if item.kind == "function" else "static", item.name, item, name)
