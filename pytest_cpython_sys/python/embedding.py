"""What a program needs in its environment to embed a Python."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from ..cargo import prepend_library_path
from ..cargo.run_program import run_to_end
from .introspect import TIMEOUT, put_first

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .interpreter import Interpreter

__all__ = ["embedding_environment"]


def embedding_environment(python: Interpreter, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a program needs in its environment to embed a Python; mostly nothing.

    An embedded Python knows of no executable of its own. It takes the ``python3`` on PATH for it:
    beside that are a virtual environment's ``pyvenv.cfg`` and the standard library. If no library
    is there, it goes where it was configured to be installed, which is nowhere if it was moved.
    What finds its library that way needs nothing: PYTHONHOME would mislead any other Python that
    the program starts. See https://docs.python.org/3/c-api/init_config.html#init-path-config
    """
    if python.executable is None or python.prefix is None or environ.get("PYTHONHOME"):
        return {}
    home = {"PYTHONHOME": python.prefix}
    if sys.platform == "darwin":
        # There an embedded Python takes the program itself for its executable.
        return home if python.moved or python.standalone else {}
    path = {"PATH": put_first(python.bin_directory, environ.get("PATH"))}
    if python.in_virtual_environment and not _is_first(python, environ):
        return path  # As if the environment were activated.
    return next(
        (more for more in ({}, path, home) if _finds_library(python, {**environ, **more})), {}
    )


def _is_first(python: Interpreter, environ: Mapping[str, str]) -> bool:
    """Tell whether the ``python3`` on PATH lies beside an interpreter."""
    found = shutil.which("python3", path=environ.get("PATH"))
    return found is not None and os.path.realpath(os.path.dirname(found)) == os.path.realpath(
        python.bin_directory or ""
    )


def _finds_library(python: Interpreter, environ: Mapping[str, str]) -> bool:
    """Start an interpreter so that it knows no more of itself than if it were embedded."""
    env = {**environ, "PYTHONDONTWRITEBYTECODE": "1"}
    if python.libdir is not None:
        prepend_library_path(env, [python.libdir])
    try:
        done = run_to_end(
            ["python3", "-S", "-c", ""],
            executable=python.executable,
            cwd=os.getcwd(),
            env=env,
            limit=TIMEOUT,
        )
    except OSError:
        return False
    return done.exit_code == 0 and not done.expired
