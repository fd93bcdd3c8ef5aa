"""Leaves that are documentation with tests in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .model import Node, Sheet

__all__ = ["DOCTESTS", "HOSTS", "Doctest", "MacroDoctests"]

DOCTESTS: Final[dict[str, tuple[str, ...]]] = {
    "pass": ("```", "assert_eq!(1 + 1, 2);", "```"),
    "fail": ("```", "assert_eq!(1 + 1, 3);", "```"),
    "does-not-compile": ("```", 'let _: u8 = "";', "```"),
    "compile-fail": ("```compile_fail", 'let _: u8 = "";', "```"),
    "compile-fail-but-compiles": ("```compile_fail,E0308", "let _ = 1;", "```"),
    "no-run": ("```no_run", "panic!();", "```"),
    "ignore": ("```ignore", "panic!();", "```"),
    "ignore-elsewhere": ("```ignore-wasm32", "assert!(true);", "```"),
    "should-panic": ("```should_panic", "panic!();", "```"),
    "text": ("```text", "no code", "```"),
    "hidden-lines": ("```rust", "# fn main() {", "assert!(true);", "# }", "```"),
    "indented": ("    assert!(true);",),
    "two": ("```", "assert!(true);", "```", "and", "```", "assert!(false);", "```"),
    "edition": ("```edition2018", "let async_ = 1; assert_eq!(async_, 1);", "```"),
    "tildes": ("~~~", "assert!(true);", "~~~"),
    "standalone": ("```standalone_crate", "assert!(true);", "```"),
}
HOSTS: Final = (
    "function",
    "private-function",
    "struct",
    "method",
    "generic-method",
    "variant",
    "trait",
    "module",
    "constant",
    "attribute",
    "block-comment",
    "macro",
)


def _documented(text: tuple[str, ...], host: str) -> list[str]:
    if host == "attribute":
        return [f'#[doc = r##"{line}"##]' for line in text]
    if host == "block-comment":
        return ["/**", *text, "*/"]
    return [f"/// {line}".rstrip() for line in text]


@dataclass
class Doctest(Node):
    """A documented item. Outside of a library nothing looks at its documentation."""

    behaviour: str = "pass"
    host: str = "function"

    @property
    def tag(self) -> str:
        """Tell doctests apart by what they do."""
        return f"doctest:{self.behaviour}"

    def tags(self) -> tuple[str, ...]:
        """Add what is documented."""
        return (self.tag, f"documented:{self.host}")

    def write(self, sheet: Sheet) -> None:
        """Write the item with its documentation."""
        lines = _documented(DOCTESTS[self.behaviour], self.host)
        n = self.uid
        before, after = {
            "private-function": ([], [f"fn d{n}() {{}}"]),
            "struct": ([], [f"pub struct D{n};"]),
            "method": ([f"pub struct D{n};", f"impl D{n} {{"], ["pub fn f(&self) {}", "}"]),
            "generic-method": (
                [f"pub struct D{n}<A, const N: usize>([A; N]);", f"impl<A> D{n}<A, 2> {{"],
                ["pub fn f(&self) {}", "}"],
            ),
            "variant": ([f"pub enum D{n} {{"], ["First,", "}"]),
            "trait": ([f"pub trait D{n} {{"], ["fn f(&self) {}", "}"]),
            "module": ([], [f"pub mod d{n} {{}}"]),
            "constant": ([], [f"pub const D{n}: u8 = 1;"]),
            "macro": ([], [f"macro_rules! d{n} {{ () => {{}}; }}"]),
        }.get(self.host, ([], [f"pub fn d{n}() {{}}"]))
        sheet.line(*before, *lines, *after)


@dataclass
class MacroDoctests(Node):
    """A macro that documents several impls: cargo names all of their doctests alike."""

    numbers: tuple[int, ...] = (1, 2, 1)
    """One an impl; the doctest holds if it is 1."""

    def write(self, sheet: Sheet) -> None:
        """Write the macro, and call it."""
        n = self.uid
        types = ("u8", "u16", "u32", "u64")
        entries = ", ".join(
            f"{name} {value}" for name, value in zip(types, self.numbers, strict=False)
        )
        sheet.line(
            f"pub struct C{n};",
            f"macro_rules! conv{n} {{",
            "    ($($t:ident $n:literal),*) => { $(",
            f"        impl From<$t> for C{n} {{",
            '            #[doc = "```"]',
            '            #[doc = concat!("assert_eq!(1, ", stringify!($n), ");")]',
            '            #[doc = "```"]',
            f"            fn from(_: $t) -> C{n} {{ C{n} }}",
            "        }",
            "    )* };",
            "}",
            f"conv{n}!({entries});",
        )
