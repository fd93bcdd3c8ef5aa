"""What is read of rustdoc's JSON, written here by the installed rustdoc."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.checkers.abi.rustdoc import Crate, FormatError, read_crate

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = r"""
#![allow(dead_code)]
mod inner {
    #[repr(C)] pub struct Shared { pub a: i32, b: u8 }
    pub mod deep { pub const DEEP: usize = 1; }
    #[repr(transparent)] pub struct Hidden(u8);
}
pub use inner::{Shared, deep as open};
pub use inner::Hidden as Shown;
#[repr(C)] pub union Either { pub r#type: u32, pub f: f32 }
#[repr(u32)] pub enum Kind { A = 1, B }
pub type Callback = Option<unsafe extern "C" fn(*const Shared, &mut i32, ...) -> bool>;
extern "C" {
    #[link_name = "other"] pub fn renamed(x: Callback, y: [u8; 4]);
    pub static COUNT: std::ffi::c_int;
    fn private();
}
#[no_mangle] pub extern "C" fn exported(n: usize) -> usize { n }
pub fn rust_only() {}
#[repr(C)] pub struct Generic<T> { pub t: T }
impl Shared { pub const ZERO: Self = Shared { a: 0, b: 0 }; }
"""


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Crate:
    rustdoc = shutil.which("rustdoc")
    if rustdoc is None:
        pytest.skip("no rustdoc")
    directory = tmp_path_factory.mktemp("rustdoc")
    (directory / "lib.rs").write_text(SOURCE, encoding="utf-8")
    subprocess.run(
        [
            *(rustdoc, "lib.rs", "--crate-name=sample", "--crate-type=lib", "--edition=2021"),
            *("-Zunstable-options", "--output-format=json", "--document-private-items"),
        ],
        cwd=directory,
        env={**os.environ, "RUSTC_BOOTSTRAP": "1"},
        check=True,
    )
    return read_crate(str(directory / "doc" / "sample.json"))


def test_items_at_the_paths_that_reach_them(crate: Crate) -> None:
    found = {item.rust_path: item for item in crate.items}
    assert set(found) == {
        "Shared", "open::DEEP", "Shown", "Either", "Kind", "Callback", "renamed", "COUNT",
        "exported", "Generic", "Shared::ZERO", "private",
    }  # fmt: skip
    assert found["Shared"].repr == "c"
    assert found["Shown"].repr == "transparent"
    assert found["Kind"].repr == "u32"
    assert [(one.name, one.public) for one in found["Shared"].fields] == [
        ("a", True),
        ("b", False),
    ]
    assert [one.name for one in found["Either"].fields] == ["type", "f"]
    assert found["Generic"].generic
    assert found["renamed"].symbol == "other"
    assert not found["renamed"].defined
    assert found["exported"].defined
    assert found["Shared::ZERO"].type is not None
    assert found["Shared::ZERO"].type.id == found["Shared"].id


def test_types(crate: Crate) -> None:
    found = {item.name: str(item.type) for item in crate.items if item.type is not None}
    assert found["Callback"] == "fn(*const Shared, *mut i32, ...) -> bool"
    assert found["renamed"] == "fn(Callback, [u8; 4]) -> ()"
    assert found["COUNT"] == "c_int"


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"format_version": 9999, "index": {}, "paths": {}, "root": 0}))
    with pytest.raises(FormatError, match=r"format 9999; those known here are \d+ to \d+"):
        read_crate(str(path))
    path.write_text("[]")
    with pytest.raises(FormatError):
        read_crate(str(path))
    path.write_text('{"format_version": 57}')
    with pytest.raises(FormatError):
        read_crate(str(path))
