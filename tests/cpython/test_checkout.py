"""A checkout's root, without arguments: the crates alone, and nothing looks into ``Lib/``."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from ..acceptance.conftest import outcomes, run

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Checkout

# Policies are the matter of other tests.
ALONE = ("-o", "cpython_sys_policies=off")

# Writes down each directory that is listed, by whomever in this process.
SPY = """\
import os, sys

def note(event, arguments):
    if event in ("os.scandir", "os.listdir") and isinstance(arguments[0], (str, os.PathLike)):
        with open({log!r}, "a") as file:
            file.write(os.path.abspath(arguments[0]) + "\\n")

sys.addaudithook(note)
"""


@pytest.fixture
def listed(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the directories that pytest's process has listed."""
    log = tmp_path / "listed"
    (tmp_path / "spy.py").write_text(SPY.format(log=str(log)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return log


def directories(log: Path, checkout: Checkout) -> set[str]:
    """Return the listed directories that lie in the checkout, relative to it."""
    base = str(checkout.path)
    names = log.read_text().splitlines()
    return {name[len(base) + 1 :] for name in names if (name + "/").startswith(base + "/")}


def test_root_without_arguments(
    checkout: Checkout, pytester: pytest.Pytester, listed: Path
) -> None:
    checkout.add_build("regular")
    checkout.write("Modules/_adler/tests/test_adler.py", "def test_python():\n    pass\n")
    checkout.write("test_outside.py", "def test_outside():\n    pass\n")
    result = run(pytester, *ALONE, "-p", "spy")
    assert result.ret == 0
    found = outcomes(result)
    assert set(found.values()) == {"passed"}
    assert {name.split("/")[1] for name in found} == {
        "_adler",
        "_tally",
        "cpython-api",
        "cpython-sys",
    }
    assert "Modules/_adler/src/lib.rs::tests::of_a_word" in found
    assert "Modules/_adler/tests/test_adler.py::test_python" in found
    assert "Modules/cpython-sys/src/lib.rs::bindgen_test_layout_PyModuleDef" in found
    assert "Modules/cpython-sys/src/lib.rs::@abi::layout::PyMethodDef" in found
    result.stdout.fnmatch_lines(["cpython-sys: *Python 3.13.5 (cp313)", "packages: *"])

    seen = directories(listed, checkout)
    assert "Modules/_adler" in seen
    assert not {name for name in seen if name.split("/")[0] in ("Lib", "Doc", "Tools", "Python")}

    listed.unlink()
    result = run(pytester, *ALONE, "-p", "spy", "-n2", "-k", "of_a_word")
    assert outcomes(result) == {"Modules/_adler/src/lib.rs::tests::of_a_word": "passed"}
    assert not {name for name in directories(listed, checkout) if name.startswith("Lib")}

    # The other ways to say what is wanted: a crate's directory, an id, a test of CPython's own.
    one = run(pytester, "Modules/_adler/src/lib.rs::tests::of_a_word")
    assert outcomes(one) == {"Modules/_adler/src/lib.rs::tests::of_a_word": "passed"}
    theirs = pytester.runpytest("--cpython-sys", "--collect-only", "-q", "Lib/test/test_bool.py")
    theirs.stdout.fnmatch_lines(["Lib/test/test_bool.py::BoolTest::test_int"])
    theirs.stdout.no_fnmatch_line("cpython-sys: *")


def test_directory_of_a_crate_without_arguments(
    checkout: Checkout, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.add_build("regular")
    monkeypatch.chdir(checkout.path / "Modules" / "_tally")
    result = run(pytester, *ALONE, "--cpython-sys-abi=off")
    assert result.ret == 0
    assert list(outcomes(result)) == ["src/lib.rs::tests::counts_from_one"]


def test_checkout_without_crates_collects_nothing(
    checkout: Checkout, pytester: pytest.Pytester, listed: Path
) -> None:
    for manifest in checkout.path.glob("Modules/*/Cargo.toml"):
        shutil.rmtree(manifest.parent)
    (checkout.path / "Cargo.toml").unlink()
    result = run(pytester, *ALONE, "-p", "spy")
    assert result.ret == 5
    result.stdout.fnmatch_lines(["*no cargo package at or below *"])
    assert not {name for name in directories(listed, checkout) if name.startswith("Lib")}


def test_configured_in_the_tree_and_not_built(
    checkout: Checkout, pytester: pytest.Pytester
) -> None:
    checkout.configure()
    result = run(pytester, *ALONE, "-rAs")
    assert result.ret == 0
    found = outcomes(result)
    assert set(found.values()) == {"passed"}
    for name in (
        "Modules/_adler/src/lib.rs::tests::of_a_word",
        "Modules/cpython-sys/src/lib.rs::bindgen_test_layout_PyModuleDef",
        "Modules/cpython-sys/src/lib.rs::@abi::init::PyModuleDef_HEAD_INIT",
    ):
        assert name in found
    result.stdout.fnmatch_lines(
        [
            "cpython-sys: *Python 3.13.5 (cp313, not built)",
            "SKIPPED * Modules/cpython-api/tests/define_module.rs:1: no test in *has_libpython*",
        ]
    )
