"""What Rust's own compiler says of values: a generated crate that depends on the package.

It is compiled and never run: its object file holds sizes, offsets, and the bytes of constants.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Final

from ...c.compiler import AbiError, run_tool
from ...late import dataclass
from ...object_files.reader import MAGIC, ORDER, ObjectFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Answers", "Probe", "ProbeError", "raw_name", "rust_path"]

_EVALUATION: Final = "E0080"
_CHUNK: Final = 256  # numbers in one static: the time for one grows faster than its length
_PRELUDE: Final = """\
#![allow(warnings)]
extern crate {crate} as k;
use core::mem::{{align_of, offset_of, size_of, transmute, MaybeUninit}};
use core::ptr::addr_of;
#[repr(C, align(64))]
pub struct Record<T> {{ magic: [u8; 16], order: u64, number: u64, rest: [u64; 4], value: T }}
unsafe impl<T> Sync for Record<T> {{}}
const fn record<T>(number: u64, value: T) -> Record<T> {{
    Record {{ magic: {magic}, order: {order}, number, rest: [0; 4], value }}
}}
const fn size<T>(_: &T) -> usize {{ size_of::<T>() }}
const fn field<T, F>(_: fn(*const T) -> *const F) -> u64 {{ size_of::<F>() as u64 }}
const fn low(value: i128) -> u64 {{ value as u64 }}
const fn high(value: i128) -> u64 {{ (value >> 64) as u64 }}
"""
# Strict and reserved keywords that may be raw: https://doc.rust-lang.org/reference/keywords.html
_KEYWORDS: Final = frozenset(
    re.findall(
        r"\w+",
        "abstract as async await become box break const continue do dyn else enum extern "
        "false final fn for gen if impl in let loop macro match mod move mut override priv pub "
        "ref return static struct trait true try type typeof unsafe unsized use virtual where "
        "while yield",
    )
)


class ProbeError(AbiError):
    """The probe cannot be compiled, whatever is left out of it."""


def raw_name(name: str) -> str:
    """Return an identifier as it must be written."""
    return f"r#{name}" if name in _KEYWORDS else name


def rust_path(path: Sequence[str]) -> str:
    """Return how the probe names an item."""
    return "::".join(("k", *map(raw_name, path)))


NO_ENTRY: Final = "the object file has no entry for it"
"""Why there is no answer that a compiler did not refuse."""


@dataclass(frozen=True)
class Answers:
    """What the compiler said: numbers, bytes with the places of pointers, and refusals."""

    numbers: Mapping[str, int]
    bytes: Mapping[str, tuple[bytes, frozenset[int] | None]]
    refused: Mapping[str, str]
    order: str = "<"
    """Of the bytes, as the module ``struct`` has it."""
    machine: str = ""
    """Which machine it is all for, as `ObjectFile.machine` has it."""

    def why_not(self, *keys: str) -> str:
        """Return why there is no answer under any of these keys."""
        return next(filter(None, map(self.refused.get, keys)), NO_ENTRY)


class Probe:
    """Questions to rustc, each with a key of its own."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}
        self._bytes: dict[str, str] = {}

    def ask_number(self, key: str, expression: str) -> None:
        """Ask for a constant of type ``u64``."""
        self._numbers[key] = expression

    def ask_bytes(self, key: str, expression: str) -> None:
        """Ask for the bytes of a constant of any type; their number is asked for too."""
        self._bytes[key] = expression
        self._numbers[f"{key} size"] = f"size(&{expression}) as u64"

    def ask_layout(self, path: Sequence[str]) -> None:
        """Ask for size and alignment of a type."""
        name = rust_path(path)
        self._numbers[f"size {'::'.join(path)}"] = f"size_of::<{name}>() as u64"
        self._numbers[f"align {'::'.join(path)}"] = f"align_of::<{name}>() as u64"

    def ask_field(self, path: Sequence[str], name: str) -> None:
        """Ask for a field's offset and size."""
        owner, raw = rust_path(path), raw_name(name)
        key = f"{'::'.join(path)} {name}"
        self._numbers[f"offset {key}"] = f"offset_of!({owner}, {raw}) as u64"
        self._numbers[f"fieldsize {key}"] = (
            f"field(|p: *const {owner}| unsafe {{ addr_of!((*p).{raw}) }})"
        )

    def ask_integer(self, key: str, expression: str) -> None:
        """Ask for the value of an integer constant."""
        self._numbers[f"{key} length"] = f"size(&{expression}) as u64"
        self._numbers[f"{key} low"] = f"low({expression} as i128)"
        self._numbers[f"{key} high"] = f"high({expression} as i128)"

    def ask_text(self, key: str, expression: str) -> None:
        """Ask for the bytes that a constant points to, up to the first zero."""
        # Written out on the question's own line, so that an error is about that line.
        length = (
            f"{{ const P: *const u8 = {expression} as *const u8; let mut n = 0; "
            "while unsafe { *P.add(n) } != 0 { n += 1 } n + 1 }"
        )
        self.ask_bytes(key, f"unsafe {{ *({expression} as *const [u8; {length}]) }}")

    def compile(
        self, crate: str, command: Sequence[str], work: str, root: str, env: Mapping[str, str]
    ) -> Answers:
        """Compile and read; what rustc refuses is left out. Raises ProbeError."""
        source, target = os.path.join(work, "probe.rs"), os.path.join(work, "probe.o")
        refused: dict[str, str] = {}
        alone = False
        # What is refused is left out, and with it goes what rustc had not come to: names come
        # before types, and types before values. It says all it has of one of these at once.
        while True:
            text, lines, places = self._source(crate, refused, alone=alone)
            with open(source, "w", encoding="utf-8") as file:
                file.write(text)
            errors = self._errors([*command, f"--emit=obj={target}", source], root, env)
            if errors is None:
                return self._read(target, places, refused)
            new = {lines[line]: words for line, words in errors.items() if line in lines}
            if not new:
                words = "\n".join(errors.values())
                raise ProbeError(f"rustc rejects the generated checks of {crate}:\n{words}")
            # The evaluation of a static ends with its first error.
            alone = alone or any(words.startswith(_EVALUATION) for words in new.values())
            for key, words in new.items():
                refused[key.removesuffix(" size")] = words
                refused[key] = words

    def _source(
        self, crate: str, refused: Mapping[str, str], *, alone: bool
    ) -> tuple[str, dict[int, str], dict[str, tuple[int, int]]]:
        """Return source, the question of each line, and where each number will be.

        ``alone``: each number is a constant, which fails for itself.
        """
        magic = "[" + ", ".join(map(str, MAGIC)) + "]"
        text = [_PRELUDE.format(crate=crate, magic=magic, order=ORDER)]
        line = text[0].count("\n") + 1
        lines: dict[int, str] = {}
        places: dict[str, tuple[int, int]] = {}
        numbers = [key for key in self._numbers if key not in refused]
        for record, start in enumerate(range(0, len(numbers), _CHUNK)):
            chunk = numbers[start : start + _CHUNK]
            text.append(
                f"#[used] pub static N{record}: Record<[u64; {len(chunk)}]> = record({record}, [\n"
            )
            line += 1
            for index, key in enumerate(chunk):
                value = self._numbers[key]
                value = f"{{ const A: u64 = {value}; A }}" if alone else value
                text.append(f"{value},\n")
                lines[line] = key
                places[key] = (record, index)
                line += 1
            text.append("]);\n")
            line += 1
        for number, (key, expression) in enumerate(self._bytes.items(), 1_000_000):
            if key in refused:
                continue
            text.append(
                f"#[used] pub static B{number}: Record<[MaybeUninit<u8>; size(&{expression})]> = "
                f"record({number}, unsafe {{ transmute({expression}) }});\n"
            )
            lines[line] = key
            places[key] = (number, 0)
            line += 1
        return "".join(text), lines, places

    @staticmethod
    def _errors(argv: list[str], root: str, env: Mapping[str, str]) -> dict[int, str] | None:
        """Return rustc's words by line of the probe; None if it had no error."""
        try:
            code, _, words = run_tool([*argv, "--error-format=json"], root, env)
        except OSError as error:
            raise ProbeError(f"{argv[0]} cannot be run: {error.strerror}") from None
        if code == 0:
            return None
        found: dict[int, str] = {}
        for text in words.splitlines():
            try:
                message = json.loads(text)
            except ValueError:
                found.setdefault(0, text)
                continue
            if message.get("level") != "error":
                continue
            # Up to 1.88, an evaluation's error was about the function, with a note of who called.
            notes = (_own_line(child["spans"]) for child in message["children"])
            line = _own_line(message["spans"]) or next(filter(None, notes), 0)
            code_of = message["code"]["code"] + ": " if message.get("code") else ""
            found.setdefault(line, code_of + message["message"] + _label(message["spans"]))
        return found

    def _read(
        self, path: str, places: Mapping[str, tuple[int, int]], refused: Mapping[str, str]
    ) -> Answers:
        records = ObjectFile.read(path)
        counts: dict[int, int] = {}
        for record, _ in places.values():
            counts[record] = counts.get(record, 0) + 1
        tables = {
            record: records.numbers(record, count)
            for record, count in counts.items()
            if record < 1_000_000
        }
        numbers = {
            key: tables[record][index]
            for key, (record, index) in places.items()
            if tables.get(record)
        }
        found: dict[str, tuple[bytes, frozenset[int] | None]] = {}
        for key in self._bytes:
            size = numbers.get(f"{key} size")
            if key in places and size is not None:
                data = records.bytes(places[key][0], size)
                if data is not None:
                    found[key] = data, records.pointers_in(places[key][0], size)
        return Answers(numbers, found, refused, records.order, records.machine)


def _label(spans: Sequence[Mapping[str, object]]) -> str:
    """Return what rustc says at the place that an error is about, if that is not in the probe."""
    elsewhere = (span for span in spans if span["is_primary"] and not _own_line([span]))
    return next((f": {span['label']}" for span in elsewhere if span["label"]), "")


def _own_line(spans: Sequence[Mapping[str, object]]) -> int:
    """Return the line of the probe that an error is about, through macros; 0 if none is."""
    for span in spans:
        current: object = span
        line = 0
        while isinstance(current, dict):
            if str(current["file_name"]).endswith("probe.rs"):
                line = int(current["line_start"])
            expansion = current.get("expansion")
            current = expansion["span"] if isinstance(expansion, dict) else None
        if line and span.get("is_primary"):
            return line
    return 0
