"""The Makefile's variables, and what is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_cpython_sys.python.makefile import (
    absolute_flags,
    link_variables,
    parse_makefile,
    resolve,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_variables_are_expanded_as_make_does() -> None:
    found = parse_makefile(
        "A=\tone\nB=\t$(A) ${A} $$HOME $(NONE)\nC:= $(B)\nA+= two\nD?= x\nA ?= never\n"
        "LONG= a \\\n\tb\nrule: A=3\n\tE=recipe\nF=1 # comment\nG=\\#\n"
    )
    assert found["B"] == "one two one two $HOME"
    assert found["C"] == "one one $HOME"
    assert (found["D"], found["LONG"], found["F"], found["G"]) == ("x", "a b", "1", "#")
    assert "E" not in found


def test_variable_that_refers_to_itself_ends() -> None:
    assert parse_makefile("A= x $(B)\nB= $(A)\n")["A"] == "x"


def test_directories_of_flags_become_absolute() -> None:
    words = ["-I.", "-I", "../x", "-isysroot", "/sdk", "-L.", "-DX=1", "-F", ".", "-framework"]
    assert absolute_flags(words, "/b/c") == [
        "-I/b/c",
        "-I/b/x",
        "-isysroot/sdk",
        "-L/b/c",
        "-DX=1",
        "-F/b/c",
        "-framework",
    ]


def test_a_makefile_that_knows_rust_is_taken_at_its_word() -> None:
    found = link_variables(
        {
            "RUST_SHARED_BUILD": "0",
            "BLDSHARED_EXE": "xcrun clang",
            "BLDSHARED_ARGS": "-bundle -undefined dynamic_lookup -F .",
            "LIBPYTHON": "-L. -lpython3.15",
            "LLVM_TARGET": "wasm32-wasip1",
            "WASI_SDK_PATH": "/sdk",
            "IPHONEOS_DEPLOYMENT_TARGET": "",
        },
        "/b",
    )
    assert found == {
        "RUST_SHARED_BUILD": "0",
        "BLDSHARED_EXE": "xcrun clang",
        "BLDSHARED_ARGS": "-undefined dynamic_lookup -F/b",
        "LIBPYTHON": "-L/b -lpython3.15",
        "LLVM_TARGET": "wasm32-wasip1",
        "WASI_SDK_PATH": "/sdk",
    }


def test_static_modules_are_no_shared_build() -> None:
    assert link_variables({"CC": "cc", "BLDSHARED": "cc -shared"}, "/b") == {
        "RUST_SHARED_BUILD": "0",
        "BLDSHARED_EXE": "cc",
        "BLDSHARED_ARGS": "",
        "LIBPYTHON": "",
    }


def test_what_a_makefile_says_in_one_command() -> None:
    variables = {
        "CC": "gcc -pthread",
        "BLDSHARED": "gcc -pthread -shared -L. '-Wl,-rpath,/a b'",
        "MODSHARED_NAMES": "_json math",
        "IPHONEOS_DEPLOYMENT_TARGET": "13.0",
    }
    found = link_variables(variables, "/b")
    assert found["BLDSHARED_EXE"] == "gcc -pthread"
    assert found["BLDSHARED_ARGS"] == "-L/b '-Wl,-rpath,/a b'"
    assert found["RUST_SHARED_BUILD"] == "1"
    assert found["IPHONEOS_DEPLOYMENT_TARGET"] == "13.0"
    assert (
        link_variables({**variables, "RUST_SHARED_BUILD": "yes"}, "/b")["RUST_SHARED_BUILD"]
        == "yes"
    )
    # Without a compiler of its own, what is linked with is the system's.
    assert link_variables({"BLDSHARED": "ld -x"}, "/b") == {
        "RUST_SHARED_BUILD": "0",
        "BLDSHARED_EXE": "cc",
        "BLDSHARED_ARGS": "ld -x",
        "LIBPYTHON": "",
    }
    assert link_variables({}, "/b")["BLDSHARED_ARGS"] == ""


def test_the_sysroots_directories_and_options_without_one() -> None:
    assert absolute_flags(["-I=/usr/include", "-L", "=lib", "-I"], "/b") == [
        "-I=/usr/include",
        "-L=lib",
    ]


def test_what_leads_upwards_is_followed(tmp_path: Path) -> None:
    """The directory of a link's target is not that of the link."""
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real" / "inner")
    assert resolve(str(tmp_path / "link"), "../x") == str(tmp_path / "real" / "x")
    assert resolve(str(tmp_path / "link"), "./x") == str(tmp_path / "link" / "x")
    assert resolve(str(tmp_path), "/elsewhere/y") == "/elsewhere/y"


def test_what_is_too_deep_is_nothing() -> None:
    deep = "".join(f"A{index}= $(A{index + 1})\n" for index in range(200)) + "A200= end\n"
    assert parse_makefile(deep)["A0"] == ""


def test_variables_that_double_one_another_end() -> None:
    chain = "".join(f"A{index}= $(A{index + 1})$(A{index + 1})\n" for index in range(40))
    found = parse_makefile(f"{chain}A40= x\nPREFIX= /usr\n")
    assert found["A38"] == "xxxx"
    assert found["A0"] == ""
    assert found["PREFIX"] == "/usr"
    assert parse_makefile("A= 1\nA2= $(A)\nA3= $(A2)\n")["A3"] == "1"
