"""Each verdict on a module as a whole: outcome, duration, message and output."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_cpython_sys.cargo.run_program import Ended
from pytest_cpython_sys.case import Location, Outcome, Verdict
from pytest_cpython_sys.checkers.module.slots import Declaration
from pytest_cpython_sys.checkers.module.verdicts import (
    OWN_GIL,
    SHARED_GIL,
    judge_free_threading,
    judge_imports,
    judge_leaks,
    judge_subinterpreters,
    problem_of,
    with_end,
)
from pytest_cpython_sys.extensions.probe_client import Answer

NOT_USED = "Py_MOD_GIL_NOT_USED"
BOTH = Declaration(OWN_GIL, NOT_USED)
CALLS = "`calls` in [package.metadata.cpython-sys] is empty"
ALONE = f"the module was only imported: {CALLS}"
EXPORT = "ImportError: dynamic module does not define module export function (PyInit_spam)"


def answer(
    code: int = 0, *, expired: bool = False, err: str = "", remark: str = "", **facts: Any
) -> Answer:
    ended = Ended(code, expired, False, 0.5, 3.0, b"printed", err)
    return Answer(ended, [{"step": "a step"}, facts], remark)


def done(code: int = 0, **more: Any) -> Answer:
    return answer(code, done=True, **more)


def said(outcome: Outcome, message: str = "", note: str = "") -> Verdict:
    return Verdict(outcome, 0.5, message, output=f"{note}\nprinted" if note else "printed")


# -- a process --------------------------------------------------------------------------------


def test_a_process_that_came_to_its_end_has_no_problem() -> None:
    assert problem_of(done()) is None
    assert problem_of(done(error="ValueError: no")) == said(
        "failed", "failed while a step: ValueError: no"
    )


@pytest.mark.parametrize(
    ("code", "expired", "how"),
    [
        (0, False, "exited before it finished (exit code 0)"),
        (1, False, "exited before it finished (exit code 1)"),
        (1, True, "timed out after 3 s"),
        (-6, False, "killed by SIGABRT (Aborted)"),
    ],
)
def test_how_one_ended_that_did_not(code: int, expired: bool, how: str) -> None:
    assert problem_of(answer(code, expired=expired)) == said("failed", f"{how} while a step")


def test_a_known_cause_is_told() -> None:
    err = "error while loading shared libraries: libpython3.13.so.1.0"
    problem = problem_of(answer(127, err=err))
    assert problem is not None
    first, empty, cause = problem.message.split("\n")
    assert (first, empty) == ("exited before it finished (exit code 127) while a step", "")
    assert cause.startswith("the loader did not find libpython")
    assert problem.output == f"printed\n{err}"


PANIC = """
thread '<unnamed>' (7) panicked at spam/src/lib.rs:3:5:
no eggs
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

thread '<unnamed>' (7) panicked at library/core/src/panicking.rs:225:5:
panic in a function that cannot unwind
"""


def test_the_panic_that_ended_a_process_comes_first() -> None:
    problem = problem_of(answer(-6, err=PANIC))
    assert problem is not None
    assert problem.message == "Rust panicked while a step: no eggs\nkilled by SIGABRT (Aborted)"
    assert problem.location == Location("spam/src/lib.rs", 3)
    late = with_end(done(-6, err=PANIC), said("passed"))
    assert (late.message, late.location) == (problem.message, problem.location)
    caught = problem_of(done(error="pyo3_runtime.PanicException: no eggs", err=PANIC))
    assert caught is not None
    assert caught.location == problem.location
    other = problem_of(done(error="ValueError: no", err=PANIC))
    assert other is not None
    assert other.location is None


@pytest.mark.parametrize("outcome", ["failed", "error"])
def test_a_bad_end_after_a_bad_verdict(outcome: Outcome) -> None:
    verdict = with_end(done(-6), said(outcome, "no"))
    assert verdict == said(outcome, "no\nthen killed by SIGABRT (Aborted) while a step")


def test_a_bad_end_after_a_good_one() -> None:
    late = with_end(done(expired=True), said("passed"))
    assert late == said("failed", "timed out after 3 s while a step")
    assert with_end(done(1), said("skipped", "why")) == said("failed", "exit code 1 while a step")


def test_a_good_end_changes_nothing() -> None:
    assert with_end(done(), said("failed", "no")) == said("failed", "no")
    # What did not come to its end has been judged for that.
    assert with_end(answer(-6), said("failed", "killed")) == said("failed", "killed")


# -- imports ----------------------------------------------------------------------------------


def test_an_import() -> None:
    assert judge_imports(done()) == said("passed")
    assert judge_imports(done(remark="by this name")) == said("passed", note="by this name")


def test_an_import_that_fails() -> None:
    assert judge_imports(done(error="ImportError: no")) == said("failed", "ImportError: no")
    verdict = judge_imports(done(error="ImportError: no", remark="by this name"))
    assert verdict == said("failed", "ImportError: no\nby this name")


def test_a_function_that_is_not_exported() -> None:
    cure = (
        'the function that Python looks for must be public, `extern "C"`, and keep its name: '
        "write #[unsafe(no_mangle)] (before Rust 1.82: #[no_mangle]) above it"
    )
    assert judge_imports(done(error=EXPORT)) == said("failed", f"{EXPORT}\n\n{cure}")
    assert judge_imports(done(error=EXPORT), ["PyInit_x"]).message.endswith(cure)


def test_a_function_that_only_newer_pythons_know() -> None:
    verdict = judge_imports(done(error=EXPORT), ["other", "PyModExport_spam"])
    assert verdict.message == (
        f"{EXPORT}\n\nthe library exports PyModExport_spam, which only Python 3.15 and newer use: "
        "choose such a Python with --cpython-sys-python, or also export PyInit_spam"
    )


# -- sub-interpreters -------------------------------------------------------------------------

ROWS = [["one()", "1", True], ["two()", "2", True]]
SAME = [[*ROWS], [*ROWS]]


def isolated(values: Any, objects: Any = ((), ())) -> Answer:
    return done(isolated={}, second={}, values=values, objects=objects)


def test_interpreters_that_share_nothing() -> None:
    seen = isolated([SAME, SAME])
    assert judge_subinterpreters(seen, BOTH, done(values=SAME)) == said("passed")
    assert judge_subinterpreters(seen, BOTH, None) == said("passed", note=ALONE)


def test_our_own_trouble_is_an_error() -> None:
    verdict = judge_subinterpreters(answer(error="ValueError: no"), BOTH, None)
    assert (verdict.outcome, verdict.duration) == ("error", 0.5)
    verdict = judge_subinterpreters(answer(error="ValueError: no", isolated={}), BOTH, None)
    assert verdict.outcome == "failed"
    assert judge_subinterpreters(answer(-11), BOTH, None).outcome == "failed"


def test_what_is_not_known_is_not_judged() -> None:
    verdict = judge_subinterpreters(isolated([SAME, SAME]), Declaration(unknown="no slots"), None)
    assert verdict == said("skipped", "the module definition is not known: no slots")


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        ("1", "2", "  `one()`: 1 in a fresh process, 1 in one interpreter, 2 in the other"),
        ("3", "1", "  `one()`: 1 in a fresh process, 3 in one interpreter, 1 in the other"),
    ],
)
def test_a_call_that_differs_at_once(own: str, other: str, expected: str) -> None:
    values = [[[["one()", one, True], ROWS[1]], [*ROWS]] for one in (own, other)]
    verdict = judge_subinterpreters(isolated(values), BOTH, done(values=SAME))
    heading = f"declares {OWN_GIL}, but shares state between interpreters"
    assert verdict == said("failed", f"{heading}\n{expected}")


def test_a_call_that_differs_the_second_time() -> None:
    values = [[[*ROWS], [ROWS[0], ["two()", one, True]]] for one in ("2", "5")]
    verdict = judge_subinterpreters(isolated(values), BOTH, done(values=SAME))
    assert verdict.message.split("\n")[1:] == [
        "  `two()` the second time: 2 in a fresh process, 2 in one interpreter, 5 in the other"
    ]


def test_a_call_is_told_once_and_one_that_raises_is_left_out() -> None:
    fresh = [[["bad()", "NameError", False], *ROWS]] * 2
    values = [[[["bad()", one, False], ["one()", one, True], ROWS[1]]] * 2 for one in ("7", "8")]
    verdict = judge_subinterpreters(isolated(values), BOTH, done(values=fresh))
    assert verdict.message.split("\n")[1:] == [
        "  `bad()` raises in a fresh process: NameError",
        "  `one()`: 1 in a fresh process, 7 in one interpreter, 8 in the other",
    ]


def test_a_static_type_has_its_cure() -> None:
    objects = ([["T", 1, "static type"], ["D", 2, "dict"]], [["D", 2, "dict"], ["T", 1, "x"]])
    verdict = judge_subinterpreters(isolated([SAME, SAME], objects), BOTH, done(values=SAME))
    same = "is the same object in both"
    assert verdict.message.split("\n")[1:] == [
        f"  T (static type) {same}: make it with PyType_FromModuleAndSpec",
        f"  D (dict) {same}",
    ]


def test_a_refusal() -> None:
    refused = {"error": "ImportError: not here", "import_error": True}
    for word, says in ((None, "no support for isolated interpreters"), (SHARED_GIL, SHARED_GIL)):
        declared = Declaration(word)
        verdict = judge_subinterpreters(done(isolated={}), declared, None)
        text = f"declares {says}, but the import in an isolated interpreter succeeded"
        assert verdict == said("failed", text)
        verdict = judge_subinterpreters(done(isolated=refused), declared, None)
        text = f"declares {says}; an isolated interpreter rejects it: ImportError: not here"
        assert verdict == said("passed", note=text)
    # Who supports no other interpreter may refuse one that shares the GIL, too.
    seen = done(isolated=refused, sharing=refused)
    assert judge_subinterpreters(seen, Declaration(None), None).outcome == "passed"
    verdict = judge_subinterpreters(seen, Declaration(SHARED_GIL), None)
    text = "but cannot be imported in an interpreter that shares the GIL\nImportError: not here"
    assert verdict == said("failed", f"declares {SHARED_GIL}, {text}")


# -- free threading ---------------------------------------------------------------------------


def threads(declared: Declaration = BOTH, *, promised: bool = False, **facts: Any) -> Verdict:
    facts = {"before": False, "after": False, "warnings": [], **facts}
    return judge_free_threading(done(**facts), declared, 4, 50, promised=promised)


WARNED: dict[str, Any] = {"after": True, "warnings": ["one", "two"]}


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({}, said("passed", note=ALONE)),
        ({"called": False}, said("passed", note="called 50 times in each of 4 threads")),
        (
            {"called": True, "warnings": ["one", "two"]},
            said("failed", f"declares {NOT_USED}, but the calls turn the GIL on\none\ntwo"),
        ),
        (
            WARNED,
            said("failed", f"declares {NOT_USED}, but importing it turns the GIL on\none\ntwo"),
        ),
        (
            {"problems": [["f()", "ValueError"], ["g()", "no"]], "called": False},
            said("failed", "`f()` in 4 threads at once: ValueError"),
        ),
        (
            {"before": True},
            said(
                "error",
                "the GIL is on before the module is imported: probably a package in this Python's "
                "site-packages turned it on",
            ),
        ),
        ({"error": "ValueError: no"}, said("failed", "failed while a step: ValueError: no")),
    ],
)
def test_one_that_declares_it(facts: dict[str, Any], verdict: Verdict) -> None:
    assert threads(**facts) == verdict


def test_one_that_does_not_declare_it() -> None:
    used = Declaration(OWN_GIL, "Py_MOD_GIL_USED")
    says = f"does not declare {NOT_USED}"
    turns = f"{says}: importing it turns the GIL on"
    assert threads(used, **WARNED) == said("skipped", turns)
    assert threads(used, promised=True, **WARNED) == said(
        "failed", f'requires "not-gil", but {turns}'
    )
    assert threads(used) == said("failed", f"{says}, but the GIL stays off")
    assert threads(used, promised=True) == threads(used)


def test_one_of_a_single_phase_declares_it_with_a_call() -> None:
    single = Declaration(single_phase=True)
    assert threads(single) == said("passed", note=ALONE)
    assert threads(single, after=True).outcome == "skipped"


# -- leaks ------------------------------------------------------------------------------------


def leaks(*runs: list[int], declared: Declaration = BOTH, **facts: Any) -> Verdict:
    facts = {"cached": False, "references": True, "deltas": [[9, 9, 9], *runs], **facts}
    return judge_leaks(done(**facts), declared, 1)


def test_nothing_leaks() -> None:
    assert leaks([0, 0, 0], [0, 0, 0]) == said("passed")
    note = "[2, 0] references, sum=2 (not a leak)\n[0, 1] memory blocks, sum=1 (not a leak)"
    assert leaks([2, 0, 0], [0, 1, 0]) == said("passed", note=note)


def test_references_and_blocks_leak_if_every_run_left_some() -> None:
    verdict = leaks([1, 2, 0], [1, 3, 0])
    assert verdict == said(
        "failed",
        "leaked [1, 1] references, sum=2, in 2 imports and teardowns after 1 warm-up run\n"
        "leaked [2, 3] memory blocks, sum=5",
    )


def test_descriptors_leak_at_once() -> None:
    verdict = leaks([0, 0, 0], [0, 1, 1], references=False, cached=True)
    why = "Python keeps the module (created once per process)"
    note = (
        f"{why}: only the calls were repeated\n"
        "not a debug build of Python: memory blocks were counted, references were not\n"
        "[0, 1] memory blocks, sum=1 (not a leak)"
    )
    message = "leaked [0, 1] file descriptors, sum=1, in 2 calls after 1 warm-up run"
    assert verdict == said("failed", message, note)


@pytest.mark.parametrize(
    ("declared", "facts", "why"),
    [
        (BOTH, {}, "Python keeps the module (created once per process)"),
        (
            Declaration(kept=True),
            {},
            "Python keeps the module (single-phase initialisation)",
        ),
        (
            Declaration(kept=True),
            {"refused": "ImportError: once\nmore"},
            "the module cannot be imported a second time (ImportError: once)",
        ),
    ],
)
def test_nothing_to_repeat(declared: Declaration, facts: dict[str, Any], why: str) -> None:
    verdict = leaks(declared=declared, deltas=None, **facts)
    assert verdict == said("skipped", f"{why}, and {CALLS}: there is nothing to repeat")


def test_a_process_of_repetitions_that_died() -> None:
    assert judge_leaks(answer(-11), BOTH, 1).outcome == "failed"
