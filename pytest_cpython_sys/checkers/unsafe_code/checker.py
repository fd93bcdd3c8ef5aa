"""`unsafe` in sight: an item a source file.

Each block, function, trait and impl says why it is sound. Clippy finds those that do not, and
rustc counts; which files there are, rustc's dep-info says. Nothing is parsed here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from ...cargo import CargoError
from ...case import Case, Checker, Location, Verdict, counted, grouped
from ...rust.libraries import Libraries
from ...rust.made_units import item_files, made_units
from ...rust.policies import binds_cpython, has_ledger, wanted_packages
from ...rust.test_location import real_path
from ...rust.tools.components import ComponentMissingError
from .clippy import Clippy, Report
from .ledger import (
    LEDGER,
    UPDATE,
    Ledger,
    LedgerError,
    differences,
    read_ledger,
    write_ledger,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from ...cargo import Target
    from ...rust.context import BuildContext
    from .clippy import Finding
    from .ledger import Counts

__all__ = ["UnsafeChecker"]

_LEVEL: Final = "@unsafe"
_COMMENT: Final = "above the block or impl, write why it is sound: `// SAFETY: ...`"
_SECTION: Final = (
    "in the documentation of the function or trait, write what its users must ensure: `# Safety`"
)
_COMMAND: Final = (
    "cargo clippy -p {}{} --all-targets -- --force-warn clippy::undocumented_unsafe_blocks "
    "--force-warn clippy::missing_safety_doc"
)
_AGAIN: Final = f"run pytest again with {UPDATE}"
_BEGIN: Final = f"""\
to accept the present uses, {_AGAIN}: it records all uses
in {LEDGER}, and from then on the item fails if there are more, with or without a comment"""
_RECORD: Final = f"{_AGAIN}\nto record the present numbers in {LEDGER}"
_GROWN: Final = f"if the new uses are not wanted, remove them\nif they are wanted, {_RECORD}"
_STAY: Final = f"""\
if a function was only renamed or moved, or the uses are to stay as they are,
{_RECORD}"""


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
        self._asked: set[str] = set()
        """The packages that somebody asked to be checked."""
        self._updated: list[tuple[str, Sequence[str]]] = []
        target = context.options.target_dir or ""
        self.group = f"{_LEVEL} {self._root} {target}"

    # -- what there is --------------------------------------------------------------------------

    def cases(self) -> Iterator[Case]:
        """Yield a case a file, in the order of the packages."""
        units = list(made_units(self._context))
        # Who writes a ledger, or keeps one, wants it to be held to.
        ledger = self._context.run.ledgers is not None or has_ledger(self._root)
        default = ledger or binds_cpython(self._context)
        for package, _, problem, asked in wanted_packages(self._context, "unsafe", default=default):
            self._problems[package.name] = problem
            if asked or ledger:
                self._asked.add(package.name)
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
                    command=""
                    if problem
                    else _COMMAND.format(package.name, self._context.options.shown()),
                    group=self.group,
                )

    # -- what is said ---------------------------------------------------------------------------

    def verdicts(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield the verdicts on files."""
        for case in cases:
            problem = self._problems[case.package]
            if problem:
                yield case, Verdict("error", message=problem)
        cases = [case for case in cases if not self._problems[case.package]]
        if cases:
            yield from self._known_verdicts(cases)

    def _known_verdicts(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield the verdicts on files of packages whose tables can be used."""
        try:
            ledger = read_ledger(self._root)
            report = self._clippy.report(functions=_names_functions(ledger))
        except ComponentMissingError as error:
            unknown = Verdict("error", message=f"not evaluated: {error}")
            # Nobody asked: like `cargo test`, a run needs no clippy then.
            skipped = Verdict("skipped", message=str(error))
            for case in cases:
                yield case, unknown if case.package in self._asked else skipped
        except (LedgerError, CargoError, OSError) as error:
            verdict = Verdict("error", message=str(error))
            yield from ((case, verdict) for case in cases)
        else:
            for case in cases:
                yield case, self._verdict(case.file, report, ledger)

    def _verdict(self, file: str, report: Report, ledger: Ledger | None) -> Verdict:
        broken = [name for name in self._units.get(file, ()) if name in report.broken]
        if broken:
            words = report.broken[broken[0]]
            return Verdict(
                "error", message=f"not evaluated: this file does not compile under clippy\n{words}"
            )
        missing = report.missing.get(file, [])
        if ledger is not None and ledger.unexplained is not None:
            allowed = ledger.unexplained.get(self._shown(file), {})
            missing, lines = _risen(missing, allowed)
            remedy = _STAY
        else:
            lines = [_lacking(missing), *map(_listed, missing)] if missing else []
            remedy = _BEGIN
        grown = list(self._grown(file, report, ledger)) if ledger is not None else []
        if not missing and not grown:
            return Verdict("passed")
        remedies = [*_remedies(missing), _GROWN if grown else remedy]
        message = "\n".join([*lines, *grown, *remedies])
        location = Location(file, missing[0].line) if missing else None
        return Verdict("failed", message=message, location=location)

    def _grown(self, file: str, report: Report, ledger: Ledger) -> Iterator[str]:
        """Yield what there is more of than the ledger allows."""
        name = self._shown(file)
        allowed = ledger.files.get(name, {})
        for kind, before, now in differences(allowed, report.counts.get(file, {}), more=True):
            number = counted(now, kind.removesuffix("s"))
            yield f"more `unsafe` than {LEDGER} allows: {number} (allowed: {before})"

    def _shown(self, file: str) -> str:
        """Return a file as the ledger has it: relative to the workspace's root, with slashes."""
        return os.path.relpath(file, real_path(self._root)).replace(os.sep, "/")

    # -- the ledger -----------------------------------------------------------------------------

    def update(self, files: Collection[str], known: dict[str, dict[str, Counts]]) -> None:
        """Write the ledger anew for files that have items; others in it stay as they are.

        ``known`` is what builds for other Pythons have counted.
        """
        if not files:
            self._updated = [(f"{LEDGER} was not written: {self._why_none()}", ())]
            return
        try:
            old = read_ledger(self._root) or Ledger()
            report = self._clippy.report(functions=True)
            broken = {name for file in files for name in self._units[file]} & report.broken.keys()
            if broken:
                raise LedgerError("some files do not compile under clippy: see the `@unsafe` items")
            uses, missing = known.setdefault("files", {}), known.setdefault("unexplained", {})
            for file in files:
                name = self._shown(file)
                _most(uses.setdefault(name, {}), report.counts.get(file, {}))
                _most(missing.setdefault(name, {}), _by_function(report.missing.get(file, [])))
            ledger = Ledger(
                {**self._there(old.files), **uses},
                {**self._there(old.unexplained or {}), **missing},
            )
            write_ledger(self._root, ledger)
        except (ComponentMissingError, CargoError, LedgerError, OSError) as error:
            self._updated = [(f"{LEDGER} was not written: {error}", ())]
            return
        self._updated = [(f"{LEDGER} written: {_sums(ledger)}", ())]

    def _why_none(self) -> str:
        """Return why no file has an item."""
        if self._problems:
            names = ", ".join(f"`{name}`" for name in self._problems)
            return f"no source file of {names} was compiled"
        why, policies = 'their manifests list `policies` without "unsafe": add it there', "all"
        if self._context.run.policies == "off":
            why, policies = "cpython_sys_policies is `off`: remove that", "auto"
        return (
            f"no package of {self._root} has {_LEVEL} items, because {why}, or run pytest again "
            f"with --cpython-sys-policies={policies} {UPDATE}"
        )

    def _there(self, counts: dict[str, Counts]) -> dict[str, Counts]:
        """Return the counts of files that exist."""
        return {
            name: found
            for name, found in counts.items()
            if os.path.isfile(os.path.join(self._root, name))
        }

    def remarks(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield what is to be told of the ledger."""
        yield from self._updated
        try:
            ledger = read_ledger(self._root)
        except LedgerError:
            return  # the items say so
        if ledger is None:
            return
        report = self._clippy.kept(functions=_names_functions(ledger))
        if report is None:
            return
        fewer = []
        named = {**ledger.files, **(ledger.unexplained or {})}
        gone = sorted(named.keys() - self._there(named).keys())
        for file in sorted(self._units, key=self._shown):
            name = self._shown(file)
            found = differences(ledger.files.get(name, {}), report.counts.get(file, {}), more=False)
            fewer += [
                f"{name}: {counted(now, kind.removesuffix('s'))} (allowed: {before})"
                for kind, before, now in found
            ]
            allowed = (ledger.unexplained or {}).get(name, {})
            missing = _by_function(report.missing.get(file, []))
            found = differences(allowed, missing, more=False)
            fewer += [
                f"{name}: {counted(now, 'undocumented use')} in `{function}` (allowed: {before})"
                for function, before, now in found
            ]
        if gone:
            files = counted(len(gone), "file that does", "files that do")
            yield f"{LEDGER} lists {files} not exist: update it with {UPDATE}", gone
        if fewer:
            yield f"{LEDGER} allows more `unsafe` than there is: update it with {UPDATE}", fewer


def _names_functions(ledger: Ledger | None) -> bool:
    return ledger is not None and ledger.unexplained is not None


def _listed(finding: Finding) -> str:
    return f"    {finding.file}:{finding.line}: {finding.text}"


def _lacking(missing: Sequence[Finding]) -> str:
    """Return how many uses of `unsafe` lack what."""
    comments, sections = _kinds(missing)
    what = ["a `// SAFETY:` comment"] if comments else []
    what += ["a `# Safety` section"] if sections else []
    uses = counted(len(missing), "use of `unsafe` lacks", "uses of `unsafe` lack")
    return f"{uses} {' or '.join(what)}"


def _remedies(missing: Sequence[Finding]) -> list[str]:
    """Return what is to be written."""
    comments, sections = _kinds(missing)
    return [*([_COMMENT] if comments else []), *([_SECTION] if sections else [])]


def _kinds(missing: Sequence[Finding]) -> tuple[bool, bool]:
    """Tell whether some lack a comment, and some a section, by what clippy says of them."""
    sections = {"# Safety" in finding.text for finding in missing}
    return False in sections, True in sections


def _by_function(missing: Sequence[Finding]) -> Counts:
    return {name: len(found) for name, found in grouped(missing, _function).items()}


def _function(finding: Finding) -> str:
    return finding.function


def _risen(missing: Sequence[Finding], allowed: Counts) -> tuple[list[Finding], list[str]]:
    """Return the uses in functions that have more than they may, and what to say of them."""
    risen, lines = [], []
    for function, found in grouped(missing, _function).items():
        before = allowed.get(function, 0)
        if len(found) <= before:
            continue
        lines.append(f"`{function}`: {_lacking(found)}; {LEDGER} allows {before or 'none'}")
        lines += map(_listed, found)
        risen += found
    return risen, lines


def _most(counts: Counts, found: Counts) -> None:
    counts.update({name: max(counts.get(name, 0), found[name]) for name in found})


def _sums(ledger: Ledger) -> str:
    """Return how much a ledger allows, in words."""
    total = sum(sum(found.values()) for found in ledger.files.values())
    used = sum(any(found.values()) for found in ledger.files.values())
    missing = sum(sum(found.values()) for found in (ledger.unexplained or {}).values())
    lack = counted(missing, "lacks", "lack")
    more = f"; {lack} a `// SAFETY:` comment or a `# Safety` section" if missing else ""
    return f"{counted(total, 'use')} in {counted(used, 'file')}{more}"
