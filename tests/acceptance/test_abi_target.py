"""C's compiler for a target that is named: it makes code for that machine, or there is an error.

The target is this machine, which any C compiler here makes code for unless it is told otherwise.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.cargo import Cargo

from .conftest import outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

MANIFEST = '[package]\nname = "thing"\nversion = "0.1.0"\nedition = "2021"\n'
TABLE = MANIFEST + '[package.metadata.cpython-sys]\nheader = "wrapper.h"\n'
LIB = """
#[repr(C)]
pub struct pair { pub one: std::ffi::c_int, pub two: std::ffi::c_int }
const _: () = {
    ["Size of pair"][::std::mem::size_of::<pair>() - 8usize];
};
#[test] fn t() {}
"""
PYTHON_H = '#include "pyconfig.h"\nstruct pair { TYPE one, two; };\n'
HEADER = "struct pair { int one, two; };\n"
LAYOUT = "src/lib.rs::bindgen_test_layout_pair"


@pytest.fixture(scope="module")
def host() -> str:
    return Cargo().toolchain.host


def run(pytester: pytest.Pytester, host: str, *words: str) -> tuple[pytest.RunResult, str]:
    result = pytester.runpytest("--cpython-sys", "-rA", f"--cargo-target={host}", *words)
    found = outcomes(result)
    assert found.pop(LAYOUT) == "passed"
    assert found.pop("src/lib.rs::t") == "passed"
    ((name, outcome),) = found.items()
    return result, f"{name.partition('::@abi::')[2]} {outcome}"


def test_the_compiler_that_is_named(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    write({"Cargo.toml": TABLE, "src/lib.rs": LIB, "wrapper.h": HEADER})
    variable = f"CC_{host.replace('-', '_')}"
    monkeypatch.setenv(variable, "cc -DNAMED=1")
    result, found = run(pytester, host)
    assert found == "layout::pair passed"
    result.stdout.fnmatch_lines([f"C compiler for {host}: cc -DNAMED=1 ($CC_*)"])
    # What is kept of one compiler is not another's word.
    monkeypatch.setenv(variable, "cc -DNAMED=1 -Dint=long")
    assert run(pytester, host)[1] == "layout::pair failed"
    monkeypatch.delenv(variable)
    write({".cargo/config.toml": f'[env]\n{variable} = "cc -DNAMED=2"\n'})
    result, found = run(pytester, host)
    assert found == "layout::pair passed"
    result.stdout.fnmatch_lines([f"C compiler for {host}: cc -DNAMED=2 ($CC_*)"])


@pytest.mark.parametrize("manifest", [MANIFEST, TABLE])
@pytest.mark.parametrize(
    ("compiler", "words"),
    [
        (
            "no-such-cc",
            "$CC_* is set to no-such-cc, which was not found: set it to a C compiler for *",
        ),
        (
            "false",
            (
                "$CC_* is set to false, which cannot preprocess an empty file "
                "(it printed no message): *ziglang*"
            ),
        ),
    ],
)
def test_a_compiler_that_cannot_be_used(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    manifest: str,
    compiler: str,
    words: str,
) -> None:
    write({"Cargo.toml": manifest, "src/lib.rs": LIB, "wrapper.h": HEADER})
    monkeypatch.setenv(f"CC_{host}", compiler)
    result, found = run(pytester, host)
    assert found == "header error"
    result.stdout.fnmatch_lines(
        [f"C compiler for {host}: none: {words.partition(': ')[0]}", f"*{words}"]
    )
    assert result.ret == 1


def test_a_compiler_for_another_machine_is_an_error(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Whether its macros say so, or what it makes alone."""
    if not host.startswith("x86_64-"):
        pytest.skip(f"`cc -m32` makes code for another machine on x86-64 alone, not on {host}")
    root = write({"Cargo.toml": TABLE, "src/lib.rs": LIB, "wrapper.h": HEADER})
    monkeypatch.setenv(f"CC_{host}", "cc -m32")
    result, found = run(pytester, host)
    assert found == "header error"
    result.stdout.fnmatch_lines(
        [f"*$CC_{host} is set to cc -m32, which makes code for *not for x86_64: *"]
    )
    script = root / "liar"
    script.write_text(
        '#!/bin/sh\ncase " $* " in *" -c "*) exec cc -m32 "$@" ;; esac\nexec cc "$@"\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    monkeypatch.setenv(f"CC_{host}", str(script))
    result, found = run(pytester, host)
    assert found == "header error"
    ours, theirs = "x86-64 (ELF, 64 bits, little-endian)", "i386 (ELF, 32 bits, little-endian)"
    words = (
        f"*liar makes code for another machine than rustc: its object files are for {theirs}, but "
        f"those of rustc for {host} are for {ours}. Set $CC_{host.replace('-', '_')} to *, or *"
    )
    result.stdout.fnmatch_lines([words])


def test_a_compiler_that_is_named_where_no_target_is(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """It replaces Python's own, and is for this machine."""
    write({"Cargo.toml": TABLE, "src/lib.rs": LIB, "wrapper.h": HEADER})
    variable = f"CC_{host.replace('-', '_')}"
    monkeypatch.setenv(variable, "cc -DNAMED=3")
    result = pytester.runpytest("--cpython-sys", "-rA", "-m", "rust_abi")
    assert outcomes(result) == {"src/lib.rs::@abi::layout::pair": "passed"}
    result.stdout.fnmatch_lines([f"C compiler for {host}: cc -DNAMED=3 (${variable})"])
    wrong = {"nosuch": f"${variable} is set to nosuch, which was not found"}
    if host.startswith("x86_64-"):
        wrong["cc -m32"] = f"${variable} is set to cc -m32, which makes code for *not for x86_64"
    for compiler, words in wrong.items():
        monkeypatch.setenv(variable, compiler)
        result = pytester.runpytest("--cpython-sys", "-rA", "-m", "rust_abi")
        assert outcomes(result) == {"src/lib.rs::@abi::header": "error"}
        result.stdout.fnmatch_lines(
            [
                f"C compiler for {host}: none: {words}",
                f"*{words}: set it to a C compiler for {host}*",
            ]
        )


def test_no_compiler_at_all(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Nothing links then, but for a linker that is named, and C's side says what to install."""
    root = write({"Cargo.toml": TABLE, "src/lib.rs": LIB, "wrapper.h": HEADER, "bin/none": ""})
    for tool in ("cargo", "rustc", "rustdoc", "as", "ld", "sh"):
        program = shutil.which(tool)
        if program is not None:
            (root / "bin" / tool).symlink_to(program)
    name = host.replace("-", "_")
    monkeypatch.setenv(f"CARGO_TARGET_{name.upper()}_LINKER", str(shutil.which("cc")))
    monkeypatch.setenv("PATH", str(root / "bin"))
    result = pytester.runpytest("--cpython-sys", "-rA")
    found = outcomes(result)
    assert found.pop(LAYOUT) == "passed"
    assert found == {"src/lib.rs::t": "passed", "src/lib.rs::@abi::header": "error"}
    result.stdout.fnmatch_lines([f"*no C compiler: *was not found: install *$CC_{name}*"])


def test_a_target_for_which_there_is_none(pytester: pytest.Pytester, write: Write) -> None:
    """And no item that could say so: nothing is built for it."""
    write({"Cargo.toml": TABLE, "src/lib.rs": LIB, "wrapper.h": HEADER})
    target = "x86_64-unknown-linux-gun"
    result = pytester.runpytest("--cpython-sys", f"--cargo-target={target}")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [f"C compiler for {target}: none: rustc does not know the target {target}: *"]
    )
    result.stdout.no_fnmatch_line("*see @abi::header*")


def test_headers_of_another_platforms_python(
    pytester: pytest.Pytester, write: Write, host: str
) -> None:
    patchlevel = "".join(
        f"#define PY_{part}_VERSION {number}\n"
        for part, number in (("MAJOR", 3), ("MINOR", 13), ("MICRO", 1))
    )
    root = write(
        {
            "root/usr/include/python3.13/Python.h": PYTHON_H,
            "root/usr/include/python3.13/patchlevel.h": patchlevel,
            "root/usr/include/python3.13/pyconfig.h": "#include <some-arch/python3.13/pyconfig.h>",
            "root/usr/include/some-arch/python3.13/pyconfig.h": "#define TYPE int\n",
            "Cargo.toml": TABLE,
            "src/lib.rs": LIB,
            "wrapper.h": "#include <Python.h>\n",
        }
    )
    named = f"--cpython-sys-python={root / 'root'}"
    result, found = run(pytester, host, named)
    assert found == "layout::pair passed"
    result.stdout.fnmatch_lines(["cpython-sys: *, Python 3.13.1 (cp313, does not run)"])
    write({"root/usr/include/some-arch/python3.13/pyconfig.h": "#define SIZEOF_VOID_P 2\n"})
    result, found = run(pytester, host, named)
    assert found == "header error"
    result.stdout.fnmatch_lines(
        [
            (
                "*pyconfig.h is for another platform (SIZEOF_VOID_P is 2 there, "
                "but * on this target): pass *"
            )
        ]
    )
    write({"empty/usr/lib/x": ""})
    result = pytester.runpytest("--cpython-sys", f"--cpython-sys-python={root / 'empty'}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: no Python.h in *empty, nor in *: unpack the headers *"])


@pytest.mark.parametrize(
    ("header", "words", "advice"),
    [
        ('#include "nowhere.h"\n', "nowhere.h*", "*add the directory that contains nowhere.h to *"),
        (
            "#error define X\n",
            "#error define X*",
            "*if it needs a macro *, add that to *",
        ),
        (
            "struct pair { later one; };\n",
            "*unknown type name*",
            "*if it needs a macro *, add that to *",
        ),
    ],
)
def test_a_header_that_needs_more(
    pytester: pytest.Pytester, write: Write, host: str, header: str, words: str, advice: str
) -> None:
    write({"Cargo.toml": TABLE, "src/lib.rs": LIB, "wrapper.h": header})
    result, found = run(pytester, host)
    assert found.endswith(" error")
    result.stdout.fnmatch_lines([f"wrapper.h:1: *{words}", advice])
