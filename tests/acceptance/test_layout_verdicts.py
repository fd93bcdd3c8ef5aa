"""A layout test fails exactly where the layout differs, in both styles, with both values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.cargo import Cargo

from .conftest import outcomes, replace_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

CONST = "const-style/src/bindings.rs"
TEST = "test-style/src/bindings.rs"


def layouts(result: pytest.RunResult) -> dict[str, str]:
    """Return the layout items' type names and outcomes."""
    return {
        name.rpartition("bindgen_test_layout_")[2]: outcome
        for name, outcome in outcomes(result).items()
        if "bindgen_test_layout_" in name
    }


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest("--cpython-sys", "-rA", "-p", "no:cacheprovider", *arguments)


@pytest.mark.parametrize("style", ["const-style", "test-style"])
def test_all_layouts_of_the_checked_in_bindings_pass(
    pytester: pytest.Pytester, pregenerated: Path, style: str
) -> None:
    result = run(pytester, style)
    found = layouts(result)
    assert set(found.values()) == {"passed"}
    assert {"point", "label", "segment", "number", "permissions", "palette", "tagged"} <= set(found)
    assert len(found) == 10
    assert result.ret == 0


def test_a_changed_number_fails_that_type_alone_const_style(
    pytester: pytest.Pytester, pregenerated: Path
) -> None:
    replace_once(
        pregenerated / CONST,
        "[::core::mem::offset_of!(label, weight) - 8usize]",
        "[::core::mem::offset_of!(label, weight) - 4usize]",
    )
    result = run(pytester, "const-style")
    assert [name for name, outcome in layouts(result).items() if outcome != "passed"] == ["label"]
    assert layouts(result)["label"] == "failed"
    result.stdout.re_match_lines(
        [
            r".*const-style/src/bindings.rs:\d+: label is not laid out as the bindings recorded",
            r"\s+what\s+recorded\s+rustc",
            r"\s+offset of weight\s+4\s+8",
            r"run bindgen again for this target, or correct the type if it was edited",
        ]
    )
    assert result.ret == 1


def test_a_changed_number_fails_that_type_alone_test_style(
    pytester: pytest.Pytester, pregenerated: Path
) -> None:
    replace_once(
        pregenerated / TEST,
        'assert_eq!(::core::mem::size_of::<label>(), 24usize, "Size of label");',
        'assert_eq!(::core::mem::size_of::<label>(), 32usize, "Size of label");',
    )
    result = run(pytester, "test-style")
    assert [name for name, outcome in layouts(result).items() if outcome != "passed"] == ["label"]
    result.stdout.re_match_lines(
        [
            r".*test-style/src/bindings.rs:\d+: label is not laid out as the bindings recorded",
            r"\s+what\s+recorded\s+rustc",
            r"\s+size\s+32\s+24",
            r"run bindgen again for this target, or .*",
        ]
    )
    assert result.ret == 1


@pytest.mark.parametrize(
    ("style", "path"), [("const-style", CONST), ("test-style", TEST)], ids=["const", "test"]
)
def test_a_changed_field_type_fails_the_types_whose_layout_changes(
    pytester: pytest.Pytester, pregenerated: Path, style: str, path: str
) -> None:
    """``segment`` embeds ``point`` twice, ``tagged`` and its anonymous union embed it too."""
    replace_once(
        pregenerated / path,
        "pub struct point {\n    pub x: i32,",
        "pub struct point {\n    pub x: i64,",
    )
    library = pregenerated / style / "src" / "lib.rs"
    replace_once(
        library,
        "i64::from(segment.to.x) - i64::from(segment.from.x)",
        "segment.to.x - segment.from.x",
    )
    result = run(pytester, style)
    failed = {name for name, outcome in layouts(result).items() if outcome != "passed"}
    assert failed == {"point", "segment", "tagged", "tagged__bindgen_ty_1"}
    assert {layouts(result)[name] for name in failed} == {"failed"}
    result.stdout.re_match_lines([r".*: point is not laid out", r".*", r"\s+size\s+8\s+16"])
    assert result.ret == 1


BLOCK = """
#[repr(C)] pub struct {name} {{ pub a: u32, pub b: u64 }}
const _: () = {{
    ["Size of {name}"][::std::mem::size_of::<{name}>() - {size}usize];
    ["Alignment of {name}"][::std::mem::align_of::<{name}>() - 8usize];
    ["Offset of field: {name}::b"][::std::mem::offset_of!({name}, b) - 8usize];
}};
"""


def block(name: str, size: int = 16) -> str:
    return BLOCK.format(name=name, size=size)


def test_what_rustc_cannot_expand_has_no_layouts(pytester: pytest.Pytester, write: Write) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": block("A") + block("B", 24) + "\nfn broken( {}\n"})
    result = run(pytester)
    assert outcomes(result) == {"src/lib.rs::@build": "failed"}
    assert result.ret == 1


def test_an_unknown_field_type_leaves_the_others_unevaluated(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": block("A").replace("b: u64", "b: Missing") + block("B", 24) + block("C"),
        }
    )
    result = run(pytester)
    # rustc still evaluates B, which does not embed A: its own error is its own verdict.
    assert layouts(result) == {"A": "error", "B": "failed", "C": "error"}
    result.stdout.fnmatch_lines(["*not evaluated*", "*cannot find type `Missing`*"])


def test_another_error_inside_a_block_is_that_blocks(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": block("A").replace("pub b: u64", "pub bb: u64") + block("B"),
        }
    )
    result = run(pytester)
    assert layouts(result) == {"A": "failed", "B": "error"}
    result.stdout.fnmatch_lines(["*no field `b` on type `A`*"])


def test_a_block_under_a_false_cfg_is_no_item(pytester: pytest.Pytester, write: Write) -> None:
    source = (
        block("A")
        + block("W", 1).replace("const _", "#[cfg(windows)]\nconst _")
        + block("U").replace("const _", "#[cfg(unix)]\nconst _")
        + "#[cfg(test)] mod only_in_tests {"
        + block("T")
        + "}\n"
        + '#[cfg(feature = "off")] mod off {'
        + block("O", 1)
        + "}\n"
    )
    write({"Cargo.toml": "c", "src/lib.rs": source})
    result = run(pytester)
    assert layouts(result) == {"A": "passed", "U": "passed", "T": "passed"}
    assert result.ret == 0


def test_a_build_scripts_cfg_counts(pytester: pytest.Pytester, write: Write) -> None:
    source = (
        "#[cfg(mine)] mod m {" + block("M") + "}\n#[cfg(not(mine))] mod n {" + block("N") + "}\n"
    )
    write(
        {
            "Cargo.toml": "c",
            "build.rs": 'fn main() { println!("cargo:rustc-cfg=mine"); }',
            "src/lib.rs": "#![allow(unexpected_cfgs)]\n" + source,
        }
    )
    assert layouts(run(pytester)) == {"M": "passed"}


def test_what_a_macro_keeps_is_compiled(pytester: pytest.Pytester, write: Write) -> None:
    source = (
        "macro_rules! keep { ($($item:item)*) => { $($item)* } }\nkeep! {\n" + block("A") + "}\n"
    )
    write({"Cargo.toml": "c", "src/lib.rs": source})
    result = run(pytester)
    assert layouts(result) == {"A": "passed"}


def test_a_block_in_a_comment_or_a_string_is_no_item(
    pytester: pytest.Pytester, write: Write
) -> None:
    inner = block("Hidden", 1)
    source = (
        block("A")
        + f"/* {inner} /* nested */ {inner} */\n"
        + "".join(f"// {line}\n" for line in inner.splitlines())
        + f'pub const TEXT: &str = r#"{inner}"#;\n'
        + "macro_rules! never { () => {"
        + inner
        + "} }\n"
    )
    write({"Cargo.toml": "c", "src/lib.rs": source})
    result = run(pytester)
    assert layouts(result) == {"A": "passed"}


def test_inline_modules_are_levels_of_the_id(pytester: pytest.Pytester, write: Write) -> None:
    source = (
        "pub mod one {"
        + block("Same")
        + "}\npub mod two { pub mod deep {"
        + block("Same", 24)
        + "} }\n"
    )
    write({"Cargo.toml": "c", "src/lib.rs": source})
    result = run(pytester)
    found = outcomes(result)
    assert found["src/lib.rs::one::bindgen_test_layout_Same"] == "passed"
    assert found["src/lib.rs::two::deep::bindgen_test_layout_Same"] == "failed"


def test_a_generated_file_stands_under_the_file_that_includes_it(
    pytester: pytest.Pytester, write: Write
) -> None:
    generated = block("A") + "pub mod inner {" + block("B", 24) + "}"
    write(
        {
            "Cargo.toml": "c",
            "build.rs": 'fn main() { let dir = std::env::var("OUT_DIR").unwrap();\n'
            f'std::fs::write(dir + "/c_api.rs", r####"{generated}"####).unwrap(); }}',
            "src/lib.rs": "pub mod ffi {\n"
            '    include!(concat!(env!("OUT_DIR"), "/c_api.rs"));\n}\n',
        }
    )
    result = run(pytester)
    found = outcomes(result)
    assert found["src/lib.rs::ffi::bindgen_test_layout_A"] == "passed"
    assert found["src/lib.rs::ffi::inner::bindgen_test_layout_B"] == "failed"
    result.stdout.fnmatch_lines(
        ["*size*24*16*", "c_api.rs:*, generated by the build of c, included at src/lib.rs:2"]
    )


def test_every_mismatch_of_a_one_line_file_is_told_apart(
    pytester: pytest.Pytester, write: Write
) -> None:
    source = (block("A", 24) + block("B") + block("C", 8)).replace("\n", " ")
    write({"Cargo.toml": "c", "src/lib.rs": "\ufeff" + source})
    result = run(pytester)
    assert layouts(result) == {"A": "failed", "B": "passed", "C": "failed"}
    result.stdout.re_match_lines([r"\s+size\s+24\s+16", r"\s+size\s+8\s+16"])


def test_a_dependent_of_a_broken_crate_is_not_built(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": "a",
            "a/src/lib.rs": block("A", 24) + "\npub fn f() -> u8 { 1000_u32 }",
            "b/Cargo.toml": '[package]\nname = "b"\nversion = "0.1.0"\nedition = "2021"\n'
            '[dependencies]\na = { path = "../a" }\n',
            "b/src/lib.rs": "pub use a::A;" + block("B"),
        }
    )
    result = run(pytester)
    found = outcomes(result)
    assert found["a/src/lib.rs::bindgen_test_layout_A"] == "failed"
    # Nobody came as far as to ask what is in there.
    assert "b/src/lib.rs::bindgen_test_layout_B" not in found
    assert found["b/src/lib.rs::@build"] == "failed"
    result.stdout.fnmatch_lines(["*not built: a failed"])


def test_an_error_of_the_linker_alone_leaves_all_blocks_evaluated(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of its own unit, and of what cargo did not come to: rustc checks these."""
    library = """
    #[repr(C)] pub struct One { pub a: i64 }
    const _: () = { ["Size of One"][::std::mem::size_of::<One>() - 8usize]; };
    #[test] fn t() {}
    """
    shapes = """
    use ext::One;
    const _: () = { ["Size of One"][::std::mem::size_of::<One>() - 8usize]; };
    #[repr(C)] pub struct Two { pub a: i64 }
    const _: () = { ["Size of Two"][::std::mem::size_of::<Two>() - 16usize]; };
    """
    manifest = '[package]\nname = "ext"\nversion = "0.1.0"\nedition = "2021"\n[lib]\n'
    write(
        {
            "Cargo.toml": f'{manifest}crate-type = ["cdylib", "rlib"]\n',
            "src/lib.rs": library,
            "tests/shapes.rs": shapes,
        }
    )
    host = Cargo().toolchain.host.upper().replace("-", "_")
    monkeypatch.setenv(f"CARGO_TARGET_{host}_LINKER", "false")
    result = pytester.runpytest("--cpython-sys", "-rA")
    assert outcomes(result) == {
        "src/lib.rs::bindgen_test_layout_One": "passed",
        "src/lib.rs::@build": "failed",
        "tests/shapes.rs::bindgen_test_layout_One": "passed",
        "tests/shapes.rs::bindgen_test_layout_Two": "failed",
        "tests/shapes.rs::@build": "failed",
    }
    assert result.ret == 1
