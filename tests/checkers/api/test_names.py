"""What the names of the table lead to."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from pytest_cpython_sys.checkers.api.judge import Judge, Judgement
from pytest_cpython_sys.checkers.api.surface import Surface
from pytest_cpython_sys.rust.tables.api import read_api

from .asked import asked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_cpython_sys.checkers.api.mir import Body

SOURCE = r"""
#![allow(dead_code)]
use std::fmt;
extern "C" { fn touch(); }
fn c() { unsafe { touch() } }
pub struct Tok; pub type Alias = Tok; pub trait Asks { fn ask(&self); }
pub mod zzz { pub struct Tok; pub struct Deep; pub fn helper() { super::c() } }
pub mod yyy { pub struct Deep; }
pub fn with_root(_: Tok) { c() }
pub fn with_other(_: zzz::Tok) { c() }
pub fn mut_root(_: &mut Tok) {}
pub fn mut_other(_: &mut zzz::Tok) {}
pub mod c_api { pub fn guard(_: impl FnOnce()) {} }
pub mod x { pub mod c_api { pub fn guard(_: impl FnOnce()) {} } }
pub extern "C" fn guarded() { c_api::guard(|| ()) }
pub extern "C" fn not_guarded() { x::c_api::guard(|| ()) }
pub fn helper() { c() }
pub struct Two;
impl fmt::Debug for Two {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result { c(); Ok(()) }
}
impl fmt::Display for Two {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result { c(); Ok(()) }
}
impl From<u8> for Two { fn from(_: u8) -> Two { c(); Two } }
impl From<&[u16]> for Two { fn from(_: &[u16]) -> Two { c(); Two } }
pub struct Of<T>(T);
impl Of<u8> { pub fn get() { c() } }
impl Of<i8> { pub fn get() { c() } }
impl<T> Of<T> { pub fn all() { c() } }
"""


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Body], Mapping[str, Any]]:
    return asked(tmp_path_factory.mktemp("api"), SOURCE)


@pytest.fixture
def judged(crate: tuple[list[Body], Mapping[str, Any]]) -> Callable[..., Judgement]:
    """Return what is said of a rule of a table that has this one alone."""
    bodies, raw = crate

    def judge(rule: str, names: object, *allow: str) -> Judgement:
        api = {rule: names, "allow": dict.fromkeys(allow, "audited")}
        table = read_api({"cpython-sys": {"api": api}})
        assert table is not None
        return Judge(Surface(raw), bodies, table, {}).judge(rule)

    return judge


def found(said: Judgement) -> set[str]:
    """Return the functions that break a rule."""
    assert said.problems == []
    names = {one.text.partition(" -> ")[0].split(" takes ")[0] for one in said.findings}
    return {name for name in names if "::" not in name}


@pytest.mark.parametrize(
    ("name", "breaks"),
    [
        ("Tok", "with_other"),
        ("crate::Tok", "with_other"),
        ("::Tok", "with_other"),
        ("sample::Tok", "with_other"),
        ("zzz::Tok", "with_root"),
        ("crate::zzz::Tok", "with_root"),
    ],
)
def test_a_type_is_the_one_at_the_whole_path(
    judged: Callable[..., Judgement], name: str, breaks: str
) -> None:
    assert found(judged("capability", [name])) == {breaks, "helper"}
    changes = breaks.replace("with", "mut")
    assert found(judged("no-mut-ref", [name])) == {"mut_root", "mut_other"} - {changes}
    (text,) = (one.text for one in judged("not-send", [name]).findings)
    path = name.removeprefix("sample::").removeprefix("crate").removeprefix("::")
    assert text == f"{path} is Send"


@pytest.mark.parametrize("name", ["c_api::guard", "crate::c_api::guard"])
def test_a_guard_is_the_one_at_the_whole_path(judged: Callable[..., Judgement], name: str) -> None:
    assert found(judged("catch-unwind", [name])) == {"not_guarded"}
    assert found(judged("catch-unwind", ["x::c_api::guard"])) == {"guarded"}


@pytest.mark.parametrize("name", ["c_api", "crate::c_api", "x", "::x::c_api"])
def test_a_module_is_the_one_at_the_whole_path(judged: Callable[..., Judgement], name: str) -> None:
    assert "c" in found(judged("ffi-module", name))


@pytest.mark.parametrize(
    ("rule", "names", "words"),
    [
        ("capability", ["Deep"], "'Deep' is the name of several types: * (yyy::Deep, zzz::Deep)"),
        ("no-mut-ref", ["Deep"], "'Deep' is the name of several types: *"),
        ("must-use", ["Deep"], "'Deep' is the name of several types: *"),
        ("catch-unwind", ["guard"], "* several functions: * (c_api::guard, x::c_api::guard)"),
        (
            "capability",
            ["crate::Deep"],
            "no type 'crate::Deep': did you mean 'zzz::Deep' or 'yyy::Deep'?",
        ),
        ("capability", ["Alias"], "'Alias' is an alias: name the type itself"),
        ("no-mut-ref", ["Asks"], "'Asks' is a trait: name a type"),
        ("not-send", ["Asks"], "'Asks' is a trait: name a type"),
        ("ffi-module", "y::c_api", "no module 'y::c_api': did you mean * 'c_api'*"),
        ("ffi-module", "crate::xx", "the crate has no module 'crate::xx'*"),
        ("catch-unwind", ["crate::gard"], "no function 'crate::gard'*"),
    ],
)
def test_what_cannot_be_told(
    judged: Callable[..., Judgement], rule: str, names: object, words: str
) -> None:
    (problem,) = judged(rule, names).problems
    assert fnmatchcase(problem, f"*{words}"), problem


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("helper", "helper"),
        ("crate::helper", "helper"),
        ("zzz::helper", "zzz::helper"),
        ("<Two as Debug>::fmt", "<Two as Debug>::fmt"),
        ("<crate::Two as std::fmt::Display>::fmt", "<Two as Display>::fmt"),
        ("<Two as fmt::Debug>::fmt", "<Two as Debug>::fmt"),
        ("<Two as From<u8>>::from", "<Two as From>::from"),
        ("<Two as From<&[u16]>>::from", "<Two as From>::from"),
        ("Of<u8>::get", "Of::get"),
        ("Of::all", "Of::all"),
        ("all", "Of::all"),
    ],
)
def test_one_function_is_exempt(judged: Callable[..., Judgement], name: str, function: str) -> None:
    before = [one.text.split(" -> ")[0] for one in judged("capability", ["Tok"]).findings]
    said = judged("capability", ["Tok"], name)
    assert said.problems == []
    after = [one.text.split(" -> ")[0] for one in said.findings]
    before.remove(function)
    assert sorted(after) == sorted(before)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "Two::fmt",
            "several functions: * (<Two as core::fmt::Debug>::fmt, <Two as core::fmt::Display>*)",
        ),
        ("fmt", "several functions: *"),
        ("<Two as From>::from", "* (<Two as core::*::From<&[[]u16]>>::from, <Two as *<u8>>::from)"),
        ("Of::get", "several functions: * (Of<i8>::get, Of<u8>::get)"),
        ("<zzz::Tok as Debug>::fmt", "no function '<zzz::Tok as Debug>::fmt'*"),
        ("<Two as Debg>::fmt", "did you mean '<Two as Debug>::fmt'*"),
        ("crate::zzz::helpr", "did you mean 'zzz::helper'*"),
    ],
)
def test_none_is_exempt_by_a_name_that_may_be_several(
    judged: Callable[..., Judgement], name: str, words: str
) -> None:
    said = judged("capability", ["Tok"], name)
    (problem,) = said.problems
    assert fnmatchcase(problem, f"*{words}"), problem
    assert len(said.findings) == len(judged("capability", ["Tok"]).findings)
