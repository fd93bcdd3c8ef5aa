"""JUnit XML without properties of test cases: strict schemas know none."""

from __future__ import annotations

import pytest

from .pytest_compat.junit import leave_out_of_junit
from .report import count_of_ours

__all__ = ["PlainJunit"]


class PlainJunit:
    """Keeps the properties of Rust tests out of JUnit XML; reports have them all the same."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Speak before pytest reads the last report of a test."""
        ours = count_of_ours(report.user_properties) if report.when == "teardown" else 0
        if ours:
            leave_out_of_junit(self._config, report, ours)
