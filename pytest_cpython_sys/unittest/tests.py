"""A Rust test as unittest sees it. Rust's words are shown, and no traceback: there is none."""

from __future__ import annotations

import sys
import unittest
from dataclasses import replace
from typing import TYPE_CHECKING

from ..case import printable
from ..failure_text import failure_words, node_id
from ..late import regex

if TYPE_CHECKING:
    import re
    from typing import Any, TypeAlias

    from ..case import Case, Verdict
    from .evaluation import Jury

    _Error: TypeAlias = tuple[type[BaseException], BaseException, Any]
    """An exception as unittest takes it; there is no traceback."""

__all__ = ["NotEvaluatedError", "RustTest", "ToldTest", "regrtest_id"]

# What `-m` of regrtest reads as a pattern, or cuts at, and what XML cannot hold.
_UNSAFE = regex("[*?\\[\\]\\s\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class NotEvaluatedError(Exception):
    """Nothing is known of a test; the message says why."""

    # What a reader sees before the message: the name alone.
    __module__ = "builtins"


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))


def regrtest_id(module: str, case: Case, root: str) -> str:
    """Return a test's id: the module's name, and the id that pytest has for it.

    It can be typed behind ``-m`` of ``python -m test`` as it is.
    """
    return f"{module}.{_UNSAFE.sub(_percent, node_id(case, root))}"


class _Test(unittest.TestCase):
    """What is common to tests that are no methods."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def runTest(self) -> None:  # noqa: N802 - unittest wants a method of this name
        """Raise what is wrong, for who calls the test as a function: ``debug`` does."""
        result = unittest.TestResult()
        self.report(result)
        for _, words in (*result.errors, *result.failures):
            raise self.failureException(words)
        for _, reason in result.skipped:
            raise unittest.SkipTest(reason)

    def id(self) -> str:
        """Return the module's name and pytest's id."""
        return self._name

    def shortDescription(self) -> None:  # noqa: N802 - unittest's name
        """Return nothing: all there is to say fits into one line."""

    def __str__(self) -> str:
        # With `--rerun`, regrtest takes the first word for what to select.
        return self._name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}>"

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return object.__hash__(self)

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult:
        """Report what became of the test."""
        given = result
        if result is None:
            result = self.defaultTestResult()
            result.startTestRun()
        result.startTest(self)
        try:
            self.report(result)
        finally:
            result.stopTest(self)
            if given is None:
                result.stopTestRun()
        return result

    def report(self, result: unittest.TestResult) -> None:
        """Tell a result what became of the test."""
        raise NotImplementedError


class ToldTest(_Test):
    """Says why there are no tests: it is skipped, or an error."""

    def __init__(self, name: str, reason: str, *, skipped: bool) -> None:
        super().__init__(name)
        self.reason = reason
        self.skipped = skipped

    def report(self, result: unittest.TestResult) -> None:
        """Tell a result the reason."""
        if self.skipped:
            result.addSkip(self, printable(self.reason))
        else:
            result.addError(self, _error(NotEvaluatedError, self.reason))


class RustTest(_Test):
    """A case, and who gives its verdict. ``root`` is where ids start from."""

    def __init__(self, module: str, case: Case, root: str, jury: Jury) -> None:
        super().__init__(regrtest_id(module, case, root))
        self.case = case
        self._root = root
        self._jury = jury

    def __str__(self) -> str:
        return f"{self._name} ({self.case.package})" if self.case.package else self._name

    def report(self, result: unittest.TestResult) -> None:
        """Wait for the verdict, and tell it to a result."""
        verdict, late = self._jury.verdicts(self.case, self._name)
        if hasattr(result, "addDuration"):  # since Python 3.12
            result.addDuration(self, verdict.duration)
        self._tell(result, verdict)
        if late is not None and late.outcome == "error":
            # It is about all tests of a binary: what runs this one alone need not show it.
            case = replace(self.case, command="")
            result.addError(self, self._words(result, late, NotEvaluatedError, case))

    def _tell(self, result: unittest.TestResult, verdict: Verdict) -> None:
        if verdict.outcome == "skipped":
            result.addSkip(self, printable(verdict.message))
        elif verdict.outcome == "error":
            result.addError(self, self._words(result, verdict, NotEvaluatedError))
        elif verdict.outcome == "failed":
            told = self._words(result, verdict, self.failureException)
            if self.case.xfail is None:
                result.addFailure(self, told)
            else:
                result.addExpectedFailure(self, told)
        elif self.case.xfail is None:
            result.addSuccess(self)
        else:
            result.addUnexpectedSuccess(self)

    def _words(
        self,
        result: unittest.TestResult,
        verdict: Verdict,
        kind: type[BaseException],
        case: Case | None = None,
    ) -> _Error:
        text = failure_words(case or self.case, verdict, self._root).text.rstrip("\n")
        if verdict.output and getattr(result, "buffer", False):
            sys.stdout.write(printable(verdict.output))  # unittest shows it with the failure
        elif verdict.output:
            text += f"\n\nStdout:\n{verdict.output.rstrip()}"
        return _error(kind, text)


def _error(kind: type[BaseException], text: str) -> _Error:
    # Older regrtests stumble over their own JUnit file if it holds what XML cannot.
    return (kind, kind(printable(text)), None)
