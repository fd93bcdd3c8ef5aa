"""Which sources a crate was really compiled from: rustc's dep-info files.

Format: make rules, see https://doc.rust-lang.org/rustc/command-line-arguments.html#--emit-specifies-the-types-of-output-files-to-generate
"""

from __future__ import annotations

import os.path
import re
import shlex
from typing import TYPE_CHECKING

from ..late import dataclass, regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "RustcCall",
    "parse_depinfo",
    "parse_rustc_calls",
    "passed_directories",
    "read_depinfo",
    "read_rustc_call",
]

_RUNNING = regex(r"^ +Running `(.*)`$", re.MULTILINE)
_FEATURE = regex(r'feature\s*=\s*"([^"]*)"')
_SEPARATOR = regex(r"(?<!\\) +")


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


def passed_directories(path: str, root: str) -> Iterator[str]:
    """Yield the directories that paths in a dep-info file go through, only to leave them by ``..``.

    They need not hold any source: ``#[path]`` in an inline module starts from its directory.
    """
    for name in _raw_sources(path) or ():
        parts = os.path.join(root, name).split(os.sep)
        for index, part in enumerate(parts):
            if part == os.pardir:
                yield os.path.normpath(os.sep.join(parts[:index]))


def read_depinfo(path: str, root: str) -> tuple[str, ...] | None:
    """Return the absolute paths of the sources that a dep-info file lists.

    ``root`` is what relative paths in it start from. None if there is no such file.
    """
    names = _raw_sources(path)
    if names is None:
        return None
    return tuple(os.path.normpath(os.path.join(root, name)) for name in names)


def _raw_sources(path: str) -> tuple[str, ...] | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return parse_depinfo(file.read())
    except OSError:
        return None


@dataclass(frozen=True)
class RustcCall:
    """A compiler call, as ``cargo -v`` prints it."""

    crate_name: str
    source: str
    test: bool
    """Whether it is a test: one without libtest's main function has a ``cfg`` alone."""
    cfgs: tuple[str, ...]
    out_dir: str
    extra_filename: str
    externs: tuple[str, ...] = ()
    """Paths of the crates that it links to."""
    platform: str = ""
    """The triple that is named; empty for the host's own."""
    features: tuple[str, ...] = ()
    """The features of the package, sorted; not what a build script or flags call so."""

    @property
    def depinfo(self) -> str:
        """Path of the dep-info file that the call writes."""
        return os.path.join(self.out_dir, f"{self.crate_name}{self.extra_filename}.d")


def read_rustc_call(words: Sequence[str]) -> RustcCall | None:
    """Return what the arguments of a rustc call say; None if it compiles nothing."""
    crate_name = out_dir = extra_filename = source = platform = ""
    cfgs: list[str] = []
    externs: list[str] = []
    features: list[str] = []
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "--crate-name":
            crate_name = following
        elif word == "--out-dir":
            out_dir = following
        elif word == "--cfg":
            cfgs.append(following)
        elif word == "--target":
            platform = os.path.splitext(os.path.basename(following))[0]
        elif word == "--extern":
            externs += following.partition("=")[2:]
        elif following.startswith("metadata=") and word == "-C":
            # What cargo itself has to say of features stands before it.
            features = [match[1] for cfg in cfgs if (match := _FEATURE.fullmatch(cfg))]
        elif following.startswith("extra-filename=") and word == "-C":
            extra_filename = following.partition("=")[2]
        elif word.endswith(".rs") and not source:
            source = word
    if not crate_name or not out_dir:
        return None
    test = "--test" in words or "test" in cfgs
    paths = tuple(path for path in externs if path)
    return RustcCall(
        crate_name,
        source,
        test,
        tuple(cfgs),
        out_dir,
        extra_filename,
        paths,
        platform,
        tuple(sorted(features)),
    )


def parse_rustc_calls(stderr: str) -> Iterator[RustcCall]:
    """Yield the compiler calls in what ``cargo -v`` wrote on standard error."""
    for match in _RUNNING.finditer(stderr):
        if "--crate-name" not in match[1]:
            continue
        try:
            words = shlex.split(match[1])
        except ValueError:
            continue
        call = read_rustc_call(words)
        if call is not None:
            yield call
