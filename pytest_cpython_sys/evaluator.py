"""Gives each case its verdict when it is asked for, running no more than what was selected.

A checker's iterator is driven by a thread, so that a test binary never waits for pytest, and
pytest has a verdict as soon as its test has ended. Groups run one after the other, as cargo
runs test binaries: two at once would make tests fail that share a port or a file.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .cargo import none_started, stop_all
from .case import Case, Verdict, grouped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .case import Checker

__all__ = ["Evaluator"]

_Key = tuple[str, tuple[str, ...]]
_NOTHING = Verdict("error", message="the run ended without a word about this test")


@dataclass
class _Batch:
    """Cases that are evaluated together."""

    cases: list[Case]
    thread: threading.Thread | None = None
    finished: bool = False
    late: Verdict | None = None

    def note_late(self, verdict: Verdict) -> None:
        """Keep what is said after all verdicts; an error comes before a warning."""
        known = self.late
        if known is not None:
            worse = known if known.outcome == "error" else verdict
            verdict = replace(worse, warnings=(*known.warnings, *verdict.warnings))
        self.late = verdict


class Evaluator:
    """Verdicts for the cases of a session.

    ``upcoming`` tells, where nothing was selected, which cases will be asked for next.
    """

    def __init__(
        self,
        checkers: Mapping[str, Checker],
        upcoming: Callable[[], Iterable[Case]] = lambda: (),
    ) -> None:
        self._checkers = checkers
        self._upcoming = upcoming
        self._batches: dict[_Key, _Batch] = {}
        self._verdicts: dict[_Key, Verdict] = {}
        self._asked: set[_Key] = set()
        self._handed_out: set[_Key] = set()
        self._running: threading.Thread | None = None
        self._changed = threading.Condition()
        self._waits = False
        """Whether somebody waits for a change: most often nobody does, and none is told."""

    def select(self, cases: Iterable[Case]) -> None:
        """Say which cases will be asked for, in the order in which they will be."""
        wanted = (case for case in cases if case.skip is None)
        for group in grouped(wanted, lambda case: (case.checker, case.group)).values():
            self._batches.update(dict.fromkeys((case.key for case in group), _Batch(group)))

    def verdict(self, case: Case) -> Verdict:
        """Return what became of a case, waiting for it if need be.

        A case that is asked for again is evaluated again.
        """
        if case.skip is not None:
            return Verdict("skipped", message=case.skip)
        key = case.key
        batch = self._batches.get(key)
        if batch is None:
            self._look_ahead(case)
            batch = self._batches[key]
        if key in self._asked:
            return self._alone(case)
        self._asked.add(key)
        if batch.thread is None:
            self._start(batch)
        verdict = self._verdicts.pop(key, None)  # most often it is there already
        if verdict is None:
            with self._changed:
                self._waits = True  # before looking again: the other thread looks at it last
                self._changed.wait_for(lambda: key in self._verdicts or batch.finished)
                self._waits = False
            verdict = self._verdicts.pop(key, None)
        self._handed_out.add(key)
        return verdict or self._alone(case)

    def late_verdict(self, case: Case) -> Verdict | None:
        """Return what was said after a batch's verdicts, if ``case`` is the last of it."""
        key = case.key
        batch = self._batches.get(key)
        if batch is None or batch.thread is None or batch.cases[-1].key != key:
            return None
        if key not in self._handed_out:
            return None  # an interrupted run must not wait for the rest of its batch
        batch.thread.join()
        late, batch.late = batch.late, None
        return late

    def stop(self, grace: float) -> None:
        """End what still runs, and wait for its end. ``grace``: seconds before it is killed."""
        with none_started():
            while self._running is not None and self._running.is_alive():
                stop_all(grace)
                self._running.join(0.05)
        self._running = None

    def _look_ahead(self, case: Case) -> None:
        group = [case]
        for other in self._upcoming():
            same = (other.checker, other.group) == (case.checker, case.group)
            if same and other.skip is None and other.key not in self._batches:
                group.append(other)
        self.select(group)

    def _start(self, batch: _Batch) -> None:
        if self._running is not None:
            self._running.join()
        self._running = batch.thread = threading.Thread(
            target=self._drive, args=(batch,), daemon=True
        )
        batch.thread.start()

    def _drive(self, batch: _Batch) -> None:
        seen: set[_Key] = set()
        try:
            for case, verdict in self._checkers[batch.cases[0].checker].run(batch.cases):
                key = case.key
                if key not in seen:
                    seen.add(key)
                    self._verdicts[key] = verdict
                elif verdict.outcome == "error" or verdict.warnings:
                    batch.note_late(verdict)
                if self._waits:
                    with self._changed:
                        self._changed.notify_all()
        finally:
            with self._changed:
                batch.finished = True
                self._changed.notify_all()

    def _alone(self, case: Case) -> Verdict:
        first: Verdict | None = None
        for other, verdict in self._checkers[case.checker].run([case]):
            if other.key != case.key:
                continue
            if first is None or verdict.outcome == "error":
                first = verdict
            elif verdict.warnings:
                first = replace(first, warnings=(*first.warnings, *verdict.warnings))
        return first or _NOTHING
