"""What a process said of the twin's tests that it was given to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...extensions.probe_client import Answer

__all__ = ["TestRun"]


class TestRun:
    """What a process said of the tests that it was given."""

    __test__ = False  # pytest has nothing to collect here

    def __init__(self, answer: Answer) -> None:
        self.ended, lines = answer.ended, answer.lines
        self.ends = {str(line["end"]): line for line in lines if "end" in line}
        started = [str(line["start"]) for line in lines if "start" in line]
        self.culprit = next((name for name in started if name not in self.ends), None)
        """The test in which the process ended."""
        self.fixtures = [line for line in lines if "fixture" in line]
        self.known = next((set(line["known"]) for line in lines if "known" in line), None)
        """Which tests it has found; None if it did not come to that."""
        self.done = answer.done and not self.ended.exit_code
        said = [str(line[key]) for line in lines for key in ("problem", "error") if key in line]
        self.problem = said[-1] if said else ""
