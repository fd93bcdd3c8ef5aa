"""What a module promises in its manifest: each promise kept, and each broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, python_with_headers, replace_once, run
from .module_crate import module
from .promise_crates import exporting_modules, promising, promising_modules
from .test_modules import Expected, Seen, check, verdicts, write_workspace

if TYPE_CHECKING:
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

TABLE = "package.metadata.cpython-sys.module"


def test_what_is_no_promise(pytester: pytest.Pytester, write: Write) -> None:
    """One sentence says which words there are."""
    write(promising("eggs", ["no-gil", "fast"]))
    result = run(pytester, "-k", "imports or metadata")
    result.assert_outcomes(errors=2)
    words = "choose from not-gil, multi-phase, PyModExport, no-legacy-init, immutable-*"
    result.stdout.fnmatch_lines_random(
        [
            "*unknown promise `no-gil`: did you mean `not-gil`[?]",
            f"*unknown promise `fast`: {words}",
        ]
    )


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("requires = 3", '*`module.requires` must be an array *: write requires = [[]"not-gil"[]]'),
        (
            "requires = [3]",
            "*`module.requires` must be an array of strings, but contains 3: write requires = *",
        ),
        (
            'require = ["not-gil"]',
            "*unknown key `module.require`: did you mean `module.requires`[?]",
        ),
        ('name = "a-b"', '*`module.name`: "a-b" is not a valid module name: *'),
    ],
)
def test_a_table_that_cannot_be_used(
    pytester: pytest.Pytester, write: Write, table: str, words: str
) -> None:
    write(module(metadata=f"[{TABLE}]\n{table}\n"))
    result = run(pytester, "-k", "imports or metadata")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines([words])


def test_a_table_with_the_name_and_no_other_demand(pytester: pytest.Pytester, write: Write) -> None:
    """It says what the key `module` says, where that is a text."""
    root = write(module("spam", slots=(), metadata=f'[{TABLE}]\nname = "ham.spam"\n'))
    (root / "ham").mkdir()
    (root / "ham" / "__init__.py").write_text("")
    result = run(pytester, "-k", "imports or requires")
    assert outcomes(result) == {"src/lib.rs::@module::imports": "passed"}


def test_promises_are_kept_whatever_else_is_checked(
    pytester: pytest.Pytester, write: Write
) -> None:
    asks = "[package.metadata.cpython-sys]\npolicies = []\n"
    write(promising("eggs", ["multi-phase"], metadata=asks))
    python = f"--cpython-sys-python={python_with_headers('3.13').executable}"
    item = "src/lib.rs::@module::requires::multi-phase"
    assert outcomes(run(pytester, python)) == {item: "passed"}
    assert outcomes(run(pytester, python, "-ocpython_sys_policies=off")) == {}


@pytest.mark.parametrize("kinds", ['["rlib"]', '["lib", "dylib"]'])
def test_a_library_that_nobody_could_import(
    pytester: pytest.Pytester, write: Write, kinds: str
) -> None:
    write(promising("eggs", ["multi-phase"], crate_types=kinds))
    result = run(pytester)
    assert outcomes(result) == {"Cargo.toml::@metadata": "error"}
    result.stdout.fnmatch_lines(
        ["*`module.requires`: eggs has no library that Python can import: *"]
    )


def test_calls_of_what_nobody_could_import(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": '[package]\nname = "eggs"\nversion = "0.1.0"\nedition = "2021"\n'
            '[package.metadata.cpython-sys]\ncalls = ["hatch()"]\npolicies = ["symbols"]\n'
            '[workspace.metadata.cpython-sys]\npolicies = ["fmt"]\n',
            "src/lib.rs": "#[test] fn ok() {}\n",
        }
    )
    result = run(pytester)
    assert outcomes(result) == {"Cargo.toml::@metadata": "error", "src/lib.rs::ok": "passed"}
    words = "eggs has no library that Python can import: write crate-type = *"
    result.stdout.fnmatch_lines(
        [
            f"Cargo.toml:6: `calls`: {words}, or remove the key",
        ]
    )
    words = "[[]workspace.metadata.cpython-sys[]] is not read: write *"
    result.stdout.fnmatch_lines([f"*/Cargo.toml: {words}"])
    assert result.stdout.str().count("workspace.metadata.cpython-sys") == 1


def test_nothing_is_imported_again_when_nothing_has_changed(
    pytester: pytest.Pytester, write: Write
) -> None:
    """What was seen of a module is kept, unless it has come to a bad end."""
    log = pytester.path / "log"
    opened = (
        "use std::io::Write; writeln!(std::fs::OpenOptions::new().create(true).append(true)"
        f'.open(r"{log}").unwrap(), "imported").unwrap();'
    )
    root = write(promising("eggs", ["multi-phase", "final-types"], run=opened))
    python = f"--cpython-sys-python={python_with_headers('3.13').executable}"

    def imports() -> int:
        before = len(log.read_text().split()) if log.exists() else 0
        result = run(pytester, python, "src/lib.rs::@module::requires")
        assert set(outcomes(result).values()) == {"passed"}
        return len(log.read_text().split()) - before

    assert [imports(), imports()] == [2, 0]
    replace_once(root / "Cargo.toml", "[package.metadata", "# \n[package.metadata")
    assert imports() == 0
    replace_once(root / "src" / "lib.rs", '"imported"', '"imported!"')
    assert imports() == 2


PYO3 = f"""
[package]
name = "eggs"
version = "0.1.0"
edition = "2021"
[lib]
crate-type = ["cdylib"]
[dependencies]
pyo3 = "0.29"
[package.metadata.cpython-sys]
policies = []
calls = ["hatch()"]
[{TABLE}]
requires = ["not-gil", "multi-phase", "immutable-types", "final-types"]
"""
PYO3_LIBRARY = """
use pyo3::prelude::*;

pyo3::create_exception!(eggs, Cracked, pyo3::exceptions::PyValueError);

#[pyclass(immutable_type)]
struct Egg;

#[pyclass(immutable_type, module = "fractions")]
struct Chick;

#[pyfunction]
fn hatch() -> Chick {
    Chick
}

#[pymodule(gil_used = false)]
fn eggs(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.py().import("fractions")?;
    m.add("Cracked", m.py().get_type::<Cracked>())?;
    m.add_class::<Egg>()?;
    m.add_function(wrap_pyfunction!(hatch, m)?)
}
"""


def test_promises_of_a_module_with_pyo3(
    pytester: pytest.Pytester, write: Write, pyo3_target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One class is in the module; the other one is made by the first call, and shown by none."""
    monkeypatch.setenv("CARGO_TARGET_DIR", str(pyo3_target))
    root = write({"Cargo.toml": PYO3, "src/lib.rs": PYO3_LIBRARY})
    python = f"--cpython-sys-python={python_with_headers('3.13').executable}"
    words = ("not-gil", "multi-phase", "immutable-types", "final-types")
    kept = {f"src/lib.rs::@module::requires::{word}": "passed" for word in words}
    assert outcomes(run(pytester, python)) == kept

    library = root / "src" / "lib.rs"
    replace_once(library, '(immutable_type, module = "fractions")', '(module = "fractions")')
    replace_once(library, "#[pyclass(immutable_type)]", "#[pyclass(immutable_type, subclass)]")
    replace_once(library, "gil_used = false", "gil_used = true")
    result = run(pytester, python)
    broken = {name for name, outcome in outcomes(result).items() if outcome == "failed"}
    assert broken == {name for name in kept if not name.endswith("::multi-phase")}
    result.stdout.fnmatch_lines_random(
        [
            '*: requires "immutable-types", but 1 of 2 types can be changed',
            "  fractions.Chick (heap type): give it Py_TPFLAGS_IMMUTABLETYPE",
            "  *.Egg (heap type): remove Py_TPFLAGS_BASETYPE",
            '*: requires "not-gil", but declares Py_MOD_GIL_USED',
        ]
    )


def test_a_module_that_only_newer_pythons_find(pytester: pytest.Pytester, write: Write) -> None:
    write(exporting_modules()["modern"])
    python = f"--cpython-sys-python={python_with_headers('3.13').executable}"
    result = run(pytester, python, "src/lib.rs::@module::imports")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["the library exports PyModExport_modern, which only Python 3.15 and newer use: choose *"]
    )


def expected(package: str, word: str, outcome: str, words: str = "") -> Expected:
    return Expected(f"{package}::requires::{word}", outcome, words)


HIDDEN = "Hidden (heap type): "
SHOWN = [
    *(
        expected("kept", word, "passed")
        for word in ("not-gil", "multi-phase", "immutable-types", "final-types")
    ),
    expected("kept", "final-types", "passed", "types checked: kept.Egg (heap type)"),
    expected(
        "silent",
        "not-gil",
        "failed",
        'requires "not-gil", but does not declare Py_MOD_GIL_NOT_USED',
    ),
    expected("silent", "not-gil", "failed", "add the slot Py_mod_gil with"),
    expected("silent", "not-gil", "failed", f"or remove the promise from `requires` in [{TABLE}]"),
    expected("silent", "multi-phase", "passed"),
    expected("gil_used", "not-gil", "failed", 'requires "not-gil", but declares Py_MOD_GIL_USED'),
    expected("no_slots", "multi-phase", "passed"),
    expected("no_slots", "not-gil", "failed"),
    *(
        expected(name, "multi-phase", "failed", "but uses single-phase initialisation")
        for name in ("single", "single_again")
    ),
    *(
        expected("no_types", word, "passed", "the module creates no types")
        for word in ("final-types",)
    ),
    expected("mutable", "immutable-types", "failed", "but its only type can be changed"),
    expected("mutable", "immutable-types", "failed", "mutable.Egg (heap type): give it Py_TPFLAGS"),
    expected("mutable", "final-types", "passed"),
    expected("base", "final-types", "failed", "but 1 of 2 types can be subclassed"),
    expected("base", "final-types", "failed", "base.Nest (heap type): remove Py_TPFLAGS_BASE"),
    expected("base", "immutable-types", "passed"),
    expected("static_types", "immutable-types", "passed", "eggs.Egg (static type)"),
    expected("static_types", "final-types", "passed", "eggs.Egg (static type)"),
    expected("static_base", "final-types", "failed", "eggs.Egg (static type): remove"),
    expected("hidden", "immutable-types", "failed", HIDDEN),
    expected("hidden", "final-types", "failed", HIDDEN),
    expected("lazy", "immutable-types", "failed", HIDDEN),
    expected("error", "immutable-types", "passed", "error.Error (heap type)"),
    expected("error", "final-types", "passed", "exceptions, which are exempt"),
    expected("foreign", "final-types", "passed", "types checked: foreign.Egg (heap type)"),
    *(
        expected(
            "crashing",
            word,
            "error",
            "not evaluated: the module cannot be imported: see `@module::imports`",
        )
        for word in ("not-gil", "multi-phase", "immutable-types", "final-types")
    ),
    # What a type says of its module is not what made it.
    expected("elsewhere", "immutable-types", "failed", "fractions.Thing (heap type): give it"),
    expected("subclassed", "immutable-types", "passed", "types checked: subclassed.Egg (heap"),
    expected("subclassed", "final-types", "failed", "but its only type can be subclassed"),
    *(expected("foreign", word, "passed", "foreign.Egg") for word in ("immutable-types",)),
]
BEFORE_3_15 = [
    expected("undecided", word, "skipped", lack)
    for word, lack in (
        ("PyModExport", "needs Python 3.15 or newer, which uses PyModExport_NAME; this is "),
        ("no-legacy-init", "needs Python 3.15 or newer, which uses PyModExport_NAME; this is "),
    )
]
SINCE_3_15 = [
    *(
        expected("modern", word, "passed")
        for word in ("PyModExport", "no-legacy-init", "not-gil", "multi-phase")
    ),
    expected("modern_gil", "not-gil", "failed", "but declares Py_MOD_GIL_USED"),
    expected("modern_gil", "multi-phase", "passed"),
    expected("two_ways", "PyModExport", "passed"),
    expected("two_ways", "no-legacy-init", "failed", "but the library exports PyInit_two_ways"),
    expected("two_ways", "not-gil", "passed"),
    expected(
        "legacy", "PyModExport", "failed", "does not export PyModExport_legacy: it exports PyInit_"
    ),
    expected("legacy", "no-legacy-init", "failed", "remove PyInit_legacy, or remove the promise"),
    expected("legacy", "multi-phase", "passed"),
]
WITH_A_GIL = [
    expected(
        name,
        "not-gil",
        "skipped",
        "not checked: needs a Python without a GIL, because a module with",
    )
    for name in ("single", "single_again")
]
BEFORE_3_13 = [
    expected(
        "kept",
        "not-gil",
        "skipped",
        "not checked: needs Python 3.13 or newer, which supports Py_mod",
    ),
    expected("silent", "not-gil", "skipped", "which supports Py_mod_gil; this is 3.12."),
    expected("kept", "immutable-types", "passed"),
    expected("mutable", "immutable-types", "failed"),
    expected("base", "final-types", "failed"),
    expected("single", "multi-phase", "failed"),
    expected("single_again", "multi-phase", "failed"),
    expected("no_slots", "multi-phase", "passed"),
]


Find = Callable[[str], Mapping[str, Seen]]
PER_VERSION = {
    "3.12": BEFORE_3_13,
    "3.13": [*SHOWN, *WITH_A_GIL, *BEFORE_3_15],
    "3.15": [*SHOWN, *WITH_A_GIL, *SINCE_3_15],
}


@pytest.fixture(scope="module")
def find(tmp_path_factory: pytest.TempPathFactory) -> Find:
    """Return a function that says what was said with a Python."""

    @cache
    def find(version: str) -> Mapping[str, Seen]:
        python = python_with_headers(version)
        root = tmp_path_factory.mktemp("promises")
        packages = promising_modules(gil_slot=version != "3.12")
        if version == "3.15":
            packages |= exporting_modules()
        write_workspace(root, packages)
        return verdicts(root, str(python.executable), PER_VERSION[version])

    return find


@pytest.mark.parametrize(
    ("version", "one"),
    [(version, one) for version, items in PER_VERSION.items() for one in items],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_promise(find: Find, version: str, one: Expected) -> None:
    check(find(version), one)
