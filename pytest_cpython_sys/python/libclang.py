"""Where bindgen's libclang comes from: the user, the system, or a wheel."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ..cargo.run_program import run_to_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["LibClang", "find_libclang"]

_LIMIT: Final = 10.0
"""Seconds that llvm-config may take."""
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
_NAME = re.compile(r"libclang(?:-(?!cpp)[^/]*)?\.(?:so(?:\..+)?|dylib)")


@dataclass(frozen=True, slots=True)
class LibClang:
    """A libclang, and what must be added to the environment for bindgen to use it."""

    source: Literal["environment", "system", "wheel"]
    path: str
    environment: tuple[tuple[str, str], ...] = ()


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
        for directory in glob.iglob(pattern):
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
        resource = os.path.join(directory, "resource")
        library = next(iter(glob.glob(os.path.join(glob.escape(directory), "libclang.*"))), None)
        if library is None or not os.path.isfile(os.path.join(resource, "include", "stddef.h")):
            continue
        arguments = (
            f'"-resource-dir={resource}"' if " " in resource else f"-resource-dir={resource}"
        )
        old = environ.get("BINDGEN_EXTRA_CLANG_ARGS")
        return LibClang(
            "wheel",
            library,
            (
                ("LIBCLANG_PATH", directory),
                ("BINDGEN_EXTRA_CLANG_ARGS", f"{old} {arguments}" if old else arguments),
            ),
        )
    return None
