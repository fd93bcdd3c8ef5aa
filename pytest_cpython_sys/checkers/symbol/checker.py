"""Exported symbols: each is declared in a C header, and named as CPython names its own.

The rules for names are those of CPython's ``Tools/build/smelly.py``.
"""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from ...c.compiler import QUESTIONS, CompilerError, HeaderRefusedError
from ...c.header_trouble import refusal_of_header
from ...c.headers import find_header
from ...cargo import CargoError, cache_path, keep_json, locked, read_json, stamp
from ...case import Case, Checker, Location, Verdict, grouped
from ...late import dataclass
from ...rust.libraries import Libraries
from ...rust.metadata import ExportTable, MetadataError, elsewhere, read_exports
from ...rust.policies import binds_cpython, wanted_packages
from ...rust.sources import Sources
from ...rust.test_location import target_case
from .cbindgen import check_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...c.compiler import Compiler
    from ...c.headers import HeaderSource
    from ...cargo import Package, Target
    from ...object_files.reader import Symbol
    from ...rust.context import BuildContext

__all__ = ["SymbolChecker", "is_smelly"]

_LEVEL: Final = "@symbol"
_PROBLEM: Final = "@exports"
_CBINDGEN: Final = "@cbindgen"
# Python looks for these itself.
_INIT: Final = ("PyInit_*", "PyModExport_*")
_PREFIXES: Final = ("Py", "_Py")
_REMEDY: Final = """\
do one of these:
    {}
    do not export it: remove `no_mangle`
    allow it in the manifest: exports = ["{}"] under [package.metadata.cpython-sys]"""
_EXCEPTIONS: Final = frozenset({"PY_TIMEOUT_MAX"})


def is_smelly(symbol: Symbol) -> bool:
    """Tell whether a name could be another library's; data that may change is not looked at."""
    named = symbol.name.startswith(_PREFIXES) or symbol.name in _EXCEPTIONS
    return not named and not symbol.writable


class SymbolChecker(Checker):
    """Items below ``@symbol``."""

    name = "symbol"

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts
        self._packages: dict[str, _Package] = {}

    def discover(self) -> Iterable[Case]:
        """Return a case for each symbol that a shared or static library exports."""
        for context in self._contexts:
            libraries = Libraries(context)
            default = binds_cpython(context)
            for package, _, problem, _ in wanted_packages(context, "symbols", default=default):
                target = package.library
                if target is None or not {"cdylib", "staticlib"} & {*target.crate_types}:
                    continue
                found = _Package(context, package, target, problem)
                self._packages[found.group] = found
                yield from found.cases(libraries)

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield the verdicts; the C compiler is asked once a package."""
        for group, members in grouped(cases, lambda case: case.group).items():
            package = self._packages[group]
            yield from ((case, package.verdict(case.own_level)) for case in members)


@dataclass
class _Package:
    """A package whose library exports something."""

    context: BuildContext
    package: Package
    target: Target
    problem: str

    def __post_init__(self) -> None:
        self.table = ExportTable()
        self.header: HeaderSource | None = None
        self._symbols: dict[str, Symbol] = {}
        self._answer: dict[str, str] | Verdict | None = None
        try:
            self.table = read_exports(self.package.metadata)
        except MetadataError:
            self.problem = elsewhere(self.package)
        try:
            self.header = find_header(self.context.build.workspace, self.package)
        except MetadataError as error:  # perhaps of a package that this one depends on
            self.problem = self.problem or str(error)

    @property
    def group(self) -> str:
        """What tells it from all others, also in a matrix of interpreters."""
        return f"{_LEVEL} {self.package.id} {self.context.options.target_dir}"

    # -- what there is --------------------------------------------------------------------------

    def cases(self, libraries: Libraries) -> Iterator[Case]:
        """Yield a case a symbol; or one that says why they are not known."""
        build = self.context.build
        if not self.problem and not build.success and build.errors(self.package.id, self.target):
            return  # there is an item for that
        try:
            symbols = self._exported(libraries) if not self.problem else None
        except (CargoError, OSError) as error:
            symbols, self.problem = None, str(error)
        if symbols is None:
            yield self._case(_PROBLEM)
            return
        self._symbols = {symbol.name: symbol for symbol in symbols}
        for name in self._symbols:
            yield self._case(name)
        if self.table.cbindgen is not None:
            yield self._case(_CBINDGEN)

    def _exported(self, libraries: Libraries) -> list[Symbol] | None:
        members = {
            other.library.crate_name
            for other in self.context.build.workspace.packages
            if other.library is not None
        }
        return libraries.symbols(self.package, self.target, members)

    def _case(self, name: str) -> Case:
        more = {"kind": "policy", "checker": SymbolChecker.name, "group": self.group}
        return target_case(self.package, self.target, _LEVEL, name, **more)

    # -- what is said ---------------------------------------------------------------------------

    def verdict(self, name: str) -> Verdict:
        """Return the verdict on a symbol, or on the header that cbindgen has written."""
        if name == _PROBLEM:
            if self.problem:
                return Verdict("error", message=self.problem)
            return Verdict(
                "skipped",
                message="the exported symbols are not known: the library is not an ELF file",
            )
        if name == _CBINDGEN:
            assert self.table.cbindgen is not None  # noqa: S101 - else there is no such case
            return check_header(self.context, self.package, self.table.cbindgen)
        if self._is_allowed(name):
            return Verdict("passed")
        problems, lines, remedies = [], [], []
        if is_smelly(self._symbols[name]):
            problems.append("its name begins with neither Py nor _Py")
            remedies.append("rename it to begin with Py or _Py, as CPython requires")
        answer = self._declared() if self.header is not None else {}
        if not isinstance(answer, Verdict) and name in answer:
            assert self.header is not None  # noqa: S101 - it was asked
            shown = os.path.relpath(self.header.path, self.context.build.workspace.root)
            problems.append(f"{shown} does not declare it")
            lines.append(f"    C compiler: {answer[name]}")
            remedies.append(f"declare it in {shown}")
        if problems:
            broken = "breaks two rules: " if len(problems) > 1 else ""
            heading = f"{name} is exported, but {broken}{', and '.join(problems)}"
            remedy = _REMEDY.format(", and ".join(remedies), name)
            message = "\n".join([heading, *lines, remedy])
            return Verdict("failed", message=message, location=self._location(name))
        return answer if isinstance(answer, Verdict) else Verdict("passed")

    def _is_allowed(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in (*_INIT, *self.table.allowed))

    def _location(self, name: str) -> Location | None:
        """Return where a name stands in the sources: a text search will do for a hint."""
        build = self.context.build
        units = [build.unit(self.package, self.target, test=test) for test in (False, True)]
        word = re.compile(rb"\b(?:fn|static(?:\s+mut)?|export_name\s*=)\s*\"?%b\b" % name.encode())
        sources = Sources(build, self.package, self.target, units)
        for file in sources.files:
            match = word.search(file.source)
            if match is not None and sources.is_tracked(file.path):
                return Location(file.path, file.source.count(b"\n", 0, match.start()) + 1)
        return None

    def _declared(self) -> dict[str, str] | Verdict:
        """Return why C refuses to know a name, for those that it does not know."""
        if self._answer is None:
            try:
                self._answer = self._ask()
            except (CompilerError, OSError) as error:
                explicit = self.header is not None and self.header.explicit
                self._answer = Verdict("error" if explicit else "skipped", message=str(error))
        return self._answer

    def _ask(self) -> dict[str, str]:
        """Return C's words on names that it does not know. Raises CompilerError, OSError."""
        assert self.header is not None  # noqa: S101 - asked where there is one
        compiler = self.header.compiler(self.context)
        names = [name for name in self._symbols if not self._is_allowed(name)]
        build, options = self.context.build, self.context.options
        program = stamp(compiler.program or "")
        causes = [compiler.argv, compiler.flags, program, self.header.path, names]
        path = cache_path(build, options, "symbols", causes)
        work = os.path.join(os.path.dirname(path), self.package.name)
        os.makedirs(work, exist_ok=True)
        with locked(work):  # workers of pytest-xdist ask at the same time
            kept: Any = read_json(path)
            if isinstance(kept, dict) and all(list(stamp(one[0])) == one for one in kept["files"]):
                return dict(kept["unknown"])
            unknown, files = _unknown(names, compiler, self.header.path, work)
            keep_json(path, {"files": [stamp(name) for name in files], "unknown": unknown})
        return unknown


def _unknown(
    names: Sequence[str], compiler: Compiler, path: str, work: str
) -> tuple[dict[str, str], Sequence[str]]:
    """Return C's words on names that a header does not declare, and the files it consists of.

    Raises CompilerError, OSError.
    """
    header = compiler.preprocess(path, work)
    # The address of what is no object and no function cannot be taken, and an unknown name is
    # an error. The preprocessor is done: no macro of that name is in the way.
    lines = [f"char abi_symbol_{number}[sizeof(&{name})];" for number, name in enumerate(names)]
    source = os.path.join(work, "symbols.i")
    with open(source, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(f'{header.source}\n# 1 "{QUESTIONS}"\n' + "\n".join(lines) + "\n")
    problems = compiler.compile(source, os.path.join(work, "symbols.o"))
    others = [problem for problem in problems if problem.file != QUESTIONS]
    if others:
        raise HeaderRefusedError(refusal_of_header(path, others, QUESTIONS), compiler.directory)
    return {names[problem.line - 1]: problem.text for problem in problems}, header.files
