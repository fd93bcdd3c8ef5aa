"""One package: what is to be compared, and what came of it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ...cargo import worker_threads
from ...case import Verdict
from ...object_files.reader import exported_symbols
from .c_questions import CAnswers, CQuestions
from .c_types import Speller
from .cdecls import scan
from .constants import ConstantQuestions
from .layouts import LayoutQuestions
from .natures import resolved
from .probe import Answers, Probe
from .prototypes import Prototypes, prototype_lines
from .rustdoc import read_crate
from .survey import Survey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...c.compiler import Compiler, Header
    from ...c.headers import HeaderSource
    from ...case import Layouts
    from ...rust.context import BuildContext
    from .cdecls import Declarations
    from .rustbuild import Library
    from .rustdoc import Crate, Item
    from .survey import Subject, Unmatched

__all__ = ["PackageAbi", "Results"]

# What bindgen writes, what crates have it write instead, and what tools agree on.
_GENERATED: Final = re.compile(
    rb"\b(?:automatically|auto)[- ]?generated\b|@generated\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Results:
    """Verdicts by the subject's place in the list, and what is to be told beside them."""

    verdicts: Sequence[Verdict]
    unanswered: Sequence[tuple[str, str]]
    facts: tuple[int, int]
    """Sizes, alignments and fields: how many there are, and how many C answered."""
    layouts: Sequence[Layouts | None]
    """What was compared, by the subject's place in the list."""


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
        with worker_threads(1) as pool:
            described = pool.submit(self._library.describe, self._work)
            header = self.compiler.preprocess(self._source.path, self._work)
            declarations = scan(header.text)
            crate = read_crate(described.result())
        if "__clang__" in header.macros:
            self.compiler = replace(self.compiler, is_clang=True)
        return crate, header, declarations

    @cached_property
    def _speller(self) -> Speller:
        crate, _, declarations = self._read
        return Speller(crate, declarations, self._source.table.names, self._predefined)

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
        return list(survey.subjects()), survey.unmatched

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
        try:
            with open(path, "rb") as file:
                return _GENERATED.search(file.read(400)) is not None
        except OSError:
            return False

    @cached_property
    def _exports(self) -> frozenset[str] | None:
        python = self._context.interpreter
        if python is None:
            return None
        path = python.executable
        if python.shared and python.libdir and python.libpython:
            path = os.path.join(python.libdir, python.libpython)
        return exported_symbols(path) if path is not None else None

    def missing_symbols(self) -> list[str]:
        """Return what Rust declares of Python's and the interpreter does not export."""
        if self._exports is None:
            return []
        names = {
            subject.item.symbol
            for subject in self.survey[0]
            if subject.kind in ("fn", "static") and subject.item and not subject.item.defined
        }
        pythons = (name for name in names if name.startswith(("Py", "_Py")))
        return sorted(name for name in pythons if name not in self._exports)

    # -- what both say --------------------------------------------------------------------------

    def evaluate(self) -> Results:
        """Ask both compilers, each about everything at once. Raises CompilerError and others."""
        crate, header, declarations = self._read
        subjects, _ = self.survey
        workspace = self._context.build.workspace
        layouts = LayoutQuestions(crate, declarations, self._speller, workspace.root)
        constants = ConstantQuestions(crate, self._speller, self._predefined)
        prototypes = Prototypes(self._speller)
        probe, questions = Probe(), CQuestions()
        values = [subject for subject in subjects if subject.kind in ("const", "init")]

        def ask(subject: Subject) -> None:
            if subject.kind in ("layout", "opaque"):
                layouts.ask_c(subject, questions)
            if subject.kind == "layout":
                layouts.ask_rust(_item(subject), probe)
                prototypes.lines.update(layouts.ask_same_type(subject))
            elif subject.kind in ("fn", "static"):
                prototypes.ask(subject)
            elif subject.kind in ("const", "init"):
                constants.ask_rust(subject, probe)
                inside = layouts.public(_item(subject).type) if subject.kind == "init" else None
                if inside is not None:
                    layouts.ask_rust(inside, probe)

        for subject in subjects:
            ask(subject)

        def ask_values() -> CAnswers:
            if not values:
                return CAnswers({}, {}, {})
            own = constants.ask_c(values, self._source.path, self.compiler, self._work)
            return own.compile(header.source, self.compiler, self._work, "values")

        command, env = self._library.probe_command()
        name = self._library.target.crate_name
        with worker_threads(4) as pool:
            rust_job = pool.submit(probe.compile, name, command, self._work, workspace.root, env)
            values_job = pool.submit(ask_values)
            layouts_job = pool.submit(
                questions.compile, header.source, self.compiler, self._work, "layouts"
            )
            if prototypes.lines:
                prototypes.compile(header.source, self.compiler, self._work)
            answers = rust_job.result(), layouts_job.result(), values_job.result()
        judge = _Judge(self, crate, layouts, constants, prototypes, *answers)
        return _results(judge, subjects, (layouts.asked, layouts.answered))

    def symbol_verdict(self, name: str) -> Verdict:
        """Return whether the interpreter exports a name that the package needs."""
        python = self._context.interpreter
        shown = python.describe() if python is not None else "the interpreter"
        if self._exports is None:
            return Verdict("skipped", message=f"what {shown} exports cannot be read")
        if name in self._exports:
            return Verdict("passed")
        return Verdict(
            "failed", message=f"{name} is not exported by {shown}: what uses it cannot be loaded"
        )

    @property
    def const_is_an_error(self) -> bool:
        """Whether prototypes may not even differ in const."""
        return self._source.table.const_is_an_error


class _Judge:
    """Turns answers into verdicts."""

    def __init__(
        self,
        package: PackageAbi,
        crate: Crate,
        layouts: LayoutQuestions,
        constants: ConstantQuestions,
        prototypes: Prototypes,
        rust: Answers,
        of_layouts: CAnswers,
        of_values: CAnswers,
    ) -> None:
        self._package = package
        self._crate = crate
        self._layouts = layouts
        self._constants = constants
        self._prototypes = prototypes
        self._rust = rust
        self._of_layouts = of_layouts
        self._of_values = of_values

    @cached_property
    def _by_value(self) -> Mapping[str, str]:
        """Where a type is used by value, by its id."""
        found: dict[str, str] = {}
        for item in self._crate.items:
            kinds = [(field.type, f"{item.name}.{field.name}") for field in item.fields]
            # Of a static that is C's, only the address is taken.
            if item.type is not None and item.kind == "const":
                kinds.append((item.type, item.name))
            if item.type is not None and item.kind == "function":
                kinds += [(part, item.name) for part in item.type.parts]
            for kind_of, where in kinds:
                final = resolved(kind_of, self._crate)
                while final.kind == "array" and final.parts:
                    final = resolved(final.parts[0], self._crate)
                found.setdefault(final.id, where)
        found.pop("", None)
        return found

    def layouts(self, subject: Subject) -> Layouts | None:
        """Return what was compared, of a type with fields."""
        if subject.kind != "layout":
            return None
        return self._layouts.pair(subject, self._rust, self._of_layouts)

    def verdict(self, subject: Subject) -> Verdict:
        """Return what became of a subject."""
        if subject.kind == "symbol":
            return self._package.symbol_verdict(subject.c_name)
        if subject.kind == "opaque":
            return self._opaque(subject)
        const = ""
        if subject.kind == "layout":
            different, unknown = self._layouts.compare(subject, self._rust, self._of_layouts)
            if different is None and unknown is None:
                different = self._alias(subject) or _without_repr(_item(subject))
        elif subject.kind in ("fn", "static"):
            different, unknown, const = self._prototypes.compare(subject)
        else:
            different, unknown = self._constants.compare(
                subject,
                self._rust,
                self._of_values,
                self._layouts.slots_of(_item(subject).type, self._rust),
            )
        if const and self._package.const_is_an_error:
            different, const = const, ""
        if different is not None:
            return Verdict("failed", message=different)
        if unknown is not None:
            return Verdict("skipped", message=unknown)
        return Verdict("passed", output=const)

    def _alias(self, subject: Subject) -> str | None:
        item = _item(subject)
        if item.kind != "alias":
            return None
        keys = [f"alias {item.id} {number}" for number in range(64)]
        keys = [key for key in keys if key in self._prototypes.lines]
        good, const, problem = self._prototypes.agrees(keys)
        if good or const or problem is None:
            return None
        # Rust's atomic types are not atomic in C's sense; they are laid out as what they hold.
        if any("_Atomic" in text for text in (problem.text, *problem.notes)):
            return None
        rust = str(item.type)
        lines = "\n".join(prototype_lines(problem, rust))
        return f"{item.name} is another type in C\n{lines}"

    def _opaque(self, subject: Subject) -> Verdict:
        item = subject.item
        assert item is not None  # noqa: S101 - found in Rust
        size = self._of_layouts.numbers.get(f"size {item.id}")
        where = self._by_value.get(item.id)
        if size is None or where is None:
            return Verdict("passed")
        return Verdict(
            "failed",
            message=f"{item.name} is empty in Rust and used by value in {where}; C has "
            f"{size} bytes there. Use it behind a pointer alone, or write down its fields",
        )


def _without_repr(item: Item) -> str | None:
    if item.kind not in ("struct", "union") or item.repr in ("c", "transparent"):
        return None
    return (
        f"{item.name} has the fields of C's type and is not repr(C): "
        "that Rust lays it out in the same way now is chance"
    )


def _item(subject: Subject) -> Item:
    assert subject.item is not None  # noqa: S101 - None for symbols alone
    return subject.item


def _results(judge: _Judge, subjects: Sequence[Subject], counts: tuple[int, int]) -> Results:
    verdicts = [judge.verdict(subject) for subject in subjects]
    unanswered = [
        (f"{subject.kind}::{subject.name}", verdict.message)
        for subject, verdict in zip(subjects, verdicts, strict=True)
        if verdict.outcome == "skipped"
    ]
    pairs = [judge.layouts(subject) for subject in subjects]
    return Results(verdicts, unanswered, counts, pairs)
