"""Pages whose commands are typed as they stand there, and whose outputs are compared."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import EXAMPLES, replace_once
from .page_steps import Changed, Typed, Written, steps

if TYPE_CHECKING:
    from .page_steps import Step

ROOT = Path(__file__).parents[2]
# The plugin is the one under test, in the environment that there is.
INSTALLS = re.compile(r"python3 -m venv|\S*pip install")
# What is told of anything that takes longer than half a second, or that waits for another cargo.
PROGRESS = re.compile(
    r"^(?:\w.* \(\d+ s\)|cargo is waiting for .*|still (?:running|waiting) .*)\n", re.MULTILINE
)


def typed(page: Path) -> bool:
    return any(isinstance(step, Typed) for step in steps(page))


FILES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page.relative_to(ROOT).as_posix() for page in FILES if typed(page)]
# These pages begin in a clone of this project.
IN_A_CLONE = ("README.md", "docs/tutorial.md")


@pytest.fixture
def place(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory with an environment, as the pages have it."""
    program = pytester.path / ".venv" / "bin" / "pytest"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pytest "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("CI", raising=False)  # pytest's summary is another there
    return pytester.path


def do(step: Step, place: Path) -> None:
    match step:
        case Written(name, text):
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        case Changed(name, old, new):
            replace_once(place / name, old, new)
        case Typed(command) if not INSTALLS.match(command):
            done = subprocess.run(
                ["bash", "-c", command], cwd=place, capture_output=True, text=True, check=False
            )
            shown = PROGRESS.sub("", done.stdout)
            assert re.fullmatch(step.pattern, shown, re.DOTALL), (
                f"$ {command}\n{done.stdout}\n{done.stderr}\n-- the page has\n{step.output}"
            )


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_true(page: str, place: Path) -> None:
    if page in IN_A_CLONE:
        ignored = shutil.ignore_patterns("target")
        name = "example_crate/pregenerated"
        shutil.copytree(EXAMPLES / "pregenerated", place / name, ignore=ignored)
    for step in steps(ROOT / page):
        do(step, place)


def test_these_pages_are_tried() -> None:
    assert {*IN_A_CLONE, "docs/how-to/own-crate.md", "docs/how-to/checker.md"} <= set(PAGES)


def test_an_output_is_compared() -> None:
    output = "[...]\ncollected 3 items\n[...]\n===== 3 passed in 0.12s ====\n"
    pattern = re.compile(Typed("pytest", output).pattern, re.DOTALL)
    said = "header\ncollected 3 items\n\nsrc/lib.rs ...\n== 3 passed in 12.34s ==\n"
    assert pattern.fullmatch(said)
    assert not pattern.fullmatch(said.replace("3 passed", "2 passed"))
    assert not pattern.fullmatch(f"{said}and more")
    assert not pattern.fullmatch(said.replace("collected 3 items", ""))
