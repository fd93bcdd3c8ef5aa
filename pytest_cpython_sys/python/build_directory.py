"""What a CPython build directory says of itself: the files that ``./configure`` wrote there."""

from __future__ import annotations

import os

from ..cargo.versions import major_minor
from .introspect import OTHER, InterpreterError
from .makefile import header_version, parse_config, parse_makefile

__all__ = ["checked_version", "configuration"]


def configuration(path: str) -> dict[str, str]:
    """Return what the Makefile and ``pyconfig.h`` of a build directory say.

    Raises InterpreterError, which says what to do.
    """
    has = {
        name
        for name in ("pyconfig.h", "Makefile", "patchlevel.h")
        if os.path.isfile(os.path.join(path, name))
    }
    if {"pyconfig.h", "patchlevel.h"} <= has:
        raise InterpreterError(
            f"{path} is the include directory of an installed Python: give its interpreter with "
            "--cpython-sys-python"
        )
    python = os.path.join(path, "bin", "python3")
    if "Makefile" not in has and os.path.exists(python):
        raise InterpreterError(f"{path} is not a build directory: did you mean {python}?")
    if not has and any(os.path.isdir(os.path.join(path, name)) for name in ("usr", "include")):
        raise InterpreterError(
            f"no Python.h in {path}, nor in include/python3.* or usr/include/python3.* below it: "
            "unpack the headers of that platform's Python there (Debian's are in "
            f"libpython3.*-dev), or {OTHER}"
        )
    for name in ("pyconfig.h", "Makefile"):
        if name not in has:
            raise InterpreterError(f"no {name} in {path}: run ./configure there, or {OTHER}")
    texts = []
    for name in ("Makefile", "pyconfig.h"):
        try:
            with open(os.path.join(path, name), encoding="utf-8", errors="surrogateescape") as file:
                texts.append(file.read())
        except OSError as error:
            raise InterpreterError(
                f"{name} in {path} cannot be read ({error.strerror}): {OTHER}"
            ) from None
    return {**parse_makefile(texts[0]), **parse_config(texts[1])}


def checked_version(path: str, source: str, made_for: str) -> str:
    """Return the version of the sources' headers, if a build directory was made for it.

    Raises InterpreterError, which says what to do.
    """
    version = header_version(os.path.join(source, "Include"))
    again = f"run ./configure again in {path}, or {OTHER}"
    if version is None:
        raise InterpreterError(
            f"the Makefile in {path} has its sources in {source}, where there is no "
            f"Include/patchlevel.h: {again}"
        )
    if major_minor(version) != made_for:
        raise InterpreterError(
            f"the Makefile in {path} is of Python {made_for or '(no version)'}, the headers in "
            f"{source} are of {version}: {again}"
        )
    return version
