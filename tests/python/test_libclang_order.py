"""libclang comes from the user, else the system, else the wheel with its resource headers."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.python import libclang

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MODULES = ("clang", "clang.native")


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A wheel as ``libclang-ng`` installs it, and no system libclang."""
    native = tmp_path / "site" / "clang" / "native"
    (native / "resource" / "include").mkdir(parents=True)
    (native.parent / "__init__.py").touch()
    (native / "__init__.py").touch()
    (native / "libclang.so").touch()
    (native / "resource" / "include" / "stddef.h").touch()
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    kept = {name: sys.modules.pop(name) for name in _MODULES if name in sys.modules}
    monkeypatch.setattr(libclang, "_LINUX", (str(tmp_path / "system"),))
    monkeypatch.setattr(libclang, "_MACOS", (str(tmp_path / "system"),))
    yield native
    for name in _MODULES:
        sys.modules.pop(name, None)
    sys.modules.update(kept)


def test_the_users_own_wins_and_nothing_is_added(wheel: Path) -> None:
    found = libclang.find_libclang({"LIBCLANG_PATH": "/mine", "PATH": ""})
    assert found == libclang.LibClang("environment", "/mine")


@pytest.mark.parametrize("name", ["libclang.so", "libclang-19.so.1", "libclang.so.14"])
def test_then_the_systems(wheel: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "system").mkdir()
    (tmp_path / "system" / name).touch()
    found = libclang.find_libclang({"PATH": ""})
    assert found is not None
    assert (found.source, found.environment) == ("system", ())


def test_libclang_cpp_is_another_library(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "system").mkdir()
    (tmp_path / "system" / "libclang-cpp.so.14").touch()
    found = libclang.find_libclang({"PATH": ""})
    assert found is not None
    assert found.source == "wheel"


def test_then_the_wheel_with_its_resource_headers(wheel: Path) -> None:
    found = libclang.find_libclang({"PATH": "", "BINDGEN_EXTRA_CLANG_ARGS": "-DX"})
    assert found is not None
    assert dict(found.environment) == {
        "LIBCLANG_PATH": str(wheel),
        "BINDGEN_EXTRA_CLANG_ARGS": f"-DX -resource-dir={wheel / 'resource'}",
    }


def test_a_wheel_without_resource_headers_will_not_do(wheel: Path) -> None:
    (wheel / "resource" / "include" / "stddef.h").unlink()
    assert libclang.find_libclang({"PATH": ""}) is None


def copy_of(wheel: Path, place: Path) -> libclang.LibClang:
    """Return what another environment with the same wheel has."""
    shutil.copytree(wheel, place)
    return libclang.LibClang("wheel", str(place / "libclang.so"))


def test_all_environments_name_a_wheel_alike(wheel: Path, tmp_path: Path) -> None:
    one = libclang.find_libclang({"PATH": ""})
    assert one is not None
    two = copy_of(wheel, tmp_path / "another")
    base = str(tmp_path / "target" / "cpython-sys")
    first, second = (
        found.linked(base, {"BINDGEN_EXTRA_CLANG_ARGS": "-DX"}) for found in (one, two)
    )
    assert first == second
    directory = dict(first.environment)["LIBCLANG_PATH"]
    assert os.path.dirname(directory) == base
    assert dict(first.environment)["BINDGEN_EXTRA_CLANG_ARGS"] == (
        f"-DX -resource-dir={directory}/resource"
    )
    assert os.path.isfile(f"{directory}/resource/include/stddef.h")


def test_a_wheel_that_is_gone_or_another_is_not_used(wheel: Path, tmp_path: Path) -> None:
    base = str(tmp_path / "target")
    one = libclang.LibClang("wheel", str(wheel / "libclang.so"))
    two = copy_of(wheel, tmp_path / "another")
    link = os.path.dirname(one.linked(base, {}).path)
    (wheel / "libclang.so").write_text("of a newer wheel")
    assert os.path.dirname(one.linked(base, {}).path) != link
    assert os.path.dirname(two.linked(base, {}).path) == link
    assert os.path.realpath(link) == str(tmp_path / "another")
    three = copy_of(tmp_path / "another", tmp_path / "third")
    shutil.rmtree(tmp_path / "another")
    assert os.path.dirname(three.linked(base, {}).path) == link
    assert os.path.realpath(link) == str(tmp_path / "third")


def test_where_no_link_can_be_made_the_path_is_the_wheels(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = libclang.LibClang("wheel", str(wheel / "libclang.so"))
    assert found.linked(str(tmp_path / "file"), {}) == found


def test_the_users_and_the_systems_are_named_as_they_are(tmp_path: Path) -> None:
    found = libclang.LibClang("system", "/usr/lib/libclang.so")
    assert found.linked(str(tmp_path), {}) == found
