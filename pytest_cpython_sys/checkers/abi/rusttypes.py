"""Rust's types, as far as C can have a counterpart: read from rustdoc JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ...late import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RustType", "other_abi", "read_signature", "read_type"]

_TRANSPARENT = frozenset({"Cell", "ManuallyDrop", "MaybeUninit", "SyncUnsafeCell", "UnsafeCell"})


@dataclass(frozen=True)
class RustType:
    """A type.

    ``parts`` are the pointee, the element, the arguments of a path, or what a function takes and,
    last, returns. A nullable pointer (``Option<&T>``, ``Option<fn()>``) is a pointer.
    """

    kind: Literal["primitive", "pointer", "path", "function", "array", "void", "never", "other"]
    name: str = ""
    """The last part of a path, a primitive's name, or an array's length."""
    id: str = ""
    """Of an item of the same crate."""
    parts: tuple[RustType, ...] = ()
    mutable: bool = False
    variadic: bool = False
    foreign: str = ""
    """What a path to another crate leads to: ``struct``, ``type_alias`` and so on."""

    def __str__(self) -> str:
        if self.kind == "pointer":
            return f"*{'mut' if self.mutable else 'const'} {self.parts[0]}"
        if self.kind == "array":
            return f"[{self.parts[0]}; {self.name}]"
        if self.kind == "function":
            inputs = ", ".join([*map(str, self.parts[:-1]), *(["..."] if self.variadic else [])])
            return f"fn({inputs}) -> {self.parts[-1]}"
        return {"void": "()", "never": "!"}.get(self.kind, self.name)

    @property
    def length(self) -> int | None:
        """An array's length, if it is a number."""
        text = self.name.removesuffix("usize").rstrip("_")
        return int(text) if text.isdecimal() else None


def read_type(raw: Any, paths: Mapping[str, Any]) -> RustType:
    """Return the type that a JSON value stands for; ``paths`` are the file's own."""
    if raw is None:
        return RustType("void")
    kind: str
    value: Any
    (kind, value), *_ = raw.items() if isinstance(raw, dict) else [(str(raw), None)]
    if kind == "primitive":
        return RustType("never") if value == "never" else RustType("primitive", value)
    if kind in ("raw_pointer", "borrowed_ref"):
        pointee = read_type(value["type"], paths)
        return RustType("pointer", parts=(pointee,), mutable=bool(value["is_mutable"]))
    if kind == "array":
        return RustType("array", str(value["len"]), parts=(read_type(value["type"], paths),))
    if kind == "slice":
        return RustType("other", "slice", parts=(read_type(value, paths),))
    if kind == "tuple" and not value:
        return RustType("void")
    if kind == "function_pointer":
        if other_abi(value["header"]["abi"]):
            return RustType("other", "fn with Rust's own calling convention")
        return read_signature(value["sig"], paths)
    if kind == "resolved_path":
        return _path(value, paths)
    return RustType("other", kind)


def other_abi(abi: Any) -> str:
    """Return what an ABI is called after ``extern``; empty for C's own."""
    if not isinstance(abi, dict):
        return str(abi)
    (name, value), *_ = abi.items()
    if name in ("C", "Cdecl", "System"):
        return ""
    return str(value).strip('"') if name == "Other" else str(name).lower()


def read_signature(raw: Mapping[str, Any], paths: Mapping[str, Any]) -> RustType:
    """Return a function's type."""
    inputs = [read_type(one, paths) for _, one in raw["inputs"]]
    output = read_type(raw["output"], paths)
    return RustType("function", parts=(*inputs, output), variadic=bool(raw["is_c_variadic"]))


def _path(raw: Mapping[str, Any], paths: Mapping[str, Any]) -> RustType:
    name = str(raw["path"] if "path" in raw else raw["name"]).rpartition("::")[2]
    arguments: tuple[RustType, ...] = ()
    generic = (raw.get("args") or {}).get("angle_bracketed")
    if generic:
        arguments = tuple(
            read_type(argument["type"], paths)
            for argument in generic["args"]
            if isinstance(argument, dict) and "type" in argument
        )
    if len(arguments) == 1:
        (inner,) = arguments
        if name == "Option" and inner.kind in ("pointer", "function"):
            return inner
        if name == "NonNull":
            return RustType("pointer", parts=(inner,), mutable=True)
        if name in _TRANSPARENT:
            return inner
    key = str(raw["id"])
    origin = paths.get(key)
    if origin is not None and origin["crate_id"] != 0:
        # What a path is called here may be an alias made by `use`.
        kind = str(origin.get("kind", ""))
        return RustType("path", str(origin["path"][-1]), parts=arguments, foreign=kind)
    return RustType("path", name, key, arguments)
