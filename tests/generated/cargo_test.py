"""What `cargo test` says of a project: every test, its verdict, and which targets fail."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .running import environment, run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "CargoTest",
    "DoctestLine",
    "Executable",
    "Section",
    "build",
    "listed",
    "run_tests",
    "verdict",
]

# After a process that ended within a line, cargo goes on in it.
_RUNNING = re.compile(r"^(?P<before>.*?)\s{5}Running (?:unittests )?\S.* \((?P<path>[^()]+)\)$")
_DOCTESTS = re.compile(r"^\s+Doc-tests (?P<crate>\S+)$")
_DOCTEST = re.compile(
    r"^test (?P<file>.+?) - (?:(?P<path>.+) )?\(line (?P<line>\d+)\)"
    r"(?: - (?:compile fail|compile|should panic))? \.\.\. (?P<word>ok|FAILED|ignored)"
)
_FAILED: Final = re.compile(r"^error: (?:test|doctest) failed, to rerun pass", re.MULTILINE)
_WORDS: Final = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}
_PLAIN: Final = {"CARGO_TERM_QUIET": "false", "CARGO_TERM_VERBOSE": "false", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Executable:
    """A test program that cargo built, and the root file of its target."""

    path: str
    root: str
    """Absolute."""


@dataclass
class Section:
    """What one test process did."""

    executable: str
    failed: bool
    """Whether cargo says that it failed."""
    output: str
    verdicts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DoctestLine:
    """A doctest, as rustdoc prints it."""

    crate: str
    file: str
    path: str
    line: int
    outcome: str


@dataclass
class CargoTest:
    """One run."""

    code: int
    sections: dict[str, Section] = field(default_factory=dict)
    doctests: list[DoctestLine] = field(default_factory=list)
    output: str = ""


def build(directory: Path, env: Mapping[str, str]) -> tuple[int, str, list[Executable]]:
    """Build all tests; return cargo's exit code, its words, and the programs."""
    words = ["cargo", "test", "--workspace", "--offline", "--no-run"]
    done = run([*words, "--message-format=json"], directory, environment(**_PLAIN) | dict(env))
    executables, said = [], []
    for line in done.stdout.splitlines():
        if not line.startswith("{"):
            said.append(line)
            continue
        message = json.loads(line)
        if message["reason"] == "compiler-message" and message["message"]["level"] == "error":
            said.append(message["message"]["rendered"])
        if message["reason"] == "compiler-artifact" and message["profile"]["test"]:
            root = os.path.normpath(message["target"]["src_path"])
            executables.append(Executable(message["executable"], root))
    return done.returncode, "\n".join(said), executables


def run_tests(directory: Path, *arguments: str) -> CargoTest:
    """Run `cargo test --no-fail-fast`, and read what it prints."""
    words = ["cargo", "test", "--workspace", "--offline", "--no-fail-fast", *arguments]
    done = run(words, directory, environment(**_PLAIN))
    result = CargoTest(done.returncode, output=done.stdout)
    name, kind = "", ""
    lines: list[str] = []

    def close() -> None:
        text = "\n".join(lines)
        if kind == "tests":
            result.sections[name] = Section(name, bool(_FAILED.search(text)), text)
        elif kind == "doctests":
            result.doctests += _doctests(name, lines)

    for line in done.stdout.split("\n"):
        running, documented = _RUNNING.match(line), _DOCTESTS.match(line)
        if running or documented:
            lines += [running["before"]] if running else []
            close()
            lines = []
        if running:
            kind, name = "tests", os.path.normpath(os.path.join(directory, running["path"]))
        elif documented:
            kind, name = "doctests", documented["crate"]
        else:
            lines.append(line)
    close()
    return result


def _doctests(crate: str, lines: list[str]) -> list[DoctestLine]:
    found = []
    for line in lines:
        match = _DOCTEST.match(line)
        if match:
            found.append(
                DoctestLine(
                    crate,
                    match["file"],
                    match["path"] or "",
                    int(match["line"]),
                    _WORDS[match["word"]],
                )
            )
    return found


def listed(executable: str, directory: Path) -> list[str]:
    """Return the names of a libtest program's tests."""
    sysroot = run(["rustc", "--print=sysroot"], directory, environment()).stdout.strip()
    places = [f"{sysroot}/lib", os.path.dirname(executable)]
    done = subprocess.run(
        [executable, "--list"],
        cwd=directory,
        env=environment(LD_LIBRARY_PATH=os.pathsep.join(places)),
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        line.removesuffix(": test") for line in done.stdout.split("\n") if line.endswith(": test")
    ]


def verdict(name: str, output: str) -> str | None:
    """Return what a process printed of a test, if it did."""
    match = re.search(
        rf"test {re.escape(name)}(?: - should panic)? \.\.\. (ok|FAILED|ignored)", output
    )
    return _WORDS[match[1]] if match else None
