"""pytest's nodes: a file, its modules, and items that hold a Case and ask for its Verdict."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

import pytest

from ..node_ids import escape
from .failures.errors import RustError, RustFailedError, error_of
from .pictures.svg_files import DRAWINGS, REFUSED, write_drawing
from .pytest_compat.companions import repetitions
from .pytest_compat.items import CompatCollector, CompatItem, marks_keep_out, skip_at_item
from .report import properties, record_warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ..case import Case, Verdict
    from ..evaluator import Evaluator
    from .pytest_compat.reports import TerminalRepr

__all__ = ["KEEPING", "RustBuild", "RustCollector", "RustFile", "RustItem"]

_RUN_AGAIN: Final = ("unit", "integration", "example", "bench", "doctest", "harness")


KEEPING = frozenset({"skip", "skipif", "xfail"})
"""Marks that may keep a test from running."""


@cache
def _marks(kind: str) -> list[pytest.Mark]:
    """Return the marks of a kind of test; pytest makes those alone that are registered."""
    # A table is what both are told by: who selects one of them is to see what is wrong with it.
    kinds = ("abi", "policy") if kind == "table" else (kind,)
    return [getattr(pytest.mark, name).mark for name in ("rust", *(f"rust_{one}" for one in kinds))]


class RustCollector(CompatCollector):
    """A level of an id that has others below it."""

    entries: list[tuple[tuple[str, ...], Case]]
    """Its cases, each with the levels below this one."""
    evaluator: Evaluator
    offered: list[RustItem | RustModule] | None = None
    """What it was asked to yield; None if nobody asked."""
    shown_path: str | None = None
    """Its file's path as reports of its items show it, once that is known."""

    @cached_property
    def is_marked(self) -> bool:
        """Whether marks around its items may keep them from running."""
        return any(mark.name in KEEPING for node in self.listchain() for mark in node.own_markers)

    def collect(self) -> Iterator[RustItem | RustModule | RustBuild]:
        """Yield what is in it; where nothing will run, what did not build as an error too."""
        self.offered = _children(self)
        yield from self.offered
        if self.config.option.collectonly:
            for item in self.offered:
                if isinstance(item, RustItem) and item.case.kind == "build":
                    yield RustBuild.make(self, item)


class RustFile(RustCollector, pytest.File):
    """A source file with Rust tests in it, or a manifest that cargo refuses."""

    @classmethod
    def make(
        cls, parent: pytest.Collector, path: Path, cases: Sequence[Case], evaluator: Evaluator
    ) -> RustFile:
        """Return the node of a file; one outside rootdir has an id that begins with ``../``."""
        root = parent.config.rootpath
        extra: dict[str, Any] = {}
        if not path.is_relative_to(root):
            extra["nodeid"] = os.path.relpath(path, root).replace(os.sep, "/")
        node: RustFile = cls.from_parent(parent, path=path, **extra)
        # In the order of the source.
        cases = sorted(cases, key=lambda case: (case.line, case.generated is not None))
        node.entries = [(case.levels, case) for case in cases]
        node.evaluator = evaluator
        return node


class RustModule(RustCollector):
    """A level of an id between the file and the test: pytest allows no ``::`` in a name."""

    @classmethod
    def make(cls, parent: RustCollector, level: str) -> RustModule:
        """Return the node of a level, as yet without cases."""
        node: RustModule = cls.from_parent(parent, name=escape(level))
        node.entries, node.evaluator = [], parent.evaluator
        return node


class RustBuild(pytest.Collector):
    """What did not build, where tests are only collected: the error that its item would be."""

    item: RustItem
    error: RustError | None = None
    """What collecting it has raised."""

    @classmethod
    def make(cls, parent: RustCollector, item: RustItem) -> RustBuild:
        """Return the node beside an item of a target that did not build."""
        node: RustBuild = cls.from_parent(parent, name=item.name)
        node.item = item
        return node

    def collect(self) -> Iterator[pytest.Item]:
        """Raise what keeps the tests of the target from being collected."""
        verdict = self.item.evaluator.verdict(self.item.case)
        self.error = error_of(self.item.case, verdict)
        raise self.error

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None
    ) -> str | TerminalRepr:
        """Return what to show of a failure: Rust's words, not our stack."""
        del style  # for items; collectors are asked without one
        if isinstance(excinfo.value, RustError):
            return self.item.words(excinfo.value)
        return super().repr_failure(excinfo)


def _repeated(parent: RustCollector, level: str, case: Case, count: int) -> Iterator[RustItem]:
    """Yield the items of a case that a plugin repeats."""
    for step in range(count):
        item = RustItem.make(parent, level, case, f"[{step + 1}-{count}]")
        item.step = step
        yield item


def _children(parent: RustCollector) -> list[RustItem | RustModule]:
    modules: dict[str, RustModule] = {}
    children: list[RustItem | RustModule] = []
    count, _ = repetitions(parent.config)
    for (level, *rest), case in parent.entries:
        if not rest:
            if count > 1 and case.kind in _RUN_AGAIN:
                children += _repeated(parent, level, case, count)
            else:
                children.append(RustItem.make(parent, level, case))
            continue
        if level not in modules:
            modules[level] = RustModule.make(parent, level)
            children.append(modules[level])
        modules[level].entries.append((tuple(rest), case))
    return children


class RustItem(CompatItem):
    """A Rust test."""

    case: Case
    evaluator: Evaluator
    outcome: Verdict | None = None
    parent: RustCollector
    step: int = 0
    """Which of several items of this case it is, where a plugin repeats it."""

    @classmethod
    def alone(cls, file: RustFile, case: Case) -> RustItem:
        """Return the item of a case with levels of its own, whatever became of its file's."""
        parent: RustCollector = file
        for level in case.levels[:-1]:
            parent = RustModule.make(parent, level)
        return cls.make(parent, case.levels[-1], case)

    @classmethod
    def make(cls, parent: RustCollector, level: str, case: Case, again: str = "") -> RustItem:
        """Return the item of a case, whose last level it is; ``again`` says which of several."""
        name = escape(level)
        # pytest 9.2 takes a bracket for a parameter's in an id that it is given, and not in a name.
        extra = {"nodeid": f"{parent.nodeid}::{name}{again}"} if again else {}
        item: RustItem = cls.from_parent(parent, name=f"{name}{again}", **extra)
        item.case = case
        item.evaluator = parent.evaluator
        item.add_marks(_marks(case.kind))
        if case.xfail is not None:
            # What could not be evaluated has not failed as expected.
            mark = pytest.mark.xfail(reason=case.xfail, strict=True, raises=RustFailedError)
            item.add_marker(mark)
        item.user_properties.extend(properties(case, parent.config.rootpath))
        if not parent.config.option.collectonly:
            # Now, so that all items have one table of names in common: see copy_report.
            _ = item.location
        return item

    @property
    def originalname(self) -> str:
        """Its name without what tells it from others of the same test."""
        return self.name.partition("[")[0]

    def take_full_name(self) -> None:
        """Say whose test it is, where a name stands alone; the id stays as it is.

        pytest has found the item by the last level of its id by now. That of a doctest is a number.
        """
        if self.case.kind == "doctest":
            levels = self.case.levels
            owner = "::".join(levels[levels.index("@doctest") + 1 : -1])
            self.name = f"{owner or self.path.name} {self.name}"

    def iter_markers_with_node(self, name: str | None = None) -> Iterator[tuple[Any, pytest.Mark]]:
        """Yield all marks, the nearest first; each phase of each item asks several times."""
        node: Any = self
        while node is not None:
            for mark in node.own_markers:
                if name is None or mark.name == name:
                    yield node, mark
            node = node.parent

    @cached_property
    def location(self) -> tuple[str, int | None, str]:
        """Where it stands, as reports say it; how its path is shown is found out once a parent."""
        parent = self.parent
        if parent.shown_path is None:
            parent.shown_path = super().location[0]
        _, line, name = self.reportinfo()
        return parent.shown_path, line, name

    def forget(self) -> None:
        """Forget what became of the test: it runs again."""
        super().forget()
        self.outcome = None

    @property
    def is_left_out(self) -> bool:
        """Whether it is known before its turn that it does not run."""
        if self.config.getoption("setuponly", False):
            return True
        marked = self.parent.is_marked or any(mark.name in KEEPING for mark in self.own_markers)
        return marked and marks_keep_out(self)

    def setup(self) -> None:
        """Wait for the verdict. A test that was not evaluated is an error, not a failure."""
        if self.config.getoption("setuponly", False):
            return  # of tests pytest shows the names alone
        verdict = self.outcome = self.evaluator.verdict(self.case)
        self.note(verdict)
        if verdict.outcome == "error":
            if verdict.output:
                self.add_report_section("setup", "stdout", verdict.output)
            raise RustError(verdict)
        if self.case.skip is not None:
            raise skip_at_item(self.case.skip)

    def runtest(self) -> None:
        """Report what became of the test."""
        verdict = self.outcome
        assert verdict is not None  # noqa: S101 - set by setup
        if verdict.outcome == "error":
            raise RustError(verdict)  # who runs a test again may look at its call alone
        if verdict.output:
            self.add_report_section("call", "stdout", verdict.output)
        if verdict.outcome == "skipped":
            raise skip_at_item(verdict.message)
        if verdict.outcome == "failed":
            raise error_of(self.case, verdict)
        if (
            self.case.xfail is not None
            and verdict.message
            and not self.config.getoption("runxfail", False)
        ):
            raise RustError(verdict)  # it has passed, and says what to do about that

    def teardown(self) -> None:
        """Report a test binary that ended badly after its last test."""
        late = self.evaluator.late_verdict(self.case)
        if late is not None:
            self.note(late, late=True)
            if late.output:
                self.add_report_section("teardown", "stdout", late.output)
            if late.outcome == "error":
                raise RustError(late, late=True)

    def note(self, verdict: Verdict, *, late: bool = False) -> None:
        """Show what a verdict says besides its outcome; draw the layouts, if that is wanted.

        What a ``late`` verdict warns of may concern any test of the binary.
        """
        for text in verdict.warnings:
            record_warning(self.config, text, self, of_file=late)
        directory = self.config.stash.get(DRAWINGS, None) if verdict.layouts is not None else None
        if directory is not None:
            problem = write_drawing(directory, self.nodeid, verdict)
            if problem is not None and not self.config.stash.get(REFUSED, False):
                self.config.stash[REFUSED] = True
                record_warning(self.config, problem)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None
    ) -> str | TerminalRepr:
        """Return what to show of a failure: Rust's words, not our stack."""
        if isinstance(excinfo.value, RustError):
            return self.words(excinfo.value)
        return super().repr_failure(excinfo, style)

    def words(self, error: RustError) -> TerminalRepr:
        """Return what to show of an error in any phase."""
        from .failures.words import failure_repr

        case = replace(self.case, command="") if error.late else self.case
        return failure_repr(case, error.verdict, self.config)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Return the test's file, its line counted from 0, and its name."""
        return self.path, self.case.line - 1, "::".join(self.case.levels)
