"""Imports a module into a free-threaded Python, and calls it from several threads at once."""

from __future__ import annotations

import contextlib
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

from .common import Calls, load, words

if TYPE_CHECKING:
    from .common import Report, Request

__all__ = ["free_threading"]


def free_threading(request: Request, report: Report) -> None:
    """Tell whether the GIL is on before, after the import, and after the calls."""
    enabled = getattr(sys, "_is_gil_enabled", lambda: True)
    report.add(before=enabled())
    report.step("importing the module")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        module = load(request)
    runtime = [str(one.message) for one in told if issubclass(one.category, RuntimeWarning)]
    report.add(after=enabled(), warnings=runtime)
    calls = Calls(request)
    if calls.codes and not enabled():
        threads = request["threads"]
        texts = ", ".join(f"`{text}`" for text, _ in calls.codes)
        report.step(f"evaluating {texts} in {threads} threads at once")
        problems = _call_at_once(module, calls, threads, request["rounds"])
        report.add(problems=problems[:1], called=enabled())
    report.step("ending the interpreter")


def _call_at_once(module: Any, calls: Calls, threads: int, rounds: int) -> list[tuple[str, str]]:
    """Evaluate all calls in each thread, the threads starting each round together."""
    barrier = threading.Barrier(threads)
    problems: list[tuple[str, str]] = []

    def work() -> None:
        names = calls.namespace(module)
        with contextlib.suppress(threading.BrokenBarrierError):
            for _ in range(rounds):
                barrier.wait()
                for text, code in calls.codes:
                    try:
                        eval(code, names)  # noqa: S307 - the package's own manifest lists it
                    except BaseException as error:
                        problems.append((text, words(error)))
                        barrier.abort()
                        return

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return problems
