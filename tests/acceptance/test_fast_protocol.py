"""Reports given directly are those that the ordinary way gives, to the letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .conftest import outcomes
from .test_running import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

BROKEN = {
    **PROJECT,
    "tests/bad.rs": 'fn f() -> u32 { "" }\n',
    "test_a.py": "import pytest\n@pytest.fixture(scope='module')\ndef m(): yield\n"
    "def test_a(m): pass\n",
    "zzz/test_z.py": "def test_z(): pass\n",
}


class Collector:
    """Keeps every report; a plugin of this kind takes no part in how items run."""

    def __init__(self) -> None:
        self.reports: list[pytest.TestReport] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.reports.append(report)


class Participant:
    """Takes part, so that the ordinary way is used."""

    @pytest.hookimpl
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        pass


def described(report: pytest.TestReport) -> dict[str, Any]:
    """Return all that a report tells, less the clock and what a panic's thread is called."""
    longrepr = report.longrepr
    return {
        "nodeid": report.nodeid,
        "location": report.location,
        "keywords": dict(report.keywords),
        "outcome": report.outcome,
        "when": report.when,
        "longrepr": longrepr if isinstance(longrepr, tuple) else str(longrepr),
        "crash": str(getattr(longrepr, "reprcrash", None)),
        "sections": list(report.sections),
        "user_properties": report.user_properties,
        "has_duration": report.duration > 0,
    }


def test_both_ways_give_the_same_reports(pytester: pytest.Pytester, write: Write) -> None:
    write(BROKEN)
    arguments = ("--cpython-sys", "-p", "no:cacheprovider")
    fast, ordinary = Collector(), Collector()
    first = pytester.inline_run(*arguments, plugins=[fast])
    second = pytester.inline_run(*arguments, plugins=[ordinary, Participant()])
    assert first.ret == second.ret == 1

    def rust(collector: Collector) -> list[dict[str, Any]]:
        reports = [report for report in collector.reports if ".rs" in report.nodeid]
        return [described(report) for report in reports]

    assert len(rust(fast)) > 30
    # A panic's output names a thread id, which no two runs share; it is taken out of the text.
    assert rust(fast) == rust(ordinary)


@pytest.mark.parametrize("option", ["--setup-show", "--pdb"])
def test_options_that_look_into_the_phases_get_them(
    pytester: pytest.Pytester, write: Write, option: str
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": "#[test] fn a() {}\n#[test] fn b() {}\n"})
    result = pytester.runpytest("--cpython-sys", option)
    result.assert_outcomes(passed=2)


def test_a_conftest_takes_part(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "#[test] fn a() {}\n#[test] fn b() {}\n#[test] fn c() {}\n",
            "conftest.py": """
import pytest
def pytest_collection_modifyitems(items):
    items[0].add_marker(pytest.mark.skip(reason="not me"))
    items[1].add_marker(pytest.mark.xfail(reason="passes", strict=True))
""",
        }
    )
    result = pytester.runpytest("--cpython-sys", "-rA")
    result.assert_outcomes(passed=1, skipped=1, failed=1)
    assert outcomes(result)["src/lib.rs::b"] == "failed"


def test_python_fixtures_around_rust_tests_are_torn_down_in_order(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "#[test] fn a() {}\n#[test] fn b() {}\n#[test] fn c() {}\n",
            "a/__init__.py": "",
            "a/test_a.py": "import pytest\n@pytest.fixture(scope='session')\ndef s():\n"
            "    yield\n    print('torn down')\ndef test_a(s): pass\n",
            "z/__init__.py": "",
            "z/test_z.py": "def test_z(): pass\n",
        }
    )
    result = pytester.runpytest("--cpython-sys", "-s")
    result.assert_outcomes(passed=5)
    assert result.stdout.str().count("torn down") == 1
