"""Holds what pytest has collected against the tests that were found: none gets lost unseen.

Each test of a file that the arguments ask for has become an item, or it is known what kept it out:
an option, an ini key, a list of a conftest, a hook or a plugin. What is neither is lost, and that
is a failure of its own.
"""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import pytest

from ..cargo import is_inside, upwards
from ..case import counted
from ..node_ids import escape
from .nodes import RustCollector, RustItem
from .pytest_compat.refusals import is_of_pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..case import Case, Key
    from ..plan import Plan
    from .nodes import RustFile

__all__ = ["Account", "Arguments"]

_OUTPUT: Final = "cpython_sys_left_out"
_NARROWED: Final = "a pytest_make_collect_report hook"
"""Selects of what was collected, as ``--lf`` does. pytest and others say so themselves."""


class Arguments:
    """What pytest was told to collect: paths, and names below them."""

    def __init__(self, config: pytest.Config, plan: Plan) -> None:
        self._wanted: list[Key] = []
        self._tests: set[Key] = set()
        """Those of the wanted that are a test's own id. A module may have the same."""
        known: dict[str, set[tuple[str, ...]]] = {}
        for argument in config.args:
            path, _, levels = str(argument).partition("::")
            real = os.path.realpath(config.invocation_params.dir / path)
            # What a plugin repeats has a bracket more than its case.
            names = tuple(levels.partition("[")[0].split("::")) if levels else ()
            self._wanted.append((real, names))
            if real not in known:
                known[real] = {_names(case) for case in plan.cases.get(real, ())}
            if names in known[real]:
                self._tests.add((real, names))

    def reach(self, file: str) -> bool:
        """Tell whether any test of a file may be asked for, by its real path."""
        return any(is_inside(file, path) for path, _ in self._wanted)

    def ask_for(self, case: Case) -> bool:
        """Tell whether a case is asked for."""
        names = _names(case)
        return any(
            is_inside(case.file, path)
            and (names if (path, wanted) in self._tests else names[: len(wanted)]) == wanted
            for path, wanted in self._wanted
        )

    def shadow(self, case: Case) -> bool:
        """Tell whether a case was found by the id of another one: its module has that name too."""
        if not self._tests:
            return False
        names = _names(case)
        above = ((case.file, names[:count]) for count in range(1, len(names)))
        return not self._tests.isdisjoint(above) and not self.ask_for(case)


def _names(case: Case) -> tuple[str, ...]:
    """Return the names of a case's nodes below its file."""
    return tuple(map(escape, case.levels))


class Account:
    """What happened to directories, files and tests on their way to items."""

    def __init__(self) -> None:
        self._refused: dict[str, str] = {}
        """What keeps a path out, by its real path."""
        self._directories: dict[str, tuple[pytest.Collector, pytest.CollectReport]] = {}
        self._reports: list[tuple[RustCollector, pytest.CollectReport]] = []
        self._files: list[RustFile] = []
        self.left_out: dict[Key, str] = {}
        """Tests that the arguments ask for and that are kept out, and by what."""
        self.is_rust_alone = True
        """Whether all that was collected is Rust's: no test file was imported."""
        self.remark = ""
        """What the way in which tests are selected cannot see."""

    # -- what is noted while pytest collects ----------------------------------------------------

    def refuse(self, path: str, why: str) -> None:
        """Note that a directory or a file is kept out."""
        self._refused[path] = why

    def note_file(self, node: RustFile) -> None:
        """Note that a file was given a node."""
        self._files.append(node)

    def note_report(self, collector: pytest.Collector, report: pytest.CollectReport) -> None:
        """Note what a collector holds. Whoever sees the report later may still change it."""
        if isinstance(collector, RustCollector):
            self._reports.append((collector, report))
        elif isinstance(collector, pytest.Directory):
            self._directories[os.path.realpath(collector.path)] = collector, report
        elif not isinstance(collector, pytest.Session):
            self.is_rust_alone = False

    # -- what it comes to -----------------------------------------------------------------------

    def settle(self, plan: Plan, asked: Arguments, items: Iterable[pytest.Item]) -> list[Case]:
        """Return the tests that are lost; those that something keeps out are in ``left_out``."""
        shown = {item.case.key for item in items if isinstance(item, RustItem)}
        lost = []
        for file, cases in plan.cases.items():
            if not asked.reach(file):
                continue
            missing = [case for case in cases if case.key not in shown and asked.ask_for(case)]
            why = (self.refusal(file) or self._obstacle(file)) if missing else None
            withheld = self._withheld(file) if missing and why is None else {}
            for case in missing:
                reason = why or withheld.get(case.key)
                if reason is None:
                    lost.append(case)
                else:
                    self.left_out[case.key] = reason
        return lost

    def refusal(self, file: str) -> str | None:
        """Return what keeps a file out, or a directory that it lies in; None if nothing does."""
        return next((self._refused[path] for path in upwards(file) if path in self._refused), None)

    def keeps_out(self, case: Case) -> bool:
        """Tell whether a case is no part of this run, and not only not selected."""
        if self.refusal(case.file) is not None:
            return True
        return self.left_out.get(case.key, _NARROWED) != _NARROWED

    def _obstacle(self, file: str) -> str | None:
        """Return what made something else of a directory that a file lies in."""
        for path in upwards(os.path.dirname(file)):
            if path not in self._directories:
                continue
            collector, report = self._directories[path]
            module = type(collector).__module__
            if report.failed:
                return f"{collector.nodeid} could not be collected"
            if not is_of_pytest(module):
                return f"{module} collects {collector.nodeid} instead"
            below = file[len(path) + 1 :].split(os.sep)
            if len(below) > 1 and not any(node.path.name == below[0] for node in report.result):
                return f"a pytest_collect_directory hook, for the directory {below[0]}"
            return None
        return None

    def _withheld(self, file: str) -> dict[Key, str]:
        """Return the tests of a file that a hook has taken away after they were offered."""
        found: dict[Key, str] = {}
        for node in self._files:
            if _cases(node)[0].file != file:
                continue
            _, above = self._directories.get(os.path.realpath(node.path.parent), (None, None))
            if above is not None and node not in above.result:
                found.update((case.key, "a pytest_collect_file hook") for case in _cases(node))
        for collector, report in self._reports:
            if _cases(collector)[0].file != file:
                continue
            why = f"{collector.nodeid} could not be collected" if report.failed else _NARROWED
            offered = collector.offered
            kept = set(map(id, report.result))
            gone = [collector] if offered is None else [c for c in offered if id(c) not in kept]
            found.update((case.key, why) for child in gone for case in _cases(child))
        return found

    # -- what is said of it ---------------------------------------------------------------------

    def pack(self, workeroutput: dict[str, Any]) -> None:
        """Put what a worker of pytest-xdist knows into what its controller is given."""
        left_out = [(file, list(levels), why) for (file, levels), why in self.left_out.items()]
        workeroutput[_OUTPUT] = [self._refused, left_out]

    def unpack(self, workeroutput: dict[str, Any]) -> None:
        """Take over what a worker knows; all workers collect the same."""
        refused, left_out = workeroutput.get(_OUTPUT, ({}, ()))
        self._refused.update(refused)
        self.left_out.update(((file, tuple(levels)), why) for file, levels, why in left_out)

    def lines(self, *, verbose: bool) -> Iterator[str]:
        """Yield how much was kept out by what; with the files where there is room for it."""
        if self.remark:
            yield self.remark
        groups: dict[str, list[Key]] = defaultdict(list)
        for key, why in self.left_out.items():
            if verbose or why != _NARROWED:
                groups[why].append(key)
        for why, keys in groups.items():
            yield f"left out: {counted(len(keys), 'test')} ({why})"
            for file in dict.fromkeys(file for file, _ in keys) if verbose else ():
                yield f"    {os.path.relpath(file)}"


def _cases(node: pytest.Collector | pytest.Item) -> list[Case]:
    """Return the cases at or below one of our nodes."""
    if isinstance(node, RustItem):
        return [node.case]
    return [case for _, case in node.entries] if isinstance(node, RustCollector) else []
