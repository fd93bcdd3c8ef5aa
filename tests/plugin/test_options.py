"""The table of options is that of pytest's help, of unittest's options and of the docs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_cpython_sys.rust.option_table import OPTIONS, Option, read

DOCS = Path(__file__).parents[2] / "docs"
_WORD = re.compile(r"--(?:no-)?c(?:argo|python-sys)[a-z-]*")


def section(name: str, heading: str) -> str:
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.split(r"\n#{1,2} ", f"\n{text}".partition(f" {heading}\n")[2])[0]


def rows() -> list[list[str]]:
    """Return the cells of the reference's table of options."""
    page = section("reference/options.md", "Options and ini keys")
    lines = page.partition("\n| option | ")[2].partition("\n\n")[0].splitlines()
    table = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    return [[cell.strip() for cell in row] for row in table[2:]]


@pytest.fixture(scope="module")
def shown() -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"], capture_output=True, text=True, check=True
    )
    return done.stdout


def typed(option: Option) -> list[str]:
    if not option.command_line:
        return []
    if option.kind == "flag":
        return option.words + option.opposites * option.key
    return [f"{word}={option.value}" for word in option.words]


def test_the_reference_has_each_option_with_its_key_and_its_default() -> None:
    expected = []
    for option in OPTIONS:
        words = ", ".join(f"`{word}`" for word in typed(option)).replace("|", r"\|")
        default = read(option, None)
        shown = f"`{str(default).lower()}`" if default not in (None, ()) else ""
        expected.append([words, f"`{option.name}`" if option.key else "", shown])
    found = [[words, re.sub(r" \(.*", "", key), default] for words, key, default, _ in rows()]
    assert found == expected


def test_the_reference_names_the_choices_of_a_key() -> None:
    for option, row in zip(OPTIONS, rows(), strict=True):
        assert all(f"`{choice}`" in row[3] for choice in option.choices), row


def test_the_reference_has_what_help_shows(shown: str) -> None:
    group = shown.partition("\nRust tests (pytest-cpython-sys):\n")[2].partition("\n\n")[0]
    assert set(_WORD.findall(group)) == {word for row in rows() for word in _WORD.findall(row[0])}
    keys = set(re.findall(r"^  ((?:cargo|cpython_sys)\w*) \((\w+)\):", shown, re.MULTILINE))
    written = set(re.findall(r"`(\w+)` \((\w+)\)", " ".join(row[1] for row in rows())))
    if pytest.version_tuple < (8, 4):  # it knows no numbers
        written = {(key, kind.replace("float", "string")) for key, kind in written}
    assert keys == written


def test_the_options_of_unittest_are_documented() -> None:
    text = section("how-to/cpython-test-suite.md", "Options").partition("```")[0]
    found = set(_WORD.findall(text))
    options = [option for option in OPTIONS if option.unittest]
    opposites = {word for option in options if option.kind == "flag" for word in option.opposites}
    assert found - opposites == {word for option in options for word in option.words}
    assert found & opposites
