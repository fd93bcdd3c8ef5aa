"""Imports, pyproject.toml and docs/developers/dependencies.md agree."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from pytest_cpython_sys.cargo import versions

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PACKAGE = "pytest_cpython_sys"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCS = (ROOT / "docs" / "developers" / "dependencies.md").read_text(encoding="utf-8")

# Where a distribution's module has another name.
MODULES = {
    "libclang-ng": "clang",
    "pytest-testmon": "testmon",
    "pyelftools": "elftools",
    "pyyaml": "yaml",
    "pytest-xdist": "xdist",
}
# Parts of a distribution that is declared.
BELONGS = {"_pytest": "pytest", "pluggy": "pytest"}
OURS = {PACKAGE, "tests", "benchmarks"}
# What developers type, where it has another name.
PROGRAMS = {"import-linter": "lint-imports"}
# CPython's test suite is in no list of its standard library.
PYTHONS = {*sys.stdlib_module_names, "test"}


def names(requirements: list[str]) -> set[str]:
    return {Requirement(text).name for text in requirements} - {PROJECT["name"]}


RUN_TIME = names(PROJECT["dependencies"])
EXTRAS = {extra: names(all_of) for extra, all_of in PROJECT["optional-dependencies"].items()}


def module(distribution: str) -> str:
    return MODULES.get(distribution, distribution.replace("-", "_"))


def trees(*directories: str) -> Iterator[tuple[str, ast.Module]]:
    for directory in directories:
        for path in sorted((ROOT / directory).rglob("*.py")):
            if path != Path(__file__):
                name = path.relative_to(ROOT).as_posix()
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def foreign(*directories: str) -> dict[str, set[str]]:
    """Return the files that import a module that is neither Python's nor ours, by distribution."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, tree in trees(*directories):
        for top in imported(tree):
            if top not in PYTHONS | OURS:
                found[BELONGS.get(top, top)].add(name)
    return found


def loaded(tree: ast.Module) -> Iterator[str]:
    """Yield what may be loaded by its name: plugins and optional modules, pexpect by pytester."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.partition(".")[0]
        elif isinstance(node, ast.Attribute) and node.attr == "spawn_pytest":
            yield "pexpect"


def texts(*directories: str) -> set[str]:
    return {name for _, tree in trees(*directories) for name in loaded(tree)}


def named(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {*imported(tree), *loaded(tree)}


def documented() -> dict[str, dict[str, set[str]]]:
    """Return the rows of the docs' tables, by section or extra: each package with its places."""
    found: dict[str, dict[str, set[str]]] = defaultdict(dict)
    section = extra = ""
    for line in DOCS.splitlines():
        section = line.removeprefix("## ") if line.startswith("## ") else section
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if not cells or "---" in cells[0] or "package" in cells[:2]:
            continue
        if section == "Extras":
            extra = cells.pop(0).strip("`") or extra
        name, why, where = cells
        assert why, line
        found[extra or section][name.strip("`")] = set(re.findall(r"`([^`]+)`", where))
    return found


def test_what_the_package_imports_is_declared_and_all_that_is_declared_is_imported() -> None:
    found = foreign(PACKAGE)
    assert found.keys() == {module(name) for name in RUN_TIME | EXTRAS["abi3"]}, dict(found)


def test_what_tests_import_is_declared_and_all_that_is_declared_is_used() -> None:
    test = {module(name) for name in EXTRAS["test"]}
    found = foreign("tests", "benchmarks").keys() - {module(name) for name in RUN_TIME}
    assert found <= test
    assert test - found <= texts("tests")


def test_what_developers_run_is_named_where_it_is_run() -> None:
    for name, places in documented()["dev"].items():
        for place in places:
            text = place + (ROOT / place).read_text(encoding="utf-8")
            assert PROGRAMS.get(name, name) in text


def test_the_docs_explain_each_and_no_other() -> None:
    rows = {section: set(packages) for section, packages in documented().items()}
    assert rows == {"Run time": RUN_TIME, **EXTRAS}


def test_the_docs_name_the_places() -> None:
    imports = foreign(PACKAGE)
    for section, packages in documented().items():
        for name, places in packages.items():
            assert places, name
            assert all((ROOT / place).exists() for place in places), name
            if section == "Run time" and name != "pytest":
                assert imports[module(name)] == places
            elif section in ("abi3", "bindgen", "test"):
                found = [place for place in places if module(name) not in named(ROOT / place)]
                assert found == [], name


def test_below_the_plugin_nothing_foreign_is_imported_with_a_module() -> None:
    below = [
        (name, top)
        for name, tree in trees(PACKAGE)
        if not name.startswith(f"{PACKAGE}/plugin/")
        for statement in tree.body
        if isinstance(statement, (ast.Import, ast.ImportFrom))
        for top in imported(ast.Module([statement], []))
        if top not in sys.stdlib_module_names | OURS
    ]
    assert below == []


@pytest.mark.parametrize("minor", range(8, 15))
def test_the_pythons_of_the_classifiers_are_those_that_are_required(minor: int) -> None:
    classifier = f"Programming Language :: Python :: 3.{minor}"
    required = f"3.{minor}" in SpecifierSet(PROJECT["requires-python"])
    assert (classifier in PROJECT["classifiers"]) == required


def test_the_docs_name_the_oldest_versions() -> None:
    (oldest,) = SpecifierSet(PROJECT["requires-python"])
    assert f"Python {oldest.version} or newer" in DOCS
    assert re.search(rf"cargo must be\s+{re.escape(versions.OLDEST)} or newer", DOCS)
