"""Rules of an API crate: an item a rule and source file, for packages that ask for it.

A rule about types, which the table names, has one item: that of the library's root file.

What functions take and what types are is read in rustdoc's JSON, what functions call in rustc's
MIR of the very unit that others link to. Nothing is parsed here but what these two write.
"""

from __future__ import annotations

import os
from dataclasses import field
from typing import TYPE_CHECKING, Final

from ...cargo import CargoError
from ...case import Case, Checker, Location, Verdict, counted, grouped
from ...late import dataclass
from ...rust.libraries import Libraries
from ...rust.made_units import item_files, made_units
from ...rust.metadata import MetadataError, elsewhere, raw_table
from ...rust.tables.api import API, RULES, ApiTable, read_api
from ...rust.test_location import real_path
from .asking import Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ...cargo import Package, Target
    from ...rust.context import BuildContext
    from .judge import Judgement

__all__ = ["ApiChecker"]

_LEVEL: Final = "@api"
_TABLE: Final = "@table"
_ALLOW: Final = f'or write why it is sound: allow = {{ "TYPE::FUNCTION" = "reason" }} in [{API}]'
_NEITHER: Final = (
    "remove the `unsafe impl`, if there is one, or add a field of type PhantomData<*const ()>;\n"
    f"or remove the type from this rule in [{API}]"
)
_BOTH: Final = (
    "change the fields that prevent it, or write an `unsafe impl`;\n"
    f"or remove the type from this rule in [{API}]"
)
_NOT_FOLLOWED: Final = (
    "not followed: drops; calls of generic code and of trait objects; calls through pointers and "
    "back from other crates"
)
_HEADINGS: Final = {
    "capability": "{} C without taking {names}",
    "ffi-module": "{} outside the module {names}",
    "catch-unwind": '{} `extern "C"` functions, but not through {names}',
    "no-mut-ref": "{} `&mut {names}`",
    "not-send": "{} must not be Send",
    "send": "{} must be Send",
    "not-sync": "{} must not be Sync",
    "sync": "{} must be Sync",
    "must-use": "{} must be #[must_use]",
}
"""What is found of each rule: begins with how many, and of what."""
_THINGS: Final = {
    "capability": ("public safe function reaches", "public safe functions reach"),
    "ffi-module": ("call of a C function", "calls of C functions"),
    "catch-unwind": ("call or panic in", "calls or panics in"),
    "no-mut-ref": ("public function takes or returns", "public functions take or return"),
}
_TYPE: Final = ("type", "types")
_REMEDIES: Final = {
    "capability": f"add it as a parameter or to `self`, make the function `unsafe`,\n{_ALLOW}",
    "ffi-module": f"call a function of that module instead,\n{_ALLOW}",
    "catch-unwind": f"move the code into the closure that the guard runs,\n{_ALLOW}",
    "no-mut-ref": f"take and return `&` instead,\n{_ALLOW}",
    **dict.fromkeys(("not-send", "not-sync"), _NEITHER),
    **dict.fromkeys(("send", "sync"), _BOTH),
    "must-use": f"add #[must_use], or remove the type from this rule in [{API}]",
}


class ApiChecker(Checker):
    """Items below ``@api``."""

    name = "api"

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts
        self._crates: dict[str, _Crate] = {}

    def discover(self) -> Iterable[Case]:
        """Return a case a rule and file of each library that asks; nothing is compiled."""
        for context in self._contexts:
            if context.run.policies == "off":
                continue
            libraries = Libraries(context)
            for package in context.packages:
                crate = _open(context, package, libraries)
                if crate is not None:
                    self._crates[crate.group] = crate
                    yield from crate.cases()

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield the verdicts; rustc and rustdoc are asked once a package."""
        for group, members in grouped(cases, lambda case: case.group).items():
            crate = self._crates[group]
            for case in members:
                yield case, crate.verdict(case.file, case.own_level)


def _open(context: BuildContext, package: Package, libraries: Libraries) -> _Crate | None:
    """Return a package with rules and a library; None if it has no rules."""
    try:
        raw_table(package.metadata)
    except MetadataError:
        return None  # its `@metadata` says so
    problem, table = "", None
    try:
        table = read_api(package.metadata)
    except MetadataError:
        problem = elsewhere(package)
    if table is None and not problem:
        return None
    return _Crate(context, package, table or ApiTable(), libraries, problem)


@dataclass
class _Crate:
    """A package that is held to rules."""

    context: BuildContext
    package: Package
    table: ApiTable
    libraries: Libraries
    problem: str
    files: list[str] = field(default_factory=list)
    said: Mapping[str, Judgement] | None = None

    @property
    def group(self) -> str:
        """What tells it from all others, also in a matrix of interpreters."""
        return f"{_LEVEL} {self.package.id} {self.context.options.target_dir}"

    @property
    def _root_file(self) -> str:
        target = self.package.library or self.package.targets[0]
        return real_path(target.src_path)

    # -- what there is --------------------------------------------------------------------------

    def cases(self) -> Iterator[Case]:
        """Yield a case a rule and file; or one that says why there are none."""
        target = self.package.library
        if target is None or "proc-macro" in target.crate_types:
            self.problem = (
                self.problem or f"[{API}] needs a library, but the package has none: remove it"
            )
        if self.problem or target is None:
            raw = self.package.metadata["cpython-sys"]["api"]
            asked = [rule for rule in RULES if isinstance(raw, dict) and rule in raw]
            for level in asked or [_TABLE]:
                yield self._case(self._root_file, level, target or self.package.targets[0])
            return
        units = [one for one in made_units(self.context) if one.target is target]
        plain = [one for one in units if not one.test] or units
        found = {file for unit in plain for file in item_files(self.context, unit, self.libraries)}
        self.files = sorted({self._root_file, *found})
        for file in self.files:
            for rule in self.table.rules:
                if rule not in _TYPE_RULES or file == self._root_file:
                    yield self._case(file, rule, target)

    def _case(self, file: str, level: str, target: Target) -> Case:
        return Case(
            file=file,
            levels=(_LEVEL, level),
            kind="policy",
            checker=ApiChecker.name,
            package=self.package.name,
            target=target.name,
            rust_test=f"{_LEVEL}::{level}",
            group=self.group,
        )

    # -- what is said ---------------------------------------------------------------------------

    def verdict(self, file: str, rule: str) -> Verdict:
        """Return the verdict on a file."""
        if not self.problem and self.said is None:
            question = Question(self.context, self.package, self.table, self.libraries)
            try:
                self.said = question.answer()
            except (CargoError, OSError) as error:
                self.problem = str(error)
        if self.problem or self.said is None:
            return Verdict("error", message=self.problem)
        said = self.said[rule]
        whole = rule not in _TYPE_RULES and not said.judged
        if said.problems and (whole or file == self._root_file):
            return Verdict("error", message="\n".join(said.problems))
        own = [one for one in said.findings if self._item_of(one.file, rule) == file]
        if not own:
            return Verdict("passed", output=self._looked_at(said, rule, file))
        named = " or ".join(self.table.names[rule])
        one, several = _THINGS.get(rule, _TYPE)
        count = counted(len(own), one, several)
        heading = _HEADINGS[rule].format(count, names=named)
        lines = [f"    {self._shown(one.file)}:{one.line}: {one.text}" for one in own]
        message = "\n".join([heading, *lines, *filter(None, [_REMEDIES.get(rule)])])
        first = Location(self._real(own[0].file), own[0].line)
        return Verdict(
            "failed", message=message, location=first, output=self._looked_at(said, rule, file)
        )

    def _looked_at(self, said: Judgement, rule: str, file: str) -> str:
        """Return how much was looked at in a file, and what was not."""
        files = [name for name in said.judged if self._item_of(name, rule) == file]
        count = sum(said.judged[name] for name in files)
        what = "type" if rule in _TYPE_RULES else "function"
        lines = [f"{counted(count, what)} checked"]
        if rule == "capability":
            lines.append(_NOT_FOLLOWED)
            if said.limits:
                lines.append(f"not followed in this crate: {said.limits}")
        return "\n".join(lines)

    def _real(self, name: str) -> str:
        return real_path(os.path.join(self.context.build.workspace.root, name))

    def _item_of(self, name: str, rule: str) -> str:
        """Return the file under which something is told that stands in a file of rustc's."""
        file = self._real(name)
        return file if file in self.files and rule not in _TYPE_RULES else self._root_file

    def _shown(self, name: str) -> str:
        root = real_path(self.context.build.workspace.root)
        file = self._real(name)
        return os.path.relpath(file, root) if file.startswith(root + os.sep) else file


_TYPE_RULES: Final = frozenset(RULES[4:])
