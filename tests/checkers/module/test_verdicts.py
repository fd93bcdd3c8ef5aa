"""What no real module of the acceptance tests brings about."""

from __future__ import annotations

from typing import Any

from pytest_cpython_sys.cargo.run_program import Ended
from pytest_cpython_sys.checkers.module.slots import Declaration
from pytest_cpython_sys.checkers.module.verdicts import (
    judge_free_threading,
    judge_imports,
    judge_leaks,
    judge_subinterpreters,
    with_end,
)
from pytest_cpython_sys.extensions.probe_client import Answer

OWN_GIL = Declaration("Py_MOD_PER_INTERPRETER_GIL_SUPPORTED", "Py_MOD_GIL_NOT_USED")
REFUSED = {"error": "ImportError: no", "import_error": True}


def answer(step: str = "a step", code: int = 0, *, expired: bool = False, **facts: Any) -> Answer:
    ended = Ended(code, expired, False, 0.5, 3.0, b"", "")
    return Answer(ended, [{"step": step}, facts])


def done(**facts: Any) -> Answer:
    return answer(done=True, **facts)


def test_how_a_process_ended_is_told_with_what_it_did() -> None:
    crash = judge_imports(answer("importing the module", -11))
    assert crash.message.startswith(
        "killed by SIGSEGV (Segmentation fault) while importing the module\n\nthe probable causes"
    )
    late = judge_imports(answer("importing the module", expired=True))
    assert late.message == "timed out after 3 s while importing the module"
    left = judge_imports(answer("importing the module", 3))
    assert left.message == "exited before it finished (exit code 3) while importing the module"


def test_a_bad_end_after_all_is_a_failure_too() -> None:
    ended = answer("ending the interpreter", -6, done=True)
    verdict = with_end(ended, judge_imports(ended))
    assert verdict.outcome == "failed"
    assert verdict.message == "killed by SIGABRT (Aborted) while ending the interpreter"
    failed = answer("ending the interpreter", -6, done=True, error="ValueError: no")
    message = with_end(failed, judge_imports(failed)).message
    assert message.split("\n") == ["ValueError: no", f"then {verdict.message}"]


def test_what_is_declared_is_not_known() -> None:
    unknown = Declaration(unknown="this Python has no ctypes")
    verdict = judge_subinterpreters(done(isolated={}), unknown, None)
    assert verdict.outcome == "skipped"
    assert verdict.message == "the module definition is not known: this Python has no ctypes"


def test_no_interpreter_to_be_had_says_nothing_of_the_module() -> None:
    verdict = judge_subinterpreters(done(error="ModuleNotFoundError: no"), OWN_GIL, None)
    assert (verdict.outcome, verdict.message) == (
        "error",
        "failed while a step: ModuleNotFoundError: no",
    )


def test_a_call_that_ends_its_process() -> None:
    seen = done(isolated={}, second={}, values=[[[]], [[], []]], objects=[[], []])
    verdict = judge_subinterpreters(seen, OWN_GIL, answer("evaluating `calls`", -11))
    assert verdict.outcome == "failed"
    assert verdict.message.startswith("in a fresh process: killed by SIGSEGV")


def test_a_call_that_raises_is_no_shared_state() -> None:
    values = [[["one()", "NameError: no", False]], [["one()", "NameError: no", False]]]
    seen = done(isolated={}, second={}, values=[values, values], objects=[[], []])
    verdict = judge_subinterpreters(seen, OWN_GIL, done(values=values))
    assert verdict.outcome == "failed"
    assert "cannot be compared" in verdict.message.split("\n")[0]
    assert verdict.message.split("\n")[1:] == ["  `one()` raises in a fresh process: NameError: no"]


def test_what_supports_isolated_interpreters_must_not_be_refused() -> None:
    first = judge_subinterpreters(done(isolated=REFUSED), OWN_GIL, None)
    second = judge_subinterpreters(done(isolated={}, second=REFUSED), OWN_GIL, None)
    assert {first.outcome, second.outcome} == {"failed"}
    assert "cannot be imported in an isolated interpreter" in first.message
    assert "in a second isolated interpreter while the first exists" in second.message


def test_a_refusal_is_an_import_error() -> None:
    isolated = {"error": "RuntimeError: no", "import_error": False}
    verdict = judge_subinterpreters(done(isolated=isolated), Declaration(), None)
    assert verdict.outcome == "failed"
    assert "does not refuse it with ImportError" in verdict.message


def test_what_supports_a_shared_gil_must_be_imported_with_one() -> None:
    shared = Declaration("Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED")
    verdict = judge_subinterpreters(done(isolated=REFUSED, sharing=REFUSED), shared, None)
    assert verdict.outcome == "failed"
    assert "cannot be imported in an interpreter that shares the GIL" in verdict.message


def test_shared_objects_are_named() -> None:
    objects = [[["TABLE", 1, "dict"], ["f", 2, "function"]], [["TABLE", 1, "dict"], ["f", 3, ""]]]
    seen = done(isolated={}, second={}, values=[[[]], [[], []]], objects=objects)
    verdict = judge_subinterpreters(seen, OWN_GIL, None)
    assert verdict.message.split("\n")[1:] == ["  TABLE (dict) is the same object in both"]


def test_a_gil_that_is_on_before_says_nothing_of_the_module() -> None:
    verdict = judge_free_threading(done(before=True, after=True, warnings=[]), OWN_GIL, 4, 50)
    assert verdict.outcome == "error"


def test_every_run_must_leave_something() -> None:
    def judged(*deltas: list[int]) -> str:
        rows = [[9, 9, 9]] * 3 + [*deltas]
        return judge_leaks(done(cached=False, deltas=rows, references=True), OWN_GIL, 3).outcome

    assert judged([3, 0, 0], [0, 0, 0], [0, 0, 0]) == "passed"
    assert judged([8, 0, 0], [-8, 0, 0], [1, 0, 0]) == "passed"
    assert judged([5, 0, 0], [5, 0, 0], [6, 0, 0]) == "failed"
    assert judged([0, 10, 0], [0, 1, 0], [0, 1, 0]) == "failed"
    assert judged([0, 0, 0], [0, 0, 1], [0, 0, 0]) == "failed"
