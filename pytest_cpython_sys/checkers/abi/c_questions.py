"""Questions to the C compiler: one line each, so that a refusal is about one of them."""

from __future__ import annotations

import os
import re
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final

from ...c.compiler import QUESTIONS, Compiler, CompilerError, HeaderRefusedError, Problem
from ...c.header_trouble import refusal_of_header
from ...c.types import CTypes
from ...late import dataclass, regex
from ...object_files.debug_info import DebugInfo, Entry, read_debug_info
from ...object_files.reader import HEAD, MAGIC, ORDER, ObjectFile
from .probe import NO_ENTRY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...c.compiler import Header

__all__ = ["DEBUG_FLAGS", "CAnswers", "CQuestions"]

_ATTEMPTS: Final = 12
_CHUNK: Final = 512
_BYTES: Final = 1_000_000
_LARGEST: Final = 1 << 20
_NO_QUESTION: Final = 1 << 24
"""A line that has no question's number."""
_UNDECLARED = regex(r"'(\w+)' undeclared|undeclared identifier '(\w+)'")
# All types in one section of the object file itself, whatever the package's flags say.
DEBUG_FLAGS: Final = ("-gdwarf-4", "-gno-split-dwarf", "-gz=none", "-fno-debug-types-section")
_NOTHING: Final = DebugInfo("<", 8, {}, Entry("unit"))
_MAGIC: Final = ", ".join(map(str, MAGIC))


def _record(number: int, declaration: str, value: str) -> str:
    """Return the definition of a record on one line."""
    head = f"{{{_MAGIC}}}, {ORDER}ull, {number}ull, {{0}}"
    return (
        f"const struct {{ unsigned char magic[16]; unsigned long long order, number, rest[4]; "
        f"{declaration}; }} __attribute__((used, aligned({HEAD}))) abi_{number} = "
        f"{{ {head}, {value} }};"
    )


@dataclass(frozen=True)
class CAnswers:
    """What C says: numbers, bytes with the places of pointers, and why it refused the rest."""

    numbers: Mapping[str, int]
    bytes: Mapping[str, tuple[bytes, frozenset[int] | None]]
    problems: Mapping[str, Problem]
    types: CTypes = field(default_factory=lambda: CTypes(_NOTHING))
    """Of the variables that were declared."""
    machine: str = ""
    """Which machine it is all for, as `ObjectFile.machine` has it."""
    addresses: frozenset[str] | None = None
    """The numbers that the linker will put an address for; None where nobody can tell."""

    def why_not(self, *keys: str) -> str:
        """Return why there is no answer under any of these keys."""
        return next((self.problems[key].text for key in keys if key in self.problems), NO_ENTRY)


class CQuestions:
    """Questions with a key each. They follow a header that went through the preprocessor."""

    def __init__(self) -> None:
        self._declarations: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._values: dict[str, tuple[int, str]] = {}
        self._bytes: dict[str, tuple[str, str, str]] = {}

    def declare(self, key: str, text: str) -> None:
        """Put a declaration before everything else."""
        self._declarations[key] = text

    def ask_number(self, key: str, expression: str) -> None:
        """Ask for a number that fits 64 bits, in C that cannot be a syntax error."""
        self._numbers[key] = expression

    def ask_numbers(self, key: str, expressions: list[str]) -> None:
        """Ask for numbers in a definition of their own; the keys are ``key 0``, ``key 1``."""
        text = ", ".join(f"(unsigned long long)({one})" for one in expressions)
        self._values[key] = len(expressions), text

    def ask_bytes(self, key: str, declaration: str, value: str, size: str) -> None:
        """Ask for the bytes of ``declaration = value``; ``declaration`` declares ``value``."""
        self._bytes[key] = declaration, value, size

    def compile(
        self, header: Header, compiler: Compiler, work: str, name: str, *, types: bool = False
    ) -> CAnswers:
        """Compile and read; what C refuses is left out. Raises CompilerError.

        ``types``: those of the declared variables are read as well.
        """
        source, target = os.path.join(work, f"{name}.i"), os.path.join(work, f"{name}.o")
        refused: dict[str, Problem] = {}
        for _ in range(_ATTEMPTS):
            lines, keys, places = self._lines(refused)
            with open(source, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(header.source)
                if types:  # of a file that defines nothing there is no debug information
                    file.write(f'\n# {_NO_QUESTION} "{QUESTIONS}"\nconst int abi_something = 0;')
                file.write(f'\n# 1 "{QUESTIONS}"\n')
                file.write("\n".join(lines))
                file.write("\n")
            problems = compiler.compile(source, target, *(DEBUG_FLAGS if types else ()))
            if not problems:
                answers = self._read(target, places, refused)
                return replace(answers, types=_types(target, compiler)) if types else answers
            new = 0
            for problem in problems:
                key = keys.get(problem.line) if problem.file == QUESTIONS else None
                if key is None or key in refused:
                    continue
                refused[key] = problem
                new += 1
                # A name that is not declared is reported once, wherever else it stands.
                unknown = _UNDECLARED.search(problem.text)
                if unknown is not None:
                    word = re.compile(rf"\b{unknown[1] or unknown[2]}\b")
                    for line, other in keys.items():
                        if other not in refused and word.search(lines[line - 1]):
                            refused[other] = problem
            if not new:
                refusal = refusal_of_header(header.path, problems, QUESTIONS)
                raise HeaderRefusedError(refusal, compiler.directory)
        raise CompilerError(
            "the C compiler rejects the generated checks again and again: use gcc or clang"
        )

    def _lines(
        self, refused: Mapping[str, Problem]
    ) -> tuple[list[str], dict[int, str], dict[str, tuple[int, int]]]:
        """Return the lines, the question of each (counted from 1), and each number's place."""
        lines: list[str] = []
        keys: dict[int, str] = {}
        places: dict[str, tuple[int, int]] = {}

        def add(text: str, key: str | None = None) -> None:
            lines.append(text)
            if key is not None:
                keys[len(lines)] = key

        for key, text in self._declarations.items():
            if key not in refused:
                add(text, key)
        numbers = [key for key in self._numbers if key not in refused]
        for record, start in enumerate(range(0, len(numbers), _CHUNK)):
            chunk = numbers[start : start + _CHUNK]
            opening, _, closing = _record(
                record, f"unsigned long long value[{len(chunk)}]", "{ @ }"
            ).partition("@")
            add(opening)
            for index, key in enumerate(chunk):
                add(f"(unsigned long long)({self._numbers[key]}),", key)
                places[key] = (record, index)
            add(closing)
        number = _CHUNK * 100
        for key, (count, text) in self._values.items():
            number += 1
            if key not in refused:
                add(_record(number, f"unsigned long long value[{count}]", f"{{ {text} }}"), key)
                for index in range(count):
                    places[f"{key} {index}"] = (number, index)
        number = _BYTES
        for key, (declaration, value, size) in self._bytes.items():
            number += 2
            if key not in refused:
                add(
                    _record(number, "unsigned long long value[1]", f"{{ {size} }}")
                    + _record(number + 1, declaration, value),
                    key,
                )
                places[f"{key} size"] = (number, 0)
                places[key] = (number + 1, 0)
        return lines, keys, places

    def _read(
        self,
        path: str,
        places: Mapping[str, tuple[int, int]],
        refused: Mapping[str, Problem],
    ) -> CAnswers:
        records = ObjectFile.read(path)
        counts: dict[int, int] = {}
        for key, (record, index) in places.items():
            if key not in self._bytes:
                counts[record] = max(counts.get(record, 0), index + 1)
        tables = {record: records.numbers(record, count) for record, count in counts.items()}
        numbers = {
            key: tables[record][index]
            for key, (record, index) in places.items()
            if key not in self._bytes and tables[record]
        }
        data: dict[str, tuple[bytes, frozenset[int] | None]] = {}
        for key in self._bytes:
            if key in places:
                size = min(numbers.get(f"{key} size", 0), _LARGEST)
                value = records.bytes(places[key][0], size)
                if value is not None:
                    data[key] = value, records.pointers_in(places[key][0], size)
        addresses = {
            key
            for key, (record, index) in places.items()
            if 8 * index in (records.pointers_in(record, 8 * counts.get(record, 0)) or ())
        }
        return CAnswers(
            numbers,
            data,
            refused,
            machine=records.machine,
            addresses=frozenset(addresses) if records.pointers is not None else None,
        )


def _types(path: str, compiler: Compiler) -> CTypes:
    info = read_debug_info(path)
    if info is None:
        raise CompilerError(
            f"{compiler.argv[0]} writes no readable debug information (DWARF 4, asked for "
            "with -gdwarf-4): use gcc or clang"
        )
    return CTypes(info)
