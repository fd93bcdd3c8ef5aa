"""Leaves: tests, layout blocks as bindgen writes them and otherwise, text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from .model import Node, Sheet, number
from .places import discovered

__all__ = [
    "BEHAVIOURS",
    "BLOCK_STYLES",
    "FAULTS",
    "MARKERS",
    "ODD_BLOCKS",
    "READERS",
    "Block",
    "BrokenType",
    "OddBlock",
    "OldStyleBlock",
    "ReadText",
    "Test",
    "block_lines",
]

_EXTERN: Final = 'extern "C" { fn atexit(f: extern "C" fn()) -> i32; fn _exit(code: i32) -> !; } '
_MYSELF: Final = "use std::process::Command; let me = std::env::current_exe().unwrap(); "
_AGAIN: Final = (
    'if std::env::var_os("AGAIN").is_none() { let given = std::env::args_os().skip(1); '
    'Command::new(me).args(given).env("AGAIN", "1").output().unwrap(); }'
)
# What a test does: its attributes, what it returns, and its body.
BEHAVIOURS: Final[dict[str, tuple[str, str, str]]] = {
    "pass": ("", "", "assert_eq!(1 + 1, 2);"),
    "fail": ("", "", "assert_eq!(1 + 1, 3);"),
    "ignored": ("#[ignore]", "", "panic!();"),
    "ignored-with-reason": ('#[ignore = "not today"]', "", "panic!();"),
    "should-panic": ("#[should_panic]", "", 'panic!("as it should");'),
    "should-panic-expected": ('#[should_panic(expected = "so")]', "", 'panic!("so it is");'),
    "should-panic-otherwise": ('#[should_panic(expected = "so")]', "", 'panic!("otherwise");'),
    "should-panic-but-does-not": ("#[should_panic]", "", ""),
    "err": ("", " -> Result<(), String>", 'Err("no".to_string())'),
    "ok": ("", " -> Result<(), String>", "Ok(())"),
    "exit-code": ("", " -> std::process::ExitCode", "std::process::ExitCode::from(7)"),
    "prints": ("", "", 'println!("a line"); eprint!("half a line");'),
    "prints-and-fails": ("", "", 'print!("half a line"); panic!("after it\\nsecond line");'),
    "writes-half-a-line": (
        "",
        "",
        'use std::io::Write; std::io::stdout().write_all(b"half a line").unwrap();',
    ),
    "writes-half-a-line-and-fails": (
        "",
        "",
        'use std::io::Write; std::io::stdout().write_all(b"half a line").unwrap(); panic!();',
    ),
    "control-characters": ("", "", 'println!("\\x1b[31mred\\x07\\r"); panic!("\\x1b[2J\\u{9b}");'),
    "child-prints": (
        "",
        "",
        'std::process::Command::new("echo").arg("from a child").status().unwrap();',
    ),
    "thread-panics": ("", "", 'std::thread::spawn(|| panic!("in a thread")).join().ok();'),
    "thread-panic-counts": ("", "", "std::thread::spawn(|| panic!()).join().unwrap();"),
    "panic-in-drop": (
        "",
        "",
        'struct D; impl Drop for D { fn drop(&mut self) { panic!("in drop"); } } let _d = D;',
    ),
    "odd-payload": ("", "", "std::panic::panic_any(7_u8);"),
    "changes-directory": ("", "", 'std::env::set_current_dir("/").unwrap();'),
    "reads-its-directory": (
        "",
        "",
        'assert_eq!(std::env::current_dir().unwrap().to_str(), Some(env!("CARGO_MANIFEST_DIR")));',
    ),
    "starts-itself": (
        "",
        "",
        _MYSELF + 'assert!(Command::new(me).arg("--list").output().unwrap().status.success());',
    ),
    "starts-itself-as-it-is": (
        "",
        "",
        _MYSELF + _AGAIN,
    ),
    "prints-much": ("", "", 'for _ in 0..20000 { println!("{}", "x".repeat(60)); }'),
    "ignored-elsewhere": ("#[cfg_attr(windows, ignore)]", "", ""),
    "ignored-here": ("#[cfg_attr(unix, ignore)]", "", ""),
    "ignored-and-panics": ('#[ignore = "a \\"quoted\\" reason"] #[should_panic]', "", ""),
    "asks-a-variable": ("", "", 'assert_eq!(option_env!("CARGO_PKG_VERSION"), Some("0.1.0"));'),
    "exit-0": ("", "", "std::process::exit(0);"),
    "exit-3": ("", "", "std::process::exit(3);"),
    "exit-101": ("", "", "std::process::exit(101);"),
    "abort": ("", "", "std::process::abort();"),
    "ends-badly": (
        "",
        "",
        _EXTERN + 'extern "C" fn late() { unsafe { _exit(101) } } unsafe { atexit(late); }',
    ),
}
# In edition 2024 an `extern` block is to be unsafe.
_UNSAFE_EXTERN: Final = ('extern "C" {', 'unsafe extern "C" {')

MARKERS: Final = (
    "#[test]",
    "#[cfg_attr(all(), test)]",
    "#[::core::prelude::v1::test]",
    "#[cfg_attr(test, test)]",
    "#[test] #[cfg(not(windows))]",
)
BLOCK_STYLES: Final = ("lines", "one-line", "wrapped", "attribute", "core", "tight")
FAULTS: Final = ("", "size", "alignment", "offset")
ODD_BLOCKS: Final = (
    "no-type",
    "other-type",
    "two-elements",
    "expression",
    "named-number",
    "other-field",
)
READERS: Final = (
    "include_str",
    "doc",
    "include_bytes",
    "line-comment",
    "block-comment",
    "string",
    "raw-string",
    "doc-comment",
)
_READ_FILES: Final = ("include_str", "include_bytes", "doc")


@dataclass
class Test(Node):
    """A test function."""

    behaviour: str = "pass"
    name: str = ""
    """Its name, if it repeats; else it has a number of its own."""
    marker: str = "#[test]"

    @property
    def tag(self) -> str:
        """Tell tests apart by what they do."""
        return f"test:{self.behaviour}"

    def tags(self) -> tuple[str, ...]:
        """Add how it is marked as one, and what is odd about its name."""
        more = [f"marked:{self.marker}"] if self.marker != "#[test]" else []
        return (self.tag, *more, *([f"name:{self.name}"] if self.name else []))

    def write(self, sheet: Sheet) -> None:
        """Write the function."""
        name = self.name or f"t{self.uid}"
        attributes, returned, body = BEHAVIOURS[self.behaviour]
        if sheet.where.owner.edition == "2024":
            body = body.replace(*_UNSAFE_EXTERN)
        sheet.line(self.marker, *filter(None, [attributes]), f"fn {name}(){returned} {{ {body} }}")
        sheet.place("test", name, ends_badly=self.behaviour == "ends-badly")


@dataclass
class OldStyleBlock(Node):
    """A layout test in bindgen's old style: a test like any other."""

    wrong: bool = False

    @property
    def tag(self) -> str:
        """Tell right and wrong apart."""
        return f"old-style:{'wrong' if self.wrong else 'right'}"

    def write(self, sheet: Sheet) -> None:
        """Write the type and its test."""
        name, size = f"T{self.uid}", number(self.uid)
        recorded = number(self.uid, 5) if self.wrong else size
        sized = f"::std::mem::size_of::<{name}>()"
        sheet.line(
            f"#[repr(C)] pub struct {name} {{ pub a: [u8; {size}] }}",
            "#[test]",
            f"fn bindgen_test_layout_{name}() {{",
            f'    assert_eq!({sized}, {recorded} as usize, "Size of: {name}");',
            "}",
        )
        sheet.place("test", f"bindgen_test_layout_{name}")


def block_lines(
    name: str,
    size: int,
    style: str,
    fault: str = "",
    fields: tuple[str, ...] = ("a",),
    *,
    generic: bool = False,
) -> list[str]:
    """Return a block as bindgen writes it; ``fault`` says which statement is wrong."""
    core = "core" if style == "core" else "std"
    alignment = 2 if fault == "alignment" else 1
    offset = 3 if fault == "offset" else 0
    mem = f"::{core}::mem"
    words = ("Size of", "Alignment of")
    label, subject = name, name
    if generic:
        words = ("Size of template specialization:", "Align of template specialization:")
        label, subject = f"{name}_open0_u8_close0", f"{name}<u8>"
    statements = [
        (f"{words[0]} {label}", f"{mem}::size_of::<{subject}>()", size),
        (f"{words[1]} {label}", f"{mem}::align_of::<{subject}>()", alignment),
        *(
            (f"Offset of field: {name}::{field}", f"{mem}::offset_of!({name}, {field})", offset)
            for field in fields
        ),
    ]
    if style == "tight":
        inner = "".join(
            f'["{label}"][{value}-{amount}usize];' for label, value, amount in statements
        )
        return [f"const _:()={{{inner}}};"]
    if style == "wrapped":
        lines = ["const _: () = {"]
        for label, value, amount in statements:
            lines += [f'    ["{label}"]', f"        [{value}", f"            - {amount}usize];"]
        return [*lines, "};"]
    lines = [f'    ["{label}"][{value} - {amount}usize];' for label, value, amount in statements]
    if style == "one-line":
        return ["const _: () = {" + " ".join(line.strip() for line in lines) + "};"]
    attribute = ["#[allow(clippy::unnecessary_operation, clippy::identity_op)]"]
    return [*(attribute if style == "attribute" else []), "const _: () = {", *lines, "};"]


@dataclass
class Block(Node):
    """A layout block as bindgen writes it since 0.70."""

    style: str = "lines"
    fault: str = ""
    kind: str = "plain"
    """plain; by-test: its type is larger without `cfg(test)`; in-function; instantiation."""
    name: str = ""
    """Its type's name, if it repeats."""
    condition: str = ""
    """An attribute of the constant alone."""

    @property
    def tag(self) -> str:
        """Tell right and wrong apart."""
        return f"block:{'wrong' if self.fault else 'right'}"

    def tags(self) -> tuple[str, ...]:
        """Add what is special about it."""
        special = [f"block:{self.kind}"] if self.kind != "plain" else []
        return (self.tag, f"style:{self.style}", *special)

    def write(self, sheet: Sheet) -> None:
        """Write the type and its block."""
        fault = "" if sheet.book.right else self.fault
        name, size = self.name or f"T{self.uid}", number(self.uid)
        recorded = number(self.uid, 5) if fault == "size" else size
        sizes: tuple[int, ...] = (size,)
        fields, parameters = f"pub a: [u8; {size}]", ""
        if self.kind == "by-test":
            other = size if sheet.book.right else number(self.uid, 2)
            sizes = (size, other)
            fields = f"#[cfg(test)] pub a: [u8; {size}], #[cfg(not(test))] pub a: [u8; {other}]"
        key, block = name, block_lines(name, recorded, self.style, fault)
        if self.kind == "instantiation":
            fields, parameters = f"pub a: [A; {size}]", "<A>"
            key = f"{name}_open0_u8_close0"
            block = block_lines(name, recorded, self.style, fault, fields=(), generic=True)
        lines = [
            f"#[repr(C)] pub struct {name}{parameters} {{ {fields} }}",
            *filter(None, [self.condition]),
            *block,
        ]
        if self.kind == "in-function":
            lines = [f"pub fn holder{self.uid}() {{", *lines, "}"]
        sheet.line(*lines)
        holds = fault in ("", "size") or (fault == "offset" and self.kind == "instantiation")
        sheet.place("block", key, sizes=sizes, recorded=recorded, holds=holds)


@dataclass
class OddBlock(Node):
    """A block that bindgen does not write: it says nothing about the type that it names."""

    kind: str = "no-type"

    @property
    def tag(self) -> str:
        """Tell the kinds apart."""
        return f"odd-block:{self.kind}"

    def write(self, sheet: Sheet) -> None:
        """Write the type and the block; all of them compile."""
        name, size = f"T{self.uid}", number(self.uid)
        sized = f"::std::mem::size_of::<{name}>()"
        statement = {
            "no-type": f'["Size of {name}"][8usize - 8usize];',
            "other-type": f'["Size of {name}"][::std::mem::size_of::<U{self.uid}>() - 1usize];',
            "two-elements": f'["Size of {name}", "and more"][{sized} - {size}usize];',
            "expression": f'["Size of {name}"][{sized} - ({size - 1}usize + 1usize)];',
            "named-number": f'["Size of {name}"][{sized} - N{self.uid}];',
            "other-field": (
                f'["Offset of field: {name}::b"][::std::mem::offset_of!({name}, a) - 0usize];'
            ),
        }[self.kind]
        sheet.line(
            f"#[repr(C)] pub struct {name} {{ pub a: [u8; {size}] }}",
            f"pub struct U{self.uid}(pub u8); pub const N{self.uid}: usize = {size};",
            "const _: () = {",
            f"    {statement}",
            "};",
            # No layout test: it is what makes rustc say whether this text is compiled.
            f"const _: usize = {sized} - {size}usize;",
        )
        sheet.place("odd block", name, sizes=(size,), recorded=size)


@dataclass
class BrokenType(Node):
    """A type whose own size is in error, and its block: rustc is silent about that."""

    def write(self, sheet: Sheet) -> None:
        """Write both; nothing is in error where the project is to be sound."""
        name = f"T{self.uid}"
        size = number(self.uid) if sheet.book.sound else "3 - 4"
        sheet.line(
            f"#[repr(C)] pub struct {name} {{ pub a: [u8; {size}] }}",
            *block_lines(name, number(self.uid), "lines"),
        )
        sheet.place("block", name, sizes=(number(self.uid),), recorded=number(self.uid))


@dataclass
class ReadText(Node):
    """A block in text that is read and not compiled."""

    reader: str = "include_str"
    transparent: ClassVar[bool] = False

    @property
    def tag(self) -> str:
        """Tell the readers apart."""
        return f"text:{self.reader}"

    def write(self, sheet: Sheet) -> None:
        """Write the text, and what reads it."""
        n = self.uid
        block = [
            f"pub struct T{n} {{ pub a: u8 }}",
            *block_lines(f"T{n}", number(n), "lines"),
        ]
        if self.reader in _READ_FILES and not sheet.where.generated:
            name = f"text{n}.rs"
            path = sheet.where.path.rpartition("/")[0]
            if discovered(path):
                name = f"texts/{name}"
            sheet.book.add(f"{path}/{name}" if path else name, "\n".join(block) + "\n")
            read = f'include_{"bytes" if self.reader == "include_bytes" else "str"}!("{name}")'
            if self.reader == "doc":
                sheet.line(f"#[doc = {read}]", f"pub struct R{n};")
            else:
                kind = "&[u8]" if self.reader == "include_bytes" else "&str"
                sheet.line(f"pub const R{n}: {kind} = {read};")
            return
        text = {
            "line-comment": [f"// {line}" for line in block],
            "block-comment": ["/* a /* nested */ comment", *block, "*/"],
            "string": [f'pub const R{n}: &str = "', *(x.replace('"', '\\"') for x in block), '";'],
            "raw-string": [f'pub const R{n}: &str = r#"', *block, '"#;'],
            "doc-comment": ["/** ```text", *block, "``` */", f"pub fn r{n}() {{}}"],
        }.get(self.reader, ["/*", *block, "*/"])
        sheet.line(*text)
