"""Constants and initialisers: their values in both languages."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from ...late import regex
from .c_questions import CQuestions
from .c_types import UntranslatableError
from .compare_values import c_text, compare_bytes, compare_integers, compare_texts, shown_number
from .natures import constant_form, is_byte, resolved
from .probe import rust_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...c.compiler import Compiler
    from .c_questions import CAnswers
    from .c_types import Speller
    from .layout.slots import Slot
    from .natures import Form
    from .probe import Answers, Probe
    from .rustdoc import Crate, Item
    from .subjects import Subject
    from .types.differences import Difference

__all__ = ["ConstantQuestions"]

# What __builtin_classify_type says: GCC's typeclass.h.
_POINTER: Final = 5
_REAL: Final = 8
_INTEGERS: Final = frozenset({1, 2, 3, 4})
_CLASSES: Final = {"integer": _INTEGERS, "float": frozenset({_REAL})}
_WORDS: Final = {_POINTER: "a pointer", _REAL: "a floating-point number", 9: "a complex number"}
_TEXTS: Final = ("text", "slice", "cstr", "str")
# What can stand in C for a value of Rust's: a number's value is what counts, or a pointer's.
_COMPARABLE: Final = {
    "integer": _INTEGERS | {_POINTER},
    "pointer": _INTEGERS | {_POINTER},
    "float": _INTEGERS | {_REAL},
    **dict.fromkeys(_TEXTS, frozenset({_POINTER})),
}
_LITERAL = regex(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
# `(const char *) "text"`: the array is initialised with the text itself.
_CAST_OF_TEXT: Final = regex(r"\([A-Za-z_][\w ]*(?:\*+ ?(?:const ?)?\) ?(?=\(*\")|\) ?(?=\"))")
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


class ConstantQuestions:
    """The constants of one package."""

    def __init__(self, crate: Crate, speller: Speller, predefined: Mapping[str, str]) -> None:
        self._crate = crate
        self._pointer_sized = predefined.get("__UINTPTR_TYPE__", "unsigned long")
        self._speller = speller
        self._bad: dict[str, str] = {}
        self.letters: dict[str, list[Difference]] = {}
        """By the id of a constant: what differs in its sign alone."""

    def _form(self, item: Item) -> Form:
        assert item.type is not None  # noqa: S101 - every constant has one
        return constant_form(item.type, self._crate)

    def ask_rust(self, subject: Subject, probe: Probe) -> None:
        """Ask rustc about a value."""
        if subject.values:
            for one in subject.values:
                self.ask_rust(one, probe)
            return
        item = subject.item
        assert item is not None  # noqa: S101 - found in Rust
        form = self._form(item)
        path, key = rust_path(item.path), f"const {item.id}"
        if subject.call:
            path = f"unsafe {{ {path}{subject.call} }}"
        if form == "integer" and subject.kind == "const":
            probe.ask_integer(key, path)
            return
        star = "*" if form == "text" else ""
        data = {
            "cstr": f"{path}.to_bytes_with_nul()",
            "str": f"{path}.as_bytes()",
            "slice": path,
        }.get(form)
        if self._may_be_text(item, form):
            probe.ask_text(f"{key} text", path)
        if data is not None:
            path = f"(unsafe {{ *({data}.as_ptr() as *const [u8; {data}.len()]) }})"
        probe.ask_bytes(key, star + path)

    def _may_be_text(self, item: Item, form: Form) -> bool:
        """Tell whether a constant is a pointer to bytes: then a text in C is what they are."""
        if form != "pointer" or item.type is None:
            return False
        final = resolved(item.type, self._crate)
        return final.kind == "pointer" and is_byte(final.parts[0], self._crate)

    def ask_c(
        self, subjects: Sequence[Subject], header: str, compiler: Compiler, work: str
    ) -> CQuestions:
        """Return C's questions about all of them; macros are expanded first.

        Raises CompilerError.
        """
        questions = CQuestions()
        subjects = [one for subject in subjects for one in (subject.values or (subject,))]
        expanded = compiler.expand(header, [subject.c_name for subject in subjects], work)
        for subject, text in zip(subjects, expanded, strict=True):
            item = subject.item
            assert item is not None  # noqa: S101 - found in Rust
            problem = _not_an_expression(text, initialiser=subject.kind == "init")
            if problem:
                self._bad[item.id] = f"{subject.c_name} is not a constant in C: {problem}"
                continue
            self._ask(questions, subject, item, text)
        return questions

    def _ask(self, questions: CQuestions, subject: Subject, item: Item, text: str) -> None:
        key = f"const {item.id}"
        form = self._form(item)
        if subject.kind == "const":
            questions.ask_numbers(f"{key} class", [f"__builtin_classify_type({text})"])
        if form == "array":
            self._ask_array(questions, item, text)
        elif subject.kind == "init":
            assert item.type is not None  # noqa: S101 - every constant has one
            try:
                declared = self._speller.declaration(item.type, "value")
                name = self._speller.declaration(item.type, "")
            except UntranslatableError as error:
                self._bad[item.id] = f"the type of {item.name} cannot be written in C: {error}"
                return
            questions.ask_bytes(key, declared, text, f"sizeof({name.strip()})")
        elif form in _TEXTS:
            text = _CAST_OF_TEXT.sub("", text)
            questions.ask_bytes(key, f"char value[sizeof({text})]", text, f"sizeof({text})")
        elif form == "float":
            questions.ask_bytes(key, "double value", text, "sizeof(double)")
        else:
            if self._may_be_text(item, form):
                literal = _CAST_OF_TEXT.sub("", text)
                size = f"sizeof({literal})"
                questions.ask_bytes(f"{key} text", f"char value[{size}]", literal, size)
            sized = f"sizeof({text})"
            kind = f"__builtin_classify_type({text})"
            known = f"__builtin_constant_p({text})"
            questions.ask_numbers(key, [text, f"({text}) < 0", kind, sized, known])
            # Where it is a pointer in disguise, the first form is none that C takes.
            questions.ask_numbers(f"{key} pointer", [f"({self._pointer_sized})({text})"])

    def _ask_array(self, questions: CQuestions, item: Item, text: str) -> None:
        """Ask for an initialiser of as many elements as it has: Rust's may be too short."""
        assert item.type is not None  # noqa: S101 - every constant has one
        try:
            element = resolved(item.type, self._crate).parts[0]
            name = self._speller.declaration(element, "").strip()
        except UntranslatableError as error:
            self._bad[item.id] = f"the type of {item.name} cannot be written in C: {error}"
            return
        inside = text if text.startswith("{") else f"{{ {text} }}"
        size = f"sizeof(({name}[]) {inside})"
        declared = f"__typeof__(({name}[]) {inside}) value"
        questions.ask_bytes(f"const {item.id}", declared, inside, size)

    def compare(
        self, subject: Subject, rust: Answers, c: CAnswers, slots: Sequence[Slot] = ()
    ) -> tuple[str | None, str | None]:
        """Return what to tell about a value: that it differs, or why nothing can be said."""
        if subject.values:
            told = [self.compare(one, rust, c, slots) for one in subject.values]
            different = [text for text, _ in told if text]
            unknown = [text for _, text in told if text]
            return "\n".join(different) or None, "\n".join(unknown) or None
        item = subject.item
        assert item is not None  # noqa: S101 - found in Rust
        key = f"const {item.id}"
        if item.id in self._bad:
            return None, self._bad[item.id]
        if subject.kind == "const" and (other := self._another_kind(subject, item, c)):
            return (None, other) if subject.by_case else (other, None)
        form = self._form(item)
        if form == "integer" and subject.kind == "const":
            return self._integers(subject, item, rust, c)
        ours = rust.bytes.get(key)
        if ours is None:
            why = rust.why_not(key)
            return None, f"no answer from rustc for {item.name}: {why}"
        if form == "pointer" and subject.kind == "const":
            text = c.bytes.get(f"{key} text")
            if text is not None:
                return self._pointed(item, text[0], ours[1], rust)
            value = int.from_bytes(ours[0], "little" if rust.order == "<" else "big")
            return self._compared(subject, item, c, (value, len(ours[0])), is_address=bool(ours[1]))
        data = c.bytes.get(key)
        if data is None:
            return None, self._unknown(subject, key, c)
        if form == "float":
            return _floats(item.name, data[0], ours[0], rust.order), None
        if form in _TEXTS:
            return compare_texts(item.name, data[0], ours[0], form), None
        if form == "array" and len(data[0]) < len(ours[0]):  # the rest is zeros in C
            data = data[0].ljust(len(ours[0]), b"\0"), data[1]
        return compare_bytes(item.name, data, ours, slots), None

    def _pointed(
        self, item: Item, c: bytes, pointers: frozenset[int] | None, rust: Answers
    ) -> tuple[str | None, str | None]:
        """Compare what a pointer of Rust's points to with C's text."""
        if pointers is not None and not pointers:
            return (
                f"{item.name} is the text {c_text(c)} in C, but does not point to data in Rust",
                None,
            )
        ours = rust.bytes.get(f"const {item.id} text")
        if ours is None:
            why = rust.why_not(f"const {item.id} text")
            return None, f"no answer from rustc for the text at {item.name}: {why}"
        return compare_texts(item.name, c, ours[0], "cstr"), None

    def _another_kind(self, subject: Subject, item: Item, c: CAnswers) -> str:
        """Return why C's name is that of another thing than Rust's; empty if it is not."""
        kind = c.numbers.get(f"const {item.id} class 0")
        form = self._form(item)
        if not subject.by_case:
            if kind is None or kind in _COMPARABLE.get(form, {kind}):
                return ""
            word = "a number" if kind in _INTEGERS else _WORDS.get(kind, "a value of another kind")
            called = f" ({subject.c_name})" if subject.c_name != item.name else ""
            theirs = f"the value of {item.name} is {word} in C{called}"
            return f"{theirs}; its type in Rust is {item.type}"
        wanted = _CLASSES.get(form, frozenset({_POINTER}))  # a text decays to a pointer
        if kind is None or kind in wanted:
            return ""
        if kind == _POINTER and form == "integer" and self._is_pointer_sized(item):
            return ""  # a pointer in disguise, as Py_MOD_GIL_USED is
        return (
            f"{subject.c_name} in C differs from {item.name} in case and in the kind of its value, "
            "so the two are not compared"
        )

    def _is_pointer_sized(self, item: Item) -> bool:
        assert item.type is not None  # noqa: S101 - every constant has one
        final = resolved(item.type, self._crate)
        return final.kind == "primitive" and final.name in ("isize", "usize")

    def _integers(
        self, subject: Subject, item: Item, rust: Answers, c: CAnswers
    ) -> tuple[str | None, str | None]:
        key, numbers = f"const {item.id}", rust.numbers
        low, high = numbers.get(f"{key} low"), numbers.get(f"{key} high")
        if low is None or high is None:
            why = rust.why_not(f"{key} low", f"{key} high")
            return None, f"no answer from rustc for {item.name}: {why}"
        value = low | high << 64
        if high >> 63:
            value -= 1 << 128
        return self._compared(subject, item, c, (value, numbers.get(f"{key} length")))

    def _compared(
        self,
        subject: Subject,
        item: Item,
        c: CAnswers,
        rust: tuple[int, int | None],
        *,
        is_address: bool = False,
    ) -> tuple[str | None, str | None]:
        """Compare numbers, and addresses, which are no numbers until something is linked."""
        key, name = f"const {item.id}", item.name
        theirs = self._c_integer(key, c)
        if theirs is None:
            return None, self._unknown(subject, key, c)
        if c.addresses is None and not theirs[0] and c.numbers.get(f"{key} 4") == 0:
            return (
                None,
                f"this format of object files does not show whether {name} is an address in C",
            )
        if {f"{key} 0", f"{key} pointer 0"} & (c.addresses or frozenset()):
            if is_address:
                why = "addresses are known only after linking"
                return None, f"{name} is an address in C and Rust, and {why}"
            return f"{name} is an address in C, {shown_number(rust[0])} in Rust", None
        if is_address:
            return f"{name} is {shown_number(theirs[0])} in C, an address in Rust", None
        different, self.letters[item.id] = compare_integers(name, subject.c_name, theirs, rust)
        return different, None

    def _c_integer(self, key: str, c: CAnswers) -> tuple[int, int | None] | None:
        """Return C's value, and how many bytes it has there."""
        value, size = c.numbers.get(f"{key} 0"), c.numbers.get(f"{key} 3")
        if value is None:
            value = c.numbers.get(f"{key} pointer 0")
        elif c.numbers.get(f"{key} 2") == _REAL:
            return None
        elif c.numbers.get(f"{key} 1"):
            value -= 1 << 64
        return None if value is None else (value, size)

    def _unknown(self, subject: Subject, key: str, c: CAnswers) -> str:
        problem = c.problems.get(key)
        why = problem.text if problem is not None else "its value is not an integer"
        return f"no answer from the C compiler for {subject.c_name}: {why}"


def _not_an_expression(text: str, *, initialiser: bool) -> str:
    """Return why a macro's expansion cannot be asked about; empty if it can."""
    if not text:
        return "the macro is empty"
    bare = _LITERAL.sub("0", text)
    if ";" in bare or ("{" in bare and not initialiser):
        return "the macro expands to a statement"
    if '"' in bare or "'" in bare or "#" in bare:
        return "the macro expands to an unbalanced quote or a #"
    open_: list[str] = []
    for character in bare:
        if character in "([{":
            open_.append(character)
        elif character in ")]}" and (not open_ or open_.pop() != _PAIRS[character]):
            return "the brackets of the macro are not balanced"
    return "the brackets of the macro are not balanced" if open_ else ""


def _floats(name: str, c: bytes, rust: bytes, order: str) -> str | None:
    """Return how a double of C's differs from a number of Rust's, or None."""
    single = len(rust) == 4
    (one,) = struct.unpack(f"{order}d", c)
    (other,) = struct.unpack(f"{order}{'f' if single else 'd'}", rust)
    if single:  # as C rounds it
        (one,) = struct.unpack("<f", struct.pack("<f", one))
    if one == other or (one != one and other != other):
        return None
    return f"{name} is {one!r} in C, {other!r} in Rust"
