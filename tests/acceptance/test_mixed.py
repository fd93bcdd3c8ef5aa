"""The story of the tutorial: a change in Rust shows in the tests of both languages, at once."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from .conftest import EXAMPLES, outcomes, replace_once, run

DOCS = Path(__file__).parents[2] / "docs"
IN_RUST = {"src/lib.rs::tests::adds", "src/lib.rs::tests::tallies_what_python_gives_it"}
IN_BOTH = {
    *IN_RUST,
    *(f"tests/api.rs::{name}" for name in ("a_sum", "a_tally")),
    *(
        f"tests/test_mixed.py::test_{name}"
        for name in ("a_function_of_rust", "python_on_top_of_it", "a_class_of_rust")
    ),
}


@pytest.fixture
def mixed(
    pytester: pytest.Pytester, pyo3_target: Path, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """The project as in a fresh clone: nothing of it is installed."""
    monkeypatch.setenv("CARGO_TARGET_DIR", str(pyo3_target))
    ignored = shutil.ignore_patterns("target", "*.so")
    shutil.copytree(EXAMPLES / "mixed", pytester.path, dirs_exist_ok=True, ignore=ignored)
    return pytester


def told_change() -> tuple[str, str]:
    """Return what the tutorial has its reader change in the project's Rust, and into what."""
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    (old, new) = re.findall(r"^[-+](    a [-+] b)$", text, re.MULTILINE)
    return old, new


def test_a_change_in_rust_is_red_in_both_languages(mixed: pytest.Pytester) -> None:
    result = run(mixed)
    found = outcomes(result)
    assert found.keys() >= {*IN_BOTH, "src/lib.rs::@module::stable_abi"}
    assert set(found.values()) == {"passed"}
    assert result.ret == 0
    result.stdout.fnmatch_lines(["mixed._native: built from * (not installed)"])

    old, new = told_change()
    replace_once(mixed.path / "src" / "lib.rs", old, new)
    result = run(mixed)
    found = outcomes(result)
    assert {name for name, outcome in found.items() if outcome == "failed"} == IN_BOTH
    assert result.ret == 1

    replace_once(mixed.path / "src" / "lib.rs", new, old)
    assert run(mixed).ret == 0
    assert not list(mixed.path.rglob("*.so"))  # and nothing was installed
