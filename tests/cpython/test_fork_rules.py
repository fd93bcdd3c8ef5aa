"""The rules that CPython's fork has for its crates: each kept, and each broken by one edit.

``fork_rules`` is the workspace that keeps them all.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from ..acceptance.conftest import (
    _clean_environment,
    outcomes,
    python_with_headers,
    replace_once,
    run,
)

__all__ = ["_clean_environment"]

WORKSPACE = Path(__file__).parent / "fork_rules"
MODULE = "Modules/_base64/src/lib.rs"
MANIFEST = "Modules/_base64/Cargo.toml"
C_API = "Modules/cpython-api/src/c_api.rs"
LIBRARY = "Modules/cpython-api/src/lib.rs"
CONTEXT = "Modules/cpython-api/src/context.rs"
ERROR = "Modules/cpython-api/src/error.rs"
HANDLES = "Modules/cpython-api/src/handles.rs"
EXPORT = 'pub extern "C" fn PyModExport__base64'
NEWEST = "3.15"
"""The first Python that looks for PyModExport."""


class Broken(NamedTuple):
    """An edit that breaks a rule, and the item that says so, with its words."""

    item: str
    edits: tuple[tuple[str, str, str], ...]
    """A file, what stands there, and what is to stand there."""
    words: str
    python: str | None = None
    """The Python that shows it, if it is not any."""
    exists: bool = True
    """Whether the item is there while the rule is kept."""


LEGACY = """/// The old way in.
#[unsafe(no_mangle)]
pub extern "C" fn PyInit__base64() -> *mut ffi::PyObject {
    null_mut()
}

"""
SINGLE_PHASE = """#[repr(C)]
pub struct Definition {
    base: [usize; 5],
    name: *const c_char,
    doc: *const c_char,
    size: isize,
    rest: [usize; 5],
}
unsafe extern "C" {
    fn PyModule_Create2(definition: *mut Definition, version: c_int) -> *mut ffi::PyObject;
}
static mut DEFINITION: Definition = Definition {
    base: [1, 0, 0, 0, 0],
    name: c"_base64".as_ptr(),
    doc: std::ptr::null(),
    size: 0,
    rest: [0; 5],
};
#[unsafe(no_mangle)]
pub extern "C" fn PyInit__base64() -> *mut ffi::PyObject {
    // SAFETY: Python calls this.
    unsafe { PyModule_Create2(&raw mut DEFINITION, 1013) }
}

"""
FLAGS = "const TYPE_FLAGS: u32 = ffi::Py_TPFLAGS_IMMUTABLETYPE"
NEEDLESS = """pub fn needless() -> u8 {
    return 1;
}

"""
DIRECTLY = "unsafe { cpython_sys::Py_DecRef(self.object.as_ptr()) }; let _ = context"
RAISED = """impl PyAny {
    pub fn raise() -> PyErrRaised {
        raised()
    }
}

fn raised() -> PyErrRaised {
    // SAFETY: nobody knows.
    let context = unsafe { ThreadContext::attached() };
    c_api::raise_value_error(&context, c"no")
}
use crate::error::PyErrRaised;

"""
BROKEN = {
    "PyModExport": Broken(
        f"{MODULE}::@module::requires::PyModExport",
        ((MODULE, EXPORT, EXPORT.replace("PyModExport", "PyInit")),),
        "does not export PyModExport__base64: it exports PyInit__base64",
        NEWEST,
    ),
    "no-legacy-init": Broken(
        f"{MODULE}::@module::requires::no-legacy-init",
        ((MODULE, "/// Returns the slots", f"{LEGACY}/// Returns the slots"),),
        "but the library exports PyInit__base64",
        NEWEST,
    ),
    "multi-phase": Broken(
        f"{MODULE}::@module::requires::multi-phase",
        (
            (MODULE, EXPORT, EXPORT.replace("PyModExport_", "slots_of")),
            (MODULE, "/// Returns the slots", f"{SINGLE_PHASE}/// Returns the slots"),
        ),
        "but uses single-phase initialisation",
        NEWEST,
    ),
    "not-gil": Broken(
        f"{MODULE}::@module::requires::not-gil",
        ((MODULE, "without_provenance_mut(1)", "without_provenance_mut(0)"),),
        "but declares Py_MOD_GIL_USED",
        NEWEST,
    ),
    "immutable-types": Broken(
        f"{MODULE}::@module::requires::immutable-types",
        ((MODULE, FLAGS, "const TYPE_FLAGS: u32 = 0"),),
        "_base64.Encoder (heap type): give it Py_TPFLAGS_IMMUTABLETYPE",
        NEWEST,
    ),
    "final-types": Broken(
        f"{MODULE}::@module::requires::final-types",
        ((MODULE, FLAGS, f"{FLAGS} | ffi::Py_TPFLAGS_BASETYPE"),),
        "_base64.Encoder (heap type): remove Py_TPFLAGS_BASETYPE",
        NEWEST,
    ),
    "twin": Broken(
        f"{MODULE}::@twin",
        ((MODULE, "($module, s)", "($module, data)"),),
        "standard_b64encode.__signature__: (data)",
        NEWEST,
    ),
    "twin-names": Broken(
        f"{MODULE}::@twin",
        ((MANIFEST, '"standard_b64encode"', '"standard_b64encode", "b32"'),),
        "b32: neither this module nor base64 has this name",
        NEWEST,
    ),
    "safety": Broken(
        f"{C_API}::@unsafe",
        ((C_API, "// SAFETY: it is a `bytes` object", "// it is a `bytes` object"),),
        "unsafe block missing a safety comment",
    ),
    "symbols": Broken(
        f"{MODULE}::@symbol::encode",
        ((MODULE, "fn encode(", '#[unsafe(no_mangle)]\npub extern "Rust" fn encode('),),
        "encode is exported, but its name begins with neither Py nor _Py",
        exists=False,
    ),
    "fmt": Broken(
        f"{MODULE}::@fmt",
        ((MODULE, "fn encode(", "fn  encode("),),
        "rustfmt would change 1 file: run `cargo fmt`",
    ),
    "clippy": Broken(
        f"{LIBRARY}::@clippy",
        ((C_API, "fn owned<", f"{NEEDLESS}fn owned<"),),
        "clippy reports 2 warnings; this policy accepts none",
    ),
    "capability": Broken(
        f"{HANDLES}::@api::capability",
        ((HANDLES, "impl<T> Py<T> {", f"{RAISED}impl<T> Py<T> {{"),),
        "handles::PyAny::raise -> handles::raised -> c_api::raise_value_error -> cpython_sys::",
    ),
    "ffi-module": Broken(
        f"{HANDLES}::@api::ffi-module",
        ((HANDLES, "c_api::release(context, self.object)", DIRECTLY),),
        "handles::Py::drop_with -> cpython_sys::Py_DecRef",
    ),
    "catch-unwind": Broken(
        f"{MODULE}::@api::catch-unwind",
        ((MODULE, "    (&raw const SLOTS)", '    encode(b"spam");\n    (&raw const SLOTS)'),),
        "PyModExport__base64 -> encode",
    ),
    "not-send": Broken(
        f"{LIBRARY}::@api::not-send",
        ((CONTEXT, "_thread: PhantomData<*mut ()>", "_thread: PhantomData<()>"),),
        "context::ThreadContext is Send",
    ),
    "not-sync": Broken(
        f"{LIBRARY}::@api::not-sync",
        ((HANDLES, "pub struct Bound", "unsafe impl Sync for Bound<'_, u8> {}\npub struct Bound"),),
        "handles::Bound is Sync where it is Bound<u8>: ",
    ),
    "send": Broken(
        f"{LIBRARY}::@api::send",
        ((HANDLES, "unsafe impl<T> Send for", "unsafe impl<T: Copy> Send for"),),
        "handles::Py is Send only where T: Copy",
    ),
    "sync": Broken(
        f"{LIBRARY}::@api::sync",
        ((HANDLES, "unsafe impl<T> Sync for Py<T> {}", ""),),
        "handles::Py is not Sync",
    ),
    "must-use": Broken(
        f"{LIBRARY}::@api::must-use",
        ((ERROR, "#[must_use]", ""),),
        "error::PyErrRaised lacks #[must_use]",
    ),
    "no-mut-ref": Broken(
        f"{HANDLES}::@api::no-mut-ref",
        ((HANDLES, "impl<T> Py<T> {", "impl PyAny { pub fn f(&mut self) {} }\nimpl<T> Py<T> {"),),
        "handles::PyAny::f takes `&mut PyAny`",
    ),
}


@pytest.fixture
def workspace(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, target: Path) -> Path:
    shutil.copytree(WORKSPACE, pytester.path, dirs_exist_ok=True)
    monkeypatch.setenv("CARGO_TARGET_DIR", str(target))
    return pytester.path


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("target")


def chosen(version: str | None) -> list[str]:
    if version is None:
        return []
    return [f"--cpython-sys-python={python_with_headers(version).executable}"]


def test_each_rule_is_kept(pytester: pytest.Pytester, workspace: Path) -> None:
    result = run(pytester, *chosen(NEWEST))
    found = outcomes(result)
    assert set(found.values()) == {"passed"}, result.stdout.str()
    assert result.ret == 0
    assert {one.item for one in BROKEN.values() if one.exists} <= found.keys()


def test_what_needs_no_newer_python_is_kept(pytester: pytest.Pytester, workspace: Path) -> None:
    items = {one.item for one in BROKEN.values() if one.python is None and one.exists}
    result = run(pytester, *items)
    assert outcomes(result) == dict.fromkeys(items, "passed")


@pytest.mark.parametrize("rule", BROKEN)
def test_a_rule_that_is_broken(pytester: pytest.Pytester, workspace: Path, rule: str) -> None:
    broken = BROKEN[rule]
    python = chosen(broken.python)
    for file, old, new in broken.edits:
        replace_once(workspace / file, old, new)
    result = run(pytester, *python, broken.item)
    assert outcomes(result) == {broken.item: "failed"}, result.stdout.str()
    assert broken.words in result.stdout.str()


def test_the_ledger_lets_people_begin(pytester: pytest.Pytester, workspace: Path) -> None:
    """What lacks its words stays green; one more comment dropped is red, in its function."""
    item = f"{C_API}::@unsafe"
    dropped = "// SAFETY: it is a `bytes` object"
    replace_once(workspace / C_API, dropped, dropped.replace("SAFETY", "Right"))
    assert outcomes(run(pytester, item)) == {item: "failed"}
    assert outcomes(run(pytester, item, "--cpython-sys-update-ledger")) == {item: "passed"}
    assert outcomes(run(pytester, item)) == {item: "passed"}
    more = "// SAFETY: a thread state is attached, and both are alive."
    replace_once(workspace / C_API, more, more.replace("SAFETY", "Right"))
    result = run(pytester, item)
    assert outcomes(result) == {item: "failed"}
    assert "`c_api::add_type`: 1 use of `unsafe` lacks a" in result.stdout.str()
