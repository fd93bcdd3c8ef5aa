"""Which sources a crate was really compiled from: rustc's dep-info files.

Format: make rules, see https://doc.rust-lang.org/rustc/command-line-arguments.html#--emit-specifies-the-types-of-output-files-to-generate
"""

from __future__ import annotations

import os.path
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RustcCall", "parse_depinfo", "parse_rustc_calls", "read_depinfo"]

_RUNNING = re.compile(r"^ +Running `(.*)`$", re.MULTILINE)
_SEPARATOR = re.compile(r"(?<!\\) +")


def parse_depinfo(text: str) -> tuple[str, ...]:
    """Return the prerequisites of the first rule, unescaped, in order."""
    for line in text.splitlines():
        target, found, sources = line.partition(": ")
        if not found or line.startswith("#"):
            continue
        if not target.endswith(".d") and not sources.strip():
            continue
        names = _SEPARATOR.split(sources.strip())
        return tuple(name.replace("\\ ", " ").replace("\\\\", "\\") for name in names if name)
    return ()


def read_depinfo(path: str, root: str) -> tuple[str, ...] | None:
    """Return the absolute paths of the sources that a dep-info file lists.

    ``root`` is what relative paths in it start from. None if there is no such file.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError:
        return None
    return tuple(os.path.normpath(os.path.join(root, name)) for name in parse_depinfo(text))


@dataclass(frozen=True, slots=True)
class RustcCall:
    """A compiler call, as ``cargo -v`` prints it."""

    crate_name: str
    source: str
    test: bool
    cfgs: tuple[str, ...]
    out_dir: str
    extra_filename: str

    @property
    def depinfo(self) -> str:
        """Path of the dep-info file that the call writes."""
        return os.path.join(self.out_dir, f"{self.crate_name}{self.extra_filename}.d")


def _rustc_call(words: list[str]) -> RustcCall | None:
    crate_name = out_dir = extra_filename = source = ""
    cfgs: list[str] = []
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "--crate-name":
            crate_name = following
        elif word == "--out-dir":
            out_dir = following
        elif word == "--cfg":
            cfgs.append(following)
        elif following.startswith("extra-filename=") and word == "-C":
            extra_filename = following.partition("=")[2]
        elif word.endswith(".rs") and not source:
            source = word
    if not crate_name or not out_dir:
        return None
    return RustcCall(crate_name, source, "--test" in words, tuple(cfgs), out_dir, extra_filename)


def parse_rustc_calls(stderr: str) -> Iterator[RustcCall]:
    """Yield the compiler calls in what ``cargo -v`` wrote on standard error."""
    for match in _RUNNING.finditer(stderr):
        if "--crate-name" not in match[1]:
            continue
        try:
            words = shlex.split(match[1])
        except ValueError:
            continue
        call = _rustc_call(words)
        if call is not None:
            yield call
