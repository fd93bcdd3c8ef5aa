"""Each name that pages have is there, and each name that is there has its place in a page."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import pytest

import pytest_cpython_sys
from pytest_cpython_sys.case import Kind
from pytest_cpython_sys.checkers.lints.checker import _COMMANDS
from pytest_cpython_sys.plugin.marks import MARKS
from pytest_cpython_sys.rust.metadata import ABI_KEYS, POLICY_KEYS
from pytest_cpython_sys.rust.option_table import OPTIONS
from pytest_cpython_sys.rust.tables.api import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}
REFERENCE: Final = "\n".join(text for name, text in PAGES.items() if "/reference/" in name)

# Words of one form with ours, and not ours.
KEYS_OF_OTHERS: Final = {
    "cargo_fixture",  # a module
    "cargo_metadata",
    "cpython_sys",  # the crate, as Rust has it
    "pytest_cpython_sys_checkers",
}
MARKS_OF_OTHERS: Final = {
    "rust_analyzer",
    "rust_eh_personality",
    "rust_extension",  # a fixture
    "rust_test",  # a property
}
# What cargo gives our own programs, and what changes how others print.
OTHERS_READ: Final = {"LC_ALL", "OUT_DIR", "PYTEST_XDIST_WORKER", "PYTHONDONTWRITEBYTECODE"}
# Variables of other tools, of which pages say what becomes of them.
OTHERS_VARIABLES: Final = {
    *("CARGO_TARGET_DIR", "LD_LIBRARY_PATH", "PYTEST_XDIST_WORKER"),
    *("RUST_TEST_THREADS", "RUSTUP_TOOLCHAIN"),
}


def trees() -> Iterator[ast.Module]:
    for path in Path(pytest_cpython_sys.__file__).parent.rglob("*.py"):
        yield ast.parse(path.read_text(encoding="utf-8"))


CONSTANTS: Final = {
    node.value
    for tree in trees()
    for node in ast.walk(tree)
    if isinstance(node, ast.Constant) and isinstance(node.value, str)
}


def found(pattern: str) -> dict[str, set[str]]:
    """Return what pages name, each with its pages."""
    names: dict[str, set[str]] = {}
    for page, text in PAGES.items():
        for name in re.findall(pattern, text):
            names.setdefault(name, set()).add(page)
    return names


def read_variables() -> Iterator[str]:
    """Yield the variables that the code asks an environment for."""
    for tree in trees():
        for node in ast.walk(tree):
            match node:
                case ast.Call(ast.Attribute(where, "get"), [ast.Constant(str(name)), *_]):
                    pass
                case ast.Subscript(where, ast.Constant(str(name)), ast.Load()):
                    pass
                case _:
                    continue
            if "environ" in ast.unparse(where):
                yield name


def test_options() -> None:
    words = {word for option in OPTIONS for word in (*option.words, *option.opposites)}
    named = found(r"(?<![\w-])--(?:no-)?c(?:argo|python-sys)(?:-[a-z]+)*(?![\w-])")
    unknown = {name: pages for name, pages in named.items() if name not in words}
    assert unknown == {}
    assert {option.words[0] for option in OPTIONS if option.command_line} <= named.keys()


def test_ini_keys() -> None:
    keys = {option.name for option in OPTIONS if option.key} | {"cargo_timeout"}
    named = found(r"(?<![\w./-])(?:cargo|cpython_sys)_[a-z_]+(?![\w(]|\.py)")
    unknown = {name: pages for name, pages in named.items() if name not in keys | KEYS_OF_OTHERS}
    assert unknown == {}
    assert keys <= named.keys() | {"cpython_sys"}


def test_marks() -> None:
    named = found(r"(?<![\w./-])rust_[a-z]+(?![\w(]|\.py|\.xml)")
    unknown = {name: page for name, page in named.items() if name not in {*MARKS, *MARKS_OF_OTHERS}}
    assert unknown == {}
    assert [name for name in MARKS if f"`{name}`" not in PAGES["docs/reference/marks.md"]] == []


def test_kinds_have_a_mark() -> None:
    kinds = set(get_args(Kind)) - {"table"}  # an error of a manifest, not a test
    assert {f"rust_{kind}" for kind in kinds} <= MARKS.keys()


def test_levels_of_ids() -> None:
    levels = {match[1] for text in CONSTANTS if (match := re.match(r"@([a-z]+)(?:::|$)", text))}
    levels |= _COMMANDS.keys()
    targets = {"test", "bin", "example", "bench", "cp"}
    named = found(r"(?:::|`)@([a-z]+)")
    own = {"description", "generated"}  # of how-to/checker.md; how a file says that it is generated
    unknown = {name: page for name, page in named.items() if name not in levels | targets | own}
    assert unknown == {}
    page = PAGES["docs/reference/node-ids.md"]
    assert [level for level in levels if f"@{level}" not in page] == []


def test_keys_of_a_manifest() -> None:
    page = PAGES["docs/reference/metadata.md"]
    keys = page.partition("\n## ")[0]
    named = set(re.findall(r"`([a-z-]+)`", keys)) - {"module.name"}
    expected = {*ABI_KEYS, *POLICY_KEYS, *RULES, "allow", "sys"}
    assert expected - named == set()
    assert named - expected == set()


def test_the_variables_that_are_read() -> None:
    read = set(read_variables()) - OTHERS_READ
    assert len(read) > 10
    page = PAGES["docs/reference/environment.md"]
    assert [name for name in sorted(read) if f"`{name}`" not in page] == []


def test_the_variables_that_are_named() -> None:
    page = PAGES["docs/reference/environment.md"]
    named = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", page))
    words = {word for text in CONSTANTS for word in re.findall(r"[A-Z][A-Z0-9_]+", text)}
    assert named - words - OTHERS_VARIABLES == set()


@pytest.mark.parametrize("code", range(6))
def test_exit_codes(code: int) -> None:
    assert re.search(rf"^\| {code} \| \w", PAGES["docs/reference/exit-codes.md"], re.MULTILINE)


def test_the_readme_has_absolute_links_that_lead_somewhere() -> None:
    """It is shown where no file lies beside it."""
    text = PAGES["README.md"]
    base = re.escape("https://github.com/pytest-cpython-sys/pytest-cpython-sys/blob/main/")
    targets = dict(re.findall(rf"^\[([\w-]+)\]: {base}(\S+)$", text, re.MULTILINE))
    used = set(re.findall(r"\]\[([\w-]+)\]", text))
    assert used == targets.keys()
    assert re.findall(r"\]\((?!https://)", text) == []
    assert [name for name in targets.values() if not (ROOT / name).is_file()] == []
