"""rustc's words for a target against the macros of C compilers, as gcc and clang print them."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.c.machine import Machine, foreign_configuration, parse_cfg, read_macros


def cfg(arch: str, bits: int, order: str, system: str = "linux", library: str = "gnu") -> list[str]:
    return [
        "debug_assertions",
        "unix",
        'target_feature="sse2"',
        f'target_arch="{arch}"',
        f'target_pointer_width="{bits}"',
        f'target_endian="{order}"',
        f'target_os="{system}"',
        f'target_env="{library}"',
        'target_abi=""',
    ]


LINUX = "#define __linux__ 1\n#define _FEATURES_H 1\n"
GLIBC = LINUX + "#define __GLIBC__ 2\n"
WIDE = "#define __SIZEOF_POINTER__ 8\n#define __BYTE_ORDER__ __ORDER_LITTLE_ENDIAN__\n"
NARROW = "#define __SIZEOF_POINTER__ 4\n#define __BYTE_ORDER__ __ORDER_LITTLE_ENDIAN__\n"
BIG = "#define __SIZEOF_POINTER__ 8\n#define __BYTE_ORDER__ __ORDER_BIG_ENDIAN__\n"
X86_64 = f"#define __x86_64__ 1\n{WIDE}"
I686 = f"#define __i386__ 1\n{NARROW}"
X32 = f"#define __x86_64__ 1\n{NARROW}"


@pytest.mark.parametrize(
    ("target", "macros", "difference"),
    [
        (cfg("x86_64", 64, "little"), X86_64 + GLIBC, None),
        (cfg("x86", 32, "little"), I686 + GLIBC, None),
        (cfg("s390x", 64, "big"), f"#define __s390x__ 1\n{BIG}{GLIBC}", None),
        (cfg("powerpc64", 64, "little"), f"#define __PPC64__ 1\n{WIDE}{GLIBC}", None),
        (cfg("powerpc64", 64, "little"), f"#define __PPC64__ 1\n{BIG}{GLIBC}", "little-endian"),
        (cfg("x86", 32, "little"), X86_64 + GLIBC, "not for x86"),
        (cfg("x86_64", 64, "little"), X32 + GLIBC, "with 32-bit pointers"),
        (cfg("x86_64", 64, "little", "freebsd", ""), X86_64 + GLIBC, "not for freebsd"),
        (cfg("x86_64", 64, "little", "android", ""), X86_64 + GLIBC, "not for android"),
        (cfg("x86_64", 64, "little"), X86_64 + GLIBC + "#define __ANDROID__ 1\n", "not for linux"),
        (cfg("x86_64", 64, "little", library="musl"), X86_64 + GLIBC, "headers of glibc"),
        (cfg("x86_64", 64, "little", library="musl"), X86_64 + LINUX, None),
        (cfg("x86_64", 64, "little"), X86_64 + LINUX, "without the headers of glibc"),
        # One without any C library can still answer for headers that need none.
        (cfg("x86_64", 64, "little"), X86_64 + "#define __linux__ 1\n", None),
        (cfg("x86_64", 64, "little", "windows"), X86_64 + "#define _WIN32 1\n", None),
        (
            cfg("x86_64", 64, "little", "windows", "msvc"),
            X86_64 + "#define _WIN32 1\n",
            "not for Windows with msvc",
        ),
        # Of an architecture that is not in the table, sizes and byte order count all the same.
        (cfg("hexagon", 32, "little"), I686 + GLIBC, None),
        (cfg("hexagon", 32, "little"), X86_64 + GLIBC, "with 64-bit pointers"),
    ],
)
def test_difference(target: list[str], macros: str, difference: str | None) -> None:
    machine = parse_cfg(target)
    found = machine.difference(read_macros(macros)) or machine.other_library(read_macros(macros))
    if difference is None:
        assert found is None
    else:
        assert found is not None
        assert difference in found


@pytest.mark.parametrize(
    ("target", "zig"),
    [
        (cfg("x86", 32, "little"), "x86-linux-gnu"),
        (cfg("powerpc64", 64, "little"), "powerpc64le-linux-gnu"),
        ([*cfg("arm", 32, "little"), 'target_abi="eabihf"'], "arm-linux-gnueabihf"),
        (cfg("aarch64", 64, "little", "macos", ""), "aarch64-macos"),
    ],
)
def test_the_wheels_name_of_a_target(target: list[str], zig: str) -> None:
    assert parse_cfg(target).zig == zig


def test_python_headers_of_another_platform() -> None:
    own = {"__SIZEOF_LONG__": "4", "__SIZEOF_POINTER__": "4"}
    assert foreign_configuration(own) is None
    assert foreign_configuration({**own, "SIZEOF_LONG": "4", "SIZEOF_VOID_P": "4"}) is None
    assert foreign_configuration({**own, "SIZEOF_LONG": "8"}) == (
        "SIZEOF_LONG is 8 there, but 4 on this target"
    )


def test_what_a_target_does_not_say_is_empty() -> None:
    """No word of it differs from a compiler that says nothing either."""
    assert parse_cfg([]) == Machine("", "", "", "", "", "")
    assert parse_cfg([]).difference({}) is None
    assert parse_cfg([]).other_library({}) is None
    assert parse_cfg(cfg("x86_64", 64, "little")) == Machine(
        "x86_64", "64", "little", "linux", "gnu", ""
    )


def test_a_compiler_that_does_not_say_how_wide_pointers_are() -> None:
    target = parse_cfg(cfg("x86_64", 64, "little"))
    linux = {"__x86_64__": "1", "__linux__": "1"}
    assert target.difference(linux) is None
    assert target.difference({**linux, "__SIZEOF_POINTER__": "(wide)"}) is None
    assert (
        target.difference({**linux, "__SIZEOF_POINTER__": "4"})
        == "with 32-bit pointers, not 64-bit"
    )


def test_words_for_another_library() -> None:
    musl, gnu = (parse_cfg(cfg("x86_64", 64, "little", library=one)) for one in ("musl", "gnu"))
    assert musl.other_library({"__GLIBC__": "2"}) == "with the headers of glibc, not of musl"
    assert gnu.other_library({"_FEATURES_H": "1"}) == "without the headers of glibc"
    msvc, mingw = (
        parse_cfg(cfg("x86_64", 64, "little", "windows", one)) for one in ("msvc", "gnu")
    )
    assert msvc.other_library({"_MSC_VER": "1940"}) is None
    assert mingw.other_library({"_MSC_VER": "1940"}) == "not for Windows with gnu"
    assert mingw.other_library({"_FEATURES_H": "1"}) is None


def test_sizes_that_are_not_told_do_not_differ() -> None:
    assert foreign_configuration({"SIZEOF_LONG": "8"}) is None
    assert foreign_configuration({"SIZEOF_LONG": "(8)", "__SIZEOF_LONG__": "4"}) is None
    assert foreign_configuration({"SIZEOF_WCHAR_T": "2", "__SIZEOF_WCHAR_T__": "4"}) == (
        "SIZEOF_WCHAR_T is 2 there, but 4 on this target"
    )
