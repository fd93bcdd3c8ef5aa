"""Gives each case its verdict when it is asked for, running no more than what was selected.

A checker's iterator is driven by a thread, so that a test binary never waits for pytest, and
pytest has a verdict as soon as its test has ended. Groups run one after the other, as cargo
runs test binaries: two at once would make tests fail that share a port or a file.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .case import Case, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .case import Checker

__all__ = ["Evaluator"]

_Key = tuple[str, tuple[str, ...]]
_Group = tuple[str, str]
_NOTHING = Verdict("error", message="the run ended without a word about this test")


class Evaluator:
    """Verdicts for the cases of a session."""

    def __init__(self, checkers: Mapping[str, Checker]) -> None:
        self._checkers = checkers
        self._selected: dict[_Group, dict[_Key, Case]] = {}
        self._last: dict[_Group, _Key] = {}
        self._verdicts: dict[_Key, Verdict] = {}
        self._late: dict[_Group, Verdict] = {}
        self._asked: set[_Key] = set()
        self._handed_out: set[_Key] = set()
        self._threads: dict[_Group, threading.Thread] = {}
        self._finished: set[_Group] = set()
        self._changed = threading.Condition()

    def select(self, cases: Iterable[Case]) -> None:
        """Say which cases will be asked for, in the order in which they will be."""
        for case in cases:
            group = (case.checker, case.group)
            self._last[group] = case.key
            if case.skip is None:
                self._selected.setdefault(group, {})[case.key] = case

    def verdict(self, case: Case) -> Verdict:
        """Return what became of a case, waiting for it if need be.

        A case that is asked for again is evaluated again.
        """
        if case.skip is not None:
            return Verdict("skipped", message=case.skip)
        group = (case.checker, case.group)
        if case.key in self._asked or case.key not in self._selected.get(group, ()):
            return self._alone(case)
        self._asked.add(case.key)
        if group not in self._threads:
            self._start(group)
        with self._changed:
            self._changed.wait_for(lambda: case.key in self._verdicts or group in self._finished)
            verdict = self._verdicts.pop(case.key, None)
        self._handed_out.add(case.key)
        return verdict or self._alone(case)

    def late_failure(self, case: Case) -> Verdict | None:
        """Return what went wrong after a group's verdicts, if ``case`` is the last of it."""
        group = (case.checker, case.group)
        if self._last.get(group) != case.key or group not in self._threads:
            return None
        if case.key not in self._handed_out:
            return None  # an interrupted run must not wait for the rest of its group
        self._threads[group].join()
        return self._late.pop(group, None)

    def _start(self, group: _Group) -> None:
        for thread in self._threads.values():
            thread.join()
        cases = list(self._selected[group].values())
        thread = threading.Thread(target=self._drive, args=(group, cases), daemon=True)
        self._threads[group] = thread
        thread.start()

    def _drive(self, group: _Group, cases: Sequence[Case]) -> None:
        seen: set[_Key] = set()
        try:
            for case, verdict in self._checkers[group[0]].run(cases):
                with self._changed:
                    if case.key not in seen:
                        seen.add(case.key)
                        self._verdicts[case.key] = verdict
                    elif verdict.outcome == "error":
                        self._late[group] = verdict
                    self._changed.notify_all()
        finally:
            with self._changed:
                self._finished.add(group)
                self._changed.notify_all()

    def _alone(self, case: Case) -> Verdict:
        first: Verdict | None = None
        for other, verdict in self._checkers[case.checker].run([case]):
            if other.key == case.key and (first is None or verdict.outcome == "error"):
                first = verdict
        return first or _NOTHING
