"""C's declarations for Rust's types."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.c.compiler import CompilerError, include_name
from pytest_cpython_sys.checkers.abi.c_types import Speller, UntranslatableError
from pytest_cpython_sys.checkers.abi.cdecls import scan
from pytest_cpython_sys.checkers.abi.keys import Keys
from pytest_cpython_sys.checkers.abi.probe import raw_name
from pytest_cpython_sys.checkers.abi.rustdoc import Crate
from pytest_cpython_sys.checkers.abi.rusttypes import RustType
from pytest_cpython_sys.rust.metadata import MetadataError
from pytest_cpython_sys.rust.tables.abi import read_abi

INT = RustType("path", "c_int")
VOID = RustType("path", "c_void")
PREDEFINED = {"__SIZE_TYPE__": "long unsigned int", "__INT64_TYPE__": "long"}


def pointer(to: RustType, *, mutable: bool = True) -> RustType:
    return RustType("pointer", parts=(to,), mutable=mutable)


def function(*parts: RustType, variadic: bool = False) -> RustType:
    return RustType("function", parts=parts, variadic=variadic)


def spell(kind_of: RustType, text: str = "") -> str:
    speller = Speller(Crate("x", (), {}), scan(text), Keys("x", {}), PREDEFINED)
    return " ".join(speller.declaration(kind_of, "x").split())


@pytest.mark.parametrize(
    ("kind_of", "declaration"),
    [
        (INT, "int x"),
        (RustType("primitive", "usize"), "long unsigned int x"),
        (pointer(VOID), "void *x"),
        (pointer(pointer(INT), mutable=False), "int *const *x"),
        (pointer(INT, mutable=False), "const int *x"),
        (RustType("array", "3", parts=(pointer(INT),)), "int *x[3]"),
        (pointer(RustType("array", "3", parts=(INT,)), mutable=False), "const int (*x)[3]"),
        (function(INT, RustType("void")), "void (*x)(int )"),
        (function(RustType("void")), "void (*x)(void)"),
        (function(pointer(INT), INT, variadic=True), "int (*x)(int *, ...)"),
        (function(INT, function(INT, INT)), "int (*(*x)(int ))(int )"),
        (pointer(RustType("path", "__va_list_tag")), "__builtin_va_list x"),
    ],
)
def test_declarations(kind_of: RustType, declaration: str) -> None:
    assert spell(kind_of) == declaration


def test_types_by_name() -> None:
    text = "typedef struct { int i; } named; struct tagged { int i; };"
    assert spell(pointer(RustType("path", "named")), text) == "named *x"
    assert spell(pointer(RustType("path", "tagged")), text) == "struct tagged *x"
    with pytest.raises(UntranslatableError, match="the header declares no type unknown"):
        spell(RustType("path", "unknown"), text)


def test_a_function_named_as_a_type_is_none() -> None:
    text = "int stat(const char *); struct stat { int i; };"
    assert spell(RustType("path", "stat"), text) == "struct stat x"


def test_raw_identifiers() -> None:
    assert raw_name("type") == "r#type"
    assert raw_name("kind") == "kind"


def test_a_table_is_checked() -> None:
    table = read_abi({"cpython-sys": {"names": {"A": "struct a", "B": ""}, "flags": ["-DX=\"'"]}})
    assert table.names == {"A": "struct a", "B": ""}
    assert table.flags == ("-DX=\"'",)
    assert read_abi({}).header is None
    assert read_abi({}).letter == ()
    assert read_abi({"cpython-sys": {"letter": ["const", "void"]}}).letter == ("const", "void")
    assert read_abi({"cpython-sys": {"letter": "error"}}).letter is None


@pytest.mark.parametrize(
    "bad",
    [
        {"names": {"A": "a b"}},
        {"names": {"A": 'a"'}},
        {"names": {"A": "a);int x"}},
        {"names": {"A\n": "a"}},
        {"names": {"A": 1}},
        {"names": 1},
        {"inits": {"A": '"\n#include </etc/passwd>'}},
        {"inits": {"A": "3; int evil"}},
        {"inits": {"A": "a\\"}},
        {"known": {"A b": "it is no name"}},
        {"known": {"layout::A": " "}},
        {"known": {"layout::A": 1}},
        {"symbols": [""]},
        {"symbols": ["a b"]},
        {"symbols": "a"},
        {"flags": "x"},
        {"flags": ["-DX\n=1"]},
        {"flags": [""]},
        {"header": ""},
        {"header": 'wrap"per.h'},
        {"header": "a\nb"},
        {"const-is-an-error": "yes"},
        {"letter": "errors"},
        {"letter": True},
        {"letter": ["constant"]},
        {"nonsense": 1},
    ],
)
def test_what_a_table_must_not_hold(bad: dict[str, object]) -> None:
    with pytest.raises(MetadataError) as raised:
        read_abi({"cpython-sys": bad})
    assert [fault.keys[:2] for fault in raised.value.faults] == [("cpython-sys", *bad)]


def test_a_path_that_no_include_can_name() -> None:
    with pytest.raises(CompilerError):
        include_name('a"b.h')
