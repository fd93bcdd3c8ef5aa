"""Known causes behind the words of a build script, a linker, a loader or cargo."""

from __future__ import annotations

from typing import Final

from ..cargo import LIBRARY_PATH, target_name, variable_part
from ..late import regex

__all__ = ["LIBCLANG", "explain_end", "explain_failure", "explain_process"]

LIBCLANG: Final = (
    "bindgen did not find libclang. Install one with its headers: pip install libclang-ng, or your "
    "system's libclang (apt-get install libclang-dev); or set LIBCLANG_PATH to its directory"
)
_RESOURCE = (
    "libclang was installed without its headers (stddef.h and others). Use one that has them: "
    "pip install libclang-ng, or apt-get install libclang-dev"
)
_HEADERS = (
    "Python's headers were not found. Install them (apt-get install python3-dev, or the -dev or "
    "-devel package of your Python), or choose an interpreter that has them with "
    "--cpython-sys-python=PATH"
)
_CONFIG = (
    "pyconfig.h was not found: run ./configure in the build directory, or choose another "
    "interpreter with --cpython-sys-python=PATH"
)
_SYMBOLS = (
    "the linker found no Python symbols: a test executable must link to libpython, and an "
    "extension module must not. "
)
_OF_BUILD_SCRIPT = (
    f"{_SYMBOLS}In the crate's build script, print `cargo:rustc-link-search=DIR` and "
    "`cargo:rustc-link-lib=python3.X`, with the values that `python3-config --embed --ldflags` "
    "shows. If the crate is also an extension module, print them only if a feature of the crate "
    "is on"
)
_OF_PYO3 = (
    f"{_SYMBOLS}pyo3's feature `extension-module` turns that link off. With pyo3 "
    "0.26 or newer and maturin 1.9.4 or setuptools-rust 1.12 or newer, remove that feature: these "
    "set PYO3_BUILD_EXTENSION_MODULE instead, which must not be set here. With older versions, "
    'declare a feature of your crate, extension-module = ["pyo3/extension-module"], that is not a '
    "default feature, and add it to `features` in [tool.maturin]; or pass "
    "--cargo-no-default-features"
)
_STATIC = (
    "this Python has no shared libpython, and pyo3's feature `auto-initialize` needs one. Choose "
    "an interpreter that has one with --cpython-sys-python=PATH, build one "
    '(PYTHON_CONFIGURE_OPTS="--enable-shared" pyenv install VERSION), or remove the feature and '
    "call Python::initialize() in the tests"
)
_NO_EXPORTS = (
    "a module of the standard library found no Python symbols in the test executable, which links "
    'libpython statically: print "cargo:rustc-link-arg=-rdynamic" in the crate\'s build script, or '
    "choose an interpreter that has a shared libpython with --cpython-sys-python=PATH"
)
_NO_LIBPYTHON = (
    "the linker did not find lib<NAME>: this Python has none, or it is not in a directory that the "
    "build searches. Install it (apt-get install libpython3-dev), or choose another interpreter "
    "with --cpython-sys-python=PATH"
)
_RUNTIME = (
    f"the loader did not find libpython: add its directory to {LIBRARY_PATH}, or choose the "
    "interpreter that it belongs to with --cpython-sys-python=PATH"
)
_HOME = (
    "an embedded Python did not find its standard library: put the directory of its `python3` "
    "first on PATH, or set PYTHONHOME to its sys.base_prefix"
)
_TOO_NEW = (
    "this version of pyo3 supports Python up to {newest}, and this is Python {python}: update pyo3 "
    "in Cargo.toml, or choose an older Python with --cpython-sys-python=PATH"
)
_LINKER = "no linker was found: install a C compiler (apt-get install gcc)"
_OTHER_LINKER = (
    "the linker is for another machine, or lacks the libraries of this one: set "
    "CARGO_TARGET_<TARGET>_LINKER to a linker for the target, such as gcc's cross compiler"
)
_NETWORK = (
    "cargo could not reach its registry: check the network, or add "
    '--cargo-args="--offline" if all crates were downloaded before'
)
_LOCKED = (
    "Cargo.lock does not match the manifests: run `cargo update --workspace`, or remove --locked"
)
_SPACE = (
    "the disk is full: free some space (`cargo clean`, `pytest --cpython-sys-clean`), or build "
    "elsewhere with --cargo-target-dir=DIR"
)
_FILES = "too many files are open: raise the limit (`ulimit -n 4096`)"
_MEMORY = (
    "out of memory: close other programs, or let cargo start fewer compilers "
    '(--cargo-args="--jobs=1")'
)
_KILLED = (
    "probably because memory ran out: close other programs, or let cargo start fewer "
    'compilers (--cargo-args="--jobs=1")'
)

_CAUSES: Final = tuple(
    (regex(pattern), text)
    for pattern, text in (
        (r"Unable to find libclang|couldn't find any valid shared libraries matching", LIBCLANG),
        (r"'(?:limits|std(?:def|arg|bool|int))\.h' file not found", _RESOURCE),
        (r"[Nn]o pyconfig\.h in|'pyconfig\.h' file not found", _CONFIG),
        (r"'Python\.h' file not found|Python\.h not found", _HEADERS),
        (r"only supports embedding the Python interpreter statically", _STATIC),
        (r"lib-dynload/\S+: undefined symbol: _?Py", _NO_EXPORTS),
        (r"undefined (?:reference to|symbol:?) [`']?_?Py", _OF_BUILD_SCRIPT),
        (r'Undefined symbols for architecture \w+:\s+"_+Py', _OF_BUILD_SCRIPT),
        (r"(?:cannot find|unable to find library|library not found for) -lpython", _NO_LIBPYTHON),
        (r"error while loading shared libraries: libpython", _RUNTIME),
        (r"Library not loaded: \S*(?:libpython|/Python\b)", _RUNTIME),
        (r"No module named '?encodings'?", _HOME),
        (r"linker `[^`]+` not found", _LINKER),
        (r"file in wrong format|incompatible with elf|skipping incompatible", _OTHER_LINKER),
        (r"failed to (?:download|fetch)|Could not resolve host|network failure", _NETWORK),
        (r"lock file .* needs to be updated but --locked", _LOCKED),
        (r"No space left on device|os error 28\b", _SPACE),
        # A linker that maps its output into memory, and could not write there.
        (r"ld terminated with signal 7\b", f"{_SPACE} (probably: the linker got a bus error)"),
        (r"Too many open files|os error 24\b", _FILES),
        (r"Cannot allocate memory|os error 12\b|memory allocation of \d+ bytes failed", _MEMORY),
    )
)
_LIBPYTHON: Final = regex(r"-l(python(?:[\w.]*\w)?)")
# https://github.com/PyO3/pyo3/blob/main/pyo3-ffi/build.rs
_NEWER: Final = regex(
    r"version \((?P<python>[\w.]+)\) is newer than PyO3's maximum supported version "
    r"\((?P<newest>[\w.]+)\)"
)
_SUPPRESSED: Final = regex(r"\bset (PYO3_USE_\w+=1) to suppress this check")
_OF_PROCESSES: Final = (_NO_EXPORTS, _RUNTIME, _HOME)


def explain_process(text: str) -> str | None:
    """Return what stands behind a test process that did not come up; None if not known.

    Less than ``explain_failure`` knows: a test may print any words.
    """
    return next(
        (cause for pattern, cause in _CAUSES if cause in _OF_PROCESSES and pattern.search(text)),
        None,
    )


def explain_failure(text: str, target: str | None = None, *, with_pyo3: bool = False) -> str | None:
    """Return the cause and the remedy that stand behind a failed build; None if not known.

    ``target`` is the one that was built for, where one was named. ``with_pyo3``: whether what
    failed is built with pyo3, which links to Python in its own way.
    """
    known = (cause for pattern, cause in _CAUSES if pattern.search(text))
    cause = _too_new_for_pyo3(text) or next(known, None)
    if with_pyo3 and cause == _OF_BUILD_SCRIPT:
        cause = _OF_PYO3
    missing = _LIBPYTHON.search(text) if cause == _NO_LIBPYTHON else None
    if missing is not None:
        own = (
            "" if with_pyo3 else ", or correct the name of the library in the crate's build script"
        )
        cause = _NO_LIBPYTHON.replace("<NAME>", missing[1]) + own
    if cause is None or target is None:
        return cause
    name = variable_part(target_name(target)).upper()
    if cause == _LINKER:
        cause = f"{cause}, or set CARGO_TARGET_<TARGET>_LINKER to a linker for the target"
    return cause.replace("<TARGET>", name)


def _too_new_for_pyo3(text: str) -> str | None:
    """Return what to do about a Python that pyo3 does not know yet, if that is what it says."""
    match = _NEWER.search(text)
    if match is None:
        return None
    variable = _SUPPRESSED.search(text)
    anyway = f", or set {variable[1]} to build anyway" if variable is not None else ""
    return _TOO_NEW.format_map(match.groupdict()) + anyway


def explain_end(how: str) -> str | None:
    """Return what may stand behind the end of a compiler, in cargo's words; None if not known."""
    return _KILLED if "SIGKILL" in how else None
