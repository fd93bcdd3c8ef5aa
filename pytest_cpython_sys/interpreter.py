"""The target Python: its headers, compiler and flags, free-threaded or not."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .makefile import parse_makefile

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Interpreter", "InterpreterError", "current", "load"]

_TIMEOUT = 20.0
# Runs in the interpreter that was asked for, whatever its version: prints one line of JSON.
_QUESTION = """
import json, sys, sysconfig
config = sysconfig.get_config_vars()
names = ("CC", "CFLAGS", "CPPFLAGS", "LIBDIR", "LDLIBRARY", "LIBRARY", "Py_GIL_DISABLED",
         "Py_DEBUG", "VERSION", "srcdir", "Py_ENABLE_SHARED")
print("\\n@" + json.dumps({
    "implementation": sys.implementation.name,
    "version": ".".join(map(str, sys.version_info[:3])),
    "executable": sys.executable,
    "prefix": sys.base_prefix,
    "config_h": sysconfig.get_config_h_filename(),
    "include": [sysconfig.get_path("include"), sysconfig.get_path("platinclude")],
    "vars": dict((name, config.get(name)) for name in names),
}))
"""


class InterpreterError(Exception):
    """There is no such target Python: the message says what was tried and what to do."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python to build against."""

    executable: str | None
    """None for a build directory that is configured but not built."""
    version: str
    gil_disabled: bool
    debug: bool
    build_dir: str
    """The directory of ``pyconfig.h``."""
    include_dirs: tuple[str, ...]
    cc: tuple[str, ...]
    cppflags: tuple[str, ...]
    cflags: tuple[str, ...]
    libdir: str | None = None
    """The directory of a libpython that really is there."""
    libpython: str | None = None
    prefix: str = ""

    @property
    def tag(self) -> str:
        """``cp313``, ``cp313t``: as wheels have it."""
        major, minor = self.version.split(".")[:2]
        return f"cp{major}{minor}{'t' if self.gil_disabled else ''}"

    @property
    def fingerprint(self) -> str:
        """What tells it from another interpreter of the same tag: eight hex digits."""
        text = "\0".join((self.executable or "", self.build_dir, *self.cc, *self.cflags))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]

    def build_environment(self) -> dict[str, str]:
        """Return what the build scripts of CPython's crates read (see docs/reference.md)."""
        env = {
            "PYTHON_BUILD_DIR": self.build_dir,
            "PY_CC": shlex.join(self.cc),
            "PY_CPPFLAGS": shlex.join(self.cppflags),
            "PY_CFLAGS": shlex.join(self.cflags),
        }
        if self.gil_disabled:
            env["PY_GIL_DISABLED"] = "1"
        if self.debug:
            env["PY_DEBUG"] = "1"
        return env

    def describe(self) -> str:
        """Return one phrase for a header line."""
        traits = [self.tag, *(["debug"] if self.debug else [])]
        return f"Python {self.version} ({', '.join(traits)})"


def _answer(executable: str) -> dict[str, Any]:
    """Ask an interpreter about itself, without its site packages."""
    try:
        done = subprocess.run(
            [executable, "-I", "-S", "-c", _QUESTION],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT,
            check=False,
        )
    except OSError as error:
        raise InterpreterError(
            f"{executable} cannot be started ({error.strerror or error}): name a Python "
            "interpreter or a build directory with --cpython-sys-python"
        ) from None
    except subprocess.TimeoutExpired:
        raise InterpreterError(
            f"{executable} gave no answer within {_TIMEOUT:.0f} s: name another interpreter "
            "with --cpython-sys-python"
        ) from None
    lines = [line for line in done.stdout.splitlines() if line.startswith(b"@{")]
    try:
        raw = json.loads(lines[-1][1:])
    except (ValueError, IndexError):
        words = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise InterpreterError(
            f"{executable} did not answer as a Python does (exit code {done.returncode}"
            f"{': ' + words if words else ''}): name another one with --cpython-sys-python"
        ) from None
    if not isinstance(raw, dict):
        raise InterpreterError(f"{executable} printed no description of itself")
    return raw


def _from_answer(raw: Mapping[str, Any]) -> Interpreter:
    if raw["implementation"] != "cpython":
        raise InterpreterError(
            f"{raw['executable']} is {raw['implementation']}; only CPython's headers are "
            "supported: name a CPython with --cpython-sys-python"
        )
    variables = raw["vars"]
    include = tuple(dict.fromkeys(path for path in raw["include"] if path))
    return _make(
        executable=raw["executable"],
        version=raw["version"],
        variables=variables,
        build_dir=os.path.dirname(raw["config_h"]),
        include=include,
        prefix=raw["prefix"],
    )


def _make(
    *,
    executable: str | None,
    version: str,
    variables: Mapping[str, Any],
    build_dir: str,
    include: tuple[str, ...],
    prefix: str,
) -> Interpreter:
    libdirs = [build_dir, str(variables.get("LIBDIR") or "")]
    names = [str(variables.get(name) or "") for name in ("LDLIBRARY", "LIBRARY")]
    libdir, libpython = next(
        (
            (directory, name)
            for name in names
            for directory in libdirs
            if name and directory and os.path.isfile(os.path.join(directory, name))
        ),
        (None, None),
    )
    return Interpreter(
        executable=executable,
        version=version,
        gil_disabled=_set(variables.get("Py_GIL_DISABLED")),
        debug=_set(variables.get("Py_DEBUG")),
        build_dir=build_dir,
        include_dirs=include,
        cc=tuple(_words(variables.get("CC"))) or ("cc",),
        cppflags=tuple(f"-I{path}" for path in include),
        cflags=tuple(_words(variables.get("CFLAGS"))),
        libdir=libdir,
        libpython=libpython,
        prefix=prefix,
    )


def _set(value: object) -> bool:
    return value not in (None, "", 0, "0")


def _words(value: object) -> list[str]:
    try:
        return shlex.split(str(value or ""))
    except ValueError:
        return str(value).split()


def current() -> Interpreter:
    """Return the Python that runs us; in a virtual environment, with its base's headers."""
    import sysconfig

    names = ("CC", "CFLAGS", "LIBDIR", "LDLIBRARY", "LIBRARY", "Py_GIL_DISABLED", "Py_DEBUG")
    return _from_answer(
        {
            "implementation": sys.implementation.name,
            "version": ".".join(map(str, sys.version_info[:3])),
            "executable": sys.executable,
            "prefix": sys.base_prefix,
            "config_h": sysconfig.get_config_h_filename(),
            "include": [sysconfig.get_path("include"), sysconfig.get_path("platinclude")],
            "vars": {name: sysconfig.get_config_var(name) for name in names},
        }
    )


def load(path: str) -> Interpreter:
    """Return the Python that a path names: an executable, or a CPython build directory.

    Raises InterpreterError.
    """
    path = os.path.abspath(os.path.expanduser(path))
    if os.path.isdir(path):
        return _build_directory(path)
    if not os.path.exists(path):
        raise InterpreterError(
            f"{path} does not exist: name a Python interpreter or a build directory with "
            "--cpython-sys-python"
        )
    return _from_answer(_answer(path))


def _build_directory(path: str) -> Interpreter:
    if not os.path.isfile(os.path.join(path, "pyconfig.h")):
        raise InterpreterError(
            f"no pyconfig.h in {path}: run ./configure there, or name another interpreter with "
            "--cpython-sys-python"
        )
    makefile = os.path.join(path, "Makefile")
    try:
        with open(makefile, encoding="utf-8", errors="surrogateescape") as file:
            variables = parse_makefile(file.read())
    except OSError as error:
        raise InterpreterError(
            f"no Makefile in {path} ({error.strerror}): name a build directory, or an "
            "interpreter, with --cpython-sys-python"
        ) from None
    source = os.path.normpath(os.path.join(path, variables.get("srcdir") or "."))
    version = _header_version(os.path.join(source, "Include", "patchlevel.h"))
    if version is None:
        raise InterpreterError(
            f"{makefile} says that its sources are in {source}, but there is no "
            "Include/patchlevel.h: run ./configure again"
        )
    made_for = variables.get("VERSION", "")
    if made_for and not version.startswith(made_for + "."):
        raise InterpreterError(
            f"{makefile} is of Python {made_for}, the headers in {source} are of {version}: "
            "run ./configure again"
        )
    include = (
        os.path.join(source, "Include"),
        os.path.join(source, "Include", "internal"),
        path,
    )
    executable = os.path.join(path, "python" + variables.get("EXE", variables.get("BUILDEXE", "")))
    return _make(
        executable=executable if os.access(executable, os.X_OK) else None,
        version=version,
        variables={
            **variables,
            "CFLAGS": variables.get("PY_CFLAGS") or variables.get("CFLAGS"),
            **_configured(os.path.join(path, "pyconfig.h")),
        },
        build_dir=path,
        include=include,
        prefix=variables.get("prefix", ""),
    )


def _header_version(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return None
    parts = [
        re.search(rf"^#define PY_{name}_VERSION\s+(\d+)", text, re.MULTILINE)
        for name in ("MAJOR", "MINOR", "MICRO")
    ]
    return ".".join(part[1] for part in parts if part) if all(parts) else None


def _configured(path: str) -> dict[str, str]:
    """Return what ``pyconfig.h`` defines of what matters here."""
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    found = re.findall(r"^#define (Py_GIL_DISABLED|Py_DEBUG) (\S+)", text, re.MULTILINE)
    return dict(found)
