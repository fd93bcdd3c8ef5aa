"""The Makefile's variables, and what is made of them."""

from __future__ import annotations

from pytest_cpython_sys.python.makefile import absolute_flags, link_variables, parse_makefile


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
