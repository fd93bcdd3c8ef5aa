"""A clone, the sdist and the wheel hold the same; the wheel of the sdist does what it should."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import pytest_cpython_sys

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
VERSION: Final = pytest_cpython_sys.__version__
PACKAGE: Final = "pytest_cpython_sys"
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CRATE: Final = {
    "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/lib.rs": """
#[repr(C)] pub struct S { pub a: u32 }
const _: () = {
    ["Size of S"][::std::mem::size_of::<S>() - 4usize];
};
#[test] fn in_rust() {}
""",
    "test_a.py": "def test_in_python(): pass\n",
}


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    hidden = ("PYTEST_ADDOPTS", "PYTHONPATH", "PYTEST_PLUGINS")
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(kind: str, source: Path, directory: Path) -> Path:
    """Build as a frontend does, in this environment."""
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", directory, cwd=source)
    (built,) = directory.iterdir()
    return built


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(directory, filter="data")
    (top,) = directory.iterdir()
    return top


@pytest.fixture(scope="module")
def wheel(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as pip makes it of an sdist."""
    return build("wheel", unpacked, tmp_path_factory.mktemp("wheel"))


def files_below(directory: Path) -> Iterator[str]:
    for path in directory.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(directory).as_posix()


def entries(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_sdist_is_the_clone(unpacked: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    tracked = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    expected = {name for name in tracked.split("\0") if name and (ROOT / name).exists()}
    assert set(files_below(unpacked)) == {*expected, "PKG-INFO"}


def test_the_wheel_of_the_sdist_is_that_of_the_clone(wheel: Path, tmp_path: Path) -> None:
    assert entries(wheel) == entries(build("wheel", ROOT, tmp_path))


def test_the_wheel_holds_the_package_and_what_starts_the_finder(wheel: Path) -> None:
    assert wheel.name == f"{PACKAGE}-{VERSION}-py3-none-any.whl"
    found = entries(wheel)
    information = f"{PACKAGE}-{VERSION}.dist-info"
    expected = {f"{PACKAGE}/{name}" for name in files_below(ROOT / PACKAGE)}
    expected.remove(f"{PACKAGE}/extensions/finder.pth")  # it has another place there
    others = {name for name in found if not name.startswith(information)} - expected
    assert others == {f"{PACKAGE}.pth"}
    assert expected <= found.keys()
    assert found[f"{PACKAGE}.pth"] == (ROOT / PACKAGE / "extensions" / "finder.pth").read_bytes()
    points = found[f"{information}/entry_points.txt"].decode()
    assert points.split() == ["[pytest11]", "cpython_sys", "=", f"{PACKAGE}.plugin"]


def test_the_metadata_is_what_pyproject_says(wheel: Path, unpacked: Path) -> None:
    text = entries(wheel)[f"{PACKAGE}-{VERSION}.dist-info/METADATA"].decode()
    assert text == (unpacked / "PKG-INFO").read_text(encoding="utf-8")
    metadata = HeaderParser().parsestr(text)
    assert metadata["Version"] == VERSION
    assert metadata["License-Expression"] == PROJECT["license"]
    assert metadata["Author"] == PROJECT["authors"][0]["name"]
    assert metadata.get_all("Classifier") == PROJECT["classifiers"]
    assert dict(one.split(", ") for one in metadata.get_all("Project-URL", [])) == PROJECT["urls"]


def test_all_addresses_are_those_of_the_project() -> None:
    """Pages may name it; another spelling would lead nowhere."""
    (host, owner, name) = PROJECT["urls"]["Source"].removeprefix("https://").split("/")
    assert (host, owner, name) == ("github.com", PROJECT["name"], PROJECT["name"])
    assert all(one.startswith(PROJECT["urls"]["Source"]) for one in PROJECT["urls"].values())
    pages = [ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "mkdocs.yml")]
    for page in (*pages, *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.yml")):
        for found in re.findall(r"github\.com/pytest-cpython-sys/[\w.-]+", page.read_text("utf-8")):
            assert f"https://{found}" == PROJECT["urls"]["Source"], page


def test_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    """The plugin is found by its entry point, and what runs is the wheel."""
    environment = tmp_path / "environment"
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "-q", "--no-deps", "--no-index", wheel, cwd=tmp_path)
    # pytest and the rest are this environment's; its link to the sources is not followed from here.
    purelib = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    own = sysconfig.get_path("purelib")
    (Path(purelib) / "others.pth").write_text(f"{own}\n", encoding="utf-8")
    project = tmp_path / "project"
    for name, text in CRATE.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    code = (
        "import json, pytest_cpython_sys.plugin as plugin; from importlib.metadata import version; "
        "print(json.dumps([plugin.__file__, version('pytest-cpython-sys')]))"
    )
    where, version = json.loads(run(python, "-c", code, cwd=project))
    assert Path(where).is_relative_to(environment)
    assert version == VERSION
    printed = run(python, "-m", "pytest", "--cpython-sys", "-p", "no:randomly", cwd=project)
    assert "c  1 layout, 1 test" in printed.replace("layouts", "layout").replace("tests", "test")
    assert "3 passed" in printed
