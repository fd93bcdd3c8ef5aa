"""Sets a Rust module beside its twin in the target Python, and runs the twin's tests on it."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from ...cargo.run_program import run_to_end
from ...rust.stage_module import python_environment, read_report, staged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...cargo.run_program import Ended
    from ...python.interpreter import Interpreter
    from ...rust.extension_module import Extension
    from ...rust.metadata import TwinTable

__all__ = ["Beside", "TestRun"]

_PROBE: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "twin_probe.py")
_Line = dict[str, Any]


@dataclass(frozen=True)
class Beside:
    """A module, its twin, and the Python that has both."""

    extension: Extension
    python: Interpreter
    table: TwinTable

    def ask(
        self, check: Literal["compare", "names", "run"], limit: float, **more: object
    ) -> tuple[list[_Line], Ended]:
        """Return what a process writes down that has ``limit`` seconds.

        It compares what both modules have, lists the ids of the twin's tests (the Rust module takes
        no part), or runs those that ``ids`` names. Raises ExtensionError, OSError.
        """
        with tempfile.TemporaryDirectory(prefix="cpython-sys-") as directory:
            report = os.path.join(directory, "report")
            request: dict[str, object] = {
                "check": check,
                "report": report,
                "twin": self.table.twin,
                "tests": self.table.tests,
                "after": [],
                **more,
            }
            if check != "names":
                library = self.extension.library()
                request |= staged(directory, library, self.extension.place(library))
            path = os.path.join(directory, "request")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(request, file)
            python = str(self.python.executable)
            work = os.path.join(directory, "work")  # tests leave files where they are
            os.mkdir(work)
            ended = run_to_end(
                [python, "-s", "-B", "-X", "faulthandler", _PROBE, path],
                cwd=work,
                env=python_environment(self.extension, self.python),
                limit=limit,
                grace=self.extension.context.run.grace,
            )
            return list(read_report(report)), ended


class TestRun:
    """What a process said of the tests that it was given."""

    __test__ = False  # pytest has nothing to collect here

    def __init__(self, lines: Sequence[_Line], ended: Ended) -> None:
        self.ended = ended
        self.ends = {str(line["end"]): line for line in lines if "end" in line}
        started = [str(line["start"]) for line in lines if "start" in line]
        self.culprit = next((name for name in started if name not in self.ends), None)
        """The test in which the process ended."""
        self.fixtures = [line for line in lines if "fixture" in line]
        self.known = next((set(line["known"]) for line in lines if "known" in line), None)
        """Which tests it has found; None if it did not come to that."""
        self.done = any("done" in line for line in lines) and not ended.exit_code
        said = [str(line[key]) for line in lines for key in ("problem", "error") if key in line]
        self.problem = said[-1] if said else ""
