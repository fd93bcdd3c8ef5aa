"""Which Rust tests a run is about: where pytest is started, and what is named."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from .conftest import PACKAGE, outcomes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

OK = "#[test] fn ok() {}\n"
UNIT = "#[cfg(test)] mod tests { #[test] fn unit() {} }\n"
MIXED = {
    "pytest.ini": "[pytest]\n",
    "test_python.py": "def test_python(): pass\n",
    "crate/Cargo.toml": "c",
    "crate/src/lib.rs": "mod deep;\n" + UNIT,
    "crate/src/deep.rs": UNIT,
    "crate/tests/shape.rs": "mod common;\n#[test] fn shape() {}\n",
    "crate/tests/common/mod.rs": OK,
    "crate/test_beside.py": "def test_beside(): pass\n",
}
RUST = {
    "crate/src/lib.rs::tests::unit",
    "crate/src/deep.rs::deep::tests::unit",
    "crate/tests/shape.rs::shape",
    "crate/tests/common/mod.rs::@test-shape::common::ok",
}
PYTHON = {"test_python.py::test_python", "crate/test_beside.py::test_beside"}


def ids(pytester: pytest.Pytester, *arguments: str) -> set[str]:
    result = pytester.runpytest("--cpython-sys", "-rA", "-p", "no:cacheprovider", *arguments)
    found = outcomes(result)
    assert set(found.values()) <= {"passed"}
    assert result.ret == 0
    return set(found)


def test_a_mixed_project_shows_both(pytester: pytest.Pytester, write: Write) -> None:
    write(MIXED)
    assert ids(pytester) == RUST | PYTHON


def test_the_alias_means_the_same(pytester: pytest.Pytester, write: Write) -> None:
    write(MIXED)
    result = pytester.runpytest("--cargo", "-rA")
    assert set(outcomes(result)) == RUST | PYTHON


def test_the_switch_off_wins_over_the_ini_key(pytester: pytest.Pytester, write: Write) -> None:
    write({**MIXED, "pytest.ini": "[pytest]\ncpython_sys = true\n"})
    assert set(outcomes(pytester.runpytest("-rA"))) == RUST | PYTHON
    assert set(outcomes(pytester.runpytest("-rA", "--no-cpython-sys"))) == PYTHON


def test_the_ini_key_calls_no_cargo_where_no_rust_can_be(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        {
            **MIXED,
            "pytest.ini": "[pytest]\ncpython_sys = true\n",
            "py/test_a.py": "def test_a(): pass",
        }
    )
    monkeypatch.setenv("CARGO", "no-such-cargo")
    assert set(outcomes(pytester.runpytest("-rA", "py"))) == {"py/test_a.py::test_a"}
    assert set(outcomes(pytester.runpytest("-rA", "test_python.py"))) == {
        "test_python.py::test_python"
    }


def test_from_a_subdirectory(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(MIXED)
    monkeypatch.chdir(root / "crate")
    # pytest's summary shows ids relative to where it was started.
    expected = RUST | {"crate/test_beside.py::test_beside"}
    assert {f"crate/{name}" for name in ids(pytester)} == expected
    monkeypatch.chdir(root / "crate" / "src")
    expected = {name for name in RUST if "/src/" in name}
    assert {f"crate/src/{name}" for name in ids(pytester)} == expected


@pytest.mark.pytest_side
@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("crate", RUST | {"crate/test_beside.py::test_beside"}),
        ("crate/src", {name for name in RUST if "/src/" in name}),
        ("crate/Cargo.toml", RUST | {"crate/test_beside.py::test_beside"}),
        ("crate/tests/shape.rs", {"crate/tests/shape.rs::shape"}),
        ("crate/src/deep.rs", {"crate/src/deep.rs::deep::tests::unit"}),
        ("test_python.py", {"test_python.py::test_python"}),
    ],
)
def test_a_path_selects_what_lies_there(
    pytester: pytest.Pytester, write: Write, argument: str, expected: set[str]
) -> None:
    write(MIXED)
    assert ids(pytester, argument) == expected


@pytest.mark.parametrize("name", sorted(RUST))
def test_an_id_can_be_typed_back(pytester: pytest.Pytester, write: Write, name: str) -> None:
    write(MIXED)
    assert ids(pytester, name) == {name}


def test_a_module_of_an_id_can_be_typed(pytester: pytest.Pytester, write: Write) -> None:
    write(MIXED)
    assert ids(pytester, "crate/src/deep.rs::deep") == {"crate/src/deep.rs::deep::tests::unit"}


def test_a_package_in_a_folder_called_build(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "test_python.py": "def test_python(): pass\n",
            "build/test_not_collected.py": "def test_never(): assert False\n",
            "build/Cargo.toml": "c",
            "build/src/lib.rs": UNIT,
        }
    )
    expected = {"test_python.py::test_python", "build/src/lib.rs::tests::unit"}
    assert ids(pytester) == expected
    assert ids(pytester, "--ignore=build") == {"test_python.py::test_python"}


def test_a_workspace_above_rootdir(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["inner/c", "outer"]\nresolver = "2"\n',
            "outer/Cargo.toml": "outer",
            "outer/src/lib.rs": UNIT,
            "inner/pytest.ini": "[pytest]\n",
            "inner/c/Cargo.toml": "c",
            "inner/c/src/lib.rs": UNIT,
            "inner/test_python.py": "def test_python(): pass\n",
        }
    )
    monkeypatch.chdir(root / "inner")
    assert ids(pytester) == {"c/src/lib.rs::tests::unit", "test_python.py::test_python"}
    outside = "../outer/src/lib.rs::tests::unit"
    assert ids(pytester, "-c", "pytest.ini", "../outer") == {outside}
    assert ids(pytester, "-c", "pytest.ini", outside) == {outside}


def test_two_workspaces_below_rootdir(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "one/Cargo.toml": '[workspace]\nmembers = ["a"]\nresolver = "2"\n',
            "one/a/Cargo.toml": "a",
            "one/a/src/lib.rs": UNIT,
            "two/Cargo.toml": "b",
            "two/src/lib.rs": UNIT,
        }
    )
    assert ids(pytester) == {"one/a/src/lib.rs::tests::unit", "two/src/lib.rs::tests::unit"}
    assert ids(pytester, "--cargo-package=b") == {"two/src/lib.rs::tests::unit"}


def test_a_symlinked_root(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write({f"real/{name}": text for name, text in MIXED.items()})
    (root / "link").symlink_to(root / "real")
    monkeypatch.chdir(root / "link")
    # A shell keeps the name by which it came.
    monkeypatch.setenv("PWD", str(root / "link"))
    assert ids(pytester) == RUST | PYTHON
    monkeypatch.chdir(root)
    expected = {f"link/{name}" for name in RUST}
    assert {name for name in ids(pytester, "--rootdir=.", "link") if ".rs" in name} == expected


def test_testpaths_do_not_hide_the_crates(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "pytest.ini": "[pytest]\ntestpaths = tests\n",
            "tests/test_python.py": "def test_python(): pass\n",
            "other/test_other.py": "def test_other(): pass\n",
            "crate/Cargo.toml": "c",
            "crate/src/lib.rs": UNIT,
        }
    )
    assert ids(pytester) == {"tests/test_python.py::test_python", "crate/src/lib.rs::tests::unit"}


def test_target_directories_are_not_searched(pytester: pytest.Pytester, write: Write) -> None:
    root = write(MIXED)
    ids(pytester)
    hidden = root / "crate" / "target" / "debug"
    (hidden / "test_hidden.py").write_text("def test_hidden(): assert False\n", encoding="utf-8")
    shutil.copytree(root / "crate" / "src", hidden / "copy" / "src")
    shutil.copy(root / "crate" / "Cargo.toml", hidden / "copy")
    assert ids(pytester) == RUST | PYTHON


def test_ids_are_those_of_the_design_for_every_kind_of_target(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
            '[[example]]\nname = "show"\ntest = true\n[[bench]]\nname = "speed"\ntest = true\n',
            "src/lib.rs": "mod shared;\n" + UNIT,
            "src/main.rs": "mod shared;\nfn main() {}\n" + UNIT,
            "src/shared.rs": UNIT,
            "src/bin/tool.rs": '#[path = "../shared.rs"] mod shared;\nfn main() {}\n' + OK,
            "examples/show.rs": "fn main() {}\n" + OK,
            "benches/speed.rs": OK,
            "tests/one.rs": OK,
            "tests/many/main.rs": "mod part;\n" + OK,
            "tests/many/part.rs": OK,
        }
    )
    assert ids(pytester) == {
        "src/lib.rs::tests::unit",
        "src/main.rs::tests::unit",
        "src/shared.rs::shared::tests::unit",
        "src/shared.rs::@bin-c::shared::tests::unit",
        "src/shared.rs::@bin-tool::shared::tests::unit",
        "src/bin/tool.rs::ok",
        "examples/show.rs::ok",
        "benches/speed.rs::ok",
        "tests/one.rs::ok",
        "tests/many/main.rs::ok",
        "tests/many/part.rs::@test-many::part::ok",
    }


def test_nothing_at_all_is_said(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest("--cpython-sys")
    result.stdout.fnmatch_lines(["*PytestWarning: no cargo package at or below *"])
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_file_that_two_packages_share_has_one_order(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": PACKAGE.format("a"),
            "a/src/lib.rs": '#[test] fn t() { assert_eq!(env!("CARGO_PKG_NAME"), "a") }\n',
            # Compiled first, and done first.
            "b/Cargo.toml": PACKAGE.format("b") + '[lib]\npath = "../a/src/lib.rs"\n',
            "a/build.rs": "fn main() { std::thread::sleep(std::time::Duration::from_secs(1)); }\n",
        }
    )
    expected = {"a/src/lib.rs::t": "passed", "a/src/lib.rs::t-2": "failed"}
    assert outcomes(run(pytester)) == expected
    assert outcomes(run(pytester)) == expected


BROKEN = {
    "pytest.ini": "[pytest]\n",
    "good/Cargo.toml": "good",
    "good/src/lib.rs": "mod deep;\n" + UNIT,
    "good/src/deep.rs": UNIT,
    "good/src/main.rs": "fn main() {}\n" + UNIT,
    "good/tests/api.rs": OK,
    "good/tests/bad.rs": 'mod common;\n#[test] fn bad() { let _: u8 = ""; }\n',
    "good/tests/common/mod.rs": OK,
    "no_lib/Cargo.toml": "no_lib",
    "no_lib/src/lib.rs": "mod deep;\nfn f() -> u8 {}\n" + UNIT,
    "no_lib/src/deep.rs": UNIT,
    "refused/Cargo.toml": "[package]\nname = 1\n",
    "refused/src/lib.rs": UNIT,
}


@pytest.mark.parametrize(
    "name",
    [
        "good/src/lib.rs::tests::absent",
        "good/src/deep.rs::deep::absent",
        "good/src/deep.rs::@doctest::absent::1",
        "good/src/main.rs::absent",
        "good/tests/api.rs::absent",
        "good/tests/common/mod.rs::@test-api::absent",
    ],
)
def test_an_id_that_a_built_target_does_not_have_is_not_found(
    pytester: pytest.Pytester, write: Write, name: str
) -> None:
    write(BROKEN)
    result = pytester.runpytest("--cpython-sys", name)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{name}*"])
    result.stdout.no_fnmatch_line("*mismatched types*")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("good/tests/bad.rs::anything", "mismatched types"),
        ("good/tests/common/mod.rs::@test-bad::common::ok", "mismatched types"),
        ("no_lib/src/lib.rs::tests::unit", "mismatched types"),
        ("no_lib/src/deep.rs::deep::tests::unit", "mismatched types"),
        ("refused/src/lib.rs::tests::unit", "cargo refuses"),
    ],
)
def test_an_id_of_a_target_that_did_not_build_is_an_error(
    pytester: pytest.Pytester, write: Write, name: str, words: str
) -> None:
    write(BROKEN)
    result = pytester.runpytest("--cpython-sys", "-rA", name)
    assert outcomes(result) == {name: "error"}
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert words in result.stdout.str()
