"""C's names for Rust's: what the package's table says of one, and what C has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ...rust.metadata import MetadataError, fault, shown
from .keys import Keys, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...c.compiler import Header, Macro
    from .cdecls import Declarations
    from .rustdoc import Item

__all__ = ["CNames", "What"]

What = Literal["type", "constant", "initialiser", "function", "variable", "macro"]


def _verb(what: What) -> str:
    """Return what C does to bring a thing into being."""
    return "declares" if what in ("type", "function", "variable") else "defines"


class CNames:
    """The names of a header, for the items of one crate."""

    def __init__(
        self,
        crate_name: str,
        header: Header,
        declarations: Declarations,
        names: Mapping[str, str],
    ) -> None:
        self._names = Keys(crate_name, names)
        self._declarations = declarations
        self.macros: Mapping[str, Macro] = header.macros
        self.enumerators = declarations.enumerators
        constants = {
            *(name for name, macro in header.macros.items() if macro.parameters is None),
            *declarations.enumerators,
        }
        self.values = constants | declarations.variables
        self._by_case: dict[str, list[str]] = {}
        for name in sorted(constants):
            self._by_case.setdefault(name.casefold(), []).append(name)

    def given(self, item: Item) -> str | None:
        """Return the name that the table has for an item; empty if it is to have none."""
        return self._names.of(item)

    def alike(self, name: str) -> list[str]:
        """Return the constants whose names differ from one in case alone."""
        return self._by_case.get(name.casefold(), [])

    def is_enumerator(self, enum: str, name: str) -> bool:
        """Tell whether C has an enum, called so by its tag or by a typedef, with a value."""
        found = self._declarations
        return name in found.enumerators_of(f"enum {enum}") or name in found.enumerators_of(enum)

    def no(self, what: What, item: Item) -> str:
        """Return the reason that C has nothing of an item's name.

        Raises MetadataError if it is the table that says what C's name is.
        """
        given = self._names.of(item)
        if not given:
            return f"the header {_verb(what)} no {what} {item.symbol or item.name}"
        text = f"`names`: the header {_verb(what)} no {what} {shown(given)}"
        text = f"{text}, the name set for {item.rust_path}"
        near = nearest(given, self._known(what))
        raise MetadataError(fault(f"{text}{near}", "names", self._names.key_of(item)))

    def _known(self, what: What) -> Iterable[str]:
        found = self._declarations
        if what == "type":
            return {*found.typedefs, *(f"{kind} {name}" for kind, name in found.tags)}
        if what in ("function", "variable"):
            return found.functions if what == "function" else found.variables
        return self.macros if what in ("macro", "initialiser") else self.values
