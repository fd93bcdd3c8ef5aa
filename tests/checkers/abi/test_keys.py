"""What the keys of a table name."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.case import Case
from pytest_cpython_sys.checkers.abi.keys import Keys, KnownItems, check_keys
from pytest_cpython_sys.checkers.abi.rustdoc import Crate, Item
from pytest_cpython_sys.rust.metadata import MetadataError


def constant(*path: str) -> Item:
    return Item("::".join(path), "const", path[-1], path, "src/lib.rs", 1)


LIMIT, INNER = constant("LIMIT"), constant("limits", "LIMIT")
CRATE = Crate("thing", (LIMIT, INNER), {})


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("LIMIT", {"LIMIT", "limits::LIMIT"}),
        ("limits::LIMIT", {"limits::LIMIT"}),
        ("crate::LIMIT", {"LIMIT", "limits::LIMIT"}),
        ("thing::LIMIT", {"LIMIT"}),
        ("thing::limits::LIMIT", {"limits::LIMIT"}),
        ("@abi::const::limits::LIMIT", {"limits::LIMIT"}),
        ("src/lib.rs::@cp313::@abi::const::LIMIT", {"LIMIT", "limits::LIMIT"}),
        ("IMIT", set()),
        ("other::LIMIT", set()),
    ],
)
def test_items_that_a_key_names(key: str, named: set[str]) -> None:
    keys = Keys("thing", {key: "x"})
    assert {item.rust_path for item in CRATE.items if keys.of(item)} == named


def test_the_key_that_says_most_counts() -> None:
    keys = Keys("thing", {"LIMIT": "one", "limits::LIMIT": "other"})
    assert (keys.of(LIMIT), keys.of(INNER)) == ("one", "other")


@pytest.mark.parametrize(
    ("table", "key", "words"),
    [
        ("names", "LIMT", "is not an item of thing: did you mean `LIMIT`"),
        ("names", "limit::LIMIT", "did you mean `limits::LIMIT`"),
        ("inits", "zzz", "is not a constant of thing: correct or remove the key$"),
        ("arguments", "LIMIT", "is not a const fn of thing"),
    ],
)
def test_a_key_that_names_nothing(table: str, key: str, words: str) -> None:
    with pytest.raises(MetadataError, match=words):
        check_keys(CRATE, {table: [key]}, lambda _: False)
    left_out = check_keys(CRATE, {table: ["ELSEWHERE"]}, lambda _: True)
    assert left_out == [f"{table}: ELSEWHERE"]


def case(file: str, *levels: str) -> Case:
    return Case(f"/w/{file}", levels, "abi", "abi", "c", "c", "::".join(levels))


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("const::LIMIT", [True, True, True]),
        ("@abi::const::LIMIT", [True, False, True]),
        ("@abi::const::LIMIT-2", [False, True, False]),
        ("src/b.rs::@abi::const::LIMIT", [False, False, True]),
        ("b.rs::@abi::const::LIMIT", [False, False, True]),
        ("rc/b.rs::@abi::const::LIMIT", [False, False, False]),
        ("const::limits::LIMIT", [False, True, False]),
        ("src/b.rs::@cp313t::@abi::const::LIMIT", [False, False, True]),
        ("@cp313td-2::@abi::const::LIMIT", [True, False, True]),
        ("layout::LIMIT", [False, False, False]),
        ("LIMIT", [True, True, True]),
        ("limits::LIMIT", [False, True, False]),
    ],
)
def test_known_items(key: str, known: list[bool]) -> None:
    items = KnownItems("thing", {key: "why", "@cp313::@abi::const::LIMIT": "of another"}, "cp313t")
    cases = [
        (case("src/lib.rs", "@abi", "const", "LIMIT"), LIMIT),
        (case("src/lib.rs", "@abi", "const", "LIMIT-2"), INNER),
        (case("src/b.rs", "@abi", "const", "LIMIT"), constant("b", "LIMIT")),
    ]
    assert [items.reason(one, "const", item) == "why" for one, item in cases] == known
    if any(known):
        assert items.check(lambda _: False, {}) == ["known: @cp313::@abi::const::LIMIT"]
    else:
        with pytest.raises(MetadataError, match="is not an item of this package"):
            items.check(lambda _: False, {})
        assert items.check(lambda _: True, {})[1:] == [f"known: {key}"]


def test_a_known_name_without_a_kind_is_that_of_one_kind() -> None:
    items = KnownItems("thing", {"LIMIT": "why"})
    assert items.reason(case("a.rs", "@abi", "const", "LIMIT"), "const", LIMIT) == "why"
    assert items.check(lambda _: False, {}) == []
    items.reason(case("a.rs", "@abi", "layout", "LIMIT"), "layout", LIMIT)
    with pytest.raises(MetadataError, match='write "const::LIMIT" or "layout::LIMIT"'):
        items.check(lambda _: False, {})
