"""The finder: what it answers, and how processes come to have it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.extensions.finder import VARIABLE, ModuleFinder, Modules, install, uninstall

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    uninstall()


def modules(**files: str) -> Modules:
    found = Modules()
    found.files = {name.replace("__", "."): file for name, file in files.items()}
    return found


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_full_names_alone() -> None:
    finder = install(modules(ham___native="/somewhere/libham.so"))
    spec = finder.find_spec("ham._native")
    assert spec is not None
    assert spec.origin == "/somewhere/libham.so"
    assert spec.has_location
    for name in ("ham", "_native", "ham._native.more", "ham._nativ"):
        assert finder.find_spec(name) is None


def test_there_is_one_finder() -> None:
    first = install(modules(one="/one.so"))
    assert install(modules(two="/two.so")) is first
    assert set(first.modules.files) == {"one", "two"}
    assert sum(isinstance(one, ModuleFinder) for one in sys.meta_path) == 1


def test_processes_that_are_started_have_it(tmp_path: Path) -> None:
    (tmp_path / "ham").mkdir()
    (tmp_path / "ham" / "__init__.py").write_text("")
    found = Modules()
    found.broken = {"ham._native": "ham._native: it does not build"}
    found.paths = [str(tmp_path)]
    install(found)
    done = run("import ham; import ham._native")
    assert done.stderr.splitlines()[-1] == "ImportError: ham._native: it does not build"
    uninstall()
    assert "No module named 'ham'" in run("import ham").stderr


def test_a_package_that_holds_a_module_alone() -> None:
    found = modules(space__deep___native="/nowhere/lib.so")
    found.parents = ["space", "space.deep"]
    install(found)
    import_error = run("import space.deep; import space.deep._native").stderr
    assert "/nowhere/lib.so" in import_error
    assert list(importlib.import_module("space.deep").__path__) == []
    del sys.modules["space"], sys.modules["space.deep"]


def test_a_distribution_that_is_not_installed() -> None:
    found = Modules()
    found.versions = {"Ham.Spam": "1.2.3"}
    install(found)
    code = "from importlib.metadata import version; print(version('ham-spam'))"
    assert run(code).stdout == "1.2.3\n"
    code = "from importlib.metadata import distributions as all; print([*all()] and 'listed')"
    assert run(code).stdout == "listed\n"
    assert (
        "PackageNotFoundError" in run("from importlib.metadata import version; version('h')").stderr
    )


def test_what_is_built_when_it_is_imported() -> None:
    finder = install(Modules())
    asked: list[str] = []

    def build(name: str) -> None:
        asked.append(name)
        assert finder.find_spec(name) is None  # what builds it does not wait for itself
        install(modules(late="/late.so"))

    finder.pending.add("late")
    finder.build = build
    assert finder.find_spec("other") is None
    assert asked == []
    spec = finder.find_spec("late")
    assert spec is not None
    assert finder.find_spec("late") is not None
    assert asked == ["late"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"files": 1}', '{"files": {}}'])
def test_a_variable_that_is_not_ours(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(VARIABLE, text)
    done = run("print('started')")
    assert (done.stdout, done.stderr) == ("started\n", "")


def test_nothing_is_imported_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    code = "import sys; print([name for name in sys.modules if 'pytest' in name or name == 'json'])"
    assert run(code).stdout == "[]\n"
    assert VARIABLE not in os.environ
