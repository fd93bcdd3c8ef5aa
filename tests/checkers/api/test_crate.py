"""What is read of MIR and of rustdoc's JSON, written here by the installed rustc and rustdoc."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_cpython_sys.checkers.api.graph import Graph
from pytest_cpython_sys.checkers.api.mir import without_generics
from pytest_cpython_sys.checkers.api.surface import Surface, _is_must_use
from pytest_cpython_sys.checkers.api.types import normalised

from .asked import asked

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_cpython_sys.checkers.api.graph import Node
    from pytest_cpython_sys.checkers.api.surface import TypeItem

SOURCE = r"""
#![allow(dead_code)]
use std::marker::PhantomData;
extern "C" { fn touch(); fn other(_: i32) -> i32; }
fn inner<T>(_: T) -> (i32, [T; 0]) { unsafe { touch() }; (1, []) }
pub fn plain() { let _ = crate::inner::<(i32, fn() -> u8)>((1, || 2)); }
pub async fn later() { inner(1); }
pub fn mapped() -> i32 { [1].iter().map(|x| x + inner(2).0).sum() }
pub fn nested() { fn deep() { inner(1); } fn idle() {} deep(); idle(); }
pub fn nothing(text: &str) -> bool { text.contains(") -> [return: bb1, unwind continue];") }
pub fn pointer(f: fn()) { f() }
pub fn dynamic(x: &dyn Show) { x.show() }
pub fn generic<T: Show>(x: &T) { x.show() }
pub fn concrete(x: &Held) { x.show() }
pub fn provided() { <Held as Show>::given(); }
pub const fn constant() -> i32 { 3 }
pub trait Show { fn show(&self); fn given() where Self: Sized { inner(1); } }
pub struct Held(*mut u8);
impl Show for Held { fn show(&self) { inner(1); } }
impl Show for i32 { fn show(&self) {} fn given() {} }
pub fn number() { 3i32.show(); <i32 as Show>::given(); }
pub struct Typed<T>(T);
impl Typed<u8> { pub fn get(&self) { inner(1); } }
impl Typed<i8> { pub fn get(&self) {} }
pub fn typed(a: &Typed<u8>) { a.get() }
pub fn typed_else(a: &Typed<i8>) { a.get() }
impl<T> From<Typed<T>> for Held { fn from(_: Typed<T>) -> Held { inner(1); loop {} } }
impl From<i8> for Held { fn from(_: i8) -> Held { loop {} } }
pub fn from_typed(a: Typed<String>) -> Held { Held::from(a) }
pub fn from_number() -> Held { Held::from(3i8) }
pub fn into_number() -> Held { 3i8.into() }
macro_rules! made { ($name:ident, $body:expr) => {
    pub struct $name; impl $name { pub fn run() -> i32 { $body } }
} }
made!(Calls, inner(1).0);
made!(Idles, 2);
pub fn calls() { Calls::run(); }
pub fn idles() { Idles::run(); }
mod twice {
    macro_rules! both { ($($type:ty => $body:expr),*) => { $(
        impl super::Show for $type { fn show(&self) { $body } }
        impl super::Show for &$type { fn show(&self) { (**self).show() } }
    )* } }
    use super::Show;
    both!(u8 => { super::inner(1); }, u16 => {});
    pub mod deeper { both!(u32 => { super::super::inner(1); }); use super::super::Show; }
    both!((u8, u8) => {}, std::num::NonZeroU8 => { super::inner(1); });
}
pub fn wide() { Show::show(&&4u32) }
pub fn narrow() { Show::show(&&4u16) }
pub fn pair() { (1u8, 2u8).show() }
pub fn blanket<T: Again>(x: T) { x.again() }
pub trait Again { fn again(&self); }
impl<U: Copy> Again for U { fn again(&self) { inner(1); } }
pub fn copied() { 1u64.again() }
mod a { pub mod b { pub struct Far; } impl b::Far { pub fn near(&self) { super::inner(1); } } }
pub fn elsewhere(x: &a::b::Far) { x.near() }
#[must_use] pub struct Must;
#[doc = "#[must_use]"] #[deprecated = "must_use"] pub struct Deprecated;
#[must_use = "why"] pub enum MustToo { A }
unsafe impl<T> Send for Marked<T> {}
unsafe impl<T: Copy> Sync for Marked<T> {}
pub struct Marked<T>(*mut T);
pub struct Asked<T: Copy>(*mut T);
unsafe impl<T: Copy> Send for Asked<T> {}
pub struct Plain<T>(PhantomData<T>);
pub struct Single<T>(*mut T);
unsafe impl Send for Single<i32> {}
"""


class Crate(NamedTuple):
    graph: Graph
    surface: Surface

    def way(self, name: str) -> str:
        """Return how a function reaches C; empty if it does not."""
        (node,) = (one for one in self.graph.nodes if one.shown == name and not one.is_closure)
        return node.way() if node.reaches else ""

    def type(self, name: str) -> TypeItem:
        (found,) = (one for one in self.surface.items.values() if one.path[-1] == name)
        return found


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Crate:
    bodies, raw = asked(tmp_path_factory.mktemp("api"), SOURCE)
    surface = Surface(raw)
    graph = Graph(bodies, surface, {})
    graph.find_ways(())
    return Crate(graph, surface)


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("plain", "plain -> inner -> touch"),
        ("later", "later -> inner -> touch"),
        ("mapped", "mapped -> inner -> touch"),
        ("nested", "nested -> nested::deep -> inner -> touch"),
        ("concrete", "concrete -> <Held as Show>::show -> inner -> touch"),
        ("provided", "provided -> Show::given -> inner -> touch"),
        ("typed", "typed -> Typed::get -> inner -> touch"),
        ("from_typed", "from_typed -> <Held as From>::from -> inner -> touch"),
        ("calls", "calls -> Calls::run -> inner -> touch"),
        ("elsewhere", "elsewhere -> a::b::Far::near -> inner -> touch"),
        ("wide", "wide -> <&u32 as Show>::show -> <u32 as Show>::show -> inner -> touch"),
        ("copied", "copied -> <U as Again>::again -> inner -> touch"),
        *((name, "") for name in ("narrow", "pair", "blanket")),
        *((name, "") for name in ("nothing", "pointer", "dynamic", "generic", "constant")),
        *((name, "") for name in ("number", "typed_else", "from_number", "into_number", "idles")),
    ],
)
def test_ways_to_c(crate: Crate, name: str, way: str) -> None:
    assert crate.way(name) == way


def test_each_body_is_a_function_of_rustdoc_or_one_inside_another(crate: Crate) -> None:
    def constructs(node: Node) -> bool:
        return any(one.path == (node.shown,) for one in crate.surface.items.values())

    others = [
        node.shown
        for node in crate.graph.nodes
        if node.function is None and not node.is_closure and not constructs(node)
    ]
    assert others == ["nested::deep", "nested::idle"]
    assert crate.graph.unknown == {
        "calls through pointers": 1,
        # In `dynamic`, `generic`, `blanket`; `map`, `sum`, `add`, `into` are in another crate;
        # and what `NonZeroU8` stands for is known to rustc alone.
        "calls of trait methods whose type or body is not known": 8,
    }


def test_what_others_can_call(crate: Crate) -> None:
    public = {crate.surface.functions[key].shown for key in crate.surface.public}
    assert {"plain", "Typed::get", "<Held as Show>::show", "Show::given", "Calls::run"} <= public
    assert "a::b::Far::near" in public  # by the signature of a public function
    assert not {"inner", "touch", "other"} & public


def test_what_others_come_to(tmp_path: Path) -> None:
    """Through constants, and what a trait asks for."""
    source = """
    mod inside {
        pub struct Held; impl Held { pub fn of_constant(&self) {} }
        pub struct Kept; impl Kept { pub fn of_static(&self) {} }
        pub struct Lost; impl Lost { pub fn of_none(&self) {} }
        pub trait Sealed { fn of_sealed(&self) {} }
        pub trait Hidden { fn of_hidden(&self) {} }
    }
    pub const HELD: inside::Held = inside::Held;
    pub static KEPT: inside::Kept = inside::Kept;
    const LOST: inside::Lost = inside::Lost;
    pub trait Open: inside::Sealed + Send {}
    """
    surface = Surface(asked(tmp_path, source)[1])
    names = {surface.functions[key].name for key in surface.public}
    assert names == {"of_constant", "of_static", "of_sealed"}


@pytest.mark.parametrize(
    ("name", "trait", "conditions"),
    [
        ("Marked", "Send", [""]),
        ("Marked", "Sync", ["T: Copy"]),
        ("Asked", "Send", [""]),
        ("Asked", "Sync", []),
        ("Plain", "Send", ["T: Send"]),
        ("Single", "Send", ["it is Single<i32>"]),
        ("Held", "Send", []),
        ("Must", "Sync", [""]),
    ],
)
def test_auto_traits(crate: Crate, name: str, trait: str, conditions: list[str]) -> None:
    found = crate.surface.auto_traits(crate.type(name), trait)
    assert [one.condition for one in found] == conditions


def test_attributes(crate: Crate) -> None:
    must = {one.path[-1] for one in crate.surface.items.values() if one.must_use}
    assert must == {"Must", "MustToo"}


@pytest.mark.parametrize(
    ("attribute", "found"),
    [
        ({"must_use": {"reason": None}}, True),
        ("must_use", True),
        ("#[must_use]", True),
        ('#[must_use = "why"]', True),
        ({"other": '#[attr = MustUse {reason: "why"}]'}, True),
        ("#[must_used]", False),
        ({"other": '#[deprecated = "#[must_use]"]'}, False),
        ("non_exhaustive", False),
    ],
)
def test_an_attribute_in_all_its_forms(attribute: object, found: bool) -> None:
    assert _is_must_use(attribute) is found


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("a::b", "a::b"),
        ("Py::<T>::get::<(A, fn() -> B)>", "Py::get"),
        ("<Py<T> as a::Show<B>>::show::<C>", "<Py<T> as a::Show<B>>::show"),
        ("a::<impl b::Far<T>>::near", "a::<impl b::Far<T>>::near"),
        ("std::vec::Vec::<u8>::with_capacity", "std::vec::Vec::with_capacity"),
    ],
)
def test_paths_without_arguments(path: str, plain: str) -> None:
    assert without_generics(path) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("&'a mut a::b::Py<'_, c::D>", "&mutPy<D>"),
        ("Bound<'_>", "Bound"),
        ("(std::string::String, *const u8)", "(String,*constu8)"),
        ("Py::<'a, T>", "Py<T>"),
        ("dyn a::Show + 'static", "dynShow+"),
    ],
)
def test_types_as_rustc_writes_them(text: str, plain: str) -> None:
    assert normalised(text) == plain
