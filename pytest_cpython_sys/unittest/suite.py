"""A suite that knows what is left of it when it runs: only that is run, a batch a binary."""

from __future__ import annotations

import sys
import unittest
from typing import TYPE_CHECKING

from ..evaluator import remarks, warnings
from .tests import RustTest, ToldTest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .evaluation import Jury

__all__ = ["RustSuite"]


class RustSuite(unittest.TestSuite):
    """The Rust tests of a project. Whoever filters takes tests out of it before it runs."""

    def __init__(
        self,
        tests: Sequence[RustTest | ToldTest],
        jury: Jury | None = None,
        unbuilt: Sequence[RustTest] = (),
        replaced: Sequence[ToldTest] = (),
    ) -> None:
        super().__init__(tests)
        self._jury = jury
        self._unbuilt = unbuilt
        """Targets that were not built: whatever is selected, that is not to be overlooked."""
        self._replaced = replaced
        """Packages that build only without the layouts that differ: whoever selects none of these
        is to know."""
        self._reason = next(
            (test.reason for test in tests if isinstance(test, ToldTest) and test.skipped), None
        )

    def run(self, result: unittest.TestResult, debug: bool = False) -> unittest.TestResult:
        """Run what is left, and nothing else."""
        if self._reason is not None and _under_regrtest():
            # Quiet as it is, regrtest says why a file is skipped, and says nothing of one test.
            raise unittest.SkipTest(self._reason)
        if self._jury is None:
            return super().run(result, debug)
        there = set(self)
        self.addTests(test for test in self._unbuilt if test not in there)
        self._jury.select(test.case for test in self if isinstance(test, RustTest))
        try:
            super().run(result, debug)
            if result.wasSuccessful():
                for test in self._replaced:
                    test(result)
        finally:
            self._jury.end()
        self._tell(result, self._jury)
        return result

    def _tell(self, result: unittest.TestResult, jury: Jury) -> None:
        """Say what is to be said besides outcomes."""
        verbose = bool(getattr(result, "showAll", False))
        waiting, jury.warnings = jury.warnings, []
        for checker in jury.plan.checkers.values():
            waiting += warnings(checker, verbose=verbose)
        for text in waiting:
            sys.stderr.write(f"Warning -- {text}\n")
        stream = getattr(result, "stream", None)
        if stream is None or not verbose:
            return
        for checker in jury.plan.checkers.values():
            for text, _ in remarks(checker):
                stream.write(f"{text}\n")


def _under_regrtest() -> bool:
    """Tell whether ``python -m test`` runs us: it sets this, and nobody else does."""
    support = sys.modules.get("test.support")
    return getattr(support, "use_resources", None) is not None
