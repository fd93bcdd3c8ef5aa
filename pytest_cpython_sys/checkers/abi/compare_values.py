"""Compares what C and Rust say of the value of a constant or an initialiser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .types.differences import Difference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .layout.slots import Slot
    from .natures import Form

__all__ = ["c_text", "compare_bytes", "compare_integers", "compare_texts", "shown_number"]

_NUL: Final = b"\0"
# A hexadecimal escape of C's has no end, so all others are octal.
_C_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_RUST_ESCAPES: Final = {**_C_ESCAPES, "\0": "\\0"}


def compare_integers(
    name: str, c_name: str, c: tuple[int, int | None], rust: tuple[int, int | None]
) -> tuple[str | None, list[Difference]]:
    """Return what to tell about a constant with two values, or None.

    Each is given with its number of bytes, if that is known. Where they have as many and the same
    bits, the two differ in the sign alone: a minor difference.
    """
    if c[0] == rust[0]:
        return None, []
    other = "" if c_name == name else f" ({c_name})"
    text = f"{name} is {shown_number(c[0])} in C{other}, {shown_number(rust[0])} in Rust"
    size = c[1]
    if size is not None and size == rust[1] and (c[0] - rust[0]) % (1 << size * 8) == 0:
        return None, [Difference("sign", f"{text}: same bits, different sign")]
    return text, []


def shown_number(value: int) -> str:
    """Return a number as it is told, in both notations if it is large."""
    return str(value) if -10 < value < 10 else f"{value} ({value:#x})"


def compare_texts(name: str, c: bytes, rust: bytes, form: Form) -> str | None:
    """Return what to tell about a text that differs; None if both have the same.

    C's ends with a NUL. So does Rust's, unless it is a ``str``.
    """
    if rust == (c[:-1] if form == "str" else c):
        return None
    text = f"{name} is {c_text(c)} in C, {_rust_text(rust, form)} in Rust"
    lacks = form in ("text", "slice") and rust == c[:-1]
    return f"{text}, which lacks the `\\0` at the end" if lacks else text


def c_text(data: bytes) -> str:
    """Return bytes as C writes them in quotes, without the NUL that ends each text."""
    return f'"{_escaped(data.removesuffix(_NUL), _C_ESCAPES, "{:03o}")}"'


def _rust_text(data: bytes, form: Form) -> str:
    """Return bytes as Rust writes them in quotes."""
    if form == "str":
        return f'"{_escaped(data, _RUST_ESCAPES, "x{:02x}")}"'
    if form == "cstr":
        return f'c"{_escaped(data.removesuffix(_NUL), _RUST_ESCAPES, "x{:02x}")}"'
    return f'b"{_escaped(data, _RUST_ESCAPES, "x{:02x}", encoding="ascii")}"'


def _escaped(data: bytes, escapes: Mapping[str, str], number: str, encoding: str = "utf-8") -> str:
    """Return what stands between quotes; ``number`` is the form of an escaped byte."""
    shown = []
    for one in data.decode(encoding, "surrogateescape"):
        if one in escapes or one.isprintable():
            shown.append(escapes.get(one, one))
        else:
            own = one.encode(encoding, "surrogateescape")
            shown += ["\\" + number.format(byte) for byte in own]
    return "".join(shown)


def compare_bytes(
    name: str,
    c: tuple[bytes, frozenset[int] | None],
    rust: tuple[bytes, frozenset[int] | None],
    slots: Sequence[Slot] = (),
    word: int = 8,
) -> str | None:
    """Return what to tell about an initialiser whose bytes differ; None if they agree.

    Pointers are compared as null or not; where that cannot be seen, they are left out.
    """
    if len(c[0]) != len(rust[0]):
        return f"{name} has {len(c[0])} bytes in C, {len(rust[0])} in Rust"
    places = (c[1] or frozenset()) | (rust[1] or frozenset())
    skipped = {place + index for place in places for index in range(word)}
    wrong = [
        index
        for index in range(len(c[0]))
        if index not in skipped and c[0][index] != rust[0][index]
    ]
    one_sided = sorted(c[1] ^ rust[1]) if c[1] is not None and rust[1] is not None else []
    if not wrong and not one_sided:
        return None
    first = min([*wrong, *one_sided])
    inside = next((slot for slot in slots if slot.span[0] <= first * 8 < slot.span[1]), None)
    where = f"offset {first}" + (f" ({inside.name})" if inside is not None else "")
    lines = [f"bytes of {name} differ from C, first at {where}"]
    for start in range(first - first % 8, len(c[0]), 8):
        if len(lines) > 16:
            lines.append("    ...")
            break
        stop = min(start + 8, len(c[0]))
        differs = any(start <= index < stop for index in (*wrong, *one_sided))
        mark = ">" if differs else " "
        lines.append(
            f"  {mark} {start:>5}  C {_hex(c, start, stop)}   Rust {_hex(rust, start, stop)}"
        )
    return "\n".join(lines)


def _hex(data: tuple[bytes, frozenset[int] | None], start: int, stop: int) -> str:
    if data[1] is not None and start in data[1]:
        return f"{'a pointer, not null':<{3 * (stop - start) - 1}}"
    return data[0][start:stop].hex(" ")
