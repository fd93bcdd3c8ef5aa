"""Which tags may be released."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_cpython_sys

from .tag import notes, trouble

ROOT = Path(__file__).parents[2]
CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.3] - 2026-11-28

### Added

- A thing.

## [1.2.2]

- Another.

## [1.2.1] - 2026-01-01
"""
BUILT = ["pytest_cpython_sys-1.2.3.tar.gz", "pytest_cpython_sys-1.2.3-py3-none-any.whl"]


def test_all_say_the_same() -> None:
    assert trouble("v1.2.3", "1.2.3", CHANGELOG) == []
    assert trouble("v1.2.3", "1.2.3", CHANGELOG, BUILT) == []
    assert notes("1.2.3", CHANGELOG) == "### Added\n\n- A thing."
    assert notes("1.2.4", CHANGELOG) == ""


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2", "v1.2.3.dev1", "v1.2.3 ", "v1.2.3-1"])
def test_a_tag_is_v_and_a_version(tag: str) -> None:
    (text,) = trouble(tag, "1.2.3", CHANGELOG)
    assert text.startswith(f"{tag} is not a release's tag")


@pytest.mark.parametrize(
    ("tag", "version", "changelog", "expected"),
    [
        ("v1.2.3", "1.2.4", CHANGELOG, "the tag says 1.2.3, pytest_cpython_sys/__init__.py says 1"),
        ("v1.2.4", "1.2.4", CHANGELOG, "the changelog has no section [1.2.4]"),
        ("v1.2.2", "1.2.2", CHANGELOG, "the changelog's section [1.2.2] has no date"),
        ("v1.2.1", "1.2.1", CHANGELOG, "the changelog's section [1.2.1] is empty"),
        ("v1.2.3", "1.2.3", CHANGELOG.replace("[Unr", "[unr"), "the changelog does not begin with"),
        (
            "v1.2.3",
            "1.2.3",
            CHANGELOG.replace("[Unreleased]\n", "[Unreleased]\n\n- More.\n"),
            "the changelog has entries below [Unreleased]",
        ),
    ],
)
def test_one_thing_is_wrong(tag: str, version: str, changelog: str, expected: str) -> None:
    (text,) = trouble(tag, version, changelog)
    assert text.startswith(expected)


def test_what_was_built_is_of_this_version_and_nothing_else() -> None:
    for built in ([], BUILT[:1], [*BUILT, "x.whl"], [BUILT[0], BUILT[1].replace("1.2.3", "1.2.2")]):
        (text,) = trouble("v1.2.3", "1.2.3", CHANGELOG, built)
        assert text.startswith("built are ")


def test_the_changelog_is_one_that_can_be_cut() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", one) for one in headings[1:])
    assert notes(pytest_cpython_sys.__version__, text)


def test_the_program(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "tests.release.tag", "v99.0.0"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the changelog has no section [99.0.0]" in done.stderr
    argv = [*argv[:3], f"v{pytest_cpython_sys.__version__}", "--notes"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "### Added" in done.stdout
