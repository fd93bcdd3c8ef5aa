"""Asks a Python to use a module, in a process of its own, and reads what it wrote down."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ...cargo.run_program import run_to_end
from ...rust.stage_module import python_environment, read_report, staged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...cargo.run_program import Ended
    from ...python.interpreter import Interpreter
    from ...rust.extension_module import Extension, Place

__all__ = ["Answer", "ask"]

_PROBE: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "probe")
# The probe is a package that the target Python knows nothing of, and must not find by its path.
_START: Final = """
import sys
del sys.path[0]
import importlib.util
spec = importlib.util.spec_from_file_location(
    "_probe", sys.argv[1] + "/__init__.py", submodule_search_locations=[sys.argv[1]])
sys.modules["_probe"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["_probe"])
sys.modules["_probe"].main(sys.argv[2])
"""
# Which part of the probe does what.
_PARTS: Final = {
    "imports": "importing",
    "fresh": "importing",
    "subinterpreters": "interpreters",
    "free_threading": "threads",
    "leaks": "leaking",
}


@dataclass(frozen=True)
class Answer:
    """What a process wrote down, and how it ended."""

    ended: Ended
    facts: Mapping[str, Any]
    step: str = "starting Python"
    """What it was about to do last."""

    @property
    def done(self) -> bool:
        """Whether it came to the end of what it was asked for."""
        return "done" in self.facts

    @property
    def error(self) -> str:
        """The exception that ended it, in short; empty if there was none."""
        return str(self.facts.get("error", ""))

    def get(self, name: str) -> Any:
        """Return something that it wrote down; None if it did not come to that."""
        return self.facts.get(name)


def ask(
    extension: Extension,
    python: Interpreter,
    check: str,
    *,
    library: str,
    place: Place,
    limit: float,
    **more: object,
) -> Answer:
    """Let a Python use a module for ``limit`` seconds at most. Raises OSError."""
    with tempfile.TemporaryDirectory(prefix="cpython-sys-") as directory:
        report = os.path.join(directory, "report")
        request = {
            "check": check,
            "part": _PARTS[check],
            "report": report,
            "directory": directory,
            **staged(directory, library, place),
            "calls": extension.table.calls,
            **more,
        }
        argv = [str(python.executable), "-s", "-B", "-c", _START, _PROBE]
        ended = run_to_end(
            [*argv, json.dumps(request)],
            cwd=extension.package.root,
            env=python_environment(extension, python),
            limit=limit,
            grace=extension.context.run.grace,
        )
        facts = {name: value for line in read_report(report) for name, value in line.items()}
        return Answer(ended, facts, facts.pop("step", Answer.step))
