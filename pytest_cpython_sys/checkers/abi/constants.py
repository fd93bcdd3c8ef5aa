"""Constants and initialisers: their values in both languages."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from .c_questions import CQuestions
from .c_types import UntranslatableError
from .compare import compare_bytes, compare_integers
from .natures import constant_form
from .probe import rust_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...c.compiler import Compiler
    from .c_questions import CAnswers
    from .c_types import Speller
    from .compare import Slot
    from .probe import Answers, Probe
    from .rustdoc import Crate, Item
    from .survey import Subject

__all__ = ["ConstantQuestions"]

_REAL: Final = 8  # what __builtin_classify_type says of a floating point number
_LITERAL = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


class ConstantQuestions:
    """The constants of one package."""

    def __init__(self, crate: Crate, speller: Speller, predefined: Mapping[str, str]) -> None:
        self._crate = crate
        self._pointer_sized = predefined.get("__UINTPTR_TYPE__", "unsigned long")
        self._speller = speller
        self._bad: dict[str, str] = {}

    def _form(self, item: Item) -> str:
        assert item.type is not None  # noqa: S101 - every constant has one
        return constant_form(item.type, self._crate)

    def ask_rust(self, subject: Subject, probe: Probe) -> None:
        """Ask rustc about a value."""
        item = subject.item
        assert item is not None  # noqa: S101 - found in Rust
        form = self._form(item)
        if form == "integer" and subject.kind == "const":
            probe.ask_integer(f"const {item.id}", item.path)
        else:
            path = rust_path(item.path)
            star = "*" if form == "text" else ""
            data = {"cstr": f"{path}.to_bytes_with_nul()", "str": f"{path}.as_bytes()"}.get(form)
            if data is not None:
                path = f"(unsafe {{ *({data}.as_ptr() as *const [u8; {data}.len()]) }})"
            probe.ask_bytes(f"const {item.id}", star + path)

    def ask_c(
        self, subjects: Sequence[Subject], header: str, compiler: Compiler, work: str
    ) -> CQuestions:
        """Return C's questions about all of them; macros are expanded first.

        Raises CompilerError.
        """
        questions = CQuestions()
        expanded = compiler.expand(header, [subject.c_name for subject in subjects], work)
        for subject, text in zip(subjects, expanded, strict=True):
            item = subject.item
            assert item is not None  # noqa: S101 - found in Rust
            problem = _not_an_expression(text, initialiser=subject.kind == "init")
            if problem:
                self._bad[item.id] = f"{subject.c_name} is no constant in C: {problem}"
                continue
            self._ask(questions, subject, item, text)
        return questions

    def _ask(self, questions: CQuestions, subject: Subject, item: Item, text: str) -> None:
        key = f"const {item.id}"
        form = self._form(item)
        if subject.kind == "init":
            assert item.type is not None  # noqa: S101 - every constant has one
            try:
                declared = next(iter(self._speller.declarations(item.type, "value")))
                name = next(iter(self._speller.declarations(item.type, "")))
            except UntranslatableError as error:
                self._bad[item.id] = f"C has no type for {item.name}: {error}"
                return
            questions.ask_bytes(key, declared, text, f"sizeof({name.strip()})")
        elif form in ("text", "cstr", "str"):
            questions.ask_bytes(key, f"char value[sizeof({text})]", text, f"sizeof({text})")
        elif form == "float":
            questions.ask_bytes(key, "double value", text, "sizeof(double)")
        else:
            questions.ask_numbers(key, [text, f"({text}) < 0", f"__builtin_classify_type({text})"])
            # Where it is a pointer in disguise, the first form is none that C takes.
            questions.ask_numbers(f"{key} pointer", [f"({self._pointer_sized})({text})"])

    def compare(
        self, subject: Subject, rust: Answers, c: CAnswers, slots: Sequence[Slot] = ()
    ) -> tuple[str | None, str | None]:
        """Return what to tell about a value: that it differs, or why nothing can be said."""
        item = subject.item
        assert item is not None  # noqa: S101 - found in Rust
        key = f"const {item.id}"
        if item.id in self._bad:
            return None, self._bad[item.id]
        form = self._form(item)
        if form == "integer" and subject.kind == "const":
            return self._integers(subject, item, rust.numbers, c)
        ours = rust.bytes.get(key)
        if ours is None:
            why = rust.refused.get(key) or "it was not asked"
            return None, f"rustc says nothing of {item.name}: {why}"
        if form == "pointer" and subject.kind == "const":
            if ours[1]:
                return None, f"{item.name} points to something in Rust: it is no number"
            value = int.from_bytes(ours[0], "little" if rust.order == "<" else "big")
            theirs = self._c_integer(key, c)
            if theirs is None:
                return None, self._unknown(subject, key, c)
            return compare_integers(item.name, subject.c_name, theirs, value), None
        data = c.bytes.get(key)
        if data is None:
            return None, self._unknown(subject, key, c)
        if form == "float":
            (one,) = struct.unpack(f"{rust.order}d", data[0])
            (other,) = struct.unpack(f"{rust.order}{'f' if len(ours[0]) == 4 else 'd'}", ours[0])
            if len(ours[0]) == 4:  # as C rounds it
                (one,) = struct.unpack("<f", struct.pack("<f", one))
            if one == other or (one != one and other != other):
                return None, None
            return f"{item.name} is {one!r} in C, {other!r} in Rust", None
        if form in ("text", "cstr", "str"):
            expected = data[0][:-1] if form == "str" else data[0]
            if expected == ours[0]:
                return None, None
            return f"{item.name} is {data[0]!r} in C, {ours[0]!r} in Rust", None
        return compare_bytes(item.name, data, ours, slots), None

    def _integers(
        self, subject: Subject, item: Item, numbers: Mapping[str, int], c: CAnswers
    ) -> tuple[str | None, str | None]:
        key = f"const {item.id}"
        low, high = numbers.get(f"{key} low"), numbers.get(f"{key} high")
        if low is None or high is None:
            return None, f"rustc says nothing of {item.name}"
        value = low | high << 64
        if high >> 63:
            value -= 1 << 128
        theirs = self._c_integer(key, c)
        if theirs is None:
            return None, self._unknown(subject, key, c)
        return compare_integers(item.name, subject.c_name, theirs, value), None

    def _c_integer(self, key: str, c: CAnswers) -> int | None:
        value = c.numbers.get(f"{key} 0")
        if value is None:
            return c.numbers.get(f"{key} pointer 0")
        if c.numbers.get(f"{key} 2") == _REAL:
            return None
        return value - (1 << 64) if c.numbers.get(f"{key} 1") else value

    def _unknown(self, subject: Subject, key: str, c: CAnswers) -> str:
        problem = c.problems.get(key)
        why = problem.text if problem is not None else "it is no integer there"
        return f"C says nothing of {subject.c_name}: {why}"


def _not_an_expression(text: str, *, initialiser: bool) -> str:
    """Return why a macro's expansion cannot be asked about; empty if it can."""
    if not text:
        return "the macro stands for nothing"
    bare = _LITERAL.sub("0", text)
    if ";" in bare or ("{" in bare and not initialiser):
        return "the macro stands for a statement"
    if '"' in bare or "'" in bare or "#" in bare:
        return "the macro holds a quote without its other half"
    open_: list[str] = []
    for character in bare:
        if character in "([{":
            open_.append(character)
        elif character in ")]}" and (not open_ or open_.pop() != _PAIRS[character]):
            return "its brackets do not pair"
    return "its brackets do not pair" if open_ else ""
