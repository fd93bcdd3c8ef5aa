"""The ledger of `unsafe` by function: who begins with it may leave as it is what lacks words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import PACKAGE, outcomes, replace_once
from .test_beside_cargo import Recorder, in_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]
    Run = Callable[..., pytest.RunResult]

MANIFEST = """
[package]
name = "thing"
version = "0.1.0"
edition = "2021"
[package.metadata.cpython-sys]
policies = ["unsafe"]
"""
WORDS = "    // SAFETY: it is a reference.\n"
USE = "    unsafe { *(&1u8 as *const u8) }\n"
LIB = f"""
pub mod other;
pub fn first() -> u8 {{
{WORDS}{USE}}}
pub fn second() -> u8 {{
{USE}}}
"""
FILES = {
    "Cargo.toml": MANIFEST,
    "src/lib.rs": LIB,
    "src/other.rs": f"pub fn third() -> u8 {{\n{WORDS}{USE}}}\n",
}
LEDGER = "cpython-sys-unsafe.toml"
UPDATE = "--cpython-sys-update-ledger"
GREEN = {"src/lib.rs::@unsafe": "passed", "src/other.rs::@unsafe": "passed"}
RED = {**GREEN, "src/lib.rs::@unsafe": "failed"}


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    def run(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest("--cpython-sys", "-rA", "-m", "rust_policy", *arguments)

    return run


@pytest.fixture
def begun(write: Write, run: Run) -> Path:
    """Return a project whose ledger has been written."""
    root = write(FILES)
    assert outcomes(run()) == RED
    result = run(UPDATE)
    assert outcomes(result) == GREEN
    result.stdout.fnmatch_lines(
        [f"{LEDGER} written: 3 uses in 2 files; 1 lacks a `// SAFETY:` comment or a *"]
    )
    assert (
        (root / LEDGER)
        .read_text(encoding="utf-8")
        .endswith('\n[unexplained."src/lib.rs"]\nsecond = 1\n')
    )
    return root


def test_one_more_comment_dropped(begun: Path, run: Run) -> None:
    """In a file that has others missing: its item fails and names the function alone."""
    replace_once(begun / "src" / "lib.rs", WORDS, "")
    result = run()
    assert outcomes(result) == RED
    result.stdout.fnmatch_lines(
        [
            f"src/lib.rs:4: `first`: 1 use of `unsafe` lacks a *{LEDGER} allows none",
            "    src/lib.rs:4: unsafe block missing a safety comment",
            "above the block or impl, write why it is sound: `// SAFETY: ...`",
            "if a function was only renamed or moved, or the uses are to stay as they are,",
            f"run pytest again with {UPDATE}",
            f"to record the present numbers in {LEDGER}",
        ]
    )
    assert "second" not in result.stdout.str()
    assert result.ret == 1


def test_one_dropped_here_and_one_added_there(begun: Path, run: Run) -> None:
    file = begun / "src" / "lib.rs"
    replace_once(file, WORDS, "")
    replace_once(file, "second() -> u8 {\n", f"second() -> u8 {{\n{WORDS}")
    result = run("-v")
    assert outcomes(result) == RED
    result.stdout.fnmatch_lines([f"*`first`: 1 use of `unsafe` *{LEDGER} allows none"])
    result.stdout.fnmatch_lines(["    src/lib.rs: 0 undocumented uses in `second` (allowed: 1)"])


def test_all_bare_uses_of_the_function_are_listed(begun: Path, run: Run) -> None:
    """Which of them is new, nobody can tell."""
    replace_once(
        begun / "src" / "lib.rs", "second() -> u8 {\n", f"second() -> u8 {{\n{USE[:-1]};\n"
    )
    result = run()
    assert outcomes(result) == RED
    result.stdout.fnmatch_lines(
        [
            f"src/lib.rs:8: `second`: 2 uses of `unsafe` *{LEDGER} allows 1",
            "    src/lib.rs:8: unsafe block missing a safety comment",
            "    src/lib.rs:9: unsafe block missing a safety comment",
        ]
    )


def test_moved_lines_change_nothing_and_fewer_is_told(
    begun: Path, run: Run, cargo_calls: Callable[[], list[str]]
) -> None:
    file = begun / "src" / "lib.rs"
    text = file.read_text(encoding="utf-8")
    head, found, tail = text.partition("pub fn second")
    file.write_text(f"{found}{tail}\n\n{head}", encoding="utf-8")
    result = run("-v")
    assert outcomes(result) == GREEN
    result.stdout.no_fnmatch_line(f"*{LEDGER}*")
    cargo_calls()
    assert outcomes(run()) == GREEN
    assert "clippy" not in cargo_calls()
    replace_once(file, "second() -> u8 {\n", f"second() -> u8 {{\n{WORDS}")
    result = run("-v")
    assert outcomes(result) == GREEN
    result.stdout.fnmatch_lines(
        [
            f"{LEDGER} allows more `unsafe` than there is: update it with {UPDATE}",
            "    src/lib.rs: 0 undocumented uses in `second` (allowed: 1)",
        ]
    )
    run(UPDATE)
    assert "unexplained" not in (begun / LEDGER).read_text(encoding="utf-8")


def test_a_renamed_function(begun: Path, run: Run) -> None:
    replace_once(begun / "src" / "lib.rs", "fn second", "fn renamed")
    result = run()
    assert outcomes(result) == RED
    result.stdout.fnmatch_lines(
        [
            "*`renamed`: 1 use of *",
            "if a function was only renamed *",
            f"run pytest again with {UPDATE}",
        ]
    )
    assert outcomes(run(UPDATE)) == GREEN
    assert (begun / LEDGER).read_text(encoding="utf-8").endswith("renamed = 1\n")


def test_a_ledger_of_files_alone_keeps_its_meaning(write: Write, run: Run) -> None:
    """It says nothing of words: all of them are wanted."""
    write(
        {**FILES, LEDGER: '[files]\n"src/lib.rs" = {blocks = 2}\n"src/other.rs" = {blocks = 1}\n'}
    )
    result = run()
    assert outcomes(result) == RED
    result.stdout.fnmatch_lines(["src/lib.rs:8: 1 use of `unsafe` lacks a `// SAFETY:` comment"])
    result.stdout.no_fnmatch_line("*renamed*")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("unexplained = 3\n", "unexplained must be a table"),
        ('[unexplained]\n"src/lib.rs" = 3\n', "unexplained.'src/lib.rs' must be a table"),
        (
            '[unexplained."src/lib.rs"]\nf = -1\n',
            "unexplained.'src/lib.rs'.f must be a number, 0 or greater, not -1",
        ),
    ],
)
def test_one_that_cannot_be_used(write: Write, run: Run, text: str, words: str) -> None:
    write({**FILES, LEDGER: text})
    result = run()
    assert set(outcomes(result).values()) == {"error"}
    result.stdout.fnmatch_lines([f"*: {LEDGER}: {words}: correct the file, or delete it and *"])


EVERYWHERE = """
use std::fmt;
pub struct Plain(pub *const u8);
pub struct Of<'a, T: Clone>(pub &'a T);
unsafe impl Send for Plain {}
pub unsafe trait Trusted { unsafe fn declared(&self); unsafe fn given(&self) {} }
impl Plain {
    pub fn method(&self) -> u8 { let f = || unsafe { *self.0 }; f() }
    /// Without its section.
    pub unsafe fn undocumented(&self) -> Self { Plain(self.0) }
}
impl<'a, T> Of<'a, T> where T: Clone {
    pub async fn later(&self) -> u8 { unsafe { *(self.0 as *const T as *const u8) } }
}
impl<'a, T: Clone> fmt::Debug for Of<'a, T> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result { unsafe { read() }; Ok(()) }
}
impl fmt::Debug for Plain {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result { unsafe { read() }; Ok(()) }
}
/// # Safety
/// None.
pub unsafe fn read() { fn within() { unsafe { read() } } within() }
pub mod inner {
    pub mod deep { pub static LATE: fn() = || unsafe { super::super::read() }; }
    #[cfg(unix)] pub fn two() { unsafe { super::read() } }
    #[cfg(not(unix))] pub fn two() { unsafe { super::read() } unsafe { super::read() } }
    pub fn never() -> ! { unsafe { super::read() }; panic!() }
    pub fn not_reached() -> u8 { unsafe { std::hint::unreachable_unchecked() } }
}
const _: () = { unsafe {} };
macro_rules! made { ($($name:ident)*) => { $(pub fn $name() { unsafe { read() } })* } }
made!(one other_one);
macro_rules! wrap { ($($text:tt)*) => { $($text)* } }
wrap! { pub fn wrapped() { unsafe { read() } } }
#[cfg(test)]
mod tests { #[test] fn t() { unsafe { super::read() } } }
"""
NAMES = {
    "<Of<'a, T> as fmt::Debug>::fmt": 1,
    "<Plain as fmt::Debug>::fmt": 1,
    "Of::later": 1,
    "Plain::method": 1,
    "Plain::undocumented": 1,
    "Trusted::given": 1,
    "fn declared": 1,
    "impl Send for Plain": 1,
    "inner::deep::LATE": 1,
    "inner::never": 1,
    "inner::not_reached": 1,
    "inner::two": 1,
    "made!": 1,
    "outside functions": 1,
    "read::within": 1,
    "tests::t": 1,
    "trait Trusted": 1,
    "wrapped": 1,
}


def test_what_functions_are_called(write: Write, run: Run) -> None:
    """By rustc's own MIR: methods by their types, closures by what they stand in."""
    import tomllib

    root = write(
        {
            "Cargo.toml": MANIFEST.replace("[package.m", "build = 'made.rs'\n[package.m"),
            "src/lib.rs": EVERYWHERE,
            "made.rs": f"fn one() -> u8 {{\n{USE}}}\nfn main() {{ one(); }}\n",
            "src/main.rs": f"mod a;\nfn main() {{\n{USE[:-1]};\na::f(); }}\n",
            "src/a.rs": f"pub fn f() -> u8 {{\n{USE}}}\n",
            "tests/t.rs": f"#[test] fn t() {{\n{USE[:-1]}; }}\n",
            "examples/e.rs": f"fn main() {{\n{USE[:-1]}; }}\n",
        }
    )
    result = run(UPDATE)
    assert set(outcomes(result).values()) == {"passed"}
    text = (root / LEDGER).read_text(encoding="utf-8")
    assert tomllib.loads(text)["unexplained"] == {
        "examples/e.rs": {"main": 1},
        "made.rs": {"one": 1},
        "src/a.rs": {"a::f": 1},
        "src/lib.rs": NAMES,
        "src/main.rs": {"main": 1},
        "tests/t.rs": {"t": 1},
    }


def test_a_workspace_with_a_procedural_macro_and_a_wrapper(
    write: Write,
    run: Run,
    pytester: pytest.Pytester,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rustc's calls go through what is configured; what one member needs of another is compiled."""
    log = tmp_path / "log"
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f'#!/bin/sh\necho "$1" >>{log}\nexec "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    monkeypatch.setenv("RUSTC_WRAPPER", str(wrapper))
    macro = MANIFEST.replace("thing", "macros").replace(
        "[package.m", "[lib]\nproc-macro = true\n[package.m"
    )
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["thing", "macros"]\nresolver = "2"\n',
            **{f"thing/{name}": text for name, text in FILES.items()},
            "thing/Cargo.toml": f'{MANIFEST}[dependencies]\nmacros = {{ path = "../macros" }}\n',
            "thing/src/other.rs": "#[macros::same]\npub fn third() {\n    unsafe {}\n}\n",
            "macros/Cargo.toml": macro,
            "macros/src/lib.rs": "use proc_macro::TokenStream as Text;\n#[proc_macro_attribute]\n"
            f"pub fn same(_: Text, item: Text) -> Text {{\n{USE[:-1]};\nitem }}\n",
        }
    )
    assert set(outcomes(run(UPDATE)).values()) == {"passed"}
    assert "clippy-driver" in log.read_text(encoding="utf-8")
    text = (pytester.path / LEDGER).read_text(encoding="utf-8")
    assert '[unexplained."macros/src/lib.rs"]\nsame = 1\n' in text
    assert '[unexplained."thing/src/other.rs"]\n"other::third" = 1\n' in text
    assert set(outcomes(run()).values()) == {"passed"}


def test_what_needs_other_crates(write: Write, run: Run, tmp_path: Path) -> None:
    """Of these there is no code while clippy checks, just what `cargo check` makes."""
    needs = f'{MANIFEST}[dependencies]\nout = {{ path = "{tmp_path}/out" }}\n'
    out = tmp_path / "out"
    (out / "src").mkdir(parents=True)
    manifest = MANIFEST.partition("[package.m")[0].replace("thing", "out")
    (out / "Cargo.toml").write_text(f"{manifest}[workspace]\n", encoding="utf-8")
    (out / "src" / "lib.rs").write_text(
        "pub fn plain() -> u8 { 1 }\n"
        "pub fn generic<T: Clone>(t: &T) -> Vec<T> { vec![t.clone()] }\n"
        "pub trait Given { fn given(&self) -> u8 { plain() } }\n",
        encoding="utf-8",
    )
    root = write(
        {
            "Cargo.toml": needs,
            "src/lib.rs": "pub struct X;\nimpl out::Given for X {}\n"
            "pub fn f() -> Vec<u8> { let _: Box<dyn out::Given> = Box::new(X);\n"
            "out::generic(unsafe { &*(&out::plain() as *const u8) }) }\n",
            "src/main.rs": "fn main() { unsafe { out::generic(&thing::f()) }; }\n",
            "tests/t.rs": "#[test] fn t() { unsafe { out::generic(&thing::f()) }; }\n",
        }
    )
    result = run(UPDATE)
    assert set(outcomes(result).values()) == {"passed"}
    text = (root / LEDGER).read_text(encoding="utf-8")
    for file, function in (("src/lib.rs", "f"), ("src/main.rs", "main"), ("tests/t.rs", "t")):
        assert f'[unexplained."{file}"]\n{function} = 1\n' in text


def test_cargo_and_pytest_in_turns_compile_nothing(
    begun: Path, pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(tmp_path, monkeypatch)
    assert in_turns(pytester, begun, recorder) == [[], [], [], []]


def test_what_rustc_wrote_is_gone(begun: Path, run: Run) -> None:
    """Cargo does not miss it: rustc is asked anew."""
    for path in begun.glob("target/**/*.mir"):
        path.unlink()
    for path in begun.glob("target/**/cpython-sys-cache/unsafe"):
        path.rename(path.with_name("elsewhere"))
    assert outcomes(run()) == GREEN


def test_a_place_counts_once_however_its_file_is_named(
    pytester: pytest.Pytester, write: Write
) -> None:
    block = "pub fn shared() { unsafe { std::hint::unreachable_unchecked() } }\n"
    root = write(
        {
            "Cargo.toml": PACKAGE.format("c")
            + '[package.metadata.cpython-sys]\npolicies = ["unsafe"]\n',
            "src/lib.rs": "pub mod shared;\n"
            'pub mod wrap { #[path = "../shared.rs"] pub mod inner; }\n',
            "src/wrap/there": "",
            "src/shared.rs": block,
            "src/bin/b.rs": '#[path = "../shared.rs"] mod shared;\n'
            "fn main() { shared::shared() }\n",
        }
    )
    pytester.runpytest("--cpython-sys", "--cpython-sys-update-ledger")
    text = (root / "cpython-sys-unsafe.toml").read_text(encoding="utf-8")
    assert "blocks = 1\n" in text
    assert text.count("= 1") == 2, text
