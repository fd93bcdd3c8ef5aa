"""What pytest writes to JUnit XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _pytest.junitxml import xml_key

if TYPE_CHECKING:
    import pytest

__all__ = ["leave_out_of_junit"]


def leave_out_of_junit(config: pytest.Config, report: pytest.TestReport, number: int) -> None:
    """Let JUnit XML not have the first properties of a report that is about to come.

    pytest takes them from the report that all other plugins read, and asks nobody (8.3 to 9.2).
    """
    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    case = xml.node_reporter(report)
    add, left = case.add_property, iter(range(number))

    def add_property(name: str, value: object) -> None:
        if next(left, None) is None:
            add(name, value)

    vars(case)["add_property"] = add_property
