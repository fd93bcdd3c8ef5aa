"""What docs/how-to/runners.md says is typed, with the runners that are installed."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..missing import missing
from .conftest import find_program, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Write = Callable[[Mapping[str, str]], Path]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/runners.md").read_text(encoding="utf-8")
CRATE = {
    "Cargo.toml": "c",
    "src/lib.rs": "#[test] fn in_rust() {}\n",
    "tests/test_a.py": "def test_in_python(): pass\n",
}
PROJECT = '[project]\nname = "spam"\nversion = "0.1"\n'
BACKEND = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'


def snippet(heading: str) -> str:
    """Return what stands under a heading of the page to be copied; the plugin is this one."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    match = re.search(r"^```\w+\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert match is not None
    return match[1]


def of_this_project(text: str) -> str:
    """Return a text in which the plugin is installed from here."""
    assert text.count("pytest-cpython-sys") == 1
    return text.replace("pytest-cpython-sys", f"pytest-cpython-sys @ {ROOT.as_uri()}")


def outcome(*command: str) -> str:
    """Return what a command prints that is to end well."""
    # The runner makes an environment of its own; of these tests' it is to know nothing.
    hidden = ("PYTEST_ADDOPTS", "VIRTUAL_ENV", "PYTHONPATH")
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def runner(name: str) -> str:
    found = find_program(name)
    if found is None:
        missing("runners", f"{name} is not installed")
    return found


def assert_both_ran(printed: str) -> None:
    assert re.search(r"^src/lib\.rs::in_rust PASSED|^src/lib\.rs \.", printed, re.MULTILINE)
    assert "2 passed" in printed, printed


def test_tox(write: Write) -> None:
    tox = runner("tox")
    write({**CRATE, "tox.ini": of_this_project(snippet("tox"))})
    assert_both_ran(outcome(tox, "--", "-p", "no:cacheprovider"))


def test_nox(write: Write) -> None:
    nox = runner("nox")
    write({**CRATE, "noxfile.py": of_this_project(snippet("nox"))})
    assert_both_ran(outcome(nox))


def test_hatch(write: Write) -> None:
    hatch = runner("hatch")
    table = of_this_project(snippet("hatch"))
    write({**CRATE, "pyproject.toml": f"{PROJECT}{BACKEND}{table}", "spam/__init__.py": ""})
    assert_both_ran(outcome(hatch, "test"))


@pytest.mark.parametrize("is_project", [True, False])
def test_uv(write: Write, *, is_project: bool) -> None:
    uv = runner("uv")
    write({**CRATE, "pytest.ini": "[pytest]\ncpython_sys = true\n"})
    assert "`uv add --dev pytest-cpython-sys`" in PAGE
    if is_project:
        write({"pyproject.toml": f"{PROJECT}{BACKEND}", "spam/__init__.py": ""})
        outcome(uv, "add", "--quiet", "--dev", f"pytest-cpython-sys @ {ROOT.as_uri()}")
        assert_both_ran(outcome(uv, "run", "pytest"))
    else:
        assert "`uv run --no-project --with pytest-cpython-sys pytest`" in PAGE
        plugin = f"pytest-cpython-sys @ {ROOT.as_uri()}"
        assert_both_ran(outcome(uv, "run", "--no-project", "--with", plugin, "pytest"))


def test_the_ini_file_of_a_crate(pytester: pytest.Pytester, write: Write) -> None:
    write({**CRATE, "pytest.ini": snippet("A crate without `pyproject.toml`")})
    result = pytester.runpytest("-rA")
    assert outcomes(result) == {
        "src/lib.rs::in_rust": "passed",
        "tests/test_a.py::test_in_python": "passed",
    }
    result.stdout.fnmatch_lines([f"rootdir: {pytester.path}", "configfile: pytest.ini"])


def test_what_is_to_be_copied_can_be_read() -> None:
    """Without the runners too."""
    table = tomllib.loads(snippet("hatch"))
    assert table["tool"]["hatch"]["envs"]["hatch-test"]["default-args"] == ["tests", "src"]
    compile(snippet("nox"), "noxfile.py", "exec")
    assert "pass_env = CARGO_*, RUSTUP_*, RUST*" in snippet("tox")
