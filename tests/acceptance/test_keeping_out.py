"""What keeps Python tests out keeps Rust tests out: and what is kept out makes no run red."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

UNIT = "#[cfg(test)] mod tests { #[test] fn unit() {} }\n"
FILES = {
    "pytest.ini": "[pytest]\n",
    "test_python.py": "def test_python(): pass\n",
    "good/Cargo.toml": "good",
    "good/src/lib.rs": UNIT,
    "bad/Cargo.toml": "bad",
    "bad/src/lib.rs": "#[test] fn fails() { panic!() }\n",
    "bad/tests/broken.rs": "does not compile\n",
}
KEPT = {"test_python.py::test_python": "passed", "good/src/lib.rs::tests::unit": "passed"}
ALL = {
    **KEPT,
    "bad/src/lib.rs::fails": "failed",
    "bad/tests/broken.rs::@build": "failed",
}
HOOK = """
def pytest_ignore_collect(collection_path):
    return True if collection_path.name == "bad" else None
"""
WAYS = {
    "option": (["--ignore=bad"], {}),
    "glob": (["--ignore-glob=b*d", "--ignore-glob=*/b?d"], {}),
    "override": (["-o", "norecursedirs=bad other"], {}),
    "ini": ([], {"pytest.ini": "[pytest]\nnorecursedirs = b?d\n"}),
    "list": ([], {"conftest.py": "collect_ignore = ['bad']\n"}),
    "globs": ([], {"conftest.py": "collect_ignore_glob = ['b*']\n"}),
    "hook": ([], {"conftest.py": HOOK}),
}
NOT_BUILT = {"option", "glob", "override", "ini", "list", "globs"}


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest("--cpython-sys", "-rA", "-p", "no:cacheprovider", *arguments)


@pytest.mark.pytest_side
@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
@pytest.mark.parametrize("way", WAYS)
def test_a_workspace(pytester: pytest.Pytester, write: Write, way: str, workers: list[str]) -> None:
    arguments, files = WAYS[way]
    root = write({**FILES, **files})
    result = run(pytester, *arguments, *workers)
    assert outcomes(result) == KEPT
    assert result.ret == pytest.ExitCode.OK
    assert (root / "bad" / "target").exists() == (way not in NOT_BUILT)
    if way not in NOT_BUILT:
        words = "left out: 2 tests (the pytest_ignore_collect hook of conftest.py)"
        result.stdout.fnmatch_lines([words])
        verbose = run(pytester, "-v", *workers)
        verbose.stdout.fnmatch_lines([words, "    bad/src/lib.rs", "    bad/tests/broken.rs"])


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
@pytest.mark.parametrize("way", WAYS)
def test_a_member_of_a_workspace(
    pytester: pytest.Pytester, write: Write, way: str, workers: list[str]
) -> None:
    arguments, files = WAYS[way]
    manifest = '[workspace]\nmembers = ["good", "bad"]\nresolver = "2"\n'
    write({**FILES, **files, "Cargo.toml": manifest})
    result = run(pytester, *arguments, *workers)
    assert outcomes(result) == KEPT
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.pytest_side
@pytest.mark.skipif(pytest.version_tuple >= (9,), reason="pytest 9 gives hooks no py.path")
def test_a_hook_that_asks_for_a_py_path(pytester: pytest.Pytester, write: Write) -> None:
    hook = HOOK.replace("collection_path.name", "path.basename").replace("collection_", "")
    write({**FILES, "conftest.py": hook})
    assert outcomes(run(pytester)) == KEPT


@pytest.mark.pytest_side
def test_nothing_keeps_out_what_is_typed(pytester: pytest.Pytester, write: Write) -> None:
    write({**FILES, "conftest.py": HOOK})
    assert outcomes(run(pytester)) == KEPT
    result = run(pytester, "bad", "--ignore=bad")
    assert outcomes(result) == {name: how for name, how in ALL.items() if name not in KEPT}
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.pytest_side
def test_without_any_of_it(pytester: pytest.Pytester, write: Write) -> None:
    write({**FILES, "pytest.ini": "[pytest]\nnorecursedirs = another\n"})
    result = run(pytester, "--ignore=another")
    assert outcomes(result) == ALL
    result.stdout.no_fnmatch_line("left out*")


@pytest.mark.parametrize(
    "arguments", [["--ignore=bad/tests"], ["--ignore=bad/tests/broken.rs"]], ids=["folder", "file"]
)
def test_a_part_of_a_package(pytester: pytest.Pytester, write: Write, arguments: list[str]) -> None:
    write({**FILES, "bad/src/lib.rs": UNIT})
    result = run(pytester, *arguments)
    assert outcomes(result) == {**KEPT, "bad/src/lib.rs::tests::unit": "passed"}
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([f"left out: 1 test ({arguments[0]})"])
    assert run(pytester, "bad").ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.pytest_side
def test_a_list_of_a_conftest_in_the_package(pytester: pytest.Pytester, write: Write) -> None:
    write({**FILES, "bad/conftest.py": "collect_ignore = ['tests', 'src']\n"})
    result = run(pytester)
    assert outcomes(result) == KEPT
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["left out: 2 tests (collect_ignore)"])


@pytest.mark.pytest_side
def test_in_a_folder_that_pytest_skips_unasked(pytester: pytest.Pytester, write: Write) -> None:
    files = {f"build/{name}": text for name, text in FILES.items() if "/" in name}
    write({**files, "build/test_never.py": "def test_never(): assert False\n"})
    inside = {f"build/{name}": how for name, how in ALL.items() if "/" in name}
    assert outcomes(run(pytester)) == inside
    bad = {name for name in inside if name.startswith("build/bad")}
    good = {name: how for name, how in inside.items() if name not in bad}
    assert outcomes(run(pytester, "--ignore=build/bad")) == good
    assert outcomes(run(pytester, "-o", "norecursedirs=build")) == {}
    write({"conftest.py": HOOK})
    result = run(pytester)
    assert outcomes(result) == good
    assert result.ret == pytest.ExitCode.OK
    write({"conftest.py": HOOK.replace("bad", "build")})
    assert outcomes(run(pytester)) == {}


def test_no_cargo_runs_where_all_of_it_is_kept_out(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({**FILES, "pytest.ini": "[pytest]\ncpython_sys = true\n"})
    monkeypatch.setenv("CARGO", "no-such-cargo")
    result = pytester.runpytest("-rA", "--ignore=good", "--ignore=bad")
    assert outcomes(result) == {"test_python.py::test_python": "passed"}
    assert result.ret == pytest.ExitCode.OK


PATCHED = {
    "zapp/Cargo.toml": '[package]\nname = "zapp"\nversion = "0.1.0"\nedition = "2021"\n'
    '[patch.crates-io]\npublished = { path = "../fork" }\n',
    "zapp/src/lib.rs": UNIT,
    "fork/Cargo.toml": "published",
    "fork/src/lib.rs": "#[test] fn fails() { panic!() }\n",
}


def test_what_only_stands_in_for_a_published_package(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(PATCHED)
    unit = {"zapp/src/lib.rs::tests::unit": "passed"}
    fork = {"fork/src/lib.rs::fails": "failed"}
    assert outcomes(run(pytester)) == unit
    assert outcomes(run(pytester, "fork")) == fork
    # In a workspace cargo refuses it where it is no member.
    workspace = '[workspace]\nmembers = ["zapp"]\nresolver = "2"\n'
    patch = '[patch.crates-io]\npublished = { path = "fork" }\n'
    write({"Cargo.toml": workspace + patch, "zapp/Cargo.toml": "zapp"})
    assert outcomes(run(pytester)) == unit
    # In a configuration file; and as a dependency besides.
    write({"Cargo.toml": workspace + 'exclude = ["fork"]\n', ".cargo/config.toml": patch})
    assert outcomes(run(pytester)) == unit
    manifest = '[package]\nname = "zapp"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n'
    write({"zapp/Cargo.toml": manifest + 'published = { path = "../fork" }\n'})
    assert outcomes(run(pytester)) == unit | fork
