"""What a run imports, and how."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_cpython_sys

HOOK = """
import sys

def note(event, arguments):
    if event == "compile" and arguments[1] is not None:
        name = arguments[1]
        name = name.decode() if isinstance(name, bytes) else str(name)
        before, package, module = name.replace("\\\\", "/").rpartition("/site/pytest_cpython_sys/")
        if package and module not in seen:
            seen.append(module)
            print("compiled:", module, file=sys.stderr)

seen = []
sys.addaudithook(note)
"""
TWICE = """
import sys, pytest
for _ in range(2):
    code = pytest.main(["--cpython-sys", "-p", "no:cacheprovider", *sys.argv[1:]])
    assert code == 0, code
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a directory as pip leaves it behind: compiled modules, and a list of files."""
    site = tmp_path_factory.mktemp("installed") / "site"
    source = Path(pytest_cpython_sys.__file__).parent
    shutil.copytree(source, site / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    info = site / "pytest_cpython_sys-9.9.9.dist-info"
    info.mkdir()
    said = "Metadata-Version: 2.1\nName: pytest-cpython-sys\nVersion: 9.9\n"
    (info / "METADATA").write_text(said)
    (info / "entry_points.txt").write_text("[pytest11]\ncpython_sys = pytest_cpython_sys.plugin\n")
    files = [path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()]
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    assert compileall.compile_dir(site, quiet=1)
    (site.parent / "hook").mkdir()
    (site.parent / "hook" / "sitecustomize.py").write_text(HOOK)
    return site


@pytest.fixture
def crate(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "Cargo.toml").write_text(
        '[package]\nname = "spam"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'
    )
    (tmp_path / "src" / "lib.rs").write_text("#[test] fn passes() {}\n#[test] fn too() {}\n")
    return tmp_path


def run(site: Path, crate: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environ = dict(os.environ)
    path = os.pathsep.join(map(str, (site, site.parent / "hook")))
    environ |= {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *command],
        cwd=crate,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.pytest_side
def test_nothing_of_ours_is_compiled_again(site: Path, crate: Path) -> None:
    """Where no bytecode may be written pytest's rewriter compiles what it reads in each run."""
    done = run(site, crate, "-m", "pytest", "--cpython-sys", "-p", "no:cacheprovider")
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    compiled = [line for line in done.stderr.splitlines() if line.startswith("compiled:")]
    assert sorted(line.partition(": ")[2] for line in compiled) == [
        "__init__.py",
        "plugin/__init__.py",
        "plugin/pytest_compat/__init__.py",
        "plugin/pytest_compat/rewriting.py",
    ]


@pytest.mark.pytest_side
def test_pytest_has_nothing_to_say_of_it_in_a_second_run(site: Path, crate: Path) -> None:
    """It warns of modules that should have been rewritten, and were imported already."""
    done = run(site, crate, "-c", TWICE, "-W", "error::pytest.PytestAssertRewriteWarning")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("2 passed") == 2


def test_what_is_hidden_from_the_garbage_collector_is_shown_again(site: Path, crate: Path) -> None:
    done = run(site, crate, "-c", f"{TWICE}\nimport gc; print('hidden:', gc.get_freeze_count())")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hidden: 0" in done.stdout


@pytest.mark.parametrize("plugin", ["faulthandler", "python", "setuponly", "setupplan", "skipping"])
def test_a_plugin_of_pytest_that_is_switched_off(site: Path, crate: Path, plugin: str) -> None:
    done = run(site, crate, "-m", "pytest", "--cpython-sys", "-p", f"no:{plugin}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
