"""Tests and doctests in files that a build script wrote: they stand under what includes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

LAYOUT = """
#[repr(C)] pub struct T { pub a: u64 }
#[test] fn bindgen_test_layout_T() {
    assert_eq!(::std::mem::size_of::<T>(), 12usize, "Size of: T");
}
#[test] fn plain() {}
"""
DOCTEST = """
/// ```
/// assert_eq!(c::wrong(), 2);
/// ```
pub fn wrong() -> i32 { 1 }
"""


def script(**files: str) -> str:
    """Return a build script that writes ``NAME.rs`` for each text."""
    lines = [
        f'    std::fs::write(format!("{{out}}/{name}.rs"), r##"{text}"##).unwrap();'
        for name, text in files.items()
    ]
    return "\n".join(
        ["fn main() {", '    let out = std::env::var("OUT_DIR").unwrap();', *lines, "}", ""]
    )


def include(name: str) -> str:
    return f'include!(concat!(env!("OUT_DIR"), "/{name}.rs"));\n'


SINGLE = {
    "Cargo.toml": "c",
    "build.rs": script(generated=LAYOUT + DOCTEST),
    "src/lib.rs": include("generated"),
}
PYTHON = "def test_python(): pass\n"
WRONG = {
    "src/lib.rs::bindgen_test_layout_T": "failed",
    "src/lib.rs::plain": "passed",
    "src/lib.rs::@doctest::wrong::1": "failed",
}


def test_a_package_with_its_own_target_directory(pytester: pytest.Pytester, write: Write) -> None:
    write(SINGLE)
    result = run(pytester)
    assert outcomes(result) == WRONG
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    for name, outcome in WRONG.items():
        assert outcomes(run(pytester, name)) == {name: outcome}


@pytest.mark.parametrize("where", ["output", "../outside"])
@pytest.mark.parametrize("how", ["variable", "option", "args", "configured", "build-dir"])
def test_wherever_cargo_builds(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    where: str,
) -> None:
    root = write({f"package/{name}": text for name, text in SINGLE.items()})
    monkeypatch.chdir(root / "package")
    arguments = []
    if how == "variable":
        monkeypatch.setenv("CARGO_TARGET_DIR", where)
    elif how == "option":
        arguments = [f"--cargo-target-dir={where}"]
    elif how == "args":
        arguments = [f"--cargo-args=--target-dir {where}"]
    else:
        key = "target-dir" if how == "configured" else "build-dir"
        write({"package/.cargo/config.toml": f'[build]\n{key} = "{where}"\n'})
    result = run(pytester, *arguments)
    assert outcomes(result) == WRONG
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_member_of_a_workspace(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["c"]\nresolver = "2"\n',
            **{f"c/{name}": text for name, text in SINGLE.items()},
        }
    )
    assert outcomes(run(pytester)) == {f"c/{name}": outcome for name, outcome in WRONG.items()}


MODULES = {
    "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n',
    "build.rs": script(
        one="pub mod deep { #[test] fn t() {} }\n" + DOCTEST.replace("wrong", "ffi::one::wrong"),
        two="#[test] fn t() { panic!() }\n",
        outer='include!(concat!(env!("OUT_DIR"), "/inner.rs"));',
        inner="#[test] fn nested() {}\n",
    ).replace("fn ffi::one::wrong", "fn wrong"),
    "src/lib.rs": "pub mod ffi;\nmod same { pub mod more; }\nmod nest { "
    + include("outer")
    + "}\n",
    "src/ffi.rs": "pub mod one { " + include("one") + "}\nmod two { " + include("two") + "}\n",
    "src/same/more.rs": "mod two { " + include("two") + "}\n",
    "src/main.rs": "fn main() {}\n" + include("two"),
    "tests/shape.rs": "mod part;\n",
    "tests/part/mod.rs": include("two"),
}


def test_modules_targets_and_one_file_in_many_places(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(MODULES)
    result = run(pytester)
    assert outcomes(result) == {
        "src/ffi.rs::ffi::one::deep::t": "passed",
        "src/ffi.rs::ffi::two::t": "failed",
        "src/ffi.rs::@doctest::ffi::one::wrong::1": "failed",
        "src/same/more.rs::same::more::two::t": "failed",
        "src/lib.rs::nest::nested": "passed",
        "src/main.rs::t": "failed",
        "tests/part/mod.rs::@test-shape::part::t": "failed",
    }


SHARED = {
    "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nexclude = ["outside"]\nresolver = "2"\n',
    "a/Cargo.toml": '[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\nlinks = "a"\n',
    "a/build.rs": script(shared='#[test] fn t() { assert!(cfg!(feature = "x")) }\n').replace(
        "fn main() {",
        'fn main() {\n    println!("cargo::metadata=DIR={}", std::env::var("OUT_DIR").unwrap());',
    ),
    "a/src/lib.rs": include("shared"),
    "b/Cargo.toml": '[package]\nname = "b"\nversion = "0.1.0"\nedition = "2021"\n'
    '[features]\ndefault = ["x"]\nx = []\n[dependencies]\na = { path = "../a" }\n',
    "b/build.rs": "fn main() {\n"
    '    let dir = std::env::var("DEP_A_DIR").unwrap();\n'
    '    println!("cargo::rustc-env=SHARED={dir}");\n}\n',
    "b/src/lib.rs": "mod of_a;\n",
    "b/src/of_a.rs": 'include!(concat!(env!("SHARED"), "/shared.rs"));\n',
}


def test_two_crates_share_a_generated_file(pytester: pytest.Pytester, write: Write) -> None:
    write(SHARED)
    assert outcomes(run(pytester)) == {
        "a/src/lib.rs::t": "failed",
        "b/src/of_a.rs::of_a::t": "passed",
    }


def test_a_macro_includes_it(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "build.rs": script(generated=LAYOUT + DOCTEST),
            "src/lib.rs": "mod inner;\n",
            "src/inner.rs": "macro_rules! generated { ($name:literal) => {\n"
            '    include!(concat!(env!("OUT_DIR"), "/", $name, ".rs"));\n} }\n'
            'generated!("generated");\npub use self::wrong as other;\n',
        }
    )
    found = outcomes(run(pytester))
    # Where a macro includes it, no text says so: then the root file stands in.
    assert {name.partition("::")[2]: how for name, how in found.items()} == {
        "inner::bindgen_test_layout_T": "failed",
        "inner::plain": "passed",
        "@doctest::inner::wrong::1": "failed",
    }
    for name, how in found.items():
        assert name.startswith(("src/lib.rs::", "src/inner.rs::"))
        assert outcomes(run(pytester, name)) == {name: how}


def test_a_module_in_a_file_of_its_own_beside_the_generated_one(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": "c",
            "build.rs": script(top="mod below;\n", below="#[test] fn t() { panic!() }\n"),
            "src/lib.rs": "mod ffi { " + include("top") + "}\n",
        }
    )
    assert outcomes(run(pytester)) == {"src/lib.rs::ffi::below::t": "failed"}


def test_a_module_that_only_rustdoc_reads(pytester: pytest.Pytester, write: Write) -> None:
    """No compiler's list of files leads there, but the text does."""
    write(
        {
            "Cargo.toml": "c",
            "build.rs": script(generated=DOCTEST),
            "src/lib.rs": "#[cfg(doctest)]\npub mod only;\n",
            "src/only.rs": "pub mod inner;\n",
            "src/only/inner.rs": include("generated"),
        }
    )
    result = run(pytester, "--cpython-sys")
    assert "src/only/inner.rs::@doctest::only::inner::wrong::1" in outcomes(result)


def test_a_file_that_a_macro_includes_reads_the_generated_one(
    pytester: pytest.Pytester, write: Write
) -> None:
    """In whatever modules the macro is called: the block stands under that file, once."""
    size = 'const _: () = { ["Size of T"][::std::mem::size_of::<T>() - 8usize]; };'
    write(
        {
            "Cargo.toml": "c",
            "build.rs": script(generated=f"#[repr(C)] pub struct T {{ pub a: u64 }}\n{size}\n"),
            "src/lib.rs": 'macro_rules! body { () => { include!("part.rs"); } }\n'
            "pub mod one { body!(); }\npub mod two { body!(); }\n",
            "src/part.rs": include("generated"),
        }
    )
    result = run(pytester, "--cpython-sys")
    assert outcomes(result) == {"src/part.rs::bindgen_test_layout_T": "passed"}


def test_ids_hold_nothing_of_this_build(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two builds in two directories, with other features: the same ids."""
    text = SINGLE["build.rs"] + "// again\n"
    manifest = '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2024"\n[features]\nx = []\n'
    write({**SINGLE, "Cargo.toml": manifest})
    first = outcomes(run(pytester))
    write({"build.rs": text})
    monkeypatch.setenv("CARGO_TARGET_DIR", "../another")
    assert outcomes(run(pytester, "--cargo-features=x")) == first == WRONG


@pytest.mark.parametrize("where", ["target", "output"])
def test_beside_a_layout_that_is_wrong(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """The tests are those of the second build, in another directory."""
    block = """
#[repr(C)] pub struct B { pub b: u32 }
const _: () = { ["Size of B"][::std::mem::size_of::<B>() - 8usize]; };
"""
    write({**SINGLE, "build.rs": script(generated=LAYOUT + DOCTEST + block)})
    monkeypatch.setenv("CARGO_TARGET_DIR", where)
    result = run(pytester)
    assert outcomes(result) == {**WRONG, "src/lib.rs::bindgen_test_layout_B": "failed"}
    result.stdout.fnmatch_lines(
        ["generated.rs:14, generated by the build of c, included at src/lib.rs:1"]
    )


def test_a_package_in_its_own_target_directory(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of such a directory is what people wrote."""
    write({**SINGLE, "tests/shape.rs": "#[test] fn shape() {}\n", "test_python.py": PYTHON})
    monkeypatch.setenv("CARGO_TARGET_DIR", ".")
    others = {"tests/shape.rs::shape": "passed", "test_python.py::test_python": "passed"}
    for _ in range(2):
        assert outcomes(run(pytester)) == {**WRONG, **others}
