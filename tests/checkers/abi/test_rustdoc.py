"""What is read of rustdoc's JSON, written here by the installed rustdoc."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from pytest_cpython_sys.checkers.abi.attributes import is_exported, representation, symbol
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
def described(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What rustdoc says of the source."""
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
    return directory / "doc" / "sample.json"


@pytest.fixture(scope="module")
def crate(described: Path) -> Crate:
    return read_crate(str(described))


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


def test_a_newer_format_is_read_and_doubted(crate: Crate, described: Path, tmp_path: Path) -> None:
    assert crate.doubt is None
    path = tmp_path / "x.json"
    raw = json.loads(described.read_bytes())
    path.write_text(json.dumps({**raw, "format_version": 9999, "news": [1]}))
    newer = read_crate(str(path))
    assert newer.items == crate.items
    assert newer.doubt is not None
    assert "JSON format 9999, but this pytest-cpython-sys knows formats up to " in newer.doubt


OLD_NAMES = {
    "is_c_variadic": "c_variadic",
    "sig": "decl",
    "is_glob": "glob",
    "use": "import",
    "is_mutable": "mutable",
    "is_const": "const",
}


def older(value: Any) -> Any:
    """Return what a rustdoc of format 27 would have written, as the documents of it say."""
    if isinstance(value, list):
        return [older(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {OLD_NAMES.get(name, name): older(one) for name, one in value.items()}
    for name in ("id", "root"):
        if isinstance(found.get(name), int):
            found[name] = str(found[name])
    if "attrs" in found:
        found["attrs"] = [written(one) for one in found["attrs"]]
    return found


def written(attribute: Any) -> str:
    if attribute == "no_mangle":
        return "#[no_mangle]"
    if "other" in attribute:
        return str(attribute["other"])
    value = attribute["repr"]
    return f"#[repr({value['int'] or {'c': 'C'}.get(value['kind'], value['kind'])})]"


def test_an_older_format_is_the_same(crate: Crate, described: Path, tmp_path: Path) -> None:
    raw = json.loads(described.read_bytes())
    if raw["format_version"] < 54:
        pytest.skip("this rustdoc is an older one itself")
    text = json.dumps({**older(raw), "format_version": 27})
    assert '"sig"' not in text
    (tmp_path / "x.json").write_text(text)
    found = read_crate(str(tmp_path / "x.json"))
    assert found.items == crate.items
    assert found.types == crate.types
    assert found.doubt is None


@pytest.mark.parametrize("text", ["[]", "{", "null", '{"format_version": 57}', '{"index": {}}'])
def test_what_cannot_be_read_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    words = r"format without a number, cannot .* Formats \d+ to \d+ are supported: use another Rust"
    if "57" in text:
        words = r"format 57, cannot be read .* Remove the file and run again"
    with pytest.raises(FormatError, match=words):
        read_crate(str(path))
    with pytest.raises(FormatError, match="cannot be read"):
        read_crate(str(tmp_path / "nowhere.json"))


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ([], ""),
        (["#[repr(C)]"], "c"),
        (["#[repr(packed)]", "#[repr(C, align(8))]"], "c"),
        (["#[repr(transparent)]"], "transparent"),
        (["#[repr(C, u8)]"], "u8"),
        (["#[attr = Repr([ReprC, ReprAlign(Align(8 bytes))])]"], "c"),
        (["#[attr = Repr {reprs: [ReprInt(SignedInt(I32))]}]"], "i32"),
        (["#[attr = Repr([ReprTransparent])]"], "transparent"),
        ([{"repr": {"kind": "c", "int": None, "align": 8}}], "c"),
        ([{"repr": {"kind": "rust", "int": "u16"}}], "u16"),
        ([{"other": '#[deprecated = "#[repr(C)]"]'}, "non_exhaustive"], ""),
    ],
)
def test_representations(attributes: list[object], expected: str) -> None:
    assert representation(attributes) == expected


@pytest.mark.parametrize(
    ("attribute", "name", "exported"),
    [
        ("#[no_mangle]", "", True),
        ("#[unsafe(no_mangle)]", "", True),
        ("#[attr = NoMangle]", "", True),
        ("no_mangle", "", True),
        ('#[export_name = "f"]', "f", True),
        ('#[unsafe(export_name = "f")]', "f", True),
        ('#[attr = ExportName {name: "f"}]', "f", True),
        ({"export_name": "f"}, "f", True),
        ('#[link_name = "\\u{1}f"]', "f", False),
        ({"other": '#[attr = LinkName {name: "\\u{1}f", span: 1}]'}, "f", False),
        ({"other": '#[link_name = "f"]'}, "f", False),
        ({"must_use": {"reason": 'link_name = "f"'}}, "", False),
        ({"other": '#[deprecated = "#[no_mangle]"]'}, "", False),
        ("automatically_derived", "", False),
    ],
)
def test_names_for_the_linker(attribute: object, name: str, *, exported: bool) -> None:
    assert symbol([attribute]) == name
    assert is_exported([attribute]) == exported
