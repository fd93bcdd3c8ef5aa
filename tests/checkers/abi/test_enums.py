"""Which of C's enumerators is which variant."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.checkers.abi.cdecls import scan
from pytest_cpython_sys.checkers.abi.enums import counterparts


@pytest.mark.parametrize(
    ("enum", "variants", "enumerators", "found"),
    [
        ("e", ["A", "B"], ["A", "B"], {"A": "A", "B": "B"}),
        ("shape", ["Round"], ["SHAPE_ROUND", "SHAPE_FLAT"], {"Round": "SHAPE_ROUND"}),
        # One that ends alike is not meant.
        ("shape", ["None"], ["SHAPE_NONE", "SHAPE_ALSO_NONE"], {"None": "SHAPE_NONE"}),
        ("shape", ["Edge"], ["SHAPE_ROUND_EDGE", "SHAPE_FLAT", "SHAPE_BIG"], {}),
        ("kind_t", ["Utf8"], ["TEXT_UTF8", "TEXT_ASCII", "_TEXT_LAST"], {"Utf8": "TEXT_UTF8"}),
        ("e", ["Type_"], ["Type"], {"Type_": "Type"}),
        ("alone", ["One"], ["ALONE_ONE"], {"One": "ALONE_ONE"}),
        ("e", ["One"], ["STONE"], {}),
    ],
)
def test_counterparts(
    enum: str, variants: list[str], enumerators: list[str], found: dict[str, str]
) -> None:
    assert counterparts(enum, variants, enumerators) == found


@pytest.mark.parametrize(
    ("spelling", "names"),
    [
        ("enum tagged", ("A", "B")),
        ("Before", ("A", "B")),
        ("After", ("A", "B")),
        ("Twice", ("A", "B")),
        ("Untagged", ("C", "D")),
        ("Pointer", ()),
        ("Number", ()),
        ("enum never", ()),
    ],
)
def test_enumerators(spelling: str, names: tuple[str, ...]) -> None:
    declarations = scan(
        "typedef enum tagged Before; enum tagged { A = (1, 2), B }; typedef enum tagged After;"
        "typedef After Twice; typedef enum { C, D = 3, } Untagged, *Pointer; typedef int Number;"
        "enum never;"
    )
    assert declarations.enumerators_of(spelling) == names
