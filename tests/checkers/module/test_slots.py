from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_cpython_sys.checkers.module.slots import Declaration, declaration, numbers

if TYPE_CHECKING:
    from pathlib import Path

OLD = """
#  define Py_mod_multiple_interpreters 3
#  define Py_mod_gil 4
#  define Py_MOD_PER_INTERPRETER_GIL_SUPPORTED ((void *)2)
#  define Py_MOD_GIL_NOT_USED ((void *)1)
"""
NEW = """
#define Py_mod_multiple_interpreters _Py_SLOT_COMPAT_VALUE(3, 86)
#define Py_mod_gil _Py_SLOT_COMPAT_VALUE(4, 87)
"""
BOTH = Declaration("Py_MOD_PER_INTERPRETER_GIL_SUPPORTED", "Py_MOD_GIL_NOT_USED")


def known(path: Path, name: str, text: str) -> tuple[str, ...]:
    (path / name).write_text(text, encoding="utf-8")
    return (str(path),)


def test_the_numbers_of_3_13(tmp_path: Path) -> None:
    found = numbers(known(tmp_path, "moduleobject.h", OLD))
    assert (found["Py_mod_multiple_interpreters"], found["Py_mod_gil"]) == (3, 4)
    assert declaration({"size": 0, "single": False, "slots": [(3, 2), (4, 1)]}, found) == BOTH
    assert (
        declaration({"size": 0, "single": False, "slots": [(86, 2), (87, 1)]}, found)
        == Declaration()
    )


def test_3_15_takes_its_own_numbers_and_the_former_ones(tmp_path: Path) -> None:
    found = numbers(known(tmp_path, "slots_generated.h", NEW))
    assert declaration({"size": 0, "single": False, "slots": [(86, 2), (87, 1)]}, found) == BOTH
    assert declaration({"size": 0, "single": False, "slots": [(3, 2), (4, 1)]}, found) == BOTH


def test_what_is_not_declared_and_what_is_not_known() -> None:
    found = numbers(())
    assert declaration({"size": -1, "single": True, "slots": []}, found) == Declaration(
        single_phase=True, kept=True
    )
    assert declaration({"unknown": "why"}, found).unknown == "why"
    odd = declaration({"size": 0, "single": False, "slots": [(3, 7)]}, found)
    assert odd.interpreters == "Py_mod_multiple_interpreters = 7"
