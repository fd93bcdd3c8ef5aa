"""Extension modules: do they keep what they declare? Items below ``@module``.

A package has a module if its built library exports one, or if its manifest says so. What it
declares is read from its definition, in a process that imports it; each check has a process of its
own, so that a crash is a verdict. What is checked, and why, is in docs/reference/modules.md.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from ...cargo import CargoError
from ...cargo.versions import parse_version
from ...case import Case, Checker, Verdict
from ...extensions.extension import (
    Extension,
    ExtensionError,
    exports,
    mention,
    module_functions,
)
from ...extensions.place import NoModuleError
from ...extensions.probe_client import Answer, ask
from ...extensions.stage import unusable
from ...rust.context import with_leak
from ...rust.libraries import Libraries, LibraryFailedError
from ...rust.metadata import MetadataError, PolicyTable, elsewhere, read_policies
from ...rust.policies import is_wanted
from ...rust.test_location import real_path, target_case
from .kept import ask_once
from .promises import (
    READ_IN_LIBRARY,
    TYPE_PROMISES,
    judge_declaration,
    judge_exports,
    judge_types,
    not_shown,
)
from .slots import declaration, numbers
from .stable_module import StableModule
from .verdicts import (
    OWN_GIL,
    SHARED_GIL,
    judge_free_threading,
    judge_imports,
    judge_leaks,
    judge_subinterpreters,
    problem_of,
    with_end,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...cargo import Package
    from ...python.interpreter import Interpreter
    from ...rust.context import BuildContext, RunOptions
    from .slots import Declaration

__all__ = ["ModuleChecker"]

_CHECKS: Final = ("imports", "subinterpreters", "free_threading", "leaks")
_STABLE: Final = "stable_abi"
_REQUIRES: Final = "requires"
_LIMIT: Final = 120.0  # seconds, where nobody has set a limit
_THREADS: Final = 4
_ROUNDS: Final = 50
_WARMUPS: Final = 3  # as in -R 3:3
_RUNS: Final = 3
_OWN_GIL_SINCE: Final = "3.12"
_UNKNOWN: Final = "it is not known whether the package is an extension module"
_NOT_IMPORTED: Final = Verdict(
    "error", message="not evaluated: the module cannot be imported: see `@module::imports`"
)
_UNREAD: Final = {"unknown": "the process exited before the definition was read"}


class ModuleChecker(Checker):
    """Items below ``@module``."""

    name = "module"

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts
        self._modules: dict[str, _Module] = {}

    def discover(self) -> Iterable[Case]:
        """Return the cases of each package whose library is an extension module."""
        for context in self._contexts:
            if context.run.policies == "off":
                continue
            libraries = Libraries(context)
            for package in context.packages:
                module = _open(context, package, libraries)
                if module is not None:
                    self._modules[module.group] = module
                    yield from module.cases()

    def withheld(self) -> Iterator[tuple[str, Sequence[Case]]]:
        """Yield what the target Python cannot evaluate."""
        for module in self._modules.values():
            for need, case in module.withheld():
                yield need, [case]

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield verdicts one after the other."""
        for case in cases:
            yield case, self._modules[case.group].verdict(case)


def _open(context: BuildContext, package: Package, libraries: Libraries) -> _Module | None:
    """Return a package's extension module, if it is one and is to be checked."""
    target = package.library
    if target is None or not {"cdylib", "staticlib"} & {*target.crate_types}:
        return None
    table, trouble = PolicyTable(), ""
    try:
        table = read_policies(package.metadata)
    except MetadataError:
        trouble = elsewhere(package)
    wanted = is_wanted(context.run, table, "modules", default=True)
    if not wanted and not table.requires:
        return None
    listed = table.policies is not None and "modules" in table.policies
    told = listed or table.module is not None or bool(table.calls or table.requires)
    extension = Extension(context, package, target, table)
    if told:
        return _Module(extension, libraries, trouble, wanted=wanted)
    try:
        crates = {target.crate_name}
        symbols = libraries.symbols(package, target, crates)
    except LibraryFailedError:
        return None  # its `@build` says why
    except (CargoError, OSError) as error:
        return _Module(extension, libraries, trouble, f"{_UNKNOWN}: {error}")
    return _Module(extension, libraries, trouble) if module_functions(symbols or ()) else None


class _Module:
    """An extension module, and what is known of it so far."""

    def __init__(
        self,
        extension: Extension,
        libraries: Libraries,
        trouble: str,
        unknown: str = "",
        *,
        wanted: bool = True,
    ) -> None:
        self._extension = extension
        self._wanted = wanted
        """Whether more is checked than what it promises."""
        self._stable = StableModule(extension, libraries)
        self._trouble = trouble
        self._unknown = unknown
        """Why nobody knows whether it is one."""
        python = extension.context.interpreter
        options = extension.context.options
        kind = python.fingerprint if python is not None else ""
        self.group = f"{extension.package.id} {kind} {options.target or ''}"
        self._imported: Answer | None = None
        self._seen: dict[str, Answer] = {}
        """What was seen of it in this run or before."""

    def cases(self) -> Iterator[Case]:
        """Yield a case for each check that this Python can make."""
        for check in _CHECKS[:1] if self._unknown else self._checks:
            if self._need(check) is None:
                skip = self._unknown or (None if self._trouble else self._skip(check))
                yield self._case(skip, check)
        for word in self._extension.table.requires:
            yield self._case(self._not_shown(word), _REQUIRES, word)

    def withheld(self) -> Iterator[tuple[str, Case]]:
        """Yield a case for each of the other checks, with what it needs."""
        for check in () if self._unknown else self._checks:
            need = self._need(check)
            if need is not None:
                yield need, self._case(f"needs {need}", check)

    @property
    def _checks(self) -> Sequence[str]:
        if not self._wanted:
            return ()
        return (*_CHECKS, _STABLE) if self._stable else _CHECKS

    def _need(self, check: str) -> str | None:
        """Return what another Python would have to be to make a check; None if this one can."""
        python = self._extension.context.interpreter
        if python is None:
            return None
        need = self._stable.need(python) if check == _STABLE else _need(python, check)
        return None if need is None else f"{need}; this is {python.version}"

    def _not_shown(self, word: str) -> str | None:
        """Return why nobody can say whether a promise is kept; None if somebody can."""
        python = self._extension.context.interpreter
        if python is None:
            return unusable(self._extension)
        unshown = not_shown(word, python)
        return unshown or (None if word in READ_IN_LIBRARY else unusable(self._extension))

    def _case(self, skip: str | None, *levels: str) -> Case:
        return target_case(
            self._extension.package,
            self._extension.target,
            "@module",
            *levels,
            kind="policy",
            checker=ModuleChecker.name,
            line=self._line,
            group=self.group,
            skip=skip,
        )

    @cached_property
    def _line(self) -> int:
        """The line of the library's root file that makes the module."""
        extension = self._extension
        made = mention(extension.context.build, extension.package, extension.target)
        here = made is not None and real_path(made.file) == real_path(extension.target.src_path)
        return made.line if made is not None and here else 1

    def _skip(self, check: str) -> str | None:
        """Return why a check cannot be made; None if it can."""
        # Nothing is imported to see what it uses.
        return self._stable.skip() if check == _STABLE else unusable(self._extension)

    def verdict(self, case: Case) -> Verdict:
        """Return the verdict on a case."""
        if self._trouble:
            return Verdict("error", message=self._trouble)
        try:
            library, trouble = self._library
            if trouble:
                return Verdict("error", message=trouble)
            return self._placed(self._judge(case, library))
        except NoModuleError as error:
            it_is_this = case.own_level == "imports"
            return Verdict("failed" if it_is_this else "error", message=str(error))
        except ExtensionError as error:
            return Verdict("error", message=str(error))
        except OSError as error:
            return Verdict("error", message=f"the module cannot be imported: {error}")

    @cached_property
    def _library(self) -> tuple[str, str]:
        """The library, which cargo is asked for once; or why there is none."""
        try:
            return self._extension.library(), ""
        except ExtensionError as error:
            return "", str(error)

    def _placed(self, verdict: Verdict) -> Verdict:
        """Return a verdict with the file of its place, which rustc has named from the workspace."""
        place = verdict.location
        if place is None:
            return verdict
        path = os.path.join(self._extension.context.build.workspace.root, place.file)
        if os.path.isfile(path):
            return replace(verdict, location=replace(place, file=path))
        # The standard library's own, say, of which there may be no sources here.
        message = f"{place.file}:{place.line}: {verdict.message}"
        return replace(verdict, message=message, location=None)

    def _judge(self, case: Case, library: str) -> Verdict:
        check = case.own_level
        if check == _STABLE:
            return self._stable.judge(library)
        run = self._extension.context.run
        limit = run.limit(case) or _LIMIT
        if _REQUIRES in case.levels:
            return self._judge_promise(check, library, limit)
        asked = partial(self._ask, library, limit)
        if check == "imports" or self._imported is None:
            self._imported = asked("imports")
        imported = self._imported
        if check == "imports":
            return _completed(imported, judge_imports(imported, self._exports(library)), run)
        if not imported.get("imported"):
            return _NOT_IMPORTED
        declared = self._declared(imported)
        if check == "free_threading":
            answer = asked(check, threads=_THREADS, rounds=_ROUNDS)
            promised = "not-gil" in self._extension.table.requires
            verdict = judge_free_threading(answer, declared, _THREADS, _ROUNDS, promised=promised)
        elif check == "leaks":
            answer = asked(check, cached=declared.kept, warmups=_WARMUPS, runs=_RUNS)
            verdict = judge_leaks(answer, declared, _WARMUPS)
        else:
            alone = self._extension.table.calls and declared.interpreters == OWN_GIL
            fresh = asked("fresh") if alone else None
            answer = asked(check, sharing=declared.interpreters == SHARED_GIL)
            verdict = judge_subinterpreters(answer, declared, fresh)
        return _completed(answer, verdict, run)

    def _declared(self, imported: Answer) -> Declaration:
        raw = imported.get("definition") or _UNREAD
        return declaration(raw, numbers(self._python.include_dirs))

    def _judge_promise(self, word: str, library: str, limit: float) -> Verdict:
        """Judge the exports, what is declared, or the types that the module makes."""
        if word in READ_IN_LIBRARY:
            name = self._extension.place(library).name
            return judge_exports(word, name, self._exports(library))
        imported = self._imported or self._once("imports", library, limit)
        if not imported.get("imported"):
            return _NOT_IMPORTED
        if word in TYPE_PROMISES:
            types = self._once("made_types", library, limit)
            return problem_of(types) or judge_types(word, types)
        gil = "" if self._python.gil_disabled else self._python.describe()
        return judge_declaration(word, imported, self._declared(imported), gil)

    def _once(self, check: str, library: str, limit: float) -> Answer:
        if check not in self._seen:
            self._seen[check] = ask_once(
                self._extension, self._python, check, library=library, limit=limit
            )
        return self._seen[check]

    @property
    def _python(self) -> Interpreter:
        python = self._extension.context.interpreter
        assert python is not None  # noqa: S101 - without one the case is skipped
        return python

    def _exports(self, library: str) -> list[str]:
        return exports(library, self._extension.target.crate_name)

    def _ask(self, library: str, limit: float, check: str, **more: Any) -> Answer:
        return ask(self._extension, self._python, check, library=library, limit=limit, **more)


def _completed(answer: Answer, verdict: Verdict, run: RunOptions) -> Verdict:
    """Return a verdict with what its process did at its end, and after."""
    verdict = with_end(answer, verdict)
    return with_leak(verdict, run) if answer.ended.leaked else verdict


def _need(python: Interpreter, check: str) -> str | None:
    """Return what another Python would have to be to make a check; None if this one can."""
    if check == "free_threading" and not python.gil_disabled:
        return "a Python without a GIL"
    own_gils = parse_version(python.version) >= parse_version(_OWN_GIL_SINCE)
    if check == "subinterpreters" and not own_gils:
        return f"Python {_OWN_GIL_SINCE} or newer"
    return None
