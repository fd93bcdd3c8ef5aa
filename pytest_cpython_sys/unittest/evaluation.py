"""Gives verdicts while a suite runs, and to single tests outside of any suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cargo import stop_all
from ..evaluator import Evaluator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..case import Case, Verdict
    from ..plan import Plan

__all__ = ["Jury"]


class Jury:
    """The verdicts of a plan. ``grace``: seconds between SIGTERM and SIGKILL."""

    def __init__(self, plan: Plan, grace: float) -> None:
        self.plan = plan
        self.warnings: list[str] = []
        """What verdicts say besides their outcomes."""
        self._grace = grace
        self._evaluator = Evaluator(plan.checkers)

    def verdicts(self, case: Case, name: str) -> tuple[Verdict, Verdict | None]:
        """Return a case's verdict, and what was said after all verdicts if it is the last one.

        ``name`` is what warnings call it.
        """
        verdict = self._evaluator.verdict(case)
        late = self._evaluator.late_verdict(case)
        self.warnings += (f"{name}: {text}" for text in verdict.warnings)
        if late is not None:
            self.warnings += late.warnings  # of any test of the binary
        if late is not None and late.outcome != "error" and late.output:
            self.warnings.append(late.output)
        return verdict, late

    def select(self, cases: Iterable[Case]) -> None:
        """Say which cases will be asked for, in this order."""
        self._evaluator = Evaluator(self.plan.checkers)
        self._evaluator.select(cases)

    def end(self) -> None:
        """Leave no process and no thread behind."""
        self._evaluator.stop(self._grace)
        stop_all(self._grace)
        self._evaluator = Evaluator(self.plan.checkers)
