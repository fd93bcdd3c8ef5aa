"""What a page of the docs has its reader do: files to write, changes to make, commands to run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK: Final = re.compile(
    r"^(?P<before>[^\n]*)\n+```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_NAME: Final = re.compile(r"`([^`\n]+)`")
_LEFT_OUT: Final = "[...]"
# What differs from machine to machine, and what lines are filled up with.
_VARIES: Final = [
    (r"\d+\.\d\d?s", r"[\d.]+s(?: \([\d:]+\))?"),
    (r"(?:cargo|rustc) \d\S*", r"(?:cargo|rustc) \S+"),
    (r"Python 3\.\d+\.\d+ \(\w+\)", r"Python \S+ \(\w+\)"),
    (r"={3,}", "=+"),
    (r"_{3,}", "_+"),
    (r"\s+", r"\\s+"),
]
_ANY: Final = re.compile("|".join(f"(?P<v{i}>{found})" for i, (found, _) in enumerate(_VARIES)))


@dataclass(frozen=True)
class Written:
    """A file to write."""

    name: str
    text: str


@dataclass(frozen=True)
class Changed:
    """A file to change: a diff without line numbers."""

    name: str
    old: str
    new: str


@dataclass(frozen=True)
class Typed:
    """A command with the output that the page has for it."""

    command: str
    output: str

    @property
    def pattern(self) -> str:
        """What matches the output: lines left out, numbers and the width of rules aside."""
        parts = [_pattern(part.strip()) for part in self.output.split(_LEFT_OUT)]
        return r"\s*" + r"(?:.*\s)?".join(parts) + r"\s*"


Step = Written | Changed | Typed


def _pattern(text: str) -> str:
    found, end = [], 0
    for match in _ANY.finditer(text):
        index = int(str(match.lastgroup)[1:])
        found.append(re.escape(text[end : match.start()]) + _VARIES[index][1].replace("\\\\", "\\"))
        end = match.end()
    return "".join(found) + re.escape(text[end:])


def _change(name: str, diff: str) -> Changed:
    lines = diff.splitlines()
    old = "\n".join(line[1:] for line in lines if line[:1] != "+")
    return Changed(name, old, "\n".join(line[1:] for line in lines if line[:1] != "-"))


def _typed(text: str) -> Iterator[Typed]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        match = re.match(r"((?:.*\\\n)*.*)\n?", part)
        assert match is not None
        yield Typed(match[1], part[match.end() :])


def steps(page: Path) -> list[Step]:
    """Return the steps of a page, but for those below a comment that begins with ``not run``."""
    found: list[Step] = []
    text = page.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        before, language, block = match["before"], match["language"], match["text"]
        if before.startswith("<!-- not run"):
            continue
        if language == "console":
            found += _typed(block)
        elif language == "diff":
            names = _NAME.findall(text[: match.start("language")].rpartition("\n\n```")[0])
            found.append(_change([name for name in names if "/" in name][-1], block))
        elif re.fullmatch(r"`[^`\n]+`:", before):
            found.append(Written(before.strip("`:"), block))
    return found
