"""`./python -m test test_rust`: Rust tests in CPython's own test suite, on real builds."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from pytest_cpython_sys.python.libclang import find_libclang

from ..acceptance.bridge import COPIED, REPOSITORY, outcomes_of, regrtest
from ..acceptance.conftest import is_running

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Checkout

# What policies find in the workspace is no matter of how tests are shown.
ALONE = {"CPYTHON_SYS_OPTIONS": "--cpython-sys-policies=off"}
RUN = ("-u", "cpu", "--fail-env-changed", "test_rust")


@dataclass(frozen=True)
class Built:
    """A checkout with an interpreter of its own, and the copied file in its test suite."""

    checkout: Checkout
    directory: Path

    @property
    def python(self) -> str:
        return str(self.directory / "python")

    def run(
        self, *arguments: str, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        more = {"LC_ALL": "C.UTF-8", **ALONE, **_libclang(), **(env or {})}
        return regrtest(self.directory, *arguments, python=self.python, env=more)


def _libclang() -> dict[str, str]:
    """Return the variables of the environment's libclang, by the link that pytest's runs have."""
    found = find_libclang(os.environ)
    if found is None:
        return {}
    return dict(
        found.linked(f"{os.environ['CARGO_TARGET_DIR']}/cpython-sys", os.environ).environment
    )


def _mirror(original: Path, path: Path, copied: tuple[str, ...]) -> None:
    """Make a directory of links to what another one holds."""
    path.mkdir(parents=True, exist_ok=True)
    for entry in original.iterdir():
        if entry.name in copied:
            shutil.copy2(entry, path / entry.name)
        elif entry.name not in ("__pycache__", "test"):
            (path / entry.name).symlink_to(entry)


@pytest.fixture(params=["regular", "free_threaded"])
def built(request: pytest.FixtureRequest, checkout: Checkout) -> Built:
    """A checkout of which a build is part, as a developer has it.

    The interpreter finds its library by its own place: a link to it would not do.
    """
    source = checkout.trees.source
    library = checkout.path / "Lib"
    library.unlink()
    _mirror(source / "Lib", library, ())
    _mirror(source / "Lib" / "test", library / "test", ())
    shutil.copy(COPIED, library / "test" / "test_rust.py")
    directory = checkout.path / "build" / request.param
    _mirror(checkout.trees.builds[request.param], directory, ("python",))
    return Built(checkout, directory)


def test_each_rust_test_is_a_unittest_test(built: Built) -> None:
    done = built.run("-v", *RUN)
    found = outcomes_of(done.stdout)
    assert set(found.values()) == {"ok"}, done.stdout
    assert len(found) > 100
    assert "Modules/cpython-sys/src/lib.rs::tests::free_threaded_objects_are_larger" in found
    layout = "Modules/cpython-sys/src/lib.rs::bindgen_test_layout_PyModuleDef"
    assert f"test.test_rust.{layout} (cpython-sys) ... ok" in done.stdout.splitlines()
    assert "Result: SUCCESS" in done.stdout
    assert f"Total tests: run={len(found)}" in done.stdout
    assert done.returncode == 0


def test_a_module_is_tested_in_the_interpreter_that_runs(built: Built) -> None:
    done = built.run("-v", "-m", "*_adler*@module*", *RUN, env={"CPYTHON_SYS_OPTIONS": ""})
    found = outcomes_of(done.stdout)
    assert found["Modules/_adler/src/lib.rs::@module::imports"] == "ok"
    free_threaded = built.directory.name == "free_threaded"
    # With a GIL that cannot be evaluated: it is no test.
    assert ("Modules/_adler/src/lib.rs::@module::free_threading" in found) == free_threaded


def test_the_interpreter_that_runs_is_the_one_whose_headers_count(built: Built) -> None:
    code = (
        "from pytest_cpython_sys.python.interpreter import current\n"
        "python = current()\n"
        "print(python.build_dir, python.executable, python.source_dir, python.tag, sep='\\n')\n"
    )
    done = subprocess.run(
        [built.python, "-c", code],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    tag = "cp313t" if built.directory.name == "free_threaded" else "cp313"
    assert done.stdout.splitlines() == [
        str(built.directory),
        built.python,
        str(built.checkout.path),
        tag,
    ]


def test_what_is_listed_can_be_typed(built: Built) -> None:
    listed = built.run("--list-cases", *RUN).stdout.splitlines()
    (exact,) = [name for name in listed if name.endswith("tests::of_a_word")]
    assert exact == "test.test_rust.Modules/_adler/src/lib.rs::tests::of_a_word"
    done = built.run("-v", "-m", exact, *RUN)
    assert outcomes_of(done.stdout) == {exact.removeprefix("test.test_rust."): "ok"}
    assert "Total tests: run=1 (filtered)" in done.stdout
    some = built.run("-v", "-m", "*layout_PyObject*", *RUN)
    found = outcomes_of(some.stdout)
    assert found
    assert all("bindgen_test_layout_PyObject" in name for name in found)


def test_in_a_worker_and_as_junit(built: Built, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    done = built.run("-j2", "--junit-xml", str(path), *RUN, "test_bisect")
    assert "Result: SUCCESS" in done.stdout
    names = [case.get("name", "") for case in ElementTree.parse(path).iter("testcase")]
    rust = [name for name in names if name.startswith("test.test_rust.")]
    assert len(rust) == len(set(rust)) > 100
    assert "test.test_rust.Modules/cpython-sys/src/lib.rs::@abi::init::PyObject_HEAD_INIT" in rust


def test_without_the_resource_cargo_is_not_called(
    built: Built, cargo_calls: Callable[[], list[str]]
) -> None:
    done = built.run("test_rust")
    assert "test_rust skipped -- Use of the 'cpu' resource not enabled" in done.stdout
    assert "test_rust skipped (resource denied)" in done.stdout
    assert cargo_calls() == []


@pytest.mark.parametrize("arguments", [(), ("-v",), ("-j2",), ("-m", "*layout*")])
def test_without_cargo_the_file_is_skipped_with_the_reason(
    built: Built, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = built.run(*arguments, *RUN, env={"PATH": str(tmp_path)})
    assert "test_rust skipped -- no cargo: cargo cannot be started (not found)" in done.stdout
    assert "1 test skipped:\n    test_rust\n" in done.stdout


def test_without_the_package_the_file_is_skipped_with_the_reason(built: Built) -> None:
    done = built.run(*RUN, env={"PYTHONPATH": ""})
    assert "test_rust skipped -- No module named 'pytest_cpython_sys'" in done.stdout


def test_with_nothing_but_the_package_on_the_path(built: Built, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(REPOSITORY / "pytest_cpython_sys", alone / "pytest_cpython_sys")
    code = (
        f"import sys; sys.path.append({str(alone)!r})\n"
        "import unittest; unittest.main('test.test_rust', verbosity=2)\n"
    )
    done = subprocess.run(
        [built.python, "-I", "-S", "-c", code, "-k", "_adler"],
        cwd=built.directory,
        env={**os.environ, **ALONE, **_libclang()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout
    assert outcomes_of(done.stdout)["Modules/_adler/src/lib.rs::tests::of_a_word"] == "ok"


def test_modules_that_do_not_build_leave_no_thread_behind(built: Built) -> None:
    (built.checkout.path / "Modules/cpython-sys/wrapper.h").write_text("#error not today\n")
    done = built.run("-v", "-m", "*@module*", *RUN, env={"CPYTHON_SYS_OPTIONS": ""})
    found = outcomes_of(done.stdout)
    # Whether a library is a module is read in the library: of one that is not there, nobody knows.
    assert found["Modules/_adler/src/lib.rs::@build"] == "fail"
    assert not any("@module" in name for name in found)
    assert "Warning -- threading" not in done.stdout
    assert done.returncode == 2


def test_going_back_and_forth_recompiles_nothing(built: Built, pytester: pytest.Pytester) -> None:
    assert built.run(*RUN).returncode == 0
    target = Path(os.environ["CARGO_TARGET_DIR"])

    def compiled() -> dict[str, int]:
        return {
            str(path): path.stat().st_mtime_ns
            for path in target.glob("cpython-sys/*/debug/deps/*")
            if path.suffix in (".d", ".rmeta", "")
        }

    before = compiled()
    assert before
    build = f"--cpython-sys-python={built.directory}"
    result = pytester.runpytest(
        "--cpython-sys",
        build,
        "-ocpython_sys_policies=off",
        str(built.checkout.path / "Modules/_adler"),
    )
    assert result.ret == 0
    assert compiled() == before


# -- seeded faults ------------------------------------------------------------------------------

ADLER = "Modules/_adler/src/lib.rs"


def append(built: Built, text: str) -> None:
    path = built.checkout.path / ADLER
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_a_failing_test_and_only_that_fails_again(built: Built) -> None:
    broken = '\n#[test]\nfn seeded() { println!("said"); assert_eq!(6 * 9, 42, "sums"); }\n'
    append(built, broken)
    done = built.run(*RUN)
    assert done.returncode == 2
    assert f"test test_rust failed -- AssertionError: {ADLER}:" in done.stdout
    assert "assertion `left == right` failed: sums\n  left: 54\n right: 42\n" in done.stdout
    assert "Traceback" not in done.stdout
    again = built.run("-j2", "--rerun", *RUN)
    assert f"(matching: test.test_rust.{ADLER}::seeded)" in again.stdout
    assert outcomes_of(again.stdout) == {f"{ADLER}::seeded": "fail"}


def test_a_failing_layout_fails(built: Built) -> None:
    wrong = (
        "\n#[repr(C)] pub struct Seeded { pub a: u32 }\n"
        'const _: () = { ["Size of Seeded"][::std::mem::size_of::<Seeded>() - 8usize]; };\n'
    )
    append(built, wrong)
    done = built.run("-v", *RUN)
    found = outcomes_of(done.stdout)
    assert found[f"{ADLER}::bindgen_test_layout_Seeded"] == "fail"
    assert found["Modules/cpython-sys/src/lib.rs::bindgen_test_layout_PyModuleDef"] == "ok"
    assert "Seeded is not laid out as the bindings recorded" in done.stdout
    assert done.returncode == 2


def test_a_crate_that_does_not_build_is_never_green(built: Built) -> None:
    append(built, "\nnothing_of_this_name!();\n")
    done = built.run("-m", "*PyModuleDef*", *RUN)
    assert done.returncode == 2
    assert "cannot find macro `nothing_of_this_name`" in done.stdout
    assert "Result: FAILURE" in done.stdout


HANGS = """
#[test] fn hangs() {
    std::fs::write("started", "").unwrap();
    std::process::Command::new("sleep").arg("63.5").spawn().unwrap().wait().unwrap();
}
"""


@pytest.mark.parametrize("workers", [(), ("-j2",)])
def test_ctrl_c_leaves_no_process_behind(built: Built, workers: tuple[str, ...]) -> None:
    append(built, HANGS)
    process = subprocess.Popen(
        [built.python, "-m", "test", *workers, *RUN],
        cwd=built.directory,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **ALONE, **_libclang()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    started = built.checkout.path / "Modules" / "_adler" / "started"
    deadline = time.monotonic() + 600
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert started.exists()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert "Result: INTERRUPTED" in output, output
    assert not is_running("sleep 63.5")
    assert not is_running("/deps/_adler-")
