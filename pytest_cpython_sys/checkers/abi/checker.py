"""What the C compiler says of what stands in Rust: an item for each type, constant, function.

What has a counterpart in C is found by name: with rustdoc and the C preprocessor, or in what an
earlier run has left. Compilers run when verdicts are asked for, and what they said is kept.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ...c.compiler import AbiError
from ...c.headers import HeaderSource, find_header
from ...cargo import locked, stamp
from ...case import Case, Checker, Location, Verdict
from ...rust.include_sites import Places
from ...rust.metadata import ABI_KEYS, MetadataError
from ...rust.sources import Sources
from ...rust.test_location import place
from .rustbuild import Library, find_library
from .store import Findings, fingerprint, load, load_layouts, save

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...cargo import Package
    from ...case import Layouts
    from ...rust.context import BuildContext
    from .package import PackageAbi
    from .survey import Subject

__all__ = ["AbiChecker"]

_TROUBLE: Final = (AbiError, MetadataError)
_HEADER: Final = "header"
_LISTED: Final = 12
"""How many names a warning lists, unless with -v."""


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
            verdicts = self._packages[group].verdicts()
            for case in members:
                verdict = verdicts[_key(case)]
                if verdict.layouts is None and self._packages[group].draws:
                    layouts = self._packages[group].layouts.get(_key(case))
                    verdict = replace(verdict, layouts=layouts)
                yield case, verdict

    def remarks(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield what is to be told beside the verdicts: a sentence, and its details."""
        for package in self._packages.values():
            yield from package.remarks()

    def warnings(self, *, verbose: bool) -> Iterator[str]:
        """Yield what is to be warned of, whatever was selected; all of it if ``verbose``."""
        for package in self._packages.values():
            text = package.warning(verbose=verbose)
            if text is not None:
                yield text


def _is_complete(findings: Findings) -> bool:
    return all(_key(case) in findings.verdicts for case in findings.cases)


def _key(case: Case) -> str:
    return "::".join(case.levels[case.levels.index("@abi") + 1 :])


def _open(context: BuildContext, package: Package) -> _Package | None:
    """Return a package with a header and a library; None where nothing is to be compared."""
    library = find_library(context, package)
    if library is None:
        return None
    try:
        source = find_header(context.build.workspace, package)
    except MetadataError as error:
        return _Package(context, library, None, str(error))
    if source is None or not _worthwhile(context, library, source):
        return None
    return _Package(context, library, source, "")


def _speaks_of_c(package: Package) -> bool:
    return bool(ABI_KEYS & package.metadata.get("cpython-sys", {}).keys())


def _worthwhile(context: BuildContext, library: Library, source: HeaderSource) -> bool:
    """Tell whether a package that inherits its header can have anything of C's in it."""
    package = library.package
    if source.owner.id == package.id or _speaks_of_c(package):
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
        self, context: BuildContext, library: Library, source: HeaderSource | None, trouble: str
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
        self._asks = not trouble and source is not None

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
        if not self._asks:
            return self._failed(self._trouble)
        os.makedirs(self._work, exist_ok=True)
        key = self._fingerprint()
        with locked(self._work):
            kept = load(self._store, key)
            if kept is not None:
                self._findings = kept
                return kept.cases
            try:
                self._survey(self._abi)
            except _TROUBLE as error:
                return self._failed(str(error))
            save(self._store, key, self._findings)
        return self._findings.cases

    def _failed(self, message: str) -> list[Case]:
        """Return the one case that says why there are no others.

        Where nobody has asked for the C compiler's opinion, it is skipped: a header that is just
        there may need flags that we are not told.
        """
        quiet = (
            self._context.run.abi == "auto"
            and self._source is not None
            and not self._source.explicit
        )
        case = self._case(None, (_HEADER,))
        verdict = Verdict("skipped" if quiet else "error", message=message)
        self._findings = Findings(cases=[case], verdicts={_HEADER: verdict})
        return [case]

    def _survey(self, abi: PackageAbi) -> None:
        subjects, unmatched = abi.survey
        cases: list[Case] = []
        seen: set[tuple[str, tuple[str, ...]]] = set()
        places = Places(self._context, self._package, self._library.target)
        for subject in subjects:
            case = self._case(subject, (subject.kind, *subject.name.split("::")), places)
            count, numbered = 1, case
            while numbered.key in seen:
                count += 1
                last = f"{case.levels[-1]}-{count}"
                numbered = replace(case, levels=(*case.levels[:-1], last))
            seen.add(numbered.key)
            cases.append(numbered)
        self._findings = Findings(
            cases=cases,
            unmatched=[(one.name, one.reason) for one in unmatched],
            missing=abi.missing_symbols(),
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
        known = self._source.table.known if self._source is not None else {}
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
            xfail=known.get("::".join(levels)),
        )

    def verdicts(self) -> dict[str, Verdict]:
        """Return all verdicts by the end of the id; compile what is not known yet."""
        findings = self._findings
        if not self._asks or _is_complete(findings):
            return findings.verdicts
        with locked(self._work):
            kept = load(self._store, self._fingerprint())
            if kept is not None and _is_complete(kept):
                self._findings = kept
                return kept.verdicts
            return self._evaluate(self._abi, findings)

    @property
    def draws(self) -> bool:
        """Whether what was compared is wanted even where it agrees."""
        return self._context.run.layouts and self._asks

    @property
    def layouts(self) -> dict[str, Layouts]:
        """All layouts that were compared, by the end of the id."""
        if not self._findings.layouts and self._asks:
            key = self._fingerprint()
            self._findings.layouts = load_layouts(self._store, key)
        return self._findings.layouts

    def _evaluate(self, abi: PackageAbi, findings: Findings) -> dict[str, Verdict]:
        keys = [_key(case) for case in findings.cases]
        try:
            results = abi.evaluate()
        except _TROUBLE as error:
            quiet = self._context.run.abi == "auto" and self._source and not self._source.explicit
            verdict = Verdict("skipped" if quiet else "error", message=str(error))
            return dict.fromkeys(keys, verdict)
        located = [
            verdict
            if verdict.outcome == "passed"
            else replace(
                verdict,
                location=case.generated or Location(case.file, case.line),
                layouts=layouts if verdict.outcome == "failed" else None,
            )
            for case, verdict, layouts in zip(
                findings.cases, results.verdicts, results.layouts, strict=True
            )
        ]
        pairs = zip(keys, results.layouts, strict=True)
        findings.layouts = {key: layouts for key, layouts in pairs if layouts is not None}
        findings.verdicts = dict(zip(keys, located, strict=True))
        findings.unanswered = list(results.unanswered)
        findings.facts = results.facts
        save(self._store, self._fingerprint(), findings)
        return findings.verdicts

    def remarks(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield what is to be told beside the verdicts."""
        name, findings = self._package.name, self._findings
        if findings.unmatched:
            details = [f"{one}: {reason}" for one, reason in findings.unmatched]
            verb = "name has" if len(details) == 1 else "names have"
            yield f"{name}: {len(details)} Rust {verb} no counterpart in C", details
        if findings.unanswered:
            details = [f"{one}: {reason}" for one, reason in findings.unanswered]
            items = "item" if len(details) == 1 else "items"
            yield f"{name}: {len(details)} {items} got no answer", details

    def warning(self, *, verbose: bool) -> str | None:
        """Return what to warn of: symbols that the interpreter does not export."""
        names = self._findings.missing
        if not names:
            return None
        python = self._context.interpreter
        shown = python.describe() if python is not None else "the interpreter"
        count = "1 symbol" if len(names) == 1 else f"{len(names)} symbols"
        listed = names if verbose else names[:_LISTED]
        more = f", ... and {len(names) - len(listed)} more (-v lists them)"
        return (
            f"{self._package.name}: {shown} does not export {count} that Rust declares: "
            f"{', '.join(listed)}{more if len(listed) < len(names) else ''}"
        )
