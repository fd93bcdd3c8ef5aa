"""Rules of an API crate: each kept, each broken, told by rustc and rustdoc."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .api_crate import FILES, KEPT, LIB, TABLE
from .conftest import PACKAGE, outcomes, replace_once, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

HERE = "api/src/lib.rs::@api::"


def rules(pytester: pytest.Pytester, *arguments: str) -> tuple[dict[str, str], str]:
    """Return the outcomes of the rules' items, and all that was printed."""
    result = run(pytester, "-m", "rust_policy", *arguments)
    return outcomes(result), result.stdout.str()


def failed(found: Mapping[str, str], prefix: str = HERE) -> set[str]:
    """Return the rules whose items did not pass, by the end of their ids."""
    assert found.keys() == KEPT.keys()
    return {name.removeprefix(prefix) for name, outcome in found.items() if outcome != "passed"}


def test_all_are_kept_and_nothing_is_asked_twice(
    pytester: pytest.Pytester, write: Write, cargo_calls: Callable[[], list[str]]
) -> None:
    write(FILES)
    found, text = rules(pytester)
    assert found == KEPT
    # Each passing item says what it rests on.
    assert "7 functions checked\nnot followed: drops; calls of generic code" in text
    assert "rustc" in cargo_calls()
    assert rules(pytester)[0] == KEPT
    assert "rustc" not in cargo_calls()
    assert rules(pytester, f"{HERE}capability")[0] == {f"{HERE}capability": "passed"}


@pytest.mark.parametrize(
    ("rule", "code", "words"),
    [
        pytest.param(
            "capability",
            "pub fn repr(object: *mut sys::PyObject) -> usize { first(object) }\n"
            "fn first(object: *mut sys::PyObject) -> usize { second(object) }\n"
            "fn second(object: *mut sys::PyObject) -> usize { raw_repr(object) }",
            "+1: repr -> first -> second -> raw_repr -> c_api::repr -> spam_sys::PyObject_Repr",
            id="through private functions",
        ),
        pytest.param(
            "capability",
            "impl PyAny { pub fn made() -> usize {\n"
            "    let inside = || raw_repr(std::ptr::null_mut()); inside() } }",
            "+1: PyAny::made -> raw_repr -> c_api::repr -> spam_sys::PyObject_Repr",
            id="in a closure",
        ),
        pytest.param(
            "capability",
            "pub trait Show { fn show(&self) -> usize { self.raw() } fn raw(&self) -> usize; }\n"
            "impl Show for PyAny { fn raw(&self) -> usize { raw_repr(std::ptr::null_mut()) } }\n"
            "pub fn all(one: &PyAny) -> usize { one.raw() }",
            "+3: all -> <PyAny as Show>::raw -> raw_repr -> c_api::repr -> *",
            id="a method of a trait",
        ),
        pytest.param(
            "capability",
            "mod hidden { pub struct Deep; impl Deep {\n"
            "    pub fn touch(&self) -> usize { super::raw_repr(std::ptr::null_mut()) } } }\n"
            "pub use hidden::Deep as Shown;",
            "+2: hidden::Deep::touch -> raw_repr -> c_api::repr -> spam_sys::PyObject_Repr",
            id="of a private module, exported",
        ),
        pytest.param(
            "capability",
            "macro_rules! named { ($name:ident, $type:ident) => {\n"
            "    pub struct $type; impl $type { pub fn $name<T>(_: T) -> usize {\n"
            "        raw_repr(std::ptr::null_mut()) } } } }\n"
            "named!(one, One);\nnamed!(two, Two);\npub fn both() { Two::two(1); }",
            "+4: One::one -> raw_repr -> c_api::repr -> spam_sys::PyObject_Repr",
            id="by a macro, at its call",
        ),
        pytest.param(
            "ffi-module",
            "pub unsafe fn call(o: *mut sys::PyObject) { sys::constant(); sys::PyObject_Repr(o); }",
            "+1: call -> spam_sys::PyObject_Repr",
            id="a C function",
        ),
        pytest.param(
            "ffi-module",
            "pub unsafe fn direct(o: *mut sys::PyObject) { sys::Py_INCREF(o) }",
            "+1: direct -> spam_sys::Py_INCREF",
            id="what C has inline",
        ),
        pytest.param(
            "ffi-module",
            'extern "C" { fn own(); }\nmod c_api_not { pub unsafe fn f() { super::own() } }',
            "+2: c_api_not::f -> own",
            id="declared in the crate",
        ),
        pytest.param(
            "catch-unwind",
            'pub extern "C" fn bare(o: *mut sys::PyObject) -> usize { raw_repr(o) }',
            "+1: bare -> raw_repr",
            id="no guard",
        ),
        pytest.param(
            "catch-unwind",
            'pub unsafe extern "C" fn straight(o: *mut u8) -> *mut sys::PyObject {\n'
            "    c_api::repr(std::ptr::null_mut()); o.cast()\n}",
            "+1: straight -> c_api::repr",
            id="what only casts is let pass",
        ),
        pytest.param(
            "catch-unwind",
            'pub extern "C" fn sum(a: &[i32]) -> i32 { a[7] }',
            "+1: sum may panic: index out of bounds: *",
            id="a panic of the compiler's",
        ),
        pytest.param(
            "catch-unwind",
            "pub fn pointer() -> *const () {\n"
            '    extern "C" fn inner() { Vec::<u8>::with_capacity(3); }\n'
            "    inner as *const ()\n}",
            "+2: pointer::inner -> std::vec::Vec::with_capacity",
            id="inside another function",
        ),
        pytest.param(
            "no-mut-ref",
            "pub fn nested(_: Result<Vec<(i32, Option<&mut PyAny>)>, ()>) {}",
            "+1: nested takes `&mut PyAny`",
            id="nested",
        ),
        pytest.param(
            "no-mut-ref",
            "pub type Alias = PyAny;\npub fn given<'a>() -> [&'a mut Alias; 1] { loop {} }",
            "+2: given returns `&mut PyAny`",
            id="by an alias",
        ),
        pytest.param(
            "no-mut-ref",
            "impl PyAny { pub fn change(&mut self) {} }",
            "+1: PyAny::change takes `&mut PyAny`",
            id="self",
        ),
        pytest.param(
            "no-mut-ref",
            "pub fn with(f: impl FnOnce(&mut PyAny)) { let _ = f; }",
            "+1: with takes `&mut PyAny`",
            id="of a callback",
        ),
    ],
)
def test_a_function_that_breaks_one(
    pytester: pytest.Pytester, write: Write, rule: str, code: str, words: str
) -> None:
    write({**FILES, "api/src/lib.rs": f"{LIB}{code}\n"})
    found, text = rules(pytester)
    assert failed(found) == {rule}, text
    line = LIB.count("\n") + int(words[1])
    pytest.LineMatcher(text.splitlines()).fnmatch_lines([f"    api/src/lib.rs:{line}{words[2:]}"])


@pytest.mark.parametrize(
    ("rule", "old", "new", "words"),
    [
        (
            "not-send",
            "'a *mut ()>);",
            "'a *mut ()>);\nunsafe impl Send for ThreadContext<'_> {}",
            "5: ThreadContext is Send: see api/src/lib.rs:6",
        ),
        ("not-sync", "'a *mut ()>);", "'a mut ()>);", "5: ThreadContext is Sync"),
        (
            "send",
            "unsafe impl<T> Send for Py<T> {}",
            "unsafe impl<T: Copy> Send for Py<T> {}",
            "7: Py is Send only where T: Copy",
        ),
        ("sync", "unsafe impl<T> Sync for Py<T> {}", "", "7: Py is not Sync"),
        ("must-use", "#[must_use]", "", "12: PyErrRaised lacks #[[]must_use[]]"),
    ],
)
def test_a_type_that_breaks_one(
    pytester: pytest.Pytester, write: Write, rule: str, old: str, new: str, words: str
) -> None:
    root = write(FILES)
    replace_once(root / "api/src/lib.rs", old, new)
    found, text = rules(pytester)
    assert rule in failed(found), text
    # One thing may follow from the other.
    assert failed(found) <= {rule, "not-send", "not-sync"}
    pytest.LineMatcher(text.splitlines()).fnmatch_lines([f"    api/src/lib.rs:{words}"])


def test_what_is_no_matter(pytester: pytest.Pytester, write: Write) -> None:
    """Unsafe functions, what nobody else reaches, what a `cfg` leaves out, extern "C" functions."""
    code = """
pub unsafe fn repr(object: *mut sys::PyObject) -> usize { raw_repr(object) }
pub(crate) fn inside() -> usize { raw_repr(std::ptr::null_mut()) }
mod private {
    pub fn f() -> usize { super::inside() }
    pub struct Lost; impl Lost { pub fn g() { f(); } }
}
#[cfg(feature = "no")] pub fn gone() { raw_repr(std::ptr::null_mut()); }
#[cfg(test)] mod tests {
    pub fn f() { unsafe { sys::PyObject_Repr(std::ptr::null_mut()); } }
    #[test] fn ok() { assert!(f as *const () as usize != 0); private::Lost::g(); }
    use super::*;
}
pub fn owned(_: (ThreadContext<'_>, i32)) -> usize { raw_repr(std::ptr::null_mut()) }
pub fn boxed(_: Box<ThreadContext<'_>>) -> usize { raw_repr(std::ptr::null_mut()) }
pub fn bound(_: &Bound<'_, i32>) -> usize { raw_repr(std::ptr::null_mut()) }
pub fn pointer(_: *mut PyAny, _: &PyAny) {}
"""
    write({**FILES, "api/src/lib.rs": f"{LIB}{code}"})
    found, text = rules(pytester)
    assert failed(found) == set(), text


def test_what_proves_nothing(pytester: pytest.Pytester, write: Write) -> None:
    """A context that may not be there, or that anybody can say to have."""
    code = """
pub fn maybe(_: Option<&ThreadContext<'_>>) -> usize { raw_repr(std::ptr::null_mut()) }
pub fn marker(_: PhantomData<ThreadContext<'_>>) -> usize { raw_repr(std::ptr::null_mut()) }
pub fn address(_: *const ThreadContext<'_>) -> usize { raw_repr(std::ptr::null_mut()) }
"""
    write({**FILES, "api/src/lib.rs": f"{LIB}{code}"})
    found, text = rules(pytester)
    assert failed(found) == {"capability"}
    line = LIB.count("\n") + 2
    assert f"api/src/lib.rs:{line}: 3 public safe functions reach C" in text


def test_an_exempt_function_is_one_for_those_that_call_it_too(
    pytester: pytest.Pytester, write: Write
) -> None:
    code = "pub mod one { pub fn f() -> usize { super::raw_repr(std::ptr::null_mut()) } }\n"
    root = write({**FILES, "api/src/lib.rs": f"{LIB}{code}pub fn g() -> usize {{ one::f() }}\n"})
    assert failed(rules(pytester)[0]) == {"capability"}
    reason = '"Py::clone_ref" = "audited'
    replace_once(root / "api/Cargo.toml", reason, f'"one::f" = "so it is", {reason}')
    assert failed(rules(pytester)[0]) == set()


def test_c_through_another_crate(pytester: pytest.Pytester, write: Write) -> None:
    """A crate that hands on what C has, and one that says which crate declares it."""
    user = PACKAGE.format("user") + '[dependencies]\nspam-api = { path = "../api" }\n'
    table = '[package.metadata.cpython-sys.api]\ncapability = ["ThreadContext"]\n'
    code = "pub fn f(_: spam_api::ThreadContext<'_>) {}\n"
    broken = "pub fn g() { unsafe { spam_api::ffi::PyObject_Repr(std::ptr::null_mut()); } }\n"
    root = write(
        {
            **FILES,
            "Cargo.toml": '[workspace]\nmembers = ["sys", "api", "user"]\nresolver = "2"\n',
            "api/src/lib.rs": f"{LIB}pub use sys as ffi;\n",
            "user/Cargo.toml": f"{user}{table}",
            "user/src/lib.rs": code,
        }
    )
    item = "user/src/lib.rs::@api::capability"
    assert rules(pytester, "user")[0] == {item: "passed"}
    (root / "user/src/lib.rs").write_text(f"{code}{broken}", encoding="utf-8")
    found, text = rules(pytester, "user")
    assert found == {item: "failed"}
    pytest.LineMatcher(text.splitlines()).fnmatch_lines(["    *:2: g -> *::PyObject_Repr"])
    (root / "user/Cargo.toml").write_text(f'{user}{table}sys = ["no"]\n', encoding="utf-8")
    found, text = rules(pytester, "user")
    assert found == {item: "error"}
    assert "`api.sys`: user does not depend on 'no'" in text


@pytest.mark.parametrize(
    ("rule", "table", "words"),
    [
        ("capability", 'capability = ["ThreadContxt"]', "'ThreadContxt': did you mean 'ThreadC*'?"),
        ("capability", "capability = []", "`api.capability` is empty: add a name, or *"),
        (
            "capability",
            'capability = "ThreadContext"',
            "`api.capability` must be an array of strings, not *",
        ),
        (
            "send",
            "send = [3]",
            "`api.send` must be an array of strings, but contains 3: write send = *",
        ),
        (
            "send",
            'send = ["Py"]\nallow = { a = 3 }',
            '*the reason of "a" must be a string, not 3: *',
        ),
        ("send", 'send = ["Vec"]', "`api.send`: 'Vec' is a type of the crate alloc, *"),
        (
            "ffi-module",
            'ffi-module = "c-api"',
            '`api.ffi-module`: "c-api" is not the path of a module: *',
        ),
        ("ffi-module", 'ffi-module = "capi"', "no module 'capi': did you mean 'c_api'?"),
        ("catch-unwind", 'catch-unwind = ["gard"]', "no function 'gard': did you mean 'guard'?"),
        ("must-use", 'must-use = ["PyErr"]', "`api.must-use`: the crate has no type 'PyErr'*"),
        (
            "capability",
            'capability = ["ThreadContext"]\nallow = { "Py::clon_ref" = "why" }',
            "`api.allow`: the crate has no function 'Py::clon_ref': did you mean 'Py::clone_ref'*",
        ),
        (
            "send",
            'send = ["Py"]\nallow = { "a" = " " }',
            '`api.allow`: "a" has no reason: write why *',
        ),
        ("send", 'send = ["Py"]\nallow = ["a"]', "`api.allow` must be a table, not *: write *"),
        (
            "send",
            'send = ["Py"]\nsends = []',
            "unknown key `api.sends`: remove it, because `api.send` is set",
        ),
        ("@table", "", "`api` has no rule: add at least one of *"),
    ],
)
def test_a_table_that_cannot_be_used(
    pytester: pytest.Pytester, write: Write, rule: str, table: str, words: str
) -> None:
    manifest = FILES["api/Cargo.toml"].replace(TABLE, "")
    root = write(FILES)
    heading = "[package.metadata.cpython-sys.api]"
    (root / "api/Cargo.toml").write_text(f"{manifest}{heading}\n{table}\n", encoding="utf-8")
    found, text = rules(pytester)
    assert found[f"{HERE}{rule}"] == "error"
    pytest.LineMatcher(text.splitlines()).fnmatch_lines([f"*{words}"])
    assert text.count("Traceback") == 0


def test_a_library_that_does_not_build(pytester: pytest.Pytester, write: Write) -> None:
    write({**FILES, "api/src/lib.rs": f"{LIB}fn wrong() -> i32 {{ true }}\n"})
    found, text = rules(pytester)
    assert set(found.values()) == {"error"}
    assert "not evaluated: the library does not build: see `@build`" in text


def test_who_does_not_ask_has_none(pytester: pytest.Pytester, write: Write) -> None:
    write({**FILES, "api/Cargo.toml": FILES["api/Cargo.toml"].replace(TABLE, "")})
    assert rules(pytester)[0] == {}
    write(FILES)
    assert rules(pytester, "-o", "cpython_sys_policies=off")[0] == {}


def test_features_and_a_shared_library(pytester: pytest.Pytester, write: Write) -> None:
    """What is compiled is what counts; a `cdylib` alone can be asked too."""
    manifest = FILES["api/Cargo.toml"].replace(
        "[dependencies]", '[lib]\ncrate-type = ["cdylib"]\n[features]\nno = []\n[dependencies]'
    )
    code = '#[cfg(feature = "no")] pub fn gone() { raw_repr(std::ptr::null_mut()); }\n'
    write({**FILES, "api/Cargo.toml": manifest, "api/src/lib.rs": f"{LIB}{code}"})
    assert failed(rules(pytester)[0]) == set()
    assert failed(rules(pytester, "--cargo-features=spam-api/no")[0]) == {"capability"}


def test_two_of_which_one_is_a_module_are_asked_once(
    pytester: pytest.Pytester,
    write: Write,
    cargo_calls: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a `cdylib` there is one file, made anew when it is asked and when it is built."""
    manifest = PACKAGE.format("module") + (
        '[lib]\ncrate-type = ["cdylib"]\ntest = false\n[dependencies]\n'
        'spam-api = { path = "../api" }\n'
        "[package.metadata.cpython-sys.api]\nno-mut-ref = ['Seen']\n"
    )
    code = "pub struct Seen; pub fn f() -> usize { std::mem::size_of::<spam_api::PyAny>() }\n"
    root = FILES["Cargo.toml"]
    write(
        {
            **FILES,
            "Cargo.toml": root.replace('"api"', '"api", "module"'),
            "module/Cargo.toml": manifest,
            "module/src/lib.rs": code,
        }
    )
    item = "module/src/lib.rs::@api::no-mut-ref"
    assert outcomes(run(pytester))[item] == "passed"
    assert "rustc" in cargo_calls()
    assert outcomes(run(pytester))[item] == "passed"
    assert "rustc" not in cargo_calls()
    monkeypatch.setenv("RUSTFLAGS", "--cfg told")
    write({"module/src/lib.rs": f"{code}#[cfg(told)] pub fn bad(_: &mut Seen) {{}}\n"})
    assert outcomes(run(pytester))[item] == "failed"
    monkeypatch.delenv("RUSTFLAGS")
    assert outcomes(run(pytester))[item] == "passed"
    monkeypatch.setenv("RUSTFLAGS", "--cfg told")
    assert outcomes(run(pytester))[item] == "failed"


def test_what_self_stands_for_is_known(pytester: pytest.Pytester, write: Write) -> None:
    code = """
pub struct Held(PyAny);
impl std::ops::Deref for Held {
    type Target = PyAny;
    fn deref(&self) -> &Self::Target { &self.0 }
}
impl std::ops::DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Self::Target { &mut self.0 }
}
pub trait With { type Context; fn go(&self, context: &Self::Context); }
impl With for u8 {
    type Context = ThreadContext<'static>;
    fn go(&self, _: &Self::Context) { raw_repr(std::ptr::null_mut()); }
}
"""
    write({**FILES, "api/src/lib.rs": f"{LIB}{code}"})
    found, text = rules(pytester)
    assert failed(found) == {"no-mut-ref"}
    assert "<Held as DerefMut>::deref_mut returns `&mut PyAny`" in text


def test_without_a_crate_that_declares_c_nothing_is_known(
    pytester: pytest.Pytester, write: Write
) -> None:
    files = {
        name.replace("sys/", "capi/"): text.replace("spam-sys", "capi").replace("../sys", "../../o")
        for name, text in FILES.items()
    }
    (outside,) = (name for name in files if name.endswith("capi/Cargo.toml"))
    files["../o/Cargo.toml"] = files.pop(outside)
    files["../o/src/lib.rs"] = files.pop("capi/src/lib.rs")
    files["Cargo.toml"] = files["Cargo.toml"].replace('"sys", ', "")
    write(files)
    found, text = rules(pytester)
    assert failed(found) == {"capability", "ffi-module"}
    assert "if a dependency declares the C functions, name it in " in text


def test_a_module_may_be_called_as_the_crate_that_declares_c(
    pytester: pytest.Pytester, write: Write
) -> None:
    code = "mod spam_sys { pub fn other() {} }\npub fn o() { spam_sys::other() }\n"
    bad = "pub fn bad() { raw_repr(std::ptr::null_mut()); }\n"
    write({**FILES, "api/src/lib.rs": f"{LIB}{code}{bad}"})
    assert failed(rules(pytester)[0]) == {"capability"}


def test_workers_ask_once(
    pytester: pytest.Pytester, write: Write, cargo_calls: Callable[[], list[str]]
) -> None:
    write(FILES)
    found, _ = rules(pytester, "-n2")
    assert found == KEPT
    assert cargo_calls().count("rustc") == 1


def test_without_what_people_see_of_it(pytester: pytest.Pytester, write: Write) -> None:
    """Traits of the standard library, operators and derives: what is called is what counts."""
    code = """
pub struct Table;
impl std::ops::Index<usize> for Table {
    type Output = i32;
    fn index(&self, _: usize) -> &i32 { raw_repr(std::ptr::null_mut()); &1 }
}
pub fn third() -> i32 { Table[3] }
pub struct Steps<'a>(&'a mut PyAny);
impl<'a> Iterator for Steps<'a> {
    type Item = &'a mut PyAny;
    fn next(&mut self) -> Option<Self::Item> { None }
}
#[derive(Clone, Default, PartialEq)] pub struct Derived(i32);
"""
    write({**FILES, "api/src/lib.rs": f"{LIB}{code}"})
    found, text = rules(pytester)
    assert failed(found) == {"capability", "no-mut-ref"}
    start = LIB.count("\n")
    pytest.LineMatcher(text.splitlines()).fnmatch_lines_random(
        [
            f"    *:{start + 5}: <Table as Index>::index -> raw_repr -> c_api::repr -> *",
            f"    *:{start + 7}: third -> <Table as Index>::index -> raw_repr -> c_api::repr -> *",
            f"    *:{start + 11}: <Steps as Iterator>::next returns `&mut PyAny`",
        ]
    )


@pytest.mark.parametrize("where", ["sys/src/lib.rs", "api/src/lib.rs"])
def test_a_layout_that_differs(pytester: pytest.Pytester, write: Write, where: str) -> None:
    """What builds only without the layouts that differ has rules all the same."""
    wrong = (
        "#[repr(C)] pub struct Wrong { pub a: i32 }\n"
        'const _: () = { ["Size of Wrong"][::std::mem::size_of::<Wrong>() - 8usize]; };\n'
    )
    root = write(FILES)
    path = root / where
    path.write_text(f"{path.read_text(encoding='utf-8')}{wrong}", encoding="utf-8")
    found, text = rules(pytester)
    assert found == KEPT, text
    broken = f"{LIB}pub fn bad() -> usize {{ raw_repr(std::ptr::null_mut()) }}\n"
    (root / "api/src/lib.rs").write_text(f"{broken}{wrong}", encoding="utf-8")
    found, text = rules(pytester)
    assert failed(found) == {"capability"}, text
    line = broken.count("\n")
    assert f"api/src/lib.rs:{line}: bad -> raw_repr -> c_api::repr -> spam_sys::PyObj" in text


def test_what_declares_c_has_any_name(pytester: pytest.Pytester, write: Write) -> None:
    """A crate of the workspace does, where no dependency is called as such crates are."""
    files = {
        **FILES,
        "sys/Cargo.toml": PACKAGE.format("raw"),
        "api/Cargo.toml": FILES["api/Cargo.toml"].replace('"spam-sys"', '"raw"'),
    }
    write(files)
    assert failed(rules(pytester)[0]) == set()
    code = "pub fn bad() -> usize { raw_repr(std::ptr::null_mut()) }\n"
    write({**files, "api/src/lib.rs": f"{LIB}{code}"})
    found, text = rules(pytester)
    assert failed(found) == {"capability"}
    assert "bad -> raw_repr -> c_api::repr -> raw::PyObject_Repr" in text


def test_c_in_all_its_forms(pytester: pytest.Pytester, write: Write) -> None:
    """A method of a trait, a crate by the name of `extern crate`, a block inside a function."""
    trait = """
pub trait Ext { unsafe fn ext(&self); }
impl Ext for PyObject { unsafe fn ext(&self) { PyObject_Repr(self as *const _ as *mut _); } }
"""
    code = """
extern crate sys;
use sys::Ext;
pub fn method(object: &sys::PyObject) { unsafe { object.ext() } }
pub fn local() { extern "C" { fn labs(a: i64) -> i64; } unsafe { labs(1); } }
pub fn named() { unsafe { sys::PyObject_Repr(std::ptr::null_mut()); } }
pub fn inline() { unsafe { sys::Py_INCREF(std::ptr::null_mut()); } }
"""
    write(
        {
            **FILES,
            "sys/src/lib.rs": f"{FILES['sys/src/lib.rs']}{trait}",
            "api/src/lib.rs": f"{LIB}{code}",
        }
    )
    found, text = rules(pytester)
    assert failed(found) == {"capability", "ffi-module"}, text
    start = LIB.count("\n")
    ways = {
        4: "method -> <sys::PyObject as sys::Ext>::ext",
        5: "local -> local::labs",
        6: "named -> sys::PyObject_Repr",
        7: "inline -> sys::Py_INCREF",
    }
    for line, way in ways.items():
        assert text.count(f"    api/src/lib.rs:{start + line}: {way}") == 2, text


def test_a_guard_of_another_crate(pytester: pytest.Pytester, write: Write) -> None:
    """By the name that the crate gives to that one."""
    guard = "pub fn guard_all<R>(inside: impl FnOnce() -> R) -> R { inside() }\n"
    code = 'pub extern "C" fn kept() -> usize { sys::guard_all(|| 3) }\n'
    names = 'catch-unwind = ["c_api::guard"'
    write(
        {
            **FILES,
            "sys/src/lib.rs": f"{FILES['sys/src/lib.rs']}{guard}",
            "api/src/lib.rs": f"{LIB}{code}",
            "api/Cargo.toml": FILES["api/Cargo.toml"].replace(names, f'{names}, "sys::guard_all"'),
        }
    )
    found, text = rules(pytester)
    assert failed(found) == set(), text
