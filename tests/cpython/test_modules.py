"""Extension modules on real builds: without a GIL, and with references that are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..acceptance.module_crate import faulty_modules, module
from ..acceptance.promise_crates import promising_modules
from ..acceptance.test_modules import ANYWHERE, NO_DEBUG, Expected, check, verdicts, write_workspace
from ..acceptance.test_promises import BEFORE_3_15, SHOWN, WITH_A_GIL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..acceptance.test_modules import Seen
    from .build import Trees

MODULES = frozenset(
    [
        "good",
        "archive",
        "counter",
        "static_type",
        "undeclared",
        "refusing",
        "one_gil",
        "single",
        "leaking",
        "leaking_call",
        "segfault",
        "panicking",
        "panicking_call",
        "raising_call",
        "gil_on",
        "gil_on_call",
        "alone",
    ]
)
NOT_USED = "declares Py_MOD_GIL_NOT_USED, but"
TURNS_ON = "does not declare Py_MOD_GIL_NOT_USED: importing it turns the GIL on"

WITHOUT_A_GIL = [
    Expected("good::free_threading", "passed", "called 50 times in each of 4 threads"),
    Expected("archive::free_threading", "passed", "is empty"),
    Expected("undeclared::free_threading", "skipped", TURNS_ON),
    Expected("refusing::free_threading", "skipped", TURNS_ON),
    Expected("single::free_threading", "skipped", TURNS_ON),
    Expected("gil_on::free_threading", "failed", f"{NOT_USED} importing it turns the GIL on"),
    Expected("gil_on::free_threading", "failed", "enabled to load module 'quiet'"),
    Expected("gil_on_call::free_threading", "failed", f"{NOT_USED} the calls turn the GIL on"),
    Expected(
        "alone::free_threading", "failed", "`alone()` in 4 threads at once: ValueError: two at once"
    ),
]
WITH_REFERENCES = [
    Expected("leaking::leaks", "failed", "leaked [1, 1, 1] references, sum=3, in 3 imports"),
    Expected("leaking_call::leaks", "failed", "leaked [1, 1, 1] references, sum=3"),
]
EVERYWHERE = [
    one
    for one in ANYWHERE
    if one.name.partition("::")[0] in MODULES
    if not one.name.endswith("::free_threading")
]


@pytest.fixture(scope="module", params=["regular", "free_threaded", "debug"])
def on_a_build(
    request: pytest.FixtureRequest,
    cpython_builds: Trees,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, Mapping[str, Seen]]:
    name = str(request.param)
    expected = [*EVERYWHERE, *(WITHOUT_A_GIL if name == "free_threaded" else ())]
    packages = faulty_modules(free_threaded=name == "free_threaded")
    root = tmp_path_factory.mktemp(name)
    write_workspace(root, {one: packages[one] for one in MODULES})
    python = str(cpython_builds.builds[name])
    return name, verdicts(root, python, dict.fromkeys(expected))


@pytest.mark.parametrize("expected", EVERYWHERE, ids=lambda one: one.name)
def test_a_fault_is_named(on_a_build: tuple[str, Mapping[str, Seen]], expected: Expected) -> None:
    name, found = on_a_build
    if name == "debug" and expected.words == NO_DEBUG:
        expected = expected._replace(words="")
    check(found, expected)


def test_what_only_one_build_shows(on_a_build: tuple[str, Mapping[str, Seen]]) -> None:
    name, found = on_a_build
    only = {"free_threaded": WITHOUT_A_GIL, "debug": WITH_REFERENCES}.get(name, [])
    for expected in only:
        check(found, expected)
    assert (NO_DEBUG in found["good::leaks"].output) == (name != "debug")


def test_abi3_is_counted_where_there_is_none(
    cpython_builds: Trees, pytester: pytest.Pytester
) -> None:
    table = '[package.metadata.cpython-sys]\nstable-abi = "3.9"\n'
    write_workspace(
        pytester.path, {"ham": module("ham", slots=(), free_threaded=True, metadata=table)}
    )
    python = f"--cpython-sys-python={cpython_builds.builds['free_threaded']}"
    result = pytester.runpytest("--cpython-sys", "-rs", python)
    words = "needs a Python with a GIL; this is 3."
    result.stdout.fnmatch_lines([f"not checked: stable_abi of 1 package ({words}*)"])
    item = "ham/src/lib.rs::@module::stable_abi"
    typed = pytester.runpytest("--cpython-sys", "-rs", python, item)
    assert typed.parseoutcomes() == {"skipped": 1}
    typed.stdout.fnmatch_lines([f"SKIPPED * {words}*"])


@pytest.fixture(scope="module", params=["regular", "free_threaded"])
def promises_on_a_build(
    request: pytest.FixtureRequest,
    cpython_builds: Trees,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Sequence[Expected], Mapping[str, Seen]]:
    name = str(request.param)
    more = PROMISED_WITHOUT_A_GIL if name == "free_threaded" else WITH_A_GIL
    expected = [*SHOWN, *BEFORE_3_15, *more]
    root = tmp_path_factory.mktemp(name)
    write_workspace(root, promising_modules(free_threaded=name == "free_threaded"))
    return expected, verdicts(root, str(cpython_builds.builds[name]), dict.fromkeys(expected))


# A module that promises it, and does not declare it, is not skipped.
PROMISED_WITHOUT_A_GIL = [
    Expected("kept::free_threading", "passed"),
    Expected("silent::free_threading", "failed", f'requires "not-gil", but {TURNS_ON}'),
    Expected("mutable::free_threading", "passed"),
    *(
        Expected(f"{name}::requires::not-gil", "failed", "call PyUnstable_Module_SetGIL with")
        for name in ("single", "single_again")
    ),
    Expected("single_off::requires::not-gil", "passed"),
    Expected("single_off::free_threading", "passed"),
]


def test_promises(
    promises_on_a_build: tuple[Sequence[Expected], Mapping[str, Seen]],
) -> None:
    expected, found = promises_on_a_build
    for one in expected:
        check(found, one)
