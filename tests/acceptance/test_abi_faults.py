"""Faults seeded into a crate that has none: each is found, in one item and in no other."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, python_with_headers, replace_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CRATE = Path(__file__).parent / "data" / "abi"
HERE = "src/lib.rs::@abi::"


@pytest.fixture(scope="module")
def target_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("abi-target")


@pytest.fixture
def crate(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CARGO_NET_OFFLINE", "true")
    shutil.copytree(CRATE, pytester.path, dirs_exist_ok=True)
    for path in pytester.path.rglob("*.rs"):
        os.utime(path)
    return pytester.path


def run(pytester: pytest.Pytester, target_directory: Path, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest(
        "--cpython-sys",
        "--cpython-sys-abi=all",
        f"--cargo-target-dir={target_directory}",
        "-rA",
        "-m",
        "rust_abi",
        "-p",
        "no:cacheprovider",
        *arguments,
    )


def abi_outcomes(result: pytest.RunResult) -> dict[str, str]:
    found = {
        name.removeprefix("src/bindings.rs::@abi::").removeprefix(HERE): outcome
        for name, outcome in outcomes(result).items()
    }
    assert found, result.stdout.str()
    return found


def test_a_crate_without_faults_passes(
    pytester: pytest.Pytester, crate: Path, target_directory: Path
) -> None:
    result = run(pytester, target_directory, "-v")
    found = abi_outcomes(result)
    assert set(found.values()) == {"passed"}
    assert {name.partition("::")[0] for name in found} == {
        "layout",
        "const",
        "init",
        "fn",
        "static",
        "opaque",
        "symbol",
    }
    # Two macros of which C makes no constant: named, and no failure.
    result.stdout.fnmatch_lines(
        [
            "    SHAPE_CALL: the header defines a macro with arguments of that name",
            "    src/*.rs::@abi::const::SHAPE_STATEMENT: * is not a constant in C: *statement",
        ]
    )
    assert result.parseoutcomes()["skipped"] == 1
    assert result.ret == 0


LIB, BINDINGS, MANIFEST = "src/lib.rs", "src/bindings.rs", "Cargo.toml"

FAULTS = {
    # Layouts.
    "a field of the wrong size": (
        (LIB, "pub ml_flags: c_int", "pub ml_flags: c_long"),
        "layout::PyMethodDef",
        "ml_flags is at offset 16, size 4 in C; at offset 16, size 8 in Rust",
    ),
    "a field missing at the end, inside padding": (
        (LIB, "    pub tail: c_char,\n", ""),
        "layout::frame",
        "tail is at offset 21, size 1 in C; Rust has no such field",
    ),
    "two fields of one size swapped": (
        (
            LIB,
            "    pub width: c_short,\n    pub height: c_short,\n",
            "    pub height: c_short,\n    pub width: c_short,\n",
        ),
        "layout::frame",
        "width is at offset 16, size 2 in C; at offset 18, size 2 in Rust",
    ),
    "a field that C does not have": (
        (LIB, "pub tail: c_char,", "pub tail: c_char,\n    pub more: c_long,"),
        "layout::frame",
        "more is at offset 24, size 8 in Rust; C has no such field",
    ),
    "a field missing in the middle, its place padding": (
        (LIB, "pub flag: c_char,", "__pad: u8,"),
        "layout::frame",
        "flag",
    ),
    "a field of another sign": (
        (LIB, "    pub b: c_int,", "    pub b: c_uint,"),
        "layout::given",
        "b is a signed integer in C, an unsigned integer in Rust",
    ),
    "a number for a pointer of its size": (
        (LIB, "pub ml_doc: *const c_char", "pub ml_doc: usize"),
        "layout::PyMethodDef",
        "ml_doc is a pointer in C, an unsigned integer in Rust",
    ),
    "an array too short": (
        (LIB, "pub parts: [c_double; 2],", "pub parts: [c_double; 1],"),
        "layout::number",
        "size is 16 bytes in C, 8 in Rust",
    ),
    "a type aligned too strictly": (
        (
            LIB,
            "#[repr(C)]\n#[derive(Clone, Copy)]\npub struct given {",
            "#[repr(C, align(8))]\n#[derive(Clone, Copy)]\npub struct given {",
        ),
        "layout::given",
        "alignment is 4 bytes in C, 8 in Rust",
    ),
    "a type without repr(C)": (
        (LIB, "#[repr(C)]\n#[derive(Clone, Copy)]\npub struct frame {", "pub struct frame {"),
        "layout::frame",
        "layout of frame differs from C",
    ),
    "a packed type": (
        (
            LIB,
            "#[repr(C)]\n#[derive(Clone, Copy)]\npub struct frame {",
            "#[repr(C, packed)]\n#[derive(Clone, Copy)]\npub struct frame {",
        ),
        "layout::frame",
        "line is at offset 8, size 8 in C; at offset 4, size 8 in Rust",
    ),
    "a bit-field at another bit": (
        (BINDINGS, "get(1usize, 3u8)", "get(2usize, 3u8)"),
        "layout::flags",
        "level is at bit 1, width 3 in C; at bit 2, width 3 in Rust",
    ),
    "a bit-field of another width": (
        (BINDINGS, "get(4usize, 20u8)", "get(4usize, 19u8)"),
        "layout::flags",
        "rest is at bit 4, width 20 in C; at bit 4, width 19 in Rust",
    ),
    "a bit-field of another sign": (
        (
            BINDINGS,
            "c_uint {\n        self._bitfield_1.get(1usize, 3u8) as u32",
            "c_int {\n        self._bitfield_1.get(1usize, 3u8) as i32",
        ),
        "layout::flags",
        "level is an unsigned integer in C, a signed integer in Rust",
    ),
    "an enum of another size": (
        (LIB, "#[repr(C)]\npub enum shape_edge", "#[repr(i64)]\npub enum shape_edge"),
        "layout::shape_edge",
        "size is 4 bytes in C, 8 in Rust",
    ),
    "an alias of another type": (
        (LIB, "pub type shape_size = c_long;", "pub type shape_size = std::ffi::c_ulong;"),
        "layout::shape_size",
        "shape_size is a different type in C",
    ),
    "an alias of another function": (
        (LIB, "fn(*mut frame, *mut c_void)>", "fn(*mut frame, c_int)>"),
        "layout::shape_filter",
        "shape_filter is a different type in C",
    ),
    # Constants.
    "a wrong constant": (
        (LIB, "0x0008", "0x0010"),
        "const::METH_O",
        "METH_O is 8 in C, 16 (0x10) in Rust",
    ),
    "a wrong constant of an enum": (
        (LIB, "SHAPE_ROUND: c_uint = 4", "SHAPE_ROUND: c_uint = 5"),
        "const::SHAPE_ROUND",
        "SHAPE_ROUND is 4 in C, 5 in Rust",
    ),
    "a constant of another sign and length": (
        (LIB, "SHAPE_ALL: u32 = 0xFFFF_FFFF", "SHAPE_ALL: i64 = -1"),
        "const::SHAPE_ALL",
        "SHAPE_ALL is 4294967295 (0xffffffff) in C, -1 in Rust",
    ),
    "a wrong constant that is a pointer in C": (
        (LIB, "without_provenance_mut(1)", "without_provenance_mut(2)"),
        "const::SHAPE_NOT_USED",
        "SHAPE_NOT_USED is 1 in C, 2 in Rust",
    ),
    "a wrong constant whose name differs in case": (
        (LIB, "SHAPE_MODE: c_int = 7", "SHAPE_MODE: c_int = 8"),
        "const::SHAPE_MODE",
        "SHAPE_MODE is 7 in C (Shape_mode), 8 in Rust",
    ),
    "a wrong floating point constant": (
        (LIB, "3.25", "3.5"),
        "const::SHAPE_PI",
        "SHAPE_PI is 3.25 in C, 3.5 in Rust",
    ),
    "a wrong text": (
        (LIB, 'b"shapes\\0"', 'b"shaped\\0"'),
        "const::SHAPE_NAME",
        'SHAPE_NAME is "shapes" in C, b"shaped\\0" in Rust',
    ),
    "a wrong text that ends with a zero by itself": (
        (LIB, 'c"shapes"', 'c"shape"'),
        "const::SHAPE_TITLE",
        'SHAPE_TITLE is "shapes" in C, c"shape" in Rust',
    ),
    # Initialisers.
    "an initialiser with a wrong byte": (
        (LIB, "    size: 9,", "    size: 8,"),
        "init::SHAPE_DEFAULT",
        "bytes of SHAPE_DEFAULT differ from C, first at offset 8 (size)",
    ),
    "an initialiser with a pointer that is null in C": (
        (LIB, "    name: ptr::null(),", '    name: c"x".as_ptr(),'),
        "init::SHAPE_DEFAULT",
        "first at offset 16 (name)",
    ),
    # Prototypes.
    "an int for a long argument": (
        (LIB, "flags: c_long, out", "flags: c_int, out"),
        "fn::shape_open",
        "C     int(const char *, long int, struct frame *)",
    ),
    "a missing argument": (
        (LIB, "flags: c_long, out: *mut frame)", "flags: c_long)"),
        "fn::shape_open",
        "declaration of shape_open differs from C",
    ),
    "another return type": (
        (LIB, "(frame: *const frame) -> c_long", "(frame: *const frame) -> c_int"),
        "fn::shape_area",
        "declaration of shape_area differs from C",
    ),
    "no ellipsis": (
        (LIB, "format: *const c_char, ...)", "format: *const c_char)"),
        "fn::shape_print",
        "declaration of shape_print differs from C",
    ),
    "a struct behind a pointer that C takes by value": (
        (LIB, "(value: given,", "(value: *const given,"),
        "fn::shape_hash",
        "declaration of shape_hash differs from C",
    ),
    "a variable of another type": (
        (LIB, "shape_count: c_int", "shape_count: c_long"),
        "static::shape_count",
        "declaration of shape_count differs from C",
    ),
    "a variable of another length": (
        (LIB, "[*const c_char; 3]", "[*const c_char; 4]"),
        "static::shape_names",
        "declaration of shape_names differs from C",
    ),
    # The rest.
    "a function that the interpreter does not export": (
        (MANIFEST, '["PyModule_Create2"]', '["PyModule_Create3"]'),
        "symbol::PyModule_Create3",
        "PyModule_Create3 is not exported by Python ",
    ),
    "an empty struct that is used by value": (
        (
            "shapes.h",
            "typedef struct opaque opaque;",
            (
                "typedef struct opaque { int i; } opaque; extern opaque shape_one; "
                "int shape_take(opaque);"
            ),
        ),
        "opaque::opaque",
        "opaque is empty in Rust but used by value in shape_take",
    ),
}


# Faults of the same item, or at the same place, go into different crates.
GROUPS: list[list[str]] = []
for _name, ((_file, _old, _new), _item, _words) in FAULTS.items():
    for _group in GROUPS:
        if all(FAULTS[other][1] != _item for other in _group):
            _group.append(_name)
            break
    else:
        GROUPS.append([_name])


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: f"{len(group)} faults")
def test_each_fault_is_found_in_one_item(
    group: list[str], pytester: pytest.Pytester, crate: Path, target_directory: Path
) -> None:
    for fault in group:
        (file, old, new), item, _ = FAULTS[fault]
        replace_once(crate / file, old, new)
        if item == "opaque::opaque":
            old = "pub static mut shape_count"
            new = "pub static shape_one: opaque; pub fn shape_take(shape: opaque) -> c_int;\n    "
            replace_once(crate / LIB, old, new + old)
    result = run(pytester, target_directory)
    found = abi_outcomes(result)
    failed = {name for name, outcome in found.items() if outcome != "passed"}
    assert failed == {FAULTS[fault][1] for fault in group}
    assert {found[name] for name in failed} == {"failed"}
    text = result.stdout.str()
    for fault in group:
        assert FAULTS[fault][2] in text, fault
    assert result.ret == 1


def test_there_are_enough_faults() -> None:
    assert len(FAULTS) >= 30
    assert len({item for _, item, _ in FAULTS.values()}) >= 20


def test_bindings_for_the_gil_with_free_threaded_headers(
    pytester: pytest.Pytester, write: Callable[[Mapping[str, str]], Path]
) -> None:
    python = python_with_headers("3.13")
    write(
        {
            "Cargo.toml": """
                [package]
                name = "objects"
                version = "0.1.0"
                edition = "2021"
                [package.metadata.cpython-sys]
                flags = ["-DPy_GIL_DISABLED=1"]
            """,
            "wrapper.h": "#include <Python.h>\n",
            "src/lib.rs": """
                use std::ffi::{c_int, c_void};
                #[repr(C)]
                pub struct PyObject { pub ob_refcnt: isize, pub ob_type: *mut c_void }
                pub const METH_O: c_int = 8;
            """,
        }
    )
    result = pytester.runpytest(
        "--cpython-sys", f"--cpython-sys-python={python.executable}", "-rA", "-m", "rust_abi"
    )
    assert abi_outcomes(result) == {"layout::PyObject": "failed", "const::METH_O": "passed"}
    result.stdout.fnmatch_lines(
        [
            (
                "src/lib.rs:*: layout of PyObject differs from C: the field "
                "at offset 0 is ob_tid in C, ob_refcnt *"
            ),
            "      C: PyObject * Rust: PyObject",
            "*0      8  ob_tid *0      8  ob_refcnt   <- first difference",
            "*24      8  ob_type",
        ]
    )
