"""Two layouts as an SVG: what is in it, whatever the names."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from pytest_cpython_sys.case import Layouts, Member, TypeLayout
from pytest_cpython_sys.plugin.pictures.layout_svg import draw
from pytest_cpython_sys.plugin.pictures.svg_files import drawing_name

SVG = "{http://www.w3.org/2000/svg}"


def layout(name: str, size: int, *members: Member, align: int = 8) -> TypeLayout:
    return TypeLayout(name, size, align, members)


A, B = Member("a", 0, 32), Member("b", 64, 128)


def boxes(text: str) -> dict[str, list[tuple[str, float, float]]]:
    """Return style, top and height of each box, by its text."""
    found: dict[str, list[tuple[str, float, float]]] = {}
    for group in ET.fromstring(text).iter(f"{SVG}g"):
        title, rect = group.find(f"{SVG}title"), group.find(f"{SVG}rect")
        assert title is not None
        assert rect is not None
        values = rect.get("class") or "", float(rect.get("y") or 0), float(rect.get("height") or 0)
        found.setdefault(title.text or "", []).append(values)
    return found


def texts(text: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(text).iter(f"{SVG}text")]


def test_what_agrees() -> None:
    text = draw(Layouts(layout("struct s", 16, A, B), layout("s", 16, A, B)))
    found = boxes(text)
    assert set(found) == {"a, 4 bytes", "(hole), 4 bytes", "b, 8 bytes"}
    assert all(len(places) == 2 and places[0] == places[1] for places in found.values())
    assert {"C: struct s", "Rust: s", "size 16, aligned to 8"} <= set(texts(text))
    assert not any("first difference" in one for one in texts(text))
    assert "prefers-color-scheme: dark" in text


def test_the_first_difference_is_marked() -> None:
    other = Member("b", 32, 96)
    text = draw(Layouts(layout("s", 16, A, B), layout("s", 16, A, other, align=4), marked=("b",)))
    assert "first difference: offset 4" in texts(text)
    assert [style for style, _, _ in boxes(text)["b, 8 bytes"]] == ["wrong", "wrong"]
    assert [style for style, _, _ in boxes(text)["a, 4 bytes"]] == ["field", "field"]


def test_bits_and_members_that_lie_over_one_another() -> None:
    members = [Member("one", 0, 1, bits=True), Member("rest", 1, 8, bits=True)]
    members += [Member("x", 32, 64), Member("y", 32, 48), Member("none", 64, 64)]
    text = draw(Layouts(layout("u", 8, *members), layout("u", 8, *members)))
    assert {"one, 1 bit", "rest, 7 bits", "(hole), 3 bytes"} <= set(boxes(text))
    places = {
        rect.get("x")
        for rect in ET.fromstring(text).iter(f"{SVG}rect")
        if rect.get("class") == "field"
    }
    assert len(places) == 4  # two lanes a side
    assert "C: none at 8 has no size" in texts(text)


def test_sizes_that_nobody_knows_make_no_holes() -> None:
    members = [Member("a", 0, None), Member("b", 64, None)]
    wrong = [Member("a", 0, None), Member("b", 32, None)]
    layouts = Layouts(
        layout("s", 16, *members), layout("s", 8, *wrong), ("b",), ("recorded", "rustc")
    )
    found = boxes(draw(layouts))
    assert set(found) == {"a", "b"}
    assert {"recorded: s", "rustc: s"} <= set(texts(draw(layouts)))


def test_unrecorded_room_and_what_begins_at_the_end_are_no_boxes_of_a_size() -> None:
    members = [Member("a", 8, None), Member("tail", 64, None)]
    text = draw(Layouts(layout("s", 8, *members), layout("s", 8, *members)))
    found = boxes(text)
    assert set(found) == {"(not recorded), 1 byte", "a"}
    assert {style for style, _, _ in found["a"]} == {"field open"}
    assert {"C: tail at 8, the end of the type", "sizes of fields are not recorded"} <= set(
        texts(text)
    )


NAMES = ["Box<[u8; 4]>", "a\"&'</svg><script>", "\N{SNOWMAN}", "\x00\x1b[0m", "x" * 300, ""]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_all_kinds(name: str) -> None:
    member = Member(name, 0, 64)
    text = draw(Layouts(layout(name, 8, member), layout(name, 8, member), (name,)))
    root = ET.fromstring(text)
    assert not list(root.iter(f"{SVG}script"))
    file = drawing_name(f"src/lib.rs::@abi::layout::{name}")
    assert re.fullmatch(r"[A-Za-z0-9_]+-[0-9a-f]{10}\.svg", file)
    assert len(file) < 120


def test_no_two_ids_share_a_file() -> None:
    ids = ["a::@abi::layout::T", "b::@abi::layout::T", "a::@abi::layout::t", "a::x::T", "a::T<u8>"]
    names = {drawing_name(nodeid).lower() for nodeid in (*ids, "a::T<u16>", "a::T_u16_")}
    assert len(names) == 7
