"""Blocks are found whatever the formatter did, and only where they are items."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_cpython_sys.checkers.layout.masking import mask
from pytest_cpython_sys.checkers.layout.scan import LayoutBlock, scan_source

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


def test_template_instantiations_are_numbered_as_in_the_old_style() -> None:
    text = block("X").replace("Size of X", "Size of template specialization: Point_open0_close0")
    assert [item.test_name for item in found(text * 3)] == [
        "__bindgen_test_layout_Point_open0_close0_instantiation",
        "__bindgen_test_layout_Point_open0_close0_instantiation_1",
        "__bindgen_test_layout_Point_open0_close0_instantiation_2",
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        "// {}",
        "/// {}",
        "/* {} */",
        "/* /* */ {} */",
        'const T: &str = r#"{}"#;',
        'const T: &[u8] = br##"{} "# "##;',
        "macro_rules! m {{ () => {{ {} }} }}",
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


def test_predicates_around_a_block() -> None:
    source = (
        "#![cfg(top)]\n#[cfg(outer)] pub mod m { #![cfg(inner)]\n"
        f'#[allow(x)] #[cfg(feature = "y")] {block("A")} {block("B")} }} {block("C")}'
    )
    assert [item.cfgs for item in found(source)] == [
        ("top", "outer", "inner", 'feature = "y"'),
        ("top", "outer", "inner"),
        ("top",),
    ]


def test_a_block_among_a_macros_tokens_cannot_be_decided() -> None:
    (item,) = found(f"cfg_if! {{ if #[cfg(unix)] {{ {block('A')} }} }}")
    assert any(cfg.startswith("inside cfg_if!") for cfg in item.cfgs)


def test_includes_and_declarations() -> None:
    scan = scan_source(
        b'#[path = "x.rs"] #[cfg(unix)] pub mod a;\nmod ffi { include!(concat!("a", "b")); }\n'
        b"// mod not;\n"
    )
    (declaration,) = scan.declarations
    assert (declaration.name, declaration.path, declaration.cfgs) == ("a", "x.rs", ("unix",))
    (include,) = scan.includes
    assert (include.argument, include.modules, include.line) == ('concat!("a", "b")', ("ffi",), 2)


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
