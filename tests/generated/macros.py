"""Macros around contents: they keep them, choose between them, or drop them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .containers import BRACKETS
from .model import Node, Sheet

__all__ = ["MACROS", "Macro"]

MACROS: Final = (
    "keep",
    "keep-attribute",
    "cfg-if-then",
    "cfg-if-else",
    "called",
    "called-twice",
    "drop",
    "drop-attribute",
    "uncalled",
    "cfg-if-dropped",
    "dead-function",
    "nested-keep",
)
# What may not hold a `mod name;`: procedural macros refuse it, the others have no one place for it.
_NO_FILES: Final = ("keep-attribute", "drop-attribute", "called-twice", "dead-function")


@dataclass
class Macro(Node):
    """Contents that are tokens of a macro's call, or the body of one."""

    how: str = "keep"
    call: str = "braces"
    predicate: str = "all()"

    @property
    def tag(self) -> str:
        """Tell the macros apart."""
        return f"macro:{self.how}"

    def tags(self) -> tuple[str, ...]:
        """Add the brackets of the call."""
        return (self.tag, f"call:{self.call}")

    def write(self, sheet: Sheet) -> None:
        """Write the macro and its call."""
        n, where = self.uid, sheet.where
        before, after, module = self._around(*BRACKETS[self.call])
        sheet.book.needs(where.owner, self.how)
        sheet.line(before)
        more: dict[str, object] = {"tokens": where.tokens or self.how in _NO_FILES}
        if module:
            more |= {"modules": (*where.modules, module), "inline": (*where.inline, module)}
        self.write_children(sheet, **more)
        if self.how == "called-twice":
            again = sheet.other(modules=(*where.modules, f"two{n}"))
            self.write_children(again, tokens=True)
        sheet.line(after)

    def _around(self, opening: str, closing: str) -> tuple[str, str, str]:
        """Return the lines before and after, and the module that the contents stand in."""
        n = self.uid
        false = f"not(all({self.predicate}))"
        return {
            "keep": (f"keep!{opening}", closing, ""),
            "nested-keep": (f"keep!{opening} keep! {{", f"}} {closing}", ""),
            "keep-attribute": (f"#[attributes::keep]\npub mod a{n} {{", "}", f"a{n}"),
            "cfg-if-then": (
                f"choose!{opening} if #[cfg(all({self.predicate}))] {{",
                f"}} else {{ pub fn otherwise{n}() {{}} }} {closing}",
                "",
            ),
            "cfg-if-else": (
                f"choose!{opening} if #[cfg({false})] {{ pub fn then{n}() {{}} }} else {{",
                f"}} {closing}",
                "",
            ),
            "cfg-if-dropped": (
                f"choose!{opening} if #[cfg(any())] {{",
                f"}} else {{}} {closing}",
                "",
            ),
            "called": (f"macro_rules! body{n} {{ () => {{", f"}}; }}\nbody{n}!();", ""),
            "called-twice": (
                f"macro_rules! body{n} {{ () => {{",
                f"}}; }}\npub mod one{n} {{ body{n}!(); }}\npub mod two{n} {{ body{n}!(); }}",
                f"one{n}",
            ),
            "drop": (f"discard!{opening}", closing, ""),
            "drop-attribute": (f"#[attributes::discard]\npub mod a{n} {{", "}", f"a{n}"),
            "uncalled": (f"macro_rules! uncalled{n} {{ () => {{", "}; }", ""),
            "dead-function": (
                f"#[cfg(any())]\npub fn dead{n}(_: [u8; 4]) {{",
                "}",
                "",
            ),
        }[self.how]
