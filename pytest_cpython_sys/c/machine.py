"""For which machine code is made: rustc says it of a target, a C compiler of itself.

rustc's words are those of ``--print cfg``:
https://doc.rust-lang.org/reference/conditional-compilation.html#set-configuration-options. A C
compiler tells by the macros that it predefines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..cargo import read_cfg
from ..late import dataclass, regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["LIBRARY_SOURCE", "Machine", "foreign_configuration", "parse_cfg", "read_macros"]

_DEFINE: Final = regex(r"^#define (\w+) (.*)$", re.MULTILINE)

# What a compiler defines that makes code for rustc's `target_arch`. 32 and 64 bits are told apart
# by the size of pointers. An architecture that is missing here is compared in object files alone.
_ARCHITECTURES: Final = {
    "x86": ("__i386__",),
    "x86_64": ("__x86_64__",),
    "arm": ("__arm__",),
    "aarch64": ("__aarch64__",),
    "s390x": ("__s390x__",),
    "powerpc": ("__powerpc__", "__PPC__"),
    "powerpc64": ("__powerpc64__", "__PPC64__"),
    "riscv32": ("__riscv",),
    "riscv64": ("__riscv",),
    "loongarch64": ("__loongarch__",),
    "mips": ("__mips__",),
    "mips64": ("__mips__",),
    "sparc": ("__sparc__",),
    "sparc64": ("__sparc__",),
    "wasm32": ("__wasm32__",),
    "wasm64": ("__wasm64__",),
}
_SYSTEMS: Final = {
    "linux": "__linux__",
    "android": "__ANDROID__",
    "windows": "_WIN32",
    "macos": "__APPLE__",
    "ios": "__APPLE__",
    "freebsd": "__FreeBSD__",
    "netbsd": "__NetBSD__",
    "openbsd": "__OpenBSD__",
    "dragonfly": "__DragonFly__",
    "illumos": "__sun",
    "solaris": "__sun",
    "wasi": "__wasi__",
    "emscripten": "__EMSCRIPTEN__",
}
# The C library is known by its headers: glibc's say so, musl's say nothing.
LIBRARY_SOURCE: Final = """#ifdef __has_include
#if __has_include(<features.h>)
#include <features.h>
#endif
#endif
"""
# What ./configure measured, and what the compiler says of itself.
_MEASURED: Final = {
    "SIZEOF_VOID_P": "__SIZEOF_POINTER__",
    "SIZEOF_LONG": "__SIZEOF_LONG__",
    "SIZEOF_SIZE_T": "__SIZEOF_SIZE_T__",
    "SIZEOF_WCHAR_T": "__SIZEOF_WCHAR_T__",
}


@dataclass(frozen=True)
class Machine:
    """What a target is, in rustc's words; empty for what it does not say."""

    arch: str
    bits: str
    """Of a pointer."""
    order: str
    """``little`` or ``big``."""
    system: str
    library: str
    """``target_env``: ``gnu``, ``musl``, ``msvc``."""
    abi: str = ""

    def difference(self, macros: Mapping[str, str]) -> str | None:
        """Return what a compiler says otherwise by its macros; None where all is as it is here."""
        known = _ARCHITECTURES.get(self.arch)
        size = macros.get("__SIZEOF_POINTER__", "")
        if known and not any(name in macros for name in known):
            return f"not for {self.arch}"
        if self.bits and size.isdigit() and int(size) * 8 != int(self.bits):
            return f"with {int(size) * 8}-bit pointers, not {self.bits}-bit"
        order = macros.get("__BYTE_ORDER__", "")
        if order and self.order and (order == "__ORDER_BIG_ENDIAN__") != (self.order == "big"):
            return f"which is not {self.order}-endian"
        system = _SYSTEMS.get(self.system)
        foreign = self.system == "linux" and "__ANDROID__" in macros
        if (system is not None and system not in macros) or foreign:
            return f"not for {self.system}"
        return None

    def other_library(self, macros: Mapping[str, str]) -> str | None:
        """Return in words that a compiler's C library is not the target's; None if it may be."""
        glibc = "__GLIBC__" in macros
        if self.system == "linux" and self.library == "musl" and glibc:
            return "with the headers of glibc, not of musl"
        if (
            self.system == "linux"
            and self.library == "gnu"
            and "_FEATURES_H" in macros
            and not glibc
        ):
            return "without the headers of glibc"
        if self.system == "windows" and (self.library == "msvc") != ("_MSC_VER" in macros):
            return f"not for Windows with {self.library}"
        return None

    @property
    def zig(self) -> str:
        """The target as the wheel ``ziglang`` calls it."""
        little = self.arch == "powerpc64" and self.order == "little"
        return "-".join(
            filter(None, (f"{self.arch}{'le' if little else ''}", self.system, self._ending))
        )

    @property
    def _ending(self) -> str:
        return f"{self.library}{self.abi}"


def parse_cfg(lines: Iterable[str]) -> Machine:
    """Return what ``rustc --print cfg`` has said of a target."""
    found = read_cfg(lines)
    return Machine(
        arch=found.get("target_arch", ""),
        bits=found.get("target_pointer_width", ""),
        order=found.get("target_endian", ""),
        system=found.get("target_os", ""),
        library=found.get("target_env", ""),
        abi=found.get("target_abi", ""),
    )


def read_macros(text: str) -> dict[str, str]:
    """Return the macros of ``-E -dM``."""
    return dict(_DEFINE.findall(text))


def foreign_configuration(macros: Mapping[str, str]) -> str | None:
    """Return which size a ``pyconfig.h`` was made with that the compiler has otherwise, in words.

    None where they agree, or no ``pyconfig.h`` was read.
    """
    for measured, predefined in _MEASURED.items():
        theirs, ours = macros.get(measured, ""), macros.get(predefined, "")
        if theirs.isdigit() and ours.isdigit() and theirs != ours:
            return f"{measured} is {theirs} there, but {ours} on this target"
    return None
