"""What touches the private side of pytest and of its plugins lies in one folder, and works."""

from __future__ import annotations

import ast
import functools
import re
import sys
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_cpython_sys.plugin import pytest_compat
from pytest_cpython_sys.plugin.pytest_compat.companions import (
    limit_of_pytest_timeout,
    queued_items,
    read_ids_of_rust,
)
from pytest_cpython_sys.plugin.pytest_compat.configuration import is_pytest_known
from pytest_cpython_sys.plugin.pytest_compat.run import nodes_set_up

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE: Final = Path(pytest_compat.__file__).parents[2]
MARK: Final = "pytest.mark.pytest_side"
TESTS: Final = Path(__file__).parents[1]
# The test that an entry works: it runs on the oldest pytest and on the newest.
TESTED: Final = {
    "acceptance/test_company.py": {
        "CompatItem": "test_retry_evaluates_again",
        "add_attributes": "test_what_a_plugin_expects_of_any_item_is_there",
        "expected_attributes": "test_what_a_plugin_expects_of_any_item_is_there",
        "repetitions": "test_each_repetition_is_an_item_and_runs",
        "select_in_spite_of_testmon": "test_testmon_selects_rust_tests_whatever_has_changed",
        "add_marks": "test_a_hook_finds_the_marks_among_the_keywords",
        "_parallel_custom_item": "test_run_parallel_has_nothing_to_warn_of",
        "limit_of_pytest_timeout": "test_the_limit_of_timeout_is_the_rust_tests_own",
    },
    "acceptance/test_marked.py": {
        "marks_keep_out": "test_what_a_mark_keeps_out_does_not_run",
    },
    "acceptance/test_drawings.py": {
        "amend_report": "test_the_html_report_shows_failed_layouts",
    },
    "acceptance/test_failures_for_tools.py": {
        "failure_repr_of": "test_what_tools_read_is_the_place_of_the_panic",
        "replace_error": "test_a_traceback_leads_to_rust_alone",
    },
    "acceptance/test_fast_protocol.py": {
        "copy_report": "test_both_ways_give_the_same_reports",
        "current_fields": "test_both_ways_give_the_same_reports",
        "identity": "test_both_ways_give_the_same_reports",
        "is_alone": "test_memory_is_given_back_as_a_whole_where_nobody_can_have_a_use_for_its_end",
        "may_be_fast": "test_the_fast_way_is_taken_where_it_is_sure",
        "nodes_set_up": "test_python_fixtures_around_rust_tests_are_torn_down_in_order",
        "remember_hooks": "test_hooks_of_a_folder_count_there_alone",
        "CompatCollector": "test_hooks_of_a_folder_count_there_alone",
        "takes_no_part": "test_the_fast_way_is_taken_where_it_is_sure",
    },
    "acceptance/test_report_page.py": {
        "add_field": "test_workers_of_xdist_report_the_same",
    },
    "acceptance/test_bad_input.py": {
        "assignment": "test_a_key_that_makes_no_sense_is_called_by_its_name",
        "configured": "test_the_environment_is_printed",
        "key_in_words": "test_a_python_of_a_key_is_told_by_the_key",
    },
    "acceptance/test_junit.py": {
        "leave_out_of_junit": "test_the_switch_takes_properties_of_rust_tests_away",
    },
    "acceptance/test_progress.py": {
        "capture_suspended": "test_while_a_conftest_file_waits_for_a_module",
        "lead_elsewhere": "test_ctrl_c_while_a_test_runs_names_the_test",
    },
    "acceptance/test_one_pytest.py": {
        "words_of": "test_the_key_in_a_typed_table",
    },
    "acceptance/test_running.py": {
        "skip_at_item": "test_the_verdicts_are_those_of_cargo",
    },
    "acceptance/test_keeping_out.py": {
        "hook_refusal": "test_a_workspace",
        "refusal": "test_a_list_of_a_conftest_in_the_package",
        "skipped_by_default": "test_in_a_folder_that_pytest_skips_unasked",
    },
    "acceptance/test_account.py": {
        "is_of_pytest": "test_what_a_hook_takes_away_is_not_lost",
    },
    "plugin/test_pytest_compat.py": {
        "is_pytest_known": "test_the_fast_ways_are_known_on_this_pytest",
        "read_ids_of_rust": "test_ids_that_a_plugin_cannot_read",
    },
    "acceptance/test_start.py": {
        "import_without_rewriting": "test_nothing_of_ours_is_compiled_again",
    },
    "acceptance/test_xdist.py": {
        "queued_items": "test_tests_of_one_binary_are_spread_in_batches",
        "turn_red": "test_a_target_that_does_not_build_is_not_green",
    },
    "acceptance/test_places.py": {
        "set_arguments": "test_a_path_selects_what_lies_there",
    },
}
# Names under which objects of pytest are at hand, and their attributes that are ours to change.
PYTESTS: Final = {"config", "option", "parser", "report", "session", "terminal"}
DOCUMENTED: Final = {"stash", "user_properties"}
CHANGING: Final = {"append", "clear", "extend", "insert", "pop", "remove", "setdefault", "update"}
WAYS_AROUND: Final = {"__class__", "__dict__", "__new__"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name != "_"


def stored_in(tree: ast.AST) -> Iterator[str]:
    """Yield the names that a class defines: methods, class attributes, what it gives itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and ast.unparse(node.value) in ("self", "cls")
        ):
            yield node.attr


def is_of_pytest(node: ast.ClassDef) -> bool:
    bases = list(map(ast.unparse, node.bases))
    return any(base.startswith(("pytest.", "Compat")) for base in bases)


class Touches:
    """What a module of ours does to pytest, or to another plugin, that is private or a change."""

    def __init__(self, source: str, ours: set[str]) -> None:
        self._ours = ours
        """Attributes that classes of ours have."""
        self._tree = ast.parse(source)
        classes = [node for node in ast.walk(self._tree) if isinstance(node, ast.ClassDef)]
        self._pytests = [node for node in classes if is_of_pytest(node)]
        """Classes whose names are pytest's to give."""
        self._own = {
            name for node in classes if not is_of_pytest(node) for name in stored_in(node)
        } | {node.name for node in classes}
        self._modules = {
            alias.asname or alias.name
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Import)
            for alias in node.names
            if alias.name != "pytest"
        }

    def __iter__(self) -> Iterator[str]:
        for own in self._pytests:
            yield from (f"{own.name}.{name}" for name in stored_in(own) if is_private(name))
        for node in ast.walk(self._tree):
            yield from self._of(node)

    def _of(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = (str(node.module), *(alias.name for alias in node.names))
            yield from (name for name in names if is_private(name))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value.partition(".")[0] == "_pytest":
                yield node.value
        elif isinstance(node, ast.Attribute):
            if not self._is_own(node):
                yield ast.unparse(node)
            elif isinstance(node.ctx, ast.Store | ast.Del):
                yield from self._change(node)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            yield from self._change(node.value)
        elif isinstance(node, ast.Call):
            yield from self._call(node)

    def _call(self, node: ast.Call) -> Iterator[str]:
        yield from (word.arg for word in node.keywords if word.arg and is_private(word.arg))
        if isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
            yield from self._change(node.func.value)
        elif ast.unparse(node.func) in ("getattr", "hasattr", "setattr", "delattr", "vars"):
            words = [word.value for word in node.args if isinstance(word, ast.Constant)]
            if ast.unparse(node.func) in ("setattr", "delattr", "vars") or any(
                isinstance(word, str) and is_private(word) for word in words
            ):
                yield ast.unparse(node)

    def _is_own(self, node: ast.Attribute) -> bool:
        if node.attr in WAYS_AROUND:
            return False
        owner = ast.unparse(node.value)
        return not is_private(node.attr) or (
            node.attr in self._own and owner in ("self", "cls", *self._own)
        )

    def _change(self, target: ast.expr) -> Iterator[str]:
        """Yield a changed attribute if it is not one of ours."""
        if isinstance(target, ast.Attribute):
            owner = ast.unparse(target.value)
            last = owner.rpartition(".")[2].lstrip("_")
            if owner in ("self", "cls", *self._modules) or target.attr in DOCUMENTED:
                return
            if last in PYTESTS or target.attr not in self._ours:
                yield ast.unparse(target)


@functools.cache
def our_attributes() -> set[str]:
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py"))
    classes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return {name for node in classes for name in stored_in(node) if not is_private(name)}


FILES: Final = sorted(PACKAGE.glob("plugin/**/*.py"))


def test_all_modules_are_looked_at() -> None:
    assert {"nodes.py", "session.py", "companions.py", "early.py"} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_lies_in_one_folder(path: Path) -> None:
    found = list(Touches(path.read_text(encoding="utf-8"), our_attributes()))
    # What keeps pytest's importer away is a finder of Python's.
    in_it = path.parent.name == "pytest_compat" and path.stem not in ("__init__", "rewriting")
    assert bool(found) == in_it, found


SAMPLE = """
import os
import pytest
class Own:
    value: int = 0
    def __init__(self, config): self._config = config
    def method(self, item, other: "Own"):
        item.value = self._config.option.verbose
        self._config.stash[KEY] = Own._private
        os.environ["SPAM"] = "eggs"
        item.user_properties.append(("a", 1))
        THIS
    def _private(self): pass
class Item(pytest.Item):
    def collect(self):
        self.number = 1
"""


@pytest.mark.parametrize(
    "line",
    [
        "import _pytest",
        "import _pytest.nodes",
        "from _pytest.nodes import Node",
        "from pytest import _x",
        "import_module('_pytest.nodes')",
        "pytest.Mark('rust', (), {}, _ispytest=True)",
        "self._config._inicfg",
        "item._request",
        "self._request",
        "getattr(item, '_request', None)",
        "hasattr(item.session, '_setupstate')",
        "setattr(item, 'name', 'spam')",
        "vars(item)['name'] = 'spam'",
        "item.__dict__['name'] = 'spam'",
        "object.__new__(pytest.TestReport)",
        "self._config.args[:] = []",
        "self._config.args += ['spam']",
        "self._config.args.append('spam')",
        "item.session.exitstatus = 1",
        "item.config.option.verbose = 1",
        "del item.config.option.verbose",
        "item.own_markers.extend([])",
        "item.keywords.update({})",
        "item.name = 'spam'",
    ],
)
def test_that_it_bites(line: str) -> None:
    ours = {"value"}
    assert not list(Touches(SAMPLE.replace("THIS", "pass"), ours))
    assert list(Touches(SAMPLE.replace("THIS", line), ours))


@pytest.mark.parametrize("line", ["    _request = None", "    def _initrequest(self): pass"])
def test_that_it_bites_in_classes_of_pytest(line: str) -> None:
    assert list(Touches(f"{SAMPLE}{line}\n", {"value"}))


@pytest.mark.parametrize("file", TESTED)
def test_each_entry_has_a_test(file: str) -> None:
    source = (TESTS / file).read_text(encoding="utf-8")
    functions = {
        node.name: list(map(ast.unparse, node.decorator_list))
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
    }
    for name in TESTED[file].values():
        marks = functions[name]
        assert f"pytestmark = {MARK}" in source or MARK in marks, name


def test_no_entry_is_without_a_test() -> None:
    tested = {entry for entries in TESTED.values() for entry in entries}
    folder = Path(pytest_compat.__file__).parent
    modules = [import_module(f"{pytest_compat.__name__}.{one.stem}") for one in folder.glob("*.py")]
    public = {name for module in modules for name in getattr(module, "__all__", ())}
    public -= {"TerminalRepr", "written"}  # a type for annotations, and what two of them share
    assert tested == public | {"_parallel_custom_item", "add_attributes", "add_marks"}


@pytest.mark.pytest_side
def test_the_fast_ways_are_known_on_this_pytest() -> None:
    assert is_pytest_known(), (
        f"the fast ways were never tested on pytest {pytest.__version__}: raise _NEWEST in "
        "plugin/pytest_compat/configuration.py, and see whether `pytest -m pytest_side` passes"
    )


@pytest.mark.pytest_side
def test_what_is_not_there_is_not_known() -> None:
    nothing: Any = SimpleNamespace()
    assert nodes_set_up(nothing) is None
    assert limit_of_pytest_timeout(nothing) is None


@pytest.mark.pytest_side
@pytest.mark.parametrize(
    "worker",
    [
        {},
        {"torun": None},
        {"torun": SimpleNamespace(lock=lambda: nullcontext([7])), "nextitem_index": 3},
    ],
)
def test_a_queue_that_cannot_be_seen(worker: dict[str, Any]) -> None:
    manager = SimpleNamespace(get_plugins=lambda: [SimpleNamespace(**worker)])
    session: Any = SimpleNamespace(config=SimpleNamespace(pluginmanager=manager), items=[])
    assert list(queued_items(session)) == []


@pytest.mark.pytest_side
def test_ids_that_a_plugin_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern like that of pytest-csv, which wants ``.py`` in each id."""
    utils: Any = ModuleType("pytest_csv.column._utils")
    utils.__NODE_ID__ = re.compile(r"(?P<module>.+)\.py(?:::(?P<class>[^:]+))?::(?P<function>.+)")
    monkeypatch.setitem(sys.modules, utils.__name__, utils)
    assert not utils.__NODE_ID__.search("src/lib.rs::foo::test")
    read_ids_of_rust()
    read_ids_of_rust()
    found = utils.__NODE_ID__.search("src/lib.rs::foo::test")
    assert found.group("module", "class", "function") == ("src/lib", "foo", "test")
    assert utils.__NODE_ID__.search("test_a.py::test_a")
