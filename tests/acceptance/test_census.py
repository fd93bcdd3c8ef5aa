"""Which layout blocks there are, is rustc's word: what it compiled, and nothing else."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from .conftest import PACKAGE, outcomes, replace_once, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]


def block(name: str, recorded: int = 4) -> str:
    """Return a layout block of a type that has 4 bytes."""
    size = f"::std::mem::size_of::<{name}>()"
    return f'const _: () = {{ ["Size of {name}"][{size} - {recorded}usize]; }};'


def typed(name: str, recorded: int = 4) -> str:
    """Return a type of 4 bytes with its layout block."""
    return f"#[repr(C)] pub struct {name} {{ pub a: u32 }}\n{block(name, recorded)}\n"


def layouts(result: pytest.RunResult) -> dict[str, str]:
    return {
        name.replace("bindgen_test_layout_", ""): outcome
        for name, outcome in outcomes(result).items()
        if "bindgen_test_layout_" in name
    }


def test_a_crate_that_is_built_with_two_sets_of_features(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["dep", "user"]\nresolver = "2"\n',
            "dep/Cargo.toml": PACKAGE.format("dep") + "[features]\nextra = []\n",
            "dep/src/lib.rs": "#[repr(C)] pub struct T { pub a: u32 }\n"
            f'#[cfg(not(feature = "extra"))] {block("T", 8)}\n'
            f'#[cfg(feature = "extra")] pub mod extra {{ {typed("E")} }}\n'
            f"pub mod both {{ {typed('B')} }}\n",
            "user/Cargo.toml": PACKAGE.format("user")
            + '[dependencies]\ndep = { path = "../dep" }\n'
            '[build-dependencies]\ndep = { path = "../dep", features = ["extra"] }\n',
            "user/build.rs": "fn main() { let _ = dep::extra::E { a: 1 }; }\n",
            "user/src/lib.rs": "pub use dep::T;\n",
        }
    )
    result = run(pytester)
    assert layouts(result) == {
        "dep/src/lib.rs::T": "failed",
        "dep/src/lib.rs::extra::E": "passed",
        "dep/src/lib.rs::both::B": "passed",
    }
    result.stdout.fnmatch_lines(["*as compiled without features*"])
    assert result.ret == 1


@pytest.mark.parametrize(
    ("source", "files"),
    [
        pytest.param('pub const TEXT: &str = include_str!("b.rs");', {}, id="include_str"),
        pytest.param('#[doc = include_str!("b.rs")] pub fn f() {}', {}, id="doc"),
        pytest.param(f"macro_rules! never {{ () => {{ {typed('T', 9)} }} }}", {}, id="not-called"),
        pytest.param(
            f"#[cfg(wasm)] mod w {{ {typed('T', 9)} }}",
            {
                ".cargo/config.toml": "[target.wasm32-unknown-unknown]\n"
                'rustflags = ["--cfg", "wasm"]\n'
            },
            id="flags-of-another-target",
        ),
        pytest.param(
            f"#[cfg(any())] pub fn f(_: [u8; 4]) {{ {typed('T', 9)} }}", {}, id="cfg-of-a-function"
        ),
        pytest.param(
            f"macro_rules! m {{ ($($t:tt)*) => {{}} }}\nm!( {typed('T', 9)} );", {}, id="dropped"
        ),
        pytest.param(f"#[cfg_attr(all(), cfg(any()))] mod w {{ {typed('T', 9)} }}", {}, id="attr"),
        pytest.param(f"pub mod w {{ #![cfg(any())] {typed('T', 9)} }}", {}, id="inner-cfg"),
        pytest.param(f"/// ```text\n/// {block('T', 9)}\n/// ```\npub fn f() {{}}", {}, id="words"),
    ],
)
def test_what_is_not_compiled_is_no_item(
    pytester: pytest.Pytester, write: Write, source: str, files: Mapping[str, str]
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": source, "src/b.rs": typed("T", 9), **files})
    result = run(pytester)
    assert layouts(result) == {}
    assert "did not build" not in str(result.stdout)


def test_an_attribute_macro_that_drops_its_item(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["mac", "c"]\nresolver = "2"\n',
            "mac/Cargo.toml": PACKAGE.format("mac") + "[lib]\nproc-macro = true\n",
            "mac/src/lib.rs": "use proc_macro::TokenStream;\n"
            "#[proc_macro_attribute] pub fn drop_it(_: TokenStream, _: TokenStream)"
            ' -> TokenStream { println!("const _: () = {{"); TokenStream::new() }\n'
            "#[proc_macro_attribute] pub fn keep_it(_: TokenStream, item: TokenStream)"
            " -> TokenStream { item }\n",
            "c/Cargo.toml": PACKAGE.format("c") + '[dependencies]\nmac = { path = "../mac" }\n',
            "c/src/lib.rs": f"#[mac::drop_it] mod dropped {{ {typed('T', 9)} }}\n"
            f"#[mac::keep_it] pub mod kept {{ {typed('K')} }}\n",
        }
    )
    result = run(pytester)
    assert layouts(result) == {"c/src/lib.rs::kept::K": "passed"}


def test_a_type_that_is_wrong_itself_is_not_evaluated(
    pytester: pytest.Pytester, write: Write
) -> None:
    source = f"pub struct T {{ pub a: [u8; 3 - 4] }}\n{block('T')}\n{typed('U')}"
    write({"Cargo.toml": "c", "src/lib.rs": source})
    result = run(pytester)
    assert layouts(result) == {"src/lib.rs::T": "error", "src/lib.rs::U": "error"}
    assert result.ret == 1


@pytest.mark.parametrize(
    "statements",
    [
        '["Size of T"][8usize - 8usize];',
        '["Size of U"][::std::mem::size_of::<T>() - 4usize];',
        '["Size of T"][::std::mem::align_of::<T>() - 2usize];',
        '["Offset of field: T::b"][::std::mem::offset_of!(T, a) - 0usize];',
        '["Size of T", "of U"][::std::mem::size_of::<T>() - 4usize];',
        '["Size of T"][::std::mem::size_of::<T>() - N];',
        '["Size of T"][::std::mem::size_of::<T>() - 2usize - 2usize];',
        'if false { ["Size of T"][::std::mem::size_of::<T>() - 5usize]; }',
        (
            '["Size of T"][::std::mem::size_of::<T>() - 4usize]; '
            '["Alignment of U"][::std::mem::align_of::<U>() - 2usize];'
        ),
    ],
)
def test_what_bindgen_would_not_write_is_skipped(
    pytester: pytest.Pytester, write: Write, statements: str
) -> None:
    types = "".join(f"#[repr(C)] pub struct {name} {{ pub a: u32, }}\n" for name in "TU")
    types = types.replace("pub a: u32, }", "pub a: u16, pub b: u16 }")
    source = f"#![allow(warnings)]\n{types}const N: usize = 4;\nconst _: () = {{ {statements} }};\n"
    write({"Cargo.toml": "c", "src/lib.rs": source + typed("Right")})
    result = run(pytester)
    assert layouts(result) == {"src/lib.rs::Right": "passed"}
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*1 layout block is not in the form that bindgen writes: skipped*",
            "SKIPPED*not in the form that bindgen writes*",
        ]
    )
    assert result.ret == 0


def test_a_shadowed_function_is_not_the_standard_librarys(
    pytester: pytest.Pytester, write: Write
) -> None:
    source = "#![allow(warnings)]\n#[repr(C)] pub struct T { pub a: u32 }\n"
    source += "mod m { use super::T; const fn size_of<X>() -> usize { 9 }\n"
    source += 'const _: () = { ["Size of T"][size_of::<T>() - 9usize]; }; }\n'
    write({"Cargo.toml": "c", "src/lib.rs": source})
    run(pytester).assert_outcomes(skipped=1)


CFG_IF = """
macro_rules! cfg_if {
    (if #[cfg($yes:meta)] { $($then:tt)* } else { $($otherwise:tt)* }) => {
        #[cfg($yes)] keep! { $($then)* }
        #[cfg(not($yes))] keep! { $($otherwise)* }
    };
}
macro_rules! keep { ($($t:tt)*) => { $($t)* } }
"""


def test_an_include_within_a_macro(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": PACKAGE.format("c") + '[features]\ndefault = ["live"]\nlive = []\n',
            "build.rs": "fn main() {\n"
            '    let out = std::env::var("OUT_DIR").unwrap();\n'
            f'    std::fs::write(format!("{{out}}/bindings.rs"), r#"{typed("T")}"#).unwrap();\n'
            "}\n",
            "src/lib.rs": CFG_IF + 'cfg_if! { if #[cfg(feature = "live")] '
            '{ include!(concat!(env!("OUT_DIR"), "/bindings.rs")); } '
            f"else {{ {typed('Other', 9)} }} }}\n",
        }
    )
    result = run(pytester)
    assert layouts(result) == {"src/lib.rs::T": "passed"}
    assert result.ret == 0


def test_what_cargo_test_does_not_build(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": PACKAGE.format("c") + "[features]\nmore = []\n"
            '[[example]]\nname = "e"\nrequired-features = ["more"]\n',
            "src/lib.rs": typed("T"),
            "benches/b.rs": typed("B") + "fn main() {}\n",
            "examples/e.rs": typed("E", 9) + "fn main() {}\n",
        }
    )
    result = run(pytester, "-v")
    assert layouts(result) == {"src/lib.rs::T": "passed"}
    result.stdout.fnmatch_lines(
        [
            "2 files with layout blocks skipped, because `cargo test` does not build them",
            "    examples/e.rs: * needs the features more",
            "    benches/b.rs: * is not built for tests",
        ],
    )
    assert result.ret == 0


def test_a_program_that_is_built_for_a_test_has_layouts(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": PACKAGE.format("c") + '[[bin]]\nname = "tool"\npath = "src/tool.rs"\n'
            "test = false\n",
            "src/tool.rs": typed("T", 8) + "fn main() {}\n",
            "tests/t.rs": "#[test] fn runs() {}\n",
        }
    )
    result = run(pytester)
    assert layouts(result) == {"src/tool.rs::T": "failed"}
    assert result.ret == 1


@pytest.mark.parametrize("name", ["bindings.inc", "bindings", "bindings.rs.txt", "../gen/b.in"])
def test_a_file_of_any_name(pytester: pytest.Pytester, write: Write, name: str) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": f'pub mod ffi {{ include!("{name}"); }}',
            f"src/{name}": typed("T") + "pub mod inner { pub use super::T; " + typed("U", 8) + "}",
        }
    )
    result = run(pytester)
    file = f"gen/{name.rpartition('/')[2]}" if ".." in name else f"src/{name}"
    assert layouts(result) == {f"{file}::T": "passed", f"{file}::inner::U": "failed"}


def test_a_program_that_loads_its_library(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": PACKAGE.format("c") + '[lib]\ncrate-type = ["dylib"]\n',
            "src/lib.rs": typed("T"),
            "src/main.rs": typed("M", 8) + "fn main() { let _ = c::T { a: 1 }; }\n",
        }
    )
    result = run(pytester)
    assert layouts(result) == {"src/lib.rs::T": "passed", "src/main.rs::M": "failed"}


def test_a_library_that_an_example_uses_has_its_blocks_once(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": typed("T"),
            "examples/e.rs": "fn main() { let _ = c::T { a: 1 }; }\n",
            "tests/t.rs": "#[test] fn t() { let _ = c::T { a: 1 }; }\n",
        }
    )
    result = run(pytester)
    assert outcomes(result) == {
        "src/lib.rs::bindgen_test_layout_T": "passed",
        "tests/t.rs::t": "passed",
    }


def test_bindings_that_two_targets_share(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/bindings.rs": block("T"),
            "src/lib.rs": '#[repr(C)] pub struct T(pub u32);\ninclude!("bindings.rs");\n',
            "src/main.rs": '#[repr(C)] pub struct T(pub u64);\ninclude!("bindings.rs");\n'
            "fn main() { let _ = T(1); }\n",
        }
    )
    result = run(pytester)
    assert layouts(result) == {
        "src/bindings.rs::T": "passed",
        "src/bindings.rs::@bin-c::T": "failed",
    }
    assert result.ret == 1


def test_each_place_that_a_block_may_have(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "pub mod a;\n"
            '#[path = "odd/place.rs"] pub mod renamed;\n'
            f"pub mod inline {{ pub mod deep {{ {typed('D')} }} pub mod file; }}\n"
            f"macro_rules! made {{ () => {{ {typed('M')} }} }}\n"
            "pub mod first { made!(); }\npub mod second { made!(); }\n"
            f"pub fn f() {{ {typed('F')} let _ = F {{ a: 1 }}; }}\n"
            "macro_rules! named { ($t:ident) => { #[repr(C)] pub struct $t { pub a: u32 }\n"
            'const _: () = { [concat!("Size of ", stringify!($t))]'
            "[::std::mem::size_of::<$t>() - 4usize]; }; } }\nnamed!(N);\n",
            "src/a.rs": typed("T") + "pub mod b;\n",
            "src/a/b.rs": typed("T"),
            "src/odd/place.rs": typed("T"),
            "src/inline/file.rs": typed("T"),
        }
    )
    result = run(pytester)
    assert layouts(result) == dict.fromkeys(
        [
            "src/lib.rs::inline::deep::D",
            "src/lib.rs::first::M",
            "src/lib.rs::second::M",
            "src/lib.rs::F",
            "src/lib.rs::N",
            "src/a.rs::T",
            "src/a/b.rs::T",
            "src/odd/place.rs::T",
            "src/inline/file.rs::T",
        ],
        "passed",
    )


def test_a_file_that_a_macro_includes_twice(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": 'macro_rules! m { () => { include!("more.in"); } }\n'
            "pub mod one { m!(); }\npub mod two { m!(); }\n"
            'pub mod three { include!("called.in"); }\n',
            "src/called.in": f"macro_rules! c {{ () => {{ {typed('C')} }} }}\n"
            "pub mod first { c!(); }\npub mod second { c!(); }\n",
            "src/more.in": typed("T") + "pub mod inner { " + typed("I") + " }",
        }
    )
    result = run(pytester)
    assert layouts(result) == {
        "src/more.in::T": "passed",
        "src/more.in::inner::I": "passed",
        "src/called.in::first::C": "passed",
        "src/called.in::second::C": "passed",
    }


def test_a_module_in_a_function(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": 'pub fn f() { mod inner { include!("more.rs"); } }\n' + typed("T"),
            "src/more.rs": typed("W", 8),
        }
    )
    result = run(pytester)
    assert layouts(result) == {"src/more.rs::W": "failed", "src/lib.rs::T": "passed"}


def test_of_two_calls_of_a_macro_the_wrong_one_fails(
    pytester: pytest.Pytester, write: Write
) -> None:
    source = (
        "macro_rules! made { ($of:ty) => { #[repr(C)] pub struct M { pub a: $of }\n"
        'const _: () = { ["Size of M"][::std::mem::size_of::<M>() - 4usize]; }; } }\n'
        "pub mod first { made!(u32); }\npub mod second { made!(u64); }\n"
    )
    write({"Cargo.toml": "c", "src/lib.rs": source})
    result = run(pytester)
    assert layouts(result) == {"src/lib.rs::first::M": "passed", "src/lib.rs::second::M": "failed"}


def shared_dependency(wrong: int) -> dict[str, str]:
    """Return a workspace in which a package alone would have a dependency of another kind."""
    return {
        "Cargo.toml": '[workspace]\nmembers = ["a", "b", "d"]\nresolver = "2"\n',
        "d/Cargo.toml": PACKAGE.format("d") + "[features]\nx = []\n",
        "d/src/lib.rs": "#[macro_export] macro_rules! keep { ($($t:tt)*) => "
        '{ $crate::keep_if! { $($t)* } } }\n#[cfg(feature = "x")] #[macro_export] '
        "macro_rules! keep_if { ($($t:tt)*) => { $($t)* } }\n"
        '#[cfg(not(feature = "x"))] #[macro_export] '
        "macro_rules! keep_if { ($($t:tt)*) => {} }\n",
        "a/Cargo.toml": PACKAGE.format("a") + '[dependencies]\nd = { path = "../d", '
        'features = ["x"] }\n',
        "a/src/lib.rs": "",
        "b/Cargo.toml": PACKAGE.format("b") + '[dependencies]\nd = { path = "../d" }\n',
        "b/src/lib.rs": "#[repr(C)] pub struct T { pub a: u32 }\n"
        f"d::keep!({block('T', wrong)});\n",
    }


@pytest.mark.parametrize(("options", "wrong"), [([], 4), ([], 8), (["--cargo-profile=release"], 4)])
def test_features_are_those_of_the_whole_workspace(
    pytester: pytest.Pytester, write: Write, options: list[str], wrong: int
) -> None:
    write(shared_dependency(wrong))
    result = run(pytester, *options)
    assert layouts(result) == {"b/src/lib.rs::T": "passed" if wrong == 4 else "failed"}
    profile = [f"--{word.partition('=')[2]}" for word in options]
    again = subprocess.run(
        ["cargo", "test", "--no-run", "--workspace", "-v", *profile],
        cwd=pytester.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert wrong == 8 or "Dirty" not in again.stderr, "the user's cargo compiles nothing again"


def test_of_one_package_features_are_its_own(pytester: pytest.Pytester, write: Write) -> None:
    write(shared_dependency(8))
    result = run(pytester, "--cargo-package=b")
    assert layouts(result) == {}, "without the feature, the macro drops the block"
    assert result.ret in (0, 5)


def test_nothing_is_asked_again_while_nothing_changes(
    pytester: pytest.Pytester, write: Write
) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": typed("T")})
    log = root / "log"
    (root / "wrapper").write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec "$@"\n', encoding="utf-8")
    (root / "wrapper").chmod(0o755)
    (root / ".cargo").mkdir()
    (root / ".cargo/config.toml").write_text(
        f'[build]\nrustc-wrapper = "{root / "wrapper"}"\n', encoding="utf-8"
    )
    assert layouts(run(pytester)) == {"src/lib.rs::T": "passed"}
    assert log.read_text(encoding="utf-8").count("-Zunpretty=expanded") == 2
    log.unlink()
    assert layouts(run(pytester)) == {"src/lib.rs::T": "passed"}
    assert not log.exists() or "--crate-name c " not in log.read_text(encoding="utf-8")
    kept = next(root.glob("target/cpython-sys-cache/census/*.json"))
    sound = json.loads(kept.read_text())
    parts = [{**sound, part: dict.fromkeys(sound[part], 7)} for part in sound]
    damages: list[object] = [[], None, dict.fromkeys(sound, 7), *parts, "cut off"]
    for damage in damages:
        kept.write_text(json.dumps(damage)[: -1 if damage == "cut off" else None], encoding="utf-8")
        if damage == parts[0]:
            replace_once(root / "src/lib.rs", "pub a", "pub  a")
        assert layouts(run(pytester)) == {"src/lib.rs::T": "passed"}


def test_nor_where_a_question_has_to_compile_again(
    pytester: pytest.Pytester,
    write: Write,
    cargo_calls: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A crate that build scripts share with the workspace is another unit for a package alone."""
    monkeypatch.delenv("CARGO_PROFILE_DEV_DEBUG")
    shared = '[{}dependencies]\nshared = {{ path = "../shared" }}\n'
    write(
        {
            "Cargo.toml": "[workspace]\nmembers = ['c', 'helper']\nresolver = '2'\n",
            "c/Cargo.toml": PACKAGE.format("c") + shared.format("build-"),
            "c/build.rs": "fn main() { shared::f() }\n",
            "c/src/lib.rs": typed("T"),
            "helper/Cargo.toml": PACKAGE.format("helper") + shared.format(""),
            "helper/src/lib.rs": "pub fn g() { shared::f() }\n",
            "shared/Cargo.toml": "shared",
            "shared/src/lib.rs": "pub fn f() {}\n",
        }
    )
    assert layouts(run(pytester)) == {"c/src/lib.rs::T": "passed"}
    assert "rustc" in cargo_calls()
    assert layouts(run(pytester)) == {"c/src/lib.rs::T": "passed"}
    assert "rustc" not in cargo_calls()


def test_with_a_linker_that_fails_the_blocks_are_evaluated(
    pytester: pytest.Pytester, write: Write
) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": typed("T")})
    (root / ".cargo").mkdir()
    (root / ".cargo/config.toml").write_text('[build]\nrustflags = ["-Clinker=false"]\n')
    result = run(pytester)
    assert layouts(result) == {"src/lib.rs::T": "passed"}
    assert outcomes(result)["src/lib.rs::@build"] == "failed"
    assert result.ret == 1


def test_a_compiler_that_does_not_answer_is_an_error(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": typed("T") + "#[test] fn runs() {}\n"})
    wrapper = root / "wrapper"
    wrapper.write_text(
        '#!/bin/sh\ncase "$*" in *-Zunpretty*) echo "no such thing" >&2; exit 1 ;; esac\n'
        'exec "$@"\n',
        encoding="utf-8",
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("RUSTC_WRAPPER", str(wrapper))
    result = run(pytester)
    assert outcomes(result) == {"src/lib.rs::@build": "error", "src/lib.rs::runs": "passed"}
    result.stdout.fnmatch_lines(["*cannot list its layout tests*", "*no such thing*"])
    assert result.ret == 1


def test_beside_a_failure_only_what_cargo_test_builds_is_there(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b", "d"]\nresolver = "2"\n',
            "d/Cargo.toml": PACKAGE.format("d") + '[lib]\ntest = false\ncrate-type = ["cdylib"]\n',
            "d/src/lib.rs": typed("D", 8),
            "a/Cargo.toml": PACKAGE.format("a") + "[features]\nextra = []\n"
            '[[bin]]\nname = "tool"\npath = "src/tool.rs"\ntest = false\n'
            '[[example]]\nname = "e"\nrequired-features = ["extra"]\n'
            '[[example]]\nname = "tested"\ntest = true\n',
            "a/examples/tested.rs": "#[repr(C)] pub struct X { pub a: u32,\n"
            f"#[cfg(not(test))] pub b: u32 }}\n{block('X')}\n{typed('W', 8)}\nfn main() {{}}\n",
            "a/examples/plain.rs": "fn main() {}\n",
            "a/src/lib.rs": typed("A", 8) + "#[test] fn runs() {}\n",
            "a/src/tool.rs": typed("T", 8) + "fn main() {}\n",
            "a/examples/e.rs": typed("E", 8) + "fn main() {}\n",
            "b/Cargo.toml": PACKAGE.format("b") + "[build-dependencies]\n"
            'a = { path = "../a", features = ["extra"] }\n',
            "b/build.rs": "fn main() {}\n",
            "b/src/lib.rs": typed("B") + "#[test] fn runs() {}\n",
        }
    )
    result = run(pytester)
    assert outcomes(result) == {
        "a/src/lib.rs::bindgen_test_layout_A": "failed",
        "a/src/lib.rs::runs": "passed",
        "a/examples/tested.rs::bindgen_test_layout_X": "passed",
        "a/examples/tested.rs::bindgen_test_layout_W": "failed",
        "b/src/lib.rs::bindgen_test_layout_B": "passed",
        "b/src/lib.rs::runs": "passed",
    }
    assert result.ret == 1


def test_what_failed_after_the_layouts_of_its_dependency(
    pytester: pytest.Pytester, write: Write
) -> None:
    features = "[features]\ndefault = [{}]\nextra = []\nlive = []\n"
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "1"\n',
            "a/Cargo.toml": PACKAGE.format("a") + features.format(""),
            "a/src/lib.rs": typed("A", 8),
            "b/Cargo.toml": PACKAGE.format("b")
            + features.format('"live"')
            + '[dependencies]\na = { path = "../a" }\n'
            '[build-dependencies]\na = { path = "../a", features = ["extra"] }\n'
            '[[bin]]\nname = "some-tool"\npath = "src/tool.rs"\ntest = false\n',
            "b/build.rs": "fn main() {}\n",
            "b/src/tool.rs": typed("T", 8) + "fn main() {}\n",
            "b/examples/e.rs": typed("E", 8) + "fn main() {}\n",
            "b/tests/t.rs": "#[test] fn runs() {}\n",
        }
    )
    result = run(pytester)
    assert outcomes(result) == {
        "a/src/lib.rs::bindgen_test_layout_A": "failed",
        "b/src/tool.rs::bindgen_test_layout_T": "failed",
        "b/examples/e.rs::bindgen_test_layout_E": "failed",
        "b/tests/t.rs::runs": "passed",
    }


def test_one_set_of_features_on_two_platforms(pytester: pytest.Pytester, write: Write) -> None:
    """With a triple in the configuration, what build scripts need is compiled a second time."""
    host = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    triple = next(line[6:] for line in host.splitlines() if line.startswith("host: "))
    write(
        {
            ".cargo/config.toml": f'[build]\ntarget = "{triple}"\n',
            "Cargo.toml": '[workspace]\nmembers = ["dep", "user"]\nresolver = "1"\n',
            "dep/Cargo.toml": PACKAGE.format("dep"),
            "dep/build.rs": 'fn main() { println!("cargo::rerun-if-changed=build.rs");'
            f'std::fs::write(std::env::var("OUT_DIR").unwrap() + "/b.rs", r#"{typed("G", 8)}"#)'
            ".unwrap(); }\n",
            "dep/src/lib.rs": f'{typed("T")} include!(concat!(env!("OUT_DIR"), "/b.rs"));\n'
            "#[test] fn runs() {}\n",
            "user/Cargo.toml": PACKAGE.format("user")
            + '[dependencies]\ndep = { path = "../dep" }\n'
            '[build-dependencies]\ndep = { path = "../dep" }\n',
            "user/build.rs": "fn main() {}\n",
            "user/src/lib.rs": "#[test] fn runs() {}\n",
        }
    )
    assert outcomes(run(pytester)) == {
        "dep/src/lib.rs::bindgen_test_layout_T": "passed",
        "dep/src/lib.rs::bindgen_test_layout_G": "failed",
        "dep/src/lib.rs::runs": "passed",
        "user/src/lib.rs::runs": "passed",
    }


@pytest.mark.parametrize("default", ["", '"fast"'])
def test_what_a_build_script_or_flags_call_a_feature_is_none(
    pytester: pytest.Pytester, write: Write, default: str
) -> None:
    write(
        {
            ".cargo/config.toml": '[build]\nrustflags = ["--cfg", "feature=\\"flag\\""]\n',
            "Cargo.toml": PACKAGE.format("c") + f"[features]\ndefault = [{default}]\nfast = []\n",
            "build.rs": 'fn main() { println!("cargo:rustc-cfg=feature=\\"fast\\""); }\n',
            "src/lib.rs": f'#[cfg(feature = "fast")] pub mod fast {{ {typed("T")} }}\n'
            "#[test] fn runs() {}\n",
        }
    )
    assert outcomes(run(pytester)) == {
        "src/lib.rs::fast::bindgen_test_layout_T": "passed",
        "src/lib.rs::runs": "passed",
    }
