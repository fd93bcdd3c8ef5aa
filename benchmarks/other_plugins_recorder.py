"""A pytest plugin that writes down what was collected and what was reported, for other_plugins.py.

Where it writes, the environment variable RECORD says.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

_collected: list[str] = []
_reports: list[tuple[str, str, str, bool]] = []


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Note the items that are going to run; all workers of pytest-xdist have the same."""
    _collected.extend(item.nodeid for item in session.items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Note what a worker of pytest-xdist has collected."""
    del node
    _collected[:] = ids


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a report as it is given to all plugins."""
    expected = hasattr(report, "wasxfail")
    _reports.append((report.nodeid, str(report.when), report.outcome, expected))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Write it all down."""
    if not hasattr(config, "workerinput"):
        record = {"collected": _collected, "reports": _reports}
        Path(os.environ["RECORD"]).write_text(json.dumps(record), encoding="utf-8")
