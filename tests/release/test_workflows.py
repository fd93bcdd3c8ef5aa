"""Workflows are well-formed, careful, and run what a developer types."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from ..missing import SUITES, VARIABLE, missing
from .actionlint import find_linter

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / ".github" / "workflows"
FILES: Final = sorted(FOLDER.glob("*.yml"))
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAMES: Final = [file.stem for file in FILES]


def workflow(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    return read


def steps(name: str) -> list[tuple[str, dict[str, Any]]]:
    return [(job, step) for job, one in workflow(name)["jobs"].items() for step in one["steps"]]


def commands(name: str) -> list[str]:
    """Return all lines that a workflow runs."""
    return [line for _, step in steps(name) for line in step.get("run", "").splitlines()]


def readme_commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^python3 -m venv .*$", text, re.MULTILINE)


def test_they_are_all_here() -> None:
    assert NAMES == ["ci", "docs", "nightly", "release"]


def test_actionlint_finds_nothing() -> None:
    linter = find_linter()
    if linter is None:
        missing("actionlint", "actionlint is not there")
    done = linter.run(FILES)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_actionlint_finds_what_is_wrong(tmp_path: Path) -> None:
    linter = find_linter()
    if linter is None:
        missing("actionlint", "actionlint is not there")
    file = tmp_path / "wrong.yml"
    text = (FOLDER / "release.yml").read_text(encoding="utf-8")
    file.write_text(text.replace("needs: wheel", "needs: wheels"), encoding="utf-8")
    done = linter.run([file])
    assert done.returncode == 1
    assert 'needs job "wheels" which does not exist' in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_pinned_to_a_commit_whose_version_is_told(name: str) -> None:
    used = re.findall(r"uses: (.+)", (FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    assert used
    for one in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one), one


def test_an_action_has_one_version() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in FILES)
    used = set(re.findall(r"uses: (.+)", text))
    assert len(used) == len({one.partition("@")[0] for one in used})


@pytest.mark.parametrize("name", NAMES)
def test_rights_and_times_are_bounded(name: str) -> None:
    read = workflow(name)
    assert read["permissions"] == {"contents": "read"}
    assert "group" in read["concurrency"]
    for job in read["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 120
    for _, step in steps(name):
        if step.get("uses", "").startswith("actions/checkout@") and name != "release":
            assert step["with"]["persist-credentials"] is False


def test_only_three_jobs_may_write() -> None:
    rights = {
        (name, job): one["permissions"]
        for name in NAMES
        for job, one in workflow(name)["jobs"].items()
        if "permissions" in one
    }
    assert rights == {
        ("docs", "publish"): {"pages": "write", "id-token": "write"},
        ("release", "pypi"): {"id-token": "write"},
        ("release", "github"): {"contents": "write"},
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_others_is_put_into_a_command(name: str) -> None:
    assert not [line for line in commands(name) if "${{" in line]


def test_the_commands_of_the_readme_are_run_as_they_stand_there() -> None:
    main_job, test_command = readme_commands()
    for job in ("python", "rustc"):
        lines = [line for at, step in steps("ci") if at == job for line in [step.get("run", "")]]
        assert main_job in lines
        assert any(line.startswith(test_command) for line in lines)
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "grep '^python3 -m venv' README.md" in script
    assert "bash .ci/run" in commands("ci")
    assert (ROOT / ".ci" / "wheel").read_text(encoding="utf-8").rstrip().endswith("--cpython-sys")
    assert main_job.endswith("pytest --cpython-sys example_crate")


def test_the_pythons_are_those_of_the_classifiers() -> None:
    prefix = "Programming Language :: Python :: 3."
    named = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if one.startswith(prefix)]
    jobs = workflow("ci")["jobs"]
    pythons = jobs["python"]["strategy"]["matrix"]["python"]
    assert [one for one in pythons if not one.endswith("t")] == named
    assert [one for one in pythons if one.endswith("t")] == ["3.13t", "3.14t"]
    for name in ("ci", "release"):
        assert workflow(name)["jobs"]["wheel"]["strategy"]["matrix"]["python"] == named


def test_the_oldest_pytest_is_the_one_that_is_required() -> None:
    (required,) = (one for one in PROJECT["dependencies"] if one.startswith("pytest>="))
    tried = workflow("ci")["jobs"]["pytest"]["strategy"]["matrix"]["include"]
    oldest = required.replace(">=", "==") + ".*"
    assert [one["requirement"] for one in tried if one["pytest"] == "oldest"] == [oldest]


def test_the_oldest_rustc_are_those_of_the_policy() -> None:
    page = (ROOT / "docs" / "reference" / "support.md").read_text(encoding="utf-8")
    for version in workflow("ci")["jobs"]["rustc"]["strategy"]["matrix"]["rust"]:
        assert version in page


def test_what_jobs_do_without_are_suites() -> None:
    for job in workflow("ci")["jobs"].values():
        named = job.get("env", {}).get(VARIABLE, "")
        assert set(named.split(",")) - {""} <= SUITES.keys()
    assert VARIABLE not in workflow("ci")["jobs"]["everything"].get("env", {})


def test_a_night_has_three_hundred_projects_of_a_fresh_seed() -> None:
    (line,) = (one for one in commands("nightly") if "tests.generated" in one)
    assert "--seed" not in line
    ((_, step),) = [one for one in steps("nightly") if "COUNT" in one[1].get("env", {})]
    assert "300" in step["env"]["COUNT"]
    page = (ROOT / "docs" / "developers" / "generated-projects.md").read_text(encoding="utf-8")
    assert "python -m tests.generated --count 100 --xdist" in page


def test_nothing_is_published_that_was_not_checked_and_tried() -> None:
    jobs = workflow("release")["jobs"]
    assert (jobs["wheel"]["needs"], jobs["pypi"]["needs"]) == ("build", "wheel")
    lines = commands("release")
    assert '.venv/bin/python -m tests.release.tag "$GITHUB_REF_NAME" dist' in lines
    assert ".venv/bin/twine check --strict dist/*" in lines
    assert "bash .ci/wheel dist/*.whl" in lines
