"""Asks a Python to use a module, in a process of its own, and reads what it wrote down."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ..cargo import read_bytes
from ..cargo.run_program import run_to_end
from ..late import dataclass
from .finder import VARIABLE, Modules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..cargo.run_program import Ended
    from ..python.interpreter import Interpreter
    from .extension import Extension

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
    "made_types": "made_types",
    "compare": "twin",
    "names": "twin",
    "run": "twin",
}


@dataclass(frozen=True)
class Answer:
    """What a process wrote down, and how it ended."""

    ended: Ended
    lines: Sequence[dict[str, Any]]
    remark: str = ""
    """What manifests say of the module, where that cannot be."""

    @cached_property
    def _facts(self) -> dict[str, Any]:
        return {name: value for line in self.lines for name, value in line.items()}

    @property
    def step(self) -> str:
        """What it was about to do last."""
        return str(self.get("step") or "starting Python")

    @property
    def done(self) -> bool:
        """Whether it came to the end of what it was asked for."""
        return "done" in self._facts

    @property
    def error(self) -> str:
        """The exception that ended it, in short; empty if there was none."""
        return str(self.get("error") or "")

    def get(self, name: str) -> Any:
        """Return what it wrote down last of something; None if it did not come to that."""
        return self._facts.get(name)


def ask(
    extension: Extension,
    python: Interpreter,
    check: str,
    *,
    library: str | None,
    limit: float,
    **more: object,
) -> Answer:
    """Let a Python use a module for ``limit`` seconds at most; without a library, its twin alone.

    Raises ExtensionError, OSError.
    """
    with tempfile.TemporaryDirectory(prefix="cpython-sys-") as directory:
        request = {
            "check": check,
            "part": _PARTS[check],
            "report": os.path.join(directory, "report"),
            "directory": directory,
            "calls": extension.table.calls,
            **more,
        }
        remark = ""
        from .stage import python_environment, staged

        if library is not None:
            place = extension.place(library)
            remark = place.remark
            request |= staged(directory, library, place)
        path = os.path.join(directory, "request")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(request, file)
        cwd, flags = extension.package.root, []
        if request["part"] == "twin":
            # Tests leave files where they are, and may end the process.
            cwd, flags = os.path.join(directory, "work"), ["-X", "faulthandler"]
            os.mkdir(cwd)
        ended = run_to_end(
            [str(python.executable), "-s", "-B", *flags, "-c", _START, _PROBE, path],
            cwd=cwd,
            env={**python_environment(extension, python), **_beside(python, request.get("name"))},
            limit=limit,
            grace=extension.context.run.grace,
        )
        return Answer(ended, list(_lines(os.path.join(directory, "report"))), remark)


def _beside(python: Interpreter, name: object) -> dict[str, str]:
    """Return what lets the Python that runs the tests find the other modules of this run."""
    text = os.environ.get(VARIABLE)
    if not text or python.bin_directory != os.path.dirname(sys.executable):
        return {}
    modules = Modules.load(text)
    for known in (name, f"{name}.{name}"):
        for found in (modules.files, modules.broken, modules.packages):
            found.pop(str(known), None)
    return {VARIABLE: modules.dump()}


def _lines(path: str) -> Iterator[dict[str, Any]]:
    """Yield what was written down, an object a line; one that was cut off says nothing."""
    for line in read_bytes(path).splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            return
        if isinstance(found, dict):
            yield found
