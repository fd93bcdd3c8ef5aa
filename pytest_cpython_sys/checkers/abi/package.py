"""One package: what is to be compared, and what came of it."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from ...c.target_compiler import refuse_foreign_headers, refuse_other_machine
from ...cargo import read_bytes, worker_threads
from ...case import Verdict
from ...late import regex
from ...object_files.exports import needed_symbols
from ...object_files.reader import exported_symbols
from ...rust.metadata import shown
from ...rust.tables.abi import LETTERS, read_abi
from .c_questions import CAnswers, CQuestions
from .c_types import Speller
from .cdecls import scan
from .constants import ConstantQuestions
from .enums import EnumQuestions
from .judge import Judge
from .keys import Keys, check_keys, nearest
from .layout.layouts import LayoutQuestions
from .probe import Probe
from .prototypes import declare_prototype, mark_transparent
from .rustdoc import read_crate
from .subjects import item_of
from .survey import Survey
from .types.declared import Declared, Sides
from .written_names import is_written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...c.compiler import Compiler, Header
    from ...c.headers import HeaderSource
    from ...rust.context import BuildContext
    from .cdecls import Declarations
    from .judge import Results
    from .rustbuild import Library
    from .rustdoc import Crate, Item
    from .subjects import Subject, Unmatched

__all__ = ["PackageAbi"]

_WORD: Final = regex(r"(?<![\w.])[A-Za-z_]\w*")
# What bindgen writes, what crates have it write instead, and what tools agree on.
_GENERATED: Final = regex(rb"\b(?:automatically|auto)[- ]?generated\b|@generated\b", re.IGNORECASE)


class _Questions:
    """What is asked of both compilers about a package."""

    def __init__(
        self,
        crate: Crate,
        declarations: Declarations,
        speller: Speller,
        predefined: Mapping[str, str],
        root: str,
    ) -> None:
        self.probe, self.of_c = Probe(), CQuestions()
        self.declared = Declared(crate, declarations, speller, self.of_c)
        self.layouts = LayoutQuestions(crate, speller, self.declared, root)
        self.constants = ConstantQuestions(crate, speller, predefined)
        self.enums = EnumQuestions(declarations, speller)

    def ask(self, subject: Subject) -> None:
        """Ask about one thing."""
        if subject.kind in ("layout", "opaque"):
            self.layouts.ask_c(subject, self.of_c)
        if subject.kind == "layout":
            self.layouts.ask_rust(item_of(subject), self.probe)
            self.enums.ask_rust(subject, self.probe)
            self.enums.ask_c(subject, self.of_c)
        if subject.values:
            self.constants.ask_rust(subject, self.probe)
        elif subject.kind in ("fn", "static"):
            self.layouts.ask_rust(item_of(subject), self.probe)
            declare_prototype(subject, self.declared, self.of_c)
        elif subject.kind in ("const", "init"):
            self.constants.ask_rust(subject, self.probe)
            kind_of = item_of(subject).type if subject.kind == "init" else None
            inside = self.layouts.public(kind_of)
            if inside is not None:
                self.layouts.ask_rust(inside, self.probe)


class PackageAbi:
    """A package against the header that speaks for it."""

    def __init__(
        self, context: BuildContext, library: Library, source: HeaderSource, work: str
    ) -> None:
        self._context = context
        self._library = library
        self._source = source
        self._work = work
        self.compiler: Compiler = source.compiler(context)
        self._everything = context.run.abi == "all"
        self._generated: dict[str, bool] = {}

    # -- what there is --------------------------------------------------------------------------

    @cached_property
    def _read(self) -> tuple[Crate, Header, Declarations]:
        """Rust's items and C's names: rustdoc and the preprocessor run, no compiler."""
        with worker_threads(2) as pool:
            described = pool.submit(self._library.describe, self._work)
            machine = pool.submit(self._machine_of_rust)
            header = self.compiler.preprocess(self._source.path, self._work)
            refuse_foreign_headers({name: one.body for name, one in header.macros.items()})
            if "__clang__" in header.macros:
                self.compiler = replace(self.compiler, is_clang=True)
            build, host = self._context.build, self._context.cargo.toolchain.host
            theirs = self.compiler.machine(self._work)
            refuse_other_machine(self.compiler.argv, build.target or host, machine.result(), theirs)
            declarations = scan(header.text)
            crate = read_crate(described.result())
        return crate, header, declarations

    def _machine_of_rust(self) -> str:
        command, env = self._library.probe_command()
        root = self._context.build.workspace.root
        probe = Probe()
        probe.ask_number("one", "1")
        return probe.compile(
            self._library.target.crate_name, command, self._work, root, env
        ).machine

    @cached_property
    def _speller(self) -> Speller:
        crate, _, declarations = self._read
        names = Keys(crate.name, self._source.table.names)
        return Speller(crate, declarations, names, self._predefined)

    @cached_property
    def _predefined(self) -> dict[str, str]:
        return {name: macro.body for name, macro in self._read[1].macros.items()}

    @cached_property
    def survey(self) -> tuple[list[Subject], list[Unmatched]]:
        """What can be compared, and what cannot. Raises CompilerError and others."""
        crate, header, declarations = self._read
        survey = Survey(
            crate,
            header,
            declarations,
            self._speller,
            self._source.table,
            everything=self._everything,
            is_generated=self.is_generated,
        )
        subjects = list(survey.subjects())
        if not subjects and self._source.table.header is not None:
            # Nothing will be asked about it, and names are found in what does not compile, too.
            CQuestions().compile(header, self.compiler, self._work, "header")
        return subjects, survey.unmatched

    @property
    def doubt(self) -> str | None:
        """What to warn of: a rustdoc newer than what is known here."""
        return self._read[0].doubt

    @property
    def headers(self) -> tuple[str, ...]:
        """The files that the header consists of."""
        return self._read[1].files

    def absolute(self, file: str) -> str:
        """Return the path of a source file that rustdoc names."""
        return os.path.normpath(os.path.join(self._context.build.workspace.root, file))

    def is_generated(self, file: str) -> bool:
        """Tell whether a source file was written by a program."""
        known = self._generated.get(file)
        if known is None:
            known = self._generated[file] = self._looks_generated(self.absolute(file))
        return known

    def _looks_generated(self, path: str) -> bool:
        if self._context.wrote(path):
            return True
        return _GENERATED.search(read_bytes(path, 400)) is not None

    @cached_property
    def _exports(self) -> frozenset[str] | None:
        python = self._context.interpreter
        if python is None:
            return None
        path = python.executable
        if python.shared and python.libdir and python.libpython:
            path = os.path.join(python.libdir, python.libpython)
        return exported_symbols(path) if path is not None else None

    def is_left_out(self, path: str) -> bool:
        """Tell whether a path in Rust leads to what is not asked about, or is not in this build."""
        crate = self._read[0]
        wanted = Keys(crate.name, {path: True})
        found = [item for item in crate.items if wanted.of(item)]
        if found:
            return any(map(self._skips, found))
        return is_written(self._sources, path)

    @property
    def _sources(self) -> str:
        return os.path.dirname(self._library.target.src_path)

    def _skips(self, item: Item) -> bool:
        return not self._everything and self.is_generated(item.file)

    def nothing_compared(self) -> str:
        """Return why there is no item though a manifest names the header; empty if it does not."""
        if self._source.table.header is None:
            return ""
        crate = self._read[0]
        why = "the crate has no public items that C could declare"
        if any(map(self._skips, crate.items)):
            why = "generated code is compared only with --cpython-sys-abi=all"
        elif crate.items:
            why = "no public Rust item has a counterpart in it"
        return f"nothing is compared with {os.path.basename(self._source.path)}: {why}"

    def unused_keys(self) -> list[str]:
        """Return keys of the table that name what is not in this build. Raises MetadataError."""
        own = read_abi(self._library.package.metadata)
        tables = {"names": own.names, "inits": own.inits, "arguments": own.arguments}
        return check_keys(self._read[0], tables, partial(is_written, self._sources))

    @cached_property
    def missing_symbols(self) -> list[str]:
        """What Rust declares of Python's and the interpreter does not export."""
        if self._exports is None:
            return []
        names = {
            subject.item.symbol
            for subject in self.survey[0]
            if subject.kind in ("fn", "static") and subject.item and not subject.item.defined
        }
        pythons = (name for name in names if name.startswith(("Py", "_Py")))
        return sorted(name for name in pythons if name not in self._exports)

    def _needed(self) -> list[str] | None:
        """Return which missing symbols the package uses itself; None where nobody can tell."""
        if not self.missing_symbols:
            return []
        package, build = self._library.package, self._context.build
        own = [one.filenames for one in build.artifacts if one.package_id == package.id]
        used = needed_symbols([self._library.path, *(name for names in own for name in names)])
        return None if used is None else [name for name in self.missing_symbols if name in used]

    # -- what both say --------------------------------------------------------------------------

    def evaluate(self) -> Results:
        """Ask both compilers, each about everything at once. Raises CompilerError and others."""
        crate, header, declarations = self._read
        subjects, _ = self.survey
        workspace = self._context.build.workspace
        asked = _Questions(crate, declarations, self._speller, self._predefined, workspace.root)
        for subject in subjects:
            asked.ask(subject)
        values = [one for one in subjects if one.values or one.kind in ("const", "init")]

        def ask_values() -> CAnswers:
            if not values:
                return CAnswers({}, {}, {})
            own = asked.constants.ask_c(values, self._source.path, self.compiler, self._work)
            return own.compile(header, self.compiler, self._work, "values")

        command, env = self._library.probe_command()
        name = self._library.target.crate_name
        with worker_threads(4) as pool:
            rust_job = pool.submit(
                asked.probe.compile, name, command, self._work, workspace.root, env
            )
            values_job = pool.submit(ask_values)
            of_c = asked.of_c.compile(header, self.compiler, self._work, "declared", types=True)
            of_rust, of_values = rust_job.result(), values_job.result()
        mark_transparent(
            subjects,
            asked.declared,
            of_c.types,
            lambda unions: unions.compile(header, self.compiler, self._work, "unions"),
        )
        sides = Sides.of(crate, self._predefined, of_rust, of_c, asked.declared)
        judge = Judge(self, crate, asked.layouts, asked.enums, asked.constants, sides, of_values)
        return judge.results(
            subjects, (asked.layouts.asked, asked.layouts.answered), self._needed()
        )

    def symbol_verdict(self, name: str) -> Verdict:
        """Return whether the interpreter exports a name that the package needs."""
        python = self._context.interpreter
        shown = python.describe() if python is not None else "the interpreter"
        if self._exports is None:
            return Verdict("skipped", message=f"the symbols that {shown} exports cannot be read")
        if name in self._exports:
            return Verdict("passed")
        words = f"{name} is not exported by {shown}: code that uses it cannot be loaded"
        return Verdict("failed", message=f"{words}{nearest(name, self._exports)}")

    def refused_initialiser(self, subject: Subject, reason: str) -> Verdict | None:
        """Return an error if it is the table's own initialiser that C does not take."""
        crate, header, found = self._read
        inits = Keys(crate.name, self._source.table.inits)
        if subject.kind != "init" or subject.call or inits.of(item_of(subject)) is None:
            return None
        have = {*header.macros, *found.enumerators, *found.variables, *found.functions}
        words = [word for word in _WORD.findall(subject.c_name) if word not in have]
        # What C does not know is named; older compilers take a call for that of a function.
        unknown = [word for word in words if f"'{word}'" in reason or f"{word}(" in subject.c_name]
        near = nearest(unknown[0], have) if unknown else ""
        key = f"`inits`: {shown(subject.c_name)}, set for {item_of(subject).rust_path}"
        why = reason.rpartition(f" for {subject.c_name}: ")[2]
        return Verdict("error", message=f"{key}, is not a valid initialiser: {why}{near}")

    @property
    def strict_key(self) -> str:
        """What the table says that makes some minor differences fail."""
        table = self._source.table
        if table.letter is None:
            return 'letter = "error"'
        kinds = ", ".join(f'"{kind}"' for kind in table.letter)
        words = [f"letter = [{kinds}]"] if kinds else []
        return " and ".join([*words, *["const-is-an-error = true"] * table.const_is_an_error])

    @property
    def strict(self) -> frozenset[str]:
        """The kinds of minor differences that the table makes an error."""
        table = self._source.table
        const = {"const"} if table.const_is_an_error else set()
        return frozenset(LETTERS) if table.letter is None else frozenset({*table.letter, *const})
