"""What a module promises in its table (`requires`), held against what it declares and makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ...cargo.versions import parse_version
from ...case import Verdict
from ...rust.metadata import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ...extensions.probe_client import Answer
    from ...python.interpreter import Interpreter
    from .slots import Declaration

    _Type = Mapping[str, Any]

__all__ = [
    "NOT_USED",
    "READ_IN_LIBRARY",
    "TYPE_PROMISES",
    "judge_declaration",
    "judge_exports",
    "judge_types",
    "not_shown",
    "promise",
]

NOT_USED: Final = "Py_MOD_GIL_NOT_USED"
READ_IN_LIBRARY: Final = frozenset({"PyModExport", "no-legacy-init"})
"""The promises that the symbols of the library show: nothing is imported."""
TYPE_PROMISES: Final = frozenset({"immutable-types", "final-types"})
# The first Python that shows it, and by what.
_SINCE: Final = {
    "not-gil": ("3.13", "supports Py_mod_gil"),
    "PyModExport": ("3.15", "uses PyModExport_NAME"),
    "no-legacy-init": ("3.15", "uses PyModExport_NAME"),
    "immutable-types": ("3.10", "supports Py_TPFLAGS_IMMUTABLETYPE"),
}
_FIELDS: Final = {"immutable-types": "mutable", "final-types": "base"}
_FAULTS: Final = {
    "immutable-types": ("can be changed", "give it Py_TPFLAGS_IMMUTABLETYPE"),
    "final-types": ("can be subclassed", "remove Py_TPFLAGS_BASETYPE"),
}
_REMEDY: Final = f"or remove the promise from `requires` in [{TABLE}.module]"


def not_shown(word: str, python: Interpreter) -> str | None:
    """Return why a Python cannot show whether a promise is kept; None if it can."""
    since, does = _SINCE.get(word, ("3", ""))
    if parse_version(python.version) >= parse_version(since):
        return None
    need = f"Python {since} or newer, which {does}"
    return f"not checked: needs {need}; this is {python.version}"


def promise(word: str) -> str:
    """Return the words with which a message begins."""
    return f'requires "{word}"'


def judge_declaration(word: str, imported: Answer, declared: Declaration, gil: str) -> Verdict:
    """Judge `not-gil` and `multi-phase`; ``gil`` describes a Python with a GIL, else empty."""
    seconds, what = imported.ended.seconds, promise(word)
    if declared.unknown is not None:
        return _not_checked(f"the module definition is not known: {declared.unknown}")
    if word == "multi-phase":
        if not declared.single_phase:
            return Verdict("passed", seconds)
        return _broken(
            seconds,
            f"{what}, but uses single-phase initialisation: PyInit_NAME returns a module",
            "return PyModuleDef_Init(definition), and fill the module in a function of the slot "
            "Py_mod_exec",
        )
    if declared.gil == NOT_USED:
        return Verdict("passed", seconds)
    advice = f"add the slot Py_mod_gil with {NOT_USED}"
    if declared.single_phase:
        if gil:
            return _not_checked(
                "needs a Python without a GIL, because a module with single-phase initialisation "
                f"declares it with PyUnstable_Module_SetGIL; this is {gil}"
            )
        if not imported.get("gil"):
            return Verdict("passed", seconds)
        advice = f"call PyUnstable_Module_SetGIL with {NOT_USED}"
    says = f"declares {declared.gil}" if declared.gil else f"does not declare {NOT_USED}"
    return _broken(seconds, f"{what}, but {says}", advice)


def judge_exports(word: str, name: str, functions: Sequence[str]) -> Verdict:
    """Judge by the functions with which Python would find modules in the library."""
    module = name.rpartition(".")[2]
    export, legacy = f"PyModExport_{module}", f"PyInit_{module}"
    others = ", ".join(functions) or "no module"
    if word == "PyModExport":
        if export in functions:
            return Verdict("passed")
        return _broken(
            0.0,
            f"{promise(word)}, but the library does not export {export}: it exports {others}",
            f"export {export}, which returns an array of slots",
        )
    # Whatever else there is in the library: each of them would be an old way in.
    found = [function for function in functions if function.startswith("PyInit_")]
    if not found:
        return Verdict("passed")
    return _broken(
        0.0,
        f"{promise(word)}, but the library exports {', '.join(found)}",
        f"remove {legacy}" if found == [legacy] else "remove them",
    )


def judge_types(word: str, answer: Answer) -> Verdict:
    """Judge the types that a module has made by the time that it was imported, and called."""
    unknown = answer.get("unknown")
    if unknown is not None:
        return _not_checked(unknown)
    types: list[_Type] = answer.get("types")
    # PyErr_NewException makes them so, and has no other way.
    exceptions = [one for one in types if one["exception"]]
    held = [one for one in types if not one["exception"]]
    notes = [_listed("types checked", held) or "the module creates no types"]
    if exceptions:
        notes.append(_listed("exceptions, which are exempt", exceptions))
    note = "\n".join(notes)
    guilty = [one for one in held if one[_FIELDS[word]]]
    seconds, output = answer.ended.seconds, answer.ended.output
    output = "\n".join(part for part in (note, output) if part)
    if not guilty:
        return Verdict("passed", seconds, output=output)
    fault, advice = _FAULTS[word]
    count = f"{len(guilty)} of {len(held)} types" if len(held) > 1 else "its only type"
    lines = [f"  {one['name']} ({_kind(one)}): {advice}" for one in guilty]
    message = "\n".join([f"{promise(word)}, but {count} {fault}", *lines])
    return Verdict("failed", seconds, message, output=output)


def _kind(one: _Type) -> str:
    return "static type" if one["static"] else "heap type"


def _listed(heading: str, types: Iterable[_Type]) -> str:
    names = ", ".join(f"{one['name']} ({_kind(one)})" for one in types)
    return f"{heading}: {names}" if names else ""


def _broken(seconds: float, message: str, advice: str) -> Verdict:
    return Verdict("failed", seconds, f"{message}\n{advice}, {_REMEDY}")


def _not_checked(why: str) -> Verdict:
    return Verdict("skipped", message=f"not checked: {why}")
