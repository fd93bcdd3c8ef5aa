"""Layouts: what is asked of both compilers about types, and how the answers are read."""

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING, Final

from .c_types import UntranslatableError, field_names, is_anonymous, is_bitfield_unit, is_padding
from .compare import Layout, Slot, compare_layouts, shifted, side_by_side
from .natures import resolved, scalar_nature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ...c.compiler import Problem
    from ...case import Layouts
    from .c_questions import CAnswers, CQuestions
    from .c_types import Speller, Spelling
    from .cdecls import Declarations
    from .probe import Answers, Probe
    from .rustdoc import Crate, Item
    from .rusttypes import RustType
    from .subjects import Subject

__all__ = ["LayoutQuestions"]

# `self._bitfield_1.get(0usize, 2u8)`: where bindgen's own accessor finds a bit-field.
_GETTER = re.compile(
    r"fn\s+(?:r#)?(?P<name>\w+)\s*\(\s*&\s*self\s*\)[^{]*\{"
    r".*?self\s*\.\s*(?P<unit>_bitfield_\d+)\s*\.\s*(?:get|get_const\s*::\s*<)\s*\(?\s*"
    r"(?P<first>\d+)(?:usize)?\s*,\s*(?P<count>\d+)",
    re.DOTALL,
)


_INTEGERS: Final = frozenset({1, 2, 3, 4})  # integer, character, enumeration, truth value
_POINTER: Final = 5
_REAL: Final = 8


class LayoutQuestions:
    """The types of one package."""

    def __init__(
        self, crate: Crate, declarations: Declarations, speller: Speller, root: str
    ) -> None:
        self._crate = crate
        self._declarations = declarations
        self._speller = speller
        self._root = root
        self._public = {item.id: item for item in crate.items}
        self._sources: dict[str, list[str]] = {}
        self.asked = 0
        """Facts: sizes, alignments, and fields."""
        self.answered = 0

    # -- Rust -----------------------------------------------------------------------------------

    def ask_rust(self, item: Item, probe: Probe) -> None:
        """Ask rustc about a type, and about those of its members that have no name in C."""
        seen: set[str] = set()
        waiting = [item]
        while waiting:
            item = waiting.pop()
            if item.id in seen:
                continue
            seen.add(item.id)
            probe.ask_layout(item.path)
            for field in item.fields:
                if not field.public:
                    continue
                probe.ask_field(item.path, field.name)
                child = self._public.get(field.type.id)
                if child is not None and is_anonymous(field.name):
                    waiting.append(child)

    def slots_of(self, kind_of: RustType | None, answers: Answers) -> Sequence[Slot]:
        """Return the fields of a type as rustc lays them out; none if it was not asked."""
        item = self.public(kind_of)
        layout = self._rust(item, answers) if item is not None else None
        return layout.slots if layout is not None else ()

    def public(self, kind_of: RustType | None) -> Item | None:
        """Return the struct or union behind a type, if it can be asked about."""
        if kind_of is None:
            return None
        item = self._public.get(resolved(kind_of, self._crate).id)
        return item if item is not None and not item.generic and item.fields else None

    def _rust(self, item: Item, answers: Answers) -> Layout | None:
        key = item.rust_path
        size, align = answers.numbers.get(f"size {key}"), answers.numbers.get(f"align {key}")
        if size is None or align is None:
            return None
        slots: list[Slot] = []
        hidden = open_ = False
        for field in item.fields:
            empty = field.type.kind == "array" and field.type.length == 0
            if not field.public:
                marker = empty or field.type.name.startswith("Phantom")
                hidden = hidden or not (marker or is_padding(field.name))
                continue
            place = f"{key} {field.name}"
            offset = answers.numbers.get(f"offset {place}")
            length = answers.numbers.get(f"fieldsize {place}")
            if offset is None or length is None:
                hidden = True
                continue
            child = self._public.get(field.type.id)
            if field.name == "_bindgen_opaque_blob":
                open_ = True
            elif is_bitfield_unit(field.name):
                slots += self._bits(item, field.name, offset)
            elif is_anonymous(field.name) and child is not None:
                inner = self._rust(child, answers)
                if inner is None:
                    hidden = True
                else:
                    slots += shifted(inner.slots, offset)
                    hidden = hidden or inner.hidden or inner.open
            else:
                nature = "" if length == 1 else scalar_nature(field.type, self._crate)
                slots.append(Slot(field.name, offset, length, nature=nature))
        fieldless = item.kind in ("enum", "alias")
        return Layout(item.name, size, align, tuple(slots), hidden, open_ or fieldless)

    def _bits(self, item: Item, unit: str, offset: int) -> Iterator[Slot]:
        for file, start, end in self._crate.accessors.get(item.id, ()):
            match = _GETTER.search("\n".join(self._lines(file)[start - 1 : end]))
            if match is not None and match["unit"] == unit:
                first = offset * 8 + int(match["first"])
                yield Slot(match["name"], first // 8, None, (first, int(match["count"])))

    def _lines(self, file: str) -> list[str]:
        if file not in self._sources:
            try:
                path = os.path.join(self._root, file)
                with open(path, encoding="utf-8", errors="replace") as source:
                    self._sources[file] = source.read().split("\n")
            except OSError:
                self._sources[file] = []
        return self._sources[file]

    # -- C --------------------------------------------------------------------------------------

    def ask_c(self, subject: Subject, questions: CQuestions) -> None:
        """Ask C about a type."""
        assert subject.item is not None  # noqa: S101 - a layout has one
        key, spelling = subject.item.id, self._speller.spelling(subject.item)
        assert spelling is not None  # noqa: S101 - else it would be no subject
        if spelling.definition:
            questions.declare(f"define {key}", spelling.definition)
        questions.ask_number(f"size {key}", f"sizeof({spelling.text})")
        questions.ask_number(f"align {key}", f"_Alignof({spelling.text})")
        scalars = {
            name: nature
            for field in subject.item.fields
            if field.public and (nature := scalar_nature(field.type, self._crate))
            for name in field_names(field.name)
        }
        for name, bits in self._members(spelling):
            if bits:
                questions.ask_bytes(
                    f"bits {key} {name}",
                    f"{spelling.text} value",
                    f"{{ .{name} = -1 }}",
                    f"sizeof({spelling.text})",
                )
                continue
            questions.ask_number(
                f"offset {key} {name}", f"__builtin_offsetof({spelling.text}, {name})"
            )
            written = f"(({spelling.text} *)0)->{name}"
            questions.ask_number(f"fieldsize {key} {name}", f"sizeof({written})")
            if name in scalars:
                questions.ask_number(f"class {key} {name}", f"__builtin_classify_type({written})")
                # Of what is no number this is refused: then the class alone counts.
                if scalars[name] != "pointer":
                    questions.ask_number(f"unsigned {key} {name}", f"(__typeof__({written}))-1 > 0")

    def _members(self, spelling: Spelling) -> Iterator[tuple[str, bool]]:
        """Yield names that C finds in a type, those of anonymous members too."""
        if spelling.body < 0:
            return
        waiting = [spelling.body]
        while waiting:
            body = waiting.pop(0)
            for member in self._declarations.members(body):
                if member.name:
                    yield member.name, member.bits
                elif member.body >= 0:
                    waiting.append(member.body)

    def _c(self, item: Item, spelling: Spelling, answers: CAnswers) -> Layout | None:
        key = item.id
        size, align = answers.numbers.get(f"size {key}"), answers.numbers.get(f"align {key}")
        if size is None or align is None:
            return None
        slots: list[Slot] = []
        hidden = False
        for name, bits in self._members(spelling):
            if bits:
                data = answers.bytes.get(f"bits {key} {name}")
                place = _set_bits(data[0]) if data is not None else None
                if place is not None:
                    slots.append(Slot(name, place[0] // 8, None, place))
                hidden = hidden or place is None
                continue
            offset = answers.numbers.get(f"offset {key} {name}")
            if offset is None:
                hidden = True
                continue
            length = answers.numbers.get(f"fieldsize {key} {name}")
            nature = _nature(
                answers.numbers.get(f"class {key} {name}"),
                answers.numbers.get(f"unsigned {key} {name}"),
            )
            slots.append(Slot(name, offset, length, nature=nature))
        name = item.name if spelling.text.startswith(("abi_", "__typeof__")) else spelling.text
        return Layout(name, size, align, tuple(slots), hidden, spelling.body < 0)

    # -- both -----------------------------------------------------------------------------------

    def ask_same_type(self, subject: Subject) -> dict[str, str]:
        """Return declarations that C takes only if an alias is what Rust says it is."""
        item = subject.item
        assert item is not None  # noqa: S101 - a layout has one
        spelling = self._speller.spelling(item)
        if item.kind != "alias" or item.type is None or spelling is None:
            return {}
        try:
            ways = list(self._speller.declarations(item.type, "\x03"))
        except UntranslatableError:
            return {}
        lines = {}
        for number, text in enumerate(ways):
            name = f"abi_alias_{item.id}_{number}"
            lines[f"alias {item.id} {number}"] = (
                f"extern {spelling.text} {name}; extern {text.replace(chr(3), name)};"
            )
        return lines

    def compare(
        self, subject: Subject, rust: Answers, c: CAnswers
    ) -> tuple[str | None, str | None]:
        """Return what to tell about a type: that it differs, or why nothing can be said."""
        item = subject.item
        assert item is not None  # noqa: S101 - a layout has one
        spelling = self._speller.spelling(item)
        assert spelling is not None  # noqa: S101 - else it would be no subject
        ours = self._rust(item, rust)
        fields = [one for one in item.fields if one.public]
        self.asked += 2 + len(fields)
        if ours is None:
            return None, f"rustc says nothing of {item.name}: {_refused(item, rust.refused)}"
        theirs = self._c(item, spelling, c)
        if theirs is None:
            problem = c.problems.get(f"size {item.id}") or c.problems.get(f"define {item.id}")
            why = _why(problem)
            return None, f"C says nothing of {spelling.text}: {why}"
        self.answered += 2 + self._answered(item, theirs, ours)
        return compare_layouts(item.name, theirs, ours), None

    def pair(self, subject: Subject, rust: Answers, c: CAnswers) -> Layouts | None:
        """Return both layouts of a type; None where one of them is not known."""
        item = subject.item
        spelling = self._speller.spelling(item) if item is not None else None
        if item is None or spelling is None:
            return None
        ours, theirs = self._rust(item, rust), self._c(item, spelling, c)
        return side_by_side(theirs, ours) if ours is not None and theirs is not None else None

    def _answered(self, item: Item, c: Layout, rust: Layout) -> int:
        names = {slot.name for slot in c.slots}
        places = {slot.span for slot in c.slots}
        count = 0
        for field in item.fields:
            if not field.public:
                continue
            own = [slot for slot in rust.slots if slot.name == field.name]
            count += (
                any(name in names for name in field_names(field.name))
                or is_anonymous(field.name)
                or is_bitfield_unit(field.name)
                or any(slot.span in places for slot in own)
                or field.name.startswith(("_bitfield_align_", "__bindgen_padding_"))
            )
        return count


def _refused(item: Item, refused: Mapping[str, str]) -> str:
    key = item.rust_path
    return refused.get(f"size {key}") or refused.get(f"align {key}") or "it was not asked"


def _why(problem: Problem | None) -> str:
    return problem.text if problem is not None else "it was not asked"


def _nature(kind: int | None, unsigned: int | None) -> str:
    """Return what C's field is; the classes are those of GCC's ``typeclass.h``."""
    if kind in (_POINTER, _REAL):
        return "pointer" if kind == _POINTER else "float"
    if kind in _INTEGERS and unsigned is not None:
        return "unsigned" if unsigned else "signed"
    return ""


def _set_bits(data: bytes) -> tuple[int, int] | None:
    """Return first and number of the bits that are set, counted as the machine does."""
    bits = [index for index in range(len(data) * 8) if data[index // 8] >> (index % 8) & 1]
    if not bits or bits[-1] - bits[0] + 1 != len(bits):
        return None
    return bits[0], len(bits)
