"""What Python says of modules that it does not find."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.plugin.missing_modules import missed_names

CIRCLE = "(most likely due to a circular import)"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("E   ModuleNotFoundError: No module named 'ham'", ["ham"]),
        ("No module named 'ham._native'; 'ham' is not a package", ["ham._native"]),
        (f"cannot import name '_native' from partially initialized module 'ham' {CIRCLE} (/a/b.py)",
         ["ham._native"]),
        ("cannot import name '_native' from 'ham.eggs' (/a/__init__.py)", ["ham.eggs._native"]),
        ("cannot import name 'add' from 'ham' (unknown location)", ["ham.add"]),
        ("module 'ham' has no attribute '_native'", ["ham._native"]),
        (f"partially initialized module 'ham' has no attribute 'a' {CIRCLE}", ["ham.a"]),
        (f"partially initialized module 'ham' from '/a' has no attribute 'a' {CIRCLE}", ["ham.a"]),
        ("AssertionError: no module named ham", []),
    ],
)  # fmt: skip
def test_the_full_name_of_what_is_missed(words: str, names: list[str]) -> None:
    assert list(missed_names(words)) == names
