"""The end of a run: what is said of the packages, and what was not built."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from ..case import counted
from ..evaluator import evaluated, warnings
from ..failure_text import failure_words, node_id
from .account import Account
from .python_table import Comparison
from .report import (
    PackageCounts,
    cargo_warning_lines,
    not_run_reason,
    outcome_of,
    place_in_id,
    record_warning,
    remark_lines,
    replaced_lines,
    warning_lines,
    withheld_lines,
    write_section,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import pytest

    from ..case import Case
    from ..plan import Plan
    from .arguments import Scope

__all__ = ["Summary"]

_UNTESTED: Final = "failed, although it has no tests: "
"""How the line of a program begins that was run without a test, and did not succeed."""

_NO_LEDGER: Final = (
    "--cpython-sys-update-ledger wrote nothing: no cargo package was selected: give the directory "
    "of one"
)


class Summary:
    """Counts reports as they come, and shows in the end what they add up to."""

    def __init__(self, config: pytest.Config, scope: Scope) -> None:
        self._config = config
        self._scope = scope
        self._counts = PackageCounts()
        self._comparison = Comparison()
        self._told: set[str] = set()
        """Why targets were not built, as far as items have said so."""
        self._account = Account()
        self._outputs: list[str] = []
        """What test binaries wrote in which a test failed, beside what their tests did."""
        self._failed: set[str] = set()
        self._layouts: set[str] = set()
        """Layout tests that have run."""
        self._not_run: Counter[str] = Counter()
        """How many tests did not run because the target does not run here, by the reason."""
        self._evaluated: set[tuple[str, str, str]] = set()
        """Where a policy was: label of its Python, package, place in the id."""
        self._has_run = False
        """Whether any Rust test has."""
        self._ended_badly: list[str] = []
        """Programs without a test, each with how it ended."""

    def expect(self, plan: Plan, account: Account) -> None:
        """Make sure that each package of a plan has a line, if only to say it holds no test.

        ``account`` knows what is kept out: that is nobody's failure.
        """
        self._account = account
        self._comparison = Comparison(plan.labels)
        self._counts.note_tests(plan.all_cases())
        for package in plan.packages:
            for label in plan.labels or ("",):
                self._counts.add_package(package, label)

    def count(self, report: pytest.TestReport) -> None:
        """Take note of a report if it says what became of a Rust test."""
        known = report.user_properties
        ours = len(known) >= 4 and known[2][0] == "rust_test" and known[3][0] == "kind"
        if report.passed and report.when != "call":
            shown = report.nodeid in self._failed  # pytest shows it with the failure
            if ours and report.when == "teardown" and report.sections and not shown:
                titled = (text for title, text in report.sections if title.endswith(" teardown"))
                self._outputs += titled
            return
        if ours:
            self._has_run = True
            if report.failed:
                self._failed.add(report.nodeid)
            label = self._comparison.label_of(report.nodeid)
            if not (report.passed or report.failed or report.skipped):
                # An outcome of a plugin's own: the test runs again.
                self._counts.count_again(str(known[0][1]), self._category(report), label)
                return
            outcome = outcome_of(report)
            reason = not_run_reason(report)
            if reason is not None:
                self._not_run[reason] += 1
            if known[3][1] == "policy":
                place = place_in_id(str(known[2][1]))
                self._evaluated.add((label, str(known[0][1]), place))
            if known[3][1] == "layout":
                self._layouts.add(report.nodeid)
            if known[3][1] == "build":
                self._told.add(_crash(report))
            if outcome is not None:
                package, kind = str(known[0][1]), str(known[3][1])
                words = _crash(report)
                self._counts.count(package, kind, outcome, report.nodeid, words, label)
            if label:
                # What ends badly after its test is no outcome of the test, and not well either.
                self._comparison.count(report.nodeid, outcome or "not evaluated")

    def _category(self, report: pytest.TestReport) -> str:
        """Return what a report is counted as in pytest's own last line."""
        config = self._config
        category, *_ = config.hook.pytest_report_teststatus(report=report, config=config)
        return str(category)

    def note(self, report: pytest.CollectReport) -> None:
        """Take note of an error that is shown already."""
        self._told.add(_crash(report))

    def unbuilt(self, plan: Plan) -> list[Case]:
        """Return what was selected and did not build, whatever was deselected since.

        The id of a test that was typed stands for its target, which is there too. What a checker
        did not find for an error of its own has no `@build`: its level is the checker's name.
        """
        builds = (case for case in plan.all_cases() if case.kind == "build")
        return self._selected(plan, (case for case in builds if case.levels[-1].startswith("@")))

    def replaced(self, plan: Plan) -> list[Case]:
        """Return what was selected and builds only without the layouts that differ."""
        checkers = plan.checkers.values()
        return self._selected(plan, (case for checker in checkers for case in checker.replaced()))

    def _selected(self, plan: Plan, cases: Iterable[Case]) -> list[Case]:
        """Return the cases of which some file was selected, and that nothing keeps out."""
        there = [case for case in cases if not self._account.keeps_out(case)]
        if not there:
            return []
        files = {file for file in plan.cases if self._scope.holds(file)}
        targets = {(case.package, case.target) for file in files for case in plan.cases[file]}
        return [
            case
            for case in there
            if (case.package, case.target) in targets or self._scope.holds(case.file)
        ]

    def _unseen_layouts(self, plan: Plan, replaced: Collection[Case]) -> Iterator[str]:
        """Yield a line for each layout of these targets that fails, and whose item did not run."""
        targets = {(case.package, case.target) for case in replaced}
        unseen: dict[str, list[Case]] = {}
        for case in plan.all_cases() if targets else ():
            asked = case.kind == "layout" and (case.package, case.target) in targets
            if asked and node_id(case, self._config.rootpath) not in self._layouts:
                unseen.setdefault(case.checker, []).append(case)
        for checker, cases in unseen.items():
            for case, verdict in evaluated(plan.checkers[checker], cases):
                if verdict.outcome == "failed":
                    name = node_id(case, self._config.rootpath)
                    yield f"    the run fails because of a layout whose item did not run: {name}"

    def is_red(self, plan: Plan) -> bool:
        """Tell whether something that was selected did not build as it stands."""
        return bool(self.unbuilt(plan) or self.replaced(plan))

    def run_untested(self, plan: Plan) -> bool:
        """Run what was selected and has no test, as cargo does; tell whether one ended badly."""
        for checker in plan.checkers.values():
            cases = self._selected(plan, checker.untested())
            for case, verdict in evaluated(checker, cases) if cases else ():
                if verdict.outcome in ("failed", "error"):
                    self._ended_badly.append(f"{case.target} of {case.package}: {verdict.message}")
        return bool(self._ended_badly)

    def warn(self, plan: Plan) -> None:
        """Show what checkers warn of, whatever was selected; once, though several Pythons do."""
        if self._config.option.cpython_sys_update_ledger and not plan.packages:
            record_warning(self._config, _NO_LEDGER)
        checkers = plan.checkers.values() if self._runs else ()
        told = (warnings(checker, verbose=self._verbose) for checker in checkers)
        for text in dict.fromkeys(text for texts in told for text in texts):
            record_warning(self._config, text)

    def notes(self, plan: Plan) -> Iterator[str]:
        """Yield all that is said beside verdicts and counts, with its details."""
        checkers = plan.checkers.values()
        yield from remark_lines(checkers, verbose=True)
        yield from withheld_lines(plan, self._evaluated, self._scope.asks_for)
        yield from self._account.lines(verbose=True)
        for case in self.unbuilt(plan):
            yield f"did not build: {node_id(case, self._config.rootpath)}"
        yield from replaced_lines(self.replaced(plan), self._config.rootpath, plan.labels)
        yield from (f"{_UNTESTED}{line}" for line in self._ended_badly)

    def write(
        self,
        terminal: pytest.TerminalReporter,
        plan: Plan,
        members: Collection[str],
        *,
        finished: bool,
        hints: Sequence[str],
    ) -> None:
        """Show rustc's warnings, build times, a line a package, and what fails where.

        ``members`` are the ids of the packages whose warnings are of interest; after a run that
        was not ``finished`` none are. ``hints`` say what would bring a module that was missed.
        """
        if finished and (self._runs or self._config.get_verbosity() >= 0):
            self._write_warnings(terminal, plan, members)
        from .build_times import write_build_times

        write_build_times(terminal, plan.all_builds())
        write_section(terminal, "output of test binaries", self._outputs)
        self._write_packages(terminal, plan, hints, finished=finished)
        if self._runs:
            width = self._config.get_terminal_writer().fullwidth
            session = self._config.pluginmanager.get_plugin("session")
            early = not finished or bool(session and (session.shouldfail or session.shouldstop))
            table = self._comparison.table(width, whole=self._verbose, incomplete=early)
            write_section(terminal, "what fails where", table)

    @property
    def _runs(self) -> bool:
        return not self._config.option.collectonly

    @property
    def _verbose(self) -> bool:
        return self._config.get_verbosity() > 0

    def _write_warnings(
        self, terminal: pytest.TerminalReporter, plan: Plan, members: Collection[str]
    ) -> None:
        width = self._config.get_terminal_writer().fullwidth
        root = self._config.rootpath
        lines = warning_lines(plan.all_builds(), members, root, width)
        write_section(terminal, "rustc warnings", lines)
        write_section(terminal, "cargo warnings", cargo_warning_lines(plan.all_builds()))

    def _write_packages(
        self,
        terminal: pytest.TerminalReporter,
        plan: Plan,
        hints: Sequence[str],
        *,
        finished: bool,
    ) -> None:
        # Where nothing could run, zero tests would be said of packages that have some.
        shows = self._runs and (finished or self._has_run)
        counts = list(self._counts.lines()) if shows else []
        unbuilt = self.unbuilt(plan)
        left_out = list(self._account.lines(verbose=self._verbose))
        if counts or unbuilt or left_out or hints:
            terminal.section("Rust packages")
        for line in counts:
            terminal.line(line)
        if self._runs:
            agreement = self._comparison.agreement()
            if agreement and not self.is_red(plan):
                terminal.line(agreement)
            checkers = plan.checkers.values()
            for line in remark_lines(checkers, verbose=self._verbose):
                terminal.line(line)
            for line in withheld_lines(plan, self._evaluated, self._scope.asks_for):
                terminal.line(line)
        for line in left_out:
            terminal.line(line)
        for case in unbuilt:
            terminal.line(f"did not build: {node_id(case, self._config.rootpath)}", red=True)
            _, verdict = next(plan.checkers[case.checker].run([case]))
            cause = failure_words(case, verdict, self._config.rootpath).summary
            # Nobody has asked the item: it was deselected, or nothing was to run.
            if cause not in self._told:
                self._told.add(cause)
                terminal.line(f"    {cause}", red=True)
        replaced = self.replaced(plan)
        for line in replaced_lines(replaced, self._config.rootpath, plan.labels):
            terminal.line(line, red=True)
        for line in self._unseen_layouts(plan, replaced) if self._runs else ():
            terminal.line(line, red=True)
        for line in self._ended_badly:
            terminal.line(f"{_UNTESTED}{line}", red=True)
        for line in hints:
            terminal.line(line)
        if self._runs:
            for reason, count in self._not_run.items():
                terminal.line(f"{counted(count, 'test')} {reason}", yellow=True)


def _crash(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the one line of a failure; "" if it has none."""
    return getattr(getattr(report.longrepr, "reprcrash", None), "message", "")
