"""The C compiler: what it refuses is one question, and the others still get their answer."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.c.compiler import Compiler, CompilerError, Problem
from pytest_cpython_sys.c.header_trouble import explain_refusal
from pytest_cpython_sys.checkers.abi.c_questions import CQuestions

if TYPE_CHECKING:
    from pathlib import Path

HEADER = """
#define VALUE 7
#define UNDONE 1
#undef UNDONE
#define CALL(x) ((x) + VALUE)
struct s { int a; unsigned b : 3, c : 5; };
struct hidden;
int f(int, long);
"""


@pytest.fixture
def compiler(tmp_path: Path) -> Compiler:
    cc = shutil.which("cc")
    if cc is None:
        pytest.skip("no C compiler")
    (tmp_path / "header.h").write_text(HEADER, encoding="utf-8")
    return Compiler((cc,), ("-Werror",), str(tmp_path), dict(os.environ))


def test_no_compiler_is_named(tmp_path: Path) -> None:
    compiler = Compiler(("no-such-cc",), (), str(tmp_path), dict(os.environ))
    assert compiler.program is None
    with pytest.raises(CompilerError, match=r"the C compiler no-such-cc cannot be run \("):
        compiler.preprocess("x.h", str(tmp_path))


def test_one_that_does_not_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "cc"
    program.write_text("#!/bin/sh\nsleep 60\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr("pytest_cpython_sys.c.compiler._LIMIT", 0.3)
    compiler = Compiler((str(program),), (), str(tmp_path), dict(os.environ))
    with pytest.raises(CompilerError, match="timed out after"):
        compiler.preprocess("x.h", str(tmp_path))


def test_a_header(compiler: Compiler, tmp_path: Path) -> None:
    path = str(tmp_path / "header.h")
    header = compiler.preprocess(path, str(tmp_path))
    assert header.macros["VALUE"].body == "7"
    assert header.macros["CALL"].parameters == "(x)"
    assert "UNDONE" not in header.macros
    assert path in header.files
    assert "#" not in header.text
    lines = compiler.expand(path, ["VALUE", "CALL(1)", "nothing"], str(tmp_path))
    assert lines == ["7", "((1) + 7)", "nothing"]


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("bits/libc-header-start.h", "no C library headers for this target"),
        ("asm/errno.h", "no C library headers for this target"),
        ("sys/cdefs.h", "no C library headers for this target"),
        ("other/errors.h", "the directory that contains other/errors.h to `include-dirs`"),
    ],
)
def test_what_a_header_misses(missing: str, words: str) -> None:
    gcc, clang = f"{missing}: No such file or directory", f"'{missing}' file not found"
    for text in (gcc, clang):
        refusal = explain_refusal("x.h", [Problem("/usr/include/stdio.h", 27, text)], text)
        assert words in refusal.advice


def test_one_bad_question_among_others(compiler: Compiler, tmp_path: Path) -> None:
    header = compiler.preprocess(str(tmp_path / "header.h"), str(tmp_path))
    questions = CQuestions()
    questions.ask_number("good", "sizeof(struct s)")
    questions.ask_number("hidden", "sizeof(struct hidden)")
    questions.ask_number("unknown", "sizeof(nowhere)")
    questions.ask_number("unknown too", "1 + sizeof(nowhere)")
    questions.ask_number("field", "__builtin_offsetof(struct s, a)")
    questions.ask_number("bit-field", "__builtin_offsetof(struct s, b)")
    questions.ask_numbers("negative", ["-5", "(-5) < 0"])
    questions.ask_bytes("bits", "struct s value", "{ .c = -1 }", "sizeof(struct s)")
    answers = questions.compile(header, compiler, str(tmp_path), "questions")
    assert answers.numbers["good"] == 8
    assert answers.numbers["field"] == 0
    assert answers.numbers["negative 0"] == 2**64 - 5
    assert answers.numbers["negative 1"] == 1
    assert set(answers.problems) == {"hidden", "unknown", "unknown too", "bit-field"}
    data, pointers = answers.bytes["bits"]
    assert (len(data), sum(byte.bit_count() for byte in data)) == (8, 5)
    assert not pointers


def test_a_declaration_of_what_is_not_there(compiler: Compiler, tmp_path: Path) -> None:
    header = compiler.preprocess(str(tmp_path / "header.h"), str(tmp_path))
    questions = CQuestions()
    questions.declare("f", "__typeof__(f) *one;")
    questions.declare("g", "__typeof__(g) *two;")
    questions.declare("hidden", "struct hidden *three;")
    answers = questions.compile(header, compiler, str(tmp_path), "declared", types=True)
    assert set(answers.problems) == {"g"}
    function, hidden = answers.types.pointee("one"), answers.types.pointee("three")
    assert function is not None
    assert hidden is not None
    assert function.text == "int(int, long int)"
    assert hidden.type.opaque
    assert answers.types.pointee("two") is None


def test_a_header_with_an_error_of_its_own(compiler: Compiler, tmp_path: Path) -> None:
    (tmp_path / "header.h").write_text("int x = ;\n", encoding="utf-8")
    header = compiler.preprocess(str(tmp_path / "header.h"), str(tmp_path))
    with pytest.raises(CompilerError, match=r"^header\.h:1: header\.h does not compile: "):
        CQuestions().compile(header, compiler, str(tmp_path), "questions")


def test_a_header_that_ends_in_a_declaration(compiler: Compiler, tmp_path: Path) -> None:
    (tmp_path / "header.h").write_text("enum e { A,\n", encoding="utf-8")
    header = compiler.preprocess(str(tmp_path / "header.h"), str(tmp_path))
    with pytest.raises(CompilerError, match=r"^header\.h does not compile: after its last line: "):
        CQuestions().compile(header, compiler, str(tmp_path), "questions", types=True)
