"""Lists the types that a module makes: those it shows, and those it keeps to itself."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from .common import Calls, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .common import Report, Request

__all__ = ["made_types"]

# Of tp_flags, in Include/object.h. The second is there since Python 3.10.
_IMMUTABLE = 1 << 8
_HEAP = 1 << 9
_BASE = 1 << 10
_WORDS = 49  # of PyTypeObject, from tp_name to tp_vectorcall


def made_types(request: Request, report: Report) -> None:
    """Report each type that is there after the import, and more that `calls` make."""
    try:
        library = _Library(request["file"])
    except ImportError as error:
        report.add(unknown=f"this Python has no ctypes ({error})")
        return
    before = list(_all_types())  # kept, so that no other object has its place
    report.step("importing the module")
    name = request["name"]
    module: Any = importlib.import_module(name) if "." in name else load(request)
    Calls(request).values(module, [], report)
    report.step("looking at the types that the module makes")
    old = {id(one) for one in before}
    new = [one for one in _all_types() if id(one) not in old]
    report.add(types=[_described(one) for one in new if library.made(one, module, name)])
    report.step("ending the interpreter")


def _all_types() -> Iterator[type]:
    """Yield each type that is ready for use: it is known to its base."""
    waiting: list[type] = [object]
    seen = set()
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += type.__subclasses__(one)


def _described(one: type) -> dict[str, object]:
    said = _module_of(one)
    return {
        "name": f"{said}.{one.__qualname__}" if said else one.__qualname__,
        "static": not one.__flags__ & _HEAP,
        "mutable": not one.__flags__ & _IMMUTABLE,
        "base": bool(one.__flags__ & _BASE),
        "exception": issubclass(one, BaseException),
    }


def _module_of(one: type) -> str:
    """Return the name of the module that a type says to be of; empty if it says none."""
    said = getattr(one, "__module__", None)
    return said if isinstance(said, str) else ""


class _Library:
    """The shared library of the module, and what belongs to it."""

    def __init__(self, file: str) -> None:
        import ctypes

        class Place(ctypes.Structure):
            """Dl_info in dlfcn.h."""

            _fields_ = (
                ("file", ctypes.c_char_p),
                ("base", ctypes.c_void_p),
                ("symbol", ctypes.c_char_p),
                ("address", ctypes.c_void_p),
            )

        self._ctypes: Any = ctypes
        self._size: int = ctypes.sizeof(ctypes.c_void_p)
        self._start = object.__basicsize__ + self._size  # after ob_size
        self._place = Place()
        self._file = os.path.realpath(file)
        self._find: Any = getattr(ctypes.CDLL(None), "dladdr", None) if os.name == "posix" else None
        self._owner: Any = getattr(ctypes.pythonapi, "PyType_GetModule", None)
        if self._owner is not None:
            self._owner.restype = ctypes.c_void_p
            self._owner.argtypes = [ctypes.py_object]

    def _holds(self, address: int) -> bool:
        """Tell whether an address is one of the library's code or data."""
        if self._find is None or not address:
            return False
        place = self._place
        found = self._find(self._ctypes.c_void_p(address), self._ctypes.byref(place))
        return bool(found) and os.path.realpath(os.fsdecode(place.file)) == self._file

    def made(self, one: type, module: object, name: str) -> bool:
        """Tell whether the module has made a type."""
        said = _module_of(one)
        named = said in (name, name.rpartition(".")[2])
        if not one.__flags__ & _HEAP:
            return self._holds(id(one)) if self._find is not None else named
        if self._owner is not None:
            try:
                if self._owner(one) == id(module):
                    return True
            except (TypeError, SystemError):  # made without a module
                pass
        if named:
            return True
        if any(self._holds(word) for word in self._own_words(one)):
            return True
        # Its tables of functions, which a class of another module may have from ours.
        start, size = id(one) + object.__basicsize__, self._size
        end: Any = type.__basicsize__  # of PyHeapTypeObject
        words = (self._word(place) for place in range(start, id(one) + end, size))
        known = said in sys.modules and said != "builtins"
        return not known and any(self._holds(word) for word in words)

    def _own_words(self, one: type) -> list[int]:
        """Return what is in a type, and in none that it inherits from."""
        places = range(self._start, self._start + _WORDS * self._size, self._size)
        bases = one.__mro__[1:]
        types = {id(base) for base in bases}
        return [
            word
            for place in places
            if (word := self._word(id(one) + place)) not in types
            and word not in {self._word(id(base) + place) for base in bases}
        ]

    def _word(self, address: int) -> int:
        return int(self._ctypes.c_size_t.from_address(address).value)
