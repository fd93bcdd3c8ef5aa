"""What docs/how-to/ci.md says is typed, as far as it can be without the service."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ..missing import missing
from ..release.actionlint import find_linter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Write = Callable[[Mapping[str, str]], Path]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/ci.md").read_text(encoding="utf-8")
LOCK = 'version = 3\n\n[[package]]\nname = "c"\nversion = "0.1.0"\n'
CRATE = {
    "Cargo.toml": "c",
    "Cargo.lock": LOCK,
    "src/lib.rs": """
pub fn f() -> u8 { 1 }
#[cfg(test)]
mod tests {
    #[test] fn a() { assert_eq!(crate::f(), 1); }
    #[test] fn b() { std::thread::sleep(std::time::Duration::from_millis(300)); }
    #[test] fn c() {}
    #[test]
    fn fails() {
        assert_eq!(1, 2);
    }
}
""",
    "tests/side.rs": "#[test] fn side() { assert_eq!(c::f(), 1); }\n",
    "tests/test_python.py": "def test_python(): pass\n",
}
ALL = {f"src/lib.rs::tests::{name}" for name in ("a", "b", "c", "fails")} | {
    "tests/side.rs::side",
    "tests/test_python.py::test_python",
}


def block(heading: str, language: str, number: int = 0) -> str:
    """Return a block to be copied, of those under a heading of the page."""
    section = PAGE.partition(f"# {heading}\n")[2]
    section = re.split(r"^#+ ", section, maxsplit=1, flags=re.MULTILINE)[0]
    found = re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return str(found[number])


def called(pytester: pytest.Pytester, line: str, *more: str) -> pytest.RunResult:
    """Run a line of the page that calls pytest."""
    program, *words = shlex.split(line)
    assert program == "pytest"
    return pytester.runpytest_subprocess(*words, "-p", "no:randomly", *more)


def read(text: str) -> Any:
    return pytest.importorskip("yaml").safe_load(text)


def service_commands() -> dict[str, list[str]]:
    """Return what the jobs of both services run."""
    steps = read(block("GitHub", "yaml"))["jobs"]["tests"]["steps"]
    job = read(block("GitLab", "yaml"))["tests"]
    return {
        "GitHub": [step["run"] for step in steps if "run" in step],
        "GitLab": [*job["before_script"], *job["script"]],
    }


@pytest.mark.parametrize("service", ["GitHub", "GitLab"])
def test_the_jobs_of_services(pytester: pytest.Pytester, write: Write, service: str) -> None:
    write(CRATE)
    (line,) = (one for one in service_commands()[service] if one.startswith("pytest "))
    result = called(pytester, line)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (suite,) = ET.parse("junit.xml").getroot()
    assert suite.attrib["tests"] == "6"
    assert {case.attrib["file"] for case in suite} == {one.partition("::")[0] for one in ALL}


def test_the_line_that_asks_for_rust_is_a_step_that_works(tmp_path: Path) -> None:
    (line,) = (one for one in service_commands()["GitHub"] if "rustc" in one)
    env = {**os.environ, "GITHUB_OUTPUT": str(tmp_path / "output")}
    subprocess.run(["sh", "-c", line], env=env, check=True)
    assert re.fullmatch(r"version=\d+\.\d+\.\S+\n", (tmp_path / "output").read_text())


def test_the_workflow_is_one(tmp_path: Path) -> None:
    linter = find_linter()
    if linter is None:
        missing("actionlint", "actionlint is not there")
    file = tmp_path / "tests.yml"
    file.write_text(block("GitHub", "yaml"), encoding="utf-8")
    done = linter.run([file])
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("arguments", [[], ["-ocpython_sys_fast=false"], ["-n2"]])
def test_annotations_are_at_the_line_of_the_panic(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
) -> None:
    pytest.importorskip("pytest_github_actions_annotate_failures")
    root = write(CRATE)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(root))
    result = called(pytester, "pytest --cpython-sys", *arguments)
    (line,) = (one for one in result.errlines if one.startswith("::error"))
    assert line == block("Annotations", "").strip()


def test_shards_have_each_test_once(pytester: pytest.Pytester, write: Write) -> None:
    pytest.importorskip("pytest_split")
    root = write(CRATE)
    store, *shards = block("Shards", "console").splitlines()
    called(pytester, store)
    durations = json.loads((root / ".test_durations").read_text(encoding="utf-8"))
    assert durations.keys() == ALL
    assert durations["src/lib.rs::tests::b"] >= 0.3
    ran = [
        re.findall(r"^(\S+::\S+) (?:PASSED|FAILED)", str(result.stdout), re.MULTILINE)
        for result in (called(pytester, shard, "-v") for shard in shards)
    ]
    assert all(ran)
    assert sorted(name for names in ran for name in names) == sorted(ALL)


def test_retries_are_counted(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:pytest-retry -p no:run-parallel")
    write(CRATE)
    result = called(pytester, block("Retries and flaky tests", "console").strip())
    result.stdout.fnmatch_lines(["c  5 tests, 2 rerun, 1 failed"])
    write({"conftest.py": block("Retries and flaky tests", "python")})
    result = called(pytester, "pytest --cpython-sys")
    result.stdout.fnmatch_lines(["c  5 tests, 2 rerun, 1 failed"])


def test_counters_of_coverage_are_written(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(CRATE)
    *exports, line = block("Coverage", "console").splitlines()
    for export in exports:
        name, _, value = export.removeprefix("export ").partition("=")
        monkeypatch.setenv(name, value.strip('"').replace("$PWD", str(root)))
    called(pytester, line).assert_outcomes(passed=5, failed=1)
    assert len(list((root / "target/coverage").glob("*.profraw"))) >= 2


def test_workers_in_another_directory_are_refused(
    pytester: pytest.Pytester, write: Write, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """They would collect no Rust test, and the run would be green."""
    root = write({**CRATE, "pytest.ini": "[pytest]\n"})
    away = tmp_path_factory.mktemp("away")
    result = called(pytester, f"pytest --cpython-sys -d --tx popen//chdir={away} --rsyncdir=.")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: --tx: the worker gw0 runs in {away}, *//chdir={root} to --tx; *"]
    )
    result = called(pytester, f"pytest --cpython-sys -d --tx popen//chdir={root}")
    result.assert_outcomes(passed=5, failed=1)
