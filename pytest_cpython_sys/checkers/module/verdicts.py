"""Verdicts out of what a process has written down of a module."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ...case import Location, Verdict, counted
from ...rust.build_hints import explain_process
from ...rust.metadata import TABLE
from ...rust.test_binary.panics import fatal_panic
from .promises import NOT_USED, promise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ...case import Outcome
    from ...extensions.probe_client import Answer
    from .slots import Declaration

__all__ = [
    "OWN_GIL",
    "SHARED_GIL",
    "judge_free_threading",
    "judge_imports",
    "judge_leaks",
    "judge_subinterpreters",
    "problem_of",
    "with_end",
]

OWN_GIL: Final = "Py_MOD_PER_INTERPRETER_GIL_SUPPORTED"
SHARED_GIL: Final = "Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED"
_NOTHING_CALLED: Final = f"the module was only imported: `calls` in [{TABLE}] is empty"
_BAD_MEMORY: Final = (signal.SIGSEGV, signal.SIGBUS)
_INVALID_MEMORY: Final = (
    "the probable causes are an invalid pointer, and a stack overflow (a recursion without end)"
)
_EXPORT: Final = "PyModExport_"
_NO_EXPORT: Final = "does not define module export function"


def _ended(answer: Answer, outcome: Outcome, message: str = "", note: str = "") -> Verdict:
    ended = answer.ended
    output = "\n".join(part for part in (note, ended.output) if part)
    return Verdict(outcome, ended.seconds, message, output=output)


def _failed(answer: Answer, message: str, note: str = "") -> Verdict:
    return _ended(answer, "failed", message, note)


def problem_of(answer: Answer) -> Verdict | None:
    """Return the verdict on a process that did not come to its end; None if it did.

    Its location is as rustc has it: relative to the workspace.
    """
    if answer.done:
        return (
            _raised(answer, f"failed while {answer.step}: {answer.error}") if answer.error else None
        )
    message, place = _end_of(answer)
    return replace(_failed(answer, message), location=place)


def _end_of(answer: Answer) -> tuple[str, Location | None]:
    """Return how a process ended that ended badly: the panic first, if there was one."""
    ended = answer.ended
    how = ended.how
    if not answer.done and ended.exit_code >= 0 and not ended.expired:
        how = f"exited before it finished ({how})"
    panic = fatal_panic(ended.stderr) if ended.exit_code < 0 and not ended.expired else None
    if panic is not None:
        message = f"Rust panicked while {answer.step}: {panic.message}\n{how}"
        return message, Location(panic.file, panic.line)
    message = f"{how} while {answer.step}"
    remedy = explain_process(ended.stderr)
    if remedy is None and -ended.exit_code in _BAD_MEMORY and not ended.expired:
        remedy = _INVALID_MEMORY
    return f"{message}\n\n{remedy}" if remedy else message, None


def _raised(answer: Answer, message: str) -> Verdict:
    """Return the verdict on an exception; on pyo3's, with the place of the panic behind it.

    The place is as rustc has it: relative to the workspace.
    """
    verdict = _failed(answer, message)
    panic = fatal_panic(answer.ended.stderr)
    if panic is None or f"PanicException: {panic.message}" not in message:
        return verdict
    return replace(verdict, location=Location(panic.file, panic.line))


def with_end(answer: Answer, verdict: Verdict) -> Verdict:
    """Return a verdict that tells of a process that ended badly after all was seen."""
    ended = answer.ended
    if not answer.done or (ended.exit_code == 0 and not ended.expired):
        return verdict
    message, place = _end_of(answer)
    if verdict.outcome in ("failed", "error"):
        return replace(verdict, message=f"{verdict.message}\nthen {message}")
    return replace(verdict, outcome="failed", message=message, location=place)


def judge_imports(answer: Answer, functions: Iterable[str] = ()) -> Verdict:
    """Judge an import as a program would do it; ``functions`` are what the library exports."""
    remark = answer.remark
    if not answer.error:
        return problem_of(answer) or _ended(answer, "passed", note=remark)
    message = f"{answer.error}\n{remark}" if remark else answer.error
    if _NO_EXPORT in answer.error:
        remedy = (
            'the function that Python looks for must be public, `extern "C"`, and keep its name: '
            "write #[unsafe(no_mangle)] (before Rust 1.82: #[no_mangle]) above it"
        )
        newer = next((name for name in functions if name.startswith(_EXPORT)), None)
        if newer is not None:
            module = newer.removeprefix(_EXPORT)
            remedy = (
                f"the library exports {newer}, which only Python 3.15 and newer use: choose such a "
                f"Python with --cpython-sys-python, or also export PyInit_{module}"
            )
        message = f"{message}\n\n{remedy}"
    return _raised(answer, message)


# -- sub-interpreters -------------------------------------------------------------------------


def judge_subinterpreters(answer: Answer, declared: Declaration, fresh: Answer | None) -> Verdict:
    """Judge what became of a module in isolated interpreters by what it declares.

    ``fresh`` is the answer of a process in which nobody else has used it, where it is called.
    """
    problem = problem_of(answer)
    if problem is not None:
        ours = answer.error and answer.get("isolated") is None
        return replace(problem, outcome="error") if ours else problem
    if fresh is not None and (problem := problem_of(fresh)) is not None:
        return replace(problem, message=f"in a fresh process: {problem.message}")
    if declared.unknown is not None:
        return _ended(answer, "skipped", f"the module definition is not known: {declared.unknown}")
    isolated = answer.get("isolated")
    if declared.interpreters != OWN_GIL:
        return _judge_refusal(answer, declared, isolated)
    if "error" in isolated:
        return _failed(
            answer,
            f"declares {OWN_GIL}, but cannot be imported in an isolated interpreter\n"
            f"{isolated['error']}",
        )
    second = answer.get("second")
    if "error" in second:
        return _failed(
            answer,
            f"declares {OWN_GIL}, but cannot be imported in a second isolated interpreter "
            f"while the first exists\n{second['error']}",
        )
    raising = list(_raising(fresh))
    words = list(_different(answer.get("values"), fresh)) + list(_shared(answer.get("objects")))
    if words:
        heading = f"declares {OWN_GIL}, but shares state between interpreters"
        return _failed(answer, "\n".join([heading, *raising, *words]))
    if raising:
        heading = f"declares {OWN_GIL}, but the results of `calls` in [{TABLE}] cannot be compared"
        return _failed(answer, "\n".join([heading, *raising]))
    return _ended(answer, "passed", note="" if fresh is not None else _NOTHING_CALLED)


def _judge_refusal(answer: Answer, declared: Declaration, isolated: Mapping[str, Any]) -> Verdict:
    says = f"declares {declared.interpreters or 'no support for isolated interpreters'}"
    if "error" not in isolated:
        return _failed(answer, f"{says}, but the import in an isolated interpreter succeeded")
    error = isolated["error"]
    if not isolated["import_error"]:
        return _failed(
            answer,
            f"{says}, but an isolated interpreter does not refuse it with ImportError\n{error}",
        )
    sharing = answer.get("sharing") or {}
    if declared.interpreters == SHARED_GIL and "error" in sharing:
        return _failed(
            answer,
            f"{says}, but cannot be imported in an interpreter that shares the GIL\n"
            f"{sharing['error']}",
        )
    return _ended(answer, "passed", note=f"{says}; an isolated interpreter rejects it: {error}")


def _raising(fresh: Answer | None) -> Iterator[str]:
    """Yield a line for each call that raises where nobody else has used the module."""
    for text, value, good in fresh.get("values")[0] if fresh is not None else ():
        if not good:
            yield f"  `{text}` raises in a fresh process: {value}"


def _different(values: Any, fresh: Answer | None) -> Iterator[str]:
    """Yield a line for each call that does not give the same wherever it is made first."""
    if fresh is None:
        return
    expected = fresh.get("values")
    for index, (text, _, good) in enumerate(expected[0]):
        if not good:
            continue
        for time in (0, 1):
            seen = [expected[time][index][1], *(one[time][index][1] for one in values)]
            if len(set(seen)) > 1:
                again = " the second time" if time else ""
                yield (
                    f"  `{text}`{again}: {seen[0]} in a fresh process, {seen[1]} in one "
                    f"interpreter, {seen[2]} in the other"
                )
                break


def _shared(objects: Any) -> Iterator[str]:
    """Yield a line for each object that both interpreters have."""
    first, second = objects
    there = {number for _, number, _ in second}
    for path, number, kind in first:
        if number in there:
            advice = ": make it with PyType_FromModuleAndSpec" if kind == "static type" else ""
            yield f"  {path} ({kind}) is the same object in both{advice}"


# -- free threading ---------------------------------------------------------------------------


def judge_free_threading(
    answer: Answer, declared: Declaration, threads: int, rounds: int, *, promised: bool = False
) -> Verdict:
    """Judge whether the GIL stays off, and whether threads that call at once do well.

    ``promised``: it is a fault if the module does not declare it.
    """
    if answer.get("before"):
        return _ended(
            answer,
            "error",
            "the GIL is on before the module is imported: probably a package in this Python's "
            "site-packages turned it on",
        )
    problem = problem_of(answer)
    if problem is not None:
        return problem
    on = answer.get("after")
    told = "".join(f"\n{text}" for text in answer.get("warnings"))
    # Single-phase initialisation declares it with a call, PyUnstable_Module_SetGIL.
    declares = declared.gil == NOT_USED or (declared.single_phase and not on)
    if not declares:
        if on:
            says = f"does not declare {NOT_USED}: importing it turns the GIL on"
            if promised:
                return _failed(answer, f"{promise('not-gil')}, but {says}")
            return _ended(answer, "skipped", says)
        return _failed(answer, f"does not declare {NOT_USED}, but the GIL stays off")
    if on:
        return _failed(answer, f"declares {NOT_USED}, but importing it turns the GIL on{told}")
    for text, words in answer.get("problems") or ():
        return _failed(answer, f"`{text}` in {threads} threads at once: {words}")
    called = answer.get("called")
    if called:
        return _failed(answer, f"declares {NOT_USED}, but the calls turn the GIL on{told}")
    if called is None:
        return _ended(answer, "passed", note=_NOTHING_CALLED)
    return _ended(answer, "passed", note=f"called {rounds} times in each of {threads} threads")


# -- leaks ------------------------------------------------------------------------------------


def judge_leaks(answer: Answer, declared: Declaration, warmups: int) -> Verdict:
    """Judge as Lib/test/libregrtest/refleak.py does: every run must have left something."""
    problem = problem_of(answer)
    if problem is not None:
        return problem
    deltas = answer.get("deltas")
    refused = answer.get("refused")
    if refused:
        why = f"the module cannot be imported a second time ({refused.splitlines()[0]})"
    elif declared.kept:
        why = "Python keeps the module (single-phase initialisation)"
    else:
        why = "Python keeps the module (created once per process)"
    if deltas is None:
        return _ended(
            answer,
            "skipped",
            f"{why}, and `calls` in [{TABLE}] is empty: there is nothing to repeat",
        )
    runs = deltas[warmups:]
    names = ("references", "memory blocks", "file descriptors")
    notes, leaks = [], []
    if answer.get("cached"):
        notes.append(f"{why}: only the calls were repeated")
    if not answer.get("references"):
        notes.append("not a debug build of Python: memory blocks were counted, references were not")
    for column, name in enumerate(names):
        seen = [row[column] for row in runs]
        leaking = any(seen) if name == "file descriptors" else all(one >= 1 for one in seen)
        text = f"{seen} {name}, sum={sum(seen)}"
        if leaking:
            leaks.append(f"leaked {text}")
        elif any(seen):
            notes.append(f"{text} (not a leak)")
    note = "\n".join(notes)
    if leaks:
        ways = "calls" if answer.get("cached") else "imports and teardowns"
        heading = f"{leaks[0]}, in {len(runs)} {ways} after {counted(warmups, 'warm-up run')}"
        return _failed(answer, "\n".join([heading, *leaks[1:]]), note)
    return _ended(answer, "passed", note=note)
