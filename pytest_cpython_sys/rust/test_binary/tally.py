"""What one test process told of its tests: its events, held against each other and its totals.

A test can write into the stream that the events come in, and so forge one. So an end is held back
until something bears it out. libtest starts a test only when another has ended: an end is certain
when a start follows it directly. It is given out, too, when nothing has contradicted it for a
while, as nobody is to wait for a slow neighbour. What is left is certain once the process has ended
with totals that agree with all events. What contradicts itself is in doubt, whoever wrote it.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from ...cargo.run_program import IDLE
from .events import SuiteEvent, TestEvent, parse_events

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from .live import LiveText

__all__ = ["PATIENCE", "Tally"]

PATIENCE = 0.5
"""How many seconds an end is held back at most."""
_KEPT = 1_000_000
_LONG = 10.0
_MINUTE = 60.0


class Tally:
    """The account of one process.

    ``counts`` are the names that were asked for, and how many tests each of them has; ``others``
    are names that may run besides. ``on_slow`` is told of a test that has run for ten seconds, and
    for a minute. What tests print comes into ``live``, if nothing is captured.
    """

    def __init__(
        self,
        counts: Mapping[str, int],
        others: Collection[str] = (),
        on_slow: Callable[[str, float], None] | None = None,
        live: LiveText | None = None,
    ) -> None:
        self.counts = counts
        self._others = others
        self._on_slow = on_slow
        self.live = live
        self._starts: Counter[str] = Counter()
        self._ends: dict[str, list[TestEvent]] = {}
        self._held: dict[str, float] = {}
        """Names with an end that is not certain yet, and when it came."""
        self._given: set[str] = set()
        """Names with an end that was certain before all was told."""
        self._announced: set[str] = set()
        self._look_at = 0.0
        """When to look next for tests that run for long."""
        self._latest: str | None = None
        """The name whose end came last, until something else is told."""
        self._suites: list[SuiteEvent] = []
        self._ends_of_others: Counter[str] = Counter()
        self._stray: list[bytes] = []
        self._stray_size = 0
        self.started: dict[str, float] = {}
        """When each test started, by ``time.monotonic``."""
        self.running: dict[str, None] = {}
        """Those that have started and not ended, in that order: few, however many there are."""
        self.heard = 0.0
        """When the last event came; 0 before any."""

    def read(self, line: bytes) -> list[TestEvent]:
        """Take note of a line, or of silence; return the ends that are certain now."""
        if line == IDLE:
            now = time.monotonic()
            self._announce(now)
            return self._overdue(now)
        event, before = parse_events(line)
        is_foreign = event is None or self._is_foreign(event)
        self._note_text(line if is_foreign else before, is_whole=is_foreign)
        if event is None:
            return []
        if self.live is not None and not is_foreign:
            self.live.hear(event)
        self.heard = time.monotonic()
        self._announce(self.heard)
        if isinstance(event, SuiteEvent):
            if event.kind in ("ok", "failed"):
                self._suites.append(event)
        elif event.name in self.counts:
            return self._note(event)
        elif event.name in self._others:
            if event.kind == "started":
                return self._confirmed()
            self._ends_of_others[event.kind] += 1
        return []

    def _is_foreign(self, event: TestEvent | SuiteEvent) -> bool:
        """Tell whether an event is about a test that the binary has not got."""
        return (
            isinstance(event, TestEvent)
            and event.name not in self.counts
            and event.name not in self._others
        )

    def _note(self, event: TestEvent) -> list[TestEvent]:
        name = event.name
        if event.kind == "timeout":
            if self._on_slow is not None:
                self._on_slow(name, _MINUTE)
        elif event.kind == "started":
            self._starts[name] += 1
            self.started.setdefault(name, self.heard)
            if self._starts[name] > len(self._ends.get(name, ())):
                self.running[name] = None
            if self._starts[name] <= self.counts[name]:
                return self._confirmed()
        else:
            ends = self._ends.setdefault(name, [])
            ends.append(event)
            if len(ends) >= self._starts[name]:
                self.running.pop(name, None)
            if name not in self._given:
                self._held[name] = self.heard
            self._latest = name if self._is_plausible(name) else None
        return []

    def _announce(self, now: float) -> None:
        """Tell of tests that run for long, each once; a minute the harness tells of itself."""
        if self._on_slow is None or now < self._look_at:
            return
        self._look_at = now + PATIENCE
        for name in self.running:
            if name not in self._announced and now - self.started[name] >= _LONG:
                self._announced.add(name)
                self._on_slow(name, _LONG)

    def _is_plausible(self, name: str) -> bool:
        return len(self._ends[name]) == self._starts[name] == self.counts[name] == 1

    def _confirmed(self) -> list[TestEvent]:
        """Return the end that a start follows, and what has waited long enough."""
        name, self._latest = self._latest, None
        confirmed = [] if name is None else [self._give(name)]
        return confirmed + self._overdue(self.heard) if self._held else confirmed

    def _overdue(self, now: float) -> list[TestEvent]:
        """Return ends that nothing has contradicted for a while."""
        return [
            self._give(name)
            for name, since in list(self._held.items())
            if now - since >= PATIENCE and self._is_plausible(name)
        ]

    def _give(self, name: str) -> TestEvent:
        del self._held[name]
        if self._latest == name:
            self._latest = None
        self._given.add(name)
        return self._ends[name][0]

    def _note_text(self, data: bytes, *, is_whole: bool) -> None:
        """Take note of a line without an event, or of what comes before it in its line."""
        if self.live is not None and self.live.end_line(data, is_whole=is_whole):
            return  # it is of the test that runs
        if (data or is_whole) and self._stray_size < _KEPT:
            self._stray.append(data[:_KEPT])
            self._stray_size += len(data)

    def text_of(self, name: str) -> str:
        """Return what a test that has not ended has printed, if that is known."""
        return self.live.of(name).rstrip("\n") if self.live is not None else ""

    @property
    def stray(self) -> str:
        """What stood in the stream beside the events, and is not known to be of a test."""
        return b"\n".join(self._stray).decode("utf-8", "replace").strip("\n")

    @property
    def told_nothing(self) -> bool:
        """Whether no event came at all."""
        return not self.heard

    @property
    def last(self) -> str | None:
        """The test that was the last to end."""
        return next(reversed(self._ends), None)

    @property
    def others_ran(self) -> bool:
        """Whether tests ran that nobody asked for."""
        return bool(self._ends_of_others)

    @property
    def failures(self) -> int:
        """How many ends there are of tests that failed, asked for or not."""
        return self._sum("failed")

    def _sum(self, kind: str) -> int:
        own = sum(event.kind == kind for ends in self._ends.values() for event in ends)
        return own + self._ends_of_others[kind]

    @property
    def total(self) -> SuiteEvent | None:
        """What the process itself says that its tests add up to; None without a word of it.

        rustdoc has several suites; what anybody else wrote into the stream came before the last.
        """
        if not self._suites:
            return None
        seen = (self._sum("ok"), self._sum("failed"))
        suites = self._suites
        whole = SuiteEvent(
            "failed" if any(suite.kind == "failed" for suite in suites) else "ok",
            passed=sum(suite.passed for suite in suites),
            failed=sum(suite.failed for suite in suites),
        )
        return whole if (whole.passed, whole.failed) == seen else suites[-1]

    @property
    def agrees(self) -> bool:
        """Whether the totals are those of the events."""
        total = self.total
        return total is not None and (total.passed, total.failed) == (
            self._sum("ok"),
            self._sum("failed"),
        )

    def ends(self, name: str) -> list[TestEvent]:
        """Return every end that was told of a name."""
        return self._ends.get(name, [])

    def settle(self, *, trusting: bool) -> tuple[list[list[TestEvent]], list[str]]:
        """Return the ends of each name that is certain now, and the names that are in doubt.

        In doubt is of what too much was told, and what the totals do not bear out; ``trusting``:
        there can be no totals.
        """
        trusting = trusting or self.agrees
        certain, doubted = [], []
        for name, ends in self._ends.items():
            count = self.counts[name]
            contradictory = len(ends) > count or self._starts[name] > count
            if contradictory or (name in self._held and not trusting):
                doubted.append(name)
            elif name in self._held and len(ends) == count:
                certain.append(ends)
        return certain, doubted

    def given(self, name: str) -> TestEvent | None:
        """Return the end of a name that was certain before all was told, if one was."""
        return self._ends[name][0] if name in self._given else None
