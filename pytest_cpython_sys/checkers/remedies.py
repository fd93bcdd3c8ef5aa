"""Known causes behind the words of a build script, a linker or cargo: cause and remedy first."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LIBCLANG", "explain_failure"]

LIBCLANG: Final = (
    "bindgen found no libclang. Install one that comes with its headers: "
    'pip install "pytest-cpython-sys[bindgen]", or your system\'s libclang '
    "(apt-get install libclang-dev); or name its directory in $LIBCLANG_PATH"
)
_RESOURCE = (
    "libclang has no headers of its own (stddef.h and the like). Use one that brings them: "
    'pip install "pytest-cpython-sys[bindgen]", or apt-get install libclang-dev'
)
_HEADERS = (
    "there are no Python headers. Install them (apt-get install python3-dev, or the -dev or "
    "-devel package of your Python), or name an interpreter that has them with "
    "--cpython-sys-python=PATH"
)
_CONFIG = (
    "there is no pyconfig.h: run ./configure in the build directory, or name another "
    "interpreter with --cpython-sys-python=PATH"
)
_SYMBOLS = (
    "the linker found no Python symbols: a test executable must link to libpython, and an "
    "extension module must not. With pyo3, its feature `extension-module` leaves libpython out: "
    "make it a feature of your own crate that is not a default one (and name it under "
    "[tool.maturin] features), or pass --cargo-no-default-features"
)
_NO_LIBPYTHON = (
    "the linker found no libpython: this Python comes without one, or it is not where the build "
    "looks. Install it (apt-get install libpython3-dev), or name another interpreter with "
    "--cpython-sys-python=PATH"
)
_RUNTIME = (
    "the loader found no libpython: put its directory on LD_LIBRARY_PATH, or name the "
    "interpreter it belongs to with --cpython-sys-python=PATH"
)
_HOME = "an embedded Python did not find its standard library: set PYTHONHOME to its prefix"
_LINKER = "there is no linker: install a C compiler (apt-get install gcc)"
_NETWORK = (
    "cargo could not reach its registry: check the network, or run with "
    '--cargo-args="--offline" if all crates are there already'
)
_LOCKED = "Cargo.lock does not fit the manifests: run `cargo update --workspace`, or leave --locked"
_SPACE = "the disk is full"

_CAUSES: Final = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"Unable to find libclang|couldn't find any valid shared libraries matching", LIBCLANG),
        (r"'std(?:def|arg|bool|int)\.h' file not found", _RESOURCE),
        (r"[Nn]o pyconfig\.h in|'pyconfig\.h' file not found", _CONFIG),
        (r"'Python\.h' file not found|Python\.h not found", _HEADERS),
        (r"undefined (?:reference to|symbol:?) [`']?_?Py", _SYMBOLS),
        (r"(?:cannot find|unable to find library|library not found for) -lpython", _NO_LIBPYTHON),
        (r"error while loading shared libraries: libpython", _RUNTIME),
        (r"No module named '?encodings'?", _HOME),
        (r"linker `[^`]+` not found", _LINKER),
        (r"failed to (?:download|fetch)|Could not resolve host|network failure", _NETWORK),
        (r"lock file .* needs to be updated but --locked", _LOCKED),
        (r"No space left on device", _SPACE),
    )
)


def explain_failure(text: str) -> str | None:
    """Return the cause and the remedy that stand behind a failed build; None if not known."""
    return next((cause for pattern, cause in _CAUSES if pattern.search(text)), None)
