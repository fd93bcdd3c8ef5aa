"""What hides a whole suite is a failure in CI, unless the job says that it does without."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .missing import SUITES, VARIABLE, may_miss, missing

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("ci", [{}, {"CI": ""}, {"CI": "false"}, {"CI": "0"}])
def test_a_developer_may_do_without(ci: dict[str, str]) -> None:
    assert all(may_miss(suite, ci) for suite in SUITES)


def test_in_ci_nothing_is_missing_but_what_is_named() -> None:
    named = {"CI": "true", VARIABLE: "vscode, platforms"}
    assert [suite for suite in SUITES if may_miss(suite, named)] == ["platforms", "vscode"]
    assert not any(may_miss(suite, {"CI": "1"}) for suite in SUITES)


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="names no suite: platfroms; there are actionlint, "):
        may_miss("platforms", {"CI": "true", VARIABLE: "platfroms"})


def test_the_failure_says_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(pytest.fail.Exception, match=r"build\.py") as raised:
        missing("cpython", "no CPython here")
    assert str(raised.value).startswith("no CPython here. In CI this suite must run")
    monkeypatch.setenv(VARIABLE, "cpython")
    with pytest.raises(pytest.skip.Exception, match=r"^no CPython here$"):
        missing("cpython", "no CPython here")


def test_each_suite_is_one_that_tests_ask_for() -> None:
    asked = set()
    for path in (ROOT / "tests").rglob("*.py"):
        if path.name not in ("missing.py", "test_missing.py"):
            asked.update(re.findall(r'missing\(\s*"(\w+)"', path.read_text(encoding="utf-8")))
    assert asked == SUITES.keys()
