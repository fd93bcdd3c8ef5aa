"""Reads what ``./configure`` wrote: a Makefile's variables, ``pyconfig.h``, and compiler flags.

Nothing is run. CPython's own reader of the same Makefile is ``sysconfig._parse_makefile``; this
one also knows ``:=``, ``?=``, ``+=`` and comments at a line's end, and asks the environment for
nothing. The format: https://www.gnu.org/software/make/manual/html_node/Using-Variables.html
"""

from __future__ import annotations

import os.path
import re
import shlex
from typing import TYPE_CHECKING, Final

from ..late import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "absolute_flags",
    "find_libpython",
    "header_version",
    "link_variables",
    "parse_config",
    "parse_makefile",
    "resolve",
    "split_flags",
]

# A recipe's line begins with a tab, so it never matches.
_ASSIGNMENT: Final = regex(
    r" *(?:(?:export|override) +)*([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*(::?:?=|\?=|\+=|=)[ \t]*(.*)"
)
_CONTINUED: Final = regex(r"[ \t]*\\\r?\n[ \t]*")
_COMMENT: Final = regex(r"(?<!\\)#.*")
# What is more than a name in parentheses is a function, or a substitution: left as it stands.
_REFERENCE: Final = regex(r"\$(?:\$|\(([A-Za-z0-9_.-]+)\)|\{([A-Za-z0-9_.-]+)\})")
# Real Makefiles stay below 10. A deeper reference expands to nothing.
_DEPTH: Final = 50
# Characters. A longer value (variables that double one another) expands to nothing.
_LENGTH: Final = 1 << 20
# References in one value. Real Makefiles have some hundreds at most; where each variable names the
# next one twice, there are more than can be counted.
_REFERENCES: Final = 20_000
_DIRECTORY_FLAG: Final = regex(r"(-I|-isystem|-iquote|-idirafter|-isysroot|-L|-F)(.*)", re.DOTALL)
# Cargo says itself what it links: these would turn a test's program into a library.
_OUTPUT_FLAGS: Final = frozenset({"-shared", "-bundle", "-dynamiclib"})


def parse_makefile(text: str) -> dict[str, str]:
    """Return all variables that a Makefile assigns, expanded.

    A reference to an unknown variable is empty, as in make, and so is one to the variable itself.
    Conditionals are not evaluated: the last assignment of a name wins.
    """
    raw: dict[str, str] = {}
    for line in _CONTINUED.sub(" ", text).split("\n"):
        match = _ASSIGNMENT.match(line) if "=" in line else None
        if match is None:
            continue
        name, operator = match[1], match[2]
        value = _COMMENT.sub("", match[3]).replace("\\#", "#").strip()
        if operator == "?=":
            raw.setdefault(name, value)
        elif operator == "+=":
            raw[name] = f"{raw[name]} {value}" if name in raw else value
        elif operator == "=":
            raw[name] = value
        else:
            # Expanded at once; what came out is not expanded a second time.
            raw[name] = _expand(value, raw, ()).replace("$", "$$")
    return {name: _expand(value, raw, (name,)).strip() for name, value in raw.items()}


def _expand(value: str, raw: dict[str, str], within: tuple[str, ...]) -> str:
    """Expand a value; ``within`` names the variable that has it, if it has one already."""
    references = 0

    def expand(value: str, inside: tuple[str, ...]) -> str:
        if "$" not in value:
            return value
        if len(inside) > _DEPTH:
            return ""

        def replace(match: re.Match[str]) -> str:
            nonlocal references
            name = match[1] or match[2]
            if name is None:
                return "$"
            references += 1
            if name in inside or references > _REFERENCES:
                return ""
            return expand(raw.get(name, ""), (*inside, name))

        expanded = _REFERENCE.sub(replace, value)
        return expanded if len(expanded) <= _LENGTH else ""

    expanded = expand(value, within)
    return expanded if references <= _REFERENCES else ""


def parse_config(text: str) -> dict[str, str]:
    """Return what a ``pyconfig.h`` defines: ``{"Py_GIL_DISABLED": "1", ...}``."""
    return dict(re.findall(r"^#define (\w+) (\S.*?)\s*$", text, re.MULTILINE))


def header_version(directory: str) -> str | None:
    """Return the version that Python's headers in a directory are of; None if they do not tell."""
    try:
        with open(os.path.join(directory, "patchlevel.h"), encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return None
    numbers = dict(
        re.findall(r"^#define\s+PY_(MAJOR|MINOR|MICRO)_VERSION\s+(\d+)", text, re.MULTILINE)
    )
    if len(numbers) < 3:
        return None
    return f"{numbers['MAJOR']}.{numbers['MINOR']}.{numbers['MICRO']}"


def split_flags(value: object) -> list[str]:
    """Split a command or flags as a shell would; by blanks alone if a quote is left open."""
    text = str(value or "")
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def absolute_flags(words: Iterable[str], base: str) -> list[str]:
    """Return flags with relative directories resolved, and each in one word with its option."""
    flags: list[str] = []
    rest = iter(words)
    for word in rest:
        match = _DIRECTORY_FLAG.fullmatch(word)
        if match is None:
            flags.append(word)
            continue
        path = match[2] or next(rest, "")
        if path:
            # "=" stands for the sysroot.
            flags.append(match[1] + (path if path[0] == "=" else resolve(base, path)))
    return flags


def link_variables(variables: Mapping[str, str], base: str) -> dict[str, str]:
    """Return how a Makefile links modules, as CPython's Makefile tells cargo where it knows Rust.

    Another one's ``BLDSHARED`` says the same in one command: the compiler, and its arguments.
    ``base`` is the directory of the Makefile.
    """
    command = variables.get("BLDSHARED_EXE") or variables.get("CC") or "cc"
    arguments = variables.get("BLDSHARED_ARGS")
    if arguments is None:
        arguments = variables.get("BLDSHARED", "").removeprefix(variables.get("CC", ""))
    kept = [word for word in split_flags(arguments) if word not in _OUTPUT_FLAGS]
    shared = "1" if variables.get("MODSHARED_NAMES") else "0"
    found = {
        "RUST_SHARED_BUILD": variables.get("RUST_SHARED_BUILD") or shared,
        "BLDSHARED_EXE": command,
        "BLDSHARED_ARGS": shlex.join(absolute_flags(kept, base)),
        "LIBPYTHON": shlex.join(absolute_flags(split_flags(variables.get("LIBPYTHON")), base)),
    }
    for name in ("LLVM_TARGET", "WASI_SDK_PATH", "IPHONEOS_DEPLOYMENT_TARGET"):
        if variables.get(name):
            found[name] = variables[name]
    return found


def resolve(base: str, path: str) -> str:
    """Return an absolute path; one that leads upwards is followed, as its base may be a link."""
    joined = os.path.join(base, path)
    return os.path.realpath(joined) if ".." in path.split(os.sep) else os.path.normpath(joined)


def find_libpython(
    variables: Mapping[str, object], directories: Iterable[object]
) -> tuple[str, str] | tuple[None, None]:
    """Return directory and name of the first libpython that is there: shared ones come first."""
    names = dict.fromkeys(variables.get(name) for name in ("LDLIBRARY", "INSTSONAME", "LIBRARY"))
    places = [str(directory) for directory in directories if directory]
    for name in filter(None, names):
        for directory in places:
            path = os.path.join(directory, str(name))  # In a framework the name has directories.
            if os.path.isfile(path):
                return os.path.split(path)
    return None, None
