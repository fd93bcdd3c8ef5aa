"""Sets a module beside its twin: compares them, and runs the twin's tests on it."""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import sys
import time
import types
import unittest
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from .common import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .common import Report, Request

__all__ = ["compare", "names", "run"]

_SHORT = 4000  # characters of a docstring


def _load(request: Request) -> Any:
    """Import the module by its file, whatever else has its name."""
    sys.path.insert(0, request["root"])
    name = request["name"]
    parent = name.rpartition(".")[0]
    if parent:
        importlib.import_module(parent)
    before = sys.modules.get(name)
    module = load(request)
    if before is not None:
        sys.modules[name] = before
    return module


# -- comparing -----------------------------------------------------------------------------------


def compare(request: Request, report: Report) -> None:
    """Write down what both modules have."""
    try:
        twin = importlib.import_module(request["twin"])
    except ImportError as error:
        report.add(no_twin=str(error))
        return
    wanted = request["names"]
    report.add(ours=_described(_load(request), wanted), twin=_described(twin, wanted))


def _described(module: Any, wanted: list[str] | None) -> dict[str, Any]:
    """Return what is public in a module, by name, with dots for what is in classes.

    What is ``wanted`` by its name is there too, public or not.
    """
    found: dict[str, Any] = {"__doc__": {"doc": _doc(module)}}
    names = getattr(module, "__all__", None)
    if names is None:
        names = [
            name
            for name, value in vars(module).items()
            if not name.startswith("_") and not isinstance(value, types.ModuleType)
        ]
    for name in [*names, *(wanted or ())]:
        if name in found:
            continue
        try:
            value = getattr(module, name)
        except AttributeError:
            continue
        found[name] = _entry(value)
        if isinstance(value, type):
            for inner in dir(value):
                if not inner.startswith("_"):
                    found[f"{name}.{inner}"] = _entry(getattr(value, inner, None))
    return found


def _entry(value: Any) -> dict[str, Any]:
    if not (callable(value) or inspect.isdatadescriptor(value)):
        return {"kind": type(value).__name__}
    entry = {"doc": _doc(value), "kind": "class" if isinstance(value, type) else "callable"}
    if not callable(value):
        entry["kind"] = "attribute"
        return entry
    with contextlib.suppress(ValueError, TypeError):
        entry["signature"] = str(inspect.signature(value))
    return entry


def _doc(value: Any) -> str:
    text = getattr(value, "__doc__", None)
    return inspect.cleandoc(text)[:_SHORT] if isinstance(text, str) else ""


# -- its tests -----------------------------------------------------------------------------------


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the module wherever its twin is imported, anew too."""

    def __init__(self, name: str, module: Any) -> None:
        self._name = name
        self._module = module

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        del path, target
        if fullname != self._name:
            return None
        return importlib.machinery.ModuleSpec(fullname, self)

    def create_module(self, spec: Any) -> Any:
        del spec
        return types.ModuleType(self._name)

    def exec_module(self, module: Any) -> None:
        # What import_module returns is what stands here now.
        sys.modules[module.__name__] = self._module


def _tests(name: str) -> Iterator[Any]:
    waiting: list[Any] = [unittest.defaultTestLoader.loadTestsFromName(name)]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, unittest.TestSuite):
            waiting[:0] = list(one)
        else:
            yield one


def _quiet() -> None:
    """Be as regrtest is without -u: no network, no hours of computing."""
    support: Any = importlib.import_module("test.support")
    support.use_resources = {}


def _find(name: str) -> Any:
    try:
        return importlib.util.find_spec(name)
    except ImportError:
        return None


def names(request: Request, report: Report) -> None:
    """Write down the ids of all tests, with the twin itself in place."""
    full = "test." + request["tests"]
    if _find("test.support") is None:
        report.add(absent=True)
        return
    spec = _find(full)
    if spec is None:
        report.add(problem="the module was not found: correct `twin-tests`")
        return
    _quiet()
    ids = []
    for test in _tests(full):
        if type(test).__name__ == "_FailedTest":
            error = getattr(test, "_exception", None)
            report.add(problem=str(error).strip().split("\n")[-1])
            return
        ids.append(test.id())
    report.add(ids=ids, file=spec.origin)


class _Result(unittest.TestResult):
    """Writes down each test as it starts and ends."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.buffer = True
        self._report = report
        self._began = 0.0
        self._outcome = ("passed", "")

    def startTest(self, test: Any) -> None:  # noqa: N802
        super().startTest(test)
        self._began, self._outcome = time.monotonic(), ("passed", "")
        self._report.add(start=test.id())

    def stopTest(self, test: Any) -> None:  # noqa: N802
        seconds = time.monotonic() - self._began
        super().stopTest(test)
        outcome, words = self._outcome
        self._report.add(end=test.id(), outcome=outcome, words=words, seconds=seconds)

    def _set(self, test: Any, outcome: str, words: str) -> None:
        if not isinstance(test, unittest.TestCase):  # the fixture of a class or a module
            self._report.add(fixture=str(test), outcome=outcome, words=words)
        elif self._outcome[0] != "failed":
            self._outcome = (outcome, words)

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        super().addFailure(test, err)
        self._set(test, "failed", self.failures[-1][1])

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802
        super().addError(test, err)
        self._set(test, "failed", self.errors[-1][1])

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
        super().addSkip(test, reason)
        self._set(test, "skipped", reason)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
        super().addSubTest(test, subtest, err)
        if err is not None:
            kept = self.failures if issubclass(err[0], test.failureException) else self.errors
            self._set(test, "failed", f"{subtest}\n{kept[-1][1]}")

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
        super().addUnexpectedSuccess(test)
        self._set(test, "failed", "the test is marked as an expected failure, but it passed")


def _in_part(twin: Any, module: Any, patterns: list[str]) -> Any:
    """Return the twin with a part of it replaced."""
    roots = [pattern.partition(".")[0] for pattern in patterns]
    for name, value in list(vars(module).items()):
        special = name.startswith("__") and name not in roots
        if not special and any(fnmatchcase(name, root) for root in roots):
            setattr(twin, name, value)
    return twin


def run(request: Request, report: Report) -> None:
    """Run tests, with the module in its twin's place."""
    _quiet()
    name = request["twin"]
    module = _load(request)
    if request["names"] is not None:
        module = _in_part(importlib.import_module(name), module, request["names"])
    sys.modules[name] = module
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(importlib.import_module(parent), last, module)
    sys.meta_path.insert(0, _Finder(name, module))
    wanted = set(request["ids"])
    found: dict[str, Any] = {}
    for test in _tests("test." + request["tests"]):
        if type(test).__name__ == "_FailedTest":
            report.add(problem=str(getattr(test, "_exception", "")).strip())
            return
        found.setdefault(test.id(), test)
    report.add(known=sorted(wanted & found.keys()))
    chosen = [test for identifier, test in found.items() if identifier in wanted]
    unittest.TestSuite(chosen).run(_Result(report))
