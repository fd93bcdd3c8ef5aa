"""Dep-info files and compiler calls, in each form in which rustc and cargo write them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.cargo.depinfo import (
    RustcCall,
    parse_depinfo,
    parse_rustc_calls,
    passed_directories,
    read_depinfo,
    read_rustc_call,
)

if TYPE_CHECKING:
    from pathlib import Path

CALL = (
    "--crate-name c --edition=2021 src/lib.rs --crate-type lib "
    "--cfg 'feature=\"b\"' --cfg 'feature=\"a\"' -C metadata=0f --cfg 'feature=\"script\"' "
    "-C extra-filename=-1f=2 --out-dir /t/deps --target /specs/odd.json "
    "--extern one=/t/libone=1.rlib --extern two --extern=three=/t/libthree.rlib other.rs"
)


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("/t/c.d: a.rs b.rs\n\na.rs:\n", ("a.rs", "b.rs")),
        ("# comment: x.rs\n/t/c.d: a.rs\n", ("a.rs",)),
        ("no rule\n/t/c.d: a.rs\n", ("a.rs",)),
        ("/t/libc.rlib: \n/t/c.d: a.rs\n", ("a.rs",)),
        # The rule of the file itself may have no sources at all.
        ("/t/c.d: \n/t/c.d: a.rs\n", ()),
        ("/t/c.d: a\\ b.rs c\\\\d.rs e:\\ f.rs\n", ("a b.rs", "c\\d.rs", "e: f.rs")),
        ("", ()),
    ],
)
def test_the_first_rule(text: str, sources: tuple[str, ...]) -> None:
    assert parse_depinfo(text) == sources


def test_sources_are_absolute(tmp_path: Path) -> None:
    file = tmp_path / "c.d"
    file.write_text("/t/c.d: src/lib.rs src/x/../gen.rs /o/out.rs ../../up.rs\n", encoding="utf-8")
    assert read_depinfo(str(file), "/w/a") == (
        "/w/a/src/lib.rs",
        "/w/a/src/gen.rs",
        "/o/out.rs",
        "/up.rs",
    )
    passed = list(passed_directories(str(file), "/w/a"))
    assert passed == ["/w/a/src/x", "/w/a", "/w"]
    assert read_depinfo(str(tmp_path / "none.d"), "/w") is None
    assert list(passed_directories(str(tmp_path / "none.d"), "/w")) == []


def test_a_call() -> None:
    call = read_rustc_call(shlex.split(CALL))
    assert call == RustcCall(
        "c",
        "src/lib.rs",
        False,
        ('feature="b"', 'feature="a"', 'feature="script"'),
        "/t/deps",
        "-1f=2",
        ("/t/libone=1.rlib",),
        "odd",
        ("a", "b"),
    )
    assert call.depinfo == "/t/deps/c-1f=2.d"


def test_the_least_of_a_call() -> None:
    assert read_rustc_call(["--crate-name", "c", "--out-dir", "/t"]) == RustcCall(
        "c", "", False, (), "/t", "", (), "", ()
    )
    assert read_rustc_call(["--crate-name", "c"]) is None
    assert read_rustc_call(["--out-dir", "/t"]) is None


@pytest.mark.parametrize(
    ("words", "is_test"),
    [(["--test"], True), (["--cfg", "test"], True), (["--cfg", "tests"], False), ([], False)],
)
def test_a_call_for_a_test(words: list[str], is_test: bool) -> None:
    call = read_rustc_call(["--crate-name", "c", "--out-dir", "/t", *words])
    assert call is not None
    assert call.test is is_test


def test_what_only_looks_like_an_option_of_codegen() -> None:
    words = ["--crate-name", "c", "--out-dir", "/t", "-L", "extra-filename=x", "-L", "metadata=y"]
    call = read_rustc_call([*words, "--cfg", 'feature="a"', "-L", "metadata=z"])
    assert call is not None
    assert (call.extra_filename, call.features) == ("", ())


def test_all_calls_are_read_whatever_stands_between_them() -> None:
    names = [
        call.crate_name
        for call in parse_rustc_calls(
            "     Running `rustc --crate-name a --out-dir /t a.rs`\n"
            "     Running `/t/build-script-build`\n"
            "     Running `rustc --crate-name 'unclosed --out-dir /t`\n"
            "     Running `rustc --crate-name nowhere`\n"
            "     Running `X=1 rustc --crate-name b --out-dir /t b.rs`\n"
        )
    ]
    assert names == ["a", "b"]
