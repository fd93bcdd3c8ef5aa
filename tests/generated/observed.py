"""What pytest shows of a project: each item with its outcome, and the exit code."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .running import environment, run

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Observation", "observe"]

_UNUSED: Final = (
    "hypothesispytest",
    "platformdirs",
    "pytest-subprocess",
    "html",
    "html_fixtures",
    "metadata",
    "randomly",
    "rerunfailures",
    "timeout",
)


@dataclass
class Observation:
    """One run of pytest."""

    code: int
    outcomes: dict[str, str] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)
    """How often each id ran."""
    output: str = ""


def observe(directory: Path, *arguments: str, python: str = sys.executable) -> Observation:
    """Run pytest on a project; the python given has the plugin that is looked at."""
    log = directory.parent / "report.jsonl"
    log.unlink(missing_ok=True)
    words = [python, "-m", "pytest", "--cpython-sys", "-p", "no:cacheprovider", "-rfE"]
    words += [f"--report-log={log}", *arguments]
    for name in _UNUSED:
        words += ["-p", f"no:{name}"]
    done = run(words, directory, environment(COLUMNS="120"))
    result = Observation(done.returncode, output=done.stdout)
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    for line in lines:
        entry = json.loads(line)
        if entry.get("$report_type") == "TestReport":
            _note(result, entry["nodeid"], entry["when"], entry["outcome"])
        elif entry.get("$report_type") == "CollectReport" and entry["outcome"] == "failed":
            result.outcomes[entry["nodeid"]] = "error"
    return result


def _note(result: Observation, name: str, when: str, outcome: str) -> None:
    if when == "setup":
        result.times[name] += 1
    if outcome == "failed" and result.outcomes.get(name) != "failed":
        # A test that failed has failed, whatever its teardown adds.
        result.outcomes[name] = "failed" if when == "call" else "error"
    elif outcome == "skipped" or (when == "call" and outcome == "passed"):
        result.outcomes.setdefault(name, outcome)
