"""Headers, tables and crates that the C compiler's opinion cannot be had on, or not in full."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from .conftest import SEE_METADATA, outcomes, replace_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

MANIFEST = """
[package]
name = "thing"
version = "0.1.0"
edition = "2021"
"""
TABLE = MANIFEST + "[package.metadata.cpython-sys]\n"
LIB = """
use std::ffi::c_int;
#[repr(C)]
pub struct pair { pub one: c_int, pub two: c_int }
pub const PAIR_MAX: c_int = 3;
"""
HEADER = """
struct pair { int one, two; };
#define PAIR_MAX 3
"""


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest("--cpython-sys", "-rA", "-m", "rust_abi", *arguments)


def abi(result: pytest.RunResult) -> dict[str, str]:
    found = {}
    for name, outcome in outcomes(result).items():
        found[name.partition("@abi::")[2]] = outcome
    return found


def kept(root: Path, pattern: str) -> list[Path]:
    return sorted(root.glob(f"target/cpython-sys-abi/thing/{pattern}"))


def test_a_package_without_a_header_has_no_items(pytester: pytest.Pytester, write: Write) -> None:
    root = write({"Cargo.toml": MANIFEST, "src/lib.rs": LIB})
    result = run(pytester)
    assert abi(result) == {}
    assert not (root / "target" / "cpython-sys-abi").exists()


def test_off(pytester: pytest.Pytester, write: Write) -> None:
    root = write({"Cargo.toml": MANIFEST, "src/lib.rs": LIB, "wrapper.h": HEADER})
    assert abi(run(pytester, "--cpython-sys-abi=off")) == {}
    assert not (root / "target" / "cpython-sys-abi").exists()


def test_what_is_known_is_kept_and_collecting_asks_nothing_of_compilers(
    pytester: pytest.Pytester, write: Write
) -> None:
    root = write({"Cargo.toml": MANIFEST, "src/lib.rs": LIB, "wrapper.h": HEADER})
    result = run(pytester, "--collect-only", "-q")
    result.stdout.fnmatch_lines(["src/lib.rs::@abi::layout::pair", "src/lib.rs::@abi::const::*"])
    # Both have made a file by which their machines are known, and answered no question.
    assert {path.name for path in kept(root, "*.o")} == {"machine.o", "probe.o"}
    assert set(abi(run(pytester)).values()) == {"passed"}
    objects = {path: path.stat().st_mtime_ns for path in kept(root, "*.o")}
    assert objects
    assert set(abi(run(pytester)).values()) == {"passed"}
    assert objects == {path: path.stat().st_mtime_ns for path in kept(root, "*.o")}
    # The header is not cargo's to watch: it is ours.
    replace_once(root / "wrapper.h", "PAIR_MAX 3", "PAIR_MAX 4")
    assert abi(run(pytester)) == {"layout::pair": "passed", "const::PAIR_MAX": "failed"}
    replace_once(root / "src" / "lib.rs", "PAIR_MAX: c_int = 3", "PAIR_MAX: c_int = 4")
    assert abi(run(pytester)) == {"layout::pair": "passed", "const::PAIR_MAX": "passed"}


@pytest.mark.parametrize(
    ("header", "cause"),
    [
        ('#include "nowhere.h"\n', "nowhere.h: No such file or directory"),
        ("struct pair { int one, two; }; #define PAIR_MAX 3\nint x = ;\n", "error"),
    ],
)
def test_a_header_that_does_not_compile(
    pytester: pytest.Pytester, write: Write, header: str, cause: str
) -> None:
    files = {"src/lib.rs": LIB, "wrapper.h": header}
    write({"Cargo.toml": TABLE + 'header = "wrapper.h"\n', **files})
    result = run(pytester)
    assert set(abi(result).values()) == {"error"}
    result.stdout.fnmatch_lines([f"*{cause}*"])
    assert result.ret == 1
    # One that is just there may need flags that nobody has told.
    write({"Cargo.toml": MANIFEST, **files})
    result = run(pytester)
    assert abi(result) == {}
    assert result.parseoutcomes().keys() <= {"skipped", "warnings"}
    assert result.ret == 0


@pytest.mark.parametrize(
    "header",
    [
        "class X { int a; };\n",
        "int somebody(int a;\n",  # a name that Rust has, too
        "#define ONE 1\n#define TWO \\\n 2\n/* \n */\nint other(void);\n#undef ONE\nint x = ;\n",
    ],
)
def test_a_header_of_which_nothing_is_compared_must_compile(
    pytester: pytest.Pytester, write: Write, header: str
) -> None:
    """The place is gcc's own, whatever the preprocessor has taken out."""
    lib = 'unsafe extern "C" { pub fn somebody(a: core::ffi::c_int) -> core::ffi::c_int; }\n'
    root = write({"Cargo.toml": TABLE + 'header = "spam.h"\n', "src/lib.rs": lib, "spam.h": header})
    said = subprocess.run(
        ["cc", "-fsyntax-only", "-x", "c", str(root / "spam.h")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    ).stderr
    place = re.search(r"spam\.h:(\d+):\d+: error: (.*)", said)
    assert place is not None
    result = run(pytester)
    assert abi(result) == {"header": "error"}
    result.stdout.fnmatch_lines([f"spam.h:{place[1]}: spam.h does not compile: *"])
    assert result.ret == 1


def test_what_to_do_about_a_header_is_said_once(pytester: pytest.Pytester, write: Write) -> None:
    header = HEADER + "unknown_t three;\n"
    files = {"src/lib.rs": LIB, "include/three.h": header}
    write(
        {
            "Cargo.toml": TABLE + 'header = "wrapper.h"\n',
            "wrapper.h": '#include "include/three.h"\n',
            **files,
        }
    )
    result = run(pytester)
    assert abi(result) == {"layout::pair": "error", "const::PAIR_MAX": "error"}
    text = result.stdout.str()
    assert text.count("\ninclude/three.h:4: wrapper.h does not compile: unknown type name") == 2
    assert text.count("correct the header; if it needs a macro or another flag, add") == 1
    # What is chosen alone says it, too.
    result = run(pytester, "-k", "PAIR_MAX")
    assert result.stdout.str().count("correct the header; ") == 1


def test_what_makes_all_of_a_layout_differ_is_said(pytester: pytest.Pytester, write: Write) -> None:
    lib = "pub struct loose { pub x: u8, pub y: u64 }\n"
    lib += "#[repr(C)] pub struct either { pub x: u8, pub y: u64 }\n"
    header = "struct loose { unsigned char x; unsigned long long y; };\n"
    header += "union either { unsigned char x; unsigned long long y; };\n"
    write({"Cargo.toml": TABLE + 'header = "wrapper.h"\n', "src/lib.rs": lib, "wrapper.h": header})
    result = run(pytester)
    assert abi(result) == {"layout::loose": "failed", "layout::either": "failed"}
    result.stdout.fnmatch_lines_random(
        [
            "loose is not repr(C), so rustc chose its layout: add #[[]repr(C)[]]",
            "either is a union in C, a struct in Rust",
        ]
    )


def test_no_c_compiler(pytester: pytest.Pytester, write: Write) -> None:
    """A configured build directory says which compiler it is: one that is not there."""
    root = write(
        {
            "build/Makefile": "srcdir=.\nVERSION=3.13\nCC=nowhere-cc -pthread\n",
            "build/pyconfig.h": "/* */\n",
            "build/Include/patchlevel.h": "".join(
                f"#define PY_{part}_VERSION {number}\n"
                for part, number in (("MAJOR", 3), ("MINOR", 13), ("MICRO", 1))
            ),
            "thing/Cargo.toml": TABLE + 'header = "wrapper.h"\n',
            "thing/src/lib.rs": LIB + "#[test] fn t() {}\n",
            "thing/wrapper.h": HEADER,
        }
    )
    words = ("--cpython-sys", "-rA", f"--cpython-sys-python={root / 'build'}", "thing")
    result = pytester.runpytest(*words)
    assert outcomes(result) == {
        "thing/src/lib.rs::@abi::header": "error",
        "thing/src/lib.rs::t": "passed",
    }
    result.stdout.fnmatch_lines(["*no C compiler: nowhere-cc, *was not found: install one *$CC_*"])
    assert result.ret == 1


def test_a_header_that_names_files_from_the_root_of_the_sources(
    pytester: pytest.Pytester, write: Write
) -> None:
    """Of a checkout that is built elsewhere: the build directory comes first all the same."""
    versions = (("MAJOR", 3), ("MINOR", 13), ("MICRO", 1))
    root = write(
        {
            "build/Makefile": "srcdir=../source\nVERSION=3.13\nCC=cc\n",
            "build/pyconfig.h": "#define MORE int built;\n",
            "source/pyconfig.h": "#define MORE char here, there[9];\n",
            "source/Python/fields.h": "#define FIELDS int one, two; MORE\n",
            "source/Include/patchlevel.h": "".join(
                f"#define PY_{part}_VERSION {number}\n" for part, number in versions
            ),
            "source/Cargo.toml": TABLE + 'header = "wrapper.h"\n',
            "source/src/lib.rs": LIB.replace("pub two: c_int", "pub two: c_int, pub built: c_int"),
            "source/wrapper.h": "#include <pyconfig.h>\n#include <Python/fields.h>\n"
            "struct pair { FIELDS };\n#define PAIR_MAX 3\n",
        }
    )
    result = run(pytester, f"--cpython-sys-python={root / 'build'}", "source")
    assert abi(result) == {"layout::pair": "passed", "const::PAIR_MAX": "passed"}


def test_symbols_that_are_not_exported_are_warned_of(
    pytester: pytest.Pytester, write: Write
) -> None:
    lines = "".join(f"    pub fn PyNowhere_{number}();\n" for number in range(14))
    declared = "".join(f"void PyNowhere_{number}(void);\n" for number in range(14))
    root = write(
        {
            "Cargo.toml": MANIFEST,
            "src/lib.rs": f'extern "C" {{\n    pub fn Py_Initialize();\n{lines}}}\n',
            "wrapper.h": f"void Py_Initialize(void);\n{declared}",
        }
    )
    result = run(pytester, "-W", "error")
    assert set(abi(result).values()) == {"passed"}
    assert result.ret == 0
    others = "that Rust declares but the package does not use"
    words = f"*thing: Python * does not export 14 symbols {others}: PyNowhere_0, *"
    result.stdout.fnmatch_lines([words + ", ... and 2 more (-v lists them)"])
    assert "PyNowhere_9" in run(pytester, "-v", "-n2").stdout.str()
    lib = 'extern "C" {\n    pub fn Py_Initialize();\n    pub fn PyNowhere_0();\n}\n'
    (root / "src" / "lib.rs").write_text(lib, encoding="utf-8")
    result = run(pytester)
    result.stdout.fnmatch_lines([f"*does not export 1 symbol {others}: PyNowhere_0"])
    # What a library uses is missing where that is loaded.
    uses = "pub fn start() { unsafe { PyNowhere_0() } }\n"
    more = lib.replace("}", "    pub fn PyNowhere_1();\n}") + uses
    (root / "src" / "lib.rs").write_text(more, encoding="utf-8")
    words = "1 symbol that the package uses: PyNowhere_0; 1 symbol " + others + ": PyNowhere_1"
    result = run(pytester)
    result.stdout.fnmatch_lines([f"*does not export {words}"])


BOTH = {"src/lib.rs::@abi::header": "error", "Cargo.toml::@metadata": "error"}
"""What a wrong table makes of a package that has nothing else."""


def test_a_header_named_that_is_not_there(pytester: pytest.Pytester, write: Write) -> None:
    write({"Cargo.toml": TABLE + 'header = "no.h"\n', "src/lib.rs": LIB})
    result = run(pytester)
    assert outcomes(result) == BOTH
    result.stdout.fnmatch_lines(["Cargo.toml:*: `header`: no.h does not exist: write *"])


@pytest.mark.parametrize(
    "entry",
    [
        r'names = { pair = "pair)\nint x;" }',
        r'inits = { PAIR_MAX = "\"\n#include </etc/passwd>" }',
        r'names = { "pair\"" = "pair" }',
        r'inits = { PAIR_MAX = "3; int x" }',
        r'header = "wrapper.h\"\n#define PAIR_MAX 3"',
        r'include-dirs = ["a\nb"]',
        r'flags = ["-DX\n-DY"]',
        r'symbols = ["f\"; int x"]',
        r'known = { "const::PAIR_MAX\n" = "so" }',
        r"names = [1]",
    ],
)
def test_a_table_that_cannot_be_used(pytester: pytest.Pytester, write: Write, entry: str) -> None:
    write({"Cargo.toml": TABLE + entry + "\n", "src/lib.rs": LIB, "wrapper.h": HEADER})
    result = run(pytester)
    assert outcomes(result) == BOTH
    key = entry.partition(" ")[0]
    result.stdout.fnmatch_lines_random([f"Cargo.toml:*: `{key}*", SEE_METADATA])


def test_flags_reach_the_compiler_as_they_are(pytester: pytest.Pytester, write: Write) -> None:
    table = r'flags = ["-DPAIR_MAX=(3)", "-DTEXT=\"a; b $(c) \u0027d\u0027\""]'
    lib = LIB + r"""pub const TEXT: &[u8; 14] = b"a; b $(c) 'd'\0";"""
    header = "struct pair { int one, two; };\n"
    write({"Cargo.toml": f"{TABLE}{table}\n", "src/lib.rs": lib, "wrapper.h": header})
    assert set(abi(run(pytester)).values()) == {"passed"}


@pytest.mark.parametrize("header", ["", 'header = "wrapper.h"\n'])
def test_a_flag_that_the_compiler_does_not_know(
    pytester: pytest.Pytester, write: Write, header: str
) -> None:
    table = f'{TABLE}{header}include-dirs = []\nflags = ["-DA=1", "--no-such-flag"]\n'
    write({"Cargo.toml": table, "src/lib.rs": LIB, "wrapper.h": HEADER})
    result = run(pytester)
    assert abi(result) == {"header": "error"}
    line = table.count("\n")
    result.stdout.fnmatch_lines(
        [
            f"Cargo.toml:{line}: the C compiler refuses a flag: *--no-such-flag*",
            "correct `flags` in [[]package.metadata.cpython-sys[]]",
        ]
    )


def test_items_of_which_nothing_can_be_said(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": MANIFEST,
            "src/lib.rs": LIB
            + """
            #[repr(C)] pub struct hidden { pub one: c_int }
            #[repr(C)] pub struct generic<T> { pub one: T }
            pub struct loose { pub other: c_int }
            #[repr(C)] pub struct ours { pub one: c_int }
            pub const NO_CONSTANT: c_int = 1;
            pub const UNBALANCED: c_int = 1;
            #[repr(C)] pub struct listing { pub one: c_int }
            """,
            "wrapper.h": HEADER
            + """
            struct hidden; struct generic { int one; }; struct loose { int one; };
            extern int f(void); int listing(void);
            #define NO_CONSTANT f()
            #define UNBALANCED (1
            """,
        }
    )
    result = run(pytester, "-v")
    assert abi(result) == {"layout::pair": "passed", "const::PAIR_MAX": "passed"}
    result.stdout.fnmatch_lines_random(
        [
            "    generic: the type is generic, and C has no generic types",
            "    loose: the type is not repr(C), so rustc chooses its layout",
            "    ours: the header declares no type ours",
            "    listing: the header declares no type listing",
            "    src/lib.rs::@abi::layout::hidden: no answer from the C compiler *incomplete *",
            "    src/lib.rs::@abi::const::NO_CONSTANT: no answer from the C compiler *not constant",
            "    src/lib.rs::@abi::const::UNBALANCED: *: the brackets of *balanced",
        ]
    )
    assert result.ret == 0


def test_a_known_difference(pytester: pytest.Pytester, write: Write) -> None:
    known = TABLE + 'known = { "const::PAIR_MAX" = "C counts from 0" }\n'
    wrong = LIB.replace("= 3", "= 4")
    root = write({"Cargo.toml": known, "src/lib.rs": wrong, "wrapper.h": HEADER})
    result = run(pytester)
    assert result.parseoutcomes() == {"passed": 1, "xfailed": 1}
    assert result.ret == 0
    result.stdout.fnmatch_lines(["XFAIL src/lib.rs::@abi::const::PAIR_MAX - C counts from 0"])
    replace_once(root / "src" / "lib.rs", "= 4", "= 3")
    result = run(pytester)
    assert result.parseoutcomes() == {"passed": 1, "failed": 1}


def test_a_prototype_that_differs_in_const_alone(pytester: pytest.Pytester, write: Write) -> None:
    lib = LIB + 'extern "C" { pub fn sum(pair: *mut pair) -> c_int; }\n'
    header = HEADER + "int sum(const struct pair *);\n"
    write({"Cargo.toml": TABLE, "src/lib.rs": lib, "wrapper.h": header})
    result = run(pytester)
    assert abi(result)["fn::sum"] == "passed"
    result.stdout.fnmatch_lines(["sum has minor differences from C"])
    counts = "thing: 1 item passes with minor differences from C, *: 1 of kind `const`"
    result.stdout.fnmatch_lines([f"{counts} (-v shows details)"])
    result = run(pytester, "-v")
    result.stdout.fnmatch_lines(
        [
            counts,
            "    src/lib.rs::@abi::fn::sum: argument 1 is const *",
            "    kind `const`: a pointer to constant data in one language, to mutable data in *",
            '    to make such items fail, list the kind in `letter`: letter = [[]"const"] under *',
        ]
    )
    write({"Cargo.toml": TABLE + "const-is-an-error = true\n"})
    assert abi(run(pytester))["fn::sum"] == "failed"


BUILD = """
fn main() {
    let path = std::path::Path::new(&std::env::var_os("OUT_DIR").unwrap()).join("bindings.rs");
    std::fs::write(path, "// made\\npub const PAIR_MAX: ::std::ffi::c_int = 4;\\n").unwrap();
}
"""


def test_a_failure_in_generated_code_names_its_place(
    pytester: pytest.Pytester, write: Write
) -> None:
    lib = 'include!(concat!(env!("OUT_DIR"), "/bindings.rs"));\n'
    write({"Cargo.toml": TABLE, "src/lib.rs": lib, "wrapper.h": HEADER, "build.rs": BUILD})
    result = run(pytester, "--cpython-sys-abi=all")
    assert abi(result) == {"const::PAIR_MAX": "failed"}
    place = "bindings.rs:2, generated by the build of thing, included at src/lib.rs:1"
    result.stdout.fnmatch_lines(["src/lib.rs:1: PAIR_MAX is 3 in C, 4 in Rust", place])


@pytest.mark.parametrize(
    "heading",
    [
        "/* automatically generated by rust-bindgen 0.72.1 */",
        "/*\nThis file is auto-generated.\n*/",
    ],
)
def test_files_that_say_they_are_generated(
    pytester: pytest.Pytester, write: Write, heading: str
) -> None:
    header = HEADER.replace("3", "4")
    files = {"Cargo.toml": TABLE, "wrapper.h": header, "src/made.rs": heading + LIB}
    root = write({**files, "src/lib.rs": "mod made; pub use made::*;"})
    assert abi(run(pytester)) == {}
    result = run(pytester, "--cpython-sys-abi=all")
    assert abi(result) == {"layout::pair": "passed", "const::PAIR_MAX": "failed"}
    line = 1 + (root / "src" / "made.rs").read_text(encoding="utf-8")[:-2].count("\n")
    result.stdout.fnmatch_lines([f"src/made.rs:{line}: PAIR_MAX is 4 in C, 3 in Rust"])
    result.stdout.no_fnmatch_line("*generated by the build*")


def test_what_published_headers_have(pytester: pytest.Pytester, write: Write) -> None:
    """Function pointers that return some, a function type of two names, and a `long long`."""
    lib = """
use std::ffi::{c_char, c_int, c_ulonglong};
pub type done = Option<unsafe extern "C" fn(c_int)>;
#[repr(C)]
pub struct vfs { pub find: Option<visitor>, pub last: c_int }
pub type visitor = unsafe extern "C" fn(*mut vfs, *const c_char) -> done;
extern "C" { pub fn add(word: c_ulonglong) -> c_int; }
"""
    header = """
typedef void Done(int); typedef Done done;
struct vfs { void (*(*find)(struct vfs *, const char *name))(int); int last; };
int add(unsigned long);
"""
    root = write({"Cargo.toml": TABLE, "src/lib.rs": lib, "wrapper.h": header})
    items = dict.fromkeys(["layout::vfs", "layout::done", "fn::add"], "passed")
    assert abi(run(pytester)) == items
    replace_once(root / "src" / "lib.rs", "*const c_char) -> done", "c_int) -> done")
    assert abi(run(pytester)) == {**items, "layout::vfs": "failed"}


def test_names_of_c_and_of_other_packages(pytester: pytest.Pytester, write: Write) -> None:
    """A package without a header of its own is compared with the one it depends on."""
    member = MANIFEST.replace("thing", "thing-api") + (
        '[dependencies]\nthing = { path = "../sys" }\n'
        '[package.metadata.cpython-sys]\nnames = { Limit = "PAIR_MAX", Ours = "" }\n'
        'inits = { ZERO = "{ 0, 7 }" }\n'
    )
    write(
        {
            "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["sys", "api"]\n',
            "sys/Cargo.toml": MANIFEST,
            "sys/src/lib.rs": LIB,
            "sys/wrapper.h": HEADER + "enum { ours = 1 };\n",
            "api/Cargo.toml": member,
            "api/src/lib.rs": """
                use std::ffi::c_int;
                pub mod limits { pub const pair_max: super::c_int = 4; }
                pub const Limit: c_int = 3;
                pub const Ours: c_int = 2;
                pub const ZERO: thing::pair = thing::pair { one: 0, two: 0 };
            """,
        }
    )
    result = run(pytester, "api")
    assert abi(result) == {
        "const::pair_max": "failed",
        "const::Limit": "passed",
        "init::ZERO": "failed",
    }
    result.stdout.fnmatch_lines(["*: pair_max is 3 in C (PAIR_MAX), 4 in Rust", "*at offset 4*"])


def test_dependencies_that_cargo_alone_can_tell(pytester: pytest.Pytester, write: Write) -> None:
    """rustdoc is called directly where that will do; here a dependency has another name."""
    manifest = MANIFEST + '[dependencies]\nnumbers = { package = "other", path = "other" }\n'
    write(
        {
            "Cargo.toml": manifest + "[workspace]\n",
            "src/lib.rs": LIB.replace("use std::ffi", "pub use numbers::three;\nuse std::ffi"),
            "wrapper.h": HEADER,
            "other/Cargo.toml": MANIFEST.replace("thing", "other"),
            "other/src/lib.rs": "pub fn three() -> i32 { 3 }\n",
        }
    )
    assert abi(run(pytester, "--cpython-sys-abi=all")) == {
        "layout::pair": "passed",
        "const::PAIR_MAX": "passed",
    }


def test_workers_ask_once(pytester: pytest.Pytester, write: Write) -> None:
    root = write({"Cargo.toml": MANIFEST, "src/lib.rs": LIB, "wrapper.h": HEADER})
    for _ in range(2):
        result = run(pytester, "-n2")
        assert result.parseoutcomes() == {"passed": 2}
    assert kept(root, "auto.json")
