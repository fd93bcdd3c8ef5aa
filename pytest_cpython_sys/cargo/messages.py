"""Cargo's ``--message-format=json`` stream, a typed object a line.

Format: https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages
"""

from __future__ import annotations

import json
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

from ..late import dataclass, regex
from .metadata import Target, parse_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Artifact", "BuildScript", "Diagnostic", "Message", "parse_message"]

# https://github.com/rust-lang/rust/blob/main/compiler/rustc_codegen_ssa/messages.ftl
_LINKER: Final = regex(r"linking with `|linker `[^`]*` not found|could not exec the linker `")


@dataclass(frozen=True)
class Artifact:
    """The files of one target that cargo compiled once, with one set of features."""

    package_id: str
    target: Target
    test: bool
    """Whether it was compiled as a test."""
    executable: str | None
    """The path of the program; None for a library."""
    filenames: tuple[str, ...]
    features: tuple[str, ...]
    """The features of the package that it was compiled with."""
    fresh: bool
    """Whether it was up to date, so that cargo did not compile it again."""


@dataclass(frozen=True)
class Diagnostic:
    """An error or a warning from rustc."""

    package_id: str
    target: Target
    level: str
    """``error``, ``warning``, and other levels of rustc."""
    message: str
    code: str | None
    """The code of the error (``E0308``) or the name of the lint; None if it has neither."""
    rendered: str
    """The text that rustc prints."""
    raw: Mapping[str, Any] = field(repr=False, default_factory=dict)
    """rustc's JSON object."""

    @property
    def is_error(self) -> bool:
        """Whether it is an error, so that the target was not built."""
        return self.level.startswith("error")

    @property
    def is_of_linker(self) -> bool:
        """Whether it is an error of the linker, which comes after all that rustc itself finds.

        Such an error has no code and no place.
        """
        words = not self.code and not self.raw.get("spans") and _LINKER.match(self.message)
        return self.is_error and bool(words)

    @property
    def headline(self) -> str:
        """What it says, in one line: ``error[E0308]: mismatched types``."""
        code = f"[{self.code}]" if self.code else ""
        return f"{self.level}{code}: {self.message.partition(chr(10))[0].strip()}"

    @property
    def identity(self) -> object:
        """What it has in common with the same diagnostic about the same target, compiled anew.

        Notes vary between a library and its test; places and words do not.
        """
        places = [_place(span) for span in self.raw.get("spans", ()) if span.get("is_primary")]
        return (self.code, self.message, *places) if places else self.rendered


@dataclass(frozen=True)
class BuildScript:
    """What a build script told cargo."""

    package_id: str
    out_dir: str
    cfgs: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    linked_paths: tuple[str, ...]


def _place(span: Mapping[str, Any]) -> tuple[object, ...]:
    """Return where a span is, and where the macros around it were called."""
    expansion = span.get("expansion") or {}
    outer = _place(expansion["span"]) if "span" in expansion else ()
    return (span.get("file_name"), span.get("byte_start"), span.get("byte_end"), *outer)


Message = Artifact | Diagnostic | BuildScript


def _artifact(raw: Mapping[str, Any]) -> Artifact:
    return Artifact(
        package_id=raw["package_id"],
        target=parse_target(raw["target"]),
        test=bool(raw["profile"]["test"]),
        executable=raw["executable"],
        filenames=tuple(raw["filenames"]),
        features=tuple(raw["features"]),
        fresh=bool(raw["fresh"]),
    )


def _diagnostic(raw: Mapping[str, Any]) -> Diagnostic:
    message = raw["message"]
    code = message.get("code")
    return Diagnostic(
        package_id=raw["package_id"],
        target=parse_target(raw["target"]),
        level=message["level"],
        message=message["message"],
        code=code["code"] if code else None,
        rendered=message.get("rendered") or message["message"],
        raw=message,
    )


def _build_script(raw: Mapping[str, Any]) -> BuildScript:
    return BuildScript(
        package_id=raw["package_id"],
        out_dir=raw["out_dir"],
        cfgs=tuple(raw["cfgs"]),
        env=tuple((name, value) for name, value in raw["env"]),
        linked_paths=tuple(raw["linked_paths"]),
    )


_PARSERS: dict[str, Callable[[Mapping[str, Any]], Message]] = {
    "compiler-artifact": _artifact,
    "compiler-message": _diagnostic,
    "build-script-executed": _build_script,
}


def parse_message(line: bytes) -> Message | None:
    """Return what one line says; None for lines that are not cargo's, or of a kind unknown here."""
    if not line.startswith(b"{"):
        return None
    try:
        raw = json.loads(line)
        parser = _PARSERS.get(raw["reason"])
        return parser(raw) if parser else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # A procedural macro may print what looks like a message.
        return None
