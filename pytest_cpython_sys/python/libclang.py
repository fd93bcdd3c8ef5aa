"""Where bindgen's libclang comes from: the user, the system, or a wheel."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import shutil
import sys
from typing import TYPE_CHECKING, Final, Literal

from ..cargo.run_program import run_to_end
from ..late import dataclass, regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["LibClang", "find_libclang"]

_LIMIT: Final = 10.0
"""Seconds that llvm-config may take."""
_BEGIN: Final = 65536
_HEADER: Final = ("resource", "include", "stddef.h")
# As clang-sys searches, https://docs.rs/clang-sys (build/common.rs).
_LINUX = (
    "/usr/local/llvm*/lib*",
    "/usr/local/lib*/*/*",
    "/usr/local/lib*/*",
    "/usr/local/lib*",
    "/usr/lib*/*/*",
    "/usr/lib*/*",
    "/usr/lib*",
)
_MACOS = (
    "/usr/local/opt/llvm*/lib",
    "/opt/homebrew/opt/llvm*/lib",
    "/Library/Developer/CommandLineTools/usr/lib",
    "/Applications/Xcode.app/Contents/Developer/Toolchains/XcodeDefault.xctoolchain/usr/lib",
)
_NAME = regex(r"libclang(?:-(?!cpp)[^/]*)?\.(?:so(?:\..+)?|dylib)")


@dataclass(frozen=True)
class LibClang:
    """A libclang, and what must be added to the environment for bindgen to use it."""

    source: Literal["environment", "system", "wheel"]
    path: str
    environment: tuple[tuple[str, str], ...] = ()

    def linked(self, base: str, environ: Mapping[str, str]) -> LibClang:
        """Return that of a wheel by a link in a directory, which is the same in all environments.

        Build scripts run again when a path in their variables changes. Where no link can be made,
        the path is the wheel's own.
        """
        if self.source != "wheel":
            return self
        directory, name = os.path.split(self.path)
        try:
            identity = _identity(self.path)
            link = os.path.join(base, f"libclang-{identity}")
            path = os.path.join(link, name)
            whole = os.path.isfile(path) and os.path.isfile(os.path.join(link, *_HEADER))
            if not whole or _identity(path) != identity:
                os.makedirs(base, exist_ok=True)
                temporary = f"{link}.{os.getpid()}"
                os.symlink(directory, temporary)
                os.replace(temporary, link)
        except OSError:
            return self
        return LibClang("wheel", path, _environment(link, environ))


def find_libclang(environ: Mapping[str, str]) -> LibClang | None:
    """Return the libclang to use: the user's, the system's, else the ``libclang-ng`` wheel's."""
    if environ.get("LIBCLANG_PATH"):
        return LibClang("environment", environ["LIBCLANG_PATH"])
    system = next(_system(environ), None)
    if system is not None:
        return LibClang("system", system)
    return _wheel(environ)


def _system(environ: Mapping[str, str]) -> Iterator[str]:
    config = environ.get("LLVM_CONFIG_PATH") or shutil.which(
        "llvm-config", path=environ.get("PATH")
    )
    if config:
        with contextlib.suppress(OSError):
            done = run_to_end([config, "--libdir"], cwd=os.getcwd(), env=environ, limit=_LIMIT)
            for directory in done.stdout.split():
                yield from _libraries(directory)
    for pattern in _MACOS if sys.platform == "darwin" else _LINUX:
        # Most of what lies there are files: those need not be opened to see that.
        for directory in glob.iglob(f"{pattern}/"):
            yield from _libraries(directory)


def _libraries(directory: str) -> Iterator[str]:
    """Yield the libclangs in a directory; ``libclang-cpp`` is another library."""
    try:
        names = os.listdir(directory)
    except OSError:
        return
    for name in names:
        if name.startswith("libclang") and _NAME.fullmatch(name):
            yield os.path.join(directory, name)


def _wheel(environ: Mapping[str, str]) -> LibClang | None:
    """Return the wheel's library, if its resource headers are there: it cannot do without."""
    from importlib.util import find_spec

    try:
        spec = find_spec("clang.native")
    except (ImportError, ValueError):
        return None
    for directory in (spec.submodule_search_locations or ()) if spec is not None else ():
        library = next(iter(glob.glob(os.path.join(glob.escape(directory), "libclang.*"))), None)
        if library is None or not os.path.isfile(os.path.join(directory, *_HEADER)):
            continue
        return LibClang("wheel", library, _environment(directory, environ))
    return None


def _environment(directory: str, environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the variables for a wheel's directory: of the library, and of its own headers."""
    argument = f"-resource-dir={os.path.join(directory, 'resource')}"
    if " " in argument:
        argument = f'"{argument}"'
    old = environ.get("BINDGEN_EXTRA_CLANG_ARGS")
    arguments = f"{old} {argument}" if old else argument
    return (("LIBCLANG_PATH", directory), ("BINDGEN_EXTRA_CLANG_ARGS", arguments))


def _identity(library: str) -> str:
    """Return what tells a library from others: its size, and a hash of its begin.

    An ELF file's build id is there. Raises OSError.
    """
    with open(library, "rb") as file:
        begin = file.read(_BEGIN)
        size = os.fstat(file.fileno()).st_size
    digest = hashlib.sha1(begin + str(size).encode(), usedforsecurity=False)
    return digest.hexdigest()[:8]
