"""Asks a Python to use a module, in a process of its own, and reads what it wrote down."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ...cargo.run_program import run_to_end
from ...rust.stage_module import python_environment, stage

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
        root = os.path.join(directory, "root")
        os.mkdir(root)
        report = os.path.join(directory, "report")
        request = {
            "check": check,
            "part": _PARTS[check],
            "report": report,
            "directory": directory,
            "root": root,
            "after": [place.source] if place.source is not None else [],
            "name": place.name,
            "stem": stage(root, place),
            "library": library,
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
        return _read(report, ended)


def _read(report: str, ended: Ended) -> Answer:
    facts: dict[str, Any] = {}
    try:
        with open(report, encoding="utf-8") as file:
            for line in file:
                facts.update(json.loads(line))
    except (OSError, ValueError):
        pass  # it did not come that far; what was read counts
    step = facts.pop("step", None)
    return Answer(ended, facts, step) if step else Answer(ended, facts)
