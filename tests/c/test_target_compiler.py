"""Which C compiler speaks for a target: programs stand in for compilers, rustc is asked itself."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.c.compiler import CompilerError
from pytest_cpython_sys.c.target_compiler import TargetCompilerError, choose_compiler
from pytest_cpython_sys.cargo import Cargo, Workspace
from pytest_cpython_sys.python.interpreter import Interpreter, current

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TARGET = "aarch64-unknown-linux-gnu"
AARCH64 = {"__aarch64__": "1", "__linux__": "1", "__SIZEOF_POINTER__": "8"}
X86_64 = {"__x86_64__": "1", "__linux__": "1", "__SIZEOF_POINTER__": "8"}
SCRIPT = """#!/bin/sh
case " $* " in
    *" -dumpmachine "*) echo {name} ;;
    *" -E "*) cat <<'END'
{macros}
END
;;
esac
"""


@pytest.fixture
def add(tmp_path: Path) -> Callable[..., Path]:
    """Put a compiler on a PATH that has no other."""
    (tmp_path / "bin").mkdir()

    def add(program: str, macros: dict[str, str], name: str = "some-machine") -> Path:
        path = tmp_path / "bin" / program
        lines = "\n".join(f"#define {key} {value}" for key, value in macros.items())
        path.write_text(SCRIPT.format(name=name, macros=lines), encoding="utf-8")
        path.chmod(0o755)
        return path

    for tool in ("sh", "cat"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / "bin" / tool).symlink_to(found)
    return add


@pytest.fixture(scope="module")
def cargo() -> Cargo:
    return Cargo()


def choose(
    cargo: Cargo, tmp_path: Path, python: Interpreter | None, target: str | None, **env: str
) -> tuple[tuple[str, ...], str]:
    place = str(tmp_path)
    workspace = Workspace(place, place, place, ())
    environ = {"PATH": str(tmp_path / "bin"), "HOME": place, **env}
    choice = choose_compiler(cargo, workspace, target, python, environ)
    return choice.argv, choice.origin


def test_the_order(cargo: Cargo, tmp_path: Path, add: Callable[..., Path]) -> None:
    python = replace(current(), cc=("pythons-cc", "-pthread"), cflags=())
    add("clang", AARCH64)
    clang = ("clang", f"--target={TARGET}")
    assert choose(cargo, tmp_path, python, TARGET) == (clang, "clang")
    add("aarch64-linux-gnu-gcc", X86_64)
    assert choose(cargo, tmp_path, python, TARGET)[0] == clang
    add("aarch64-linux-gnu-gcc", AARCH64)
    assert choose(cargo, tmp_path, python, TARGET)[0] == ("aarch64-linux-gnu-gcc",)
    add("pythons-cc", X86_64)
    assert choose(cargo, tmp_path, python, TARGET)[0] == ("aarch64-linux-gnu-gcc",)
    os.unlink(add("pythons-cc", AARCH64))  # another file, whatever the clock says
    add("pythons-cc", {**AARCH64, "more": "1"})
    found = choose(cargo, tmp_path, python, TARGET)
    assert found == (python.cc, f"the compiler of {python.describe()}")
    add("named", AARCH64)
    for name in (f"CC_{TARGET}", f"CC_{TARGET.replace('-', '_')}"):
        found = choose(cargo, tmp_path, python, TARGET, **{name: "named -target 'a b'"})
        assert found == (("named", "-target", "a b"), f"${name}")
    # The path of a program may have blanks in it.
    blank = str(add("with blank", AARCH64))
    assert choose(cargo, tmp_path, python, TARGET, **{f"CC_{TARGET}": blank})[0] == (blank,)


def test_nobody_named_a_target(cargo: Cargo, tmp_path: Path, add: Callable[..., Path]) -> None:
    python = replace(current(), cc=("pythons-cc",))
    host = cargo.toolchain.host
    variable = f"CC_{host.replace('-', '_')}"
    for whose, program in ((python, "pythons-cc"), (None, "cc")):
        with pytest.raises(CompilerError, match=rf"no C compiler: {program}\b.*\${variable}\b"):
            choose(cargo, tmp_path, whose, None)
        add(program, {})
        assert choose(cargo, tmp_path, whose, None)[0] == (program,)
    add("named", {"__s390x__": "1"})
    with pytest.raises(
        TargetCompilerError, match=rf"^\${variable} is set to nosuch, which was not found"
    ):
        choose(cargo, tmp_path, python, None, **{variable: "nosuch"})
    if host.startswith("x86_64-unknown-linux"):
        with pytest.raises(TargetCompilerError, match=r"makes code for .*, not for x86_64: "):
            choose(cargo, tmp_path, python, None, **{variable: "named"})
        add("named", X86_64)
        found = choose(cargo, tmp_path, python, None, **{f"CC_{host}": "named"})
        assert found == (("named",), f"$CC_{host}")


@pytest.mark.parametrize(
    ("macros", "words"),
    [
        (X86_64, "is set to named, which makes code for some-machine, not for aarch64"),
        ({**AARCH64, "__SIZEOF_POINTER__": "4"}, "with 32-bit pointers"),
        ({"__aarch64__": "1"}, "not for linux"),
        (None, "is set to named, which was not found"),
    ],
)
def test_one_that_is_named_and_makes_code_for_another_machine_is_an_error(
    cargo: Cargo,
    tmp_path: Path,
    add: Callable[..., Path],
    macros: dict[str, str] | None,
    words: str,
) -> None:
    add("aarch64-linux-gnu-gcc", AARCH64)
    if macros is not None:
        add("named", macros)
    with pytest.raises(TargetCompilerError) as caught:
        choose(cargo, tmp_path, None, TARGET, CC_aarch64_unknown_linux_gnu="named")
    message = str(caught.value)
    assert message.startswith("$CC_aarch64_unknown_linux_gnu is set to named, ")
    assert words in message
    assert '"python -m ziglang cc -target aarch64-linux-gnu"' in message
    assert "\n" not in message


def test_none_makes_code_for_the_target(
    cargo: Cargo, tmp_path: Path, add: Callable[..., Path]
) -> None:
    add("cc", X86_64, "x86_64-linux-gnu")
    with pytest.raises(TargetCompilerError) as caught:
        choose(cargo, tmp_path, None, TARGET)
    message = str(caught.value)
    assert message.startswith(f"no C compiler for {TARGET} was found. Tried: cc (the system's), ")
    assert "x86_64-linux-gnu, not for aarch64" in message
    assert "aarch64-linux-gnu-gcc (gcc's cross compiler), which was not found" in message
    assert "clang --target=aarch64-unknown-linux-gnu (clang), which was not found" in message
    assert "set $CC_aarch64_unknown_linux_gnu to one" in message


def test_a_target_that_rustc_does_not_know(
    cargo: Cargo, tmp_path: Path, add: Callable[..., Path]
) -> None:
    add("cc", X86_64)
    with pytest.raises(TargetCompilerError, match="rustc does not know the target no-such-target"):
        choose(cargo, tmp_path, None, "no-such-target")
