"""Which constants and ``const fn`` of Rust's have a counterpart in C, and which one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from ...case import counted
from ...rust.metadata import TABLE, MetadataError, fault, shown
from .keys import Keys, nearest
from .natures import constant_form
from .probe import rust_path
from .subjects import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...rust.tables.abi import AbiTable
    from .c_names import CNames
    from .rustdoc import Crate, Item

__all__ = ["ConstantSurvey"]


class _Refusal(Protocol):
    def __call__(self, item: Item, reason: str, *, missing: bool = False) -> None: ...


class ConstantSurvey:
    """Finds C's values; ``none`` is told of what has no counterpart or cannot be compared."""

    def __init__(
        self,
        crate: Crate,
        table: AbiTable,
        names: CNames,
        *,
        is_generated: Callable[[str], bool],
        none: _Refusal,
    ) -> None:
        self._crate = crate
        self._names = names
        self._inits = Keys(crate.name, table.inits)
        self._arguments = Keys(crate.name, table.arguments)
        self._is_generated = is_generated
        self._none = none
        self._type_names = {item.name for item in crate.types.values()}

    def constant(self, item: Item) -> Iterator[Subject]:
        """Yield what to compare a constant with, if C has it."""
        assert item.type is not None  # noqa: S101 - every constant has one
        form = constant_form(item.type, self._crate)
        init = self._inits.of(item)
        wanted = self._names.given(item) or item.name
        if init is not None and form:
            yield Subject("init", item.name, item, init)
        elif not form:
            known = init is not None or wanted in self._names.values
            if known:
                self._none(item, f"a constant of type {item.type} cannot be compared")
            elif "::" not in item.name:
                self._none(item, self._names.no("constant", item), missing=True)
        elif "::" in item.name:
            yield from self._of_type(item)
        elif form not in ("struct", "array"):
            subject = self._value(item, wanted)
            if subject is not None:
                yield subject
        elif wanted in self._names.macros:
            yield Subject("init", item.name, item, self._initialiser(wanted))
        elif wanted in self._names.values:
            self._none(
                item, "C has a variable of that name, and its value is unknown at compile time"
            )
        else:
            self._none(item, self._names.no("initialiser", item), missing=True)

    def _of_type(self, item: Item) -> Iterator[Subject]:
        """Yield a constant that belongs to a type, if it is an enumerator of C's.

        bindgen writes an enum as a struct around a number, with a constant for each value.
        """
        assert item.type is not None  # noqa: S101 - every constant has one
        owner, _, name = item.name.rpartition("::")
        generated = self._is_generated(item.file) and item.type.name == owner
        known = self._names.is_enumerator(owner, name)
        if not known and not (generated and name in self._names.enumerators):
            return
        own = self._crate.types.get(item.type.id)
        fields = own.fields if own is not None else ()
        if constant_form(item.type, self._crate) == "integer":
            yield Subject("const", item.name, item, name)
        elif [field.name for field in fields if field.public] == ["0"]:
            number = replace(item, type=fields[0].type)
            yield Subject("const", item.name, number, name, call=".0")

    def _initialiser(self, name: str) -> str:
        """Return a macro as it is written to be used: each argument is 0."""
        parameters = self._names.macros[name].parameters
        if parameters is None:
            return name
        return f"{name}({', '.join(['0'] * _count(parameters))})"

    def _value(self, item: Item, wanted: str) -> Subject | None:
        names = self._names
        if wanted in names.values:
            return Subject("const", item.name, item, wanted)
        generated = self._is_generated(item.file)
        for index, character in enumerate(wanted):
            before, after = wanted[:index], wanted[index + 1 :]
            if character != "_" or after not in names.enumerators:
                continue
            # bindgen puts the name of the enum, or of the struct around it, before it.
            if names.is_enumerator(before, after) or (generated and before in self._type_names):
                return Subject("const", item.name, item, after)
        others = names.alike(wanted)
        if len(others) == 1:
            return Subject("const", item.name, item, others[0], by_case=True)
        if wanted in names.macros:
            self._none(item, "the header defines a macro with arguments of that name")
        elif others:
            self._none(item, f"several names in C differ from it only in case: {', '.join(others)}")
        else:
            self._none(item, names.no("constant", item), missing=True)
        return None

    def macro(self, item: Item) -> Iterator[Subject]:
        """Yield a ``const fn`` that is a macro in C, if the table says what to call it with.

        Raises MetadataError for calls that cannot be made.
        """
        name = self._names.given(item) or item.name
        macro = self._names.macros.get(name)
        calls = self._arguments.of(item)
        if macro is None or macro.parameters is None:
            if calls is not None:
                called = [one for one, other in self._names.macros.items() if other.parameters]
                text = f"`arguments`: {item.rust_path} cannot be compared, because the header"
                raise self._refused(
                    item, f"{text} defines no macro {name} with arguments{nearest(name, called)}"
                )
        elif calls is None:
            words = "the header defines a macro of that name: to compare both, list arguments"
            self._none(item, f"{words} in [{TABLE}.arguments]")
        else:
            own = tuple(self._call(item, name, macro.parameters, call) for call in calls)
            yield Subject("macro", item.name, item, name, values=own)

    def _call(self, item: Item, macro: str, parameters: str, call: str) -> Subject:
        """Return a call as a constant: its value has the type that the ``const fn`` returns."""
        assert item.type is not None  # noqa: S101 - every function has one
        *inputs, output = item.type.parts
        words = [word.strip() for word in call.split(",") if word.strip()]
        counts = {len(inputs)} if "..." in parameters else {len(inputs), _count(parameters)}
        if counts != {len(words)}:
            raise self._refused(
                item,
                f"`arguments`: {shown(call)} has {counted(len(words), 'argument')}, but "
                f"{item.rust_path} takes {len(inputs)} in Rust and is {macro}{parameters} in C",
            )
        both = [self._argument(item, word) for word in words]
        result = replace(
            item, kind="const", id=f"{item.id} {call}", name=f"{item.name}({call})", type=output
        )
        return Subject(
            "init" if constant_form(output, self._crate) in ("struct", "array") else "const",
            result.name,
            result,
            f"{macro}({', '.join(c for c, _ in both)})",
            call=f"({', '.join(rust for _, rust in both)})",
        )

    def _refused(self, item: Item, text: str) -> MetadataError:
        return MetadataError(fault(text, "arguments", self._arguments.key_of(item)))

    def _argument(self, item: Item, word: str) -> tuple[str, str]:
        """Return an argument as C writes it, and as Rust does. Raises MetadataError."""
        if not word[0].isalpha() and word[0] != "_":
            return word, word
        constants = [one for one in self._crate.items if one.kind == "const"]
        for one in constants:
            if f"::{self._crate.name}::{one.rust_path}".endswith(f"::{word}"):
                return self._names.given(one) or one.name, f"{rust_path(one.path)} as _"
        near = nearest(word, [one.rust_path for one in constants])
        text = f"`arguments`: {shown(word)} is not a constant of {self._crate.name}{near}"
        raise self._refused(item, text)


def _count(parameters: str) -> int:
    """Return how many parameters a macro has; they are given with their parentheses."""
    return parameters.count(",") + 1 if parameters.strip("() ") else 0
