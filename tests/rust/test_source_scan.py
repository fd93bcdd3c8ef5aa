"""Blocks are found whatever the formatter did, and only where they are items."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_cpython_sys.rust.census import read_blocks
from pytest_cpython_sys.rust.masking import mask
from pytest_cpython_sys.rust.source_scan import LayoutBlock, scan_source, without_macros

DATA = Path(__file__).with_name("data")
"""What bindgen 0.72.1 makes of ``shapes.hpp``, with ``enable_cxx_namespaces``."""

PRETTYPLEASE = """#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of PyModuleDef"][::std::mem::size_of::<PyModuleDef>() - 104usize];
    ["Alignment of PyModuleDef"][::std::mem::align_of::<PyModuleDef>() - 8usize];
    [
        "Offset of field: PyModuleDef::m_name",
    ][::std::mem::offset_of!(PyModuleDef, m_name) - 40usize];
};
"""
RUSTFMT = """const _: () = {
    ["Size of PyModuleDef"]
        [::core::mem::size_of::<PyModuleDef>() - 104usize];
    ["Alignment of PyModuleDef"]
        [::core::mem::align_of::<PyModuleDef>() - 8usize];
    ["Offset of field: PyModuleDef::m_name"]
        [::core::mem::offset_of!(PyModuleDef, m_name) - 40usize];
};
"""
NONE = (
    '# [allow (clippy :: identity_op)] const _ : () = { ["Size of PyModuleDef"] '
    "[:: std :: mem :: size_of :: < PyModuleDef > () - 104usize] ; "
    '["Alignment of PyModuleDef"] [:: std :: mem :: align_of :: < PyModuleDef > () - 8usize] ; '
    '["Offset of field: PyModuleDef::m_name"] '
    "[:: std :: mem :: offset_of ! (PyModuleDef , m_name) - 40usize] ; } ;"
)


def block(name: str) -> str:
    return f'const _: () = {{ ["Size of {name}"][::std::mem::size_of::<{name}>() - 4usize]; }};'


def found(source: str) -> list[LayoutBlock]:
    return list(scan_source(source.encode()).blocks)


def names(source: str) -> list[str]:
    return ["::".join((*item.modules, item.type_name)) for item in found(source)]


@pytest.mark.parametrize(
    "source",
    [PRETTYPLEASE, RUSTFMT, NONE, PRETTYPLEASE.replace("\n", "\r\n"), "\ufeff" + PRETTYPLEASE],
    ids=["prettyplease", "rustfmt", "none", "crlf", "bom"],
)
def test_a_block_in_every_formatters_style(source: str) -> None:
    (item,) = found(source)
    assert item.type_name == "PyModuleDef"
    assert item.test_name == "bindgen_test_layout_PyModuleDef"
    data = source.encode()
    assert [(one.kind, one.field, one.recorded, one.what) for one in item.assertions(data)] == [
        ("size", None, 104, "size"),
        ("alignment", None, 8, "alignment"),
        ("offset", "m_name", 40, "offset of m_name"),
    ]
    assert data[item.start :].startswith(b"const")
    assert data[: item.end].endswith(b"}")


def test_lines_count_from_one() -> None:
    (item,) = found("\n\n" + PRETTYPLEASE)
    assert item.line == 4
    assert [one.line for one in item.assertions(("\n\n" + PRETTYPLEASE).encode())] == [5, 6, 7]


@pytest.mark.parametrize(
    "hidden",
    [
        "// {}",
        "/// {}",
        "/* {} */",
        "/* /* */ {} */",
        'const T: &str = r#"{}"#;',
        'const T: &[u8] = br##"{} "# "##;',
        "/* {}",
    ],
)
def test_what_is_no_item_is_not_found(hidden: str) -> None:
    before = block("Before")
    assert names(f"{before}\n" + hidden.format(block("Hidden"))) == ["Before"]


@pytest.mark.parametrize(
    "benign",
    [
        "const C: char = '\"';",
        "const C: char = '\\'';",
        "const C: char = '{';",
        "const C: char = '\\u{7b}';",
        "fn f<'a>(x: &'a str) -> &'a str { x }",
        'const S: &str = "a \\" { b";',
        'const S: &str = "http://x/*y";',
        "impl<'a, 'b> T<'a, 'b> { fn g(&'a self) {} }",
        "// it's { a comment",
        "/* it's { */",
        '#[doc = " { don\'t \\" "] struct D;',
    ],
)
def test_what_stands_around_does_not_derail(benign: str) -> None:
    source = f"{benign}\nmod m {{ {benign}\n{block('In')} }}\n{block('Out')}\n{benign}"
    assert names(source) == ["m::In", "Out"]


def test_modules_nest_and_end() -> None:
    source = (
        f"mod a {{ pub(crate) mod b {{ {block('X')} }} {block('Y')} }} "
        f'extern "C" {{ fn f(); }} mod c {{ {block("X")} }} {block("Z")}'
    )
    assert names(source) == ["a::b::X", "a::Y", "c::X", "Z"]


def test_includes_and_declarations() -> None:
    scan = scan_source(
        b'#[path = "x.rs"] #[cfg(unix)] pub mod a;\nmod ffi { include!(concat!("a", "b")); }\n'
        b"// mod not;\n"
    )
    (declaration,) = scan.declarations
    assert (declaration.name, declaration.path) == ("a", "x.rs")
    (include,) = scan.includes
    assert (include.argument, include.modules, include.line) == ('concat!("a", "b")', ("ffi",), 2)


@pytest.mark.parametrize("brackets", ["()", "[]", "{}"])
def test_an_include_ends_no_module(brackets: str) -> None:
    scan = scan_source(f'mod m {{ include!{brackets[0]}"a"{brackets[1]}; mod b; }} mod c;'.encode())
    assert [(item.name, item.modules) for item in scan.declarations] == [("b", ("m",)), ("c", ())]


@given(st.binary(max_size=300))
def test_never_raises(data: bytes) -> None:
    scan_source(b"Size of include mod " + data)
    assert len(mask(data)) == len(data)


@given(st.lists(st.sampled_from([PRETTYPLEASE, "mod m {", "}", "/*", "*/", '"', "'", "//\n", "#"])))
def test_never_raises_on_pieces_of_rust(pieces: list[str]) -> None:
    scan_source("".join(pieces).encode())


BENIGN = st.sampled_from(
    [
        "struct S { a: u8 }\n",
        "// comment {\n",
        "/* { */",
        'const S: &str = "{";\n',
        "fn f<'a>() { let _ = '{'; }\n",
        "#[derive(Clone)]\n",
    ]
)


@given(st.lists(st.tuples(BENIGN, st.sampled_from(["a", "b", ""])), max_size=6))
def test_blocks_between_other_items_are_found_in_their_modules(
    parts: list[tuple[str, str]],
) -> None:
    source, expected = "", []
    for number, (text, module) in enumerate(parts):
        inner = f"{text}{block(f'T{number}')}\n"
        source += f"mod {module} {{ {inner} }}\n" if module else inner
        expected.append(f"{module}::T{number}" if module else f"T{number}")
    assert names(source) == expected


def old_style_names(source: str) -> list[tuple[str, ...]]:
    """Return modules and names of the test functions that prettyplease indented."""
    open_modules: list[tuple[str, str]] = []
    names = []
    for indent, module, test in re.findall(
        r"^( *)(?:pub mod (\w+) \{|fn (\w*bindgen_test_layout_\w+)\()", source, re.MULTILINE
    ):
        open_modules = [(name, at) for name, at in open_modules if len(at) < len(indent)]
        if module:
            open_modules.append((module, indent))
        else:
            names.append((*(name for name, _ in open_modules), test))
    return names


@pytest.mark.parametrize("formatter", ["prettyplease", "rustfmt", "none"])
def test_names_and_numbers_are_those_of_bindgens_old_style(formatter: str) -> None:
    source = (DATA / f"{formatter}.rs").read_bytes()
    blocks = scan_source(source).blocks
    old = (DATA / "test_style.rs").read_text(encoding="utf-8")
    assert len(blocks) == 12
    counted = [(*item.modules, item.test_name) for item in read_blocks(source)]
    assert counted == old_style_names(old)
    new_values = [one.recorded for item in blocks for one in item.assertions(source)]
    texts = re.findall(rb'"(?:Size of|Align of|Alignment of|Offset of field:) ', source)
    assert len(new_values) == len(texts)
    old_values = re.findall(r'\b(\d+)usize,\s*"(?:Size|Align|Offset)', old)
    assert new_values == [int(number) for number in old_values]


def test_an_array_as_a_templates_argument() -> None:
    data = (
        b'const _: () = { ["Size of template specialization: Box_open0_array4_int_close0"]'
        b"[::std::mem::size_of::<Box<[c_int; 4usize]>>() - 20usize];"
        b'["Align of template specialization: Box_open0_array4_int_close0"]'
        b"[::std::mem::align_of::<Box<[c_int; N - 1]>>() - 4usize]; };"
    )
    (item,) = scan_source(data).blocks
    assert [(one.kind, one.recorded) for one in item.assertions(data)] == [
        ("size", 20),
        ("alignment", 4),
    ]


@pytest.mark.parametrize(
    "comment",
    ['["Alignment of X"][y - 9usize];', "it's \" {", "}"],
)
def test_comments_inside_a_block(comment: str) -> None:
    data = (
        f"const _: () = {{ /* {comment} */ // {comment}\n"
        f'[ /* {comment} */ "Size of X" ] [ size_of::<X>() /* {comment} */ - 8 ] /* x */ ; }};'
    ).encode()
    (item,) = scan_source(data).blocks
    (one,) = item.assertions(data)
    assert (item.type_name, one.kind, one.recorded, one.line) == ("X", "size", 8, 2)
    assert data[one.start :].startswith(b"[ /*")
    assert data[: one.end].endswith(b";")


@pytest.mark.parametrize(
    "definition",
    [
        "macro_rules! m {{ () => {{ {} }} }}",
        "macro_rules! m ( () => {{ {} }} );",
        "macro_rules! m ( () => ( {} ) );",
        "macro_rules! m [ () => {{ {} }} ];",
        "pub(crate) macro m {{ () => {{ {} }} }}",
    ],
)
def test_a_macros_definition_can_be_left_out(definition: str) -> None:
    hidden = definition.format(block("Hidden"))
    source = f"{block('A')} mod n {{ {hidden} {block('B')} }} {block('C')}".encode()
    inside = scan_source(source, without_macros(mask(source))).blocks
    assert [item.type_name for item in inside] == ["A", "B", "C"]
    assert [item.type_name for item in scan_source(source).blocks] == ["A", "Hidden", "B", "C"]


@pytest.mark.parametrize(
    ("around", "modules"),
    [
        ("mod größe {{ {} }}", ("größe",)),
        ("mod r#type {{ {} }}", ("type",)),
        ("pub(in crate::a) mod x {{ {} }}", ("x",)),
        ("#[allow(x)]\r\npub\r\nmod\r\nx\r\n{{ {} }}", ("x",)),
        ("fn f() -> ! {{ {} }}", ()),
        ("impl<T> S<T> {{ fn f() {{ {} }} }}", ()),
        ("fn f(x: bool) {{ if !x {{ {} }} }}", ()),
        ("mod a {{ fn f() {{ mod b {{ {} }} }} }}", ("a", "b")),
    ],
)
def test_what_a_block_stands_in(around: str, modules: tuple[str, ...]) -> None:
    (item,) = found(around.format(block("X")))
    assert item.modules == modules


@pytest.mark.parametrize(
    ("attribute", "path"),
    [
        ('#[path = "a/b.rs"]', "a/b.rs"),
        ('#[path = r"a/b.rs"]', "a/b.rs"),
        ('#[path = r#"a"b.rs"#]', 'a"b.rs'),
        ("", None),
    ],
)
def test_paths_of_declarations(attribute: str, path: str | None) -> None:
    (declaration,) = scan_source(f"{attribute} pub(crate) mod r#a;".encode()).declarations
    assert (declaration.name, declaration.path) == ("a", path)


@pytest.mark.parametrize(
    "piece",
    [
        "mod a {",
        "{",
        " include!(",
        " mod x;",
        "#[cfg(",
        "#![cfg(",
        "macro_rules! m {",
        'const _: () = {["Size of X"] [ ',
        '["Size of X"] [ - ',
        "/*",
        "r#",
        "'",
    ],
)
def test_hostile_input_is_gone_through_in_no_long_time(piece: str) -> None:
    source = (piece * (200_000 // len(piece)) + block("X")).encode()
    started = time.monotonic()
    for item in scan_source(source).blocks:
        item.assertions(source)
    assert time.monotonic() - started < 10  # seconds; a tenth of one is usual


@given(st.lists(st.sampled_from([*"{}()[]\"'#!;-,\n", "mod a ", "8usize", *PRETTYPLEASE.split()])))
def test_statements_of_whatever_is_found_lie_in_it(pieces: list[str]) -> None:
    source = (" ".join(pieces) + PRETTYPLEASE + " ".join(reversed(pieces))).encode()
    end = 0
    for item in scan_source(source).blocks:
        assert end <= item.start < item.end <= len(source)
        end = item.end
        assert item.line == source.count(b"\n", 0, item.start) + 1
        for one in item.assertions(source):
            assert item.start < one.start < one.end <= item.end
            assert one.line == source.count(b"\n", 0, one.start) + 1


def test_a_truncated_file() -> None:
    source = f"{block('A')} {PRETTYPLEASE}".encode()
    for length in range(len(source)):
        blocks = scan_source(source[:length]).blocks
        first, *rest = [item.type_name for item in blocks] or ["A"]
        assert first == "A"
        assert all("PyModuleDef".startswith(name) for name in rest)


def test_bytes_that_are_no_text() -> None:
    source = b"// \xff\xfe\n" + block("A").encode() + b"\xc3(" + block("B").encode()
    assert [item.type_name for item in scan_source(source).blocks] == ["A", "B"]
