"""Fetches interpreters that are newer than any that is likely to be installed, with their headers.

    python -m tests.platforms.fetch_python

They are Debian's, of the suite ``sid``, fetched with apt in a configuration of its own and unpacked
beside the C library that they need; nothing is installed. All is kept where CPython is for the
tests of ``tests/cpython``, in ``newer`` (about 160 MB).

Exit code 1, with one line that says why, where it cannot be done.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Final

from ..cpython.build import FetchError, cache_directory
from .fetch import configure_apt, fill, run_step

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["VERSIONS", "find_newer_python", "newer_directory"]

VERSIONS: Final = ("3.14", "3.15")
_SUITE: Final = "sid"
_PACKAGES: Final = (
    *("python{}", "python{}-minimal", "libpython{}-dev", "libpython{}"),
    *("libpython{}-minimal", "libpython{}-stdlib"),
)
_LOADED: Final = ("libc6", "libexpat1", "libffi8", "libssl3t64", "zlib1g")
# It finds its standard library by the name that it is started with.
_START: Final = """#!/bin/sh
exec {usr}/lib64/ld-linux-x86-64.so.2 --library-path {usr}/lib/x86_64-linux-gnu \\
    --argv0 "$0" {usr}/lib/python{version}.elf "$@"
"""


def newer_directory() -> Path:
    """Return the directory that holds them."""
    return (cache_directory() / "newer").absolute()


def find_newer_python(version: str) -> Path | None:
    """Return an interpreter if it is there."""
    if version not in VERSIONS or not (newer_directory() / "complete").is_file():
        return None
    return newer_directory() / version / "usr" / "bin" / f"python{version}"


def _fetch(root: Path) -> None:
    for tool in ("apt-get", "dpkg-deb", "dpkg"):
        if shutil.which(tool) is None:
            raise FetchError(f"no {tool} on this machine: the packages are Debian's")
    own = run_step(["dpkg", "--print-architecture"], root).strip()
    if own != "amd64":
        raise FetchError(f"this machine is {own}: the interpreters are ones that run on amd64")
    config = configure_apt(root, _SUITE)
    environment = {**os.environ, "APT_CONFIG": str(config), "LC_ALL": "C"}
    run_step(["apt-get", "-q", "update"], root, environment)
    debs = root / "debs"
    debs.mkdir()
    own_packages = {version: [name.format(version) for name in _PACKAGES] for version in VERSIONS}
    wanted = [name for names in own_packages.values() for name in names]
    run_step(["apt-get", "-q", "download", *wanted, *_LOADED], debs, environment)
    for version, names in own_packages.items():
        place = root / version
        place.mkdir()
        for name in (*names, *_LOADED):
            (deb,) = debs.glob(f"{name}_*_*.deb")
            run_step(["dpkg-deb", "-x", str(deb), str(place)], root)
        usr = place / "usr"
        program = usr / "bin" / f"python{version}"
        program.rename(usr / "lib" / f"python{version}.elf")
        program.write_text(_START.format(usr=usr, version=version), encoding="utf-8")
        program.chmod(0o755)
        # Its pyconfig.h includes the machine's own by a path from /usr/include.
        name = f"python{version}/pyconfig.h"
        shutil.copy(usr / "include" / "x86_64-linux-gnu" / name, usr / "include" / name)
        run_step([str(program), "-c", "import ctypes, hashlib, json"], root)
    shutil.rmtree(debs)
    shutil.rmtree(root / "apt")


def main() -> int:
    """Do what is missing; return the exit code."""
    root = newer_directory()
    if not (root / "complete").is_file() and not fill(root, _fetch):
        return 1
    for version in VERSIONS:
        sys.stdout.write(f"{version}: {find_newer_python(version)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
