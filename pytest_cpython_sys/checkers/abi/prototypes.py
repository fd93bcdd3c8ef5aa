"""Functions and variables: what C declares, against what Rust declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...c.types import written
from .c_questions import CQuestions
from .types.differences import told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...c.types import CTypes, Type
    from .c_questions import CAnswers
    from .subjects import Subject
    from .types.declared import Declared, Sides
    from .types.differences import Difference

__all__ = ["compare_prototype", "declare_prototype", "mark_transparent"]


# What C calls an ABI of Rust's: https://doc.rust-lang.org/reference/items/external-blocks.html#abi
_ATTRIBUTES: Final = {
    "aapcs": 'pcs("aapcs")',
    "efiapi": "ms_abi",
    "fastcall": "fastcall",
    "stdcall": "stdcall",
    "sysv64": "sysv_abi",
    "thiscall": "thiscall",
    "vectorcall": "vectorcall",
    "win64": "ms_abi",
}


def declare_prototype(subject: Subject, declared: Declared, questions: CQuestions) -> None:
    """Ask C about a function or a variable; and whether it has an ABI, if Rust says which one."""
    item = subject.item
    assert item is not None  # noqa: S101 - found in Rust
    assert item.type is not None  # noqa: S101 - functions and statics have one
    declared.declare(_key(subject), f"__typeof__({subject.c_name})")
    declared.declare_all(item.type)
    attribute = _ATTRIBUTES.get(item.abi.removesuffix("-unwind"))
    if attribute is not None:
        key, name = f"{item.abi} {subject.c_name}", f"abi_as_{item.id}"
        own = f"__typeof__({subject.c_name})"
        questions.declare(f"{key} type", f"typedef {own} {name} __attribute__(({attribute}));")
        # An attribute that this machine does not know changes nothing: there it has C's ABI.
        questions.ask_number(key, f"__builtin_types_compatible_p({own}, {name})")


def mark_transparent(
    subjects: Sequence[Subject],
    declared: Declared,
    types: CTypes,
    compile_: Callable[[CQuestions], CAnswers],
) -> None:
    """Find out which unions functions take as one of their members: debug information has none.

    Few headers have such unions: only then is anything compiled. Raises CompilerError.
    """
    found: dict[str, Type] = {}
    for subject in subjects:
        use = declared.answer(_key(subject), types) if subject.kind == "fn" else None
        for one in use.type.parameters if use is not None else ():
            if one.type.kind == "union" and one.text.removeprefix("union ").isidentifier():
                found[one.text] = one.type
    if not found:
        return
    questions = CQuestions()
    for number, name in enumerate(found):
        questions.declare(f"taken {name}", f"void abi_takes_{number}({name});")
        questions.ask_number(name, f"sizeof((abi_takes_{number}((void *)0), 0))")
    taken = compile_(questions).numbers
    for name, union in found.items():
        union.is_transparent = name in taken


def compare_prototype(
    subject: Subject, sides: Sides
) -> tuple[str | None, str | None, list[Difference]]:
    """Return what differs, or why nothing can be said; and the minor differences."""
    item = subject.item
    assert item is not None  # noqa: S101 - found in Rust
    assert item.type is not None  # noqa: S101 - functions and statics have one
    key = _key(subject)
    c = sides.c_use(key)
    if c is None:
        why = sides.c.why_not(f"type {key}")
        return None, f"no answer from the C compiler for {subject.c_name}: {why}", []
    other, unknown = _compare_abi(subject, item.abi, sides.c)
    if other or unknown:
        return other, unknown, []
    heading = f"declaration of {subject.name} differs from C"
    rust = sides.rust_types.use(item.type)
    if (subject.kind == "fn") != (c.type.kind == "function"):
        words = [f"a variable in C ({c.text})", "a function in Rust"]
        if subject.kind == "static":
            words = [f"a function in C ({written(c.type)})", "a variable in Rust"]
        return f"{subject.name} is {words[0]}, {words[1]}", None, []
    if subject.kind == "static":
        differences = sides.agreement.values(c, rust, "", is_field=True)
        return told(heading, differences, c.text, str(item.type))
    aim = rust.type.target
    assert aim is not None  # noqa: S101 - a function's type points to one
    differences = sides.agreement.functions(c.type, aim.type)
    return told(heading, differences, written(c.type), str(item.type))


def _compare_abi(subject: Subject, abi: str, c: CAnswers) -> tuple[str | None, str | None]:
    """Return that C calls a function otherwise, or why that cannot be said."""
    if not abi:
        return None, None
    shown = f'{subject.name} is extern "{abi}" in Rust'
    if abi.removesuffix("-unwind") not in _ATTRIBUTES:
        return f"{shown}, which is not a calling convention of C", None
    key = f"{abi} {subject.c_name}"
    same = c.numbers.get(key)
    if same is None:
        why = c.why_not(f"{key} type", key)
        return None, f"{shown}; the C compiler does not tell whether C agrees: {why}"
    return (None, None) if same else (f"{shown}, but C uses another calling convention", None)


def _key(subject: Subject) -> str:
    return f"{subject.kind} {subject.c_name}"
