"""A module beside its twin: what both show, and the twin's own tests with the module in its place.

The module here is real, and its content is Python code that it runs as it is imported.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from .conftest import SEE_METADATA, outcomes, python_with_headers, replace_once
from .module_crate import module

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]
    Run = Callable[..., pytest.RunResult]

# All that `colorsys` has.
SAME = """
import colorsys, os
__doc__ = colorsys.__doc__
__all__ = list(colorsys.__all__)
for name in __all__: globals()[name] = getattr(colorsys, name)
"""
TABLE = '[package.metadata.cpython-sys]\npolicies = []\ntwin = "colorsys"\n'
TESTS = f'{TABLE}twin-tests = "test_colorsys"\n'
EXEC = """
let names = PyModule_GetDict(module);
if PyRun_String(c"@CODE@".as_ptr(), 257, names, names).is_null() { return -1; }
"""
C_API = """
extern "C" {
    fn PyModule_GetDict(module: Object) -> Object;
    fn PyRun_String(code: *const c_char, start: c_int, globals: Object, locals: Object) -> Object;
}
"""


def running(
    code: str, table: str, *, name: str = "eggs", free_threaded: bool = False
) -> dict[str, str]:
    """Return the files of a package whose module runs code in its own namespace."""
    for old, new in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        code = code.replace(old, new)
    body = EXEC.replace("@CODE@", code)
    return module(name, run=body, code=C_API, metadata=table, free_threaded=free_threaded)


def crate(more: str = "", table: str = TABLE) -> dict[str, str]:
    """Return the files of a package whose module is like `colorsys`, and then runs more."""
    return running(SAME + more, table)


@pytest.fixture(scope="module")
def python() -> str:
    """An interpreter that has CPython's own tests."""
    found = python_with_headers("3.13")
    assert found.executable is not None
    return found.executable


@pytest.fixture
def run(pytester: pytest.Pytester, python: str) -> Run:
    def run(*arguments: str, python: str = python) -> pytest.RunResult:
        return pytester.runpytest(
            "--cpython-sys", "-rA", f"--cpython-sys-python={python}", *arguments
        )

    return run


def twin(result: pytest.RunResult) -> dict[str, str]:
    """Return outcomes by what follows `@twin`."""
    return {name.partition("@twin")[2]: how for name, how in outcomes(result).items()}


def test_like_its_twin(write: Write, run: Run) -> None:
    write(crate())
    result = run()
    assert outcomes(result) == {"src/lib.rs::@twin": "passed"}
    assert result.ret == 0


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "__all__.remove('rgb_to_yiq')",
            ["rgb_to_yiq: missing; colorsys has rgb_to_yiq(r, g, b)"],
        ),
        ("more = 1; __all__.append('more')", ["more: colorsys does not have this name"]),
        (
            "def rgb_to_yiq(r, g): pass",
            ["rgb_to_yiq.__signature__: (r, g)", "in colorsys: (r, g, b)"],
        ),
        (
            "__doc__ = __doc__.replace('Conversion', 'Change')",
            ["__doc__: the docstring differs (-: colorsys, *", "-Conversion *", "+Change *"],
        ),
        ("class rgb_to_yiq: pass", ["rgb_to_yiq: the kind is class, but callable in colorsys"]),
    ],
)
def test_unlike_its_twin(write: Write, run: Run, code: str, words: list[str]) -> None:
    write(crate(code))
    result = run()
    assert outcomes(result) == {"src/lib.rs::@twin": "failed"}
    result.stdout.fnmatch_lines(
        [
            "src/lib.rs:1: the module differs from colorsys in 1 place",
            *(f" *{one}" for one in words),
        ]
    )


def test_known_differences(write: Write, run: Run) -> None:
    code = "__all__.remove('rgb_to_yiq')\ndef hsv_to_rgb(h, s, v): 'Other.'"
    known = '[package.metadata.cpython-sys.twin-known]\nrgb_to_* = "later"\n'
    more = 'hsv_to_rgb.__doc__ = "better"\n'.replace("hsv_to_rgb.__doc__", '"hsv_to_rgb.__doc__"')
    known = known.replace("rgb_to_*", '"rgb_to_*"')
    root = write(crate(code, f"{TABLE}{known}{more}"))
    assert outcomes(run()) == {"src/lib.rs::@twin": "passed"}
    replace_once(root / "src" / "lib.rs", "'Other.'", "pass")
    result = run()
    assert outcomes(result) == {"src/lib.rs::@twin": "failed"}
    result.stdout.fnmatch_lines(["    hsv_to_rgb.__doc__: no longer differs: remove *"])


def in_part(*names: str, table: str = TABLE) -> str:
    return f"{table}twin-names = {json.dumps(names)}\n"


PART = "import colorsys\nfrom colorsys import rgb_to_yiq\ndel colorsys\n"


@pytest.mark.parametrize(
    ("code", "names", "words"),
    [
        (PART, ["rgb_to_yiq"], ["compared only: rgb_to_yiq"]),
        # Nothing else is compared, whoever of the two has it.
        (f"{PART}more = 1", ["rgb_to_yiq"], ["compared only: rgb_to_yiq"]),
        (f"{PART}__all__ = []", ["rgb_to_yi?"], ["rgb_to_yiq: missing; *"]),
        (PART, ["rgb_to_yiq", "yiq_*"], ["yiq_to_rgb: missing; colorsys has yiq_to_rgb(y, i, q)"]),
        (
            "def rgb_to_yiq(r, g): pass",
            ["rgb_to_yiq"],
            ["rgb_to_yiq.__signature__: (r, g)", "in colorsys: (r, g, b)"],
        ),
        (f"{PART}more = 1", ["rgb_to_yiq", "more"], ["more: colorsys does not have this name"]),
        # What is named need not be public.
        ("def _v(m1): pass", ["_v"], ["_v.__signature__: (m1)", "in colorsys: (m1, m2, hue)"]),
        (
            PART,
            ["rgb_to_yiq", "rgb_to_yqi"],
            ["rgb_to_yqi: neither this module nor colorsys has this name: correct *"],
        ),
        (PART, ["rgb_to_yiq", "__doc__"], ["__doc__: the docstring differs (-: colorsys, *"]),
    ],
)
def test_a_twin_in_part(
    write: Write, run: Run, code: str, names: list[str], words: list[str]
) -> None:
    write(running(code, in_part(*names)))
    result = run()
    passes = words[0].startswith("compared")
    assert outcomes(result) == {"src/lib.rs::@twin": "passed" if passes else "failed"}
    result.stdout.fnmatch_lines([f"*{one}" for one in words])
    if not passes:
        result.stdout.fnmatch_lines(["src/lib.rs:1: the module differs from colorsys in 1 place"])


def test_the_tests_of_a_twin_in_part(write: Write, run: Run) -> None:
    """What the module replaces is tested in it, and the rest is the twin's own."""
    table = in_part("rgb_to_yiq", table=TESTS)
    root = write(running(PART, table))
    assert set(verdicts_of_tests(run()).values()) == {"passed"}
    replace_once(root / "src" / "lib.rs", "del colorsys", "def rgb_to_yiq(r, g, b): return r, g, b")
    found = verdicts_of_tests(run())
    assert {name for name, how in found.items() if how == "failed"} == {
        "test_yiq_roundtrip",
        "test_yiq_values",
    }


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('twin-names = ["x"]\n', "`twin` is missing, but `twin-* needs it: write *"),
        ('twin = "x"\ntwin-names = []\n', "`twin-names` is empty: list the names to compare *"),
        (
            'twin = "x"\ntwin-names = "y"\n',
            "`twin-names` must be an array of strings, not *: write twin-names = [[]*[]]",
        ),
        ('twin = "x"\ntwin-names = ["a b"]\n', '`twin-names`: "a b" is not valid: write a *'),
        ("twin = 3\n", "`twin` must be a string, not 3: write twin = *"),
        ('twin-tests = "test_x"\n', "`twin` is missing, but `twin-* needs it: write *"),
        (
            'twin = "x"\ntwins = 1\n',
            "unknown key `twins`: remove it, because `twin` is set",
        ),
    ],
)
def test_a_table_that_cannot_be_used(write: Write, run: Run, table: str, words: str) -> None:
    write(crate(table=f"[package.metadata.cpython-sys]\n{table}"))
    result = run("-k", "twin or metadata")
    assert outcomes(result) == {"src/lib.rs::@twin": "error", "Cargo.toml::@metadata": "error"}
    result.stdout.fnmatch_lines_random([f"Cargo.toml:*: {words}", SEE_METADATA])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_no_such_twin(write: Write, run: Run) -> None:
    write(crate(table='[package.metadata.cpython-sys]\ntwin = "colorsis"\n'))
    result = run("-k", "twin")
    assert outcomes(result) == {"src/lib.rs::@twin": "error"}
    words = "Python 3.13.* has no module 'colorsis' to compare with (No *"
    result.stdout.fnmatch_lines([f"src/lib.rs:1: {words}"])


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise ValueError('no')", "not compared: ValueError: no"),
        ("os.abort()", "not compared: killed by SIGABRT*"),
    ],
)
def test_a_module_that_cannot_be_imported(write: Write, run: Run, code: str, words: str) -> None:
    write(crate(code, TESTS))
    result = run()
    found = twin(result)
    assert set(found.values()) == {"error"}
    assert len(found) == 8
    result.stdout.fnmatch_lines([f"src/lib.rs:1: {words}"])


def test_a_module_that_hangs(write: Write, run: Run) -> None:
    write(crate("while True: pass"))
    result = run("--cargo-timeout=3")
    assert outcomes(result) == {"src/lib.rs::@twin": "error"}
    result.stdout.fnmatch_lines(["src/lib.rs:1: not compared: timed out after 3 s (limit set*"])


# -- the twin's tests -----------------------------------------------------------------------------


def verdicts_of_tests(result: pytest.RunResult) -> dict[str, str]:
    return {
        name.removeprefix("::ColorsysTest::"): how
        for name, how in twin(result).items()
        if name.startswith("::ColorsysTest::")
    }


def test_the_twins_tests(write: Write, run: Run, pytester: pytest.Pytester) -> None:
    write(crate(table=TESTS))
    result = run()
    assert set(verdicts_of_tests(result)) == {
        "test_hls_nearwhite",
        "test_hls_roundtrip",
        "test_hls_values",
        "test_hsv_roundtrip",
        "test_hsv_values",
        "test_yiq_roundtrip",
        "test_yiq_values",
    }
    assert set(twin(result).values()) == {"passed"}
    one = "src/lib.rs::@twin::ColorsysTest::test_yiq_values"
    assert outcomes(run(one)) == {one: "passed"}
    assert set(twin(run("-n2")).values()) == {"passed"}
    assert not list(pytester.path.glob("*.pyc"))


def test_a_test_that_fails(write: Write, run: Run) -> None:
    write(crate("def rgb_to_yiq(r, g, b): return (0, 0, 0)", TESTS))
    result = run()
    found = verdicts_of_tests(result)
    assert {name for name, how in found.items() if how == "failed"} == {
        "test_yiq_roundtrip",
        "test_yiq_values",
    }
    result.stdout.fnmatch_lines(["src/lib.rs:1: AssertionError: *", "Traceback (most recent *"])


def test_a_test_that_crashes_or_hangs_costs_no_other_its_verdict(write: Write, run: Run) -> None:
    write(crate("def rgb_to_yiq(r, g, b): os.abort()", TESTS))
    result = run()
    found = verdicts_of_tests(result)
    assert {name for name, how in found.items() if how != "passed"} == {
        "test_yiq_roundtrip",
        "test_yiq_values",
    }
    result.stdout.fnmatch_lines(["src/lib.rs:1: killed by SIGABRT (Aborted) in this test"])


def test_a_crash_after_the_tests(write: Write, run: Run) -> None:
    write(crate("import atexit\natexit.register(os.abort)", TESTS))
    result = run()
    found = verdicts_of_tests(result)
    assert len(found) == 7
    assert twin(result)[""] == "failed"
    result.stdout.fnmatch_lines(["*: the process failed after the last test: killed by SIGABRT*"])
    result.stdout.fnmatch_lines(["*: no difference from colorsys, but Python failed * SIGABRT*"])


def test_no_such_tests(write: Write, run: Run) -> None:
    write(crate(table=f'{TABLE}twin-tests = "test_colours"\n'))
    result = run()
    assert twin(result) == {"": "passed", "::test_colours": "error"}
    line = (
        "*: the tests of test.test_colours cannot be listed with *: the module was not found: "
        "correct `twin-tests`"
    )
    result.stdout.fnmatch_lines([line])


def test_a_python_without_tests(
    write: Write, run: Run, python: str, pytester: pytest.Pytester
) -> None:
    """As distributions have it; here something else of that name is found first."""
    site = pytester.path / "venv"
    subprocess.run([python, "-m", "venv", "--without-pip", str(site)], check=True, timeout=120)
    (purelib,) = site.glob("lib/python3*/site-packages")
    (purelib / "hide.pth").write_text(
        "import sys; sys.modules['test'] = type(sys)('test')\n", encoding="utf-8"
    )
    write(crate(table=TESTS))
    result = run(python=str(site / "bin" / "python"))
    assert twin(result) == {"": "passed"}
    result.stdout.fnmatch_lines(["SKIPPED * Python 3.13.* has no test suite: choose a Python *"])


def test_tests_that_cannot_be_imported_with_it(write: Write, run: Run) -> None:
    """Their ids follow from the twin alone."""
    code = "class Odd(dict): pass\nimport sys\nsys.modules['unittest'] = None"
    write(crate(code, TESTS))
    result = run()
    assert len(verdicts_of_tests(result)) == 7
    assert set(verdicts_of_tests(result).values()) == {"error"}
