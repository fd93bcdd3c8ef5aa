"""A key of the manifest's table that nobody reads is an error: most often it is misspelt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import PACKAGE, SEE_METADATA, outcomes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cpython-sys.polices = []", "unknown key `polices`: did you mean `policies`[?]"),
        ("cpython-sys.zzz = 1", "unknown key `zzz`"),
        (
            'cpython-sys = { headers = [], header = "src/main.rs" }',
            "unknown key `headers`: remove it, because `header` is set",
        ),
        (
            'cpython-sys.known.fn.each = "a"',
            '`known.fn` is a table, not a string: write the whole key in quotes, *"fn::each"',
        ),
        ("cpython-sys = 3", "`cpython-sys` must be a table, not 3: write [[]package.*[]]"),
        ('cpython-sys.policies = ["unsave"]', "unknown policy `unsave`: did you mean `unsafe`[?]"),
        ('cpython-sys.module = "a-b"', '`module`: "a-b" is not a valid module name: *'),
        ("cpython-sys.calls = 1", "`calls` must be an array of strings, not 1: write calls = *"),
        (
            "cpython-sys.stable-abi = 3.9",
            '`stable-abi` must be a string, not 3.9: write stable-abi = "3.9"',
        ),
        ("cpython-sys.exports = true", "`exports` must be an array of strings, not true: *"),
        ("cpython-sys.cbindgen = 1", "`cbindgen` must be a string, not 1: write cbindgen = *"),
        ("cpython-sys.twin = 1", "`twin` must be a string, not 1: write twin = *"),
        (
            "cpython-sys.header = 3",
            '`header` must be a string, not 3: write header = "NAME.h"',
        ),
        (
            'cpython-sys.known = { "fn::each" = 3 }',
            '`known.fn::each` must be a string, not 3: write "fn::each" = "why it differs"',
        ),
        (
            "cpython-sys.arguments = { each = 3 }",
            "`arguments.each` must be a string or an array of strings, not 3: write each = *",
        ),
        (
            'cpython-sys.letter = ["voyd"]',
            "unknown kind of difference `voyd`: did you mean `void`*",
        ),
        ("cpython-sys.names = 1", "`names` must be a table, not 1: write names = { *"),
        ('cpython-sys.header = "src"', "`header`: src is a directory: name a header file*"),
        ('cpython-sys.header = "x.h"', "`header`: x.h does not exist: write its path *"),
        ('cpython-sys.include-dirs = ["src/main.rs"]', "`include-dirs`: src/main.rs is a file: *"),
    ],
)
def test_whatever_the_package_is(
    pytester: pytest.Pytester, write: Write, line: str, words: str
) -> None:
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": f"{PACKAGE.format('a')}[package.metadata]\n{line}\n",
            "a/src/main.rs": "fn main() {}\n#[test] fn ok() {}\n",
            "b/Cargo.toml": "b",
            "b/src/lib.rs": "#[test] fn ok() {}\n",
        }
    )
    result = run(pytester)
    assert outcomes(result) == {
        "a/src/main.rs::ok": "passed",
        "b/src/lib.rs::ok": "passed",
        "a/Cargo.toml::@metadata": "error",
    }
    result.stdout.fnmatch_lines([f"a/Cargo.toml:6: {words}"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    again = run(pytester, "a/Cargo.toml::@metadata")
    assert outcomes(again) == {"a/Cargo.toml::@metadata": "error"}
    assert outcomes(run(pytester, "--cargo-package=b")) == {"b/src/lib.rs::ok": "passed"}


HEADER = "#define LIMIT 3\n#define OTHER 4\nvoid send(char *), take(char *);\n"
LIB = """
use std::ffi::{c_char, c_int};
pub const LIMIT: c_int = 3;
extern "C" { pub fn send(text: *mut c_char); pub fn take(text: *const c_char); }
"""
TABLE = f"{PACKAGE.format('thing')}[package.metadata.cpython-sys]\n"


def test_a_table_without_a_header(pytester: pytest.Pytester, write: Write) -> None:
    root = write({"Cargo.toml": f'{TABLE}names = {{ LIMIT = "MAX" }}\n', "src/lib.rs": LIB})
    result = run(pytester)
    assert outcomes(result) == {"src/lib.rs::@abi::header": "error"}
    words = "no C header was found, but the table has keys about C (names): add header = *"
    result.stdout.fnmatch_lines([f"Cargo.toml:6: {words}"])
    for name in ("cpython_sys", "cpython-syss", "pytest-cpython-sys"):
        manifest = TABLE.replace("cpython-sys", name) + 'header = "thing.h"\n'
        (root / "Cargo.toml").write_text(manifest, encoding="utf-8")
        # Whoever selects one kind alone is told.
        result = run(pytester, "-m", "rust_abi")
        assert outcomes(result) == {"Cargo.toml::@metadata": "error"}
        result.stdout.fnmatch_lines([f"*unknown table *{name}*: did you mean *cpython-sys[]][?]"])
    # One that is misspelt is told once.
    (root / "Cargo.toml").write_text(f"{TABLE}nmes = {{}}\n", encoding="utf-8")
    (root / "wrapper.h").write_text(HEADER, encoding="utf-8")
    assert outcomes(run(pytester)) == {"Cargo.toml::@metadata": "error"}
    (root / "wrapper.h").unlink()
    other = TABLE.replace("cpython-sys", "python") + "names = 1\n"
    (root / "Cargo.toml").write_text(other, encoding="utf-8")
    assert outcomes(run(pytester)) == {}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('letter = "const"', '`letter`: "const" is not valid: write *such as letter = ["const"]'),
        ("letter = true", '`letter`: true is not valid: write letter = "error" for all*'),
        ('include-dirs = ["no"]', "`include-dirs`: no does not exist: write its path *"),
        ('known = { "fn::send" = "" }', '`known.fn::send`: "" is not a reason: write why *'),
        ('known = { "no no" = "x" }', '`known`: "no no" is not a valid key: write *"fn::NAME"'),
        ("known = 1", '`known` must be a table, not 1: write known = { "fn::NAME" = "why *'),
    ],
)
def test_what_to_write_instead(
    pytester: pytest.Pytester, write: Write, line: str, words: str
) -> None:
    table = f'{TABLE}header = "thing.h"\n{line}\n'
    write({"Cargo.toml": table, "thing.h": HEADER, "src/lib.rs": LIB})
    result = run(pytester)
    assert outcomes(result) == {
        "src/lib.rs::@abi::header": "error",
        "Cargo.toml::@metadata": "error",
    }
    escaped = words.replace("[", "[[]")
    result.stdout.fnmatch_lines_random([f"Cargo.toml:7: {escaped}", SEE_METADATA])


SEVERAL = """policies = [
    "clippy",
    "unsave",  # zzz
]
description-of-zzz = "zzz"
zzz = 1
[package.metadata.cpython-sys.module]
requires = ["not-gil", "no-gil"]
"naem" = 1
[package.metadata.cpython-sys.names]
# LIMIT = "no"
LIMIT = 3
"""


def test_all_faults_are_told_once_each_with_its_line(
    pytester: pytest.Pytester, write: Write
) -> None:
    write({"Cargo.toml": f"{TABLE}{SEVERAL}", "src/lib.rs": LIB, "wrapper.h": HEADER})
    result = run(pytester)
    assert outcomes(result) == {
        "Cargo.toml::@metadata": "error",
        "src/lib.rs::@clippy": "error",
    }
    result.stdout.fnmatch_lines(
        [
            "Cargo.toml:6: unknown policy `unsave`: did you mean `unsafe`[?]",
            "Cargo.toml:10: unknown key `description-of-zzz`",
            "Cargo.toml:11: unknown key `zzz`",
            "Cargo.toml:13: unknown promise `no-gil`: did you mean `not-gil`[?]",
            "Cargo.toml:14: unknown key `module.naem`: did you mean `module.name`[?]",
            "Cargo.toml:17: `names.LIMIT` must be a string, not 3: write LIMIT = *",
            "valid keys in [[]package.metadata.cpython-sys[]] are",
            "    api, arguments, calls, *",
        ],
        consecutive=False,
    )
    result.stdout.fnmatch_lines(["thing  1 policy, 1 not evaluated, 1 error"])
    text = result.stdout.str()
    assert text.count("valid keys in") == 1
    assert text.count("Cargo.toml:11:") == 1
    result.stdout.fnmatch_lines([SEE_METADATA])
    result.stdout.no_fnmatch_line("*with cargo alone*")


def test_a_difference_that_is_known_no_longer(pytester: pytest.Pytester, write: Write) -> None:
    known = 'known = { send = "why", "const::LIMIT" = "so", "@abi::fn::take" = "letter" }\n'
    table = f'{TABLE}header = "thing.h"\n{known}'
    lib = LIB.replace("send(text: *mut c_char", "send(text: c_int")
    root = write({"Cargo.toml": table, "thing.h": HEADER, "src/lib.rs": lib})
    result = run(pytester)
    assert result.parseoutcomes() == {"failed": 2, "xfailed": 1}
    result.stdout.fnmatch_lines_random(
        [
            (
                "src/lib.rs:3: LIMIT now agrees with C, but is listed as known to fail (so). "
                'Remove "const::LIMIT" from `known` in [[]package.metadata.cpython-sys]'
            ),
            (
                "src/lib.rs:4: take now has only minor differences from C (const), which fail only "
                "if `letter` lists them, but is listed as known to fail (*). "
                'Remove "@abi::fn::take" from `known` in *'
            ),
            "thing  3 C comparisons, 1 xfailed, 2 failed",
        ]
    )
    assert run(pytester, "--runxfail").parseoutcomes() == {"passed": 2, "failed": 1}
    strict = table.partition("known")[0] + 'letter = "error"\n'
    (root / "Cargo.toml").write_text(strict, encoding="utf-8")
    result = run(pytester)
    words = 'take has minor differences from C, and letter = "error" in the package\'s table'
    result.stdout.fnmatch_lines([f"src/lib.rs:4: {words} makes these fail: const"])


def test_an_initialiser_that_c_does_not_have(pytester: pytest.Pytester, write: Write) -> None:
    lib = """
#[repr(C)] pub struct point { pub x: i32, pub y: i32 }
pub const ONE: point = point { x: 1, y: 2 };
pub const TWO: point = point { x: 1, y: 2 };
pub const CALLED: point = point { x: 1, y: 2 };
"""
    header = """
struct point { int x, y; };
#define POINT_INIT { 1, 2 }
#define POINT_X(n) (n)
"""
    inits = 'ONE = "POINT_INI", TWO = "POINT_INIT", CALLED = "{ .x = POINT_Y(1), .y = 2 }"'
    table = f'{TABLE}header = "thing.h"\ninits = {{ {inits} }}\n'
    root = write({"Cargo.toml": table, "thing.h": header, "src/lib.rs": lib})
    result = run(pytester)
    found = {name.rpartition("::")[2]: one for name, one in outcomes(result).items()}
    assert found == {"point": "passed", "ONE": "error", "TWO": "passed", "CALLED": "error"}
    words = '`inits`: "{}", set for {}, is not a valid initialiser: *'
    result.stdout.fnmatch_lines_random(
        [
            f"*{words.format('POINT_INI', 'ONE')}: did you mean `POINT_INIT`[?]",
            f"*{words.format('{ .x = POINT_Y(1), .y = 2 }', 'CALLED')}: did you mean `POINT_X`[?]",
        ]
    )
    # A header that is named, and nothing to compare.
    manifest = f'{TABLE}header = "thing.h"\n'
    (root / "Cargo.toml").write_text(manifest, encoding="utf-8")
    for text, why in (
        (f"// @generated\n{lib}", "generated code is compared only with --cpython-sys-abi=all"),
        ("pub const NOWHERE: i32 = 1;\n", "no public Rust item has a counterpart in it"),
    ):
        (root / "src" / "lib.rs").write_text(text, encoding="utf-8")
        result = run(pytester)
        result.stdout.fnmatch_lines([f"thing: nothing is compared with thing.h: {why}"])
