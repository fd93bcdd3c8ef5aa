import ast
from pathlib import Path

import mixed
from mixed import _native

STUB = Path(__file__).parents[1] / "python" / "mixed" / "_native.pyi"


def test_a_function_of_rust() -> None:
    assert mixed.add(2, 3) == 5


def test_python_on_top_of_it() -> None:
    assert mixed.total(1, 2, 3) == 6


def test_a_class_of_rust() -> None:
    tally = mixed.Tally()
    assert [tally.add(number) for number in (40, 2)] == [40, 42]
    assert tally.count == 2


def test_the_stub_names_what_there_is() -> None:
    stub = ast.parse(STUB.read_text(encoding="utf-8"))
    assert {node.name for node in stub.body} <= set(dir(_native))
