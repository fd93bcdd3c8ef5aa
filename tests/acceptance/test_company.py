"""Beside other plugins: what each does to Rust tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .conftest import UNUSED, is_running, outcomes, replace_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

pytestmark = pytest.mark.pytest_side

PLUGINS = {
    "allure_pytest": "allure_pytest",
    "flakefinder": "pytest_flakefinder",
    "html": "pytest_html",
    "pytest-retry": "pytest_retry",
    "pytest-testmon": "testmon",
    "randomly": "pytest_randomly",
    "repeat": "pytest_repeat",
    "reportlog": "pytest_reportlog",
    "rerunfailures": "pytest_rerunfailures",
    "run-parallel": "pytest_run_parallel",
    "timeout": "pytest_timeout",
}


CACHING = ("pytest-testmon", "repeat")
"""Those that want pytest's cache, or whose tests do."""


def run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, plugin: str, *arguments: str
) -> pytest.RunResult:
    """Run with one of the plugins, and no other."""
    pytest.importorskip(PLUGINS[plugin])
    others = [name for name in (*PLUGINS, *UNUSED) if name != plugin]
    blocked = " ".join(f"-p no:{name}" for name in others)
    monkeypatch.setenv("PYTEST_ADDOPTS", blocked)
    if plugin not in CACHING:
        arguments = ("-p", "no:cacheprovider", *arguments)
    return pytester.runpytest("--cpython-sys", "-rA", *arguments)


TESTS = {
    "Cargo.toml": "c",
    "src/lib.rs": """
#[test] fn passes() {}
#[test] fn fails() { assert_eq!(1 + 1, 3, "sums"); }
#[test] #[ignore = "not today"] fn ignored() {}
#[test] fn sometimes() {
    let first = std::fs::File::options().write(true).create_new(true).open("seen").is_ok();
    assert!(!first, "the first time");
}
""",
    "tests/other.rs": "#[test] fn a() {}\n#[test] fn b() {}\n#[test] fn c() {}\n",
}


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
def test_rerunfailures_evaluates_again(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, workers: list[str]
) -> None:
    write(TESTS)
    result = run(pytester, monkeypatch, "rerunfailures", "--reruns=1", *workers)
    found = outcomes(result)
    assert found["src/lib.rs::sometimes"] == "passed"
    assert found["src/lib.rs::fails"] == "failed"
    assert found["src/lib.rs::passes"] == "passed"
    # One rerun for the test that fails once, one for the other.
    result.stdout.fnmatch_lines(["*1 failed, 5 passed, 1 skipped, 2 rerun*"])
    result.stdout.fnmatch_lines(["c  7 tests, 1 skipped, 2 rerun, 1 failed"])


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
def test_retry_evaluates_again(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, workers: list[str]
) -> None:
    write(TESTS)
    result = run(pytester, monkeypatch, "pytest-retry", "--retries=1", *workers)
    found = outcomes(result)
    assert found["src/lib.rs::sometimes"] == "passed"
    assert found["src/lib.rs::fails"] == "failed"
    assert found["src/lib.rs::passes"] == "passed"
    result.stdout.fnmatch_lines(["*1 failed, 5 passed, 1 skipped, 2 retried*"])
    result.stdout.fnmatch_lines(["c  7 tests, 1 skipped, 2 retried, 1 failed"])


RUNS = """
fn note(text: &[u8]) {
    use std::io::Write;
    let mut runs = std::fs::File::options().append(true).create(true).open("runs").unwrap();
    runs.write_all(text).unwrap();
}
/// ```
/// let mut runs = std::fs::File::options().append(true).create(true).open("runs").unwrap();
/// std::io::Write::write_all(&mut runs, b"d").unwrap();
/// ```
pub fn documented() {}
#[test] fn one() { note(b"1"); }
#[test] fn two() { note(b"2"); panic!("each time"); }
#[test] #[ignore = "not today"] fn ignored() {}
"""


@pytest.mark.parametrize("plugin", ["rerunfailures", "pytest-retry"])
def test_an_error_stays_one_when_a_test_runs_again(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, plugin: str
) -> None:
    """Who looks at the call alone is not to take a test for passed that was not evaluated."""
    option = {"rerunfailures": "--reruns=2", "pytest-retry": "--retries=2"}[plugin]
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "#[test] fn leaves_nothing_to_run() {\n"
            "    std::fs::remove_file(std::env::current_exe().unwrap()).unwrap();\n"
            "    panic!();\n}\n",
        }
    )
    result = run(pytester, monkeypatch, plugin, option)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert outcomes(result)["src/lib.rs::leaves_nothing_to_run"] in ("failed", "error")


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
@pytest.mark.parametrize(
    ("plugin", "options"),
    [("repeat", ["--count=3"]), ("flakefinder", ["--flake-finder", "--flake-runs=3"])],
)
def test_each_repetition_is_an_item_and_runs(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    plugin: str,
    options: list[str],
    workers: list[str],
) -> None:
    root = write(
        {"Cargo.toml": "c", "src/lib.rs": RUNS, "test_python.py": "def test_python(): pass\n"}
    )
    result = run(pytester, monkeypatch, plugin, *options, *workers)
    steps = [f"[{step}-3]" for step in (1, 2, 3)]
    verdicts = {"one": "passed", "two": "failed", "@doctest::documented::1": "passed"}
    rust = {name: how for name, how in outcomes(result).items() if ".rs" in name}
    assert rust == {
        f"src/lib.rs::{name}{step}": how for name, how in verdicts.items() for step in steps
    }
    result.assert_outcomes(passed=9, failed=3, skipped=3)
    result.stdout.fnmatch_lines(["c  12 tests, 3 skipped, 3 failed"])
    assert sorted((root / "runs").read_text(encoding="utf-8")) == list("111222ddd")


def test_one_repetition_is_typed_and_failed_ones_run_again(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": RUNS})

    def found(*arguments: str) -> list[str]:
        return sorted(outcomes(run(pytester, monkeypatch, "repeat", "--count=2", *arguments)))

    two = ["src/lib.rs::two[1-2]", "src/lib.rs::two[2-2]"]
    assert len(found()) == 6
    assert found("--lf") == two
    assert found(two[1]) == two[1:]
    assert found("src/lib.rs::two") == two
    assert found("src/lib.rs::@doctest::documented::1[2-2]") == [
        "src/lib.rs::@doctest::documented::1[2-2]"
    ]


def test_repetitions_of_a_session_follow_all_tests(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": RUNS})
    run(pytester, monkeypatch, "repeat", "--count=2", "--repeat-scope=session", "-k", "not doctest")
    order = (root / "runs").read_text(encoding="utf-8")
    assert sorted(order[:2]) == sorted(order[2:]) == ["1", "2"]


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
def test_expected_failures_count_as_such(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, workers: list[str]
) -> None:
    """Neither is run again by a plugin that runs failed tests again."""
    conftest = (
        "import pytest\ndef pytest_collection_modifyitems(items):\n    for item in items:\n"
        "        if item.name in ('fails', 'passes'):\n            item.add_marker('xfail')\n"
    )
    write({**TESTS, "conftest.py": conftest})
    result = run(pytester, monkeypatch, "rerunfailures", "--reruns=1", *workers)
    result.stdout.fnmatch_lines(["*4 passed, 1 skipped, 1 xfailed, 1 xpassed, 1 rerun*"])
    result.stdout.fnmatch_lines(["c  7 tests, 1 skipped, 1 xfailed, 1 xpassed, 1 rerun"])


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
def test_testmon_selects_rust_tests_whatever_has_changed(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, workers: list[str]
) -> None:
    """It sees lines of Python: a change in another file than the test's own is none to it."""
    root = write(
        {
            "Cargo.toml": "[package]\nname = 'c'\nversion = '0.1.0'\nedition = '2021'\n"
            "[lib]\ncrate-type = ['cdylib', 'rlib']\n",
            "src/lib.rs": "mod sum;\n#[test] fn adds() { assert_eq!(sum::add(1), 2) }\n"
            "#[test] fn other() {}\n",
            "src/sum.rs": "pub fn add(n: i32) -> i32 { n + 1 }\n",
            "test_python.py": "def test_python(): pass\n",
        }
    )
    first = run(pytester, monkeypatch, "pytest-testmon", "--testmon", *workers)
    first.assert_outcomes(passed=3)
    again = run(pytester, monkeypatch, "pytest-testmon", "--testmon", *workers)
    again.assert_outcomes(passed=2)
    again.stdout.fnmatch_lines(
        ["pytest-testmon does not track Rust code: all Rust tests are selected, *"]
    )
    replace_once(root / "src/sum.rs", "n + 1", "n + 2")
    changed = run(pytester, monkeypatch, "pytest-testmon", "--testmon", *workers)
    changed.assert_outcomes(passed=1, failed=1)
    selected = run(pytester, monkeypatch, "pytest-testmon", "--testmon", "-k", "other", *workers)
    selected.assert_outcomes(passed=1)


def test_allure_tells_what_failed_from_what_is_broken(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    conftest = """
import pytest

def pytest_itemcollected(item):
    item.add_marker(pytest.mark.allure_link("https://example.org/1", name="why", link_type="issue"))
    item.add_marker(pytest.mark.allure_label("me", label_type="owner"))
"""
    documented = "/// ```\n/// assert!(true);\n/// ```\npub fn documented() {}\n"
    # In a process of its own: what it interrupts runs twice.
    dies = {"tests/dies.rs": "#[test] fn dies() { std::process::abort() }\n"}
    library = {"src/lib.rs": documented + TESTS["src/lib.rs"]}
    root = write({**TESTS, **library, **dies, "conftest.py": conftest})
    run(pytester, monkeypatch, "allure_pytest", "--alluredir=allure")
    files = (root / "allure").glob("*-result.json")
    results = {one["name"]: one for one in (json.loads(file.read_text("utf-8")) for file in files)}
    assert {name: one["status"] for name, one in results.items()} == {
        **dict.fromkeys(("passes", "documented 1", "a", "b", "c"), "passed"),
        **dict.fromkeys(("fails", "sometimes"), "failed"),
        "ignored": "skipped",
        "dies": "broken",
    }
    failed = results["fails"]
    assert "sums" in failed["statusDetails"]["message"]
    assert [link["name"] for link in failed["links"]] == ["why"]
    labels = {(one["name"], one["value"]) for one in failed["labels"]}
    assert {("owner", "me"), ("tag", "rust_unit")} <= labels


def test_what_a_plugin_expects_of_any_item_is_there(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the session would end in an internal error."""
    root = write(TESTS)
    hook = (
        "def pytest_runtest_setup(item):\n"
        "    assert getattr(item, 'originalname')\n"
        "    assert 'request' not in item.funcargs\n"
    )
    write({"lib/pytest_docker_tools/__init__.py": "", "lib/pytest_docker_tools/plugin.py": hook})
    monkeypatch.setenv("PYTHONPATH", str(root / "lib"))
    result = pytester.runpytest("--cpython-sys", "-p", "pytest_docker_tools.plugin")
    result.assert_outcomes(passed=4, failed=2, skipped=1)


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
@pytest.mark.parametrize("options", [(), ("--parallel-threads=4",), ("--iterations=3",)])
def test_run_parallel_has_nothing_to_warn_of(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    workers: list[str],
) -> None:
    """Each Rust test runs once, whatever becomes of the Python tests."""
    library = (
        TESTS["src/lib.rs"]
        + """
#[test] fn counts() {
    use std::io::Write;
    let mut runs = std::fs::File::options().append(true).create(true).open("runs").unwrap();
    runs.write_all(b"x").unwrap();
}
"""
    )
    root = write({**TESTS, "src/lib.rs": library, "test_python.py": "def test_python(): pass\n"})
    result = run(pytester, monkeypatch, "run-parallel", "-Werror", *options, *workers)
    result.assert_outcomes(passed=6, failed=2, skipped=1)
    assert (root / "runs").read_text(encoding="utf-8") == "x"


HANGING = {
    "Cargo.toml": "c",
    "src/lib.rs": """
use std::{process::Command, thread::sleep, time::Duration};
#[test] fn a_hangs() { Command::new("sleep").arg("981").status().unwrap(); }
#[test] fn b() { sleep(Duration::from_millis(700)); }
#[test] fn c() { sleep(Duration::from_millis(700)); }
#[test] fn d() { sleep(Duration::from_millis(700)); }
#[test] fn e() { sleep(Duration::from_millis(700)); }
""",
    "tests/other.rs": "#[test] fn f() {}\n",
}


@pytest.mark.parametrize("method", ["signal", "thread"])
@pytest.mark.parametrize("where", ["option", "ini", "mark"])
def test_the_limit_of_timeout_is_the_rust_tests_own(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    where: str,
) -> None:
    write(HANGING)
    arguments = [f"--timeout-method={method}"]
    if where == "option":
        arguments.append("--timeout=2")
    elif where == "ini":
        write({"pytest.ini": "[pytest]\ntimeout = 2\n"})
    else:
        write(
            {
                "conftest.py": "import pytest\ndef pytest_collection_modifyitems(items):\n"
                "    for item in items:\n        item.add_marker(pytest.mark.timeout(2))\n"
            }
        )
    result = run(pytester, monkeypatch, "timeout", *arguments)
    assert outcomes(result) == {
        "src/lib.rs::a_hangs": "failed",
        **{f"src/lib.rs::{name}": "passed" for name in "bcde"},
        "tests/other.rs::f": "passed",
    }
    result.stdout.fnmatch_lines(["*timed out after 2 s*"])
    assert not is_running("sleep 981")


def test_randomly_changes_the_order_alone(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = "".join(
        f"#[test] fn t{number:02}() {{ assert!({number} != 7) }}\n" for number in range(20)
    )
    write({"Cargo.toml": "c", "src/lib.rs": names})
    orders = []
    for seed in ("1", "2"):
        result = run(
            pytester, monkeypatch, "randomly", "-v", "-p", "randomly", f"--randomly-seed={seed}"
        )
        found = outcomes(result)
        assert {name for name, how in found.items() if how == "failed"} == {"src/lib.rs::t07"}
        assert len(found) == 20
        orders.append([line.split()[0] for line in result.outlines if "%]" in line])
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])
    result = run(pytester, monkeypatch, "randomly", "-n2", "--randomly-seed=3")
    assert len(outcomes(result)) == 20


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
def test_reportlog_has_a_report_of_each(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, workers: list[str]
) -> None:
    root = write(TESTS)
    run(pytester, monkeypatch, "reportlog", "--report-log=log.jsonl", *workers)
    lines = (root / "log.jsonl").read_text(encoding="utf-8").splitlines()
    reports = [json.loads(line) for line in lines]
    calls = {
        report["nodeid"]: report
        for report in reports
        if report.get("$report_type") == "TestReport"
        and (report["when"] == "call" or report["outcome"] == "skipped")
    }
    assert {name: report["outcome"] for name, report in calls.items()} == {
        "src/lib.rs::passes": "passed",
        "src/lib.rs::fails": "failed",
        "src/lib.rs::ignored": "skipped",
        "src/lib.rs::sometimes": "failed",
        "tests/other.rs::a": "passed",
        "tests/other.rs::b": "passed",
        "tests/other.rs::c": "passed",
    }
    failed = calls["src/lib.rs::fails"]
    assert dict(failed["user_properties"])["rust_test"] == "fails"
    assert "sums" in json.dumps(failed["longrepr"])


def test_html_shows_each_with_its_words(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(TESTS)
    run(pytester, monkeypatch, "html", "--html=report.html", "--self-contained-html")
    text = (root / "report.html").read_text(encoding="utf-8")
    for name in ("src/lib.rs::passes", "src/lib.rs::fails", "tests/other.rs::c"):
        assert name in text
    assert "sums" in text
    assert "with cargo alone: cargo test -p c" in text


HOOK = """
import pytest

def pytest_collection_modifyitems(config, items):
    for item in items:
        if "rust" in item.keywords:
            item.add_marker("native")
        if "rust_unit" in item.keywords:
            item.add_marker(pytest.mark.slow)

def pytest_runtest_logreport(report):
    if report.when == "call":
        print("keywords:", report.nodeid, "rust" in report.keywords, "native" in report.keywords)
"""


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
def test_a_hook_finds_the_marks_among_the_keywords(
    pytester: pytest.Pytester, write: Write, workers: list[str]
) -> None:
    write(
        {
            **TESTS,
            "conftest.py": HOOK,
            "pytest.ini": "[pytest]\nmarkers =\n    native\n    slow\n",
            "test_python.py": "def test_python(): pass\n",
        }
    )

    def selected(*arguments: str) -> set[str]:
        result = pytester.runpytest(
            "--cpython-sys", "-rA", "-s", "-p", "no:cacheprovider", *arguments, *workers
        )
        for line in result.outlines:
            if line.startswith("keywords:"):
                assert line.endswith("False False" if "test_python" in line else "True True")
        return set(outcomes(result)) - {"src/lib.rs::ignored"}

    other = {f"tests/other.rs::{name}" for name in "abc"}
    unit = {f"src/lib.rs::{name}" for name in ("passes", "fails", "sometimes")}
    assert selected("-m", "native") == unit | other
    assert selected("-m", "slow") == unit
    assert selected("-m", "not native") == {"test_python.py::test_python"}
    assert selected("-k", "native and not slow") == other
