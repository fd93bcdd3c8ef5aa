"""What a module promises in its manifest: each promise kept, and each broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, python_with_headers, run
from .module_crate import module
from .promise_crates import promising, promising_modules
from .test_modules import Expected, Seen, check, verdicts, write_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

TABLE = "package.metadata.cpython-sys.module"


def test_what_is_no_promise(pytester: pytest.Pytester, write: Write) -> None:
    """One sentence says which words there are."""
    write(promising("eggs", ["no-gil"]))
    result = run(pytester, "-k", "imports")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{TABLE}.requires: 'no-gil' is no promise of a module: did *"])
    result.stdout.fnmatch_lines(
        ["*There are not-gil, multi-phase, PyModExport, no-legacy-init, immutable-types, final-*"]
    )


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("requires = 3", '*.module.requires is no array: write requires = [[]"not-gil"[]]'),
        ("requires = [3]", "*.module.requires: 3 is no text: write it in quotes"),
        ('require = ["not-gil"]', "*.module[]] has an unknown key 'require': did you mean 'requi*"),
        ('name = "a-b"', "*.module.name: 'a-b' is no name of a module"),
    ],
)
def test_a_table_that_cannot_be_used(
    pytester: pytest.Pytester, write: Write, table: str, words: str
) -> None:
    write(module(metadata=f"[{TABLE}]\n{table}\n"))
    result = run(pytester, "-k", "imports")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([words])


def test_a_table_with_the_name_and_no_other_demand(pytester: pytest.Pytester, write: Write) -> None:
    """It says what the key `module` says, where that is a text."""
    root = write(module("spam", slots=(), metadata=f'[{TABLE}]\nname = "ham.spam"\n'))
    (root / "ham").mkdir()
    (root / "ham" / "__init__.py").write_text("")
    result = run(pytester, "-k", "imports or requires")
    assert outcomes(result) == {"src/lib.rs::@module::imports": "passed"}


def expected(package: str, word: str, outcome: str, words: str = "") -> Expected:
    return Expected(f"{package}::requires::{word}", outcome, words)


HIDDEN = "Hidden (heap type): "
SHOWN = [
    *(
        expected("kept", word, "passed")
        for word in ("not-gil", "multi-phase", "immutable-types", "final-types")
    ),
    expected("kept", "final-types", "passed", "looked at: kept.Egg (heap type)"),
    expected(
        "silent",
        "not-gil",
        "failed",
        'requires "not-gil", and does not declare Py_MOD_GIL_NOT_USED',
    ),
    expected("silent", "not-gil", "failed", "declare it with the slot Py_mod_gil"),
    expected("silent", "not-gil", "failed", f"or take it out of `requires` in [{TABLE}]"),
    expected("silent", "multi-phase", "passed"),
    expected("gil_used", "not-gil", "failed", 'requires "not-gil", and declares Py_MOD_GIL_USED'),
    expected("no_slots", "multi-phase", "passed"),
    expected("no_slots", "not-gil", "failed"),
    *(
        expected(name, "multi-phase", "failed", "and is initialised in a single phase")
        for name in ("single", "single_again")
    ),
    *(expected("no_types", word, "passed", "it makes no types") for word in ("final-types",)),
    expected("mutable", "immutable-types", "failed", "and its type can be changed"),
    expected("mutable", "immutable-types", "failed", "mutable.Egg (heap type): give it Py_TPFLAGS"),
    expected("mutable", "final-types", "passed"),
    expected("base", "final-types", "failed", "and 1 of 2 types can be subclassed"),
    expected("base", "final-types", "failed", "base.Nest (heap type): leave out Py_TPFLAGS_BASE"),
    expected("base", "immutable-types", "passed"),
    expected("static_types", "immutable-types", "passed", "eggs.Egg (static type)"),
    expected("static_types", "final-types", "passed", "eggs.Egg (static type)"),
    expected("static_base", "final-types", "failed", "eggs.Egg (static type): leave out"),
    expected("hidden", "immutable-types", "failed", HIDDEN),
    expected("hidden", "final-types", "failed", HIDDEN),
    expected("lazy", "immutable-types", "failed", HIDDEN),
    expected("error", "immutable-types", "passed", "error.Error (heap type)"),
    expected("error", "final-types", "passed", "exceptions, which may be changed and subclassed"),
    expected("foreign", "final-types", "passed", "looked at: foreign.Egg (heap type)"),
    *(
        expected("crashing", word, "error", "not evaluated: it cannot be imported, see `imports`")
        for word in ("not-gil", "multi-phase", "immutable-types", "final-types")
    ),
    *(
        expected("undecided", word, "skipped", f"not evaluated: Python 3.13.0 (cp313) {lack}; 3.15")
        for word, lack in (
            ("PyModExport", "looks for no PyModExport_NAME"),
            ("no-legacy-init", "looks for PyInit_NAME alone"),
        )
    ),
]
WITH_A_GIL = [
    expected(name, "not-gil", "skipped", "not evaluated: a module of a single phase says so with")
    for name in ("single", "single_again")
]
BEFORE_3_13 = [
    expected(
        "kept", "not-gil", "skipped", "not evaluated: Python 3.12.1 (cp312) knows no Py_mod_gi"
    ),
    expected("silent", "not-gil", "skipped", "knows no Py_mod_gil; 3.13 does"),
    expected("kept", "immutable-types", "passed"),
    expected("mutable", "immutable-types", "failed"),
    expected("base", "final-types", "failed"),
    expected("single", "multi-phase", "failed"),
    expected("single_again", "multi-phase", "failed"),
    expected("no_slots", "multi-phase", "passed"),
]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, dict[str, Seen]]:
    """Return what was said with each Python."""
    found = {}
    for version, items in (("3.13", [*SHOWN, *WITH_A_GIL]), ("3.12", BEFORE_3_13)):
        root = tmp_path_factory.mktemp("promises")
        write_workspace(root, promising_modules(gil_slot=version != "3.12"))
        python = python_with_headers(version)
        found[version] = verdicts(root, str(python.executable), items)
    return found


@pytest.mark.parametrize("one", [*SHOWN, *WITH_A_GIL], ids=lambda one: one.name)
def test_a_promise(seen: Mapping[str, dict[str, Seen]], one: Expected) -> None:
    check(seen["3.13"], one)


@pytest.mark.parametrize("one", BEFORE_3_13, ids=lambda one: one.name)
def test_what_an_older_python_shows(seen: Mapping[str, dict[str, Seen]], one: Expected) -> None:
    check(seen["3.12"], one)
