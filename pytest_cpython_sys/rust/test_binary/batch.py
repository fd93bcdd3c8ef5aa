"""Runs tests of one binary: one process while all is well, isolation as soon as it is not.

All tests that are asked for go into one process, as cargo has it. When that process ends before
each has a verdict, the tests that had started are suspects; when what it told contradicts itself,
the tests that this is about are in doubt. Both run again, one process each, and that counts.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ...cargo.run_program import ProgramRun, cut, describe_exit, timed_out
from ...case import counted
from ...late import regex
from ..context import LEAKED
from .binary import Binary, Deadline, TestEnd, chunks
from .listing import JSON_FLAGS
from .tally import PATIENCE, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .events import TestEvent

__all__ = ["run_repeated", "run_tests"]

# What a harness says at its end that gives no events.
_RESULT = regex(r"^test result: (?:ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ", re.MULTILINE)
_NOTHING_SAID = "the test binary exited with code 0 but did not report a result for this test"
_UNENDED = "all tests finished, but the test binary did not exit within the time limit of a test"


class _Runner:
    def __init__(self, binary: Binary, on_slow: Callable[[str, float], None] | None) -> None:
        self._binary = binary
        self._on_slow = on_slow

    def run(self, names: Sequence[str], *, every: bool) -> Iterator[TestEnd]:
        """Yield the end of each test; ``every``: these are all that the binary would run."""
        if every:
            yield from self._drive(names, named=False)
            return
        for chunk in chunks(names):
            yield from self._drive(chunk, named=True)

    def _drive(self, names: Sequence[str], *, named: bool) -> Iterator[TestEnd]:
        waiting = dict.fromkeys(names)
        unexplained: list[tuple[TestEnd, set[str]]] = []
        bad: set[str] = set()
        while waiting:
            before = len(waiting)
            for end in self._batch(list(waiting), named=named):
                if end.name in waiting:
                    del waiting[end.name]
                elif end.how == "teardown":
                    # What ended the process may be found yet among those it said nothing of.
                    unexplained.append((end, set(waiting)))
                    continue
                if end.is_bad:
                    bad.add(end.name)
                yield end
            if len(waiting) == before:
                # Nothing came of it: one process a test gives each its own cause.
                for name in list(waiting):
                    del waiting[name]
                    for end in self._alone(name):
                        if end.is_bad:
                            bad.add(name)
                        yield end
            named = True
        yield from (end for end, missing in unexplained if bad.isdisjoint(missing))

    def _batch(self, names: list[str], *, named: bool) -> Iterator[TestEnd]:
        """Run once; yield what is certain, then see to the rest of what had started."""
        if len(names) == 1:
            yield from self._alone(names[0])
            return
        tally = self._tally(names)
        run = self._start(names if named else [], tally)
        if isinstance(run, str):
            yield from (TestEnd(name, "unable", message=run) for name in names)
            return
        red = False
        for line in run.lines():
            for event in tally.read(line):
                red |= event.kind == "failed"
                yield _end([event])
        if self._never_began(run, tally):
            yield from (self._unable(name, run, tally) for name in names)
            return
        for end in self._settled(run, tally):
            red |= end.is_bad
            yield end
        yield from self._of_the_process(run, tally, red=red)

    def _settled(self, run: ProgramRun, tally: Tally) -> Iterator[TestEnd]:
        """Yield the ends that are certain now; run suspects and what is in doubt again."""
        certain, doubted = tally.settle(trusting=run.expired and bool(tally.running))
        yield from map(_end, certain)
        suspects = [name for name in tally.running if name not in doubted]
        if len(suspects) == 1 and not doubted and not run.expired and self._binary.show:
            # Tests whose output is shown run one at a time: no other has ended the process.
            yield self._crash(suspects[0], run, tally)
            return
        if run.expired:
            # What ran beside it was stopped, and is no suspect: it runs with the rest.
            now = time.monotonic()
            for name in suspects:
                limit = self._binary.timeout(name)
                if limit is not None and now - tally.started[name] >= limit:
                    yield self._timeout(name, run, tally)
            suspects = []
        ends = [end for name in suspects for end in self._alone(name)]
        about_doubted = [end for name in doubted for end in self._doubted(name, tally)]
        if not any(end.is_bad for end in (*ends, *about_doubted)):
            ends = [_in_company(end, len(suspects), self._how(run)) for end in ends]
        yield from ends
        yield from about_doubted

    def _doubted(self, name: str, tally: Tally) -> Iterator[TestEnd]:
        """Run a test of which contradictory things were told; what was said of it may be wrong."""
        given = tally.given(name)
        for end in self._alone(name):
            if given is None:
                yield end
            elif given.kind != "failed" and end.is_bad:
                words = f"{name} was reported as passed, which other events contradict; run alone, "
                words += f"it did not pass: {end.message or end.how}"
                yield TestEnd(name, "contradicted", end.exec_time, end.stdout, words)

    def _of_the_process(self, run: ProgramRun, tally: Tally, *, red: bool) -> Iterator[TestEnd]:
        """Yield what is to be said of a process beside its tests, at the last of them."""
        last = tally.last
        if last is None:
            return
        if run.leaked:
            yield TestEnd(last, "leaked", message=LEAKED)
        red = red or (tally.others_ran and tally.failures > 0)
        code = run.exit_code
        if run.expired:
            if not tally.running:
                yield TestEnd(last, "teardown", 0.0, _printed(run, tally), _UNENDED)
        elif code and not red:
            yield self._teardown(last, run, tally)
        elif red:
            # After a failed test the exit code blames no other one: but how it ended is said.
            how = "" if code in (0, 101) else f"the test binary failed: {self._how(run)}"
            if how and tally.running:
                how += "; tests that did not finish ran again, each alone"
            printed = "" if tally.live is not None else _printed(run, tally)
            if printed or how:
                yield TestEnd(last, "printed", stdout=printed, message=how)

    def _alone(self, name: str) -> Iterator[TestEnd]:
        """Run the test in a process of its own, and tell how that ended."""
        tally = self._tally([name])
        run = self._start([name], tally)
        if isinstance(run, str):
            yield TestEnd(name, "unable", message=run)
            return
        for line in run.lines():
            tally.read(line)
        if run.expired:
            yield self._timeout(name, run, tally)
        elif self._never_began(run, tally):
            yield self._unable(name, run, tally)
        elif tally.told_nothing and not self._binary.speaks_json:
            yield from self._from_words(name, run, tally)
        else:
            yield from self._from_events(name, run, tally)

    def _from_events(self, name: str, run: ProgramRun, tally: Tally) -> Iterator[TestEnd]:
        """Yield how a process with one test ended: exit code, totals and events must agree."""
        count = self._count(name)
        failed = [event for event in tally.ends(name) if event.kind == "failed"]
        good = [event for event in tally.ends(name) if event.kind != "failed"]
        printed = "" if tally.others_ran else _printed(run, tally, name)
        complete = tally.total is not None and len(good) >= count
        if complete and run.exit_code == 0:
            yield _end(good[-count:], printed, leaked=run.leaked)
        elif failed:
            yield _end(failed[-count:], printed, leaked=run.leaked)
        elif complete and tally.others_ran and tally.failures:
            yield _end(good[-count:], printed, leaked=run.leaked)
        elif complete:
            yield self._teardown(name, run, tally)
        elif run.exit_code == 0 and tally.total is not None:
            yield TestEnd(name, "unable", 0.0, _printed(run, tally, name), _NOTHING_SAID)
        else:
            yield self._crash(name, run, tally)

    def _from_words(self, name: str, run: ProgramRun, tally: Tally) -> Iterator[TestEnd]:
        """Yield how a process ended that gives no events: it must say that it ran one test."""
        text = _printed(run, tally, name)
        results = _RESULT.findall(tally.stray)
        said = tuple(map(int, results[-1])) if results else ()
        if said == (0, 0, 1) and run.exit_code == 0:
            yield TestEnd(name, "ignored", 0.0, text)
        elif said == (1, 0, 0) and run.exit_code == 0:
            yield TestEnd(name, "ok", 0.0, text, leaked=run.leaked)
        elif said == (1, 0, 0):
            yield self._teardown(name, run, tally)
        elif run.exit_code == 0:
            yield TestEnd(name, "unable", 0.0, text, _NOTHING_SAID)
        else:
            yield TestEnd(name, "failed", 0.0, text, self._how(run), leaked=run.leaked)

    def repeated(self, name: str) -> Iterator[TestEnd]:
        """Yield the ends of all tests of one name, in the harness's own order."""
        tally = self._tally([name])
        more = ["--test-threads=1", *(() if self._binary.speaks_json else JSON_FLAGS)]
        run = self._start([name], tally, more)
        count = self._count(name)
        if isinstance(run, str):
            yield from (TestEnd(name, "unable", message=run) for _ in range(count))
            return
        for line in run.lines():
            tally.read(line)
        ends = tally.ends(name)
        if len(ends) > count or (tally.total is not None and not tally.agrees):
            words = f"the harness reported {len(ends)} results for {count} tests of this name"
            words += ", or other totals"
            yield from (TestEnd(name, "unable", message=words) for _ in range(count))
            return
        yield from (_end([event]) for event in ends)
        for _ in range(count - len(ends)):
            yield self._timeout(name, run, tally) if run.expired else self._crash(name, run, tally)
        if run.exit_code and not tally.failures and len(ends) == count:
            yield self._teardown(name, run, tally)

    def _count(self, name: str) -> int:
        return self._binary.listed.get(name, 1)

    def _tally(self, names: Sequence[str]) -> Tally:
        counts = {name: self._count(name) for name in names}
        others = self._binary.listed.keys() - counts.keys()
        live = None
        if self._binary.show is not None:
            from .live import LiveText

            live = LiveText(self._binary.show, names[0])
        return Tally(counts, others, self._on_slow, live)

    def _start(
        self, names: Sequence[str], tally: Tally, more: Sequence[str] = ()
    ) -> ProgramRun | str:
        """Start the binary; return why not, if that cannot be. Without names all tests run."""
        binary = self._binary
        flags = [*binary.arguments, *more]
        if binary.speaks_json or len(names) != 1:
            flags += JSON_FLAGS
        if binary.speaks_json:
            flags += ["--report-time", "--show-output" if tally.live is None else "--nocapture"]
        if tally.live is not None and (binary.speaks_json or len(names) != 1):
            flags.append("--test-threads=1")
        if binary.compose is not None:
            argv = [*binary.command, *binary.compose(flags, names)]
        else:
            argv = [*binary.command, *flags, *(["--exact", "--", *names] if names else [])]
        deadline = Deadline(binary, tally)
        try:
            return ProgramRun(
                argv,
                cwd=binary.cwd,
                env=binary.env,
                deadline=deadline,
                grace=binary.grace,
                patience=PATIENCE,
                on_chunk=tally.live.add if tally.live is not None else None,
            )
        except OSError as error:
            return f"{binary.name} cannot be started: {error.strerror or error}"

    def _how(self, run: ProgramRun) -> str:
        return "timed out" if run.expired else describe_exit(run.exit_code or 0)

    def _never_began(self, run: ProgramRun, tally: Tally) -> bool:
        """Tell whether the process ended before libtest said that it begins."""
        silent = tally.told_nothing and self._binary.speaks_json
        return silent and run.exit_code not in (0, 101)

    def _unable(self, name: str, run: ProgramRun, tally: Tally) -> TestEnd:
        message = f"{self._binary.name} exited before any test started: {self._how(run)}"
        return TestEnd(name, "unable", stdout=_printed(run, tally), message=message)

    def _crash(self, name: str, run: ProgramRun, tally: Tally) -> TestEnd:
        how, code = self._how(run), run.exit_code or 0
        if code == 0 and not run.expired:
            how += ", which cargo alone takes for success"
        message = how if code < 0 else f"exited before it finished ({how})"
        return TestEnd(name, "crashed", _since(name, tally), _printed(run, tally, name), message)

    def _timeout(self, name: str, run: ProgramRun, tally: Tally) -> TestEnd:
        message = timed_out(self._binary.timeout(name) or 0.0)
        return TestEnd(name, "timeout", _since(name, tally), _printed(run, tally, name), message)

    def _teardown(self, name: str, run: ProgramRun, tally: Tally) -> TestEnd:
        what = "all tests" if len(tally.counts) > 1 else "the test"
        message = f"{what} finished, then the test binary failed: {self._how(run)}"
        return TestEnd(name, "teardown", 0.0, _printed(run, tally, name), message)


def _since(name: str, tally: Tally) -> float:
    return time.monotonic() - tally.started[name] if name in tally.started else 0.0


def _printed(run: ProgramRun, tally: Tally, name: str = "") -> str:
    """Return what was printed beside what is known to be of another test than ``name``."""
    return _joined(tally.text_of(name), tally.stray, run.stderr.strip("\n"))


def _joined(*parts: str) -> str:
    return "\n".join(filter(None, parts))


def _end(events: Sequence[TestEvent], printed: str = "", *, leaked: bool = False) -> TestEnd:
    """Return the end of a test; of several that nothing tells apart, the first that failed."""
    failed = [event for event in events if event.kind == "failed"]
    event = (failed or events)[0]
    return TestEnd(
        event.name,
        event.kind,
        sum(event.exec_time or 0.0 for event in events),
        cut(_joined(event.stdout.rstrip("\n"), printed) if printed else event.stdout),
        event.message,
        leaked=leaked,
        failures=len(failed),
    )


def _in_company(end: TestEnd, count: int, how: str) -> TestEnd:
    """Return the end of a test that passed alone, and whose process ended before it did."""
    if end.how == "ignored":
        return end
    others = counted(count - 1, "other test")
    company = f"this and {others} were running" if count > 1 else "this test was running"
    cause = how.removeprefix("killed by ").partition(" (")[0]
    verb = "exited" if how.startswith("exit code") else "crashed"
    message = f"the process {verb} ({cause}) while {company}; run alone, it passes"
    return replace(end, how="crashed", message=message)


def run_repeated(binary: Binary, name: str) -> Iterator[TestEnd]:
    """Yield how each of the tests of one and the same name ended, one after another."""
    yield from _Runner(binary, None).repeated(name)


def run_tests(
    binary: Binary,
    names: Sequence[str],
    *,
    every: bool = False,
    on_slow: Callable[[str, float], None] | None = None,
) -> Iterator[TestEnd]:
    """Yield how each test ended, as soon as that is known. Each name comes at least once."""
    yield from _Runner(binary, on_slow).run(list(dict.fromkeys(names)), every=every)
