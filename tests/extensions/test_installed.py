"""What is installed of a module, and whether its sources have changed since."""

from __future__ import annotations

import importlib
import json
import os
import sys
import sysconfig
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.cargo import Package, Target, Workspace
from pytest_cpython_sys.cargo.metadata import Dependency
from pytest_cpython_sys.extensions.installed import Installed, Sources, find_installed
from pytest_cpython_sys.extensions.told import Told

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))


def package(root: Path, name: str, *needed: Path) -> Package:
    """A package with a library, which needs others beside it."""
    for path in ("Cargo.toml", "src/lib.rs", "src/deep/more.rs", "tests/it.rs", "build/out.rs"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    target = Target(name, "lib", ("cdylib",), str(root / "src/lib.rs"))
    paths = tuple(Dependency(path.name, "normal", str(path)) for path in needed)
    return Package(name, name, "0.1.0", str(root / "Cargo.toml"), (target,), paths)


def workspace(root: Path, *packages: Package) -> Workspace:
    return Workspace(str(root), str(root / "target"), str(root / "target"), packages)


def told(directory: Path, source: Path | None = None, distribution: str = "ham") -> Told:
    place = str(source) if source is not None else None
    manifest = str(directory / "pyproject.toml")
    return Told("ham._native", place, "maturin", str(directory), manifest, distribution)


def test_the_files_of_a_library(tmp_path: Path) -> None:
    helper = package(tmp_path / "helper", "helper")
    ham = package(tmp_path, "ham", tmp_path / "helper")
    other = package(tmp_path / "other", "other")
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "made.rs").write_text("")
    (tmp_path / "Cargo.lock").write_text("")
    (tmp_path / "ham.py").write_text("")
    found = Sources(workspace(tmp_path, ham, helper, other), ham, []).files
    own = ("Cargo.toml", "src/lib.rs", "src/deep/more.rs", "build/out.rs")
    expected = {*own, *(f"helper/{path}" for path in own), "Cargo.lock"}
    assert {os.path.relpath(path, tmp_path) for path in found} == expected


def test_content_counts_once_it_was_seen(tmp_path: Path) -> None:
    ham = package(tmp_path / "ham", "ham")
    file, record = tmp_path / "ham.so", str(tmp_path / "kept" / "ham.json")
    file.write_text("")
    installed = Installed(str(file), is_wheel=False)

    def differ(at: float, told: str = "") -> bool:
        for path in (tmp_path / "ham").rglob("*"):
            os.utime(path, (at, at))
        return Sources(workspace(tmp_path, ham), ham, []).differ(installed, record, told)

    written = file.stat().st_mtime
    assert differ(written + 10)  # nothing is known but times
    assert not differ(written - 10)
    assert not differ(written + 10)  # a checkout of the same
    library = tmp_path / "ham/src/lib.rs"
    library.write_text("another")
    assert differ(written + 10)
    assert differ(written - 10)
    library.write_text("src/lib.rs")
    assert not differ(written + 10)

    assert differ(written - 10, 'features = ["more"]')

    # A file more, and one less.
    (tmp_path / "ham/src/new.rs").write_text("")
    assert differ(written + 10)
    assert not differ(written - 10)
    (tmp_path / "ham/src/new.rs").unlink()
    assert differ(written - 10)
    (tmp_path / "ham/src/new.rs").write_text("")
    assert not differ(written + 10)

    # Installed again: what was known is about another file.
    library.write_text("another")
    os.utime(file, (written + 20, written + 20))
    assert not differ(written + 10)
    library.write_text("src/lib.rs")
    assert differ(written + 10)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of installed packages."""
    directory = tmp_path / "site-packages"
    (directory / "ham").mkdir(parents=True)
    (directory / "ham" / "__init__.py").write_text("raise RuntimeError('it was imported')")
    monkeypatch.syspath_prepend(str(directory))
    return directory


def install(packages: Path, *files: str, editable: bool = False) -> None:
    information = packages / "ham-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: ham\nVersion: 0.1.0\n")
    (information / "RECORD").write_text("".join(f"{name},,\n" for name in files))
    if editable:
        project = packages.parent / "a project"
        raw = {"dir_info": {"editable": True}, "url": project.as_uri()}
        (information / "direct_url.json").write_text(json.dumps(raw))


def test_a_wheel(packages: Path, tmp_path: Path) -> None:
    file = packages / "ham" / f"_native{SUFFIX}"
    file.write_text("")
    install(packages, f"ham/{file.name}")
    found = find_installed("ham._native", told(tmp_path / "project"))
    assert found == Installed(str(file), is_wheel=True)
    assert "ham" not in sys.modules


def test_an_editable_installation(packages: Path, tmp_path: Path) -> None:
    file = packages / "ham" / f"_native{SUFFIX}"
    file.write_text("")
    install(packages, f"ham/{file.name}", editable=True)
    found = find_installed("ham._native", told(tmp_path / "a project"))
    assert found == Installed(str(file), is_wheel=False)

    # Another checkout of the same, in the same environment.
    found = find_installed("ham._native", told(tmp_path / "copy"))
    place = str(tmp_path / "a project")
    assert found == Installed(str(file), is_wheel=False, elsewhere=place)


def test_built_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "project" / "python"
    (source / "ham").mkdir(parents=True)
    file = source / "ham" / f"_native{SUFFIX}"
    file.write_text("")
    says = told(tmp_path / "project", source, "nobody-installed")
    assert find_installed("ham._native", says) is None  # whatever has left it there
    monkeypatch.syspath_prepend(str(source))
    assert find_installed("ham._native", says) == Installed(str(file), is_wheel=False)


def test_an_environment_within_the_project(packages: Path, tmp_path: Path) -> None:
    """What lies there was installed, though it lies in the project."""
    file = packages / "ham" / f"_native{SUFFIX}"
    file.write_text("")
    install(packages, f"ham/{file.name}")
    (packages / "pyvenv.cfg").write_text("")
    found = find_installed("ham._native", told(tmp_path))
    assert found is not None
    assert found.is_wheel


def test_for_another_python(packages: Path, tmp_path: Path) -> None:
    file = packages / "ham" / "_native.cpython-39-x86_64-linux-gnu.so"
    file.write_text("")
    install(packages, "ham/__init__.py", f"ham/{file.name}")
    found = find_installed("ham._native", told(tmp_path / "project"))
    assert found == Installed(str(file), is_wheel=True, fits=False)


def test_namespace_packages_within_others(packages: Path, tmp_path: Path) -> None:
    file = packages / "ham" / "deep" / "deeper" / f"_native{SUFFIX}"
    file.parent.mkdir(parents=True)
    assert find_installed("ham.deep.deeper._native", None) is None
    assert find_installed("ham.deep", None) is None
    file.write_text("")
    importlib.invalidate_caches()
    assert find_installed("ham.deep.deeper._native", None) == Installed(str(file), is_wheel=True)
    assert "ham" not in sys.modules


def test_a_wheel_without_its_module(packages: Path, tmp_path: Path) -> None:
    """It is what is to be tested: nothing takes the place of what it lacks."""
    install(packages, "ham/__init__.py")
    found = find_installed("ham._native", told(tmp_path / "project"))
    assert found == Installed("", is_wheel=True, fits=False)


def test_a_wheel_of_the_project_around_a_crate(packages: Path, tmp_path: Path) -> None:
    """A monorepo's own wheel lacks no module of a crate in it, unless it has the package for it."""
    install(packages, "ham/__init__.py")
    around = replace(told(tmp_path / "project"), is_certain=False)
    assert find_installed("spam", around) is None
    assert find_installed("spam._native", around) is None
    found = find_installed("ham._native", around)
    assert found == Installed("", is_wheel=True, fits=False)
    assert find_installed("spam", told(tmp_path / "project")) == found


def test_nothing(packages: Path, tmp_path: Path) -> None:
    nobody = told(tmp_path / "project", distribution="nobody")
    assert find_installed("ham._native", nobody) is None
    assert find_installed("ham.deeper._native", nobody) is None
    assert find_installed("nowhere", None) is None
