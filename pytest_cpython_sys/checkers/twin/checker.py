"""Twins: a Rust module beside the C or Python module that it must match.

``@twin`` compares what both show; below it stand the twin's own tests, which are run with the Rust
module in the twin's place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ...cargo import cache_path, keep_json, read_json, stamp
from ...case import Case, Checker, Verdict, counted, grouped
from ...extensions.extension import Extension, ExtensionError
from ...extensions.probe_client import ask
from ...extensions.stage import unusable
from ...rust.metadata import MetadataError, elsewhere, read_policies
from ...rust.tables.twin import TwinTable, read_twin
from ...rust.test_location import target_case
from .comparing import twin_differences
from .twin_run import TestRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...cargo import Package, Target
    from ...extensions.probe_client import Answer
    from ...rust.context import BuildContext

__all__ = ["TwinChecker"]

_LEVEL: Final = "@twin"
_COMPARE_LIMIT: Final = 120.0
"""Seconds to import two modules and to look at them; the same for a list of tests."""
_KNOWN: Final = (
    'if a difference is intended, add NAME = "reason" under\n'
    "[package.metadata.cpython-sys.twin-known]"
)
_TESTS_LIMIT: Final = 1200.0
"""Seconds for all tests of a file, where no limit is set."""


class TwinChecker(Checker):
    """Items ``@twin``, and those below."""

    name = "twin"

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts
        self._twins: dict[str, _Twin] = {}

    def discover(self) -> Iterable[Case]:
        """Return the cases of each package that names a twin."""
        for context in self._contexts:
            if context.run.policies == "off":
                continue
            for package in context.packages:
                raw = package.metadata.get("cpython-sys")
                named = isinstance(raw, dict) and (
                    {"twin", "twin-tests", "twin-names", "twin-known"} & {*raw}
                )
                target = package.library
                if not named or target is None:
                    continue
                twin = _Twin(context, package, target)
                self._twins[twin.group] = twin
                yield from twin.cases()

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield the verdicts; all tests of a file run in one process, more after a crash."""
        for group, members in grouped(cases, lambda case: case.group).items():
            twin = self._twins[group.removesuffix(" tests")]
            for case in members:
                if case.rust_test == _LEVEL:
                    yield case, twin.verdict(case)
            tests = [case for case in members if case.rust_test != _LEVEL]
            yield from twin.run(tests) if tests else ()


class _Twin:
    """A package, and the module that its own must match."""

    def __init__(self, context: BuildContext, package: Package, target: Target) -> None:
        self._context = context
        self._package = package
        self._target = target
        self._python = context.interpreter
        self._trouble = ""
        self._unlisted = ""
        """Why the twin's tests are not known."""
        self._table: TwinTable | None = None
        try:
            self._table = read_twin(package.metadata)
            policies = read_policies(package.metadata)
            self._extension = Extension(context, package, target, policies)
        except MetadataError:
            self._trouble = elsewhere(package)
        kind = self._python.fingerprint if self._python is not None else ""
        self.group = f"{_LEVEL} {package.id} {kind} {context.options.target or ''}"

    # -- what there is --------------------------------------------------------------------------

    def cases(self) -> Iterator[Case]:
        """Yield the comparison, and the twin's tests as the target Python lists them."""
        unable = None if self._trouble else unusable(self._extension)
        yield self._case(_LEVEL, (), skip=unable)
        table = self._table
        if table is None or table.tests is None or self._trouble:
            return
        ids, reason = ([], unable) if unable else self._test_names(table.tests)
        if reason is not None or self._unlisted:
            yield self._case(f"test.{table.tests}", (table.tests,), skip=reason)
        for name in dict.fromkeys(ids):
            yield self._case(name, tuple(name.removeprefix(f"test.{table.tests}.").split(".")))

    def _case(self, name: str, levels: tuple[str, ...], skip: str | None = None) -> Case:
        return target_case(
            self._package,
            self._target,
            _LEVEL,
            *levels,
            kind="policy",
            checker=TwinChecker.name,
            rust_test=name,
            group=f"{self.group} tests" if levels else self.group,
            skip=skip,
        )

    def _ask(self, check: str, limit: float, **more: object) -> Answer:
        """Set the module beside its twin, or look at the twin alone. Raises as `ask` does."""
        assert self._python is not None  # noqa: S101 - else the case is skipped
        assert self._table is not None  # noqa: S101 - else its verdict is an error
        library = None if check == "names" else self._extension.library()
        table = self._table
        more |= {"twin": table.twin, "tests": table.tests, "names": table.names}
        return ask(self._extension, self._python, check, library=library, limit=limit, **more)

    def _test_names(self, tests: str) -> tuple[list[str], str | None]:
        """Return the ids of a test file's tests, and why there is nothing to list."""
        python = self._python
        assert python is not None  # noqa: S101 - asked only then
        build, options = self._context.build, self._context.options
        causes = [python.fingerprint, stamp(str(python.executable)), tests]
        path = cache_path(build, options, "twins", causes)
        kept: Any = read_json(path)
        if isinstance(kept, dict) and list(stamp(kept["file"])) == kept["stamp"]:
            return kept["ids"], None
        try:
            answer = self._ask("names", _COMPARE_LIMIT)
        except OSError as error:
            self._unlisted = f"{python.executable} cannot be started: {error.strerror}"
            return [], None
        ids = answer.get("ids")
        if ids is not None:
            file = answer.get("file") or ""
            keep_json(path, {"ids": ids, "file": file, "stamp": stamp(file)})
            return ids, None
        if answer.get("absent"):
            return [], (
                f"{python.describe()} has no test suite: choose a Python that has one, such as a "
                "CPython build, with --cpython-sys-python=PATH"
            )
        said = answer.get("problem") or answer.error or answer.ended.how
        self._unlisted = (
            f"the tests of test.{tests} cannot be listed with {python.describe()}: {said}"
        )
        return [], None

    # -- what is said ---------------------------------------------------------------------------

    def verdict(self, case: Case) -> Verdict:
        """Return what comparing both modules shows."""
        if self._trouble or self._table is None:
            return Verdict("error", message=self._trouble)
        try:
            limit = self._context.run.limit(case) or _COMPARE_LIMIT
            answer = self._ask("compare", limit)
        except (ExtensionError, OSError) as error:
            return Verdict("error", message=f"not compared: {error}")
        ended, twin = answer.ended, self._table.twin
        absent = answer.get("no_twin")
        if absent is not None:
            assert self._python is not None  # noqa: S101 - it has answered
            return Verdict(
                "error",
                message=f"{self._python.describe()} has no module {twin!r} to compare with "
                f"({absent}): correct `twin` in [package.metadata.cpython-sys]",
            )
        if answer.get("ours") is None:
            said = answer.error or ended.how
            return Verdict("error", message=f"not compared: {said}", output=ended.output)
        problems = list(twin_differences(answer.get("ours"), answer.get("twin"), self._table))
        if ended.exit_code and not problems:
            words = f"no difference from {twin}, but Python failed after the import: {ended.how}"
            return Verdict("failed", ended.seconds, words, output=ended.output)
        if not problems:
            names = self._table.names
            part = f"compared only: {', '.join(names)}\n" if names else ""
            return Verdict("passed", ended.seconds, output=part + ended.output)
        count = counted(len(problems), "place")
        text = "\n".join([f"the module differs from {twin} in {count}", *problems, _KNOWN])
        return Verdict("failed", ended.seconds, text, output=ended.output)

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield a verdict a test; a crash is that of one test, the rest runs in a new process."""
        waiting = {case.rust_test: case for case in cases}
        if self._unlisted:
            verdict = Verdict("error", message=self._unlisted)
            yield from ((case, verdict) for case in cases)
            return
        while waiting:
            limits = [self._context.run.limit(case) for case in waiting.values()]
            limit = max([seconds for seconds in limits if seconds], default=0.0)
            budget = limit * len(waiting) or _TESTS_LIMIT
            try:
                run = TestRun(self._ask("run", budget, ids=list(waiting)))
            except (ExtensionError, OSError) as error:
                verdict = Verdict("error", message=f"not run: {error}")
                yield from ((case, verdict) for case in waiting.values())
                return
            last = None
            for name, verdict in dict(_answers(run, list(waiting))).items():
                last = waiting.pop(name)
                yield last, verdict
            if last is not None and run.ends and run.culprit is None and run.ended.exit_code:
                # In what is cleared up after a class, or after all.
                message = f"the process failed after the last test: {run.ended.how}"
                yield last, Verdict("error", message=message, output=run.ended.output)


def _answers(run: TestRun, names: Sequence[str]) -> Iterator[tuple[str, Verdict]]:
    """Yield what a process said: of each test, unless one of them ended it before its time."""
    for name in names:
        end = run.ends.get(name)
        if end is not None:
            words, outcome = str(end["words"]).strip("\n"), end["outcome"]
            yield name, Verdict(outcome, float(end["seconds"]), _last_line_first(words, outcome))
    if run.culprit is not None and run.culprit in names:
        how = f"{run.ended.how} in this test"
        yield run.culprit, Verdict("failed", message=how, output=run.ended.output)
        return
    if run.ends and not run.done:
        return  # what is left has another chance in a new process
    for name in names:
        if name not in run.ends:
            yield name, _without_end(run, name)


def _last_line_first(words: str, outcome: str) -> str:
    """Return a traceback with its exception at the top, where the summary finds it."""
    if outcome != "failed" or "\n" not in words:
        return words
    exception = next(
        (line for line in reversed(words.splitlines()) if line and not line.startswith(" ")), ""
    )
    return f"{exception}\n{words}"


def _without_end(run: TestRun, name: str) -> Verdict:
    """Return the verdict on a test that was never started."""
    owner = name.rpartition(".")[0]
    for fixture in run.fixtures:
        # "setUpClass (test.test_zlib.CompressTestCase)", "setUpModule (test.test_zlib)"
        inside = str(fixture["fixture"]).partition("(")[2].rstrip(")")
        if owner == inside or owner.startswith(f"{inside}."):
            words = str(fixture["words"]).strip("\n")
            if fixture["outcome"] == "skipped":
                return Verdict("skipped", message=words)
            return Verdict("error", message=f"{fixture['fixture']} failed\n{words}")
    if run.problem:
        first, _, rest = run.problem.partition("\n")
        message = f"the test file cannot be imported with this module as the twin: {first}"
        return Verdict("error", message=f"{message}\n{rest}" if rest else message)
    if run.known is not None and name not in run.known:
        return Verdict("error", message="the test does not exist with this module as the twin")
    words = f"not run: the process ended before this test ({run.ended.how})"
    return Verdict("error", message=words, output=run.ended.output)
