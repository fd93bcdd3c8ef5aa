"""What all tests share.

``HYPOTHESIS_PROFILE=thorough`` makes tests of properties try ten thousand examples each.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

pytest_plugins = ["pytester"]

# What a shell starts in the background has Ctrl-C ignored, and hands that on to what it starts:
# tests that interrupt a run need it in force.
if threading.current_thread() is threading.main_thread() and (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):
    signal.signal(signal.SIGINT, signal.default_int_handler)

# `pytest --help` works without what tests need besides.
with contextlib.suppress(ModuleNotFoundError):
    from hypothesis import settings

    settings.register_profile("usual", max_examples=300, deadline=None)
    settings.register_profile("thorough", max_examples=10_000, deadline=None)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))

# Tests that build in one directory, by the beginnings of their ids (below tests/acceptance/).
_BUILD_TOGETHER = {
    "abi": ("test_abi_faults.py",),
    "cpython": ("tests/cpython/",),
    "example_crate": (
        "test_beside_cargo.py::test_example_crate",
        "test_example_crate.py",
        "test_editors.py::test_example_crate",
        "test_fixtures.py::test_the_examples_python_tests",
    ),
    "pyo3": (
        "test_beside_cargo.py::test_a_pyo3_crate",
        "test_beside_cargo.py::test_maturin_takes_turns",
        "test_build_words.py::test_a_python_that_pyo3",
        "test_editors.py::test_pyo3",
        "test_missing_modules.py::test_with_pyo3",
        "test_names_of_modules.py",
        "test_one_pytest.py",
        "test_pyo3.py",
        "test_mixed.py",
        "test_stable_abi.py::test_the_features",
        "test_stable_abi.py::test_the_name_of_the_installed_file",
        "test_stable_abi.py::test_what_another_member",
    ),
}


_DIST = pytest.StashKey[str]()
_ACCEPTANCE = ("acceptance", "cpython", "platforms")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that run real programs by the folder that they stand in."""
    real = {Path(__file__).parent / name for name in _ACCEPTANCE}
    for item in items:
        if not real.isdisjoint(item.path.parents):
            item.add_marker("acceptance")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Note what the developer says of the order, before pytest-xdist puts in what ``-n`` means."""
    is_short = config.getoption("distload", False)  # -d
    config.stash[_DIST] = "load" if is_short else config.getoption("dist", "no")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """With ``-n`` alone, let a worker have all tests that build in one directory, and first of all.

    On two workers they would wait for each other, or compile the same twice; they take longest.
    """
    if config.stash.get(_DIST, "no") != "no":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Scheduler(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            name = nodeid.removeprefix("tests/acceptance/")
            for group, beginnings in _BUILD_TOGETHER.items():
                if name.startswith(beginnings):
                    return group
            return nodeid

    return Scheduler(config, log)
