"""The contract of layers holds, and refuses what it says it refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "pytest_cpython_sys"


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, ROOT / "pyproject.toml", "--no-cache"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(directory)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / PACKAGE, tmp_path / PACKAGE, ignore=ignored)
    return tmp_path


def test_the_contract_holds(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("matrix.py", "import pytest"),
        ("python/introspect.py", "import packaging.version"),
        ("cargo/errors.py", "from ..node_ids import escape"),
        ("cargo/errors.py", "from ..evaluator import discovered"),
        ("case.py", "from .cargo import Cargo"),
        ("rust/census.py", "from ..checkers.layout.judge import Judge"),
        ("checkers/abi/survey.py", "from ..layout.judge import Judge"),
        ("plugin/nodes.py", "from ..checkers.layout.checker import LayoutChecker"),
        ("unittest/tests.py", "from ..plugin.nodes import RustFile"),
    ],
)
def test_the_contract_bites(copy: Path, module: str, statement: str) -> None:
    with (copy / PACKAGE / module).open("a", encoding="utf-8") as file:
        file.write(f"\n\ndef forbidden() -> None:\n    {statement}\n")
    done = lint(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    name = f"{PACKAGE}/{module}".removesuffix(".py").replace("/", ".")
    assert f"{name} -> " in done.stdout
