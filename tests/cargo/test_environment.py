"""The variable of the loader."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import pytest_cpython_sys

PACKAGE = Path(pytest_cpython_sys.__file__).parent


@pytest.mark.parametrize(
    ("platform", "name"),
    [("linux", "LD_LIBRARY_PATH"), ("darwin", "DYLD_FALLBACK_LIBRARY_PATH"), ("win32", "PATH")],
)
def test_the_loaders_variable_is_the_one_that_cargo_sets(platform: str, name: str) -> None:
    code = f"import runpy, sys\nsys.path[0] = {str(PACKAGE.parent)!r}\n"
    code += "from pytest_cpython_sys.cargo import environment\n"
    code += f"sys.platform = {platform!r}\n"
    code += "print(runpy.run_module(environment.__name__)['LIBRARY_PATH'])\n"
    done = subprocess.run(
        [sys.executable, "-Wignore", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == name


def test_it_is_named_in_one_place() -> None:
    names = ("LD_LIBRARY_PATH", "DYLD_FALLBACK")
    files = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(name in path.read_text(encoding="utf-8") for name in names)
    ]
    assert files == ["cargo/environment.py"]
