"""What the C compiler says of what stands in Rust: an item for each type, constant, function.

What has a counterpart in C is found by name: with rustdoc and the C preprocessor, or in what an
earlier run has left. Compilers run when verdicts are asked for, and what they said is kept.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ...c import DEFAULT_HEADER
from ...c.compiler import AbiError
from ...c.headers import HeaderSource, find_header
from ...cargo import locked, stamp
from ...case import Case, Checker, Location, Verdict
from ...rust.include_sites import Places
from ...rust.metadata import ABI_KEYS, TABLE, Fault, MetadataError, fault, raw_table
from ...rust.sources import Sources
from ...rust.tables.abi import AbiTable
from ...rust.test_location import place
from .keys import KnownItems
from .rustbuild import Library, find_library
from .store import Findings, fingerprint, load, load_layouts, save
from .summary import export_warning, remarks
from .trouble import judged_known, trouble_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...cargo import Package
    from ...case import Layouts
    from ...rust.context import BuildContext
    from .package import PackageAbi
    from .subjects import Subject
    from .trouble import Trouble

__all__ = ["AbiChecker"]

_TROUBLE: Final = (AbiError, MetadataError)
_HEADER: Final = "header"
_NO_HEADER: Final = (
    "no C header was found, but the table has keys about C ({}): add "
    f'header = "include/NAME.h" to [{TABLE}]. The package has no {DEFAULT_HEADER}, and no '
    "workspace member that it depends on has a header"
)


class AbiChecker(Checker):
    """Items below ``@abi``."""

    name = "abi"

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts
        self._packages: dict[str, _Package] = {}

    def discover(self) -> Iterable[Case]:
        """Return a case for each Rust item that has a counterpart in C."""
        for context in self._contexts:
            if context.run.abi == "off":
                continue
            for package in context.build.workspace.packages:
                if not context.selects(package.name):
                    continue
                found = _open(context, package)
                if found is not None:
                    self._packages[found.group] = found
                    yield from found.cases()

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield the verdicts of each package, all of which its two compilers give at once."""
        groups: dict[str, list[Case]] = {}
        for case in cases:
            groups.setdefault(case.group, []).append(case)
        for group, members in groups.items():
            yield from self._packages[group].judge(members)

    def remarks(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield what is to be told beside the verdicts: a sentence, and its details."""
        for package in self._packages.values():
            yield from package.remarks()

    def warnings(self, *, verbose: bool) -> Iterator[str]:
        """Yield what is to be warned of, whatever was selected; all of it if ``verbose``."""
        doubts = (package.doubt for package in self._packages.values())
        yield from dict.fromkeys(doubt for doubt in doubts if doubt is not None)
        for package in self._packages.values():
            text = package.warning(verbose=verbose)
            if text is not None:
                yield text


def _open(context: BuildContext, package: Package) -> _Package | None:
    """Return a package with a header and a library; None where nothing is to be compared."""
    library = find_library(context, package)
    if library is None:
        return None
    try:
        raw_table(package.metadata)
    except MetadataError:
        return None  # its `@metadata` says so
    try:
        source = find_header(context.build.workspace, package)
    except MetadataError as error:
        return _Package(context, library, None, error)
    if source is None:
        keys = sorted(_speaks_of_c(package))
        faults = [fault(_NO_HEADER.format(", ".join(keys)), keys[0])] if keys else []
        return _Package(context, library, None, MetadataError(*faults)) if faults else None
    return _Package(context, library, source) if _worthwhile(context, library, source) else None


def _speaks_of_c(package: Package) -> set[str]:
    """Return the keys of a package's table that say something of C."""
    raw = raw_table(package.metadata)
    return {key for key in ABI_KEYS if raw.get(key)}


def _worthwhile(context: BuildContext, library: Library, source: HeaderSource) -> bool:
    """Tell whether a package that inherits its header can have anything of C's in it."""
    package = library.package
    if source.owner.id == package.id or bool(_speaks_of_c(package)):
        return True
    units = [context.build.unit(package, library.target, test=False)]
    words = (b"pub const", b"pub static", b"repr(C", b'extern "C" {', b"extern {", b"pub type")
    for file in Sources(context.build, package, library.target, units).files:
        if any(word in file.source for word in words):
            return True
    return False


class _Package:
    """A package's findings: kept ones, or new ones."""

    def __init__(
        self,
        context: BuildContext,
        library: Library,
        source: HeaderSource | None,
        trouble: MetadataError | None = None,
    ) -> None:
        self._context = context
        self._library = library
        self._source = source
        self._trouble = trouble
        self._package = library.package
        workspace = context.build.workspace
        target = context.options.target_dir or workspace.target_directory
        base = os.path.join(workspace.root, target, "cpython-sys-abi")
        self._work = os.path.join(base, context.options.target or "", self._package.name)
        self.group = f"{self._package.id} {self._work}"
        self._findings = Findings()
        self._asks = source is not None
        self._wrong: list[tuple[Case, Verdict]] = []
        """The item of a table that names what is not there, beside those of all comparisons."""

    @cached_property
    def _abi(self) -> PackageAbi:
        """The package against its header: what finds that out takes long to import."""
        from .package import PackageAbi

        assert self._source is not None  # noqa: S101 - else nothing is asked
        return PackageAbi(self._context, self._library, self._source, self._work)

    @property
    def _store(self) -> str:
        return os.path.join(self._work, f"{self._context.run.abi}.json")

    def _fingerprint(self) -> str:
        python = self._context.interpreter
        files = [python.executable, python.libdir and python.libpython] if python else []
        if python is not None and python.libdir and python.libpython:
            files[1] = os.path.join(python.libdir, python.libpython)
        source = self._source
        assert source is not None  # noqa: S101 - else nothing is asked
        compiler = source.compiler(self._context)
        return fingerprint(
            [
                self._context.run.abi,
                self._library.stamp,
                self._context.cargo.toolchain.rustc,
                stamp(compiler.program or ""),
                compiler.argv,
                compiler.flags,
                source.path,
                repr(source.table),
                [stamp(name) for name in files if name],
                stamp(self._package.manifest_path),
            ]
        )

    def cases(self) -> Iterable[Case]:
        """Return the cases; kept ones where nothing has changed."""
        if self._trouble is not None:
            return self._failed(self._trouble)
        os.makedirs(self._work, exist_ok=True)
        try:
            key = self._fingerprint()
        except AbiError as error:
            return self._failed(error)
        with locked(self._work):
            kept = load(self._store, key)
            if kept is not None:
                self._findings = kept
                return kept.cases
            try:
                self._survey(self._abi)
            except _TROUBLE as error:
                return self._failed(error)
            self._save(key)
        return [*(case for case, _ in self._wrong), *self._findings.cases]

    def _save(self, key: str) -> None:
        """Keep what was found, unless the next run has to tell what is wrong with the table."""
        if not self._wrong:
            save(self._store, key, self._findings)

    def _failed(self, error: Exception) -> list[Case]:
        """Return the one case that says why there are no others; skipped if that may be."""
        case = self._case(None, (_HEADER,))
        self._findings = Findings(cases=[case], verdicts=[self._trouble_of(error).first])
        return [case]

    def _trouble_of(self, error: Exception) -> Trouble:
        mode = self._context.run.abi
        return trouble_of(error, self._source, self._package.manifest_path, mode)

    def _known_items(self) -> KnownItems:
        python = self._context.interpreter
        tag = python.tag if python is not None else ""
        return KnownItems(self._library.target.crate_name, self._table.known, tag)

    def _survey(self, abi: PackageAbi) -> None:
        subjects, unmatched = abi.survey
        cases: list[Case] = []
        seen: set[tuple[str, tuple[str, ...]]] = set()
        places = Places(self._context, self._package, self._library.target)
        known = self._known_items()
        for subject in subjects:
            case = self._case(subject, (subject.kind, *subject.name.split("::")), places)
            count, numbered = 1, case
            while numbered.key in seen:
                count += 1
                last = f"{case.levels[-1]}-{count}"
                numbered = replace(case, levels=(*case.levels[:-1], last))
            seen.add(numbered.key)
            reason = known.reason(numbered, subject.kind, subject.item)
            cases.append(replace(numbered, xfail=reason))
        why_not = {one.name: one.reason for one in unmatched}
        left_out: list[str] = []
        faults: list[Fault] = []
        for check in (abi.unused_keys, lambda: known.check(abi.is_left_out, why_not)):
            try:
                left_out += check()
            except MetadataError as error:
                faults += error.faults
        if faults:
            trouble = self._trouble_of(MetadataError(*faults))
            self._wrong = [(self._case(None, (_HEADER,)), trouble.first)]
        self._findings = Findings(
            cases=cases,
            unmatched=[(one.name, one.reason) for one in unmatched if one.missing],
            uncompared=[(one.name, one.reason) for one in unmatched if not one.missing],
            unused_keys=left_out,
            missing=abi.missing_symbols,
            nothing="" if cases else abi.nothing_compared(),
            doubt=abi.doubt,
            files=list(abi.headers),
        )

    def _case(
        self, subject: Subject | None, levels: tuple[str, ...], places: Places | None = None
    ) -> Case:
        package, target = self._package, self._library.target
        where = place(package, target, target.src_path)
        line, generated = 1, None
        item = subject.item if subject is not None else None
        if item is not None and places is not None:
            path = self._abi.absolute(item.file)
            where = places.of(path)
            line = item.line if where.inside else where.line
            if not where.inside and self._abi.is_generated(item.file):
                generated = Location(path, item.line)
        full = (*where.levels, "@abi", *levels)
        return Case(
            file=where.file,
            levels=full,
            kind="abi",
            checker=AbiChecker.name,
            package=package.name,
            target=target.name,
            rust_test="::".join(full),
            line=line,
            generated=generated,
            group=self.group,
        )

    @property
    def _table(self) -> AbiTable:
        return self._source.table if self._source is not None else AbiTable()

    @cached_property
    def _places(self) -> dict[tuple[str, tuple[str, ...]], int]:
        """Where each case stands in the list, by its key."""
        return {case.key: place for place, case in enumerate(self._findings.cases)}

    def judge(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield a verdict for each of some cases; what to do about trouble is said once."""
        wrong = {case.key: verdict for case, verdict in self._wrong}
        yield from ((case, wrong[case.key]) for case in cases if case.key in wrong)
        cases = [case for case in cases if case.key not in wrong]
        if not cases:
            return
        try:
            verdicts = self._verdicts()
        except _TROUBLE as error:
            trouble = self._trouble_of(error)
            yield cases[0], trouble.first
            yield from ((case, trouble.others) for case in cases[1:])
            return
        for case in cases:
            place = self._places[case.key]
            verdict = verdicts[place]
            if verdict.layouts is None and self._draws:
                verdict = replace(verdict, layouts=self._layouts.get(place))
            yield case, verdict

    def _verdicts(self) -> list[Verdict]:
        """Return the verdict of each case; compile what is not known yet.

        Raises AbiError, MetadataError.
        """
        findings = self._findings
        if not self._asks or findings.is_complete:
            return findings.verdicts
        with locked(self._work):
            kept = load(self._store, self._fingerprint())
            if kept is not None and kept.is_complete:
                self._findings = kept
                return kept.verdicts
            return self._evaluate(self._abi, findings)

    @property
    def _draws(self) -> bool:
        """Whether what was compared is wanted even where it agrees."""
        return self._context.run.layouts and self._asks

    @property
    def _layouts(self) -> dict[int, Layouts]:
        """All layouts that were compared, by the case's place in the list."""
        if not self._findings.layouts and self._asks:
            key = self._fingerprint()
            self._findings.layouts = load_layouts(self._store, key)
        return self._findings.layouts

    def _evaluate(self, abi: PackageAbi, findings: Findings) -> list[Verdict]:
        results = abi.evaluate()
        known = self._known_items()
        letters = {place: kinds for place, kinds, _ in results.letters}
        findings.verdicts = []
        rows = zip(findings.cases, abi.survey[0], results.verdicts, results.layouts, strict=True)
        for number, (case, subject, verdict, layouts) in enumerate(rows):
            told = verdict
            if case.xfail is not None:
                key = known.key(case, subject.kind, subject.item)
                advice = f'Remove "{key}" from `known` in [{TABLE}]'
                told = judged_known(case, verdict, advice, letters.get(number, ""))
            if told.outcome != "passed" or told.message:
                told = replace(
                    told,
                    location=case.generated or Location(case.file, case.line),
                    layouts=layouts if told.outcome == "failed" else None,
                )
            findings.verdicts.append(told)
        pairs = enumerate(results.layouts)
        findings.layouts = {place: layouts for place, layouts in pairs if layouts is not None}
        findings.unanswered = list(results.unanswered)
        findings.letters = list(results.letters)
        findings.facts = results.facts
        findings.needed = None if results.needed is None else list(results.needed)
        self._save(self._fingerprint())
        return findings.verdicts

    def remarks(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield what is to be told beside the verdicts."""
        return remarks(self._package.name, self._findings)

    @property
    def doubt(self) -> str | None:
        """What to warn of once, of whatever packages it is true."""
        return self._findings.doubt

    def warning(self, *, verbose: bool) -> str | None:
        """Return what to warn of: symbols that the interpreter does not export."""
        python = self._context.interpreter
        shown = python.describe() if python is not None else "the interpreter"
        return export_warning(self._package.name, self._findings, shown, verbose=verbose)
