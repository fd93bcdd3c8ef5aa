"""Extension modules: a module a fault, and some without, in one workspace that is run once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

import pytest

from .conftest import _ALONE, _CLEARED, outcomes, python_with_headers, replace_once, run
from .module_crate import faulty_modules, module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Write = Callable[[Mapping[str, str]], Path]

CHECKS = ("imports", "subinterpreters", "free_threading", "leaks")
HERE = [
    check
    for check in CHECKS
    if (check != "subinterpreters" or sys.version_info >= (3, 12))
    and (check != "free_threading" or sysconfig.get_config_var("Py_GIL_DISABLED"))
]
"""What the Python that runs these tests can evaluate."""


class Seen(NamedTuple):
    """What became of an item: outcome, what was said, what was printed."""

    outcome: str
    words: str
    output: str


class Expected(NamedTuple):
    """What an item is to become, with words of what it says or of what was printed."""

    name: str
    outcome: str
    words: str = ""


def write_workspace(root: Path, packages: Mapping[str, Mapping[str, str]]) -> None:
    members = json.dumps(sorted(packages))
    (root / "Cargo.toml").write_text(f'[workspace]\nresolver = "2"\nmembers = {members}\n')
    for name, files in packages.items():
        for path, text in files.items():
            file = root / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


def verdicts(root: Path, python: str, expected: Iterable[Expected]) -> dict[str, Seen]:
    """Run what is expected in a workspace of modules; return all that became of it."""
    pairs = [one.name.partition("::") for one in expected]
    ids = {f"{package}/src/lib.rs::@module::{check}": None for package, _, check in pairs}
    (root / "pytest.ini").write_text("[pytest]\ncargo_timeouts =\n    *=300\n    *hanging*=5\n")
    report = root / "report.xml"
    environment = {name: value for name, value in os.environ.items() if name not in _CLEARED}
    words = [sys.executable, "-m", "pytest", "--cpython-sys", f"--cpython-sys-python={python}"]
    done = subprocess.run(
        [*words, *_ALONE.split(), f"--junitxml={report}", "-ojunit_logging=all", *ids],
        cwd=root,
        env={**environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stdout, done.stdout
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        package, _, levels = str(case.get("classname")).partition(".src.lib.rs.@module")
        problem = next((one for one in case if one.tag in ("failure", "error", "skipped")), None)
        printed = "".join(one.text or "" for one in case if one.tag.startswith("system"))
        said = "" if problem is None else f"{problem.get('message')}\n{problem.text or ''}"
        check = "::".join([*levels.split(".")[1:], str(case.get("name"))])
        outcome = {"failure": "failed"}.get(problem.tag, problem.tag) if problem is not None else ""
        found[f"{package}::{check}"] = Seen(outcome or "passed", said, printed)
    return found


NO_DEBUG = "not a debug build of Python: memory blocks were counted, references were not"
UNEVALUATED = "not evaluated: the module cannot be imported"
ANYWHERE = [
    Expected("good::imports", "passed"),
    Expected("good::subinterpreters", "passed"),
    Expected("archive::imports", "passed"),
    Expected("archive::subinterpreters", "passed", "is empty"),
    Expected("counter::imports", "passed"),
    Expected(
        "counter::subinterpreters",
        "failed",
        "`bump()`: 1 in a fresh process, 1 in one interpreter, 2 in the other",
    ),
    Expected("static_type::subinterpreters", "failed", "Egg (static type) is the same object"),
    Expected("undeclared::imports", "passed"),
    Expected("undeclared::subinterpreters", "passed", "declares no support for isolated"),
    Expected("refusing::subinterpreters", "passed", "INTERPRETERS_NOT_SUPPORTED; an isolated"),
    Expected("one_gil::subinterpreters", "passed", "INTERPRETERS_SUPPORTED; an isolated"),
    Expected("single::imports", "passed"),
    Expected("single::subinterpreters", "passed", "an isolated interpreter rejects it"),
    Expected("single::leaks", "skipped", "Python keeps the module (single-phase"),
    Expected("once::leaks", "skipped", "a second time (ValueError: a logger is set)"),
    Expected("once_calls::leaks", "passed", "a logger is set): only the calls were repeated"),
    Expected("leaking::imports", "passed"),
    Expected("leaking::leaks", "failed", "in 3 imports and teardowns after 3 warm-up runs"),
    Expected("leaking::leaks", "failed", NO_DEBUG),
    Expected("good::leaks", "passed", NO_DEBUG),
    Expected("leaking_call::leaks", "failed", "leaked ["),
    Expected("good::free_threading", "skipped", "needs a Python without a GIL; this is 3."),
    Expected("segfault::imports", "failed", "killed by SIGSEGV (Segmentation fault) while import"),
    Expected("segfault::leaks", "error", UNEVALUATED),
    Expected(
        "panicking::imports",
        "failed",
        "Rust panicked while importing the module: no eggs today\nkilled by SIGABRT (Aborted)",
    ),
    Expected("panicking::imports", "failed", "panicking/src/lib.rs:"),
    Expected("panicking_call::imports", "passed"),
    Expected("panicking_call::leaks", "failed", "no spam today\nkilled by SIGABRT (Aborted)"),
    Expected("panicking_call::leaks", "failed", "while evaluating `bad()`"),
    Expected(
        "panicking_call::subinterpreters",
        "failed",
        "while evaluating `bad()` in an isolated interpreter",
    ),
    Expected(
        "raising_call::leaks", "failed", "failed while evaluating `bad()`: ValueError: no spam"
    ),
    Expected(
        "aborting::imports", "failed", "killed by SIGABRT (Aborted) while importing the module"
    ),
    Expected("leaving::imports", "failed", "exited before it finished (exit code 0) while import"),
    Expected("hanging::imports", "failed", "(limit set by cargo_timeouts in pytest.ini) while"),
    Expected("chatty::imports", "passed", '{"done": true, "error": '),
    Expected("chatty::leaks", "passed", '{"done": true, "error": '),
    Expected("null::imports", "failed", "SystemError: initialization of null failed"),
    Expected("raising::imports", "failed", "ValueError: no eggs"),
    Expected(
        "bad_end::imports", "failed", "killed by SIGABRT (Aborted) while ending the interpreter"
    ),
    Expected("no_export::imports", "failed", "without it, #[unsafe(no_mangle)] pub extern"),
    Expected(
        "bad_call::imports",
        "error",
        "not evaluated: see Cargo.toml::@metadata of the package `bad_call`",
    ),
]


def check(found: Mapping[str, Seen], expected: Expected) -> None:
    seen = found[expected.name]
    assert seen.outcome == expected.outcome, seen
    assert expected.words in seen.words + seen.output


def check_modules(
    root: Path, python: str, packages: Mapping[str, Mapping[str, str]], *expected: Expected
) -> None:
    write_workspace(root, packages)
    found = verdicts(root, python, expected)
    for one in expected:
        check(found, one)


@pytest.fixture(scope="module", params=["3.12", "3.13", "3.15"])
def on_an_installed_python(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Seen]:
    python = python_with_headers(request.param)
    root = tmp_path_factory.mktemp("modules")
    write_workspace(root, faulty_modules(gil_slot=request.param != "3.12"))
    return verdicts(root, str(python.executable), dict.fromkeys(ANYWHERE))


@pytest.mark.parametrize("expected", ANYWHERE, ids=lambda one: one.name)
def test_a_fault_is_named(on_an_installed_python: dict[str, Seen], expected: Expected) -> None:
    check(on_an_installed_python, expected)


def test_no_interpreter_is_left_to_python(on_an_installed_python: dict[str, Seen]) -> None:
    """Python 3.15 warns of sub-interpreters that nobody has ended."""
    assert sum(name.endswith("::subinterpreters") for name in on_an_installed_python) > 5
    for seen in on_an_installed_python.values():
        assert "remaining subinterpreters" not in seen.words + seen.output


def test_what_declares_nothing_and_is_imported_all_the_same(tmp_path: Path) -> None:
    python = python_with_headers("3.13")
    packages = faulty_modules()
    words = "the import in an isolated interpreter succeeded"
    check_modules(
        tmp_path,
        str(python.executable),
        {name: packages[name] for name in ("good", "two_faced")},
        Expected("two_faced::subinterpreters", "failed", words),
        Expected("good::subinterpreters", "passed"),
    )


def test_no_interpreters_of_their_own_before_3_12(tmp_path: Path) -> None:
    words = "needs Python 3.12 or newer; this is 3.11."
    check_modules(
        tmp_path,
        str(python_with_headers("3.11").executable),
        {"good": module("good", slots=())},
        Expected("good::subinterpreters", "skipped", words),  # as its id is typed
        Expected("good::imports", "passed"),
        Expected("good::leaks", "passed"),
    )


# -- ids, options, workers --------------------------------------------------------------------


NO_GIL = "not checked: free_threading"
NEEDS_NO_GIL = "(needs a Python without a GIL; this is 3.*)"


def ids(*checks: str, file: str = "src/lib.rs") -> set[str]:
    return {f"{file}::@module::{check}" for check in checks}


def test_ids_and_workers(pytester: pytest.Pytester, write: Write) -> None:
    """Verdicts and ids are the same in workers; an id can be typed back."""
    write(module(slots=()))
    arguments = [f"--cpython-sys-python={python_with_headers('3.13').executable}"]
    alone = run(pytester, *arguments)
    assert outcomes(alone) == dict.fromkeys(ids("imports", "subinterpreters", "leaks"), "passed")
    words = ["eggs  3 module checks", f"{NO_GIL} of 1 package {NEEDS_NO_GIL}"]
    alone.stdout.fnmatch_lines(words, consecutive=True)
    workers = run(pytester, *arguments, "-n2")
    assert outcomes(workers) == outcomes(alone)
    workers.stdout.fnmatch_lines(words, consecutive=True)
    typed = run(pytester, *arguments, "src/lib.rs::@module::leaks")
    assert outcomes(typed) == dict.fromkeys(ids("leaks"), "passed")
    typed.stdout.no_fnmatch_line(f"{NO_GIL}*")
    run(pytester, *arguments, "src/lib.rs::@module").stdout.fnmatch_lines(words, consecutive=True)
    listed = run(pytester, *arguments, "-m", "rust_policy", "--co")
    assert listed.parseoutcomes()["tests"] == 3
    listed.stdout.no_fnmatch_line(f"{NO_GIL}*")


def test_what_this_python_cannot_evaluate_is_an_item_where_it_is_typed(
    pytester: pytest.Pytester, write: Write
) -> None:
    """A check that needs another Python is counted once; its id, typed, says why."""
    packages = {name: module(name, slots=()) for name in ("eggs", "ham")}
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["eggs", "ham"]\nresolver = "2"\n',
            **{f"{name}/{file}": text for name, f in packages.items() for file, text in f.items()},
            "ham/tests/api.rs": "#[test] fn ok() {}\n",
        }
    )
    old = f"--cpython-sys-python={python_with_headers('3.11').executable}"
    new = f"--cpython-sys-python={python_with_headers('3.12').executable}"
    file = "eggs/src/lib.rs"
    lines = [
        "not checked: subinterpreters of 2 packages (needs Python 3.12 or newer; this is 3.11.*)",
        f"{NO_GIL} of 2 packages {NEEDS_NO_GIL}",
    ]
    result = run(pytester, old)
    assert result.parseoutcomes() == {"passed": 5}
    result.stdout.fnmatch_lines(
        [*lines, "    to make these checks too, *--cpython-sys-python=PATH"], consecutive=True
    )

    # Nothing else of these modules was evaluated, and nothing is said of them.
    run(pytester, old, "-k", "ok").stdout.no_fnmatch_line("not evaluated:*")

    for check, words in (
        ("free_threading", "needs a Python without a GIL; this is 3."),
        ("subinterpreters", "needs Python 3.12 or newer; this is 3.11."),
    ):
        typed = run(pytester, old, f"{file}::@module::{check}")
        assert typed.parseoutcomes() == {"skipped": 1}
        typed.stdout.fnmatch_lines([f"SKIPPED * {file}:*{words}*"])
        typed.stdout.no_fnmatch_line("not evaluated:*")

    both = run(pytester, old, new)
    assert both.parseoutcomes() == {"passed": 12}
    both.stdout.fnmatch_lines([f"cp311: {lines[0]}", f"cp311: {lines[1]}", f"cp312: {lines[1]}"])
    typed = run(pytester, old, new, f"{file}::@cp312::@module::free_threading", "-n2", "-Werror")
    assert typed.parseoutcomes() == {"skipped": 1}


@pytest.mark.parametrize(
    ("setting", "metadata", "items"),
    [
        ("off", "", 0),
        ("all", "policies = []", len(HERE)),
        ("auto", "policies = []", 0),
        ("auto", 'policies = ["modules"]', len(HERE)),
    ],
)
def test_which_packages_are_checked(
    pytester: pytest.Pytester, write: Write, setting: str, metadata: str, items: int
) -> None:
    table = f"[package.metadata.cpython-sys]\n{metadata}\n" if metadata else ""
    write(
        {
            **module(metadata=table),
            "pytest.ini": f"[pytest]\ncpython_sys_policies = {setting}\n",
            "plain/Cargo.toml": "plain",
            "plain/src/lib.rs": "// PyInit_eggs",
        }
    )
    result = run(pytester, "--collect-only", "-q")
    found = [line for line in result.outlines if "@module" in line]
    assert len(found) == items


def test_a_setting_that_does_not_exist(pytester: pytest.Pytester, write: Write) -> None:
    write({**module(), "pytest.ini": "[pytest]\ncpython_sys_policies = some\n"})
    result = run(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *cpython_sys_policies*some: choose one of auto, all, off"])


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('modul = "x"', "unknown key `modul`: did you mean `module`[?]"),
        ('module = "a-b"', '`module`: "a-b" is not a valid module name: write one such as *'),
        (
            'calls = "one()"',
            '`calls` must be an array of strings, not *: write calls = [[]"one()"[]]',
        ),
        (
            'policies = ["speed"]',
            "unknown policy `speed`: choose from clippy, fmt, modules, symbols, unsafe",
        ),
        ('calls = ["1 +"]', '`calls`: "1 +" is not a Python expression: invalid syntax'),
        ("calls = [3]", "`calls` must be an array of strings, but contains 3: write calls = *"),
    ],
)
def test_a_table_that_cannot_be_used(
    pytester: pytest.Pytester, write: Write, table: str, words: str
) -> None:
    write(module(metadata=f"[package.metadata.cpython-sys]\n{table}\n"))
    result = run(pytester, "-k", "imports or metadata")
    assert outcomes(result)["Cargo.toml::@metadata"] == "error"
    assert "passed" not in outcomes(result).values()
    result.stdout.fnmatch_lines([f"Cargo.toml:*: {words}"])


_PATCHLEVEL = "".join(
    f"#define PY_{name}_VERSION {number}\n"
    for name, number in (("MAJOR", 3), ("MINOR", 13), ("MICRO", 5))
)


def test_an_interpreter_that_is_not_built(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            **module(),
            "tree/build/Makefile": "VERSION=\t3.13\nsrcdir=\t..\nCC=\tcc\n",
            "tree/build/pyconfig.h": "",
            "tree/Include/patchlevel.h": _PATCHLEVEL,
            "tree/Include/Python.h": "",
        }
    )
    result = run(pytester, "--cpython-sys-python=tree/build", "src")
    assert result.ret == 0
    assert result.parseoutcomes() == {"skipped": 3}
    result.stdout.fnmatch_lines(
        ["SKIPPED * Python 3.13.5 (cp313, not built) cannot import the module: *"]
    )


def test_a_library_that_does_not_build(pytester: pytest.Pytester, write: Write) -> None:
    files = module()
    write({**files, "src/lib.rs": files["src/lib.rs"] + "fn f( {"})
    # No test needs it, and what it exports is not known.
    result = run(pytester)
    assert result.parseoutcomes() == {"skipped": 1}
    result.stdout.fnmatch_lines(["SKIPPED *it is not known whether the package is an *: *"])
    asks = '[package.metadata.cpython-sys]\npolicies = ["modules"]\n'
    write({"Cargo.toml": files["Cargo.toml"] + asks})
    result = run(pytester)
    assert result.ret == 1
    found = outcomes(result)
    assert {found[name] for name in ids("imports", "leaks")} == {"error"}
    result.stdout.fnmatch_lines(["*: the library does not build", "error: *an unclosed delimiter"])
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("source", "items"),
    [
        ("// PyInit_c\n#[test] fn ok() {}", 0),
        ('#[cfg(any())] #[no_mangle] pub extern "C" fn PyInit_c() {}', 0),
        ('pub static NAME: &str = "PyInit_c"; #[no_mangle] pub static KEPT: &&str = &NAME;', 0),
        ('#[export_name = concat!("Py", "Init_c")] pub extern "C" fn f() {}', len(HERE)),
        (
            (
                'macro_rules! m { ($n:ident) => { #[no_mangle] pub extern "C" fn $n() {} } }'
                "\nmod x { m!(PyInit_c); }"
            ),
            len(HERE),
        ),
    ],
    ids=["comment", "cfg", "text", "name", "macro"],
)
@pytest.mark.parametrize("kind", ["cdylib", "staticlib"])
def test_what_the_library_exports_makes_a_module(
    pytester: pytest.Pytester, write: Write, source: str, items: int, kind: str
) -> None:
    manifest = '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
    write(
        {
            "Cargo.toml": f'{manifest}[lib]\ncrate-type = ["{kind}"]\n',
            "src/lib.rs": f"{source}\n",
        }
    )
    result = run(pytester, "--collect-only", "-q")
    assert sum("@module" in line for line in result.outlines) == items


def test_an_archive_of_modules_is_none(pytester: pytest.Pytester, write: Write) -> None:
    manifest = '[package]\nname = "all"\nversion = "0.1.0"\nedition = "2021"\n'
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["eggs", "all"]\nresolver = "2"\n',
            **{
                f"eggs/{name}": text
                for name, text in module(crate_types='["staticlib", "rlib"]').items()
            },
            "all/Cargo.toml": f'{manifest}[lib]\ncrate-type = ["staticlib"]\n'
            '[dependencies]\neggs = { path = "../eggs" }\n',
            "all/src/lib.rs": "pub use eggs::PyInit_eggs;\n",
        }
    )
    result = run(pytester, "--collect-only", "-q")
    found = {line for line in result.outlines if "@module" in line}
    assert found == {f"eggs/src/lib.rs::@module::{check}" for check in HERE}


def test_built_for_another_python(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(module())
    monkeypatch.setenv("PYTHON_BUILD_DIR", str(pytester.path))
    result = run(pytester)
    assert result.parseoutcomes() == {"skipped": len(HERE)}
    result.stdout.fnmatch_lines(["SKIPPED *built with PYTHON_BUILD_DIR=*, not for *"])


# -- names and places -------------------------------------------------------------------------


def test_a_module_inside_a_python_package(pytester: pytest.Pytester, write: Write) -> None:
    """As maturin lays it out; what an earlier installation left there is not imported."""
    files = module("_native", slots=())
    write(
        {
            **files,
            "pyproject.toml": '[tool.maturin]\nmodule-name = "ham._native"\n'
            'python-source = "python"\n',
            "python/ham/__init__.py": "from . import _native\nfrom .helper import ok\nassert ok\n",
            "python/ham/helper.py": "ok = True\n",
            "python/ham/_native.cpython-313-x86_64-linux-gnu.so": "nothing",
            "python/ham/_native.abi3.so": "nothing",
        }
    )
    result = run(pytester, f"--cpython-sys-python={python_with_headers('3.13').executable}")
    assert outcomes(result) == dict.fromkeys(ids("imports", "subinterpreters", "leaks"), "passed")
    assert not list(pytester.path.rglob("__pycache__"))


def test_an_import_that_fails_in_python(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            **module("_native", slots=()),
            "pyproject.toml": '[tool.maturin]\nmodule-name = "ham._native"\n',
            "ham/__init__.py": "import no_such_module_at_all\n",
        }
    )
    result = run(pytester, "-k", "imports")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "src/lib.rs:*: ModuleNotFoundError: No module named 'no_such_module_at_all'",
            '*ham/__init__.py", line 1, in <module>',
        ]
    )


def test_a_library_with_several_modules(pytester: pytest.Pytester, write: Write) -> None:
    code = '#[no_mangle] pub extern "C" fn PyInit_ham() {}'
    files = module("eggs", slots=(), code=code)
    files["Cargo.toml"] = files["Cargo.toml"].replace('name = "eggs"', 'name = "breakfast"')
    write(files)
    result = run(pytester, "-k", "imports")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*exports several modules: *: choose one with *"])
    table = '[package.metadata.cpython-sys]\nmodule = "eggs"\n'
    write({"Cargo.toml": files["Cargo.toml"] + table})
    run(pytester, "-k", "imports").assert_outcomes(passed=1)


def test_what_tests_do_not_need_is_built_once(
    pytester: pytest.Pytester, write: Write, cargo_calls: Callable[[], list[str]]
) -> None:
    """What a library exports is read in the library, and kept until it is another."""
    files = module(slots=())
    manifest = files["Cargo.toml"].replace("test = false", "")
    root = write({**files, "Cargo.toml": manifest})
    run(pytester, "--collect-only")
    assert cargo_calls().count("build") == 1
    run(pytester, "--collect-only")
    assert "build" not in cargo_calls()
    run(pytester)
    assert cargo_calls().count("build") <= len(CHECKS)
    replace_once(root / "src" / "lib.rs", "PyInit_eggs", "PyInit_ham")
    run(pytester, "--collect-only")
    assert cargo_calls().count("build") == 1
