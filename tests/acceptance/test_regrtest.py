"""`python -m test`, as the installed Python brings it. Real builds have tests of their own."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from ..missing import missing
from .bridge import MODULE, outcomes_of, regrtest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture(autouse=True)
def _test_suite() -> None:
    if find_spec("test") is None or find_spec("test.libregrtest") is None:
        missing("regrtest", "this Python is installed without its test suite")


PROJECT = {
    "Cargo.toml": "c",
    "src/lib.rs": """
#[repr(C)] pub struct S { pub a: u32 }
const _: () = {
    ["Size of S"][::std::mem::size_of::<S>() - 4usize];
};
#[test] fn passes() {}
#[test] fn passes_too() {}
#[test]
#[ignore = "<not> today"]
fn ignored() {}
""",
}
FAILS = '#[test] fn fails() { println!("said \\u{1b}[31m <&>"); assert_eq!(1 + 1, 3, "sums"); }\n'


# A directory that holds nothing but tests: regrtest compares what is in it.
ABOVE = "(lambda path: os.path.dirname(os.path.dirname(path)))"


@pytest.fixture
def project(write: Write) -> Path:
    return write({**PROJECT, "suite/test_rust.py": MODULE.replace("os.path.dirname", ABOVE)})


def run(root: Path, *arguments: str, **more: str) -> tuple[int, str]:
    done = regrtest(
        root,
        "--testdir",
        str(root / "suite"),
        "--fail-env-changed",
        *arguments,
        "test_rust",
        env=more,
    )
    return done.returncode, done.stdout


def test_verbose_output_names_each_test(project: Path) -> None:
    code, text = run(project, "-v")
    assert outcomes_of(text) == {
        "src/lib.rs::bindgen_test_layout_S": "ok",
        "src/lib.rs::passes": "ok",
        "src/lib.rs::passes_too": "ok",
        "src/lib.rs::ignored": "skipped",
    }
    assert code == 0


def test_what_is_listed_can_be_typed(project: Path) -> None:
    listed = run(project, "--list-cases")[1].splitlines()
    assert "test_rust.src/lib.rs::passes" in listed
    _, exact = run(project, "-v", "-m", "test_rust.src/lib.rs::passes")
    assert outcomes_of(exact) == {"src/lib.rs::passes": "ok"}
    _, some = run(project, "-v", "-m", "*pass*", "-i", "*too")
    assert outcomes_of(some) == {"src/lib.rs::passes": "ok"}


def test_junit_is_well_formed_and_holds_the_words_of_rust(project: Path) -> None:
    source = project / "src" / "lib.rs"
    source.write_text(source.read_text() + FAILS)
    code, _ = run(project, "-j2", "--junit-xml", str(project / "out.xml"))
    assert code == 2
    cases = {
        case.get("name"): case for case in ElementTree.parse(project / "out.xml").iter("testcase")
    }
    assert len(cases) == 5
    failed = cases["test_rust.src/lib.rs::fails"]
    failure, output = failed.find("failure"), failed.findtext("system-out") or ""
    assert failure is not None
    assert (failure.text or "").startswith("AssertionError: src/lib.rs:")
    assert "assertion `left == right` failed: sums" in (failure.text or "")
    assert "Traceback" not in (failure.text or "")
    assert output.strip() == "said  <&>", "a colour is no text"
    assert cases["test_rust.src/lib.rs::ignored"].findtext("skipped") == "<not> today"


def test_what_failed_and_nothing_else_is_run_again(project: Path) -> None:
    source = project / "src" / "lib.rs"
    source.write_text(source.read_text() + FAILS)
    code, text = run(project, "--rerun", "-j1")
    assert code == 2
    assert outcomes_of(text) == {"src/lib.rs::fails": "fail"}


@pytest.mark.parametrize("arguments", [(), ("-v",), ("-j2",), ("-m", "*passes*")])
def test_without_cargo_the_reason_is_shown(
    project: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    _, text = run(project, *arguments, PATH=str(tmp_path))
    assert "test_rust skipped -- no cargo: cargo cannot be started (not found)" in text


def test_what_does_not_build_is_never_green(project: Path) -> None:
    source = project / "src" / "lib.rs"
    source.write_text(source.read_text() + "nothing_of_this_name!();\n")
    code, text = run(project, "-m", "*no_such_test*")
    assert code == 2
    assert "cannot find macro `nothing_of_this_name`" in text
