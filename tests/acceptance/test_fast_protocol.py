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

pytestmark = pytest.mark.pytest_side

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
    fast, ordinary, off = Collector(), Collector(), Collector()
    first = pytester.inline_run(*arguments, plugins=[fast])
    second = pytester.inline_run(*arguments, plugins=[ordinary, Participant()])
    third = pytester.inline_run(*arguments, "-ocpython_sys_fast=false", plugins=[off])
    assert first.ret == second.ret == third.ret == 1

    def rust(collector: Collector) -> list[dict[str, Any]]:
        reports = [report for report in collector.reports if ".rs" in report.nodeid]
        return [described(report) for report in reports]

    assert len(rust(fast)) > 30
    # A panic's output names a thread id, which no two runs share; it is taken out of the text.
    assert rust(fast) == rust(ordinary) == rust(off)


WHICH_WAY = """
import sys
def pytest_runtest_logreport(report):
    frame, names = sys._getframe(), set()
    while frame is not None:
        names.add(frame.f_code.co_name)
        frame = frame.f_back
    if report.when == "call":
        print("way:", "ordinary" if "runtestprotocol" in names else "fast")
"""

OTHER_STACK = """
import collections
import pytest
@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session):
    session._setupstate.stack = collections.UserDict()
"""


@pytest.mark.parametrize(
    ("more", "arguments", "is_fast"),
    [
        ("", [], True),
        ("", ["-ocpython_sys_fast=true"], True),
        ("", ["-ocpython_sys_fast=false"], False),
        ("import pytest\npytest.version_tuple = (99, 0)\n", [], False),
        ("def pytest_runtest_makereport(): pass\n", ["-ocpython_sys_fast=true"], False),
        (OTHER_STACK, [], False),
    ],
    ids=["usual", "on", "off", "new pytest", "a hook", "another stack"],
)
def test_the_fast_way_is_taken_where_it_is_sure(
    pytester: pytest.Pytester, write: Write, more: str, arguments: list[str], *, is_fast: bool
) -> None:
    write({**FAILING, "conftest.py": WHICH_WAY + more})
    result = pytester.runpytest("--cpython-sys", "-s", *arguments)
    ways = [line.partition("way: ")[2] for line in result.outlines if "way: " in line]
    # The last item tears down what was set up, as only pytest can.
    expected = ["fast", "fast"] if is_fast else ["ordinary", "ordinary"]
    assert ways == [*expected, "ordinary"]


@pytest.mark.parametrize("participant", ["", "def pytest_runtest_setup(item): pass\n"])
def test_the_current_test_is_in_the_environment(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    participant: str,
) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # this test's own
    told = "".join(
        f"def pytest_runtest_{name}():\n"
        f"    print('{name}', os.environ.get('PYTEST_CURRENT_TEST'), file=FILE, flush=True)\n"
        for name in ("logstart", "logreport", "logfinish")
    )
    conftest = f"import os\nFILE = open('told', 'w')\n{told}{participant}"
    root = write({**FAILING, "conftest.py": conftest})
    pytester.runpytest("--cpython-sys").assert_outcomes(passed=1, failed=2)
    lines = [
        line
        for name in "abc"
        for line in (
            "logstart None",
            f"logreport src/lib.rs::{name} (setup)",
            f"logreport src/lib.rs::{name} (call)",
            "logreport None",
            "logfinish None",
        )
    ]
    assert (root / "told").read_text(encoding="utf-8").splitlines() == lines


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


@pytest.mark.parametrize("fast", ["true", "false"])
def test_hooks_of_a_folder_count_there_alone(
    pytester: pytest.Pytester, write: Write, fast: str
) -> None:
    told = "def pytest_runtest_logstart(nodeid):\n    print('told of', nodeid)\n"
    crate = "#[test] fn a() {}\n#[test] fn b() {}\nmod m { #[test] fn c() {} }\n"
    files = {"x/Cargo.toml": "x", "x/src/lib.rs": crate, "y/Cargo.toml": "y", "y/src/lib.rs": crate}
    write({**files, "x/conftest.py": told})
    result = pytester.runpytest("--cpython-sys", "-s", f"-ocpython_sys_fast={fast}")
    result.assert_outcomes(passed=6)
    lines = [line.partition("told of ")[2] for line in result.outlines if "told of" in line]
    assert lines == [f"x/src/lib.rs::{name}" for name in ("a", "b", "m::c")]


FAILING = {
    "Cargo.toml": "c",
    "src/lib.rs": "#[test] fn a() { panic!() }\n#[test] fn b() { panic!() }\n#[test] fn c() {}\n",
}


def test_whoever_is_told_of_reports_may_warn(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "#[test] fn a() {}\n#[test] fn b() {}\n",
            "conftest.py": "import warnings\ndef pytest_runtest_logreport(report):\n"
            "    if report.when == 'call':\n        warnings.warn(f'told of {report.nodeid}')\n",
        }
    )
    result = pytester.runpytest("--cpython-sys")
    result.assert_outcomes(passed=2, warnings=2)
    result.stdout.fnmatch_lines(["src/lib.rs::a", "*UserWarning: told of src/lib.rs::a*"])


@pytest.mark.parametrize("participant", ["", "def pytest_runtest_setup(item): pass\n"])
def test_a_run_stops_where_it_was_told_to(
    pytester: pytest.Pytester, write: Write, participant: str
) -> None:
    write({**FAILING, "conftest.py": participant})
    result = pytester.runpytest("--cpython-sys", "--maxfail=1")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*stopping after 1 failures*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("participant", ["", "def pytest_runtest_setup(item): pass\n"])
def test_a_report_can_end_the_session(
    pytester: pytest.Pytester, write: Write, participant: str
) -> None:
    plugin = (
        "import pytest\nclass Stop:\n    @pytest.hookimpl\n"
        "    def pytest_collection_finish(self, session):\n        session.shouldstop = 'enough'\n"
        "def pytest_configure(config):\n    config.pluginmanager.register(Stop())\n"
    )
    write({**FAILING, "conftest.py": plugin + participant})
    result = pytester.runpytest("--cpython-sys")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Interrupted: enough*"])
    assert result.ret == pytest.ExitCode.INTERRUPTED


@pytest.mark.parametrize("continues", [False, True])
def test_an_error_in_collection_stops_the_run_as_ever(
    pytester: pytest.Pytester, write: Write, *, continues: bool
) -> None:
    write({**FAILING, "test_broken.py": "1 / 0\n"})
    more = ["--continue-on-collection-errors"] if continues else []
    result = pytester.runpytest("--cpython-sys", *more)
    if continues:
        result.assert_outcomes(passed=1, failed=2, errors=1)
    else:
        result.assert_outcomes(errors=1)
        assert result.ret == pytest.ExitCode.INTERRUPTED


# Is a module of somebody's only until the next one is imported.
TELLS_AT_EXIT = """
import atexit, gc, sys
atexit.register(lambda: print("frozen", gc.get_freeze_count() > 0))
class Finder:
    def find_spec(self, name, path=None, target=None):
        sys.modules.pop("sitecustomize", None)
sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize(
    ("more", "is_frozen"),
    [
        ({}, True),
        ({"conftest.py": ""}, False),
        ({"test_a.py": "def test_a(): pass\n"}, False),
        ({"pytest.ini": "[pytest]\nfilterwarnings = error::mine.Warned\n"}, False),
    ],
    ids=["alone", "a conftest", "a test file", "a module of one's own"],
)
def test_memory_is_given_back_as_a_whole_where_nobody_can_have_a_use_for_its_end(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    more: dict[str, str],
    *,
    is_frozen: bool,
) -> None:
    mine = {"site/mine.py": "class Warned(Warning): pass\n"}
    root = write({**FAILING, **more, **mine, "site/sitecustomize.py": TELLS_AT_EXIT})
    monkeypatch.setenv("PYTHONPATH", str(root / "site"))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest("-p", "pytest_cpython_sys.plugin", "--cpython-sys", "-m", "rust")
    assert outcomes(result)["src/lib.rs::a"] == "failed"
    assert f"frozen {is_frozen}" in result.outlines
