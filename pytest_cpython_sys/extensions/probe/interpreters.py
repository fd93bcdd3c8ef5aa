"""Imports a module in isolated interpreters, and lists what two of them share."""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
from typing import TYPE_CHECKING, Any

from .common import Calls, Report, load, words

if TYPE_CHECKING:
    from .common import Request

__all__ = ["Inside", "subinterpreters"]

_ATOMS = (bool, bytes, complex, float, int, str, type(None), type(...), type(NotImplemented))
_HEAP_TYPE = 1 << 9
# Python's own static types are shared on purpose. Python 3.12 and newer mark them.
_STATIC_BUILTIN = 1 << 1
_MOST = 10_000
_DEPTH = 4

_ENTER = """
import importlib.util, json, sys
sys.path[:] = {path!r}
_spec = importlib.util.spec_from_file_location(
    "_probe", {init!r}, submodule_search_locations=[{directory!r}])
sys.modules["_probe"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules["_probe"])
from _probe.interpreters import Inside
inside = Inside(json.loads({request!r}))
"""
_ASK = """
with open({answer!r}, "w", encoding="utf-8") as file:
    json.dump(inside.{method}(), file)
"""


class _Interpreters:
    """Sub-interpreters, as 3.12 and as later Pythons have them."""

    def __init__(self) -> None:
        try:
            self._module: Any = importlib.import_module("_interpreters")
        except ImportError:
            self._module = importlib.import_module("_xxsubinterpreters")
        self._made: list[object] = []

    def create(self, *, isolated: bool) -> object:
        """Return a new one: isolated with a GIL of its own, or sharing ours."""
        if hasattr(self._module, "exec"):
            made = self._module.create("isolated" if isolated else "legacy")
        else:
            made = self._module.create(isolated=isolated)
        self._made.append(made)
        return made

    def close(self) -> None:
        """End all that were made: Python warns of those that are left at its own end."""
        while self._made:
            self._module.destroy(self._made.pop())

    def run(self, interpreter: object, code: str) -> None:
        """Run a text there; it hands its answer back in a file."""
        if not hasattr(self._module, "exec"):
            self._module.run_string(interpreter, code)
            return
        problem = self._module.exec(interpreter, code)
        if problem is not None:
            raise RuntimeError(getattr(problem, "formatted", None) or str(problem))


class _Inventory:
    """What could be shared: functions, types, containers, instances, each with its id."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._name: str = module.__name__
        self._seen: set[int] = set()
        self.found: list[tuple[str, int, str]] = []
        """Where it is, its id, and of what kind."""

    def walk(self, path: str, value: object, depth: int = 0) -> None:
        """Note a value and what is in it."""
        kind = type(value)
        if kind in _ATOMS or id(value) in self._seen:
            return
        if depth > _DEPTH or len(self.found) > _MOST:
            return
        self._seen.add(id(value))
        if isinstance(value, type):
            self._walk_type(path, value, depth)
        elif isinstance(value, types.ModuleType):
            if value is self._module or value.__name__.startswith(self._name + "."):
                for key, inner in list(vars(value).items()):
                    if key not in ("__builtins__", "__loader__", "__spec__"):
                        self.walk(f"{path}.{key}" if path else key, inner, depth + 1)
        else:
            if kind not in (tuple, frozenset, types.MappingProxyType):
                self.found.append((path, id(value), kind.__name__))
            self._walk_inside(path, value, depth)

    def _walk_type(self, path: str, value: type, depth: int) -> None:
        if value.__flags__ & _STATIC_BUILTIN:
            return
        if not value.__flags__ & _HEAP_TYPE:
            self.found.append((path, id(value), "static type"))
            return
        self.found.append((path, id(value), "type"))
        if value.__module__ == self._name:
            for key, inner in list(vars(value).items()):
                self.walk(f"{path}.{key}", inner, depth + 1)

    def _walk_inside(self, path: str, value: object, depth: int) -> None:
        if isinstance(value, (tuple, list, set, frozenset)):
            for number, inner in enumerate(list(value)):
                self.walk(f"{path}[{number}]", inner, depth + 1)
        elif isinstance(value, (dict, types.MappingProxyType)):
            for key, inner in list(value.items()):
                self.walk(f"{path}[{key!r}]", inner, depth + 1)
        self.walk(f"type of {path}", type(value), depth + 1)


class Inside:
    """What is done in a sub-interpreter, a step at a time."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._keep: list[object] = []
        self._module: Any = None

    def load(self) -> dict[str, object]:
        """Import the module."""
        try:
            self._module = load(self._request)
        except BaseException as error:
            return {"error": words(error), "import_error": isinstance(error, ImportError)}
        return {}

    def calls(self) -> dict[str, object]:
        """Evaluate the calls."""
        report, where = Report(self._request["report"]), f" in {self._request['which']}"
        return {"values": Calls(self._request).values(self._module, self._keep, report, where)}

    def inventory(self) -> dict[str, object]:
        """List what could be shared."""
        inventory = _Inventory(self._module)
        inventory.walk("", self._module)
        for value, text in zip(self._keep, self._request["calls"]):  # noqa: B905 - 3.8 too
            inventory.walk(text, value)
        return {"objects": inventory.found}


class _Isolated:
    """An interpreter, and how it is asked."""

    def __init__(
        self, interpreters: _Interpreters, request: Request, which: str, *, isolated: bool
    ) -> None:
        self._interpreters = interpreters
        self._answer = os.path.join(request["directory"], "answer")
        self._made = interpreters.create(isolated=isolated)
        directory = os.path.dirname(os.path.abspath(__file__))
        init = os.path.join(directory, "__init__.py")
        text = json.dumps({**request, "which": which})
        code = _ENTER.format(request=text, path=sys.path, init=init, directory=directory)
        interpreters.run(self._made, code)

    def ask(self, method: str) -> Any:
        """Return the answer to a step."""
        self._interpreters.run(self._made, _ASK.format(answer=self._answer, method=method))
        with open(self._answer, encoding="utf-8") as file:
            return json.load(file)


def subinterpreters(request: Request, report: Report) -> None:
    """Import it in two interpreters with a GIL each, both alive; or in one that shares ours."""
    interpreters = _Interpreters()
    try:
        _import_in_two(interpreters, request, report)
        report.step("ending the interpreters")
    finally:
        interpreters.close()


def _import_in_two(interpreters: _Interpreters, request: Request, report: Report) -> None:
    which = "an isolated interpreter"
    report.step(f"importing the module in {which}")
    first = _Isolated(interpreters, request, which, isolated=True)
    loaded = first.ask("load")
    report.add(isolated=loaded)
    if "error" in loaded:
        if request["sharing"]:
            which = "an interpreter that shares the GIL"
            report.step(f"importing the module in {which}")
            report.add(sharing=_Isolated(interpreters, request, which, isolated=False).ask("load"))
        return
    one = [first.ask("calls")["values"]]
    which = "a second isolated interpreter"
    report.step(f"importing the module in {which}")
    second = _Isolated(interpreters, request, which, isolated=True)
    loaded = second.ask("load")
    report.add(second=loaded)
    if "error" not in loaded:
        # The second twice, then the first again: whatever one has changed, the other sees.
        two = [second.ask("calls")["values"] for _ in range(2)]
        one.append(first.ask("calls")["values"])
        report.add(values=[one, two])
        report.step("looking for what two isolated interpreters share")
        report.add(objects=[each.ask("inventory")["objects"] for each in (first, second)])
