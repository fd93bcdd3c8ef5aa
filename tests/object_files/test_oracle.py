"""What is read of real ELF files is what pyelftools reads of them."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from pytest_cpython_sys.object_files.exports import archive_symbols, library_symbols
from pytest_cpython_sys.object_files.reader import MAGIC, ORDER, ObjectFile, Symbol, read_symbols

if TYPE_CHECKING:
    from pathlib import Path

elffile = pytest.importorskip("elftools.elf.elffile")
relocation = pytest.importorskip("elftools.elf.relocation")
WRITE = 1

# A record as the probes of both compilers have them, with a pointer and a null pointer in it.
C = """
struct record {
    unsigned char magic[16]; unsigned long long order, number; unsigned char rest[32];
    unsigned long long values[3]; const void *there; const void *nowhere; const void *here;
} __attribute__((aligned(64)));
int first(void) { return 1; }
static int second(void) { return 2; }
__attribute__((visibility("hidden"))) int third(void) { return second(); }
__attribute__((visibility("protected"))) int fourth(void) { return third(); }
__attribute__((weak)) int fifth = 5;
int data = 3, zero, _ZN4spam5innerE;
const int fixed = 4;
_Thread_local int of_a_thread = 6;
__attribute__((common)) int shared;
extern int elsewhere;
int *to_elsewhere = &elsewhere;
const struct record record = {
    MAGIC, ORDER, 7, {0}, {1, 0x0102030405060708, ~0ull}, &data, 0, first,
};
"""
RUST = """
#[no_mangle] pub extern "C" fn spam() -> i32 { EGGS.len() as i32 }
#[no_mangle] pub static FIXED: i32 = 4;
#[no_mangle] pub static mut DATA: i32 = 3;
pub static EGGS: &str = "eggs";
pub fn mangled() -> i32 { spam() }
"""
# For machines whose standard library is not installed.
BARE_RUST = """
#![feature(no_core, lang_items, auto_traits)]
#![no_core]
#![allow(internal_features)]
#[lang = "pointee_sized"] pub trait PointeeSized {}
#[lang = "meta_sized"] pub trait MetaSized: PointeeSized {}
#[lang = "sized"] pub trait Sized: MetaSized {}
#[lang = "sync"] pub unsafe trait Sync {}
#[lang = "copy"] pub trait Copy {}
#[lang = "freeze"] unsafe auto trait Freeze {}
#[lang = "drop_in_place"] unsafe fn drop_in_place<T: PointeeSized>(_: *mut T) {}
unsafe impl Sync for u64 {}
unsafe impl Sync for &'static u64 {}
#[no_mangle] pub static FIXED: u64 = 0x0102030405060708;
#[no_mangle] pub static THERE: &'static u64 = &FIXED;
"""


def build(directory: Path, *words: str) -> Path:
    """Let a compiler write the last of the words; skip where it cannot."""
    program = shutil.which(words[0])
    if program is None:
        pytest.skip(f"no {words[0]}")
    env = {"PATH": str(program).rpartition("/")[0] + ":/usr/bin:/bin", "RUSTC_BOOTSTRAP": "1"}
    (directory / "x.c").write_text(
        C.replace("MAGIC", f"{{{', '.join(map(str, MAGIC))}}}").replace("ORDER", f"{ORDER}ull"),
        encoding="utf-8",
    )
    (directory / "spam.rs").write_text(RUST, encoding="utf-8")
    (directory / "bare.rs").write_text(BARE_RUST, encoding="utf-8")
    done = subprocess.run(words, cwd=directory, env=env, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{' '.join(words)}: {done.stderr[:500]}")
    return directory / words[-1]


def is_writable(elf: Any, symbol: Any) -> bool:
    index = symbol["st_shndx"]
    if index == "SHN_COMMON":
        return True
    return isinstance(index, int) and bool(elf.get_section(index)["sh_flags"] & WRITE)


def symbols(data: bytes, *, dynamic: bool) -> list[Symbol]:
    elf = elffile.ELFFile(io.BytesIO(data))
    return [
        Symbol(symbol.name, is_writable(elf, symbol))
        for table in elf.iter_sections("SHT_DYNSYM" if dynamic else "SHT_SYMTAB")
        for symbol in table.iter_symbols()
        if symbol["st_shndx"] != "SHN_UNDEF"
        and symbol["st_info"]["bind"] != "STB_LOCAL"
        and symbol["st_other"]["visibility"] in ("STV_DEFAULT", "STV_PROTECTED")
        and symbol.name
    ]


def pointers(data: bytes) -> frozenset[int]:
    elf = elffile.ELFFile(io.BytesIO(data))
    return frozenset(
        elf.get_section(section["sh_info"])["sh_offset"] + entry["r_offset"]
        for section in elf.iter_sections()
        if isinstance(section, relocation.RelocationSection)
        for entry in section.iter_relocations()
    )


OBJECTS = {
    "C": ("gcc", "-c", "x.c", "-o", "x.o"),
    "C, 32 bits": ("gcc", "-m32", "-c", "x.c", "-o", "x.o"),
    "C, a section for each": (
        *("gcc", "-ffunction-sections", "-fdata-sections", "-g", "-c", "x.c", "-o", "x.o"),
    ),
    "Rust": ("rustc", "--crate-type=lib", "--emit=obj", "spam.rs", "-o", "x.o"),
    "Rust, 32 bits, big endian": (
        *("rustc", "--crate-type=lib", "--emit=obj", "--target=powerpc-unknown-linux-gnu"),
        *("bare.rs", "-o", "x.o"),
    ),
    "Rust, 64 bits, big endian": (
        *("rustc", "--crate-type=lib", "--emit=obj", "--target=s390x-unknown-linux-gnu"),
        *("bare.rs", "-o", "x.o"),
    ),
}


@pytest.mark.parametrize("how", OBJECTS)
def test_an_object_file(tmp_path: Path, how: str) -> None:
    path = build(tmp_path, *OBJECTS[how])
    data = path.read_bytes()
    expected = symbols(data, dynamic=False)
    assert expected
    assert read_symbols(data, dynamic=False) == expected
    assert ObjectFile.read(str(path)).pointers == pointers(data)


@pytest.mark.parametrize("how", [name for name in OBJECTS if name.startswith("C")])
def test_values_in_a_record(tmp_path: Path, how: str) -> None:
    path = build(tmp_path, *OBJECTS[how])
    elf = elffile.ELFFile(io.BytesIO(path.read_bytes()))
    (symbol,) = elf.get_section_by_name(".symtab").get_symbol_by_name("record")
    section = elf.get_section(symbol["st_shndx"])
    start = symbol["st_value"]
    record = section.data()[start : start + symbol["st_size"]]
    found = ObjectFile.read(str(path))
    pointer = elf.elfclass // 8
    assert found.numbers(7, 3) == struct.unpack_from("<3Q", record, 64)
    assert found.numbers(7, 3) == (1, ORDER, 2**64 - 1)
    assert found.bytes(7, 24 + 3 * pointer) == record[64 : 64 + 24 + 3 * pointer]
    assert found.pointers_in(7, 24 + 3 * pointer) == frozenset({24, 24 + 2 * pointer})


@pytest.mark.parametrize(
    "words",
    [
        ("gcc", "-shared", "-fPIC", "-Wl,--unresolved-symbols=ignore-all", "x.c", "-o", "x.so"),
        ("rustc", "--crate-type=cdylib", "spam.rs", "-o", "x.so"),
    ],
    ids=["C", "Rust"],
)
def test_a_shared_library(tmp_path: Path, words: tuple[str, ...]) -> None:
    path = build(tmp_path, *words)
    data = path.read_bytes()
    expected = symbols(data, dynamic=True)
    assert read_symbols(data, dynamic=True) == expected
    chosen = library_symbols(str(path))
    assert chosen == sorted(set(chosen or ()) & set(expected))
    names = {symbol.name for symbol in chosen or ()}
    assert {"spam", "FIXED", "DATA"} <= names or {"first", "fourth", "fifth", "data"} <= names
    assert not [name for name in names if name.startswith(("_ZN", "_R"))]


def test_an_archive(tmp_path: Path) -> None:
    build(tmp_path, "rustc", "--crate-type=staticlib", "spam.rs")
    path = tmp_path / "libspam.a"
    members = subprocess.run(["ar", "t", path], capture_output=True, text=True, check=True).stdout
    expected = set()
    for name in members.splitlines():
        if name.startswith("spam."):
            done = subprocess.run(["ar", "p", path, name], capture_output=True, check=True)
            expected.update(symbols(done.stdout, dynamic=False))
    found = archive_symbols(str(path), {"spam"})
    assert found == sorted(one for one in expected if one.name in {"spam", "FIXED", "DATA"})
    assert len(found) == 3


def test_more_sections_than_a_symbol_can_number(tmp_path: Path) -> None:
    """Numbers above 0xff00 stand in a table of their own, beside that of symbols."""
    count = 0xFF00 + 300
    lines = [
        f'.section .{"data" if number % 2 else "rodata"}.s{number},"a{"w" if number % 2 else ""}"\n'
        f".globl s{number}\ns{number}: .byte 1\n"
        for number in range(count)
    ]
    (tmp_path / "many.s").write_text("".join(lines), encoding="utf-8")
    data = build(tmp_path, "gcc", "-c", "many.s", "-o", "many.o").read_bytes()
    found = read_symbols(data, dynamic=False)
    assert found is not None
    assert {symbol.name: symbol.writable for symbol in found} == {
        f"s{number}": number % 2 == 1 for number in range(count)
    }
