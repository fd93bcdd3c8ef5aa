"""Imports a module as a program would, and reads what it declares."""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

from .common import Calls, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .common import Report, Request

__all__ = ["fresh", "imports"]

# Of Python 3.15: more such arrays, of PySlot and of PyModuleDef_Slot.
_NESTED = {92: True, 94: False}


def imports(request: Request, report: Report) -> None:
    """Import it; then say what it declares."""
    report.step("importing the module")
    name = request["name"]
    module = importlib.import_module(name) if "." in name else load(request)
    report.add(imported=True, gil=getattr(sys, "_is_gil_enabled", lambda: True)())
    report.step("reading the definition of the module")
    report.add(definition=_definition(module, request))
    report.step("ending the interpreter")


def fresh(request: Request, report: Report) -> None:
    """Evaluate the calls where nobody else has used the module."""
    report.step("importing the module")
    module = load(request)
    calls = Calls(request)
    keep: list[object] = []
    report.add(values=[calls.values(module, keep, report) for _ in range(2)])
    report.step("ending the interpreter")


def _definition(module: Any, request: Request) -> dict[str, Any]:
    """Return what is in a module's definition: PyModuleDef in Include/moduleobject.h.

    ``single`` tells whether it was made in a single phase. Such a module cannot have slots; Python
    keeps the function that makes it, or (``m_size`` of -1) what it has made.
    """
    try:
        import ctypes
    except ImportError as error:
        return {"unknown": f"this Python has no ctypes ({error})"}
    if not isinstance(module, types.ModuleType):
        return {"unknown": f"the import gives a {type(module).__name__}, not a module"}
    get = ctypes.pythonapi.PyModule_GetDef
    get.restype = ctypes.c_void_p
    get.argtypes = [ctypes.py_object]
    address = get(module)
    pointer = ctypes.sizeof(ctypes.c_void_p)
    if address:
        # PyModuleDef_Base (an object, m_init, m_index, m_copy), m_name, m_doc, m_size, m_methods
        start = address + object.__basicsize__ + 3 * pointer
        size = ctypes.c_ssize_t.from_address(start + 2 * pointer).value
        slots = ctypes.c_void_p.from_address(start + 4 * pointer).value
        function = ctypes.c_void_p.from_address(address + object.__basicsize__).value
        single = not slots and (size < 0 or bool(function))
    else:
        short = request["name"].rpartition(".")[2]
        export = getattr(ctypes.PyDLL(request["file"]), f"PyModExport_{short}", None)
        if export is None:
            return {"unknown": "the module has no PyModuleDef"}
        export.restype = ctypes.c_void_p
        size, slots, single = 0, export(), False
    return {"size": size, "slots": list(_slots(slots, modern=not address)), "single": single}


def _slots(address: int | None, *, modern: bool) -> Iterator[tuple[int, int]]:
    """Yield numbers and values of an array that ends with the number 0, or is not there.

    It is one of PySlot, as PyModExport_NAME gives it, or one of PyModuleDef_Slot.
    """
    import ctypes

    number_type: Any = ctypes.c_uint16 if modern else ctypes.c_int
    offset = 8 if modern else ctypes.sizeof(ctypes.c_void_p)
    while address:
        number = number_type.from_address(address).value
        value = ctypes.c_void_p.from_address(address + offset).value or 0
        if number == 0:
            return
        if number in _NESTED:
            yield from _slots(value, modern=_NESTED[number])
        else:
            yield number, value
        address += 2 * offset
