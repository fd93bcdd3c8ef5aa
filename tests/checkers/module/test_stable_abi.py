"""Judging what a module imports by the list of what is in the stable ABI."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.cargo import Artifact, Build, Target, Workspace
from pytest_cpython_sys.cargo.messages import BuildScript
from pytest_cpython_sys.checkers.module.stable_abi import (
    Entry,
    StableAbi,
    StableList,
    file_fault,
    judge_symbols,
    read_list,
)
from pytest_cpython_sys.checkers.module.stable_module import declared_by_pyo3

ABI3 = StableAbi("abi3", 9, "abi3-py39")
ENTRIES = {"PyOld": Entry(2), "PyNew": Entry(10), "PyWin": Entry(2, "on Windows")}
KNOWN = StableList("a list", ENTRIES)


def test_what_the_list_holds() -> None:
    known = read_list()
    assert known.source.startswith("abi3info 20")
    assert known.newest >= 13
    assert known.entries["PyUnicode_AsUTF8AndSize"] == Entry(10)
    assert known.entries["PyExc_ValueError"] == Entry(2)
    assert known.entries["_Py_Dealloc"] == Entry(2)
    assert known.entries["PyErr_SetFromWindowsErr"].where == "on Windows"
    assert "PyUnicode_AsUTF8" not in known.entries


def test_symbols_of_the_version_pass() -> None:
    verdict = judge_symbols(ABI3, ["PyOld"], KNOWN)
    assert (verdict.outcome, verdict.message) == ("passed", "")
    assert verdict.output == "1 symbol checked with a list"


def test_each_other_symbol_has_a_line() -> None:
    verdict = judge_symbols(ABI3, ["PyNew", "PyNone", "PyOld"], KNOWN)
    assert verdict.outcome == "failed"
    assert verdict.message.splitlines() == [
        "PyNew is part of the stable ABI since 3.10; the module declares abi3-py39",
        "PyNone is not part of the stable ABI; the module declares abi3-py39",
    ]


def test_what_is_there_in_some_builds_alone_is_noted() -> None:
    verdict = judge_symbols(ABI3, ["PyWin"], KNOWN)
    assert verdict.outcome == "passed"
    assert verdict.output.startswith("PyWin is part of the stable ABI only on Windows")


@pytest.mark.parametrize(
    ("symbols", "words"),
    [
        (None, "the imported symbols are not known"),
        ([], "libpython is linked into it"),
    ],
)
def test_what_cannot_be_known_is_skipped(symbols: list[str] | None, words: str) -> None:
    verdict = judge_symbols(ABI3, symbols, KNOWN)
    assert verdict.outcome == "skipped"
    assert words in verdict.message


def test_a_list_that_is_older_than_the_module() -> None:
    """What it does not know may have been added since; what it knows is still in."""
    newer = StableAbi("abi3", 11, "abi3-py311")
    verdict = judge_symbols(newer, ["PyNone", "PyOld"], KNOWN)
    assert verdict.outcome == "skipped"
    assert (
        "a list covers the stable ABI up to 3.10, but the module declares abi3-py311"
        in verdict.message
    )
    assert judge_symbols(newer, ["PyNew", "PyOld"], KNOWN).outcome == "passed"


PY39 = ("Py_3_8", "Py_3_9", "Py_LIMITED_API", "const_is_null")
CHAIN = ("abi3", "abi3-py310", "abi3-py39", "default")


@pytest.mark.parametrize(
    ("cfgs", "features", "said"),
    [
        (PY39, CHAIN, [ABI3]),
        ((*PY39, "Py_3_10"), ("abi3",), [StableAbi("abi3", 10, "abi3, built for Python 3.10")]),
        # A free-threaded Python before 3.15: the feature is nothing to it.
        (("Py_3_8", "Py_3_9", "Py_GIL_DISABLED"), CHAIN, []),
        (
            (*PY39, "Py_3_15", "Py_GIL_DISABLED"),
            ("abi3t", "abi3t-py315", *CHAIN),
            [StableAbi("abi3t", 15, "abi3t-py315")],
        ),
        (("Py_3_8", "Py_3_9"), (), []),
    ],
)
@pytest.mark.parametrize("crate", ["pyo3-ffi", "pyo3"])
def test_what_pyo3s_build_script_says(
    crate: str,
    cfgs: tuple[str, ...],
    features: tuple[str, ...],
    said: list[StableAbi],
) -> None:
    """One crate up to 0.14, two since."""
    target = Target(crate.replace("-", "_"), "lib", ("lib",), "/src/lib.rs")
    artifact = Artifact(crate, target, False, None, (), features, True)
    script = BuildScript(crate, "/out", cfgs, (), ())
    other = BuildScript("other", "/out", ("Py_LIMITED_API",), (), ())
    scripts = (other, script)
    workspace = Workspace("/src", "/src/target", "/src/target", ())
    build = Build(workspace, (), {}, 0, 1.0, (artifact,), (), scripts, "")
    assert declared_by_pyo3(build) == said


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("abi3", "ham.abi3.so", ""),
        ("abi3", "ham.pyd", ""),
        ("abi3", "ham.cpython-313-x86_64-linux-gnu.so", "must be named ham.abi3.so"),
        ("abi3", "ham.so", "must be named ham.abi3.so"),
        ("abi3", "ham.abi3t.so", "must be named ham.abi3.so"),
        ("abi3t", "ham.abi3t.so", ""),
        ("abi3t", "ham.abi3.so", "must be named ham.abi3t.so"),
        ("", "ham.cpython-313-x86_64-linux-gnu.so", ""),
        ("", "ham.so", ""),
        ("", "ham.abi3.so", "but was built for Python 3.13 only"),
        ("", "ham.abi3t.so", "but was built for Python 3.13 only"),
    ],
)
def test_the_name_of_a_file(kind: str, name: str, words: str) -> None:
    abi = StableAbi(kind, 15, "so") if kind else None
    fault = file_fault(abi, f"/site-packages/{name}", "Python 3.13")
    assert words in fault
    assert bool(fault) == bool(words)
