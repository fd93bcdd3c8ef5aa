"""Gives each case its verdict when it is asked for, running no more than what was selected.

A checker's iterator is driven by a thread, so that a test binary never waits for pytest, and
pytest has a verdict as soon as its test has ended. Groups run one after the other, as cargo
runs test binaries: two at once would make tests fail that share a port or a file.
"""

from __future__ import annotations

import os
import threading
import time
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from .cargo import in_this_run, none_started, stop_all
from .case import Case, Verdict, grouped
from .late import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .case import Checker, Key

__all__ = ["Audience", "Evaluator", "discovered", "evaluated", "remarks", "warnings", "withheld"]

_Told = TypeVar("_Told")
_LOOK = 0.25
_NOTHING = Verdict("error", message="the run ended without a result for this test")


def discovered(checker: Checker) -> tuple[list[Case], str]:
    """Return the cases that a checker finds, and what to say if it raised; "" if it did not."""

    def ask() -> Iterator[Case]:
        for case in checker.discover():
            if not isinstance(case, Case):
                raise TypeError(f"discover() gave {case!r}, which is not a Case")
            yield case

    return _told(checker, ask)


def warnings(checker: Checker, *, verbose: bool) -> list[str]:
    """Return what a checker warns of, whatever it does when it is asked."""
    found, problem = _told(checker, lambda: checker.warnings(verbose=verbose))
    return [*found, problem] if problem else found


def remarks(checker: Checker) -> list[tuple[str, Sequence[str]]]:
    """Return what a checker has to say beside its verdicts, whatever it does when it is asked."""
    found, problem = _told(checker, checker.remarks)
    heading, *details = problem.split("\n")
    return [*found, (heading, details)] if problem else found


def withheld(checker: Checker) -> list[tuple[str, Sequence[Case]]]:
    """Return what cannot be evaluated here, below what it needs; if it raised, that as a need."""
    found, problem = _told(checker, checker.withheld)
    return [*found, (problem.partition("\n")[0], ())] if problem else found


def _told(checker: Checker, ask: Callable[[], Iterable[_Told]]) -> tuple[list[_Told], str]:
    """Return what a checker tells, and what to say if it raised; "" if it did not."""
    found: list[_Told] = []
    try:
        for one in ask():
            found.append(one)  # noqa: PERF402 - what came before an error is kept
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return found, _raised(checker, error)
    return found, ""


def evaluated(checker: Checker, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
    """Yield what a checker says of cases; if it raises, that is what is said of all the rest."""
    waiting = {case.key: case for case in cases}
    try:
        for case, verdict in checker.run(cases):
            if not isinstance(verdict, Verdict):
                raise TypeError(f"run() gave {verdict!r}, which is not a Verdict")
            waiting.pop(case.key, None)
            yield case, verdict
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        verdict = Verdict("error", message=_raised(checker, error))
        # With all verdicts given it is said after the last of them.
        for case in list(waiting.values()) or cases[-1:]:
            yield case, verdict


def _raised(checker: Checker, error: BaseException) -> str:
    heading, _, _ = f"{type(error).__name__}: {error}".partition("\n")
    words = "".join(traceback.format_exception(error)).rstrip("\n")
    return f"the checker {checker.name} raised {heading}\n{words}"


@dataclass
class _Batch:
    """Cases that are evaluated together."""

    cases: list[Case]
    thread: threading.Thread | None = None
    finished: bool = False
    late: Verdict | None = None

    def note_late(self, verdict: Verdict) -> None:
        """Keep what is said after all verdicts; an error comes before anything else."""
        known = self.late
        if known is not None:
            worse = known if known.outcome == "error" else verdict
            verdict = replace(
                worse,
                warnings=(*known.warnings, *verdict.warnings),
                output="\n".join(filter(None, (known.output, verdict.output))),
            )
        self.late = verdict


class Audience(Protocol):
    """Whoever looks at what tests print while they run."""

    keeps: bool
    """Whether what was shown is to be in verdicts as well."""

    def show(self, text: str) -> None:
        """Show what the case prints that is waited for. Called in the thread that waits."""


class Evaluator:
    """Verdicts for the cases of a session.

    ``upcoming`` tells, where nothing was selected, which cases will be asked for next. ``on_wait``
    is told again and again, in the thread that waits, for which case that is and for how many
    seconds. ``audience`` is shown what is `heard`, each test's own while that test is waited for.
    """

    def __init__(
        self,
        checkers: Mapping[str, Checker],
        upcoming: Callable[[], Iterable[Case]] = lambda: (),
        on_wait: Callable[[Case, float], None] = lambda _case, _seconds: None,
        audience: Audience | None = None,
    ) -> None:
        self._checkers = checkers
        self._upcoming = upcoming
        self._on_wait = on_wait
        self._audience = audience
        self._heard: dict[Key, list[str]] = {}
        """What tests have printed that is not shown yet."""
        self._shown: set[Key] = set()
        self._driven: Sequence[Case] = ()
        """The cases of which something may be heard now."""
        self._alone_in: int | None = None
        """The thread that evaluates a case while it waits for it."""
        self._batches: dict[Key, _Batch] = {}
        self._verdicts: dict[Key, Verdict] = {}
        self._asked: set[Key] = set()
        self._handed_out: set[Key] = set()
        self._running: threading.Thread | None = None
        self._process = os.getpid()
        self.awaited: Case | None = None
        """The case that is waited for, or was when the run was interrupted."""
        self._changed = threading.Condition()
        """Guards the verdicts, and what is known of a batch."""

    def select(self, cases: Iterable[Case]) -> None:
        """Say which cases will be asked for, in the order in which they will be."""
        wanted = {case.key: case for case in cases if case.skip is None}
        for group in grouped(wanted.values(), lambda case: (case.checker, case.group)).values():
            self._batches.update(dict.fromkeys((case.key for case in group), _Batch(group)))

    def verdict(self, case: Case) -> Verdict:
        """Return what became of a case, waiting for it if need be.

        A case that is asked for again is evaluated again.
        """
        if case.skip is not None:
            return Verdict("skipped", message=case.skip)
        self.awaited = case
        verdict = self.evaluate(case)
        self.awaited = None
        return verdict

    def evaluate(self, case: Case) -> Verdict:
        """Return what became of a case that is to run, as `verdict` has it."""
        if os.getpid() != self._process:
            return self._alone(case)  # what runs the others is another process: this one is forked
        key = case.key
        batch = self._batches.get(key)
        if batch is None:
            self._look_ahead(case)
            batch = self._batches[key]
        if key in self._asked:
            return self._alone(case)
        self._asked.add(key)
        if batch.thread is None:
            self._start(batch, case)
        verdict = self._wait(batch, case)
        self._handed_out.add(key)
        return self._unrepeated(case, verdict) if verdict is not None else self._alone(case)

    def hear(self, test: str, text: str) -> None:
        """Take note of what a test has printed, by the name that cargo prints. From any thread."""
        with self._changed:
            cases = self._driven
            if not cases:
                return
            case = next((case for case in cases if case.rust_test == test), cases[0])
            self._heard.setdefault(case.key, []).append(text)
            self._changed.notify_all()
        if self._alone_in == threading.get_ident():
            self._tell(case.key)

    def _tell(self, key: Key) -> None:
        """Show what a test has printed since it was last looked at."""
        with self._changed:
            texts = self._heard.pop(key, ())
        if texts and self._audience is not None:
            self._shown.add(key)
            self._audience.show("".join(texts))

    def _unrepeated(self, case: Case, verdict: Verdict) -> Verdict:
        """Return a verdict without the output that was shown, unless somebody keeps that too."""
        if self._audience is None or not verdict.output or verdict.outcome == "error":
            return verdict
        if case.key not in self._shown:
            self._audience.show(f"{verdict.output}\n")
        return verdict if self._audience.keeps else replace(verdict, output="")

    def _wait(self, batch: _Batch, case: Case) -> Verdict | None:
        """Return a case's verdict as soon as it is there; None if its batch ends without it."""
        began = time.monotonic()
        while True:
            with self._changed:
                if case.key not in self._heard:
                    verdict = self._verdicts.pop(case.key, None)
                    if verdict is not None or batch.finished:
                        return verdict
                    self._changed.wait(_LOOK)
            self._tell(case.key)
            self._on_wait(case, time.monotonic() - began)

    def _join(self, thread: threading.Thread, case: Case) -> None:
        """Wait for the end of a batch, for the sake of a case."""
        began = time.monotonic()
        while thread.is_alive():
            thread.join(_LOOK)
            self._on_wait(case, time.monotonic() - began)

    def late_verdict(self, case: Case) -> Verdict | None:
        """Return what was said after a batch's verdicts, if ``case`` is the last of it."""
        key = case.key
        batch = self._batches.get(key)
        if batch is None or batch.thread is None or batch.cases[-1].key != key:
            return None
        if key not in self._handed_out:
            return None  # an interrupted run must not wait for the rest of its batch
        self._join(batch.thread, case)
        for one in batch.cases:
            self._tell(one.key)
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

    def _start(self, batch: _Batch, case: Case) -> None:
        if self._running is not None:
            self._join(self._running, case)
        self._running = batch.thread = threading.Thread(
            target=in_this_run(lambda: self._drive(batch)), daemon=True
        )
        batch.thread.start()

    def _drive(self, batch: _Batch) -> None:
        seen: set[Key] = set()
        self._driven = batch.cases
        try:
            for case, verdict in evaluated(self._checkers[batch.cases[0].checker], batch.cases):
                key = case.key
                with self._changed:
                    if key not in seen:
                        seen.add(key)
                        self._verdicts[key] = verdict
                        self._changed.notify_all()
                    elif verdict.outcome == "error" or verdict.warnings or verdict.output:
                        batch.note_late(verdict)
        finally:
            with self._changed:
                self._driven = ()
                batch.finished = True
                self._changed.notify_all()

    def _alone(self, case: Case) -> Verdict:
        first: Verdict | None = None
        if self._running is not None and self._audience is not None:
            self._join(self._running, case)  # it may be heard
        self._driven, self._alone_in = [case], threading.get_ident()
        for other, verdict in evaluated(self._checkers[case.checker], [case]):
            if other.key != case.key:
                continue
            if first is None or verdict.outcome == "error":
                first = verdict
            elif verdict.warnings:
                first = replace(first, warnings=(*first.warnings, *verdict.warnings))
        self._driven, self._alone_in = (), None
        return self._unrepeated(case, first or _NOTHING)
