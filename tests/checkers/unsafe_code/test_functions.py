"""Which function a place is in, by MIR as rustc 1.95 writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_cpython_sys.checkers.unsafe_code.functions import OUTSIDE, Functions

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """\
impl<'a, T> Of<'a, T>
where
    T: Clone,
{
    fn method(&self) -> u8 {
        (|| unsafe { one() })()
    }
}
fn diverges() -> ! {
    unsafe { abort() }
}
"""
MIR = """\
// WARNING: This output format is intended for human consumers only
fn <impl at src/lib.rs:1:1: 3:14>::method(_1: &Of<'_, T>) -> u8 {
    debug self => _1;                    // in scope 0 at src/lib.rs:5:15: 5:20
    let mut _0: u8;                      // return place in scope 0 at src/lib.rs:5:25: 5:27

    bb0: {
        return;                          // scope 0 at src/lib.rs:7:6: 7:6
    }
}

fn <impl at src/lib.rs:1:1: 3:14>::method::{closure#0}(_1: &{closure@src/lib.rs:6:10: 6:12}) -> u8 {
    let mut _0: u8;                      // return place in scope 0 at src/lib.rs:6:12: 6:12

    bb0: {
        _0 = const 1_u8;                 // scope 0 at src/lib.rs:6:22: 6:27
        return;                          // scope 0 at src/lib.rs:6:29: 6:29
    }
}

fn diverges() -> ! {
    let mut _0: !;                       // return place in scope 0 at src/lib.rs:9:18: 9:19
    let _1: ();                          // in scope 0 at /rustc/std/macros.rs:143:9: 143:62

    bb0: {
        _0 = abort() -> unwind continue; // scope 0 at src/lib.rs:10:14: 10:21
    }
}

const NAMED::{constant#0}: usize = const 3_usize;

alloc12 (size: 14, align: 1) {
    65 78                                           │ ex
}
"""


def span(line: int, begin: int, end: int, text: str, macro: str = "") -> dict[str, Any]:
    """Return a span of one line as rustc's JSON has it."""
    return {
        "file_name": "src/lib.rs",
        "line_start": line,
        "line_end": line,
        "column_start": begin,
        "column_end": end,
        "text": [{"text": text, "highlight_start": begin, "highlight_end": end}],
        "expansion": {"macro_decl_name": macro} if macro else None,
    }


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (span(6, 13, 29, "        (|| unsafe { one() })()"), "Of::method"),
        (span(5, 5, 27, "    fn method(&self) -> u8 {"), "Of::method"),
        (span(10, 5, 23, "    unsafe { abort() }"), "diverges"),
        (span(12, 1, 10, "unsafe {}"), OUTSIDE),
        (span(6, 13, 29, "        (|| unsafe { one() })()", "made!"), "made!"),
        (span(20, 1, 26, "unsafe impl Send for Of {}"), "impl Send for Of"),
        (span(21, 1, 22, "pub unsafe trait Good {"), "trait Good"),
        (span(22, 5, 24, "    unsafe fn r#in(&self);"), "fn in"),
    ],
)
def test_places(tmp_path: Path, place: dict[str, Any], name: str) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "lib.rs").write_text(SOURCE, encoding="utf-8")
    mir = tmp_path / "thing.mir"
    mir.write_text(MIR, encoding="utf-8")
    assert Functions(str(tmp_path), [str(mir)]).name(place) == name


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("impl Plain", "Plain"),
        ("impl<T> Of<T>", "Of"),
        ("impl Of<u8>", "Of<u8>"),
        ("impl Of<'_>", "Of"),
        ("impl<F: Fn(u8) -> u8> Of<F> where F: Copy", "Of"),
        ("impl<T: for<'a> Fn(&'a u8)> Of<T>", "Of"),
        ("impl fmt::Debug for a::Plain", "<a::Plain as fmt::Debug>"),
        ("impl<T> From<T> for Of<u8> where T: Into<u8>", "<Of<u8> as From<T>>"),
        ("impl<T> Ext for fn(T) -> u8", "<fn(T) -> u8 as Ext>"),
        ("impl Ext for [u8]", "<[u8] as Ext>"),
        ("impl dyn Ext", "dyn Ext"),
        ("unsafe impl<#[may_dangle] T> Drop for Of<T>", "<Of<T> as Drop>"),
    ],
)
def test_heads_of_impls(tmp_path: Path, head: str, name: str) -> None:
    (tmp_path / "lib.rs").write_text(head, encoding="utf-8")
    mir = tmp_path / "thing.mir"
    mir.write_text(
        f"fn <impl at lib.rs:1:1: 1:{len(head) + 1}>::f() -> () {{\n"
        "    let mut _0: ();   // return place in scope 0 at src/lib.rs:2:9: 2:9\n"
        "        return;       // scope 0 at src/lib.rs:2:20: 2:20\n}\n",
        encoding="utf-8",
    )
    found = Functions(str(tmp_path), [str(mir)]).name(span(2, 11, 19, " " * 10 + "unsafe {}"))
    assert found == f"{name}::f"
