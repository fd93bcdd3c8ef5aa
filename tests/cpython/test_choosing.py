"""Which of a checkout's builds is used, and what is said where that is not clear."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from ..acceptance.conftest import outcomes, run
from .small import make_small

if TYPE_CHECKING:
    from .conftest import Checkout

SEEN = "Modules/cpython-sys/src/lib.rs::tests::seen"
COMPILES = "Modules/cpython-sys/src/lib.rs::@abi::header"


@pytest.fixture(autouse=True)
def _small(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    make_small(checkout, monkeypatch)


def used(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run, and make sure that the test that wants a build passes."""
    off = ("--cpython-sys-abi=off", "-ocpython_sys_policies=off")
    result = run(pytester, *off, *arguments)
    assert outcomes(result) == {SEEN: "passed"}
    assert result.ret == 0
    return result


def refused(pytester: pytest.Pytester, *arguments: str) -> str:
    """Run, and return the one line that says why not."""
    result = run(pytester, *arguments)
    assert result.ret == 4
    lines = [line for line in result.errlines if line.strip()]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize("place", ["build", "debug", "build/x", "cross-build/x86_64"])
def test_the_only_build_needs_no_word(
    checkout: Checkout, pytester: pytest.Pytester, place: str
) -> None:
    checkout.add_build("regular", place)
    result = used(pytester)
    result.stdout.fnmatch_lines(["cpython-sys: cargo *, rustc *, Python 3.13.* (cp313)"])


def test_each_flavour_is_told_to_the_crates(
    checkout: Checkout, pytester: pytest.Pytester, each_build: str
) -> None:
    checkout.add_build(each_build)
    result = used(pytester)
    flavour = {"regular": ",", "free_threaded": "1,", "debug": ",1"}[each_build]
    words = {"regular": "(cp313)", "free_threaded": "(cp313t)", "debug": "(cp313, debug)"}
    build = checkout.trees.builds[each_build]
    result.stdout.fnmatch_lines([f"cpython-sys: *{words[each_build]}"])
    result.stdout.fnmatch_lines([f"*built in {build}, flavour {flavour}"])


def test_several_builds_are_listed(checkout: Checkout, pytester: pytest.Pytester) -> None:
    checkout.add_build("regular")
    checkout.add_build("debug", "debug")
    assert refused(pytester) == (
        f"ERROR: {checkout.path} has several configured builds: build, debug. "
        "Choose one with --cpython-sys-python"
    )
    used(pytester, "--cpython-sys-python=debug")
    used(pytester, "--cpython-sys-python=build/python")


def test_the_option_wins_over_the_shell_and_that_over_the_rest(
    checkout: Checkout, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.add_build("regular")
    checkout.add_build("debug", "debug")
    monkeypatch.setenv("PYTHON_BUILD_DIR", str(checkout.trees.builds["debug"]))
    result = used(pytester)
    result.stdout.fnmatch_lines(["cpython-sys: *(cp313, debug)"])
    result = used(pytester, "--cpython-sys-python=build")
    result.stdout.fnmatch_lines(["cpython-sys: *(cp313)", "added to *: PYTHON_BUILD_DIR, *"])


def test_not_configured(checkout: Checkout, pytester: pytest.Pytester) -> None:
    assert refused(pytester) == (
        f"ERROR: {checkout.path} is not configured: run ./configure there, or choose a build "
        "directory or an interpreter with --cpython-sys-python"
    )


def test_not_configured_with_the_ini_key_is_an_item(
    checkout: Checkout, pytester: pytest.Pytester
) -> None:
    checkout.write("pytest.ini", "[pytest]\ncpython_sys = true\n")
    checkout.write("Modules/cpython-sys/test_python.py", "def test_python():\n    pass\n")
    result = pytester.runpytest(
        "-rA", "-p", "no:cacheprovider", ".", "Modules/cpython-sys/test_python.py", "--ignore=Lib"
    )
    assert result.ret == 1
    found = outcomes(result)
    assert found["Cargo.toml::@build"] == "error"
    assert found["Modules/cpython-sys/test_python.py::test_python"] == "passed"
    result.stdout.fnmatch_lines([f"*{checkout.path} is not configured: run ./configure there*"])


def test_not_configured_is_no_matter_where_no_crate_was_asked_for(
    checkout: Checkout, pytester: pytest.Pytester
) -> None:
    checkout.write("Tools_/test_python.py", "def test_python():\n    pass\n")
    result = pytester.runpytest("-o", "cpython_sys=true", "Tools_/test_python.py")
    assert result.ret == 0


@pytest.mark.parametrize("there", ["Makefile", "config.log"])
def test_half_configured(checkout: Checkout, pytester: pytest.Pytester, there: str) -> None:
    checkout.write(there, "")
    assert "is half configured, it has no" in refused(pytester)


def copy_of_build(checkout: Checkout, place: str) -> None:
    directory = checkout.path / place
    directory.mkdir(parents=True)
    for name in ("Makefile", "pyconfig.h"):
        shutil.copyfile(checkout.trees.builds["regular"] / name, directory / name)


def test_makefile_of_another_version(checkout: Checkout, pytester: pytest.Pytester) -> None:
    copy_of_build(checkout, "build/old")
    makefile = checkout.path / "build" / "old" / "Makefile"
    text = makefile.read_text()
    makefile.write_text(text.replace("VERSION=\t3.13", "VERSION=\t3.12", 1))
    assert refused(pytester).startswith(
        f"ERROR: the Makefile in {checkout.path}/build/old is of Python 3.12, the headers in "
        f"{checkout.path} are of 3.13.5: run ./configure again in "
    )


def test_build_directory_of_another_tree(checkout: Checkout, pytester: pytest.Pytester) -> None:
    copy_of_build(checkout, "other/build/x")
    other = checkout.path / "other"
    (other / "Include").mkdir()
    shutil.copyfile(checkout.path / "Include" / "patchlevel.h", other / "Include" / "patchlevel.h")
    assert refused(pytester, "--cpython-sys-python=other/build/x") == (
        f"ERROR: {other}/build/x was configured for the sources in {other}, not for "
        f"{checkout.path}: name one of its own builds with --cpython-sys-python"
    )


def test_interpreter_that_cannot_start_is_said_and_the_rest_goes_on(
    checkout: Checkout, pytester: pytest.Pytester
) -> None:
    copy_of_build(checkout, "build/broken")
    python = checkout.write("build/broken/python", "#!/bin/sh\necho 'out of order' >&2\nexit 3\n")
    python.chmod(0o755)
    result = used(pytester)
    remark = (
        f"{python} did not answer as a Python interpreter would (exit code 3: out of order): run "
        "make again, or choose another interpreter with --cpython-sys-python"
    )
    result.stdout.fnmatch_lines(["cpython-sys: *Python 3.13.5 (cp313, does not run)", remark])


def test_configured_and_not_built_will_do(checkout: Checkout, pytester: pytest.Pytester) -> None:
    copy_of_build(checkout, "build/x")
    result = used(pytester)
    result.stdout.fnmatch_lines(["cpython-sys: *Python 3.13.5 (cp313, not built)"])
