"""Asks a Python what it is: it describes itself, in a process of its own."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Final, TypedDict, cast

if TYPE_CHECKING:
    from ..cargo.run_program import Ended

__all__ = [
    "OTHER",
    "TIMEOUT",
    "Facts",
    "InterpreterError",
    "ask_python",
    "base_executable",
    "describe_python",
    "put_first",
]

TIMEOUT: Final = 10.0
"""Seconds that a Python has to start and to answer."""
OTHER: Final = "choose another interpreter with --cpython-sys-python"


class InterpreterError(Exception):
    """There is no such target Python: the message says what was tried and what to do."""


def put_first(directory: str | None, path: str | None) -> str:
    """Return a search path with a directory before all others; either may be missing."""
    return os.pathsep.join(filter(None, (directory, path)))


class Facts(TypedDict):
    """What a Python says of itself."""

    implementation: str
    version: str
    executable: str
    base_executable: str
    prefix: str
    stdlib: str
    build: bool
    project_base: str
    config_h: str
    include: list[str]
    variables: dict[str, object]


# Its source is also run by the interpreters that are asked: their syntax may be that of 3.6.
def describe_python():  # type: () -> Facts
    """Return what the Python that runs this says of itself."""
    import os
    import sys
    import sysconfig

    base, build = sysconfig.get_config_var("projectbase"), sysconfig.is_python_build()
    # Without the site module a virtual environment does not know that its base is a build.
    config = os.path.join(os.path.dirname(os.path.dirname(sys.executable)), "pyvenv.cfg")
    if not build and os.path.isfile(config):
        with open(config, "rb") as file:
            for line in file.read().decode("utf-8", "replace").splitlines():
                key, _, value = line.partition("=")
                if key.strip() == "home":
                    home = value.strip()
                    if os.path.isfile(os.path.join(home, "Modules", "Setup.local")):
                        base, build = home, True
    names = "CC CFLAGS Py_GIL_DISABLED Py_DEBUG LDLIBRARY INSTSONAME LIBRARY "
    names += "LIBDIR LIBPL LIBDEST PYTHONFRAMEWORKPREFIX PYTHON_BUILD_STANDALONE"
    return {
        "implementation": sys.implementation.name,
        "version": ".".join(map(str, sys.version_info[:3])),
        "executable": sys.executable,
        "base_executable": getattr(sys, "_base_executable", "") or sys.executable,
        "prefix": sys.base_prefix,
        "stdlib": sysconfig.get_path("stdlib"),
        "build": build,
        "project_base": base,
        "config_h": sysconfig.get_config_h_filename(),
        "include": [sysconfig.get_path("include"), sysconfig.get_path("platinclude")],
        "variables": {name: sysconfig.get_config_var(name) for name in names.split()},
    }


def ask_python(executable: str) -> Facts:
    """Ask an interpreter about itself, without its site packages. Raises InterpreterError."""
    from ..cargo.cache import stamp

    return _ask(executable, stamp(os.path.realpath(executable)))


@functools.cache
def _ask(executable: str, _version: object) -> Facts:
    import inspect
    import json

    from ..cargo import prepend_library_path
    from ..cargo.run_program import run_to_end

    call = "import json\nprint('\\n@' + json.dumps(describe_python()))"
    code = f"{inspect.getsource(describe_python)}\n{call}"
    env = dict(os.environ)
    directory = os.path.dirname(executable)
    if os.path.isfile(os.path.join(directory, "pyconfig.h")):
        # One that was built with --enable-shared, and not installed, needs the libpython beside it.
        prepend_library_path(env, [directory])
    argv = [executable, "-I", "-S", "-c", code]
    try:
        done = run_to_end(argv, cwd=os.getcwd(), env=env, limit=TIMEOUT, grace=0.0)
    except OSError as error:
        raise InterpreterError(
            f"{executable} cannot be started ({error.strerror or error}): name a Python "
            "interpreter or a build directory with --cpython-sys-python"
        ) from None
    if done.expired:
        raise InterpreterError(f"{executable} gave no answer within {TIMEOUT:g} s: {OTHER}")
    answers = [line[1:] for line in done.raw.splitlines() if line.startswith(b"@{")]
    try:
        facts = json.loads(answers[-1])
    except (ValueError, IndexError):
        facts = None
    if isinstance(facts, dict) and Facts.__required_keys__ <= facts.keys():
        return cast("Facts", facts)
    raise InterpreterError(_no_answer(executable, done))


def base_executable(facts: Facts, *directories: str) -> str:
    """Return the one name of an interpreter, if it lies where such a Python's do."""
    places = [os.path.realpath(directory) for directory in directories]
    paths = [os.path.realpath(facts[name]) for name in ("base_executable", "executable")]
    return next((path for path in paths if os.path.dirname(path) in places), facts["executable"])


def _no_answer(executable: str, done: Ended) -> str:
    lines = done.stderr.strip().splitlines()
    if any(line.startswith("Unknown option: -I") for line in lines):
        return f"{executable} is Python 2, or not a Python at all: {OTHER}"
    # What a Python says that cannot start ends with a stack without frames.
    fatal = [line for line in lines if line.startswith("Fatal Python error")]
    said = next((line.strip() for line in (*fatal, *reversed(lines)) if line.strip()), "")
    # Another program complains of the code that it was given.
    words = f": {said}" if said and "describe_python" not in done.stderr else ""
    return f"{executable} did not answer as a Python interpreter would ({done.how}{words}): {OTHER}"
