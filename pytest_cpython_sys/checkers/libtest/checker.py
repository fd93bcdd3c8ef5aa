"""Finds the tests of every test binary, and runs those that are asked for."""

from __future__ import annotations

import codecs
import os.path
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ...cargo import read_bytes, read_line, worker_threads
from ...cargo.run_program import run_to_end
from ...case import Case, Checker, Location, Program, Verdict, grouped
from ...late import regex
from ...rust.build_hints import explain_process
from ...rust.context import with_leak
from ...rust.test_binary.batch import run_repeated, run_tests
from ...rust.test_binary.binary import Binary
from ...rust.test_binary.kept_listings import KeptListing
from ...rust.test_binary.listing import (
    Listing,
    ListingError,
    list_tests,
)
from .cases import CHECKER, KINDS, CaseMaker, Executable, is_layout_test, program_case
from .foreign import foreign_cases, is_foreign, unlinked_programs

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ...cargo import Target
    from ...rust.context import BuildContext, RunOptions
    from ...rust.test_binary.binary import TestEnd

__all__ = ["LibtestChecker", "is_layout_test"]

# What libtest prints when a test returns an error.
_RETURNED = regex(r"^Error: .*", re.MULTILINE | re.DOTALL)
_IGNORED = "#[ignore]"
# What the standard library prints before it aborts: library/std/src/sys/pal/unix of rust-lang/rust.
_OVERFLOW = "has overflowed its stack\nfatal runtime error: stack overflow"
_ANY_TEST = "any of its tests may have started it; to see which, run again with --cargo-isolate"
_EMPTY = (
    "no test in {target}: {root} was built, but has no tests. Probably all of them are behind a "
    "`cfg` that is not set{gate}"
)


class LibtestChecker(Checker):
    """Tests that a binary lists: one batch a binary, read as they stream."""

    name = CHECKER

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts
        self._executables: dict[str, Executable] = {}
        self._listed: dict[str, Counter[str]] = {}
        """All names by executable, and how many tests have each of them."""
        self._runs: dict[str, set[str]] = {}
        """Names by executable, those alone that run when nobody names any."""
        self._speak_json: dict[str, bool] = {}
        self._untested: list[Case] = []

    def discover(self) -> Iterable[Case]:
        """Return the tests of all binaries that were built."""
        found = [
            Executable(context, package, target, artifact.executable)
            for context in self._contexts
            for package, target in context.build.workspace.targets()
            for artifact in context.build.artifacts_of(package, target)
            if artifact.test and artifact.executable
        ]
        for executable in (*filter(is_foreign, found), *unlinked_programs(self._contexts)):
            yield from foreign_cases(executable, _IGNORED)
        found = [executable for executable in found if not is_foreign(executable)]
        self._executables = {executable.path: executable for executable in found}
        for executable, listing in _listings(found):
            if isinstance(listing, ListingError):
                yield _not_listed(executable, listing)
            elif not listing.tests:
                empty = program_case(executable, "@empty", KINDS[executable.target.kind])
                if executable.target.kind == "test":
                    yield empty
                else:
                    self._untested.append(empty)
            else:
                yield from self._cases(executable, listing)

    def untested(self) -> Sequence[Case]:
        """Return the programs that were built as tests, and have none."""
        return self._untested

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Run the cases of each binary in a batch, binary after binary, as cargo does."""
        for path, group in grouped(cases, lambda case: case.group).items():
            yield from self._run_binary(self._executables[path], group)

    def under(self, case: Case, tool: Sequence[str]) -> Program:
        """Return how one test runs under a tool: as cargo starts it, in one thread."""
        executable = self._executables[case.group]
        process, context = executable.process, executable.context
        argv = [*process.runner, *tool, process.executable, *process.arguments]
        if executable.path in self._listed:  # a whole program is the one case, else
            argv += ["--include-ignored"] if context.run.ignored != "default" else []
            argv += ["--exact", "--nocapture", "--test-threads=1", "--", case.rust_test]
        environment = context.environment(executable.package, process)
        return Program(tuple(argv), process.cwd, environment)

    def _cases(self, executable: Executable, listing: Listing) -> Iterator[Case]:
        ignored = executable.context.run.ignored
        path = executable.path
        self._speak_json[path] = listing.json
        self._runs[path] = {test.name for test in listing.tests if not test.ignored}
        maker = CaseMaker(executable)
        self._listed[path] = maker.seen
        reasons = [test.skip_reason(ignored, _IGNORED) for test in listing.tests]
        if ignored == "default" and all(reasons):
            # Cargo starts it all the same: it may end badly, and nobody else would see that.
            reasons = [None] * len(reasons)
        for test, reason in zip(listing.tests, reasons, strict=True):
            yield maker.make(test, reason)

    def _run_binary(
        self, executable: Executable, cases: list[Case]
    ) -> Iterator[tuple[Case, Verdict]]:
        if executable.path not in self._listed:  # a whole program is the one case
            yield cases[0], _run_main(executable, cases[0])
            return
        waiting = grouped(cases, lambda case: case.rust_test)
        run = executable.context.run
        listed = self._listed[executable.path]
        names = [name for name in waiting if listed[name] <= 1]
        limits = {name: run.limit(group[0]) for name, group in waiting.items()}
        binary = Binary(
            command=executable.process.argv,
            cwd=executable.process.cwd,
            env=executable.environment(),
            arguments=("--include-ignored",) if run.ignored != "default" else (),
            timeout=limits.get,
            grace=run.grace,
            speaks_json=self._speak_json[executable.path],
            listed=listed,
            show=run.show,
        )
        every = run.ignored == "default" and self._runs[executable.path] == set(names)
        batches = [[name] for name in names] if run.isolate else [names]
        for batch in batches:
            every_one = every and not run.isolate
            for end in run_tests(binary, batch, every=every_one, on_slow=run.on_slow):
                for case in waiting.get(end.name, ()):
                    yield case, _verdict(case, executable, end)
        for name in (name for name in waiting if listed[name] > 1):
            ends = list(run_repeated(binary, name))
            for case in waiting[name]:
                yield case, _verdict(case, executable, ends[case.ordinal - 1])
            for end in ends[listed[name] :]:
                yield waiting[name][-1], _verdict(waiting[name][-1], executable, end)


def _run_main(executable: Executable, case: Case) -> Verdict:
    """Run a test program that has no tests to list: its exit code is its verdict."""
    process, context = executable.process, executable.context
    try:
        done = run_to_end(
            process.argv,
            cwd=process.cwd,
            # As cargo starts it: nothing is to be unlocked in it.
            env=context.environment(executable.package, process),
            limit=context.run.limit(case),
            grace=context.run.grace,
            on_chunk=_shown(case, context.run),
        )
    except OSError as error:
        return Verdict("error", message=f"{executable.path} cannot be started: {error.strerror}")
    output = "\n".join(filter(None, (done.raw.decode("utf-8", "replace"), done.stderr)))
    if done.expired or done.exit_code:
        own = case.kind == "harness" and not done.expired
        how = f"the test binary failed: {done.how}" if own else done.how
        verdict = Verdict("failed", done.seconds, how, output=output)
    else:
        verdict = Verdict("passed", done.seconds, output=output)
    if done.leaked:
        verdict = with_leak(verdict, context.run)
    if case.levels[-1] == "@empty" and verdict.outcome == "passed":
        return replace(verdict, outcome="skipped", message=_why_empty(executable.target))
    return verdict


def _shown(case: Case, run: RunOptions) -> Callable[[bytes], None] | None:
    """Return what is told of a program's output as it comes; None where it is captured."""
    show = run.show
    if show is None or case.levels[-1] == "@empty":
        return None
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return lambda chunk: show(case.rust_test, decoder.decode(chunk))


def _listings(
    executables: Sequence[Executable],
) -> Iterator[tuple[Executable, Listing | ListingError]]:
    """Yield the tests of each program: as they were kept, or as it says."""
    kept = {
        executable.path: KeptListing(
            executable.context, executable.process, executable.environment()
        )
        for executable in executables
    }
    known: dict[str, Listing | ListingError] = {
        path: listing for path, one in kept.items() if (listing := one.read()) is not None
    }
    known.update(_asked([one for one in executables if one.path not in known], kept))
    yield from ((executable, known[executable.path]) for executable in executables)


def _asked(
    executables: Sequence[Executable], kept: Mapping[str, KeptListing]
) -> dict[str, Listing | ListingError]:
    """Return what programs say of their tests; what can be kept is kept."""
    if not executables:
        return {}
    from .custom_harness import custom_harnesses

    with worker_threads(4) as pool:
        answers = list(zip(executables, pool.map(_listing, executables), strict=True))
    packages = {one.package.id: one.package for one in executables}
    custom = {name: custom_harnesses(package) for name, package in packages.items()}
    for one, answer in answers:
        if isinstance(answer, Listing) and one.target not in custom[one.package.id]:
            kept[one.path].keep(answer, one.target)
    return {one.path: answer for one, answer in answers}


def _listing(executable: Executable) -> Listing | ListingError:
    try:
        return list_tests(
            executable.process.argv, cwd=executable.process.cwd, env=executable.environment()
        )
    except ListingError as error:
        return error


def _why_empty(target: Target) -> str:
    gate = _gate(target.src_path)
    return _EMPTY.format(
        target=target.label,
        root=os.path.basename(target.src_path),
        gate=f": {gate}" if gate else "",
    )


def _gate(path: str) -> str:
    """Return the first inner ``cfg`` attribute of a file, as it is written there."""
    lines = read_bytes(path).decode("utf-8", "replace").splitlines()
    return next((line.strip() for line in lines if line.startswith("#![cfg(")), "")


def _not_listed(executable: Executable, error: ListingError) -> Case:
    from .custom_harness import custom_harnesses

    if error.unknown_harness and executable.target in custom_harnesses(executable.package):
        return program_case(executable, "@main", "harness")
    message = _with_remedy(f"cannot list its tests: {error}", str(error))
    return program_case(executable, "@build", "build", message=message)


def _with_remedy(message: str, words: str) -> str:
    remedy = explain_process(words)
    return f"{message}\n\n{remedy}" if remedy else message


def _type_name(test: str) -> str:
    name = test.rpartition("::")[2].lstrip("_").removeprefix("bindgen_test_layout_")
    return name.removesuffix("_instantiation")


def _verdict(case: Case, executable: Executable, end: TestEnd) -> Verdict:
    run = executable.context.run
    binary = f"the test binary of {executable.package.name} ({executable.target.label})"
    if end.how == "leaked":
        words = f"{binary} {end.message}: {_ANY_TEST}"
        if run.leaks_fail:
            return Verdict("error", message=words)
        return Verdict("passed", warnings=(words,))
    if end.how == "printed":
        heading = f"output of {binary} that libtest assigned to no test"
        return Verdict("passed", output=end.printed_below(heading))
    verdict = _plain_verdict(case, executable, end)
    return with_leak(verdict, run) if end.leaked else verdict


def _plain_verdict(case: Case, executable: Executable, end: TestEnd) -> Verdict:
    if end.how == "ok":
        return Verdict("passed", end.exec_time, output=end.stdout)
    if end.how == "ignored":
        return Verdict("skipped", end.exec_time, message=end.message or _IGNORED)
    if end.how in ("unable", "teardown", "contradicted"):
        message = _with_remedy(end.message, end.stdout)
        return Verdict("error", end.exec_time, message=message, output=end.stdout)
    if end.how != "failed":
        message = _with_remedy(end.message, end.stdout)
        if _OVERFLOW in end.stdout:
            message = f"stack overflow: {message}"
        return Verdict("failed", end.exec_time, message=message, output=end.stdout)
    return _failure(case, executable, end)


def _failure(case: Case, executable: Executable, end: TestEnd) -> Verdict:
    from ...rust.test_binary.panics import find_panic, is_assertion, layout_values, without_panic

    panic = find_panic(end.stdout, case.rust_test)
    output = without_panic(end.stdout, panic)
    if panic is None:
        returned = _RETURNED.search(end.stdout)
        message = end.message or (returned[0] if returned else "failed")
        # What libtest has words of its own for is a panic that was expected and did not come.
        asserted = bool(end.message)
        return Verdict("failed", end.exec_time, message, output=output, asserted=asserted)
    location = None
    path = executable.absolute(panic.file)
    if os.path.isfile(path):
        location = Location(path, panic.line)
    source = read_line(path, panic.line) if location is not None else ""
    asserted = bool(end.message) or is_assertion(panic, source)
    message = panic.message
    if case.kind == "layout" and (values := layout_values(message)) is not None:
        from ...rust.layout_table import Row, layout_table

        message = layout_table(_type_name(case.rust_test), [Row(*values)])
    elif end.message:
        message = f"{end.message}\n{message}"
    message = _with_remedy(message, panic.message)
    return Verdict("failed", end.exec_time, message, location, output, asserted=asserted)
