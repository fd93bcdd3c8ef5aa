"""Imports a module and lets go of it, again and again, and counts what stays.

The counts and the order of things are those of Lib/test/libregrtest/refleak.py.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from .common import Calls, load, words

if TYPE_CHECKING:
    from .common import Report, Request

__all__ = ["leaks"]


def leaks(request: Request, report: Report) -> None:
    """Report how much more there is of everything after each repetition."""
    name = request["name"]
    calls = Calls(request)
    report.step("importing the module")
    kept: Any = load(request)
    _try(kept, calls, report)
    cached = request["cached"] or _is_cached(request, report, kept)
    report.add(cached=cached)
    if cached:
        sys.modules[name] = kept
    else:
        kept = None
        sys.modules.pop(name, None)
    if cached and not calls.codes:
        return

    def once() -> None:
        module = kept if cached else load(request)
        names = calls.namespace(module)
        for _, code in calls.codes:
            eval(code, names)  # noqa: S307 - the package's own manifest lists it
        if not cached:
            del sys.modules[name]

    steps = [] if cached else ["importing the module"]
    steps += ["evaluating `calls`"] if calls.codes else []
    report.step(f"{' and '.join(steps)} repeatedly")
    repetitions = request["warmups"] + request["runs"]
    # Made beforehand, and filled with numbers that are there already: nothing of it is counted.
    pool = {number: number for number in range(-1000, 1000)}
    deltas = [[0, 0, 0] for _ in range(repetitions)]
    _clean()
    before = _counts()
    for index in range(repetitions):
        once()
        _clean()
        after = _counts()
        for column in range(3):
            delta = after[column] - before[column]
            deltas[index][column] = pool.get(delta, delta)
        before = after
    report.add(deltas=deltas, references=hasattr(sys, "gettotalrefcount"))
    report.step("ending the interpreter")


def _try(module: Any, calls: Calls, report: Report) -> None:
    """Evaluate each call once, uncounted: what fails is known by its name.

    Nothing is written down while things are counted.
    """
    names = calls.namespace(module)
    for text, code in calls.codes:
        report.step(f"evaluating `{text}`")
        eval(code, names)  # noqa: S307 - the package's own manifest lists it


def _is_cached(request: Request, report: Report, first: object) -> bool:
    """Tell whether Python, or the module, gives the same module to whoever imports it again.

    Some allow one import a process: they say so with ImportError, or with whatever comes of doing
    for the second time what can be done once (a logger is set, and Rust panics). No leak is that.
    """
    report.step("importing the module a second time")
    del sys.modules[request["name"]]
    try:
        return load(request) is first
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # pyo3's PanicException is no Exception
        report.add(refused=words(error))
        return True


def _counts() -> tuple[int, int, int]:
    """Return references, memory blocks and file descriptors.

    Interned strings live until the end of the process: they are no leak.
    """
    references = sys.gettotalrefcount() if hasattr(sys, "gettotalrefcount") else 0
    interned = 0
    if hasattr(sys, "getunicodeinternedsize"):
        size: Any = sys.getunicodeinternedsize
        try:
            interned = size(_only_immortal=True)
        except TypeError:
            interned = size()
            references -= 2 * interned
    try:
        files = len(os.listdir("/dev/fd"))
    except OSError:
        files = 0
    return references, sys.getallocatedblocks() - interned, files


def _clean() -> None:
    """Let go of what Python keeps for itself."""
    clear: Any = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache
    clear()
    importlib.invalidate_caches()
    for _ in range(3):
        gc.collect()
