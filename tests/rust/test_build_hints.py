"""Known causes behind the words of a build."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.rust.build_hints import (
    LIBCLANG,
    explain_end,
    explain_failure,
    explain_process,
)

TOO_NEW = "version (3.15) is newer than PyO3's maximum supported version (3.14)\n"
SET = "= help: set {} to suppress this check and build anyway using the stable ABI"


@pytest.mark.parametrize(
    ("words", "anyway"),
    [
        (f"error: the configured Python interpreter {TOO_NEW}{SET.format('PYO3_USE_A=1')}", True),
        (f"error: the configured Python {TOO_NEW}{SET.format('PYO3_USE_A=1')}", True),
        (f"error: the configured GraalPy {TOO_NEW}", False),
        (f"error: The configured Python interpreter {TOO_NEW}= help: this cannot be", False),
    ],
)
def test_a_python_that_pyo3_does_not_know(words: str, anyway: bool) -> None:
    """Whatever else stands there; what cannot be suppressed is not said to be."""
    found = explain_failure(f"undefined reference to `PyList_New'\n{words}")
    assert found is not None
    assert found.startswith(
        "this version of pyo3 supports Python up to 3.14, and this is Python 3.15: update"
    )
    assert found.endswith(", or set PYO3_USE_A=1 to build anyway") == anyway


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ("Unable to find libclang: no", LIBCLANG),
        ("fatal error: 'stddef.h' file not found", "without its headers"),
        ("fatal error: 'pyconfig.h' file not found", "run ./configure"),
        ("fatal error: 'Python.h' file not found", "python3-dev"),
        ("it only supports embedding the Python interpreter statically", "--enable-shared"),
        ("lib-dynload/math.so: undefined symbol: PyFloat_Type", "-rdynamic"),
        ("undefined reference to `Py_Initialize'", "must link to libpython"),
        ('Undefined symbols for architecture arm64:\n  "_PyList_New"', "must link to libpython"),
        ("rust-lld: error: undefined symbol: PyList_New", "must link to libpython"),
        ("/usr/bin/ld: cannot find -lpython3.13", "libpython3-dev"),
        ("error while loading shared libraries: libpython3.13.so.1.0", "the loader did not find"),
        ("dyld: Library not loaded: @rpath/libpython3.13.dylib", "the loader did not find"),
        ("ModuleNotFoundError: No module named 'encodings'", "PYTHONHOME"),
        ("error: linker `cc` not found", "apt-get install gcc"),
        ("a.o: file in wrong format", "the linker is for another machine"),
        ("failed to download `syn`", "--offline"),
        ("the lock file /w/Cargo.lock needs to be updated but --locked was passed", "cargo update"),
        ("No space left on device (os error 28)", "the disk is full"),
        ("collect2: fatal error: ld terminated with signal 7 [Bus error]", "a bus error"),
        ("Too many open files (os error 24)", "ulimit -n"),
        ("memory allocation of 4096 bytes failed", "--jobs=1"),
    ],
)
def test_words_of_tools_have_a_cure(words: str, cure: str) -> None:
    found = explain_failure(f"before\n{words}\nafter")
    assert found is not None
    assert cure in found


@pytest.mark.parametrize(("with_pyo3", "cure"), [(True, "pyo3's feature"), (False, "build script")])
def test_who_links_to_python_has_the_cure(with_pyo3: bool, cure: str) -> None:
    words = "rust-lld: error: undefined symbol: PyList_New"
    found = explain_failure(words, with_pyo3=with_pyo3) or ""
    assert cure in found
    assert ("pyo3" in found) == with_pyo3


def test_the_library_of_python_is_named_as_the_linker_names_it() -> None:
    for words in (
        "ld: cannot find -lpython3.x: No such file",
        "unable to find library -lpython3.x",
    ):
        found = explain_failure(words) or ""
        assert found.startswith("the linker did not find libpython3.x: this Python has none")
        assert found.endswith("build script")
        assert "build script" not in (explain_failure(words, with_pyo3=True) or "")


def test_other_words_have_none() -> None:
    assert explain_failure("error[E0308]: mismatched types") is None
    assert explain_failure("error[E0308]: mismatched types", "s390x-unknown-linux-gnu") is None


def test_a_target_that_is_named_has_its_own_linker() -> None:
    variable = "CARGO_TARGET_S390X_UNKNOWN_LINUX_GNU_LINKER"
    target = "s390x-unknown-linux-gnu"
    here, there = (
        explain_failure("linker `cc` not found"),
        explain_failure("linker `cc` not found", target),
    )
    assert here is not None
    assert there == f"{here}, or set {variable} to a linker for the target"
    other = explain_failure("a.o: file in wrong format", target)
    assert other is not None
    assert variable in other
    assert "<TARGET>" not in other
    assert explain_failure("'Python.h' file not found", target) == explain_failure(
        "'Python.h' file not found"
    )


def test_a_test_may_print_any_words() -> None:
    """What is known of a process is what only a loader or an embedded Python says."""
    assert explain_process("error: linker `cc` not found, No space left on device") is None
    for words in (
        "lib-dynload/math.so: undefined symbol: PyFloat_Type",
        "error while loading shared libraries: libpython3.13.so.1.0",
        "ModuleNotFoundError: No module named 'encodings'",
    ):
        assert explain_process(words) == explain_failure(words) is not None


def test_a_compiler_that_was_killed() -> None:
    found = explain_end("signal: 9, SIGKILL: kill")
    assert found is not None
    assert found.startswith("probably because memory ran out")
    assert explain_end("signal: 11, SIGSEGV: invalid memory reference") is None
