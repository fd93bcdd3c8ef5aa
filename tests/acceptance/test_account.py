"""No test that cargo has gets lost between cargo and pytest's items without a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

FILES = {
    "pytest.ini": "[pytest]\nmarkers =\n    chosen\n",
    "c/Cargo.toml": "c",
    "c/src/lib.rs": "mod deep;\n#[cfg(test)] mod tests {\n"
    "#[test] fn one() {}\n#[test] fn two() {}\n}\n",
    "c/src/deep.rs": "#[test] fn below() {}\n",
    "c/tests/shape.rs": "#[test] fn shape() {}\n",
}
ALL = {
    "c/src/lib.rs::tests::one": "passed",
    "c/src/lib.rs::tests::two": "passed",
    "c/src/deep.rs::deep::below": "passed",
    "c/tests/shape.rs::shape": "passed",
}

# Each breaks our own code, in one way in which a test may get lost.
LOSSES = {
    "a test of a module": (
        """
from pytest_cpython_sys.plugin import nodes
real = nodes._children
def children(*arguments):
    return [node for node in real(*arguments) if node.name != "two"]
nodes._children = children
""",
        {"c/src/lib.rs::tests::two"},
    ),
    "a module": (
        """
from pytest_cpython_sys.plugin import nodes
real = nodes._children
def children(*arguments):
    return [node for node in real(*arguments) if node.name != "tests"]
nodes._children = children
""",
        {"c/src/lib.rs::tests::one", "c/src/lib.rs::tests::two"},
    ),
    "a file": (
        """
from pytest_cpython_sys.plugin.collection import Collection
real = Collection._may_be_one
Collection._may_be_one = lambda self, path: path.name != "deep.rs" and real(self, path)
""",
        {"c/src/deep.rs::deep::below"},
    ),
    "all of it": (
        """
from pytest_cpython_sys.plugin.collection import Collection
Collection._may_be_one = lambda self, path: False
""",
        set(ALL),
    ),
}


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest("--cpython-sys", "-rA", *arguments)


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_lost_fails_under_its_own_id(
    pytester: pytest.Pytester, write: Write, loss: str, workers: list[str]
) -> None:
    code, lost = LOSSES[loss]
    write({**FILES, "conftest.py": code})
    result = run(pytester, *workers)
    assert outcomes(result) == {name: "error" if name in lost else "passed" for name in ALL}
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    words = "c/*.rs:*: not run: cargo lists this test, but pytest collected * without it, and *"
    result.stdout.fnmatch_lines([words])
    if not workers:
        for name in lost:
            assert outcomes(run(pytester, name)) in ({name: "error"}, {})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-k", "one"], {"c/src/lib.rs::tests::one"}),
        (["-m", "rust_integration"], {"c/tests/shape.rs::shape"}),
        (["-m", "chosen"], {"c/src/deep.rs::deep::below"}),
        (["--deselect=c/src"], {"c/tests/shape.rs::shape"}),
        (["c/src/lib.rs"], {"c/src/lib.rs::tests::one", "c/src/lib.rs::tests::two"}),
        (["c/src/lib.rs::tests::two"], {"c/src/lib.rs::tests::two"}),
        (
            ["c/src/lib.rs::tests::two", "c/tests"],
            {"c/src/lib.rs::tests::two", "c/tests/shape.rs::shape"},
        ),
        (["c/Cargo.toml", "."], set(ALL)),
    ],
)
@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
def test_what_is_not_selected_is_not_lost(
    pytester: pytest.Pytester,
    write: Write,
    arguments: list[str],
    expected: set[str],
    workers: list[str],
) -> None:
    hook = """
import pytest
def pytest_collection_modifyitems(items):
    for item in items:
        if item.name == "below":
            item.add_marker(pytest.mark.chosen)
"""
    write({**FILES, "conftest.py": hook})
    result = run(pytester, *arguments, *workers)
    assert outcomes(result) == dict.fromkeys(expected, "passed")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("left out*")


HOOKS = {
    "a plugin deselects": (
        """
def pytest_collection_modifyitems(items, config):
    gone = [item for item in items if item.path.name == "lib.rs"]
    items[:] = [item for item in items if item not in gone]
    config.hook.pytest_deselected(items=gone)
""",
        "",
    ),
    "a report is changed": (
        """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    report.result = [node for node in report.result if node.path.name != "lib.rs"]
    return report
""",
        "",
    ),
    "a file is not opened": (
        """
import pytest
def pytest_make_collect_report(collector):
    if isinstance(collector, pytest.File) and collector.path.name == "lib.rs":
        return pytest.CollectReport(collector.nodeid, "passed", None, [])
""",
        "",
    ),
    "a node is dropped": (
        """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path):
    nodes = yield
    return [] if file_path.name == "lib.rs" else nodes
""",
        "left out: 2 tests (a pytest_collect_file hook)",
    ),
    "a folder is dropped": (
        """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_collect_directory(path):
    node = yield
    return None if path.name == "src" else node
""",
        "left out: 3 tests (a pytest_collect_directory hook, for the directory src)",
    ),
    "a folder is collected otherwise": (
        """
import pytest
class Own(pytest.Directory):
    def collect(self):
        return []
def pytest_collect_directory(path, parent):
    return Own.from_parent(parent, path=path) if path.name == "src" else None
""",
        "left out: 3 tests (conftest collects c/src instead)",
    ),
}


@pytest.mark.pytest_side
@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
@pytest.mark.parametrize("hook", HOOKS)
def test_what_a_hook_takes_away_is_not_lost(
    pytester: pytest.Pytester, write: Write, hook: str, workers: list[str]
) -> None:
    code, words = HOOKS[hook]
    write({**FILES, "conftest.py": code})
    result = run(pytester, *workers)
    gone = "c/src/" if "3 tests" in words else "c/src/lib.rs"
    assert outcomes(result) == {name: "passed" for name in ALL if not name.startswith(gone)}
    assert result.ret == pytest.ExitCode.OK
    if words:
        result.stdout.fnmatch_lines([words])


def test_last_failed_selects(pytester: pytest.Pytester, write: Write) -> None:
    root = write(FILES)
    (root / "c/src/deep.rs").write_text("#[test] fn below() { panic!() }\n")
    assert run(pytester).ret == pytest.ExitCode.TESTS_FAILED
    for workers in ([], ["-n2"]):
        result = run(pytester, "--lf", *workers)
        assert outcomes(result) == {"c/src/deep.rs::deep::below": "failed"}
        result.stdout.no_fnmatch_line("left out*")


def test_one_test_by_two_paths_is_one_item(pytester: pytest.Pytester, write: Write) -> None:
    root = write(FILES)
    (root / "c" / "linked").symlink_to("src")
    (root / "again").symlink_to("c")
    assert outcomes(run(pytester)) == ALL
    assert outcomes(run(pytester, "-n2")) == ALL


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
def test_a_linked_source_directory(
    pytester: pytest.Pytester, write: Write, workers: list[str]
) -> None:
    """What lies elsewhere is collected where the link leads to it, once."""
    root = write(FILES)
    (root / "c" / "src").rename(root / "elsewhere")
    (root / "c" / "src").symlink_to(root / "elsewhere")
    both = {name.replace("c/src", "elsewhere"): how for name, how in ALL.items()}
    assert outcomes(run(pytester, *workers)) == both
    assert outcomes(run(pytester, "c", *workers)) == ALL


def test_a_linked_root_file(pytester: pytest.Pytester, write: Write) -> None:
    root = write({"c/Cargo.toml": "c", "real.rs": "#[test] fn t() {}\n"})
    (root / "c" / "src").mkdir()
    (root / "c" / "src" / "lib.rs").symlink_to(root / "real.rs")
    assert outcomes(run(pytester)) == {"real.rs::t": "passed"}
    assert outcomes(run(pytester, "c")) == {"c/src/lib.rs::t": "passed"}
