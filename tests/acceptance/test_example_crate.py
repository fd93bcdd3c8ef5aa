"""The example workspace against the real headers of real Pythons, with cargo's own verdicts."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.python.libclang import find_libclang

from .conftest import EXAMPLES, outcomes, python_with_headers, seed

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_cpython_sys.python.interpreter import Interpreter


@pytest.fixture
def example(pytester: pytest.Pytester) -> Path:
    shutil.copytree(
        EXAMPLES,
        pytester.path / "example_crate",
        ignore=shutil.ignore_patterns("target", "mixed", "pregenerated"),
    )
    return pytester.path / "example_crate"


def run(
    pytester: pytest.Pytester, python: Interpreter, example_target: Path, *arguments: str
) -> pytest.RunResult:
    seed(example_target, python)
    return pytester.runpytest(
        "--cpython-sys",
        f"--cpython-sys-python={python.executable}",
        f"--cargo-target-dir={example_target}",
        *(arguments if "-rfE" in arguments else ("-rA", *arguments)),
        "-p",
        "no:cacheprovider",
    )


def cargo_verdicts(root: Path, python: Interpreter, example_target: Path) -> dict[str, str]:
    """Return name and verdict of each test that cargo alone runs, doctests left out."""
    libclang = find_libclang(os.environ)
    assert libclang is not None, "install the extra `bindgen`"
    libclang = libclang.linked(str(example_target / "cpython-sys"), os.environ)
    env = {**os.environ, **python.build_environment(), **dict(libclang.environment)}
    if python.libdir:
        env["LD_LIBRARY_PATH"] = python.libdir
    own = example_target / "cpython-sys" / f"{python.tag}-{python.fingerprint}"
    done = subprocess.run(
        ["cargo", "test", "--no-fail-fast", "--tests", "--target-dir", str(own)],
        cwd=root,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    pattern = re.compile(
        r"^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED|ignored)", re.MULTILINE
    )
    return dict(pattern.findall(done.stdout))


_NO_TESTS_OF_CARGO = ("bindgen_test_layout_", "@abi", "@doctest", "test_spam.py")


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14", "3.15"])
def test_layouts_and_tests_against_a_pythons_headers(
    pytester: pytest.Pytester, example: Path, example_target: Path, version: str
) -> None:
    python = python_with_headers(version)
    result = run(pytester, python, example_target, "-m", "not rust_policy")
    found = outcomes(result)
    layouts = [name for name in found if "bindgen_test_layout_" in name]
    assert len(layouts) >= 500
    assert all(name.startswith("example_crate/cpython-sys/src/") for name in layouts)
    assert {
        f"example_crate/cpython-sys/src/lib.rs::bindgen_test_layout_{name}"
        for name in ("PyModuleDef", "_object", "PyTypeObject", "PyInterpreterConfig")
        if version != "3.11" or name != "PyInterpreterConfig"
    } <= {name.replace("_typeobject", "PyTypeObject") for name in layouts}
    assert set(found.values()) == {"passed"}
    assert result.ret == 0
    result.stdout.fnmatch_lines([f"cpython-sys: *Python {python.version} ({python.tag})"])

    words = {"passed": "ok", "failed": "FAILED"}
    ours = {
        name.split("::", 1)[1]: words[outcome]
        for name, outcome in found.items()
        if not any(word in name for word in _NO_TESTS_OF_CARGO)
    }
    doctests = sorted(name for name in found if "@doctest" in name)
    assert doctests == [
        "example_crate/spam/src/arithmetic.rs::@doctest::arithmetic::add::1",
        "example_crate/spam/src/counting.rs::@doctest::counting::count_spam::1",
    ]
    cargos = cargo_verdicts(example, python, example_target)
    assert {name for name, verdict in cargos.items() if verdict != "ignored"} == set(ours)
    assert {name: cargos[name] for name in ours} == ours
    ignored = sum(verdict == "ignored" for verdict in cargos.values())
    # One more skip: the integration test target that a `cfg` gates away. A module for another
    # Python cannot be imported here.
    in_python = 0 if version == f"{sys.version_info.major}.{sys.version_info.minor}" else 8
    assert result.parseoutcomes()["skipped"] == ignored + 1 + in_python
    result.stdout.fnmatch_lines(["SKIPPED * example_crate/spam/tests/embedded.rs:1: no test in *"])


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14", "3.15"])
def test_the_module_keeps_what_it_declares(
    pytester: pytest.Pytester, example: Path, example_target: Path, version: str
) -> None:
    """No installed Python is free-threaded; interpreters have a GIL of their own from 3.12 on."""
    file = "example_crate/spam/src/lib.rs::@module"
    result = run(pytester, python_with_headers(version), example_target, file)
    checks = ["imports", "leaks", *(["subinterpreters"] if version != "3.11" else [])]
    assert outcomes(result) == {f"{file}::{check}": "passed" for check in checks}
    assert "skipped" not in result.parseoutcomes()
    lines = [line for line in result.outlines if line.startswith("not checked: ")]
    assert len(lines) == 4 - len(checks)
    assert "is empty" not in result.stdout.str()


# It is UINTPTR_MAX, and bindgen writes -1.
_WRONG_IN_BINDGEN = {"3.15": {"const::_PyInterpreterGuard_GUARDS_NOT_ALLOWED"}}


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.13t", "3.14", "3.15"])
def test_c_has_nothing_to_say_against_right_bindings(
    pytester: pytest.Pytester,
    example: Path,
    example_target: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
) -> None:
    """Every type, constant and prototype that bindgen wrote is asked about."""
    python = python_with_headers(version.rstrip("t"))
    if version.endswith("t"):
        monkeypatch.setenv("PY_GIL_DISABLED", "1")
    arguments = ("--cpython-sys-abi=all", "-m", "rust_abi", "-rfE")
    result = run(pytester, python, example_target, *arguments)
    counts = result.parseoutcomes()
    assert counts["passed"] > 3000
    assert not {"errors", "skipped"} & counts.keys(), result.stdout.str()
    failed = {name.rpartition("::@abi::")[2] for name in outcomes(result)}
    assert failed == _WRONG_IN_BINDGEN.get(version, set())
    own = f"{python.tag}-{python.fingerprint}"
    (kept,) = example_target.glob(f"cpython-sys/{own}/cpython-sys-abi/*/all.json")
    found = json.loads(kept.read_text(encoding="utf-8"))
    facts, answered = found["facts"]
    assert answered >= 0.97 * facts
    cases = [{**found["common"], **case} for case in found["cases"]]
    functions = sum(case["levels"][1] == "fn" for case in cases)
    unsaid = [name for name, reason in found["unmatched"] if "cannot be said in C" in reason]
    assert len(unsaid) <= 0.01 * functions


def test_two_pythons_in_one_run(
    pytester: pytest.Pytester, example: Path, example_target: Path
) -> None:
    """What is in the headers of one Python alone is no difference; all that is there is right."""
    old, new = python_with_headers("3.12"), python_with_headers("3.13")
    seed(example_target, old)
    another = f"--cpython-sys-python={old.executable}"
    result = run(pytester, new, example_target, another, "-m", "rust_layout or rust_unit")
    found = outcomes(result)
    assert set(found.values()) == {"passed"}
    assert result.ret == 0
    layouts = {
        label: sum(f"::@{label}::bindgen_test_layout_" in name for name in found)
        for label in ("cp312", "cp313")
    }
    assert min(layouts.values()) >= 500
    assert layouts["cp312"] != layouts["cp313"]
    result.stdout.fnmatch_lines(
        [
            f"@cp313: Python {new.version} (cp313), {new.executable}",
            f"@cp312: Python {old.version} (cp312), {old.executable}",
            f"cpython-sys *cp313  {layouts['cp313']} layouts, *",
            f"cpython-sys *cp312  {layouts['cp312']} layouts, *",
            "no test fails on cp313, cp312",
        ]
    )


def test_it_keeps_its_policies(
    pytester: pytest.Pytester, example: Path, example_target: Path
) -> None:
    """A workspace with a package `cpython-sys` is held to all of them."""
    result = run(
        pytester,
        python_with_headers("3.13"),
        example_target,
        "-m",
        "rust_policy",
        "-k",
        "not module",
    )
    found = outcomes(result)
    assert set(found.values()) == {"passed"}
    assert {
        "example_crate/cpython-sys/src/lib.rs::@unsafe",
        "example_crate/spam/src/lib.rs::@symbol::PyInit_spam",
        "example_crate/spam/src/python.rs::@unsafe",
    } <= found.keys()


def test_free_threaded_layouts_with_ordinary_headers(
    pytester: pytest.Pytester,
    example: Path,
    example_target: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the user has set stays: ``PY_GIL_DISABLED`` makes bindgen see other structs."""
    python = python_with_headers("3.13")
    monkeypatch.setenv("PY_GIL_DISABLED", "1")
    name = "example_crate/cpython-sys/src/lib.rs::bindgen_test_layout__object"
    result = run(pytester, python, example_target, "-m", "rust_layout")
    assert outcomes(result)[name] == "passed"
    newest = max(
        example_target.rglob("cpython-sys-*/out/c_api.rs"), key=lambda path: path.stat().st_mtime
    )
    assert re.search(r'"Size of _object"\]\s*\[.*- 32usize', newest.read_text(encoding="utf-8"))


def test_the_fixture_layout_is_that_of_c(
    pytester: pytest.Pytester, example: Path, example_target: Path
) -> None:
    """A wrong field in the hand-written PyObject changes the layout of what embeds it."""
    python = python_with_headers("3.13")
    objects = [
        path
        for path in (example / "cpython-sys" / "src").glob("*.rs")
        if "repr(transparent)" in path.read_text(encoding="utf-8")
    ]
    assert objects
    for path in objects:
        path.write_text(
            path.read_text(encoding="utf-8").replace("repr(transparent)", "repr(C, align(64))"),
            encoding="utf-8",
        )
    result = run(pytester, python, example_target, "-m", "rust_layout")
    found = outcomes(result)
    failed = {
        name.rpartition("layout_")[2] for name, outcome in found.items() if outcome != "passed"
    }
    assert {"PyVarObject", "PyModuleDef", "PyModuleDef_Base"} <= failed
    assert "PyMethodDescrObject" in failed
    assert not failed & {"_object", "PyInterpreterConfig", "PyConfig"}
    assert {found[name] for name in found if name.rpartition("layout_")[2] in failed} == {"failed"}
    assert result.ret == 1
