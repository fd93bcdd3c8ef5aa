"""What `cargo metadata` says of a workspace, whole; and what older cargos leave out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_cpython_sys.cargo.metadata import (
    Dependency,
    Package,
    Target,
    Workspace,
    enclosing_manifest,
    parse_metadata,
    parse_target,
    target_kind,
)

if TYPE_CHECKING:
    from pathlib import Path

FULL: dict[str, Any] = {
    "kind": ["lib"],
    "crate_types": ["lib"],
    "name": "my-lib",
    "src_path": "/w/a/src/../src/lib.rs",
    "edition": "2021",
    "doctest": True,
    "test": True,
    "required-features": ["x", "y"],
}
LEAST: dict[str, Any] = {"kind": ["bin"], "name": "b", "src_path": "/w/a/src/main.rs"}
PACKAGE: dict[str, Any] = {
    "id": "path+file:///w/a#my-lib@1.2.3",
    "name": "my-lib",
    "version": "1.2.3",
    "manifest_path": "/w/a/Cargo.toml",
    "targets": [LEAST, FULL],
    "dependencies": [
        {"name": "syn", "kind": None},
        {"name": "own", "kind": "dev", "path": "/w/own", "rename": "mine"},
    ],
    "metadata": {"cpython-sys": {}},
    "description": "what",
    "homepage": "home",
    "license": "MIT",
    "license_file": "LICENSE",
    "repository": "there",
    "rust_version": "1.85",
    "authors": ["One", "Two"],
    "readme": "README.md",
}


def workspace(package: dict[str, Any], **more: Any) -> Workspace:
    raw = {
        "workspace_members": [package["id"]],
        "workspace_root": "/w",
        "target_directory": "/t",
        "packages": [{**package, "id": "another"}, package],
        **more,
    }
    return parse_metadata(json.dumps(raw))


def test_a_target() -> None:
    assert parse_target(FULL) == Target(
        "my-lib", "lib", ("lib",), "/w/a/src/lib.rs", "2021", True, True, ("x", "y")
    )
    found = parse_target(LEAST)
    assert found == Target("b", "bin", (), "/w/a/src/main.rs", "2015", False, False, ())
    # Not a None that compares like it: False is what a filter sees.
    assert found.doctest is False
    assert found.test is False


@pytest.mark.parametrize(
    ("kinds", "kind"),
    [
        *((one, "lib") for one in ("lib", "rlib", "dylib", "cdylib", "staticlib", "proc-macro")),
        *((one, one) for one in ("bin", "test", "example", "bench", "custom-build")),
        ("of-tomorrow", "bin"),
    ],
)
def test_a_kind(kinds: str, kind: str) -> None:
    assert target_kind([kinds, "other"]) == kind


def test_no_kind_is_a_binary() -> None:
    assert target_kind([]) == "bin"


def test_how_a_target_is_named() -> None:
    library, binary = parse_target(FULL), parse_target(LEAST)
    assert (library.crate_name, library.flag, library.label) == ("my_lib", ("--lib",), "lib")
    assert (binary.crate_name, binary.flag, binary.label) == ("b", ("--bin", "b"), 'bin "b"')


def test_a_package() -> None:
    found = workspace(PACKAGE)
    targets = (parse_target(LEAST), parse_target(FULL))
    about = {
        "DESCRIPTION": "what",
        "HOMEPAGE": "home",
        "LICENSE": "MIT",
        "LICENSE_FILE": "LICENSE",
        "REPOSITORY": "there",
        "RUST_VERSION": "1.85",
        "AUTHORS": "One:Two",
        "README": "README.md",
    }
    dependencies = (
        Dependency("syn", "normal", None, None),
        Dependency("own", "dev", "/w/own", "mine"),
    )
    package = Package(
        PACKAGE["id"],
        "my-lib",
        "1.2.3",
        "/w/a/Cargo.toml",
        targets,
        dependencies,
        {"cpython-sys": {}},
        about,
    )
    assert found == Workspace("/w", "/t", "/t", (package,))
    assert list(found.targets()) == [(package, target) for target in targets]
    assert found.package(PACKAGE["id"]) == package
    assert found.package("another") is None
    assert package.root == "/w/a"
    assert package.library == targets[1]


def test_a_package_that_says_nothing_of_itself() -> None:
    silent = {**PACKAGE, "metadata": None, "authors": None, "readme": None, "description": None}
    for name in ("homepage", "license", "license_file", "repository", "rust_version"):
        del silent[name]
    (package,) = workspace({**silent, "targets": [LEAST]}).packages
    assert package.metadata == {}
    assert set(package.about.values()) == {""}
    assert len(package.about) == 8
    assert package.library is None
    (package,) = workspace({**silent, "readme": False}).packages
    assert package.about["README"] == ""


def test_where_cargo_builds() -> None:
    found = workspace(PACKAGE, build_directory="/b")
    assert (found.target_directory, found.build_directory) == ("/t", "/b")
    assert workspace(PACKAGE, build_directory=None).build_directory == "/t"


def test_the_nearest_manifest(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "src"
    inner.mkdir(parents=True)
    manifest = tmp_path / "a" / "Cargo.toml"
    manifest.touch()
    (inner / "lib.rs").touch()
    assert enclosing_manifest(str(inner)) == str(manifest)
    assert enclosing_manifest(str(inner / "lib.rs")) == str(manifest)
    assert enclosing_manifest(str(manifest)) == str(manifest)
    (inner / "Cargo.toml").mkdir()
    assert enclosing_manifest(str(inner)) == str(manifest)
