"""docs/reference/public-names.md and the code agree: names, their arguments, what they have."""

from __future__ import annotations

import dataclasses
import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

REFERENCE: Final = Path(__file__).parents[2] / "docs" / "reference"
PAGE: Final = REFERENCE / "public-names.md"
# Of these the page has everything that can be imported with a star.
WHOLE: Final = ("", ".case", ".plugin.hookspecs", ".unittest")


def read_page() -> dict[str, dict[str, list[str]]]:
    """Return what the page says: each module's names as they are called, with what they have."""
    found: dict[str, dict[str, list[str]]] = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        module, _, text = section.partition("\n")
        rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| `")]
        found[module] = {name.strip(" `"): re.findall(r"`([^`]+)`", has) for name, has in rows}
    return found


NAMES: Final = read_page()
EACH: Final = [(module, name, NAMES[module][name]) for module in NAMES for name in NAMES[module]]


def called(function: Any, *, method: bool) -> str:
    """Return a signature without its types."""
    parameters = list(inspect.signature(function).parameters.values())[method:]
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in parameters]
    return str(inspect.Signature(bare))


def attributes(cls: type) -> set[str]:
    """Return what an object has that is no method."""
    annotated = {name for one in cls.__mro__ for name in getattr(one, "__annotations__", ())}
    fields = (
        {one.name for one in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else set()
    )
    properties = {name for name in dir(cls) if not callable(inspect.getattr_static(cls, name))}
    return annotated | fields | properties


def test_the_page_has_rows() -> None:
    assert len(NAMES) == 8
    assert all(NAMES.values())


@pytest.mark.parametrize(
    ("module", "name", "has"), EACH, ids=[f"{one[0]}.{one[1]}" for one in EACH]
)
def test_a_name_is_there_and_has_what_it_is_said_to_have(
    module: str, name: str, has: list[str]
) -> None:
    bare, bracket, _ = name.partition("(")
    found = getattr(import_module(module), bare)
    if bracket:
        assert name == bare + called(found, method=False)
    for one in has:
        member, bracket, _ = one.partition("(")
        if bracket:
            assert one == member + called(getattr(found, member), method=True)
        else:
            assert member in attributes(found), f"{bare}.{member}"


@pytest.mark.parametrize("module", [f"pytest_cpython_sys{one}" for one in WHOLE])
def test_the_page_has_all_of_a_module(module: str) -> None:
    assert sorted(import_module(module).__all__) == sorted(
        name.partition("(")[0] for name in NAMES[module]
    )


def test_what_is_public_of_cargo_can_be_imported_from_there() -> None:
    module = import_module("pytest_cpython_sys.cargo")
    assert {name.partition("(")[0] for name in NAMES[module.__name__]} <= set(module.__all__)


def test_the_pages_of_the_api_show_what_is_public_and_nothing_else() -> None:
    shown: dict[str, dict[str, list[str]]] = {}
    for page in sorted((REFERENCE / "api").glob("*.md")):
        for block in page.read_text(encoding="utf-8").split("\n::: ")[1:]:
            module, _, name = block.partition("\n")[0].rpartition(".")
            (members,) = re.findall(r"^ +members: \[(.*)\]$", block, re.MULTILINE)
            shown.setdefault(module, {})[name] = re.findall(r"\w+", members)
    assert len(shown) == 3
    for module, names in shown.items():
        public = {
            name.partition("(")[0]: [one.partition("(")[0] for one in has]
            for name, has in NAMES[module].items()
        }
        assert names == public, module


def test_what_the_page_says_of_a_case_is_all_there_is_of_it() -> None:
    from pytest_cpython_sys import case

    for cls in (
        case.Case,
        case.Verdict,
        case.Location,
        case.Program,
        case.Layouts,
        case.TypeLayout,
    ):
        named = NAMES[case.__name__][cls.__name__]
        assert [one.name for one in dataclasses.fields(cls)] == [
            name for name in named if not isinstance(getattr(cls, name, None), property)
        ]
