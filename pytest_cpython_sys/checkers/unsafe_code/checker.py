"""`unsafe` in sight: an item a source file.

Each block, function, trait and impl says why it is sound. Clippy finds those that do not, and
rustc counts; which files there are, rustc's dep-info says. Nothing is parsed here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from ...cargo import CargoError
from ...case import Case, Checker, Location, Verdict, grouped
from ...rust.libraries import Libraries
from ...rust.made_units import item_files, made_units
from ...rust.metadata import wanted_packages
from ...rust.test_location import real_path
from .clippy import Clippy, ClippyMissingError, Report
from .ledger import LEDGER, LedgerError, differences, read_ledger, write_ledger

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from ...cargo import Target
    from ...rust.context import BuildContext
    from .ledger import Counts

__all__ = ["UnsafeChecker"]

_LEVEL: Final = "@unsafe"
_HOW: Final = """\
say why a block or an impl is sound in a comment above it (`// SAFETY: ...`), and
what a function or a trait asks of its users in its documentation (`# Safety`)"""
_COMMAND: Final = (
    "cargo clippy -p {} --all-targets -- --force-warn clippy::undocumented_unsafe_blocks "
    "--force-warn clippy::missing_safety_doc"
)
_UPDATE: Final = "--cpython-sys-update-ledger"


class UnsafeChecker(Checker):
    """Items ``@unsafe``."""

    name = "unsafe"

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts
        self._workspaces: dict[str, _Workspace] = {}

    def discover(self) -> Iterable[Case]:
        """Return a case for each tracked file that rustc has read."""
        for context in self._contexts:
            workspace = _Workspace(context)
            self._workspaces[workspace.group] = workspace
            cases = list(workspace.cases())
            yield from cases
            if context.run.ledgers is not None:
                known = context.run.ledgers.setdefault(context.build.workspace.root, {})
                workspace.update({case.file for case in cases}, known)

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield what clippy says of each file; it is started once a workspace."""
        for group, members in grouped(cases, lambda case: case.group).items():
            yield from self._workspaces[group].verdicts(members)

    def remarks(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield what is to be told of the ledgers."""
        for workspace in self._workspaces.values():
            yield from workspace.remarks()


class _Workspace:
    """The source files of a workspace, and what is said of them."""

    def __init__(self, context: BuildContext) -> None:
        self._context = context
        self._build = context.builds[0]  # that of the user's own sources
        self._root = self._build.workspace.root
        self._libraries = Libraries(context)
        self._clippy = Clippy(context, self._libraries)
        self._units: dict[str, list[str]] = {}
        """By file: the names of what it is part of."""
        self._problems: dict[str, str] = {}
        """Why the table of a package cannot be used."""
        self._updated: list[tuple[str, Sequence[str]]] = []
        target = context.options.target_dir or ""
        self.group = f"{_LEVEL} {self._root} {target}"

    # -- what there is --------------------------------------------------------------------------

    def cases(self) -> Iterator[Case]:
        """Yield a case a file, in the order of the packages."""
        units = list(made_units(self._context))
        for package, _, problem in wanted_packages(self._context, "unsafe"):
            self._problems[package.name] = problem
            found: dict[str, Target] = {}
            for unit in units:
                if unit.package is package:
                    for file in item_files(self._context, unit, self._libraries):
                        self._units.setdefault(file, []).append(unit.name)
                        found.setdefault(file, unit.target)
            for file, target in sorted(found.items()):
                yield Case(
                    file=file,
                    levels=(_LEVEL,),
                    kind="policy",
                    checker=UnsafeChecker.name,
                    package=package.name,
                    target=target.name,
                    rust_test=_LEVEL,
                    command=_COMMAND.format(package.name),
                    group=self.group,
                )

    # -- what is said ---------------------------------------------------------------------------

    def verdicts(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield the verdicts on files."""
        try:
            ledger = read_ledger(self._root)
            report = self._clippy.report()
        except ClippyMissingError as error:
            verdict = Verdict("skipped", message=str(error))
        except (LedgerError, CargoError, OSError) as error:
            verdict = Verdict("error", message=str(error))
        else:
            for case in cases:
                problem = self._problems.get(case.package)
                if problem:
                    yield case, Verdict("error", message=problem)
                else:
                    yield case, self._verdict(case.file, report, ledger)
            return
        yield from ((case, verdict) for case in cases)

    def _verdict(self, file: str, report: Report, ledger: dict[str, Counts] | None) -> Verdict:
        broken = [name for name in self._units.get(file, ()) if name in report.broken]
        if broken:
            words = report.broken[broken[0]]
            return Verdict("error", message=f"it does not compile under clippy\n{words}")
        problems = []
        location = None
        missing = report.missing.get(file, [])
        if missing:
            location = Location(file, missing[0].line)
            uses = "1 use" if len(missing) == 1 else f"{len(missing)} uses"
            problems.append(f"{uses} of `unsafe` without the words that say why")
            problems += [f"    {one.file}:{one.line}: {one.text}" for one in missing]
            problems.append(_HOW)
        if ledger is not None:
            problems += self._more(file, report, ledger)
        if problems:
            return Verdict("failed", message="\n".join(problems), location=location)
        return Verdict("passed")

    def _more(self, file: str, report: Report, ledger: dict[str, Counts]) -> Iterator[str]:
        """Yield what there is more of than the ledger allows."""
        name = self._shown(file)
        allowed = ledger.get(name, {})
        found = list(differences(allowed, report.counts.get(file, {}), more=True))
        for kind, before, now in found:
            yield f"more `unsafe` than {LEDGER} allows: {now} {kind}, it says {before}"
        if found:
            yield f"do without, or let {_UPDATE} write what is there now"

    def _shown(self, file: str) -> str:
        """Return a file as the ledger has it: relative to the workspace's root, with slashes."""
        return os.path.relpath(file, real_path(self._root)).replace(os.sep, "/")

    # -- the ledger -----------------------------------------------------------------------------

    def update(self, files: Collection[str], known: dict[str, Counts]) -> None:
        """Write the ledger anew for files that have items; others in it stay as they are.

        ``known`` is what builds for other Pythons have counted.
        """
        if not files:
            text = f"{_UPDATE}: no package of {self._root} has {_LEVEL} items: nothing written"
            self._updated = [(text, ())]
            return
        try:
            old = read_ledger(self._root) or {}
            report = self._clippy.report()
            broken = {name for file in files for name in self._units[file]} & report.broken.keys()
            if broken:
                raise LedgerError("not all files compile under clippy")
            for file in files:
                found, most = report.counts.get(file, {}), known.setdefault(self._shown(file), {})
                most.update({kind: max(most.get(kind, 0), found[kind]) for kind in found})
            there = {
                name: found
                for name, found in old.items()
                if os.path.isfile(os.path.join(self._root, name))
            }
            counts = {**there, **known}
            write_ledger(self._root, counts)
        except (ClippyMissingError, CargoError, LedgerError, OSError) as error:
            self._updated = [(f"{LEDGER} was not written: {error}", ())]
            return
        total = sum(sum(found.values()) for found in counts.values())
        used = sum(any(found.values()) for found in counts.values())
        self._updated = [(f"{LEDGER} written: {total} uses in {used} files", ())]

    def remarks(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield what is to be told of the ledger."""
        yield from self._updated
        try:
            ledger = read_ledger(self._root)
        except LedgerError:
            return  # the items say so
        report = self._clippy.kept() if ledger is not None else None
        if not ledger or report is None:
            return
        gone, fewer = [], []
        counted = {self._shown(file): report.counts.get(file, {}) for file in self._units}
        for name, allowed in sorted(ledger.items()):
            if not os.path.isfile(os.path.join(self._root, name)):
                gone.append(name)
            elif name in counted:
                found = differences(allowed, counted[name], more=False)
                fewer += [f"{name}: {now} {kind}, it says {before}" for kind, before, now in found]
        if gone:
            files = "1 file that is" if len(gone) == 1 else f"{len(gone)} files that are"
            yield f"{LEDGER} names {files} gone: {_UPDATE} drops what is gone", gone
        if fewer:
            yield f"{LEDGER} can be tightened with {_UPDATE}", fewer
