"""The target Python: its headers, compiler and flags, free-threaded or not, built or not.

An installed interpreter describes itself through ``sysconfig``. A CPython build directory is read
from its ``Makefile`` and ``pyconfig.h``, so that one that is configured but not built will do.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

from ..cargo.versions import major_minor
from ..late import dataclass
from .build_directory import checked_version, configuration
from .introspect import (
    OTHER,
    Facts,
    InterpreterError,
    ask_python,
    base_executable,
    describe_python,
)
from .makefile import (
    absolute_flags,
    find_libpython,
    header_version,
    link_variables,
    resolve,
    split_flags,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Interpreter", "InterpreterError", "current", "load"]

_OLDEST: Final = "3.8"
_GIVE: Final = (
    "set --cpython-sys-python to a Python interpreter, or to a directory in which CPython was built"
)


@dataclass(frozen=True)
class Interpreter:
    """A Python to build against."""

    executable: str | None
    """None for a build directory without an interpreter that starts."""
    version: str
    """Three numbers: ``3.13.0``."""
    gil_disabled: bool
    debug: bool
    build_dir: str
    """The directory of ``pyconfig.h``."""
    include_dirs: tuple[str, ...]
    """What ``cppflags`` names with ``-I``, in order."""
    cc: tuple[str, ...]
    cppflags: tuple[str, ...]
    """Every path in it is absolute: cargo starts build scripts in the directory of a package."""
    cflags: tuple[str, ...]
    libdir: str | None = None
    """The directory of a libpython that really is there."""
    libpython: str | None = None
    """The file name of that libpython."""
    base_executable: str | None = None
    """Its one name, whatever it was called by, and in all of its virtual environments."""
    prefix: str | None = None
    """Where its standard library lies; None for a build directory."""
    moved: bool = False
    """Its configuration names another place than the one where it is."""
    standalone: bool = False
    """One of uv's: its configuration was corrected, the place in its machine code was not."""
    source_dir: str | None = None
    """The source tree of a build directory."""
    remarks: tuple[str, ...] = ()
    """What a user should know, and what hinders no build."""
    library: str | None = None
    """The file name of the libpython that a build directory has once it is built."""
    linking: tuple[tuple[str, str], ...] = ()
    """How its Makefile links modules: names and values for the environment of build scripts."""

    @property
    def shared(self) -> bool:
        """Whether there is a libpython, and it is a shared library."""
        return self.libpython is not None and not self.libpython.endswith(".a")

    @property
    def tag(self) -> str:
        """``cp313``, or ``cp313t`` for a free-threaded one: as wheels have it."""
        numbers = major_minor(self.version).replace(".", "")
        return f"cp{numbers}{'t' if self.gil_disabled else ''}"

    @property
    def fingerprint(self) -> str:
        """What tells builds for it from those for another of the same tag: eight hex digits.

        That is headers, flags and libpython: all virtual environments of a Python share it, and
        a build directory keeps it when what is configured is built.
        """
        # The libpython of a build directory is to be in it, whether or not it is there.
        libdir, libpython = (None, self.library) if self.library else (self.libdir, self.libpython)
        paths = (self.build_dir, *self.include_dirs, libdir or "")
        flags = [flag for flag in self.cppflags if not flag.startswith("-I")]
        parts = (
            *(self.version, str(self.gil_disabled), str(self.debug), libpython or ""),
            *map(os.path.realpath, filter(None, paths)),
            *(*self.cc, *flags, *self.cflags),
            *(part for variable in self.linking for part in variable),
        )
        digest = hashlib.sha1(os.fsencode("\0".join(parts)), usedforsecurity=False)
        return digest.hexdigest()[:8]

    @property
    def bin_directory(self) -> str | None:
        """The directory of the interpreter; that of a virtual environment where it is one's."""
        return os.path.dirname(self.executable) if self.executable else None

    @property
    def in_virtual_environment(self) -> bool:
        """Whether it is the interpreter of a virtual environment."""
        directory = self.bin_directory
        return directory is not None and _is_file(os.path.dirname(directory), "pyvenv.cfg")

    def build_environment(self) -> dict[str, str]:
        """Return the variables that the build scripts of CPython's crates read."""
        env = {
            "PYTHON_BUILD_DIR": self.build_dir,
            "PY_CC": shlex.join(self.cc),
            "PY_CPPFLAGS": shlex.join(self.cppflags),
            "PY_CFLAGS": shlex.join(self.cflags),
            **dict(self.linking),
        }
        if self.gil_disabled:
            env["PY_GIL_DISABLED"] = "1"
        if self.debug:
            env["PY_DEBUG"] = "1"
        return env

    def describe(self) -> str:
        """Return one phrase for a header line."""
        traits = [self.tag]
        if self.debug:
            traits.append("debug")
        if self.executable is None:
            traits.append("does not run" if self.remarks else "not built")
        return f"Python {self.version} ({', '.join(traits)})"

    def problems(self) -> tuple[str, ...]:
        """Return what is missing to build against it, each with what to do."""
        return tuple(self._problems())

    def _problems(self) -> Iterable[str]:
        release = major_minor(self.version)
        install = (
            f"install Python's headers (python{release}-dev, python3-dev or python3-devel)"
            if self.source_dir is None
            else "use a complete source tree"
        )
        headers = [path for path in self.include_dirs if _is_file(path, "Python.h")]
        if not headers:
            yield f"no Python.h in {', '.join(self.include_dirs)}: {install}, or {OTHER}"
        elif not _is_file(self.build_dir, "pyconfig.h"):
            yield f"no pyconfig.h in {self.build_dir}: run ./configure there, or {OTHER}"
        else:
            found = header_version(headers[0])
            if found is not None and major_minor(found) != release:
                yield (
                    f"the headers in {headers[0]} are those of Python {found}, "
                    f"the interpreter is {self.version}: {install}, or {OTHER}"
                )
        if shutil.which(self.cc[0]) is None:
            yield f"no C compiler: {self.cc[0]} was not found: install it, or {OTHER}"


@cache
def current() -> Interpreter:
    """Return the Python that runs us; in a virtual environment, with its base's headers.

    Raises InterpreterError if it is not a CPython.
    """
    return _from_facts(describe_python(), sys.executable)


def load(path: str) -> Interpreter:
    """Return the Python that a path names: an interpreter, or a CPython build directory.

    A directory may also hold the headers of another platform's Python, which is not started.
    A bare name is looked for on PATH when there is no such file. Raises InterpreterError.
    """
    path = os.path.expanduser(path)
    if os.sep not in path and not os.path.exists(path):
        found = shutil.which(path)
        if found is None:
            raise InterpreterError(
                f"`{path}` is not on PATH, and {os.getcwd()} has no file or directory of this "
                f"name: {_GIVE}"
            )
        path = found
    path = os.path.abspath(path)
    if os.path.isdir(path):
        return _unpacked(path) or _build_directory(path)
    if not os.path.exists(path):
        raise InterpreterError(f"{path} does not exist: {_GIVE}")
    directory = os.path.dirname(path)
    if _is_file(directory, "Makefile") and _is_file(directory, "pyconfig.h"):
        return _build_directory(directory)  # Built there: its headers are known if it cannot start.
    return _from_facts(ask_python(path), path)


def _from_facts(facts: Facts, asked: str) -> Interpreter:
    if facts["implementation"] != "cpython":
        raise InterpreterError(
            f"{asked} is {facts['implementation']}, which is not supported: {OTHER}"
        )
    if [*map(int, facts["version"].split("."))] < [*map(int, _OLDEST.split("."))]:
        raise InterpreterError(
            f"{asked} is Python {facts['version']}, older than {_OLDEST}: {OTHER}"
        )
    if facts["build"]:
        return _build_directory(facts["project_base"], facts)
    return _installed(facts)


def _installed(facts: Facts) -> Interpreter:
    variables, prefix = facts["variables"], facts["prefix"]
    include = tuple(dict.fromkeys(path for path in facts["include"] if path))
    cc = split_flags(variables["CC"]) or ["cc"]
    if shutil.which(cc[0]) is None and shutil.which("cc") is not None:
        cc = ["cc"]  # This Python was compiled elsewhere; its headers are for any compiler.
    libdir, libpython = find_libpython(
        variables,
        (
            variables["LIBDIR"],
            os.path.join(prefix, "lib"),
            variables["LIBPL"],
            variables["PYTHONFRAMEWORKPREFIX"],
        ),
    )
    configured = str(variables["LIBDEST"] or facts["stdlib"])
    return Interpreter(
        executable=facts["executable"] or None,
        base_executable=base_executable(facts, f"{prefix}/bin", prefix) or None,
        version=facts["version"],
        gil_disabled=_is_set(variables["Py_GIL_DISABLED"]),
        debug=_is_set(variables["Py_DEBUG"]),
        build_dir=os.path.dirname(facts["config_h"]),
        include_dirs=include,
        cc=tuple(cc),
        cppflags=tuple(f"-I{path}" for path in include),
        cflags=tuple(split_flags(variables["CFLAGS"])),
        libdir=libdir,
        libpython=libpython,
        prefix=prefix,
        standalone=_is_set(variables["PYTHON_BUILD_STANDALONE"]),
        moved=os.path.realpath(configured) != os.path.realpath(facts["stdlib"]),
    )


def _unpacked(path: str) -> Interpreter | None:
    """Read a directory with headers and no interpreter that starts; None where it is another."""
    # A build directory, or a checkout, whose "Include" may be "include" to the file system.
    if _is_file(path, "pyconfig.h") and _is_file(path, "Makefile"):
        return None
    if _is_file(path, "Makefile.pre.in"):
        return None
    from .unpacked import find_unpacked

    found = find_unpacked(path)
    if found is None or _starts(found.prefix):
        return None
    variables = found.variables
    libdir, libpython = find_libpython(variables, found.libraries)
    return Interpreter(
        executable=None,
        version=found.version,
        gil_disabled=_is_set(variables.get("Py_GIL_DISABLED")),
        debug=_is_set(variables.get("Py_DEBUG")),
        build_dir=found.config,
        include_dirs=(found.include,),
        cc=tuple(split_flags(variables.get("CC"))) or ("cc",),
        cppflags=(f"-I{found.include}", *(f"-idirafter{one}" for one in found.after)),
        cflags=tuple(split_flags(variables.get("PY_CFLAGS"))),
        libdir=libdir,
        libpython=libpython,
        prefix=found.prefix,
        remarks=(f"{path} holds the headers of a Python, and no interpreter that starts here",),
    )


def _starts(prefix: str) -> bool:
    path = os.path.join(prefix, "bin", "python3")
    try:
        return os.access(path, os.X_OK) and bool(ask_python(path))
    except InterpreterError:
        return False


def _build_directory(path: str, facts: Facts | None = None) -> Interpreter:
    """Read a build directory; the facts are those of an interpreter that belongs to it."""
    # Its interpreter finds its library from where it lies itself: a link to it would mislead it.
    path = os.path.realpath(path)
    variables = configuration(path)
    source = resolve(path, variables.get("srcdir") or ".")
    version = checked_version(path, source, variables.get("VERSION", ""))
    gil_disabled = _is_set(variables.get("Py_GIL_DISABLED"))
    remarks: tuple[str, ...] = ()
    built = os.path.join(path, variables.get("BUILDPYTHON") or "python")
    if facts is None and os.path.isfile(built):
        try:
            facts = ask_python(built)
        except InterpreterError as error:
            remarks = (str(error).replace(OTHER, f"run make again, or {OTHER}"),)
    if facts is not None and (
        facts["version"] != version
        or _is_set(facts["variables"]["Py_GIL_DISABLED"]) != gil_disabled
    ):
        remarks = (f"{facts['executable']} was built before ./configure last ran: run make again",)
        facts = None
    include = os.path.join(source, "Include")
    internal = os.path.join(include, "internal")
    cppflags = absolute_flags(split_flags(variables.get("PY_CPPFLAGS")), path)
    for directory in (path, include, internal, os.path.join(internal, "mimalloc")):
        if f"-I{directory}" not in cppflags and os.path.isdir(directory):
            cppflags.append(f"-I{directory}")
    libdir, libpython = find_libpython(variables, (path,))
    return Interpreter(
        executable=facts["executable"] if facts is not None else None,
        base_executable=base_executable(facts, path) if facts is not None else None,
        version=version,
        gil_disabled=gil_disabled,
        debug=_is_set(variables.get("Py_DEBUG")),
        build_dir=path,
        include_dirs=tuple(flag[2:] for flag in cppflags if flag.startswith("-I")),
        cc=tuple(split_flags(variables.get("CC"))) or ("cc",),
        cppflags=tuple(cppflags),
        cflags=tuple(absolute_flags(split_flags(variables.get("PY_CFLAGS")), path)),
        libdir=libdir,
        libpython=libpython,
        library=variables.get("LDLIBRARY") or None,
        source_dir=source,
        remarks=remarks,
        linking=tuple(link_variables(variables, path).items()),
    )


def _is_set(value: object) -> bool:
    return value not in (None, "", 0, "0")


def _is_file(directory: str, name: str) -> bool:
    return os.path.isfile(os.path.join(directory, name))
