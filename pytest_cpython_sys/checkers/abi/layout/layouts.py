"""Layouts: what is asked of both compilers about types, and how the answers are read."""

from __future__ import annotations

import os.path
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ....c.types import Use, written
from ....case import counted
from ....late import regex
from ..c_types import bare_name, field_names, is_anonymous, is_bitfield_unit, is_padding
from ..natures import is_marker, is_truncated, resolved
from ..types.differences import told
from ..types.rust_graph import nested
from .compare import Layout, compare_layouts, side_by_side
from .slots import Slot, shifted, slots_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ....c.types import Type
    from ....case import Layouts
    from ..c_questions import CQuestions
    from ..c_types import Speller
    from ..probe import Probe
    from ..rustdoc import Accessor, Crate, Item
    from ..rusttypes import RustType
    from ..subjects import Subject
    from ..types.declared import Declared, Sides
    from ..types.differences import Difference

__all__ = ["LayoutQuestions"]

# `self._bitfield_1.get(0usize, 2u8)`: where bindgen's own accessor finds a bit-field.
_GETTER = regex(
    r"fn\s+(?:r#)?(?P<name>\w+)\s*\(\s*&\s*self\s*\)[^{]*\{"
    r".*?self\s*\.\s*(?P<unit>_bitfield_\d+)\s*\.\s*(?:get|get_const\s*::\s*<)\s*\(?\s*"
    r"(?P<first>\d+)(?:usize)?\s*,\s*(?P<count>\d+)",
    re.DOTALL,
)


# Where bindgen keeps what it does not write out.
_BLOBS: Final = ("_bindgen_opaque_blob", "_bindgen_data_", "bindgen_union_field")
_TYPES: Final = ("struct", "union", "enum", "alias")


class LayoutQuestions:
    """The types of one package."""

    def __init__(self, crate: Crate, speller: Speller, declared: Declared, root: str) -> None:
        self._crate = crate
        self._speller = speller
        self._declared = declared
        self._root = root
        self._public = {item.id: item for item in crate.items}
        self._sources: dict[str, list[str]] = {}
        self._seen: set[RustType] = set()
        self._asked_rust: set[str] = set()
        self.asked = 0
        """Facts: sizes, alignments, and fields."""
        self.answered = 0

    # -- what is asked --------------------------------------------------------------------------

    def ask_rust(self, item: Item, probe: Probe) -> None:
        """Ask rustc about a type, or what a function names, and about all that is in them."""
        self._ask_rust(item, probe)
        kinds = [field.type for field in item.fields]
        for kind_of in [*kinds, item.type] if item.type is not None else kinds:
            for one in nested(kind_of, self._crate, self._seen):
                inside = self._public.get(one.id)
                if inside is not None:
                    self._ask_rust(inside, probe)

    def _ask_rust(self, item: Item, probe: Probe) -> None:
        if item.id in self._asked_rust or item.generic or item.kind not in _TYPES:
            return
        self._asked_rust.add(item.id)
        probe.ask_layout(item.path)
        for field in item.fields:
            if field.public:
                probe.ask_field(item.path, field.name)

    def ask_c(self, subject: Subject, questions: CQuestions) -> None:
        """Ask C about a type."""
        assert subject.item is not None  # noqa: S101 - a layout has one
        key, spelling = subject.item.id, self._speller.spelling(subject.item)
        assert spelling is not None  # noqa: S101 - else it would be no subject
        self._declared.declare_item(subject.item)
        if subject.item.type is not None:
            self._declared.declare_all(subject.item.type)
        if subject.kind == "layout":
            questions.ask_number(f"align {key}", f"_Alignof({spelling.text})")

    # -- Rust -----------------------------------------------------------------------------------

    def slots_of(self, kind_of: RustType | None, sides: Sides) -> Sequence[Slot]:
        """Return the fields of a type, those of its fields too; none if it was not asked."""
        item = self.public(kind_of)
        layout = self._rust(item, sides) if item is not None else None
        slots = list(layout.slots) if layout is not None else []
        for slot in slots:  # grows: what is inside comes behind what it is in
            slots += slots_of(slot)
        return slots[::-1]

    def public(self, kind_of: RustType | None) -> Item | None:
        """Return the struct or union behind a type, if it can be asked about."""
        if kind_of is None:
            return None
        item = self._public.get(resolved(kind_of, self._crate).id)
        return item if item is not None and not item.generic and item.fields else None

    def _rust(self, item: Item, sides: Sides) -> Layout | None:
        key, numbers = item.rust_path, sides.rust.numbers
        size, align = numbers.get(f"size {key}"), numbers.get(f"align {key}")
        if size is None or align is None:
            return None
        whole = sides.rust_types.of_item(item)
        if item.kind in ("enum", "alias"):
            return _plain_layout(item.name, size, align, whole)
        slots: list[Slot] = []
        hidden = open_ = False
        for field in item.fields:
            if not field.public:
                hidden = hidden or not (is_marker(field.type) or is_padding(field.name))
                continue
            place = f"{key} {field.name}"
            offset, length = numbers.get(f"offset {place}"), numbers.get(f"fieldsize {place}")
            if offset is None or length is None:
                hidden = True
                continue
            child = self._public.get(field.type.id)
            if field.name in _BLOBS:
                open_ = True
            elif is_bitfield_unit(field.name):
                slots += self._bits(item, field.name, offset, sides)
            elif child is not None and (is_anonymous(field.name) or _is_newtype(item)):
                inner = self._rust(child, sides)
                if inner is None:
                    hidden = True
                else:
                    slots += shifted(inner.slots, offset)
                    hidden = hidden or inner.hidden or inner.open
            else:
                slots.append(Slot(field.name, offset, length, use=sides.rust_types.use(field.type)))
        # One that says nothing of what is in it hides that, whatever its field is called.
        hidden = hidden or not any(field.public for field in item.fields)
        union = item.kind == "union"
        return Layout(item.name, size, align, tuple(slots), hidden, open_, union)

    def _bits(self, item: Item, unit: str, offset: int, sides: Sides) -> Iterator[Slot]:
        for accessor in self._crate.accessors.get(item.id, ()):
            match = _GETTER.search(self._source_of(accessor))
            if match is not None and match["unit"] == unit:
                first = offset * 8 + int(match["first"])
                use = sides.rust_types.use(accessor.result)
                yield Slot(match["name"], first // 8, None, (first, int(match["count"])), use)

    def _source_of(self, accessor: Accessor) -> str:
        file = accessor.file
        if file not in self._sources:
            try:
                path = os.path.join(self._root, file)
                with open(path, encoding="utf-8", errors="replace") as source:
                    self._sources[file] = source.read().split("\n")
            except OSError:
                self._sources[file] = []
        return "\n".join(self._sources[file][accessor.first - 1 : accessor.last])

    # -- C --------------------------------------------------------------------------------------

    def _c(self, item: Item, sides: Sides) -> Layout | None:
        use, align = sides.c_use(item.id), sides.c.numbers.get(f"align {item.id}")
        if use is None or align is None or use.type.size is None:
            return None
        spelling = self._speller.spelling(item)
        assert spelling is not None  # noqa: S101 - else it would be no subject
        name = item.name if spelling.text.startswith(("abi_", "__typeof__")) else spelling.text
        if item.kind in ("enum", "alias") or not use.type.is_record:
            return _plain_layout(name, use.type.size, align, use.type)
        whole = Slot("", 0, use.type.size, use=use)
        slots = [replace(one, name=one.name.lstrip(".")) for one in slots_of(whole)]
        return Layout(name, use.type.size, align, tuple(slots))

    # -- both -----------------------------------------------------------------------------------

    def compare(
        self, subject: Subject, sides: Sides, by_value: str | None
    ) -> tuple[str | None, str | None, list[Difference]]:
        """Return what to tell about a type: that it differs, or why nothing can be said.

        And the minor differences. ``by_value``: where Rust uses it so.
        """
        item = subject.item
        assert item is not None  # noqa: S101 - a layout has one
        c_use = sides.c_use(item.id)
        if c_use is not None and c_use.type.kind == "function" and item.type is not None:
            return self._function_type(item, c_use.type, sides)
        ours = self._rust(item, sides)
        self.asked += 2 + sum(one.public for one in item.fields)
        if ours is None:
            why = sides.rust.why_not(f"size {item.rust_path}", f"align {item.rust_path}")
            return None, f"no answer from rustc for {item.name}: {why}", []
        theirs = self._c(item, sides)
        if theirs is None:
            return None, self._nothing(item, sides), []
        self.answered += 2 + _answered(item, theirs, ours)
        if is_truncated(item) and _is_shorter(item, ours, theirs):
            if by_value is not None:
                text = (
                    f"{item.name} has only the first fields of C's type but is used by value in "
                    f"{by_value}, where C has {counted(theirs.size, 'byte')}: use {item.name} only "
                    "behind a pointer, or declare all of its fields"
                )
                return text, None, []
            ours = replace(ours, truncated=True)
        theirs = replace(theirs, slots=tuple(_seen(item, theirs)))
        different, letters = compare_layouts(item.name, theirs, ours, sides.agreement)
        # What has no fields in C, or is an alias in Rust, is compared as a whole.
        if different is None and c_use is not None and (item.type or not c_use.type.is_record):
            return self._whole(item, c_use, sides)
        return different, None, letters

    def _whole(
        self, item: Item, c: Use, sides: Sides
    ) -> tuple[str | None, str | None, list[Difference]]:
        types, text = sides.rust_types, str(item.type or f"{item.kind} {item.name}")
        rust = types.use(item.type) if item.type else Use(types.of_item(item), text=text)
        # Elsewhere its name stands for it; here it is asked what is in it.
        rust = rust.type.inner or rust
        return told(
            f"{item.name} is a different type in C",
            sides.agreement.values(c, rust, "", is_field=True),
            written(c.type),
            text,
        )

    def _function_type(
        self, item: Item, c: Type, sides: Sides
    ) -> tuple[str | None, str | None, list[Difference]]:
        assert item.type is not None  # noqa: S101 - every alias has one
        rust = sides.rust_types.use(item.type).type
        if rust.kind != "pointer" or rust.target is None or rust.target.type.kind != "function":
            return f"{item.name} is a function in C, {item.type} in Rust", None, []
        return told(
            f"{item.name} is a different type in C",
            sides.agreement.functions(c, rust.target.type),
            written(c),
            str(item.type),
        )

    def _nothing(self, item: Item, sides: Sides) -> str:
        spelling = self._speller.spelling(item)
        assert spelling is not None  # noqa: S101 - else it would be no subject
        keys = (f"define {item.id}", f"type {item.id}", f"align {item.id}")
        return f"no answer from the C compiler for {spelling.text}: {sides.c.why_not(*keys)}"

    def pair(self, subject: Subject, sides: Sides) -> Layouts | None:
        """Return both layouts of a type; None where one of them is not known."""
        item = subject.item
        if item is None or self._speller.spelling(item) is None:
            return None
        ours, theirs = self._rust(item, sides), self._c(item, sides)
        if ours is None or theirs is None:
            return None
        return side_by_side(theirs, ours, sides.agreement)


def _plain_layout(name: str, size: int, align: int, kind_of: Type) -> Layout:
    """Return the layout of what has no fields of its own: an enum, or an alias."""
    whole = Slot("", 0, size, use=Use(kind_of))
    parts = [replace(one, name=one.name.lstrip(".")) for one in slots_of(whole)]
    return Layout(name, size, align, tuple(parts or [replace(whole, name=name)]), open=True)


def _seen(item: Item, c: Layout) -> Iterator[Slot]:
    """Yield C's fields without those that are padding in C too, and private in Rust."""
    own = {bare_name(one.name) for one in item.fields if not one.public and is_padding(one.name)}
    return (slot for slot in c.slots if bare_name(slot.name) not in own)


def _is_newtype(item: Item) -> bool:
    return item.repr == "transparent"


def _is_shorter(item: Item, rust: Layout, c: Layout) -> bool:
    """Tell whether C's type goes on where Rust's ends."""
    return rust.size < c.size or item.fields[-1].type.name == "c_void"


def _answered(item: Item, c: Layout, rust: Layout) -> int:
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
