"""Documentation tests, run by rustdoc as cargo calls it, and each an item of its own.

rustdoc takes filters of one word each and no exact names, so it may run more tests than were
asked for. What it says of those is left out.
"""

from __future__ import annotations

import contextlib
import os.path
from collections import Counter
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from ...cargo import (
    cache_path,
    keep_json,
    read_bytes,
    read_json,
    shown_command,
    worker_threads,
)
from ...case import Case, Checker, Program, Verdict, grouped
from ...late import dataclass, regex
from ...rust.include_sites import Places
from ...rust.test_binary.batch import run_tests
from ...rust.test_binary.binary import Binary
from ...rust.test_binary.listing import ListedTest, ListingError, list_tests, test_environment
from ...rust.test_location import target_case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...cargo import Package, TestProcess
    from ...rust.context import BuildContext
    from ...rust.test_binary.binary import TestEnd

__all__ = ["DoctestChecker"]

# "src/lib.rs - ffi::add (line 6)", and without a path for the documentation of the crate itself.
_NAME = regex(r"^(?P<file>.+?) - (?:(?P<path>.+) )?\(line (?P<line>\d+)\)$")
_TEXT_FILE = regex(r'"([^"\n]+\.(?:md|txt))"')
_IGNORED = "marked `ignore`"
_UNASKED = "cargo did not run rustdoc for this package"


@dataclass(frozen=True)
class _Crate:
    """A library with what rustdoc is told of it."""

    context: BuildContext
    package: Package
    process: TestProcess

    @property
    def group(self) -> str:
        return f"doctests of {self.package.root}"

    def environment(self) -> dict[str, str]:
        env = self.context.environment(self.package, self.process)
        return test_environment(env, self.context.cargo.toolchain)


def _wrapped(flags: Sequence[str]) -> list[str]:
    return [f"--test-args={flag}" for flag in flags]


class DoctestChecker(Checker):
    """Doctests: ``@doctest::path::N``, numbered in the order of the file for each name."""

    name = "doctest"

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts
        self._crates: dict[str, _Crate] = {}
        self._names: dict[str, Counter[str]] = {}
        """Names by group, and how many doctests have each of them."""
        self._runs: dict[str, frozenset[str]] = {}
        """Names by group, those alone that run when nobody names any."""

    def discover(self) -> Iterable[Case]:
        """Return the doctests of all libraries that were built."""
        crates = []
        for context in self._contexts:
            if not context.run.doctests:
                continue
            for package in context.build.documented_packages():
                process = context.processes.doctests.get(package.root)
                if not context.selects(package.name):
                    continue
                if process is not None:
                    crates.append(_Crate(context, package, process))
                elif context.build.target in (None, context.cargo.toolchain.host):
                    library = package.library
                    # Of one that was not built, as a dependency's error has it, `@build` says so.
                    if library is not None and not context.lacks(package, library):
                        yield _not_listed(context, package, _UNASKED)
        with worker_threads(2) as pool:
            listings = list(pool.map(_listing, crates))
        for crate, listing in zip(crates, listings, strict=True):
            if isinstance(listing, ListingError):
                yield _not_listed(crate.context, crate.package, str(listing))
                continue
            self._crates[crate.group] = crate
            self._names[crate.group] = Counter(test.name for test in listing)
            self._runs[crate.group] = frozenset(test.name for test in listing if not test.ignored)
            yield from _cases(crate, listing)

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Run the cases of each crate in one rustdoc."""
        for group, members in grouped(cases, lambda case: case.group).items():
            yield from self._run_crate(self._crates[group], members)

    def under(self, case: Case, tool: Sequence[str]) -> Program:
        """Return how a doctest runs under a tool, with those that no filter tells from it.

        See https://doc.rust-lang.org/rustdoc/unstable-features.html for rustdoc's options.
        """
        crate = self._crates[case.group]
        process = crate.process
        flags = ["--include-ignored"] if crate.context.run.ignored != "default" else []
        filters = _filters([case.rust_test], self._runs[case.group] | {"", case.rust_test})
        argv = [*process.argv, "-Z", "unstable-options", "--no-capture"]
        argv += [f"--test-runtool={tool[0]}", *(f"--test-runtool-arg={word}" for word in tool[1:])]
        argv += _wrapped([*flags, "--test-threads=1", *filters])
        environment = crate.context.environment(crate.package, process)
        return Program(tuple(argv), process.cwd, {**environment, "RUSTC_BOOTSTRAP": "1"})

    def _run_crate(self, crate: _Crate, cases: list[Case]) -> Iterator[tuple[Case, Verdict]]:
        run = crate.context.run
        waiting = {case.rust_test: case for case in cases}
        known, counts = self._runs[crate.group], self._names[crate.group]
        limits = {name: run.limit(case) for name, case in waiting.items()}

        def compose(flags: Sequence[str], names: Sequence[str]) -> list[str]:
            return _wrapped([*flags, *_filters(names, known)])

        binary = Binary(
            command=crate.process.argv,
            cwd=crate.process.cwd,
            env=crate.environment(),
            arguments=("--include-ignored",) if run.ignored != "default" else (),
            timeout=limits.get,
            grace=run.grace,
            compose=compose,
            listed=counts,
        )
        every = run.ignored == "default" and known == set(waiting)
        for end in run_tests(binary, list(waiting), every=every, on_slow=run.on_slow):
            case = waiting.get(end.name)
            if case is not None:
                yield case, _verdict(case, end, counts[end.name])


def _filters(names: Sequence[str], known: frozenset[str]) -> list[str]:
    """Return a word for each name that few other names contain; none where most are asked for."""
    if len(names) * 2 > len(known):
        return []
    filters: dict[str, None] = {}
    for name in names:
        words = [word for word in name.split() if word not in ("-", "(line")]
        filters[min(words, key=lambda word: sum(word in other for other in known))] = None
    return list(filters)


def _listing(crate: _Crate) -> tuple[ListedTest, ...] | ListingError:
    build, options = crate.context.build, crate.context.options
    causes = _causes(crate)
    path = cache_path(build, options, "doctests", causes) if causes is not None else ""
    known = _from_json(read_json(path)) if path else None
    if known is not None:
        return known
    try:
        listing = list_tests(
            crate.process.argv,
            cwd=crate.process.cwd,
            env=crate.environment(),
            compose=_wrapped,
        )
    except ListingError as error:
        return error
    if path:
        keep_json(path, [asdict(test) for test in listing.tests])
    return listing.tests


def _from_json(raw: Any) -> tuple[ListedTest, ...] | None:
    try:
        return tuple(ListedTest(**entry) for entry in raw)
    except TypeError:
        return None


def _causes(crate: _Crate) -> list[object] | None:
    """Return what a listing follows from; None where that is not known."""
    library = crate.package.library
    build = crate.context.build
    sources = build.sources(build.unit(crate.package, library, test=False)) if library else None
    if not sources or library is None:
        return None
    causes: list[object] = [crate.process, crate.context.cargo.toolchain]
    files = {*sources, *_rust_files(os.path.dirname(library.src_path))}
    # Text that documentation includes may be seen by rustdoc alone, under `cfg(doctest)`.
    for path in sorted(files | set(_text_files(files, crate.package.root))):
        with contextlib.suppress(OSError):
            status = os.stat(path)
            causes.append((path, status.st_mtime_ns, status.st_size))
    return causes


def _rust_files(directory: str) -> Iterator[str]:
    for parent, directories, files in os.walk(directory):
        directories[:] = [name for name in directories if name not in ("target", ".git")]
        yield from (os.path.join(parent, name) for name in files if name.endswith(".rs"))


def _text_files(sources: Iterable[str], root: str) -> Iterator[str]:
    for source in sources:
        text = read_bytes(source).decode("utf-8", "replace")
        if "include_str!" in text:
            for name in _TEXT_FILE.findall(text):
                yield os.path.normpath(os.path.join(os.path.dirname(source), name))
                yield os.path.normpath(os.path.join(root, name.lstrip("/")))


def _cases(crate: _Crate, listing: Sequence[ListedTest]) -> Iterator[Case]:
    library = crate.package.library
    assert library is not None  # noqa: S101 - only libraries are documented packages
    places = Places(crate.context, crate.package, library)
    found: list[tuple[tuple[str, int, str, int], str | None, ListedTest]] = []
    # Of those that a macro wrote cargo tells none from another: they are one item.
    for test in {test.name: test for test in sorted(listing, key=_runs_last)}.values():
        match = _NAME.match(test.name)
        path = match["path"] if match else None
        source = os.path.normpath(os.path.join(crate.process.cwd, match["file"] if match else ""))
        where = places.of(source if match else None, path.split("::")[:-1] if path else ())
        own = int(match["line"] if match else 1)
        line = own if where.inside else where.line
        found.append(((where.file, line, os.path.basename(source), own), path, test))
    counts: Counter[tuple[str, str | None]] = Counter()
    foreign = crate.context.foreign
    why_not = foreign.reason if foreign is not None else None
    for (file, line, _, own), path, test in sorted(found, key=lambda entry: entry[0]):
        counts[file, path] += 1
        levels = path.split("::") if path else []
        yield Case(
            file=file,
            levels=("@doctest", *levels, str(counts[file, path])),
            kind="doctest",
            checker=DoctestChecker.name,
            package=crate.package.name,
            target=library.name,
            rust_test=test.name,
            line=line,
            command=shown_command(crate.package, None, path or f"{own})", crate.context.options),
            group=crate.group,
            skip=test.skip_reason(crate.context.run.ignored, _IGNORED) or why_not,
        )


def _runs_last(test: ListedTest) -> bool:
    return not test.ignored


def _not_listed(context: BuildContext, package: Package, why: str) -> Case:
    library = package.library
    assert library is not None  # noqa: S101 - only libraries are documented packages
    return target_case(
        package,
        library,
        "@build",
        kind="build",
        checker="target",
        command=shown_command(package, None, None, context.options),
        group=f"cannot list its doctests: {why}",
    )


def _verdict(case: Case, end: TestEnd, count: int) -> Verdict:
    if end.how == "ok":
        output = f"{count} doctests have this name" if count > 1 else ""
        return Verdict(
            "passed", end.exec_time, output="\n".join(filter(None, [output, end.stdout]))
        )
    if end.how == "ignored":
        return Verdict("skipped", end.exec_time, message=end.message or _IGNORED)
    if end.how == "leaked":
        return Verdict("passed", warnings=(f"rustdoc for {case.package} {end.message}",))
    if end.how == "printed":
        return Verdict("passed", output=end.printed_below(f"output of rustdoc for {case.package}"))
    if end.how in ("unable", "teardown", "contradicted"):
        return Verdict("error", end.exec_time, end.message, output=end.stdout)
    if end.how != "failed":
        return Verdict("failed", end.exec_time, end.message, output=end.stdout)
    verdict = _failure(end)
    if count == 1:
        return verdict
    words = f"{verdict.message}\n\n{end.failures} of {count} doctests with this name failed"
    return replace(verdict, message=words)


def _failure(end: TestEnd) -> Verdict:
    """Say what went wrong; a panic's own place is one of the program that rustdoc made."""
    from ...rust.test_binary.panics import find_panic, is_assertion, without_panic

    panic = find_panic(end.stdout, "main")
    if panic is not None:
        output = without_panic(end.stdout, panic)
        asserted = is_assertion(panic)
        return Verdict("failed", end.exec_time, panic.message, output=output, asserted=asserted)
    words = end.stdout.strip("\n") or end.message or "failed"
    if words.startswith(("error", "warning")):
        return Verdict("failed", end.exec_time, f"does not compile: {words}", started=False)
    return Verdict("failed", end.exec_time, words)
