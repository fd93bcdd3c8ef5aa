"""How Rust tests come to be items: which directories are entered, which files have nodes.

pytest decides, as for Python tests. The exception: folders that it skips unasked (``build``) are
entered where a package lies in them.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..case import Verdict
from ..plan import Known, Plan
from .account import Account, Arguments
from .failures.errors import set_place
from .nodes import RustBuild, RustFile, RustItem
from .pytest_compat.companions import (
    expected_attributes,
    read_ids_of_rust,
    repetitions,
    select_in_spite_of_testmon,
)
from .pytest_compat.refusals import hook_refusal, refusal, skipped_by_default
from .pytest_compat.reports import replace_error

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from ..case import Case, Key
    from ..evaluator import Evaluator

__all__ = ["Collection"]

_LOST = (
    "not run: cargo lists this test, but pytest collected {where} without it, and no option, hook "
    "or plugin is known to exclude it. Please report this as a bug in pytest-cpython-sys. To run "
    "the test with cargo alone: {command}"
)


_BY_PYTHON = (
    "pytest-testmon does not track Rust code: all Rust tests are selected, but Python tests that "
    "call changed Rust code may not be"
)


class Collection:
    """A plugin that collects the tests of a plan, and keeps account of them."""

    def __init__(self, session: pytest.Session, plan: Plan, evaluator: Evaluator) -> None:
        self._session = session
        self._config = session.config
        self._plan = plan
        self._evaluator = evaluator
        self._leading = {str(parent) for file in plan.cases for parent in Path(file).parents}
        """Directories on the way to a file with Rust tests."""
        self._names = {os.path.basename(file) for file in plan.cases}
        """Names of files with Rust tests."""
        self._opened: list[str] = []
        """Directories that pytest would have passed by, and that are entered for Rust's sake."""
        self.account = Account()
        self._expected = expected_attributes(session.config)
        read_ids_of_rust()
        if select_in_spite_of_testmon(session.config, plan.cases):
            self.account.remark = _BY_PYTHON

    @pytest.hookimpl(wrapper=True)
    def pytest_ignore_collect(
        self, collection_path: Path
    ) -> Generator[None, bool | None, bool | None]:
        """Leave cargo's output out; enter folders that pytest skips if Rust tests are in them."""
        ignored = yield
        opened = any(str(collection_path).startswith(prefix) for prefix in self._opened)
        if not (opened or self._may_be_one(collection_path) or collection_path.is_dir()):
            return ignored
        real = os.path.realpath(collection_path)
        leads = real in self._leading or real in self._plan.cases
        if not ignored:
            # Such a folder is entered for Rust alone.
            return True if not leads and (opened or real in self._plan.outputs) else ignored
        if not leads:
            return ignored
        why = refusal(self._config, collection_path) or hook_refusal(self._session, collection_path)
        if why is None and skipped_by_default(self._config, collection_path):
            self._opened.append(str(collection_path) + os.sep)
            return False
        self.account.refuse(real, why or "a pytest_ignore_collect hook")
        return ignored

    def _may_be_one(self, path: Path) -> bool:
        """Tell whether a file may be one with tests. A link may have another name."""
        return path.name in self._names or path.is_symlink()

    @pytest.hookimpl
    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> RustFile | None:
        """Return a node for a file with Rust tests."""
        if not self._may_be_one(file_path):
            return None
        cases = self._plan.cases.get(os.path.realpath(file_path))
        if not cases:
            return None
        node = RustFile.make(parent, file_path, cases, self._evaluator)
        self.account.note_file(node)
        return node

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Note what others make of our nodes; an error of theirs leads to Rust's sources."""
        report = yield
        self.account.note_report(collector, report)
        if isinstance(collector, RustBuild) and collector.error is not None:
            set_place(collector.error, collector.item.case)
            replace_error(report, collector.error)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        """Settle the account before anybody selects: an item for each test, and no test twice."""
        self._drop_copies(items)
        asked = Arguments(self._config, self._plan)
        items[:] = [
            item for item in items if not (isinstance(item, RustItem) and asked.shadow(item.case))
        ]
        lost = self.account.settle(self._plan, asked, items)
        if lost:
            items += self._lost_items(lost)
        self._repeat_as_a_whole(items)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Give an item the name under which it is shown, and what other plugins expect of it."""
        if isinstance(item, RustItem):
            item.take_full_name()
            if self._expected:
                item.add_attributes(self._expected)

    def _repeat_as_a_whole(self, items: list[pytest.Item]) -> None:
        """Order what a plugin repeats as the plugin does: a file after itself, or all after all."""
        count, scope = repetitions(self._config)
        if count == 1 or scope == "function":
            return
        places = [index for index, item in enumerate(items) if isinstance(item, RustItem)]
        files = dict.fromkeys(items[index].path for index in places)
        first = {path: number if scope != "session" else 0 for number, path in enumerate(files)}
        ours = [item for item in items if isinstance(item, RustItem)]
        ours.sort(key=lambda item: (first[item.path], item.step))
        for index, item in zip(places, ours, strict=True):
            items[index] = item

    @staticmethod
    def _drop_copies(items: list[pytest.Item]) -> None:
        """Keep one of the items of a test whose file is reached by several paths."""
        best: dict[Key, str] = {}
        for item in items:
            if isinstance(item, RustItem):
                key, path = item.case.key, str(item.path)
                if key not in best or path == item.case.file:
                    best[key] = path
        items[:] = [
            item
            for item in items
            if not isinstance(item, RustItem) or best[item.case.key] == str(item.path)
        ]

    def _lost_items(self, lost: list[Case]) -> Iterator[RustItem]:
        """Yield an item for each test that is lost: it is an error under its own id."""
        for case in lost:
            where = os.path.relpath(case.file, self._config.rootpath)
            message = _LOST.format(where=where, command=case.command or "cargo test")
            self._plan.known.verdicts[case.key] = Verdict("error", message=message)
            found = replace(case, checker=Known.name, group="", skip=None, xfail=None)
            node = RustFile.make(self._session, Path(case.file), [found], self._evaluator)
            item = RustItem.alone(node, found)
            item.ihook.pytest_itemcollected(item=item)
            yield item
