"""Programs and crates that generated projects hold as they are: harnesses, a procedural macro."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["ATTRIBUTES", "ENDINGS", "MACROS", "PROGRAMS", "harness"]

_RUST: Final = Path(__file__).parent / "rust"
ATTRIBUTES: Final = (_RUST / "attributes.rs").read_text(encoding="utf-8")

MACROS: Final[dict[str, str]] = {
    "keep": "macro_rules! keep { ($($t:tt)*) => { $($t)* }; }",
    "choose": (
        "macro_rules! choose { (if #[cfg($c:meta)] { $($t:item)* } else { $($e:item)* }) => "
        "{ $(#[cfg($c)] $t)* $(#[cfg(not($c))] $e)* }; }"
    ),
    "discard": "macro_rules! discard { ($($t:tt)*) => {}; }",
}

PROGRAMS: Final[dict[str, str]] = {
    "silent": "fn main() {}\n",
    "needs-an-argument": "fn main() { assert!(std::env::args().len() > 1); }\n",
    "refuses-arguments": "fn main() { assert_eq!(std::env::args().len(), 1); }\n",
    "fails": 'fn main() { println!("a word"); std::process::exit(3); }\n',
    "prints": 'fn main() { println!("anything: at all\\nrunning 3 tests"); }\n',
    "aborts": "fn main() { std::process::abort(); }\n",
}

_HARNESS: Final = (_RUST / "harness.rs").read_text(encoding="utf-8")

# How a process may end after its tests: text for a destructor, before `main`, at its end.
_EXTERN: Final = (
    '@UNSAFE@extern "C" { fn atexit(f: extern "C" fn()) -> i32; fn _exit(code: i32) -> !; }\n'
)
_ENDINGS: Final[dict[str, tuple[str, str, str]]] = {
    "well": ("", "", ""),
    "panic-in-drop": ('panic!("the fixture cannot be removed");', "", ""),
    "atexit": (
        "",
        _EXTERN + 'extern "C" fn late() { unsafe { _exit(101) } }',
        "unsafe { atexit(late); }",
    ),
    "exit-3": ("", "", "std::process::exit(3);"),
    "abort": ("", "", "std::process::abort();"),
}
ENDINGS: Final = tuple(_ENDINGS)


def _literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def harness(trials: list[tuple[str, str]], *, json: bool, ending: str, edition: str) -> str:
    """Return a harness that understands what libtest-mimic does; trials are names and outcomes."""
    entries = "\n".join(
        f"    Trial {{ name: {_literal(name)}, ok: {str(how != 'fail').lower()},"
        f" ignored: {str(how == 'ignored').lower()} }},"
        for name, how in trials
    )
    drop, late, end = _ENDINGS[ending]
    late = late.replace("@UNSAFE@", "unsafe " if edition == "2024" else "")
    return (
        _HARNESS.replace("@TRIALS@", entries)
        .replace("@JSON@", str(json).lower())
        .replace("@DROP@", drop)
        .replace("@LATE@", late)
        .replace("@END@", end)
    )
