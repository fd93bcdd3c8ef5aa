"""The Pythons that were named for a run: each once, and each with the level of its ids."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from ..cargo.versions import major_minor
from ..late import dataclass
from .interpreter import InterpreterError, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .interpreter import Interpreter

__all__ = [
    "NamedPython",
    "find_python",
    "fits_running",
    "for_running",
    "is_same_python",
    "load_named",
]


@dataclass(frozen=True)
class NamedPython:
    """A Python, and what it was called by."""

    interpreter: Interpreter
    names: tuple[str, ...]
    """As they were typed; several where it was named more than once."""
    label: str
    """What tells it from the others of its run: ``cp313t``."""

    def describe(self) -> str:
        """Return one phrase for a header line."""
        first, *more = self.names
        again = f"; given again as {', '.join(more)}, used once" if more else ""
        return f"{self.interpreter.describe()}, {first}{again}"


def load_named(
    names: Sequence[str], find: Callable[[str], Interpreter] = load
) -> list[NamedPython]:
    """Return the Pythons of these names, each once, in order. Raises what ``find`` raises."""
    found: dict[str, tuple[Interpreter, list[str]]] = {}
    for name in names:
        interpreter = find(name)
        found.setdefault(interpreter.fingerprint, (interpreter, []))[1].append(name)
    interpreters = [interpreter for interpreter, _ in found.values()]
    return [
        NamedPython(interpreter, tuple(called), label)
        for (interpreter, called), label in zip(found.values(), _labels(interpreters), strict=True)
    ]


def _labels(interpreters: Sequence[Interpreter]) -> Iterator[str]:
    """Yield a label for each: its tag; ``d`` and a number are added where that is not enough."""
    plain = {interpreter.tag for interpreter in interpreters if not interpreter.debug}
    seen: Counter[str] = Counter()
    for interpreter in interpreters:
        debug = interpreter.debug and interpreter.tag in plain
        label = f"{interpreter.tag}{'d' if debug else ''}"
        seen[label] += 1
        yield label if seen[label] == 1 else f"{label}-{seen[label]}"


def find_python(name: str) -> Interpreter | None:
    """Return the Python that a variable of the environment names; None if it names none."""
    return _find(name, os.getcwd(), os.environ.get("PATH"))


@lru_cache
def _find(name: str, *_: object) -> Interpreter | None:
    try:
        return load(name)
    except InterpreterError:
        return None


def is_same_python(name: str, interpreter: Interpreter) -> bool:
    """Tell whether what is built for the Python of a name is built for an interpreter."""
    if name in (interpreter.executable, interpreter.base_executable):
        return True
    python = find_python(name)
    return python is not None and python.fingerprint == interpreter.fingerprint


def fits_running(interpreter: Interpreter) -> bool:
    """Tell whether what is built for a Python can be imported into the one that runs this."""
    same = major_minor(interpreter.version) == sysconfig.get_python_version()
    return same and interpreter.gil_disabled == _running("Py_GIL_DISABLED")


def for_running(interpreters: Sequence[Interpreter]) -> Interpreter | None:
    """Return the Python that is most like the one that runs this, if one fits it at all."""
    executable = os.path.realpath(sys.executable)

    def likeness(interpreter: Interpreter) -> tuple[bool, bool]:
        same = os.path.realpath(interpreter.executable or "") == executable
        return same, interpreter.debug == _running("Py_DEBUG")

    return max(filter(fits_running, interpreters), key=likeness, default=None)


def _running(variable: str) -> bool:
    return sysconfig.get_config_var(variable) in (1, "1")
