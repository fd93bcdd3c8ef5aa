"""Reports a finished Rust test without pytest's setup, call and teardown machinery.

Most of what an item costs is wrappers around phases in which a Rust test runs no Python at all.
Where nobody but pytest itself takes part in them, the reports are made here, the same ones.
Wherever somebody does (another plugin, a conftest, a mark, ``--pdb``), the ordinary way is used.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Literal

import pytest

from .nodes import KEEPING, RustItem
from .pages.records import add_details
from .pytest_compat.configuration import may_be_fast
from .pytest_compat.reports import copy_report, current_fields, identity
from .pytest_compat.run import nodes_set_up, takes_no_part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..case import Verdict

    _When = Literal["setup", "call", "teardown"]
    _Outcome = Literal["passed", "failed", "skipped"]

__all__ = ["FastProtocol"]

# The hooks that are not called, or whose wrappers see nothing.
_SKIPPED_HOOKS = (
    "pytest_runtest_protocol",
    "pytest_runtest_setup",
    "pytest_runtest_call",
    "pytest_runtest_teardown",
    "pytest_runtest_makereport",
    "pytest_exception_interact",
)
# What pytest wraps around an item beyond its phases catches the warnings of these: whoever has
# one of them may warn, and is to find that wrapper in place.
_REPORTING_HOOKS = (
    "pytest_runtest_logstart",
    "pytest_runtest_logreport",
    "pytest_runtest_logfinish",
    "pytest_report_teststatus",
)
# See https://docs.pytest.org/en/stable/example/simple.html#pytest-current-test-environment-variable
_CURRENT = "PYTEST_CURRENT_TEST"
_OPTIONS = ("usepdb", "trace", "setupshow", "setuponly", "setupplan")
_MARKS = KEEPING | {"usefixtures"}


class FastProtocol:
    """Decides once a session whether reports can be given directly, and gives them."""

    def __init__(self, config: pytest.Config, ours: object) -> None:
        # The page takes note of reports, and warns of nothing.
        own = (ours, config.pluginmanager.get_plugin("cpython_sys_page"))

        def is_free(names: Iterable[str]) -> bool:
            return all(
                implementation.plugin in own or takes_no_part(implementation.plugin)
                for name in names
                for implementation in getattr(config.hook, name).get_hookimpls()
            )

        wanted = any(config.getoption(name, False) for name in _OPTIONS)
        self.usable = may_be_fast(config) and is_free(_SKIPPED_HOOKS) and not wanted
        watched = config.pluginmanager.has_plugin("faulthandler") and (
            float(config.getini("faulthandler_timeout") or 0) > 0
        )
        self.loops = (
            self.usable and is_free(("pytest_runtestloop", *_REPORTING_HOOKS)) and not watched
        )
        """Whether items can be gone through here as well."""
        self._chains: dict[tuple[int, int], bool] = {}

    def loop(self, session: pytest.Session) -> None:
        """Go through all items as pytest does, without a hook around those reported directly."""
        hook = session.config.hook
        items = session.items
        for number, item in enumerate(items, 1):
            nextitem = items[number] if number < len(items) else None
            if not (isinstance(item, RustItem) and self.run(item, nextitem)):
                hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)

    def run(self, item: RustItem, nextitem: pytest.Item | None) -> bool:
        """Report on an item; False if it must go the ordinary way."""
        if not self._applies(item, nextitem):
            return False
        ihook = item.ihook
        ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        # As in the ordinary way: nothing is said of the last report and of what comes after it.
        name = item.nodeid.replace("\0", "(null)")
        os.environ[_CURRENT] = f"{name} (setup)"
        for report in _reports(item):
            if report.when == "teardown":
                del os.environ[_CURRENT]
            elif report.when == "call":
                os.environ[_CURRENT] = f"{name} (call)"
            ihook.pytest_runtest_logreport(report=report)
        ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _applies(self, item: RustItem, nextitem: pytest.Item | None) -> bool:
        if not isinstance(nextitem, RustItem):
            return False  # what was set up before is torn down in the ordinary way
        if len(item.own_markers) > 2 and any(mark.name in _MARKS for mark in item.own_markers):
            return False
        key = (id(item.parent), id(nextitem.parent))
        known = self._chains.get(key)
        if known is None:
            chain, following = item.listchain(), nextitem.listchain()
            marked = any(mark.name in _MARKS for node in chain[:-1] for mark in node.own_markers)
            # Collectors that a Python test before us left set up must outlive the next item.
            stack = nodes_set_up(item.session)
            kept = stack is not None and all(node in chain and node in following for node in stack)
            known = self._chains[key] = kept and not marked
        return known


def _reports(item: RustItem) -> list[pytest.TestReport]:
    """Return the reports that the ordinary way would give."""
    case = item.case
    verdict = item.evaluator.verdict(case)
    late = item.evaluator.late_verdict(case)
    for told in (verdict, late):
        if told is not None:
            item.note(told)
    make = _ReportMaker(item)
    if verdict.outcome == "error" or case.skip is not None:
        make.add_output("setup", verdict.output)
        reports = [make.report("setup", verdict)]
    else:
        reports = [make.report("setup", None)]
        make.add_output("call", verdict.output)
        reports.append(make.report("call", verdict, verdict.duration))
    if late is not None:
        make.add_output("teardown", late.output)
    bad = late if late is not None and late.outcome == "error" else None
    return [*reports, make.report("teardown", bad)]


class _ReportMaker:
    """Makes the reports of one item."""

    def __init__(self, item: RustItem) -> None:
        self._item = item
        self._fields: dict[str, Any] = {}
        """What a report of this item is made of, once there is one."""
        self._now = time.time()
        self._sections: list[tuple[str, str]] = []

    def add_output(self, when: str, output: str) -> None:
        """Show output in this report and those after it, as pytest does."""
        if output:
            self._sections.append((f"Captured stdout {when}", output))

    def report(
        self, when: _When, verdict: Verdict | None, seconds: float = 0.0
    ) -> pytest.TestReport:
        """Return the report of a phase."""
        report = self._report(when, verdict, seconds)
        if verdict is not None:
            add_details(self._item.config, report, self._item.case, verdict)
        return report

    def _report(self, when: _When, verdict: Verdict | None, seconds: float) -> pytest.TestReport:
        outcome, longrepr = self._words(verdict)
        item = self._item
        if not self._fields:
            first = pytest.TestReport(
                nodeid=identity(item),
                location=item.location,
                keywords=dict.fromkeys(item.keywords, 1),
                outcome=outcome,
                longrepr=longrepr,
                when=when,
                sections=self._sections,
                duration=seconds,
                start=self._now - seconds,
                stop=self._now,
                user_properties=item.user_properties,
            )
            self._fields = current_fields(first)
            return first
        return copy_report(
            self._fields,
            user_properties=list(item.user_properties),
            sections=list(self._sections),
            outcome=outcome,
            longrepr=longrepr,
            when=when,
            duration=seconds,
            start=self._now - seconds,
        )

    def _words(self, verdict: Verdict | None) -> tuple[_Outcome, Any]:
        if verdict is None or verdict.outcome == "passed":
            return "passed", None
        case = self._item.case
        if verdict.outcome == "skipped":
            place = os.fspath(self._item.path)
            return "skipped", (place, case.line, f"Skipped: {verdict.message}")
        from .failures.words import failure_repr

        return "failed", failure_repr(case, verdict, self._item.config)
